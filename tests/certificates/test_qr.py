"""Our search for the mask of a QR finds what segno's finds: the codes are the same, module by module."""

import random

import pytest
import segno
from hypothesis import example, given, settings
from hypothesis import strategies as st
from segno import consts, encoder

from certificates.pdf import qr

pytestmark = pytest.mark.once
SIGNED = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=280, max_size=480)


def by_segno(content: str) -> list[str]:
    return ["".join(map(str, row)) for row in segno.make_qr(content, error="m").matrix]


@settings(max_examples=25, deadline=None)
@given(SIGNED)
def test_addresses_of_signed_facts(text):
    address = f"HTTPS://AULA.EXAMPLE.ORG/O/{text}"
    assert qr.rows_of(address) == by_segno(address)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=120))
@example("https://aula.example.org/verificar/3Q7WZ1K9M4X0TBV6HG2RDN8PSE/")
def test_whatever_else(text):
    assert qr.rows_of(text) == by_segno(text)


@pytest.mark.parametrize("version", [*range(1, 20), 27, 33, 40])
def test_every_size_and_correction(version):
    """As many letters as it takes, and one that leaves room for a better correction."""
    most = consts.SYMBOL_CAPACITY[version][consts.ERROR_LEVEL_M] // 8 - 3
    for many in (most, most * 2 // 3):
        content = "xꞌ"[: 1 + (version % 2)].ljust(many - 2, "q")
        assert qr.rows_of(content) == by_segno(content)


@pytest.mark.parametrize("shape", ["random", "finders", "stripes", "white"])
@pytest.mark.parametrize("size", [21, 65])
def test_the_penalty_of_any_modules(shape, size):
    """Codes seldom hold corners that share modules, or runs from edge to edge: these do."""
    draw = random.Random(size)  # noqa: S311 no secret
    lines = {
        "random": lambda: [draw.randint(0, 1) for _place in range(size)],
        "finders": lambda: ([0] * draw.randint(0, 5) + [1, 0, 1, 1, 1, 0] * size)[:size],
        "stripes": lambda: [draw.randint(0, 1)] * size,
        "white": lambda: [0] * size,
    }
    for _time in range(20):
        matrix = [bytearray(lines[shape]()) for _row in range(size)]
        lying = qr._number(matrix, qr._TO_DIGITS)
        plan = qr._plan(size)
        assert qr._penalty(lying, qr._across(lying, size), plan) == encoder.evaluate_mask(matrix, size, size)


def test_corners_that_share_modules_are_counted_once():
    row = bytearray([0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    assert qr._finders(int(b"".join(b"%d" % module for module in row) + b"0000", 2)) == 1
