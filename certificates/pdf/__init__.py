"""The file of a certificate. One interface: `render(certificate)`, the same bytes for the same facts.

`page` draws and says what is what (`tagging`), `finishing` makes it archivable and accessible.
"""

from .page import render

__all__ = ["render"]
