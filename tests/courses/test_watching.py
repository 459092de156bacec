"""Watched seconds: any order, any repetition, and never more than time allows."""

import itertools
import random
import uuid
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.domain import bitmap, enrolment, rewatching, spans, watching
from courses.domain.coverage import Coverage
from courses.models import ActivityCompletion, WatchProgress, WatchSegment
from lms.domain.errors import RuleBroken
from tests.courses.watching_cases import a_viewer, progress_of, segment, state_of, stretch
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def send(viewer, batch, **fields):
    return watching.record(person=viewer.person, batch=batch, at=fields.pop("at", viewer.at), **fields)


def outcomes(verdicts):
    return [(verdict.outcome, verdict.code) for verdict in verdicts]


def test_watching_all_of_it_is_all_of_it_and_completes_the_activity():
    viewer = a_viewer()
    verdicts = send(viewer, stretch(viewer.token, 0, 100))
    assert set(outcomes(verdicts)) == {("stored", "")}
    assert {verdict.standing for verdict in verdicts} == {
        watching.Standing(viewer.activity.public_id, viewer.video.public_id, 1, Coverage(100, 90, 100), ((0, 100),))
    }
    done = ActivityCompletion.objects.get(enrolment=viewer.enrolment)
    assert done.activity == viewer.activity
    assert done.facts == {
        "covered_seconds": 100,
        "length_seconds": 100,
        "needed_seconds": 90,
        "video": str(viewer.video.public_id),
        "cut": 1,
    }


def test_the_first_half_watched_twice_is_one_half():
    viewer = a_viewer()
    send(viewer, stretch(viewer.token, 0, 50))
    send(viewer, stretch(viewer.token, 0, 50, clock=100))
    assert progress_of(viewer).percent == 50
    assert not ActivityCompletion.objects.exists()


def test_dragging_to_the_end_is_not_completion():
    viewer = a_viewer()
    send(viewer, [segment(viewer.token, 97, 100, clock=2)], position=watching.Position(viewer.token, 100, 5))
    stored = progress_of(viewer)
    assert (stored.covered_seconds, stored.position_seconds) == (3, 100)
    assert not ActivityCompletion.objects.exists()


@pytest.mark.parametrize("elapsed", [0, 1, 7, 20])
def test_a_claim_of_everything_at_once_gets_no_more_than_twice_the_time_that_passed(elapsed):
    viewer = a_viewer()
    at = viewer.granted_at + timedelta(seconds=elapsed)
    claims = [
        segment(viewer.token, 0, 100, clock=0, clock_to=50),
        segment(viewer.token, 0, 100, clock=0, clock_to=elapsed + 5),
        segment(viewer.token, 0, 100, clock=0, clock_to=max(elapsed, 0.001)),
        *(segment(viewer.token, n, n + 1, clock=n / 2, clock_to=n / 2 + 0.5) for n in range(100)),
        *(segment(viewer.token, n, n + 1, clock=0, clock_to=max(elapsed, 0.5)) for n in range(100)),
    ]
    send(viewer, claims, at=at)
    stored = WatchProgress.objects.filter(activity=viewer.activity).first()
    assert (stored.covered_seconds if stored else 0) <= 2 * elapsed
    assert WatchSegment.objects.count() == len(claims)


def test_twice_the_speed_counts_in_full_and_three_times_not_at_all():
    viewer = a_viewer()
    double = [segment(viewer.token, n, n + 20, clock=n / 2, clock_to=n / 2 + 10, rate=2) for n in range(0, 100, 20)]
    send(viewer, double)
    assert progress_of(viewer).covered_seconds == 100
    other = a_viewer()
    triple = [segment(other.token, n, n + 30, clock=n / 3, clock_to=n / 3 + 10, rate=3) for n in range(0, 90, 30)]
    assert set(outcomes(send(other, triple))) == {("stored", "segment.too_fast")}
    assert progress_of(other).covered_seconds == 0


REASONS = {
    "clock.stopped": {"clock_to": 0.0},
    "clock.ahead": {"clock": 3600.0},
    "segment.too_fast": {"clock_to": 5.0},
    "segment.not_visible": {"is_visible": False},
}


@pytest.mark.parametrize(("code", "fields"), REASONS.items())
def test_what_does_not_count_is_kept_with_its_reason(code, fields):
    viewer = a_viewer()
    assert outcomes(send(viewer, [segment(viewer.token, 0, 15, **fields)])) == [("stored", code)]
    kept = WatchSegment.objects.get()
    assert (kept.grade, kept.reason, kept.credited_clock) == (WatchSegment.Grade.KEPT, code, [])
    assert progress_of(viewer).covered_seconds == 0


def test_outside_the_video_or_before_the_grant_does_not_count():
    viewer = a_viewer()
    far = [segment(viewer.token, 95, 110, clock=0), replace(segment(viewer.token, 0, 15), clock_from=-20.0)]
    assert outcomes(send(viewer, far)) == [("stored", "segment.past_the_end"), ("stored", "clock.stopped")]


def test_sound_alone_counts_in_the_background():
    viewer = a_viewer()
    assert outcomes(send(viewer, [segment(viewer.token, 0, 15, is_visible=False, is_audio=True)])) == [("stored", "")]


def test_a_token_older_than_thirty_days_no_longer_counts():
    viewer = a_viewer()
    late = viewer.granted_at + timedelta(days=30, seconds=1)
    assert outcomes(send(viewer, stretch(viewer.token, 0, 15), at=late)) == [("stored", "token.too_old")]
    assert outcomes(send(viewer, stretch(viewer.token, 15, 30), at=late - timedelta(seconds=2))) == [("stored", "")]


def test_a_segment_that_goes_backwards_or_nowhere_is_refused():
    viewer = a_viewer()
    backwards = [replace(segment(viewer.token, 10, 20), to_second=to) for to in (10.0, 5.0)]
    assert set(outcomes(send(viewer, backwards))) == {("refused", "segment.backwards")}
    assert not WatchSegment.objects.exists()


def test_another_persons_token_a_forged_and_a_broken_one_are_refused():
    viewer, other = a_viewer(), a_viewer()
    forged = viewer.token[:-1] + ("A" if viewer.token[-1] != "A" else "B")
    batch = [segment(token, 0, 15) for token in (other.token, forged, "", "x:y")]
    assert [verdict.code for verdict in send(viewer, batch)] == [
        "token.other_person",
        *["token.unreadable"] * 3,
    ]
    assert not WatchSegment.objects.exists()
    assert not WatchProgress.objects.exists()


def test_the_same_batch_a_hundred_times_is_one_batch():
    viewer = a_viewer()
    batch = stretch(viewer.token, 0, 45)
    send(viewer, batch)
    once = state_of(viewer)
    for _again in range(99):
        random.shuffle(batch)
        assert set(outcomes(send(viewer, batch))) == {("repeated", "")}
    assert state_of(viewer) == once
    assert WatchSegment.objects.count() == 3


def test_a_repetition_writes_nothing(django_assert_max_num_queries):
    viewer = a_viewer(length=600)
    batch = stretch(viewer.token, 0, 15 * (watching.FEW + 1))
    send(viewer, batch)
    with django_assert_max_num_queries(3 + 2) as asked:  # and a savepoint
        send(viewer, batch)
    assert not [query for query in asked.captured_queries if query["sql"].startswith(("INSERT", "UPDATE"))]


def test_statements_do_not_grow_with_the_batch(django_assert_max_num_queries):
    viewer = a_viewer(length=600)
    # Lock, read, write; of a long batch it is asked first what is known; a savepoint and its release.
    most = (3 if connection.vendor == "postgresql" else 4) + 2
    with django_assert_max_num_queries(most):
        send(viewer, stretch(viewer.token, 0, 30))
    with django_assert_max_num_queries(most + 1):
        send(viewer, stretch(viewer.token, 30, 330))


def test_the_same_id_with_another_body_is_a_conflict():
    viewer, other = a_viewer(), a_viewer()
    first = segment(viewer.token, 0, 15)
    send(viewer, [first])
    again = [replace(first, to_second=14.0), replace(first, id=uuid.uuid4()), replace(first, sequence=7)]
    assert outcomes(send(viewer, again)) == [("conflict", "segment.conflict")] * 3
    stolen = replace(first, token=other.token)
    assert outcomes(watching.record(person=other.person, batch=[stolen])) == [("conflict", "segment.conflict")]
    assert WatchSegment.objects.count() == 1


def test_the_same_segment_twice_in_one_batch_is_stored_once():
    viewer = a_viewer()
    first = segment(viewer.token, 0, 15)
    batch = [first, first, replace(first, to_second=9.0)]
    assert [verdict.outcome for verdict in send(viewer, batch)] == ["stored", "repeated", "conflict"]


def test_nobody_gains_on_two_videos_at_once():
    viewer = a_viewer()
    second = a_viewer(person=viewer.person)
    send(viewer, stretch(viewer.token, 0, 60))
    verdicts = send(viewer, stretch(second.token, 0, 60, device=uuid.uuid4()))
    assert set(outcomes(verdicts)) == {("stored", "segment.elsewhere")}
    assert progress_of(second).covered_seconds == 0
    assert set(outcomes(send(viewer, stretch(second.token, 0, 60, clock=60)))) == {("stored", "")}
    taken = [*progress_of(viewer).clock_spans, *progress_of(second).clock_spans]
    assert spans.length(spans.union(taken)) == pytest.approx(120, abs=0.01)


def test_two_videos_at_once_in_one_batch_share_the_clock():
    viewer = a_viewer()
    second = a_viewer(person=viewer.person, course=viewer.course)
    send(viewer, [*stretch(viewer.token, 0, 60), *stretch(second.token, 0, 60)])
    credited = [progress_of(one).covered_seconds for one in (viewer, second)]
    assert sorted(credited) == [0, 60]


def test_a_small_overlap_between_two_videos_takes_away_nothing():
    viewer = a_viewer()
    second = a_viewer(person=viewer.person)
    send(viewer, stretch(viewer.token, 0, 60))
    send(viewer, stretch(second.token, 0, 60, clock=57))
    assert progress_of(second).covered_seconds == 60


def test_a_replaced_video_leaves_what_was_watched_of_the_old_one():
    viewer = a_viewer()
    send(viewer, stretch(viewer.token, 0, 60))
    viewer.lesson.body[0].value["video"] = a_video(duration_seconds=30)
    viewer.lesson.save_revision().publish()
    viewer.activity.refresh_from_db()
    assert viewer.activity.video != viewer.video
    assert set(outcomes(send(viewer, stretch(viewer.token, 60, 95)))) == {("stored", "")}
    old = WatchProgress.objects.get(video=viewer.video)
    assert (old.covered_seconds, old.length_seconds) == (95, 100)
    assert ActivityCompletion.objects.get().facts["video"] == str(viewer.video.public_id)


def test_what_was_watched_before_leaving_counts_and_after_does_not():
    viewer = a_viewer()
    enrolment.withdraw(enrolment=viewer.enrolment, by=viewer.person, at=viewer.granted_at + timedelta(seconds=32))
    verdicts = send(viewer, stretch(viewer.token, 0, 60))
    assert outcomes(verdicts) == [("stored", "")] * 2 + [("stored", "enrolment.withdrawn")] * 2
    viewer.enrolment.refresh_from_db()
    with pytest.raises(RuleBroken) as broken:
        watching.grant_session(enrolment=viewer.enrolment, activity=viewer.activity)
    assert broken.value.code == "watching.nothing_to_watch"


def test_the_resume_position_is_the_newest_and_never_in_the_future():
    viewer = a_viewer()
    send(viewer, [], position=watching.Position(viewer.token, 40, 100))
    send(viewer, [], position=watching.Position(viewer.token, 10, 60))
    assert progress_of(viewer).position_seconds == 40
    send(viewer, [], position=watching.Position(viewer.token, 70, 10**8))
    stored = progress_of(viewer)
    assert (stored.position_seconds, stored.position_at) == (70, viewer.at)
    send(viewer, [segment(viewer.token, 0, 15, clock=3500)], at=viewer.at + timedelta(seconds=1))
    assert progress_of(viewer).position_seconds == 70


def test_a_position_under_another_persons_token_moves_nothing():
    viewer, other = a_viewer(), a_viewer()
    send(viewer, [], position=watching.Position(other.token, 40, 100))
    assert not WatchProgress.objects.exists()


PLAYED = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 15), st.integers(0, 400), st.sampled_from([0.5, 1, 2, 3])),
    min_size=1,
    max_size=12,
)


@SLOW
@given(PLAYED, st.data())
def test_any_order_repetition_and_split_from_two_devices_ends_in_the_same_state(played, data):
    viewer, twin = a_viewer(), a_viewer()
    made = [
        (start, min(start + length, 100), clock, clock + length / rate, uuid.uuid4(), uuid.UUID(int=1 + number % 2))
        for number, (start, length, clock, rate) in enumerate(played)
    ]

    def batch(token, order, salt):
        return [
            segment(token, start, end, clock=clock, clock_to=clock_to, device=device, id=uuid.UUID(int=key.int ^ salt))
            for start, end, clock, clock_to, key, device in order
        ]

    send(viewer, batch(viewer.token, made, 0))
    messy = data.draw(st.permutations(made + made[: len(made) // 2]))
    cut = data.draw(st.integers(0, len(messy)))
    for part in (messy[:cut], messy[cut:], messy):
        watching.record(person=twin.person, batch=batch(twin.token, part, 1), at=viewer.at)
    mine, theirs = state_of(viewer), state_of(twin)
    assert mine[0] == theirs[0]
    assert mine[2:] == theirs[2:]
    shift = twin.granted_at.timestamp() - viewer.granted_at.timestamp()
    moved = [bound + shift for span in mine[1] for bound in span]
    assert moved == pytest.approx([bound for span in theirs[1] for bound in span], abs=0.01)


@SLOW
@given(PLAYED)
def test_what_is_stored_equals_what_the_segments_add_up_to(played):
    viewer = a_viewer()
    second = a_viewer(person=viewer.person)
    for number, (start, length, clock, rate) in enumerate(played):
        token = (viewer if number % 2 else second).token
        end = min(start + length, 100)
        send(viewer, [segment(token, start, end, clock=clock, clock_to=clock + length / rate)])
    for one in WatchProgress.objects.all():
        fresh = rewatching.derive(one)
        stored = (bytes(one.bitmap), one.clock_spans, one.clock_until, one.covered_seconds)
        assert (bytes(fresh.bitmap), fresh.clock_spans, fresh.clock_until, fresh.covered_seconds) == stored
        assert one.covered_seconds <= bitmap.count(one.bitmap)
        WatchProgress.objects.filter(pk=one.pk).update(bitmap=b"", clock_spans=[], covered_seconds=0)
        rewatching.rebuild(one)
        one.refresh_from_db()
        assert (bytes(one.bitmap), one.clock_spans, one.clock_until, one.covered_seconds) == stored


@given(st.lists(st.tuples(st.floats(0, 99), st.floats(0.1, 40)), max_size=20))
def test_a_union_of_spans_is_sorted_apart_and_a_join(pairs):
    made = [(start, start + length) for start, length in pairs]
    joined = spans.union(made)
    assert spans.union(reversed(made)) == joined == spans.union([*joined, *made])
    assert all(left[1] < right[0] for left, right in itertools.pairwise(joined))
    assert spans.without((0, 200), joined) == spans.without((0, 200), spans.union(joined))
    free = spans.without((0, 200), joined)
    assert spans.length(free) + spans.length(joined) == pytest.approx(200)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=20), st.integers(1, 300))
def test_a_bitmap_is_the_set_of_its_seconds(pairs, length):
    runs = [bitmap.seconds_of(first, first + many, length) for first, many in pairs]
    expected = {second for first, after in runs for second in range(first, after)}
    merged = bitmap.with_runs(b"", runs, length)
    assert len(merged) == (length + 7) // 8
    assert bitmap.count(merged) == len(expected)
    assert {second for first, after in bitmap.runs_of(merged) for second in range(first, after)} == expected
    assert bitmap.with_runs(merged, runs, length) == merged


@pytest.mark.django_db(transaction=True)
def test_two_devices_at_the_same_moment_lose_nothing():
    viewer = a_viewer(length=600)
    second = watching.grant_session(enrolment=viewer.enrolment, activity=viewer.activity, at=viewer.granted_at)
    failures = []

    def play(token, device, start):
        try:
            for part in stretch(token, start, start + 60, clock=start, device=device):
                send(viewer, [part])
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [
        Thread(target=play, args=(token, uuid.UUID(int=number), number * 60))
        for number, token in enumerate([viewer.token, second] * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert progress_of(viewer).covered_seconds == 240


def test_somebody_who_is_not_enrolled_is_granted_nothing():
    viewer = a_viewer()
    other = a_course()
    a_lesson(other)
    stranger = enrolment.enrol(person=an_employee(), course=other, by=None)
    with pytest.raises(RuleBroken) as broken:
        watching.grant_session(enrolment=stranger, activity=viewer.activity)
    assert broken.value.code == "watching.nothing_to_watch"
