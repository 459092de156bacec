"""The CUI: read in any of its forms, checked, kept secret."""

import hashlib

import pytest
from cryptography.fernet import InvalidToken

from lms.domain import identity
from lms.domain.errors import RuleBroken

CUI = "1234567890101"


@pytest.mark.parametrize("typed", [CUI, "1234 56789 0101", "1234-56789-0101", " 1234.56789.0101 "])
def test_the_usual_ways_to_write_a_cui(typed):
    assert identity.normalise_cui(typed) == CUI


@pytest.mark.parametrize(
    "typed",
    ["", "123456789010", "12345678901012", "1234 56789 010A", "１２３４５６７８９０１０１", "1234\u00b267890101"],
)
def test_what_is_not_a_cui(typed):
    with pytest.raises(RuleBroken) as caught:
        identity.normalise_cui(typed)
    assert caught.value.code == "cui.malformed"


@pytest.mark.parametrize(("cui", "holds"), [("1234567890101", True), ("1122334490101", True), ("1234567800101", False)])
def test_the_check_digit(cui, holds):
    assert identity.cui_check_digit_holds(cui) is holds


def test_the_digest_needs_the_key(settings):
    digest = identity.cui_digest(CUI)
    assert len(digest) == 64
    assert digest == identity.cui_digest(CUI)
    assert digest != hashlib.sha256(CUI.encode()).hexdigest()
    settings.IDENTITY_KEY = "otra" * 12
    assert identity.cui_digest(CUI) != digest


def test_what_is_kept_is_encrypted_anew_each_time_and_read_with_the_key_alone(settings):
    kept = identity.encrypt_cui(CUI)
    assert CUI not in kept
    assert kept != identity.encrypt_cui(CUI)
    assert identity.decrypt_cui(kept) == CUI
    settings.IDENTITY_KEY = "otra" * 12
    with pytest.raises(InvalidToken):
        identity.decrypt_cui(kept)


def test_the_mask_shows_the_last_four():
    assert identity.masked_cui(identity.encrypt_cui(CUI)) == "•••• ••••• 0101"
    assert identity.masked_cui("") == ""


@pytest.mark.parametrize(
    "typed", ["55551234", "5555-1234", "+502 5555 1234", "(502) 5555 1234", "５５５５１２３４", "+５０２ 5555 1234"]
)
def test_the_usual_ways_to_write_a_phone(typed):
    assert identity.normalise_phone(typed) == "55551234"


@pytest.mark.parametrize("typed", ["", "5555123", "555512345", "+503 5555 1234", "٥٥٥٥١٢٣٤"])
def test_what_is_not_a_phone(typed):
    with pytest.raises(RuleBroken) as caught:
        identity.normalise_phone(typed)
    assert caught.value.code == "phone.malformed"
