"""As much of CBOR (RFC 8949) as signed facts need, in the one form that its section 4.2 calls deterministic.

Values are int, bytes, str, None, lists of values, and dicts from int to a value. Whatever else there is in CBOR, and
every second way to write the same, is refused: what was read is what `encode` would have written.
"""

from typing import TypeAlias

Value: TypeAlias = "int | bytes | str | list[Value] | dict[int, Value] | None"
NULL = 0xF6
_DEEPEST = 4


class NotCbor(ValueError):
    """The bytes are not in this form."""


def encode(value: Value) -> bytes:
    """The bytes of a value."""
    match value:
        case None:
            return bytes([NULL])
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(encode, value))
        case dict():
            pairs = sorted((encode(key), encode(one)) for key, one in value.items())
            return _head(5, len(pairs)) + b"".join(key + one for key, one in pairs)


def _head(kind: int, count: int) -> bytes:
    if count < 24:
        return bytes([kind << 5 | count])
    size = next(size for size in (1, 2, 4, 8) if count < 1 << 8 * size)
    return bytes([kind << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + count.to_bytes(size, "big")


def decode(content: bytes) -> Value:
    """The one value that the bytes are. Raises `NotCbor`."""
    try:
        value, end = _read(content, 0, _DEEPEST)
    except (IndexError, UnicodeDecodeError) as problem:
        raise NotCbor(str(problem)) from problem
    if end != len(content) or encode(value) != content:
        raise NotCbor("there is more, or another way to write it")
    return value


def _read(content: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value that begins at a place, and where it ends."""
    if content[at] == NULL:
        return None, at + 1
    kind, count, at = _read_head(content, at)
    match kind:
        case 0:
            return count, at
        case 1:
            return -1 - count, at
        case 2 | 3:
            raw = content[at : at + count]
            if len(raw) != count:
                raise NotCbor("it is cut off")
            return (raw if kind == 2 else raw.decode()), at + count
        case 4 | 5 if depth:
            return _read_many(content, at, count, depth - 1, kind == 5)
    raise NotCbor("that does not occur")


def _read_head(content: bytes, at: int) -> tuple[int, int, int]:
    """Kind, count and the place behind them."""
    kind, count = content[at] >> 5, content[at] & 31
    if count < 24:
        return kind, count, at + 1
    if count > 27:
        raise NotCbor("that does not occur")
    size = 1 << count - 24
    return kind, int.from_bytes(content[at + 1 : at + 1 + size], "big"), at + 1 + size


def _read_many(content: bytes, at: int, count: int, depth: int, is_map: bool) -> tuple[Value, int]:
    items: list[Value] = []
    pairs: dict[int, Value] = {}
    for _turn in range(count):  # each takes a byte at least, so a count that lies ends at the end
        value, at = _read(content, at, depth)
        if is_map:
            if not isinstance(value, int):
                raise NotCbor("keys are numbers")
            pairs[value], at = _read(content, at, depth)
        else:
            items.append(value)
    return (pairs if is_map else items), at
