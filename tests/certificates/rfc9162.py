"""RFC 9162 as it is written, for a stranger who checks: 2.1.1, 2.1.3.2 and 2.1.4.2. Shares no code with ours."""

import hashlib


def _hash(prefix: int, *parts: bytes) -> bytes:
    return hashlib.sha256(bytes([prefix]) + b"".join(parts)).digest()


def root(leaves: list[bytes]) -> bytes:
    """MTH, by its definition."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return _hash(0, leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return _hash(1, root(leaves[:k]), root(leaves[k:]))


def includes(leaf: bytes, index: int, size: int, path: list[bytes], wanted: bytes) -> bool:
    """Section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, _hash(0, leaf)
    for p in path:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            r = _hash(1, p, r)
            while not fn % 2 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = _hash(1, r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == wanted


def is_consistent(first: int, second: int, old: bytes, new: bytes, path: list[bytes]) -> bool:
    """Section 2.1.4.2."""
    if first == second:
        return not path and old == new
    path = list(path)
    if first & (first - 1) == 0:
        path = [old, *path]
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _hash(1, c, fr), _hash(1, c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _hash(1, sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old and sr == new and sn == 0
