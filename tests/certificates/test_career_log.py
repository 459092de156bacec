"""What the log holds of the ledger of careers, and what is named when a row was altered past the triggers."""

from datetime import date
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from certificates.domain import checking, checkpoints
from certificates.models import AnnotationDetails, CareerAnnotation, LogLeaf
from lms.models import Person
from tests.factories.career import a_declaration, a_paper, a_step
from tests.factories.certificates import a_certificate
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
TRIGGERS = {
    "sqlite": ("DROP TRIGGER {0}_no_update", "DROP TRIGGER {0}_no_delete"),
    "postgresql": ("DROP TRIGGER {0}_no_change ON {0}",),
}
LEDGER = "certificates_careerannotation"


@pytest.fixture
def person() -> Person:
    return an_employee(given_names="María", surnames="Brito")


@pytest.fixture
def delegate() -> Person:
    return somebody_with_role("hr_delegate", municipality="1413")


@pytest.fixture
def certifier() -> Person:
    return somebody_with_role("certifier")


def faults() -> list[str]:
    return [one for one in checking.find_faults() if one.startswith(("annotation", "leaf", "node"))]


def sql(*statements: str) -> None:
    """Write past the triggers, as whoever owns the database can."""
    with connection.cursor() as cursor:
        for trigger in TRIGGERS[connection.vendor]:
            cursor.execute(trigger.format(LEDGER))
        for one in statements:
            cursor.execute(one)


def test_a_leaf_tells_a_stranger_nothing(person):
    entry = a_declaration(person, evidence=a_paper())
    said = LogLeaf.objects.get(annotation=entry).entry
    assert set(said) == {"event", "at", "annotation", "annotation_sha256"}
    assert len(entry.salt) == 32
    assert entry.salt not in str(said)


def test_the_published_log_goes_on_over_annotations(person):
    a_certificate(person=person)
    a_declaration(person)
    assert checkpoints.publish().size == 2
    assert list(checking.find_faults()) == [one for one in checking.find_faults() if "has no PDF yet" in one]


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'merit'",
        'facts = \'{"hours": "900.0"}\'',
        "occurred_on = '2020-01-01'",
        "municipality_name = 'Otra'",
        "post_name = 'Otro'",
        "salt = 'x'",
        "details_sha256 = 'x'",
        "recorded_at = '2020-01-01 00:00:00'",
        "asked_id = NULL",
        "public_id = '00000000000000000000000000000001'",
    ],
)
def test_an_altered_annotation_is_named(person, change):
    entry = a_declaration(person)
    assert faults() == []
    sql(f"UPDATE {LEDGER} SET {change} WHERE id = {entry.pk}")  # noqa: S608 no input
    assert any("is not what leaf" in one for one in faults())


def test_an_annotation_of_another_person_is_named(person):
    entry = a_declaration(person)
    sql(f"UPDATE {LEDGER} SET person_id = {a_person().pk} WHERE id = {entry.pk}")  # noqa: S608 no input
    assert any("is not what leaf" in one for one in faults())


def test_what_was_written_beside_is_named_when_altered(person):
    entry = a_declaration(person, evidence=a_paper())
    details = AnnotationDetails.objects.filter(annotation=entry)
    name = f"annotation {entry.public_id}: "
    for change in ({"texts": {"title": "Doctorado", "institution": "USAC"}}, {"name": "otro.pdf"}, {"salt": "x"}):
        before = details.values(*change).get()
        details.update(**change)
        assert faults() == [f"{name}its details are not those that were written"]
        details.update(**before)
    path = details.get().path
    default_storage.delete(path)
    assert faults() == [f"{name}its evidence is not in the storage"]
    default_storage.save(path, BytesIO(b"another"))
    assert faults() == [f"{name}its evidence is not the file that was handed in"]
    details.update(texts={}, salt="", name="", suffix="", path="", bytes=0, erased_at=timezone.now())
    assert faults() == [f"{name}its details were erased, but not the person"]
    details.delete()
    assert faults() == [f"{name}its details are not there"]


def test_an_annotation_without_leaf_and_a_leaf_without_annotation_are_named(person, delegate):
    entry = a_declaration(person)
    made = a_step(entry, step="checked", by=delegate)
    assert f"annotation {made.public_id}: has no leaf in the log" in faults()


def test_steps_that_nobody_can_take_are_named(person, delegate, certifier):
    entry = a_declaration(person)
    a_step(entry, step="certified", by=certifier)
    assert f"annotation {entry.public_id}: its steps are ['certified'], which nobody can take" in faults()
    a_step(entry, step="checked", by=certifier)
    assert f"annotation {entry.public_id}: was certified by whoever checked it" in faults()


def test_a_step_about_another_person_is_named(person, delegate):
    entry = a_declaration(person)
    made = CareerAnnotation.objects.create(
        person=a_person(), kind="merit", step="checked", about=entry, occurred_on=date.today(), recorded_by=delegate
    )
    assert f"annotation {made.public_id}: is a step about something else" in faults()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gossip"},
        {"step": "checked", "about": None},
        {"step": "declared"},
        {"step": "forgotten"},
    ],
)
def test_the_database_refuses_what_is_no_annotation(person, delegate, wrong):
    entry = a_declaration(person)
    row = {"kind": "merit", "step": "checked", "about": entry, "occurred_on": date.today(), "recorded_by": delegate}
    with pytest.raises(IntegrityError), transaction.atomic():
        CareerAnnotation.objects.create(person=person, **(row | wrong))


def test_the_database_takes_each_step_once_and_one_end(person, delegate):
    entry = a_declaration(person)
    a_step(entry, step="refused", by=delegate)
    for step in ("refused", "withdrawn", "annulled"):
        with pytest.raises(IntegrityError), transaction.atomic():
            a_step(entry, step=step, by=delegate)


def test_a_leaf_tells_of_one_thing(person):
    leaf = LogLeaf.objects.get(annotation=a_declaration(person))
    with pytest.raises(IntegrityError), transaction.atomic():
        LogLeaf.objects.create(index=99, entry={}, previous_digest="a", digest="b")
    event = a_certificate(person=person).events.get()
    fields = {"index": 98, "entry": {}, "previous_digest": "c", "digest": "d"}
    with pytest.raises(IntegrityError), transaction.atomic():
        LogLeaf.objects.create(event=event, annotation=leaf.annotation, **fields)
