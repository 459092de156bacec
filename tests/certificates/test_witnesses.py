"""Those who keep what we sign: told once of each checkpoint, and every new paper says the newest one."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse
from django.utils import timezone

from certificates.domain import checkpoints, issuing, rendering, witnesses
from certificates.pdf import render
from lms.models import Job
from tests.certificates.test_checkpoints import on
from tests.certificates.test_pdf import a_paper, text_of
from tests.factories.certificates import a_certificate, a_correction

pytestmark = pytest.mark.django_db
ROOT = "4f2a91c0" + "ab" * 28


@pytest.fixture(autouse=True)
def two_witnesses(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"
    settings.WITNESSES = ["archivo@uno.example", "contraloria@dos.example"]


def test_each_is_sent_each_checkpoint_once_word_for_word(run_jobs):
    a_certificate()
    made = checkpoints.publish()
    checkpoints.publish()
    run_jobs()
    run_jobs()
    assert sorted(letter.to[0] for letter in mail.outbox) == ["archivo@uno.example", "contraloria@dos.example"]
    for letter in mail.outbox:
        assert made.note in letter.body
        (attached,) = letter.attachments
        content = attached[1]
        assert (content if isinstance(content, bytes) else content.encode()) == made.note.encode()
    assert "consistencia" not in mail.outbox[0].body
    assert not Job.objects.filter(subject__contains="@").exists()
    assert "@" not in "".join(str(payload) for payload in Job.objects.values_list("payload", flat=True))


def test_the_next_one_says_how_to_compare_it_with_the_one_before(run_jobs):
    a_certificate()
    before = on(timezone.localdate() - timedelta(days=1))
    a_certificate()
    made = checkpoints.publish()
    run_jobs()
    letter = mail.outbox[-1]
    assert made.note in letter.body
    assert f"?desde={before.size}&hasta={made.size}" in letter.body


def test_what_was_not_taken_is_tried_again_and_the_other_is_not_told_twice(run_jobs, monkeypatch):
    refused, send = [], EmailBackend.send_messages

    def stumble(self, messages):
        if messages[0].to == ["archivo@uno.example"] and not refused:
            refused.append(1)
            raise smtplib.SMTPServerDisconnected
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", stumble)
    checkpoints.publish()
    run_jobs()
    assert sorted(letter.to[0] for letter in mail.outbox) == ["archivo@uno.example", "contraloria@dos.example"]
    assert refused
    assert sorted(Job.objects.filter(kind=witnesses.TELL).values_list("attempts", flat=True)) == [1, 2]


def test_who_is_a_witness_no_more_is_not_told(run_jobs, settings):
    checkpoints.publish()
    settings.WITNESSES = settings.WITNESSES[:1]
    run_jobs()
    assert [letter.to for letter in mail.outbox] == [["archivo@uno.example"]]


def test_a_new_certificate_says_the_newest_checkpoint_and_an_old_one_says_what_it_said():
    first = a_certificate()
    assert "log" not in first.facts
    made = checkpoints.publish()
    second = a_certificate()
    assert second.facts["log"] == {"day": made.day.isoformat(), "size": 1, "root": made.root}
    successor = a_correction(first, person_name="Ana Xʼol")
    assert successor.facts["log"] == second.facts["log"]
    unsealed = rendering.ensure_file(first).unsigned_sha256
    assert rendering.ensure_file(first).unsigned_sha256 == unsealed
    assert issuing.issue(first.owed.completion.public_id).facts == first.facts


def test_the_paper_prints_it_short():
    paper = a_paper()
    plain = render(paper)
    paper.facts = paper.facts | {"log": {"day": "2026-11-21", "size": 123, "root": ROOT}}
    assert "Registro público al 21 de noviembre de 2026: 123 hojas · 4F2A-91C0" in text_of(paper)
    del paper.facts["log"]
    assert render(paper) == plain
    assert "Registro público" not in text_of(paper)


def test_the_page_of_the_log_says_how_a_witness_compares(client):
    page = client.get(reverse("certificates:log")).content.decode()
    assert "Para testigos" in page
