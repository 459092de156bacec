"""The ledger of careers: who may say what of whom, what the log holds of it, and what is named when it was altered."""

import random
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from certificates.domain import career, checking, evidence, transcripts
from certificates.models import AnnotationDetails, CareerAnnotation, LogLeaf
from lms.domain import duplicates, erasing
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Municipality, Person, Post
from tests.factories import papers
from tests.factories.career import a_declaration, a_paper, a_step
from tests.factories.people import a_person, an_employee, born, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return an_employee(given_names="María", surnames="Brito")


@pytest.fixture
def delegate() -> Person:
    return somebody_with_role("hr_delegate", municipality="1413")


@pytest.fixture
def certifier() -> Person:
    return somebody_with_role("certifier")


def code_of(broken: pytest.ExceptionInfo) -> str:
    return broken.value.code


def state(entry: CareerAnnotation) -> str:
    return transcripts.entry_of(CareerAnnotation.objects.get(pk=entry.pk)).state


def faults() -> list[str]:
    return [one for one in checking.find_faults() if one.startswith(("annotation", "leaf", "node"))]


def test_an_entry_goes_from_declared_to_checked_to_certified(person, delegate, certifier):
    entry = a_declaration(person, evidence=a_paper())
    assert list(career.to_check(delegate)) == [entry]
    career.check(entry=entry, by=delegate)
    assert (list(career.to_check(delegate)), list(career.to_certify(certifier))) == ([], [entry])
    career.certify(entry=entry, by=certifier)
    assert list(career.to_certify(certifier)) == []
    found = transcripts.entries_of(person)[0]
    assert (found.state, found.state_name, found.title, found.hours) == (
        "certified", "Certificado", "Presupuesto municipal", Decimal("20.0"),
    )  # fmt: skip
    assert (entry.asked.code, entry.municipality, entry.post_name) == ("1413", None, "")
    assert LogLeaf.objects.exclude(annotation=None).count() == 3
    assert list(AuditEvent.objects.filter(action__startswith="career.").values_list("action", flat=True)) == [
        "career.declared", "career.checked", "career.certified",
    ]  # fmt: skip
    assert faults() == []


def test_it_belongs_to_the_post_that_was_held_that_day(person):
    today = timezone.localdate()
    entry = a_declaration(person, started_on=today, ended_on=today)
    assert (entry.municipality.code, entry.post.code) == ("1413", "RECEP")
    assert "Nebaj" in entry.municipality_name
    post = Post.objects.get(code="TES")
    person.appointments.update(municipality=Municipality.objects.get(code="1401"), post=post)
    kept = CareerAnnotation.objects.get(pk=entry.pk)
    assert (kept.municipality_name, kept.post_name) == (entry.municipality_name, entry.post_name)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"title": ""}, "career.title_missing"),
        ({"institution": "x" * 201}, "career.title_missing"),
        ({"title": "2345 67890 1401 de Ana"}, "text.number_in_it"),
        ({"hours": Decimal(0)}, "career.hours"),
        ({"hours": Decimal(5001)}, "career.hours"),
        ({"started_on": date(2025, 5, 5)}, "career.days"),
        ({"ended_on": date(2999, 1, 1)}, "career.days"),
        ({"modality": "telepathy"}, "career.modality"),
    ],
)
def test_what_cannot_be_declared(person, said, code):
    with pytest.raises(RuleBroken) as broken:
        a_declaration(person, evidence=a_paper(), **said)
    assert code_of(broken) == code
    assert (CareerAnnotation.objects.count(), LogLeaf.objects.count()) == (0, 0)


def test_nobody_declares_for_another(person):
    said = career.Said("Curso", "INAP", Decimal(1), date(2025, 1, 1), date(2025, 1, 1), "mixed")
    with pytest.raises(RuleBroken, match="propia cuenta"):
        career.declare(person=person, said=said, evidence=None, by=a_person())


def test_a_failure_after_the_file_leaves_no_file(person, monkeypatch):
    before = _stored()
    monkeypatch.setattr(career.log, "append_annotation", lambda *_given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        a_declaration(person, evidence=a_paper())
    assert (_stored(), CareerAnnotation.objects.count()) == (before, 0)


def _stored() -> set[str]:
    if not default_storage.exists(evidence.FOLDER):
        return set()
    folders = default_storage.listdir(evidence.FOLDER)[0]
    return {name for one in folders for name in default_storage.listdir(f"{evidence.FOLDER}/{one}")[1]}


def test_one_can_take_back_only_what_nobody_looked_at(person, delegate):
    entry, other = a_declaration(person), a_declaration(person)
    career.withdraw(entry=entry, by=person)
    assert state(entry) == "withdrawn"
    career.check(entry=other, by=delegate)
    for entry_and_by in ((other, person), (entry, person)):
        with pytest.raises(RuleBroken) as broken:
            career.withdraw(entry=entry_and_by[0], by=entry_and_by[1])
        assert code_of(broken) == "career.step"
    with pytest.raises(RuleBroken) as broken:
        career.withdraw(entry=other, by=delegate)
    assert code_of(broken) == "career.not_yours"


def test_nobody_looks_at_their_own(person, certifier):
    boss = somebody_with_role("administrator")
    mine = a_declaration(boss)
    for verb in (career.check, career.certify):
        with pytest.raises(RuleBroken) as broken:
            verb(entry=mine, by=boss)
        assert code_of(broken) == "career.own"
    assert mine not in career.to_check(boss)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_step(mine, step="checked", by=boss)


def test_who_checked_does_not_certify(person):
    first, second = somebody_with_role("administrator"), somebody_with_role("administrator")
    entry = a_declaration(person)
    career.check(entry=entry, by=first)
    with pytest.raises(RuleBroken) as broken:
        career.certify(entry=entry, by=first)
    assert code_of(broken) == "career.same_person"
    assert (entry in career.to_certify(first), entry in career.to_certify(second)) == (False, True)
    career.certify(entry=entry, by=second)
    assert state(entry) == "certified"


def test_who_checked_does_not_certify_under_another_record_of_theirs(person):
    first, second = somebody_with_role("administrator"), somebody_with_role("administrator")
    entry = a_declaration(person)
    career.check(entry=entry, by=first)
    Person.objects.filter(pk=first.pk).update(merged_into=second)
    with pytest.raises(RuleBroken) as broken:
        career.certify(entry=entry, by=Person.objects.get(pk=second.pk))
    assert code_of(broken) == "career.same_person"


def test_only_the_town_hall_that_is_asked_checks(person, delegate):
    entry = a_declaration(person)
    stranger = somebody_with_role("hr_delegate", municipality="0101")
    for by in (stranger, somebody_with_role("auditor"), somebody_with_role("certifier"), a_person()):
        with pytest.raises(RuleBroken) as broken:
            career.check(entry=entry, by=by)
        assert code_of(broken) == "career.not_allowed"
    assert list(career.to_check(stranger)) == []
    career.check(entry=entry, by=delegate)
    with pytest.raises(RuleBroken) as broken:
        career.certify(entry=entry, by=delegate)
    assert code_of(broken) == "career.not_allowed"


def test_of_a_minor_and_of_whoever_has_no_post_anam_alone_is_asked(delegate):
    minor = an_employee(born_on=born(16))
    for one in (minor, a_person()):
        assert a_declaration(one).asked is None
    assert list(career.to_check(delegate)) == []
    assert len(career.to_check(somebody_with_role("administrator"))) == 2


def test_a_refusal_has_a_reason_and_ends_it(person, delegate, certifier):
    entry, other = a_declaration(person), a_declaration(person)
    for reason in ("", "  ", "x" * 301):
        with pytest.raises(RuleBroken) as broken:
            career.refuse(entry=entry, reason=reason, by=delegate)
        assert code_of(broken) == "career.reason_missing"
    career.refuse(entry=entry, reason="No trae sello", by=delegate)
    assert transcripts.entries_of(person)[1].reason == "No trae sello"
    with pytest.raises(RuleBroken) as broken:
        career.check(entry=entry, by=delegate)
    assert code_of(broken) == "career.step"
    career.check(entry=other, by=delegate)
    with pytest.raises(RuleBroken) as broken:  # what is checked is ANAM's to refuse
        career.refuse(entry=other, reason="No trae sello", by=delegate)
    assert code_of(broken) == "career.not_allowed"
    career.refuse(entry=other, reason="No trae sello", by=certifier)
    assert faults() == []


def test_a_mistake_gets_a_counter_annotation_and_stays_written(person, delegate, certifier):
    entry = a_declaration(person)
    career.check(entry=entry, by=delegate)
    career.certify(entry=entry, by=certifier)
    career.annul(entry=entry, reason="Era de otra persona", by=certifier)
    found = transcripts.entries_of(person)[0]
    assert (found.state, found.counts, set(found.steps)) == ("annulled", False, {"checked", "certified", "annulled"})
    assert faults() == []


def test_too_many_may_not_wait(person, monkeypatch):
    monkeypatch.setattr(career, "MOST_WAITING", 2)
    a_declaration(person), a_declaration(person)
    with pytest.raises(RuleBroken) as broken:
        a_declaration(person)
    assert code_of(broken) == "career.too_many"


def test_the_fold_is_the_same_in_whatever_order(person, delegate, certifier):
    for number in range(6):
        entry = a_declaration(person, title=f"Curso {number}")
        if number > 1:
            career.check(entry=entry, by=delegate)
        if number > 2:
            career.certify(entry=entry, by=certifier)
        if number > 3:
            career.annul(entry=entry, reason="Por error", by=certifier)
    career.withdraw(entry=CareerAnnotation.objects.entries()[0], by=person)
    rows = list(CareerAnnotation.objects.select_related("details"))
    expected = [(one.title, one.state) for one in transcripts.fold(rows)]
    assert [state for _title, state in expected] == [
        "annulled", "annulled", "certified", "checked", "declared", "withdrawn",
    ]  # fmt: skip
    for seed in range(20):
        random.Random(seed).shuffle(rows)  # noqa: S311 an order, no secret
        assert [(one.title, one.state) for one in transcripts.fold(rows)] == expected


def test_the_evidence_is_looked_at(person):
    looked = evidence.look(BytesIO(papers.a_paper(".pdf")), name="Mi título.docx", size=10, by=person)
    assert (looked.suffix, looked.name) == (".pdf", "Mi_título.pdf")
    for content, size, code in (
        (papers.a_paper(".docx"), 10, "handed.kind"),
        (b"nothing", 10, "handed.kind"),
        (papers.a_paper(".pdf"), 6 * 1024**2, "evidence.too_big"),
    ):
        with pytest.raises(RuleBroken) as broken:
            evidence.look(BytesIO(content), name="x", size=size, by=person)
        assert code_of(broken) == code


# Letting go, and records made one -----------------------------------------------------------------------------------


def test_erasure_leaves_digests_and_is_no_fault(person, delegate, django_capture_on_commit_callbacks):
    entry = a_declaration(person, evidence=a_paper())
    career.refuse(entry=entry, reason="No trae sello", by=delegate)
    path = entry.details.path
    with django_capture_on_commit_callbacks(execute=True):
        assert career.erase(person) == 2
        erasing.erase(person)
    assert not default_storage.exists(path)
    assert (
        list(AnnotationDetails.objects.values_list("texts", "salt", "name", "path", "bytes"))
        == [({}, "", "", "", 0)] * 2
    )
    assert faults() == []
    assert list(career.to_check(delegate)) == []
    with pytest.raises(RuleBroken):
        career.check(entry=entry, by=somebody_with_role("administrator"))


def test_records_made_one_are_read_as_one_and_parted_again(person):
    other = a_person(given_names="María", surnames="Brito")
    mine, theirs = a_declaration(person), a_declaration(other)
    merge = duplicates.merge(survivor=person, absorbed=other, reason="Es la misma", by=None)
    assert {one.annotation for one in transcripts.entries_of(person)} == {mine, theirs}
    career.withdraw(entry=theirs, by=Person.objects.get(pk=person.pk))
    duplicates.undo(merge=merge, by=None)
    assert [one.annotation for one in transcripts.entries_of(Person.objects.get(pk=person.pk))] == [mine]
    assert faults() == []
