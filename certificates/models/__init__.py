"""The register's tables."""

from .register import Certificate, CertificateEvent, CertificateFile, LogHead, LogLeaf, OwedCertificate, Series

__all__ = ["Certificate", "CertificateEvent", "CertificateFile", "LogHead", "LogLeaf", "OwedCertificate", "Series"]
