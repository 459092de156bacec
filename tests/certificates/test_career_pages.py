"""Declaring, comparing, certifying and sharing, as people do it on the pages."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certificates.domain import career, lines, record, sharing, transcripts
from certificates.models import CareerAnnotation, CareerShare, Certificate, ShareOpening
from lms.domain import tries
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Person
from tests.clients import FullClient
from tests.factories import papers
from tests.factories.career import a_declaration, a_paper
from tests.factories.certificates import a_certificate, a_completion, a_revocation
from tests.factories.people import a_cui, an_employee, born, somebody_with_role

pytestmark = pytest.mark.django_db
SAID = {
    "title": "Presupuesto  municipal",
    "institution": "INAP",
    "hours": "20.5",
    "started_on": "2025-03-03",
    "ended_on": "2025-04-04",
    "modality": "in_person",
}


@pytest.fixture
def person() -> Person:
    return an_employee(given_names="María", surnames="Brito", cui=a_cui(), email="maria@example.org", phone="55551234")


def signed_in(person: Person) -> FullClient:
    client = FullClient()
    client.force_login(person)
    return client


def page(client: FullClient, name: str, *keys) -> str:
    return client.get(reverse(f"certificates:{name}", args=keys)).content.decode()


def test_the_way_of_an_entry_from_the_person_to_the_certifier(person):
    client = signed_in(person)
    sent = {**SAID, "evidence": SimpleUploadedFile("diploma.pdf", papers.a_paper(".pdf"))}
    assert client.post(reverse("certificates:declare"), sent).url == reverse("certificates:record")
    entry = CareerAnnotation.objects.get()
    own = page(client, "record")
    assert "Presupuesto municipal" in own
    assert "falta cotejarlo" in own
    paper = client.get(reverse("certificates:own_evidence", args=[entry.public_id]))
    assert b"".join(paper.streaming_content) == papers.a_paper(".pdf")
    assert paper["Cache-Control"] == "private, no-store"

    delegate = signed_in(somebody_with_role("hr_delegate", municipality="1413"))
    assert "Presupuesto municipal" in page(delegate, "career_queue")
    assert "Cotejado con el original" in page(delegate, "career_entry", entry.public_id)
    assert delegate.get(reverse("certificates:career_evidence", args=[entry.public_id])).status_code == 200
    delegate.post(reverse("certificates:career_check", args=[entry.public_id]))
    assert "Presupuesto municipal" not in page(delegate, "career_queue")
    assert delegate.post(reverse("certificates:career_certify", args=[entry.public_id])).status_code == 403

    certifier = signed_in(somebody_with_role("certifier"))
    assert "Presupuesto municipal" in page(certifier, "career_queue")
    certifier.post(reverse("certificates:career_certify", args=[entry.public_id]))
    assert "Certificado el" in page(client, "record")
    assert "De otra parte, certificada" in page(client, "record")
    assert "Cotejado" not in page(client, "record")


def test_a_broken_form_says_what_to_do_and_keeps_nothing(person):
    client = signed_in(person)
    wrong = {**SAID, "evidence": SimpleUploadedFile("x.docx", papers.a_paper(".docx"))}
    answer = client.post(reverse("certificates:declare"), wrong)
    assert (answer.status_code, "PDF, JPG, PNG" in answer.content.decode()) == (422, True)
    assert client.post(reverse("certificates:declare"), {**SAID, "ended_on": "2025-01-01"}).status_code == 422
    assert not CareerAnnotation.objects.exists()


def test_one_takes_back_an_entry(person):
    client, entry = signed_in(person), a_declaration(person)
    address = reverse("certificates:withdraw", args=[entry.public_id])
    assert "Ya no contará" in client.get(address).content.decode()
    assert transcripts.entries_of(person)[0].state == "declared"
    client.post(address)
    assert transcripts.entries_of(person)[0].state == "withdrawn"
    assert "no se puede retirar" in client.get(address).content.decode()


def test_a_refusal_without_reason_is_asked_again_and_with_it_is_read_by_the_person(person):
    entry = a_declaration(person)
    delegate = signed_in(somebody_with_role("hr_delegate", municipality="1413"))
    address = reverse("certificates:career_refuse", args=[entry.public_id])
    assert delegate.post(address, {"reason": ""}).status_code == 422
    assert delegate.post(address, {"reason": "No trae sello"}).status_code == 302
    assert "No trae sello" in page(signed_in(person), "record")


def test_one_sees_neither_ones_own_nor_anothers_in_the_queue(person):
    boss = somebody_with_role("administrator")
    mine, abroad = a_declaration(boss), a_declaration(an_employee("0101"))
    client = signed_in(boss)
    assert client.get(reverse("certificates:career_entry", args=[mine.public_id])).status_code == 404
    delegate = signed_in(somebody_with_role("hr_delegate", municipality="1413"))
    for name in ("career_entry", "career_evidence"):
        assert delegate.get(reverse(f"certificates:{name}", args=[abroad.public_id])).status_code == 404
    assert delegate.post(reverse("certificates:career_check", args=[abroad.public_id])).status_code == 404


def test_the_queue_asks_as_often_for_many_as_for_one(person):
    client = signed_in(somebody_with_role("hr_delegate", municipality="1413"))
    counts = []
    for more in (1, 4):
        for _number in range(more):
            a_declaration(person)
        page(client, "career_queue")
        with CaptureQueriesContext(connection) as asked:
            page(client, "career_queue")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_record_says_each_state_and_counts_what_counts(person):
    first, second = a_certificate(person=person), a_certificate(person=person)
    a_revocation(second, reason="Por error")
    a_completion(person=person, certificate_kind="", hours_by_kind={"in_person": "8.0", "virtual": "0.0"})
    a_declaration(person)
    withdrawn = a_declaration(person, title="Retirado")
    career.withdraw(entry=withdrawn, by=person)
    shown = lines.lines_of(record.find(person))
    assert sorted((line.state, line.counts) for line in shown) == [
        ("Certificado", True), ("Completado", True), ("Declarado", True), ("Revocado", False),
    ]  # fmt: skip
    sums = dict(lines.sums(shown))
    assert set(sums) == {"Formación de ANAM", "De otra parte, declarada"}
    assert sums["Formación de ANAM"] == first.hours * 2
    assert dict(lines.by_modality(shown))["en persona"] == first.hours + 20


def test_what_is_over_is_said_to_be(person):
    a_certificate(person=person, certificate_months=1)
    paper = Certificate.objects.with_state().get()
    assert lines.state_of(paper) == ("Certificado", "ok")
    the_day_after = Certificate.objects.with_state(paper.expires_on + timedelta(days=1)).get()
    assert lines.state_of(the_day_after) == ("Vencido", "wait")
    assert lines.is_standing(the_day_after)


# Sharing ----------------------------------------------------------------------------------------------------------


def share(person: Person, **given) -> sharing.Made:
    return sharing.share(person=person, **({"parts": "all", "days": 7, "by": person} | given))


def opened(code: str, *, line: str = "127.0.0.1", **headers):
    return FullClient(REMOTE_ADDR=line).get(reverse("certificates:shared", args=[code]), headers=headers)


def test_a_link_is_shown_once_and_opens_what_was_chosen(person):
    a_certificate(person=person)
    a_declaration(person)
    client = signed_in(person)
    answer = client.post(
        reverse("certificates:links"), {"parts": "certificates", "days": "7", "note": "Para un empleo"}
    )
    code = re.search(r"/expediente/([\w-]+)/", answer.content.decode())[1]
    assert len(code) == 22
    assert code not in page(client, "links")
    assert not CareerShare.objects.filter(code_sha256=code).exists()
    text = opened(code).content.decode()
    assert "María Brito" in text
    assert "Presupuesto municipal" not in text
    assert "Para un empleo" not in text
    training = opened(share(person, parts="training").code).content.decode()
    assert "Presupuesto municipal" in training
    post = str(person.appointments.get().post.name)
    assert f"<strong>{post}</strong>" not in training
    assert f"<strong>{post}</strong>" in opened(share(person).code).content.decode()


def test_a_shared_page_holds_no_number_and_is_kept_nowhere(person):
    answer = opened(share(person).code)
    text = answer.content.decode()
    for secret in ("maria@example.org", "55551234", str(person.public_id)):
        assert secret not in text
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in text


def test_wrong_expired_and_ended_look_the_same(person):
    ended, expired = share(person), share(person, days=1)
    sharing.end(link=ended.share, by=person)
    closed = share(other := an_employee())
    Person.objects.filter(pk=other.pk).update(is_active=False)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1), tick=True):
        codes = [ended.code, expired.code, closed.code, "x" * 22]
        answers = [opened(code) for code in codes]
    assert {one.status_code for one in answers} == {404}
    plain = [one.content.decode().replace(code, "") for one, code in zip(answers, codes, strict=True)]
    texts = {re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text) for text in plain}
    assert len(texts) == 1
    assert {one["Referrer-Policy"] for one in answers} == {"no-referrer"}


def test_guessing_is_stopped(person, monkeypatch):
    at = timezone.now().timestamp()
    monkeypatch.setattr(tries.time, "time", lambda: at)
    made = share(person)
    statuses = [opened(f"{number:022d}", line="203.0.113.9").status_code for number in range(62)]
    assert (statuses[:60], statuses[-1]) == ([404] * 60, 429)
    assert opened(made.code, line="203.0.113.9").status_code == 200


def test_the_person_sees_when_it_was_opened_and_on_what_and_no_address_is_kept(person):
    made = share(person)
    for agent in ("Mozilla/5.0 (Linux; Android 14) Mobile", "Mozilla/5.0 (Windows NT 10.0)", "curl"):
        opened(made.code, **{"User-Agent": agent})
    opened(made.code, **{"User-Agent": "curl"})
    signed_in(person).get(reverse("certificates:shared", args=[made.code]))  # one's own look is none
    found = {(one.device, one.count) for one in ShareOpening.objects.all()}
    assert found == {("phone", 1), ("computer", 1), ("other", 2)}
    assert {one.hour.minute for one in ShareOpening.objects.all()} == {0}
    assert {field.name for field in ShareOpening._meta.fields} == {"id", "share", "hour", "device", "count"}
    assert "un teléfono" in page(signed_in(person), "links")


def test_one_ends_only_ones_own_link(person):
    made = share(person)
    address = reverse("certificates:link_end", args=[made.share.public_id])
    assert signed_in(an_employee()).post(address).status_code == 404
    assert opened(made.code).status_code == 200
    signed_in(person).post(address)
    assert opened(made.code).status_code == 404
    assert list(AuditEvent.objects.filter(action__startswith="career.link").values_list("action", flat=True)) == [
        "career.link_made", "career.link_ended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"days": 0}, "share.days"),
        ({"days": 91}, "share.days"),
        ({"parts": "cui"}, "share.parts"),
        ({"note": "2345 67890 1401"}, "text.number_in_it"),
    ],
)
def test_what_cannot_be_shared(person, given, code):
    with pytest.raises(RuleBroken) as broken:
        share(person, **given)
    assert broken.value.code == code
    assert not CareerShare.objects.exists()


def test_a_minor_does_not_share_and_is_told_kindly():
    minor = an_employee(born_on=born(16))
    with pytest.raises(RuleBroken) as broken:
        share(minor)
    assert broken.value.code == "share.minor"
    assert "desde los 18 años" in page(signed_in(minor), "links")


def test_a_link_of_somebody_who_turns_out_to_be_a_minor_leads_nowhere(person):
    made = share(person)
    Person.objects.filter(pk=person.pk).update(born_on=born(16))
    assert opened(made.code).status_code == 404


def test_nobody_shares_for_another_and_not_too_often(person, monkeypatch):
    with pytest.raises(RuleBroken, match="propia cuenta"):
        share(person, by=an_employee())
    monkeypatch.setattr(sharing, "MOST_OPEN", 1)
    share(person)
    with pytest.raises(RuleBroken) as broken:
        share(person)
    assert broken.value.code == "share.too_many"


def test_of_the_staff_human_resources_see_what_was_declared(person):
    a_declaration(person, evidence=a_paper())
    delegate = signed_in(somebody_with_role("hr_delegate", municipality="1413"))
    assert "Presupuesto municipal" in page(delegate, "staff_training", person.public_id)
