"""Where people stop watching: second by second, on the cut in use, of enough people, to those who write the course."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.domain import enrolment as enrolments
from courses.domain import retention
from courses.domain.bitmap import with_runs
from courses.models import Activity, ActivityCompletion, Enrolment, WatchProgress
from lms.domain import roles
from lms.models import Person
from media.domain import curves
from media.models import Cut
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
LENGTH = 100


@pytest.fixture
def scene(client):
    trainer = a_person()
    roles.grant(person=trainer, role="trainer", by=None)
    course, video = a_course(owner=trainer), a_video(duration_seconds=LENGTH)
    a_lesson(course, ("video", {"video": video, "is_required": True}))
    client.force_login(trainer)
    activity = Activity.objects.get(course_key=course.translation_key)
    return SimpleNamespace(trainer=trainer, course=course, video=video, activity=activity)


def watched(scene, *runs: tuple[int, int], position: float | None = None, **fields) -> WatchProgress:
    """Somebody who watched these seconds and stands at `position`."""
    person = an_employee()
    enrolment = enrolments.enrol(person=person, course=scene.course, by=person)
    at = {} if position is None else {"position_at": timezone.now(), "position_seconds": position}
    return WatchProgress.objects.create(
        enrolment=enrolment,
        activity=scene.activity,
        video=scene.video,
        bitmap=with_runs(b"", runs, LENGTH),
        covered_seconds=sum(after - first for first, after in runs),
        **{"length_seconds": LENGTH, **at, **fields},
    )


def test_each_second_and_where_those_who_are_not_done_stand(scene):
    for _number in range(3):
        watched(scene, (0, 100), position=100)
    watched(scene, (0, 40), position=40.7)
    watched(scene, (0, 20), (60, 80))  # never told where
    finished = WatchProgress.objects.first()
    ActivityCompletion.objects.create(enrolment=finished.enrolment, activity=scene.activity)
    watched(scene, position=0)  # opened it, watched nothing
    curve = retention.curve_of(scene.activity)
    assert (curve.learners, curve.length) == (5, LENGTH)
    assert curve.watched == [5] * 20 + [4] * 20 + [3] * 20 + [4] * 20 + [3] * 20
    assert {second: count for second, count in enumerate(curve.stopped) if count} == {40: 1, 80: 1, 99: 2}
    told = retention.stretches(curve, 5)
    assert [(one.first, one.after, one.percent, one.stopped) for one in told] == [
        (0, 20, 100, 0),
        (20, 40, 80, 0),
        (40, 60, 60, 1),
        (60, 80, 80, 0),
        (80, 100, 60, 3),
    ]
    assert [one.first for one in retention.worst(told)] == [80, 40]


def test_of_fewer_than_five_there_is_no_curve(client, scene):
    for _number in range(4):
        watched(scene, (0, 50), position=50)
    curve = retention.curve_of(scene.activity)
    assert (curve.is_told, curve.watched, curve.stopped, retention.stretches(curve, 5)) == (False, [], [], [])
    page = client.get(reverse("courses_retention:video", args=[scene.activity.public_id])).content.decode()
    assert "bank-plot" not in page
    assert "al menos 5 personas" in page
    assert "4 personas" not in page
    assert "muy pocas" in client.get(reverse("courses_retention:index")).content.decode()


def test_what_was_watched_of_an_older_cut_counts_on_the_new_one(scene):
    # The first ten seconds were cut away: what was second 10 is second 0.
    for number, start in ((1, 0), (2, 10)):
        Cut.objects.create(
            video=scene.video,
            number=number,
            state=Cut.State.REPLACED if number == 1 else Cut.State.IN_USE,
            duration_seconds=LENGTH - start,
            source_sha256="a" * 64,
            trim_start_seconds=start,
        )
    scene.video.cut, scene.video.duration_seconds = 2, LENGTH - 10
    scene.video.save()
    scene.activity.refresh_from_db()
    for _number in range(4):
        watched(scene, (0, 30), position=30)
    watched(scene, (0, 90), position=90, cut=2, length_seconds=90)
    before = list(WatchProgress.objects.order_by("pk").values())
    curve = retention.curve_of(scene.activity)
    assert curve.watched == [5] * 20 + [1] * 70
    assert {second: count for second, count in enumerate(curve.stopped) if count} == {20: 4, 89: 1}
    assert list(WatchProgress.objects.order_by("pk").values()) == before


def test_a_record_that_was_joined_into_another_counts_once(scene):
    rows = [watched(scene, (0, 50)) for _number in range(6)]
    Enrolment.objects.filter(pk=rows[0].enrolment_id).update(joined_into=rows[1].enrolment_id)
    assert retention.curve_of(scene.activity).learners == 5
    assert retention.videos_of(scene.trainer).get().learners == 5


SETS = st.lists(st.lists(st.booleans(), min_size=0, max_size=40), min_size=0, max_size=70)


@given(SETS)
@settings(max_examples=80, deadline=None)
def test_columns_count_as_one_counts_by_hand(sets):
    columns, length = retention.Columns(), 40
    for one in sets:
        columns.add(sum(1 << place for place, bit in enumerate(one) if bit))
    assert columns.counts(length) == [sum(s < len(one) and one[s] for one in sets) for s in range(length)]


def test_the_queries_do_not_grow(scene):
    counts = []
    for more in (5, 7):
        for _number in range(more):
            watched(scene, (0, 50), position=50)
        with CaptureQueriesContext(connection) as asked:
            retention.curve_of(Activity.objects.select_related("video").get(pk=scene.activity.pk))
        counts.append(len(asked))
    assert counts[0] == counts[1]


# The page ----------------------------------------------------------------------------------------------------------


def test_the_page_leads_to_a_second_of_the_video(client, scene):
    for _number in range(5):
        watched(scene, (0, 50), position=50)
    address = reverse("courses_retention:video", args=[scene.activity.public_id])
    assert address in client.get(reverse("courses_retention:index")).content.decode()
    page = client.get(f"{address}?segundo=50").content.decode()
    assert 'data-position="50"' in page
    assert "0:50" in page
    assert "style=" not in page.partition("bank-plot")[2].partition("</svg>")[0]
    for odd in ("-1", "x", "99999999", "²"):
        assert client.get(f"{address}?segundo={odd}").status_code == 200


def test_only_those_who_write_the_course(client, scene):
    address = reverse("courses_retention:video", args=[scene.activity.public_id])
    other = a_person()
    roles.grant(person=other, role="trainer", by=None)
    client.force_login(other)
    assert client.get(address).status_code == 404
    assert scene.activity.title not in client.get(reverse("courses_retention:index")).content.decode()
    client.force_login(somebody_with_role("administrator"))
    assert client.get(address).status_code == 200
    for person in (somebody_with_role("hr_delegate"), somebody_with_role("auditor"), an_employee()):
        client.force_login(person)
        assert client.get(address).status_code in {302, 403, 404}


def test_the_page_of_a_video_leads_to_its_curve_in_each_lesson_of_ones_own(client, scene):
    again = a_course(owner=scene.trainer, title="Otro curso con el mismo video")
    a_lesson(again, ("video", {"video": scene.video, "is_required": True}), title="La segunda lección")
    foreign = a_course(owner=a_person(), title="Curso ajeno")
    a_lesson(foreign, ("video", {"video": scene.video, "is_required": True}), title="Lección ajena")
    retired = a_lesson(scene.course, ("video", {"video": scene.video, "is_required": True}), title="Lección quitada")
    retired.unpublish()
    a_lesson(scene.course, ("video", {"video": a_video(), "is_required": True}), title="Otro video")
    found = curves.of(scene.video, scene.trainer)
    lesson = scene.course.lessons().first()
    assert {(one.title, one.place) for one in found} == {
        (lesson.title, scene.course.title),
        ("La segunda lección", "Otro curso con el mismo video"),
    }
    type(scene.video).objects.update(uploaded_by=scene.trainer)
    page = client.get(reverse("media_videos:edit", args=[scene.video.pk])).content.decode()
    assert "¿Dónde dejan de verlo?" in page
    for one in found:
        assert f'href="{one.url}"' in page
        assert client.get(one.url).status_code == 200
    unused = a_video(uploaded_by=scene.trainer)
    page = client.get(reverse("media_videos:edit", args=[unused.pk])).content.decode()
    assert "En ninguna lección" in page
    assert "¿Dónde dejan" not in page
    assert curves.of(scene.video, somebody_with_role("trainer")) == []


def test_queries_do_not_grow_with_the_lessons_of_a_video(scene, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        curves.of(scene.video, Person.objects.get(pk=scene.trainer.pk))
    for _number in range(3):
        course = a_course(owner=scene.trainer)
        a_lesson(course, ("video", {"video": scene.video, "is_required": True}))
    with django_assert_max_num_queries(7):
        assert len(curves.of(scene.video, Person.objects.get(pk=scene.trainer.pk))) == 4
