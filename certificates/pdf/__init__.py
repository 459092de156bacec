"""Drawing a certificate. One interface: `render(certificate)`, the same bytes for the same facts."""

from .page import render

__all__ = ["render"]
