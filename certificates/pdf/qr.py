"""QR codes (ISO/IEC 18004), as segno makes them and several times as fast.

Of eight masks the code takes the one with the least penalty (§7.8.3), and to look for that is nine tenths of the work.
segno goes from module to module; here a whole code is one number, a bit a module, and a rule of the standard a few
shifts of it. Everything else is segno's, and the tests ask for the same code, module by module.
"""

from dataclasses import dataclass
from functools import cache

import segno
from segno import encoder

QUIET = 4  # modules of white around a code; between two rows of a number, too, so that no rule sees across
MASKS = 8
_TO_DIGITS = bytes.maketrans(b"\x00\x01\x02", b"010")
_TO_REGION = bytes.maketrans(b"\x00\x01\x02", b"001")


@dataclass(frozen=True)
class _Plan:
    """What all codes of one size share, row by row and column by column.

    `region`: where data are; `still`: the modules that are dark under every mask, before format and version are
    written (that is when segno looks at penalties); `masks`: what each mask turns over; `follows`: modules with another
    one before them in the same row.
    """

    size: int
    region: int
    still: tuple[int, int]
    masks: tuple[tuple[int, int], ...]
    follows: int


def rows_of(content: str) -> list[str]:
    """The code with correction M or better: rows of `0` and `1` from the top, without the white around."""
    made = segno.make_qr(content, error="m", mask=0)
    plan = _plan(len(made.matrix))
    drawn = _number(made.matrix, _TO_DIGITS)
    data = (drawn ^ plan.masks[0][0]) & plan.region
    across = _across(data, plan.size)
    penalties = [
        _penalty((data ^ row) | plan.still[0], (across ^ column) | plan.still[1], plan) for row, column in plan.masks
    ]
    best = penalties.index(min(penalties))
    whole = ((data ^ plan.masks[best][0]) & plan.region) | _frame(made.version, made.error, best)
    return _rows(whole, plan.size)


def _penalty(lying: int, standing: int, plan: _Plan) -> int:
    """The points of one mask: the code row by row, and the same column by column."""
    stride = plan.size + QUIET
    beside = ~(lying ^ (lying >> 1)) & plan.follows  # as the module before it
    squares = beside & (beside >> stride) & ~(lying ^ (lying >> stride))
    share = lying.bit_count() / plan.size**2
    return (
        _runs(beside)
        + _runs(~(standing ^ (standing >> 1)) & plan.follows)
        + 3 * squares.bit_count()
        + 40 * (_finders(lying) + _finders(standing))
        + 10 * int(abs(share * 100 - 50) / 5)
    )


def _runs(beside: int) -> int:
    """Each run of five modules or more of one colour: three points, and one for each module more."""
    of_five = beside & (beside >> 1) & (beside >> 2) & (beside >> 3)
    return of_five.bit_count() + 2 * (of_five & ~(of_five >> 1)).bit_count()


def _finders(x: int) -> int:
    """How often something looks like the corner of a code: 1011101, with four light modules before or behind."""
    found = x & ~(x << 1) & (x << 2) & (x << 3) & (x << 4) & ~(x << 5) & (x << 6)
    before = (x >> 1) | (x >> 2) | (x >> 3) | (x >> 4)
    behind = (x << 7) | (x << 8) | (x << 9) | (x << 10)
    counted = found & ~(before & behind)
    if not counted & ((counted >> 4) | (counted >> 6)):
        return counted.bit_count()
    count, last = 0, counted.bit_length() + 7  # two share modules: segno looks on behind the first
    while counted:
        place = counted.bit_length()
        if last - place >= 7:
            count, last = count + 1, place
        counted ^= 1 << (place - 1)
    return count


@cache
def _plan(size: int) -> _Plan:
    matrix = encoder.make_matrix(size, size)
    encoder.add_finder_patterns(matrix, size, size)
    encoder.add_alignment_patterns(matrix, size, size)
    still = _number(matrix, _TO_DIGITS)
    matrix[-8][8] = 1  # always dark, though not yet when segno looks at penalties
    region = _number(matrix, _TO_REGION)
    masks = []
    for turns in encoder.get_data_mask_functions(False):
        mask = (
            _number([bytes(turns(row, column) for column in range(size)) for row in range(size)], _TO_DIGITS) & region
        )
        masks.append((mask, _across(mask, size)))
    follows = int(f"0{'1' * (size - 1)}{'0' * QUIET}" * size, 2)
    return _Plan(size, region, (still, _across(still, size)), tuple(masks), follows)


@cache
def _frame(version: int, error: str, mask: int) -> int:
    """Everything that is no data, with the format that names the mask: of any code of that version."""
    made = segno.make_qr("0", version=version, error=error, mask=mask, boost_error=False)
    return _number(made.matrix, _TO_DIGITS) & ~_plan(len(made.matrix)).region


def _number(matrix, digits: bytes) -> int:
    """A matrix as one number, the first module its highest bit."""
    return int((b"\0" * QUIET).join(matrix).translate(digits) + b"0" * QUIET, 2)


def _rows(number: int, size: int) -> list[str]:
    stride = size + QUIET
    digits = f"{number:0{size * stride}b}"
    return [digits[at : at + size] for at in range(0, size * stride, stride)]


def _across(number: int, size: int) -> int:
    """The same code with its columns for rows."""
    rows = "".join(_rows(number, size))
    white = "0" * QUIET
    return int("".join(rows[column::size] + white for column in range(size)), 2)
