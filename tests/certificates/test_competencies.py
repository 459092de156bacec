"""Competencies that certificates prove: frozen at issue, folded when they are read, compared to what posts ask."""

import html
import io
import json
from datetime import date, timedelta

import jsonschema
import pytest
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from certificates.domain import (
    act_checking,
    by_hand,
    competencies,
    competency_gaps,
    credentials,
    issuing,
    portable,
    rendering,
    renewals,
    sharing,
    telling,
)
from certificates.models import Certificate, CertificateAct
from certificates.pdf import wording, words
from courses.models import AskedLevel, Competency, Completion
from lms.domain import duplicates
from lms.models import Post
from tests.certificates.test_credentials import SCHEMA
from tests.certificates.test_pdf import a_paper, text_of
from tests.certificates.test_validity import ending, in_words
from tests.factories.certificates import a_certificate, a_completion, a_correction, a_revocation, by_hand_for
from tests.factories.courses import a_competency, a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
BUDGET = {"key": "presupuesto", "name": "Presupuesto", "level": 2, "level_name": "intermedio"}


def at_level(level: int, **said) -> dict:
    """What a certificate of the competency says, at a level."""
    return BUDGET | {"level": level, "level_name": {1: "básico", 2: "intermedio", 3: "avanzado"}[level]} | said


def proving(level: int = 2, **fields) -> Certificate:
    """A certificate that proves the competency at a level."""
    return a_certificate(competency=at_level(level), certificate_kind="competencia", **fields)


def folded(person) -> list[competencies.Held]:
    return competencies.fold(Certificate.objects.for_person(person).with_state())


def test_what_the_completion_copied_is_frozen():
    able = a_competency("Presupuesto")
    course = a_course(competency=able, competency_level=2, certificate_kind="competencia")
    certificate = a_certificate(course=course, competency=course.proven)
    able.name, able.level_2 = "Otra cosa", "medio"
    able.save()
    able.delete()
    certificate.refresh_from_db()
    assert certificate.facts["competency"] == BUDGET
    assert [(one.name, one.level) for one in folded(certificate.person)] == [("Presupuesto", 2)]


def test_without_one_the_facts_have_no_word_of_it():
    assert "competency" not in a_certificate().facts


def test_by_hand_the_course_says_what_is_proven_and_only_on_its_own_kind_of_paper():
    course = a_course(competency=a_competency("Presupuesto"), competency_level=2, certificate_kind="competencia")
    made = by_hand_for(an_employee(), course=course, kind="competencia")
    attended = by_hand_for(an_employee(), course=course, kind="constancia")
    assert made.facts["competency"] == BUDGET
    assert "competency" not in attended.facts
    act = CertificateAct.objects.get(event__certificate=made)
    assert act.facts["competency"] == BUDGET
    assert list(act_checking.find_faults()) == []


def test_what_was_issued_by_hand_is_what_was_asked():
    course = a_course(competency=a_competency("Presupuesto"), competency_level=2, certificate_kind="competencia")
    made = by_hand_for(an_employee(), course=course, kind="competencia")
    act = CertificateAct.objects.get(event__certificate=made)
    assert by_hand.is_carried_out(act, made)
    act.facts["competency"]["level"] = 3
    assert not by_hand.is_carried_out(act, made)


def test_a_correction_and_a_renewal_take_it_over():
    corrected = a_correction(proving(), person_name="Otro Nombre")
    assert corrected.facts["competency"] == BUDGET
    old = ending(30, competency=BUDGET, certificate_kind="competencia")
    done = a_completion(person=old.person, course=a_course(hours=2), certificate_kind="", renews_key=old.course_key)
    new = renewals.renew(done.public_id)
    assert new.facts["competency"] == BUDGET
    assert [(one.level, one.proof.certificate) for one in folded(old.person)] == [(2, new)]


def test_the_highest_level_wins_and_of_two_the_one_that_holds_longer():
    person = an_employee()
    low, high = proving(1, person=person), proving(3, person=person, certificate_months=12)
    proving(2, person=person)
    longer = proving(3, person=person)
    other = a_certificate(person=person, competency=BUDGET | {"key": "agua", "name": "Agua"})
    found = folded(person)
    assert [(one.name, one.level, one.lapsed) for one in found] == [("Agua", 2, None), ("Presupuesto", 3, None)]
    assert [one.proof.certificate for one in found] == [other, longer]
    a_revocation(longer)
    assert [one.proof.certificate for one in folded(person)] == [other, high]
    a_revocation(high)
    assert folded(person)[1].level == 2
    assert low.person == person


def test_what_has_expired_counts_not_and_is_told():
    over = ending(-1, competency=at_level(3))
    [held] = folded(over.person)
    assert (held.level, held.proof, held.lapsed.certificate, held.lapsed.level_name) == (0, None, over, "avanzado")
    low = proving(1, person=over.person)
    [held] = folded(over.person)
    assert (held.level, held.proof.certificate, held.lapsed.certificate) == (1, low, over)
    proving(3, person=over.person)
    [held] = folded(over.person)
    assert (held.level, held.lapsed) == (3, None)


def test_it_holds_through_its_last_day():
    certificate = ending(0, competency=BUDGET)
    [held] = folded(certificate.person)
    assert (held.level, held.proof.until) == (2, timezone.localdate())
    assert isinstance(held.proof.until, date)


def test_what_was_revoked_or_superseded_is_gone():
    certificate = proving()
    a_revocation(certificate)
    assert folded(certificate.person) == []


def test_two_records_of_one_person_are_folded_as_one():
    one, two = an_employee(), an_employee()
    proving(1, person=one)
    high = proving(3, person=two)
    duplicates.merge(survivor=one, absorbed=two, by=somebody_with_role("administrator"), reason="La misma persona.")
    [held] = folded(one)
    assert (held.level, held.proof.certificate) == (3, high)


# What is said to strangers


def with_facts(**facts) -> Certificate:
    paper = a_paper(kind="competencia")
    paper.facts |= facts
    return paper


def test_the_paper_says_what_is_proven_and_one_without_it_is_what_it_was():
    assert "Competencia demostrada: Presupuesto, nivel intermedio." in text_of(with_facts(competency=BUDGET))
    assert "ompetencia demostrada" not in text_of(with_facts())


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"body": "Por {horas}."}, "Competencia demostrada: Presupuesto, nivel intermedio."),
        ({"body": "Por {horas}.", "reason": "por saber de {competencia} en nivel {nivel}"}, "de Presupuesto en nivel"),
    ],
)
def test_a_template_says_it_in_its_own_words_or_in_ours(texts, says):
    design = {"paper": "landscape", "language": "es", "year_style": "plain", "logos": [], "signatories": []}
    resolved = wording.resolve("competencia", "es", texts)
    text = text_of(with_facts(competency=BUDGET, design=design | {"texts": resolved, "has_book": False}))
    assert says in text
    assert text.count("Presupuesto") == 1


def test_an_end_said_in_the_introduction_is_said_in_the_body_still():
    """As it was drawn before there were competencies: what was issued keeps its bytes."""
    design = {"paper": "landscape", "language": "es", "year_style": "plain", "logos": [], "signatories": []}
    resolved = wording.resolve("competencia", "es", {"body": "Por {horas}.", "intro": "Hasta el {vence}."})
    paper = with_facts(design=design | {"texts": resolved, "has_book": False})
    paper.expires_on = date(2028, 5, 15)
    assert text_of(paper).count("15 de mayo de 2028") == 2


def test_the_fields_may_stand_in_a_template():
    assert wording.unknown_fields("{competencia}, {nivel}") == []


@pytest.mark.parametrize("score", [90, None])
def test_the_credential_says_the_level_and_holds_to_its_schema(score):
    paper = with_facts(competency=BUDGET)
    paper.score_percent = score
    document = json.loads(credentials.issue(paper))
    jsonschema.Draft201909Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    subject = document["credentialSubject"]
    [described] = [one for one in subject["achievement"]["resultDescription"] if "rubricCriterionLevel" in one]
    [result] = [one for one in subject["result"] if one["resultDescription"] == described["id"]]
    [level] = described["rubricCriterionLevel"]
    assert (described["name"], level["name"], level["level"]) == (
        "Competencia demostrada: Presupuesto",
        "intermedio",
        "2",
    )
    assert (result["achievedLevel"], result["value"]) == (level["id"], "intermedio")
    assert len(subject["result"]) == (2 if score else 1)


def test_a_credential_without_one_has_no_word_of_it():
    said = json.dumps(credentials.build(with_facts()))
    assert "Competencia demostrada" not in said
    assert "RubricCriterion" not in said


def test_the_check_page_says_it(client):
    certificate = proving()
    with translation.override("es"):
        said = client.get(reverse("certificates:certificate", args=[certificate.code])).content.decode()
        without = client.get(reverse("certificates:certificate", args=[a_certificate().code])).content.decode()
    assert "<dt>Competencia</dt><dd>Presupuesto, nivel intermedio</dd>" in said
    assert "<dt>Competencia</dt>" not in without


def test_the_page_of_the_course_says_what_it_proves(client):
    course = a_course(competency=a_competency("Presupuesto"), competency_level=2)
    assert "Presupuesto, nivel intermedio" in client.get(course.url).content.decode()


def test_issuing_copies_no_more_than_the_completion_says():
    done = a_completion(competency=BUDGET)
    Completion.objects.filter(pk=done.pk).update(competency={})
    issuing.owe(done)
    assert "competency" not in issuing.issue(done.public_id).facts


# The record, and what is taken away of it


@pytest.fixture
def holder(client):
    """A cashier of Nebaj whose post asks for budgets at the third level and for water at the first."""
    a_competency("Presupuesto", asked={"RECEP": 3, "DAFIM": 1})
    a_competency("Agua", asked={"RECEP": 1})
    person = an_employee()
    client.force_login(person)
    return person


def shown(client, name: str = "record", *args) -> str:
    with translation.override("es"):
        answer = client.get(reverse(f"certificates:{name}", args=args))
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return html.unescape(content.decode())


def needs(person) -> dict[str, str]:
    found = competency_gaps.find_one(folded(person), person.appointments.current())
    return {one.competency.name: one.state.value for one in found}


def test_what_the_post_asks_is_compared_to_what_is_proven_today(holder):
    assert needs(holder) == {"Agua": "falta", "Presupuesto": "falta"}
    proving(2, person=holder)
    assert needs(holder)["Presupuesto"] == "nivel-menor"
    over = ending(-1, person=holder, competency=at_level(3))
    assert needs(holder)["Presupuesto"] == "vencida"
    high = proving(3, person=holder)
    assert needs(holder) == {"Agua": "falta", "Presupuesto": "cumple"}
    a_revocation(high)
    a_revocation(over)
    assert needs(holder)["Presupuesto"] == "nivel-menor"


def test_an_expired_one_that_was_never_enough_is_not_told_as_expired(holder):
    ending(-1, person=holder, competency=at_level(1))
    assert needs(holder)["Presupuesto"] == "falta"


def test_of_several_posts_the_highest_level_is_asked_and_of_past_ones_none(holder):
    competency = Competency.objects.get(name="Presupuesto")
    AskedLevel.objects.filter(competency=competency, post__code="RECEP").update(level=1)
    AskedLevel.objects.filter(competency=competency, post__code="DAFIM").update(level=2)
    held = holder.appointments.get()
    same = {"municipality": held.municipality, "starts_on": held.starts_on, "confirmed_at": held.confirmed_at}
    holder.appointments.create(post=Post.objects.get(code="DAFIM"), **same)
    found = competency_gaps.find_one([], holder.appointments.current())
    assert {one.competency.name: one.asked.level for one in found} == {"Agua": 1, "Presupuesto": 2}
    holder.appointments.update(ends_on=timezone.localdate() - timedelta(days=1))
    assert needs(holder) == {}


def test_the_course_that_is_enough_is_named_the_lowest_first(holder):
    competency = Competency.objects.get(name="Presupuesto")
    a_course(competency=competency, competency_level=2)
    course = a_course(title="Presupuesto a fondo", competency=competency, competency_level=3)
    found = {one.competency.name: one.course for one in competency_gaps.find_one([], holder.appointments.current())}
    assert found == {"Agua": None, "Presupuesto": course}


def test_the_record_says_what_is_proven_what_is_asked_and_where_it_is_learnt(client, holder):
    course = a_course(
        title="Presupuesto a fondo", competency=Competency.objects.get(key="presupuesto"), competency_level=3
    )
    proof = proving(2, person=holder)
    said = shown(client)
    assert f'<a class="num" href="/verificar/{proof.code}/">{proof.reference}</a>' in said
    assert "Su puesto pide" in said
    assert "Presupuesto, nivel avanzado" in said
    assert f'<a href="{course.url}">Presupuesto a fondo</a>' in said
    proving(3, person=holder)
    assert "Presupuesto a fondo" not in shown(client)


def test_the_record_names_what_has_expired(client, holder):
    over = ending(-1, person=holder, competency=at_level(3))
    assert f"avanzado: venció el {in_words(over.expires_on)}" in shown(client)


def test_what_is_taken_away_says_it(holder):
    proof, over = proving(2, person=holder), ending(-1, person=holder, competency=at_level(3))
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(portable.as_paper(holder))).pages)
    text = " ".join(text.split())
    assert "Nivel intermedio. No vence" in text
    assert f"Nivel avanzado. Venció el {words.day(over.expires_on)}" in text
    cv = json.loads(portable.as_cv(holder))["competencies"]
    assert [(one["levelName"], one["inForce"], one["reference"]) for one in cv] == [
        ("intermedio", True, proof.reference),
        ("avanzado", False, over.reference),
    ]
    rows = {row[7]: row[-2:] for row in portable.rows(holder)}
    assert rows == {proof.reference: ["Presupuesto", "intermedio"], over.reference: ["Presupuesto", "avanzado"]}
    assert len(portable.headings()) == len(next(portable.rows(holder)))


def test_the_learner_record_carries_the_credential_that_says_it(holder):
    rendering.ensure_file(proving(2, person=holder))
    assert "Competencia demostrada: Presupuesto" in portable.as_clr(holder)


def test_human_resources_reads_it_in_the_transcript(client, holder):
    proof = proving(2, person=holder)
    client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
    said = shown(client, "staff_training", holder.public_id)
    assert "Competencias que pide su puesto" in said
    assert "tiene nivel intermedio" in said
    assert proof.reference in said


def test_one_s_own_data_has_it(holder):
    proving(2, person=holder)
    assert telling.tell(holder)["certificates"][0]["competency"] == "Presupuesto, nivel intermedio"


def test_whoever_is_shown_the_certificates_is_shown_what_they_prove(client):
    person = an_employee()
    paper = proving(person=person)
    made = sharing.share(person=person, parts="certificates", days=7, by=person)
    address = reverse("certificates:shared", args=[made.code])
    shown = client.get(address).content.decode()
    assert "<h2>Competencias</h2>" in shown
    assert paper.facts["competency"]["level_name"] in shown
    assert reverse("certificates:certificate", args=[paper.code]) in shown
    a_revocation(paper)
    assert "<h2>Competencias</h2>" not in client.get(address).content.decode()
