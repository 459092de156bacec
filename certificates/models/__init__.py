"""The register's tables."""

from .register import Certificate, CertificateEvent, CertificateFile, LogHead, LogLeaf, OwedCertificate, Series
from .status import StatusEntry
from .tree import Checkpoint, LogNode

__all__ = [
    "Certificate",
    "CertificateEvent",
    "CertificateFile",
    "Checkpoint",
    "LogHead",
    "LogLeaf",
    "LogNode",
    "OwedCertificate",
    "Series",
    "StatusEntry",
]
