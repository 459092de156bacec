"""The register's tables."""

from .acts import CertificateAct
from .register import Certificate, CertificateEvent, CertificateFile, LogHead, LogLeaf, OwedCertificate, Series
from .renewals import Renewal
from .status import StatusEntry
from .tree import Checkpoint, LogNode

__all__ = [
    "Certificate",
    "CertificateAct",
    "CertificateEvent",
    "CertificateFile",
    "Checkpoint",
    "LogHead",
    "LogLeaf",
    "LogNode",
    "OwedCertificate",
    "Renewal",
    "Series",
    "StatusEntry",
]
