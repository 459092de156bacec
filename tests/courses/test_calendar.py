"""The calendar file says what RFC 5545 asks for, whatever stands in the texts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.domain import calendar, sessions
from tests.factories.sessions import a_part, a_session


def unfold(data: bytes) -> dict[str, str]:
    text = data.decode().replace("\r\n ", "")
    return dict(line.split(":", 1) for line in text.split("\r\n") if line)


def render(session) -> bytes:
    return calendar.render(session, host="aula.example", url="https://aula.example/cursos/x/")


@pytest.mark.django_db
def test_a_change_keeps_the_identity_and_a_cancellation_says_so():
    session = a_session(a_part(title="Taller; parte 1, en «Nebaj»"), notes="Lleve:\nlápiz y su DPI")
    before = unfold(render(session))
    assert before["UID"] == f"{session.public_id}@aula.example"
    assert (before["SEQUENCE"], before["STATUS"], before["METHOD"]) == ("0", "CONFIRMED", "PUBLISH")
    assert before["SUMMARY"] == r"Taller\; parte 1\, en «Nebaj»"
    assert before["DESCRIPTION"] == r"Lleve:\nlápiz y su DPI"
    assert re.fullmatch(r"\d{8}T\d{6}Z", before["DTSTART"])
    after = unfold(render(sessions.cancel(session=session, reason="Feria patronal", by=None)))
    assert (after["UID"], after["SEQUENCE"]) == (before["UID"], "1")
    assert (after["STATUS"], after["METHOD"]) == ("CANCELLED", "CANCEL")
    assert after["DESCRIPTION"] == "Se canceló: Feria patronal"


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_no_text_can_add_a_line_and_no_line_is_too_long(text):
    folded = calendar.fold(f"SUMMARY:{calendar.escape(text)}")
    assert folded.endswith("\r\n")
    for line in folded[:-2].split("\r\n"):
        assert len(line.encode()) <= 75
        assert "\n" not in line
        assert "\r" not in line
    said = folded[:-2].replace("\r\n ", "").removeprefix("SUMMARY:")
    back = re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], said)
    assert back == "".join(
        sign
        for sign in text.replace("\r\n", "\n").replace("\r", "\n")
        if sign == "\n" or (sign >= " " and sign != "\x7f")
    )
