"""The code of a certificate: random, and forgiving to whoever copies it."""

import pytest

from certificates.domain import codes

CODE = "3Q7WZ1K9M4X0TBV6HG2RDN8PSE"


def test_codes_are_128_random_bits():
    made = {codes.new_code() for _ in range(500)}
    assert len(made) == 500
    assert all(codes.normalise(code) == code for code in made)
    assert {code[0] for code in made} == set("01234567")
    assert {letter for code in made for letter in code} == set(codes.ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        CODE.lower(),
        "3Q7WZ-1K9M4-X0TBV-6HG2R-DN8PSE",
        " 3q7wz 1k9m4 x0tbv 6hg2r dn8pse\n",
        "3Q7WZ–1K9M4—XOTBV−6HG2R-DN8PSE",
        "3Q7WZIK9M4XOTBV6HG2RDN8PSE",
        "3q7wzlk9m4xotbv6hg2rdn8pse",
        f"https://aula.example.org/verificar/{CODE}/",
        f"aula.example.org/verificar/{CODE}/?utm=1#x",
        f"http://localhost:8000/VERIFICAR/{CODE.lower()}",
    ],
)
def test_what_people_type_is_understood(typed):
    assert codes.normalise(typed) == CODE


@pytest.mark.parametrize(
    "typed", ["", "ANAM-2026-000123", CODE[:-1], CODE + "0", "8" + CODE[1:], "U" + CODE[1:], "x" * 10_000, "<script>"]
)
def test_what_cannot_be_a_code_is_none(typed):
    assert codes.normalise(typed) == ""
