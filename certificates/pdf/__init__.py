"""The file of a certificate: `render(certificate)`, the same bytes for the same facts, and `seal` over it.

`page` draws and says what is what (`tagging`), `finishing` makes it archivable and accessible, `sealing` seals it and
checks seals.
"""

from .page import kind_title, reason_of, render
from .printing import join
from .sealing import SealBroken, check, seal

__all__ = ["SealBroken", "check", "join", "kind_title", "reason_of", "render", "seal"]
