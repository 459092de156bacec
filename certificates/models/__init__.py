"""The register's tables."""

from .register import Certificate, CertificateEvent, CertificateFile, LogHead, LogLeaf, OwedCertificate, Series
from .status import StatusEntry
from .templates import CertificateTemplate, TemplatePicture, TemplateUse, TemplateVersion
from .tree import Checkpoint, LogNode

__all__ = [
    "Certificate",
    "CertificateEvent",
    "CertificateFile",
    "CertificateTemplate",
    "Checkpoint",
    "LogHead",
    "LogLeaf",
    "LogNode",
    "OwedCertificate",
    "Series",
    "StatusEntry",
    "TemplatePicture",
    "TemplateUse",
    "TemplateVersion",
]
