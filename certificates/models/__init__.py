"""The tables of the register and of the career record."""

from .acts import CertificateAct
from .batches import CertificateBatch, CertificateBundle
from .career import AnnotationDetails, CareerAnnotation, CareerShare, ShareOpening
from .handover import HandoverPackage
from .register import (
    Certificate,
    CertificateEvent,
    CertificateFile,
    EarlierFile,
    LogHead,
    LogLeaf,
    OwedCertificate,
    Series,
)
from .renewals import Renewal
from .restoring import Restoration, VoidNumber
from .status import StatusEntry
from .templates import CertificateTemplate, TemplatePicture, TemplateUse, TemplateVersion
from .tree import Checkpoint, LogNode

__all__ = [
    "AnnotationDetails",
    "CareerAnnotation",
    "CareerShare",
    "Certificate",
    "CertificateAct",
    "CertificateBatch",
    "CertificateBundle",
    "CertificateEvent",
    "CertificateFile",
    "CertificateTemplate",
    "Checkpoint",
    "EarlierFile",
    "HandoverPackage",
    "LogHead",
    "LogLeaf",
    "LogNode",
    "OwedCertificate",
    "Renewal",
    "Restoration",
    "Series",
    "ShareOpening",
    "StatusEntry",
    "TemplatePicture",
    "TemplateUse",
    "TemplateVersion",
    "VoidNumber",
]
