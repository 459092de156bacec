"""The register's tables."""

from .register import Certificate, CertificateEvent, CertificateFile, LogLeaf, OwedCertificate, Series

__all__ = ["Certificate", "CertificateEvent", "CertificateFile", "LogLeaf", "OwedCertificate", "Series"]
