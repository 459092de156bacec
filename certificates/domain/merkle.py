"""The tree over the log (RFC 9162, section 2.1): which nodes a root or a proof is made of, and how they are folded.

Pure: the caller keeps the nodes. Only perfect subtrees are ever kept, each named by its `Place`: (level, index) covers
the leaves from `index << level` up to, not including, `(index + 1) << level`. A kept node never changes.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

Place = tuple[int, int]
Stretch = tuple[int, int]
EMPTY_ROOT = sha256(b"").digest()


def leaf_digest(data: bytes) -> bytes:
    """The digest of a leaf; its first byte keeps it apart from a node's."""
    return sha256(b"\x00" + data).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    """The digest of a node over two others."""
    return sha256(b"\x01" + left + right).digest()


def left_of(index: int) -> list[Place]:
    """The nodes that leaf `index` is joined to when it is appended, from the lowest up."""
    found, level = [], 0
    while index >> level & 1:
        found.append((level, (index >> level) - 1))
        level += 1
    return found


def grow(index: int, digest: bytes, known: Mapping[Place, bytes]) -> dict[Place, bytes]:
    """The nodes that become complete with leaf `index`; `known` holds those of `left_of`."""
    made = {(0, index): digest}
    for level, left in left_of(index):
        digest = node_digest(known[level, left], digest)
        made[level + 1, index >> (level + 1)] = digest
    return made


def tiles(stretch: Stretch) -> list[Place]:
    """The perfect subtrees that cover a stretch of leaves, from left to right, the largest first."""
    start, end = stretch
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def places(stretches: Iterable[Stretch]) -> set[Place]:
    """All nodes that `fold` asks for."""
    return {place for stretch in stretches for place in tiles(stretch)}


def fold(stretch: Stretch, known: Mapping[Place, bytes]) -> bytes:
    """The digest over a stretch that a root or a proof speaks of: `(0, size)` gives the root of that size."""
    *rest, digest = [known[place] for place in tiles(stretch)] or [EMPTY_ROOT]
    for left in reversed(rest):
        digest = node_digest(left, digest)
    return digest


def _middle(start: int, end: int) -> int:
    """Where a stretch is parted: after the largest power of two that is smaller than it."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def inclusion(index: int, size: int) -> list[Stretch]:
    """What proves that leaf `index` is among the first `size`, in the order of a proof (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    found, start, end = [], 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency(first: int, second: int) -> list[Stretch]:
    """What proves that the first `first` leaves stand unchanged among the first `second` (section 2.1.4.1)."""
    if not 0 < first <= second:
        raise ValueError(f"nothing proves {first} of {second}")
    if first == second:
        return []
    found, start, end, is_whole = [], 0, second, True
    while first != end:
        middle = _middle(start, end)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, is_whole = middle, False
    # The verifier knows the old root, so it is told only where the old tree is not a whole one of the new.
    return [*([] if is_whole else [(start, end)]), *found[::-1]]
