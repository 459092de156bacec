"""The file of a certificate: `render(certificate)`, the same bytes for the same facts, and `seal` over it.

`page` draws what `design` says, with `text`, `signatories`, `foot` and `pictures`, and says what is what (`tagging`);
`finishing` makes it archivable and accessible, `sealing` seals it and checks seals, `long_term` adds proofs of time
behind a seal, which `additions` reads.
"""

from .long_term import AuthorityAway, NotExtended, extend, good_until
from .page import kind_title, reason_of, render, render_sample
from .printing import join
from .reading import attached
from .sealing import SealBroken, check, seal

__all__ = [
    "AuthorityAway",
    "NotExtended",
    "SealBroken",
    "attached",
    "check",
    "extend",
    "good_until",
    "join",
    "kind_title",
    "reason_of",
    "render",
    "render_sample",
    "seal",
]
