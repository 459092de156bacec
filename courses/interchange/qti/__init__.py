"""QTI 2.0 to 3.0, by 1EdTech: https://www.imsglobal.org/spec/qti/v3p0. Items and content packages."""

from .package import read, read_member, read_package
from .writing import VERSIONS, write

__all__ = ["VERSIONS", "read", "read_member", "read_package", "write"]
