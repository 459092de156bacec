"""The tables of the register and of the career record."""

from .career import AnnotationDetails, CareerAnnotation, CareerShare, ShareOpening
from .handover import HandoverPackage
from .register import Certificate, CertificateEvent, CertificateFile, LogHead, LogLeaf, OwedCertificate, Series
from .status import StatusEntry
from .tree import Checkpoint, LogNode

__all__ = [
    "AnnotationDetails",
    "CareerAnnotation",
    "CareerShare",
    "Certificate",
    "CertificateEvent",
    "CertificateFile",
    "Checkpoint",
    "HandoverPackage",
    "LogHead",
    "LogLeaf",
    "LogNode",
    "OwedCertificate",
    "Series",
    "ShareOpening",
    "StatusEntry",
]
