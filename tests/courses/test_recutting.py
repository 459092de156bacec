"""A new cut while people are in the middle of the video."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.domain import bitmap, enrolment, recutting, rewatching, watch_tokens, watching
from courses.models import ActivityCompletion, WatchProgress, WatchSegment
from lms.models import Job
from media.models import Cut, Video
from tests.factories.people import an_employee

from .recutting_cases import recut, trimmed
from .watching_cases import a_viewer, progress_of, segment, stretch

pytestmark = pytest.mark.django_db


def send(viewer, batch, **fields):
    return watching.record(person=viewer.person, batch=batch, at=timezone.now(), **fields)


def runs_of(viewer):
    return bitmap.runs_of(bytes(progress_of(viewer).bitmap))


def token_of(viewer):
    """A page opened now, half an hour ago by its clock."""
    viewer.activity.refresh_from_db()
    return watching.grant_session(
        enrolment=viewer.enrolment, activity=viewer.activity, at=timezone.now() - timedelta(minutes=30)
    )


def test_a_trim_moves_whoever_is_in_the_middle(run_jobs, django_capture_on_commit_callbacks):
    viewer = a_viewer()
    send(viewer, stretch(viewer.token, 0, 40), position=watching.Position(viewer.token, 40, 41))
    assert recutting.in_the_middle(viewer.video) == 1
    with django_capture_on_commit_callbacks(execute=True):
        trimmed(viewer.video, 10, 70)
    assert progress_of(viewer).cut == 1
    assert run_jobs() == []
    moved = progress_of(viewer)
    assert (moved.cut, moved.length_seconds, moved.covered_seconds, moved.position_seconds) == (2, 60, 30, 30)
    assert runs_of(viewer) == [(0, 30)]
    assert recutting.in_the_middle(Video.objects.get(pk=viewer.video.pk)) == 1
    # Done again it changes nothing.
    recutting.request(Video.objects.get(pk=viewer.video.pk))
    run_jobs()
    assert WatchProgress.objects.filter(pk=moved.pk).values().get() == {
        name: value for name, value in vars(moved).items() if not name.startswith("_")
    }


def test_late_segments_of_the_old_cut_count_where_they_are_now(run_jobs):
    viewer = a_viewer()
    send(viewer, stretch(viewer.token, 0, 20))
    trimmed(viewer.video, 10, 70)
    # Before the job ran, and after; the second half of it was cut away.
    send(viewer, stretch(viewer.token, 20, 35, clock=100))
    assert runs_of(viewer) == [(0, 25)]
    run_jobs()
    verdicts = send(viewer, stretch(viewer.token, 65, 80, clock=200))
    assert [(one.outcome, one.code) for one in verdicts] == [("stored", "")]
    assert runs_of(viewer) == [(0, 25), (55, 60)]
    # Measured by the cut that it was played on: the new one would have ended.
    assert send(viewer, [segment(token_of(viewer), 65, 80)])[0].code == "segment.past_the_end"
    send(viewer, [segment(token_of(viewer), 30, 40)])
    assert runs_of(viewer) == [(0, 25), (30, 40), (55, 60)]
    assert set(WatchSegment.objects.values_list("cut", flat=True)) == {1, 2}
    stored, derived = progress_of(viewer), rewatching.derive(progress_of(viewer))
    for name in ("bitmap", "by_cut", "covered_seconds", "clock_spans", "position_seconds"):
        assert getattr(derived, name) == getattr(stored, name), name


def test_what_is_told_is_of_the_cut_in_use_before_anybody_was_moved():
    """A batch that comes again changes nothing, and its page may be one that was opened since."""
    viewer = a_viewer()
    batch = stretch(viewer.token, 0, 20)
    assert {(one.standing.cut, one.standing.runs) for one in send(viewer, batch)} == {(1, ((0, 20),))}
    trimmed(viewer.video, 10, 70)
    again = send(viewer, batch)
    assert {one.outcome for one in again} == {"repeated"}
    assert {(one.standing.cut, one.standing.runs, one.standing.coverage.length_seconds) for one in again} == {
        (2, ((0, 10),), 60)
    }
    assert progress_of(viewer).cut == 1


def test_what_was_cut_away_may_have_been_all_that_was_missing(run_jobs, django_capture_on_commit_callbacks):
    viewer = a_viewer()
    send(viewer, stretch(viewer.token, 10, 70))
    assert not ActivityCompletion.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        trimmed(viewer.video, 10, 70)
    run_jobs()
    done = ActivityCompletion.objects.get()
    assert (done.facts["cut"], done.facts["covered_seconds"], done.facts["length_seconds"]) == (2, 60, 60)


def test_whoever_is_done_stays_with_the_cut_they_watched(run_jobs, django_capture_on_commit_callbacks):
    done, halfway = a_viewer(), None
    send(done, stretch(done.token, 0, 95))
    before = WatchProgress.objects.filter(enrolment=done.enrolment).values().get()
    facts = ActivityCompletion.objects.values().get()
    halfway = an_employee()
    entered = enrolment.enrol(person=halfway, course=done.course, by=halfway)
    token = watching.grant_session(enrolment=entered, activity=done.activity, at=timezone.now() - timedelta(minutes=30))
    watching.record(person=halfway, batch=stretch(token, 0, 30), at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        recut(done.video, [], seconds=50)
    run_jobs()
    assert WatchProgress.objects.filter(enrolment=done.enrolment).values().get() == before
    assert ActivityCompletion.objects.values().get() == facts
    theirs = WatchProgress.objects.get(enrolment=entered)
    assert (theirs.cut, theirs.length_seconds, theirs.covered_seconds) == (2, 50, 0)
    assert not recutting.behind(Video.objects.get(pk=done.video.pk)).exists()


def test_one_job_for_each_cut(django_capture_on_commit_callbacks):
    viewer = a_viewer()
    trimmed(viewer.video, 10, 70)
    trimmed(viewer.video, 0, 100)
    assert {job.subject for job in Job.objects.filter(kind=recutting.KIND)} == {
        f"{viewer.video.public_id}/2",
        f"{viewer.video.public_id}/3",
    }


def test_the_job_moves_in_batches(run_jobs, django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(recutting, "BATCH", 2)
    first = a_viewer()
    for number in range(5):
        person = an_employee()
        entered = enrolment.enrol(person=person, course=first.course, by=person)
        WatchProgress.objects.create(
            enrolment=entered,
            activity=first.activity,
            video=first.video,
            length_seconds=100,
            bitmap=bitmap.with_runs(b"", [(0, 10 + number)], 100),
            clock_spans=[[0, 100]],
        )
    with django_capture_on_commit_callbacks(execute=True):
        trimmed(first.video, 10, 70)
    assert run_jobs() == []
    assert sorted(WatchProgress.objects.values_list("cut", "covered_seconds")) == [(2, number) for number in range(5)]


def test_a_token_from_before_there_were_cuts_is_of_the_first():
    viewer = a_viewer()
    grant = watch_tokens.read(viewer.token)
    assert grant.cut == 1
    packed = watch_tokens.WITHOUT_CUT.pack(
        *(one.bytes for one in (grant.person, grant.enrolment, grant.activity, grant.video, grant.session)),
        int(grant.granted_at.timestamp() * 1000),
    )
    old = watch_tokens.signing.Signer(salt=watch_tokens.SALT).sign(
        watch_tokens.base64.urlsafe_b64encode(packed).decode()
    )
    assert watch_tokens.read(old) == grant


def test_the_first_cut_gets_its_row_when_it_is_replaced():
    video = a_viewer().video
    recut(video, [(0, 100_000, 0)], seconds=120)
    assert list(Cut.objects.order_by("number").values_list("number", "state", "duration_seconds")) == [
        (1, "replaced", 100.0),
        (2, "in_use", 120.0),
    ]
