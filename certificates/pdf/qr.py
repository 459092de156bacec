"""QR codes (ISO/IEC 18004), as segno makes them and several times as fast.

Of eight masks the code takes the one with the least penalty (§7.8.3), and to look for that is nine tenths of the work;
most of the rest is the correction (§7.5) and to put each bit in its place (§7.7). segno goes from bit to bit; here a
whole code is one number, a bit a module, a rule of the standard a few shifts of it, and the correction takes a byte at
a time. Everything else is segno's, and the tests ask for the same code, module by module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from operator import itemgetter

import segno
from segno import consts, encoder

QUIET = 4  # modules of white around a code; between two rows of a number, too, so that no rule sees across
MASKS = 8
_TO_DIGITS = bytes.maketrans(b"\x00\x01\x02", b"010")
_TO_REGION = bytes.maketrans(b"\x00\x01\x02", b"001")


@dataclass(frozen=True)
class _Plan:
    """What all codes of one size share, row by row and column by column.

    `region`: where data are; `still`: the modules that are dark under every mask, before format and version are
    written (that is when segno looks at penalties); `masks`: what each mask turns over; `follows`: modules with another
    one before them in the same row; `places`: from the bits of a code to its modules, still without a mask.
    """

    size: int
    region: int
    still: tuple[int, int]
    masks: tuple[tuple[int, int], ...]
    follows: int
    places: Callable[[str], tuple[str, ...]]


def rows_of(content: str) -> list[str]:
    """The code with correction M or better: rows of `0` and `1` from the top, without the white around."""
    version, error, words = _encoded(content)
    plan = _plan(encoder.calc_matrix_size(version))
    data = int("".join(plan.places(_bits(words, plan.region.bit_count()))), 2)
    across = _across(data, plan.size)
    penalties = [
        _penalty((data ^ row) | plan.still[0], (across ^ column) | plan.still[1], plan) for row, column in plan.masks
    ]
    best = penalties.index(min(penalties))
    whole = ((data ^ plan.masks[best][0]) & plan.region) | _frame(version, error, best)
    return _rows(whole, plan.size)


def _encoded(content: str) -> tuple[int, int, bytes]:
    """The smallest version that has room with correction M, the best correction in it, and the words of the code."""
    segments = encoder.prepare_data(content, None, None)
    version = encoder.find_version(segments, consts.ERROR_LEVEL_M, eci=False, micro=False)
    error = encoder.boost_error_level(version, consts.ERROR_LEVEL_M, segments, eci=False)
    capacity, written = consts.SYMBOL_CAPACITY[version][error], encoder.Buffer()
    for segment in segments:
        encoder.write_segment(written, segment, None, encoder.version_range(version))
    encoder.write_terminator(written, capacity, None, len(written))
    encoder.write_padding_bits(written, version, len(written))
    encoder.write_pad_codewords(written, version, capacity, len(written))
    bits = bytes(written.getbits()[:capacity]).translate(_TO_DIGITS)  # segno pads a whole word too many, now and then
    data = int(bits, 2).to_bytes(capacity // 8, "big")
    blocks, checks = [], []
    for kind in consts.ECC[version][error]:
        for _block in range(kind.num_blocks):
            block, data = data[: kind.num_data], data[kind.num_data :]
            blocks.append(block)
            checks.append(_correction(block, kind.num_total - kind.num_data))
    mixed = chain(*zip_longest(*blocks), *zip_longest(*checks))
    return version, error, bytes(word for word in mixed if word is not None)


def _correction(block: bytes, many: int) -> bytes:
    """So many words of correction (Reed and Solomon): what is left when the block is divided by their polynomial."""
    table, left, top = _multiples(many), 0, 8 * (many - 1)
    kept = (1 << top) - 1
    for word in block:
        left = ((left & kept) << 8) ^ table[(left >> top) ^ word]
    return left.to_bytes(many, "big")


@cache
def _multiples(many: int) -> tuple[int, ...]:
    """The polynomial without its first term, times each of 256 words."""
    powers = consts.GEN_POLY[many]
    products = (
        bytes(consts.GALIOS_EXP[consts.GALIOS_LOG[word] + powers[place]] for place in range(many))
        for word in range(1, 256)
    )
    return (0, *(int.from_bytes(product, "big") for product in products))


def _bits(words: bytes, many: int) -> str:
    """The words bit by bit, and noughts for the modules that are left over; one more for what is no data."""
    return f"{int.from_bytes(words, 'big'):0{8 * len(words)}b}".ljust(many + 1, "0")


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
    still, places = _number(matrix, _TO_DIGITS), _places(matrix)
    matrix[-8][8] = 1  # always dark, though not yet when segno looks at penalties
    region = _number(matrix, _TO_REGION)
    masks = []
    for turns in encoder.get_data_mask_functions(False):
        mask = (
            _number([bytes(turns(row, column) for column in range(size)) for row in range(size)], _TO_DIGITS) & region
        )
        masks.append((mask, _across(mask, size)))
    follows = int(f"0{'1' * (size - 1)}{'0' * QUIET}" * size, 2)
    return _Plan(size, region, (still, _across(still, size)), tuple(masks), follows, places)


def _places(matrix) -> Callable[[str], tuple[str, ...]]:
    """Where each bit goes, asked of segno: which number lands in a module is found out digit by digit."""
    size = len(matrix)
    version, many = (size - 17) // 4, b"".join(matrix).count(2)
    found = [many] * (size * (size + QUIET))
    for digit in range(many.bit_length()):
        tried = [row[:] for row in matrix]
        encoder.add_codewords(tried, [number >> digit & 1 for number in range(many)], version)
        for at in range(size * size):
            row, column = divmod(at, size)
            if matrix[row][column] == 2:
                place = row * (size + QUIET) + column
                found[place] = (0 if digit == 0 else found[place]) | tried[row][column] << digit
    return itemgetter(*found)


@cache
def _frame(version: int, error: int, mask: int) -> int:
    """Everything that is no data, with the format that names the mask: of any code of that version."""
    named = next(name for name, level in consts.ERROR_MAPPING.items() if level == error)
    made = segno.make_qr("0", version=version, error=named, mask=mask, boost_error=False)
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
