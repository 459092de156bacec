"""The register's tables."""

from .acts import CertificateAct
from .batches import CertificateBatch, CertificateBundle
from .register import Certificate, CertificateEvent, CertificateFile, LogHead, LogLeaf, OwedCertificate, Series
from .status import StatusEntry
from .tree import Checkpoint, LogNode

__all__ = [
    "Certificate",
    "CertificateAct",
    "CertificateBatch",
    "CertificateBundle",
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
