"""What the storage holds, by course, collection and person; and who may keep more than others."""

import csv
import io

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Collection

from lms.domain import belongings, roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from media.domain import allowances, erasing, occupied, quotas, telling
from media.models import Cut, UploadAllowance
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db
MB = 1024**2
ONE_RUNG = 256 * 40


@pytest.fixture
def administrator(db):
    roles.ensure_groups()
    person = somebody_with_role("administrator")
    roles.sync_groups(person)
    return person


@pytest.fixture
def office(client, administrator):
    client.force_login(administrator)
    return client


def lines(found: list) -> dict[str, tuple[int, int, int]]:
    return {line.name: (line.count, line.originals, line.renditions) for line in found}


@pytest.fixture
def stock(trainer):
    """A video in two courses, one with two cuts of one file, and one that nobody uses."""
    twice = a_video(title="Dos cursos", uploaded_by=trainer, source_path="a", source_bytes=100, rungs=("240p",))
    cut = a_video(title="Cortado", uploaded_by=trainer, source_path="b", source_bytes=30, rungs=("240p", "144p"))
    unused = a_video(title="=Sin uso", source_path="c", source_bytes=7, rungs=())
    for number, (path, size) in enumerate([("b", 30), ("d", 5)], start=2):
        state = Cut.State.REPLACED
        Cut.objects.create(video=cut, number=number, source_path=path, source_bytes=size, state=state)
    unused.collection = Collection.get_first_root_node().add_child(name="Archivo")
    unused.save()
    for course, videos in (("Agua", [twice]), ("Finanzas", [twice, cut])):
        page = a_course(title=course)
        for video in videos:
            a_lesson(page, ("video", {"video": video, "is_required": True}))
    return twice, cut, unused


def test_every_byte_is_counted_once_in_the_whole_and_in_each_course(stock, trainer):
    found = occupied.account()
    assert (found.whole.count, found.whole.originals, found.whole.renditions) == (3, 142, 3 * ONE_RUNG)
    assert (found.unused.count, found.unused.total) == (1, 7)
    assert lines(found.by_course) == {
        "Agua": (1, 100, ONE_RUNG),
        "Finanzas": (2, 135, 3 * ONE_RUNG),
        "En ningún curso": (1, 7, 0),
    }
    root = Collection.get_first_root_node().name
    assert lines(found.by_collection) == {root: (2, 135, 3 * ONE_RUNG), "Archivo": (1, 7, 0)}
    assert lines(found.by_person) == {trainer.full_name: (2, 135, 3 * ONE_RUNG), "la instalación": (1, 7, 0)}


def test_as_many_questions_for_many_videos_as_for_few(stock):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            occupied.account()
        return len(queries)

    few = asked()
    for _number in range(5):
        a_lesson(a_course(), ("video", {"video": a_video(), "is_required": True}))
    assert asked() == few


def test_the_page_and_the_file(office, stock):
    page = office.get(reverse("media_allowances:storage")).content.decode()
    for words in ("Agua", "Finanzas", "Archivo", "3 videos ocupan"):
        assert words in page
    response = office.get(reverse("media_allowances:export"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == occupied.headings()
    assert any(row[:2] == ["Dos cursos", "Agua; Finanzas"] for row in rows)
    assert any(row[0] == "'=Sin uso" for row in rows), "no cell becomes a formula"
    assert AuditEvent.objects.filter(action="storage.exported").count() == 1


@override_settings(UPLOAD_QUOTA_BYTES=10 * MB)
def test_an_allowance_counts_instead_of_what_everybody_may(trainer, administrator):
    assert quotas.quota_of(trainer) == 10 * MB
    with pytest.raises(RuleBroken):
        quotas.check_room(trainer, 11 * MB)
    allowance = allowances.set_for(person=trainer, size=20 * MB, reason="Serie nueva", by=administrator)
    assert quotas.quota_of(trainer) == 20 * MB
    quotas.check_room(trainer, 11 * MB)
    allowances.set_for(person=trainer, size=0, reason="Sin límite", by=administrator)
    quotas.check_room(trainer, 10**12)
    assert UploadAllowance.objects.count() == 1
    allowances.withdraw(allowance=allowance, by=administrator)
    allowances.withdraw(allowance=allowance, by=administrator)
    assert quotas.quota_of(trainer) == 10 * MB
    events = AuditEvent.objects.filter(subject=f"lms.person:{trainer.public_id}", action__startswith="upload.allowance")
    told = list(events.order_by("pk").values_list("action", "actor"))
    actor = str(administrator.public_id)
    assert told == [(f"upload.allowance_{verb}", actor) for verb in ("set", "set", "withdrawn")]


def test_what_is_no_allowance(administrator):
    with pytest.raises(RuleBroken) as caught:
        allowances.set_for(person=a_person(), size=1, reason=" ", by=administrator)
    assert caught.value.code == "allowance.reason_missing"
    with pytest.raises(RuleBroken) as caught:
        allowances.set_for(person=administrator, size=1, reason="x", by=administrator)
    assert caught.value.code == "allowance.to_oneself"
    with pytest.raises(IntegrityError, match="allowance_has_a_reason"), transaction.atomic():
        UploadAllowance.objects.create(person=a_person(), bytes=1, reason="")


def test_an_administrator_gives_changes_and_takes_it_back(office, trainer):
    index, add = reverse("media_allowances:index"), reverse("media_allowances:add")
    assert office.post(add, {"person": trainer.pk, "size": "100", "reason": ""}).status_code == 422
    assert office.post(add, {"person": trainer.pk, "size": "100", "reason": "Serie nueva"}).status_code == 302
    allowance = UploadAllowance.objects.get()
    assert (allowance.person, allowance.bytes) == (trainer, 100 * MB)
    page = office.get(index).content.decode()
    assert "Serie nueva" in page
    assert trainer.full_name in page
    edit = reverse("media_allowances:edit", args=[allowance.pk])
    assert 'value="100"' in office.get(edit).content.decode()
    assert office.post(edit, {"size": "5", "reason": "Menos"}).status_code == 302
    allowance.refresh_from_db()
    assert (allowance.bytes, allowance.reason) == (5 * MB, "Menos")
    office.post(reverse("media_allowances:delete", args=[allowance.pk]))
    assert not UploadAllowance.objects.exists()


def test_an_allowance_goes_with_its_person(administrator):
    survivor, absorbed = a_person(), a_person()
    allowances.set_for(person=absorbed, size=MB, reason="x", by=administrator)
    assert telling.tell(absorbed)["allowance"][0]["bytes"] == MB
    part = next(one for one in belongings.all_of_them() if one.name == "media")
    journal = part.merge(survivor, absorbed)
    assert UploadAllowance.objects.get().person == survivor
    part.unmerge(survivor, absorbed, journal)
    assert UploadAllowance.objects.get().person == absorbed
    allowances.set_for(person=survivor, size=2 * MB, reason="x", by=administrator)
    part.merge(survivor, absorbed)
    assert {one.person for one in UploadAllowance.objects.all()} == {survivor, absorbed}
    erasing.erase(absorbed)
    assert UploadAllowance.objects.get().person == survivor
