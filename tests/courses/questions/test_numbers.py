"""Numbers as people type them."""

from decimal import Decimal

import pytest

from courses.questions import numbers

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("typed", "value", "unit"),
    [
        ("12", "12", ""),
        (" 12.50 ", "12.50", ""),
        ("12,5", "12.5", ""),
        ("1,250", "1250", ""),
        ("1,250.50", "1250.50", ""),
        ("1.250,50", "1250.50", ""),
        ("1 250,5", "1250.5", ""),
        ("1,25", "1.25", ""),
        ("1,250,000", "1250000", ""),
        ("1.250.000", "1250000", ""),
        ("Q 1,250.50", "1250.50", ""),
        ("Q1250", "1250", ""),
        ("Q.1250", "1250", ""),
        ("Q. 1,250.50", "1250.50", ""),
        ("-3", "-3", ""),
        ("\u22123", "-3", ""),
        ("+3", "3", ""),
        (".5", "0.5", ""),
        (",5", "0.5", ""),
        ("15 km", "15", "km"),
        ("15km.", "15", "km."),
        ("20 %", "20", "%"),
        ("2.5e3", "2500", ""),
        ("2.5 × 10^3", "2500", ""),
        ("1'250", "1250", ""),
        ("12.", "12", ""),
        ("0,125", "0.125", ""),
    ],
)
def test_a_number_is_read(typed, value, unit):
    read = numbers.read(typed)
    assert read is not None
    assert (read[0], read[1]) == (Decimal(value), unit)


@pytest.mark.parametrize("typed", ["", "doce", "1,25,3", "1.2.3", "--3", "1" * 200, "1e9999999", "km 15", "1.250,50,2"])
def test_what_is_no_number_is_none(typed):
    assert numbers.read(typed) is None


def test_a_unit_is_known_whatever_its_case_and_accents():
    assert numbers.is_unit("KM.", "km")
    assert numbers.is_unit("dias", "días")
    assert not numbers.is_unit("m", "km")
