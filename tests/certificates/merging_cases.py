"""People who learn at random, and everything that is kept about each of them, for tests of merging."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from certificates.domain import issuing
from certificates.models import Certificate
from courses.domain import completion, enrolment, grading, rewatching, settling, watching
from courses.models import Activity, Attempt, Completion, Enrolment, WatchProgress, WatchSegment
from lms.domain import networks, people, roles
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Membership, Municipality, Person, Post, RoleGrant
from media.models import Upload
from tests.courses.watching_cases import stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_cui, a_network, a_person, somebody_with_role

PLACES, POSTS = ("1413", "1401"), ("RECEP", "TES")
LENGTH = 60


class World:
    """Courses that are there for everybody: one with a video and a quiz, one with a reading, one of a network."""

    def __init__(self) -> None:
        self.admin = somebody_with_role("administrator")
        self.network = a_network()
        self.courses = [a_course(), a_course(), a_course(network=self.network)]
        video, quiz = a_video(duration_seconds=LENGTH, rungs=()), a_quiz(questions=1, max_attempts=0)
        required = {"is_required": True}
        a_lesson(self.courses[0], ("video", {"video": video, **required}), ("quiz", {"quiz": quiz, **required}))
        a_lesson(self.courses[1])
        a_lesson(self.courses[2])


class Story:
    """What some people do in a world, one act after another; every act is done or refused, none fails.

    `did` says which record did what: keys of segments, attempts and completions.
    """

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.people = [
            a_person(
                cui=a_cui() if number % 2 == 0 else "",
                email=f"p{uuid.uuid4().hex[:8]}@example.org" if number else None,
                password="" if number == 0 else "maíz-y-frijol",
            )
            for number in range(count)
        ]
        self.did: dict[Any, int] = {}
        self.at = timezone.now() - timedelta(days=20)

    def tell(self, acts: list[tuple]) -> None:
        """Do all of it."""
        for name, who, *facts in acts:
            self.at += timedelta(minutes=10)
            try:
                getattr(self, f"do_{name}")(Person.objects.get(pk=self.people[who].pk), *facts)
            except RuleBroken:
                continue
            self._note(who)

    def _note(self, who: int) -> None:
        """Whatever is new was done by whoever acted last."""
        for key in WatchSegment.objects.values_list("client_id", flat=True):
            self.did.setdefault(key, who)
        for key in Attempt.objects.values_list("public_id", flat=True):
            self.did.setdefault(key, who)
        for key in Completion.objects.values_list("public_id", flat=True):
            self.did.setdefault(key, who)

    def do_appoint(self, person: Person, number: int, is_confirmed: bool) -> None:
        people.appoint(
            person=person,
            post=Post.objects.get(code=POSTS[number % 2]),
            municipality=Municipality.objects.get(code=PLACES[number // 4]),
            starts_on=timezone.localdate(self.at) - timedelta(days=number),
            by=None if is_confirmed else person,
        )

    def do_dismiss(self, person: Person, number: int, _flag: bool) -> None:
        held = list(person.appointments.filter(ends_on=None, refused_at=None))
        if held:
            people.end_appointment(appointment=held[number % len(held)], ends_on=timezone.localdate(), by=None)

    def do_join(self, person: Person, number: int, is_coordinator: bool) -> None:
        networks.join(
            person=person,
            network=self.world.network,
            municipality=Municipality.objects.get(code=PLACES[number % 2]),
            by=self.world.admin,
            is_coordinator=is_coordinator,
        )

    def do_leave(self, person: Person, _number: int, _flag: bool) -> None:
        for membership in Membership.objects.current().filter(person=person):
            networks.leave(membership=membership, by=self.world.admin)

    def do_role(self, person: Person, number: int, _flag: bool) -> None:
        roles.grant(person=person, role=["trainer", "auditor"][number % 2], by=None)

    def do_upload(self, person: Person, number: int, _flag: bool) -> None:
        Upload.objects.create(person=person, file_name="a.mp4", size=number + 1, expires_at=timezone.now())

    def _entered(self, person: Person, number: int) -> Enrolment:
        course = self.world.courses[number % 3]
        return enrolment.enrol(person=person, course=course, by=person, at=self.at)

    def do_enrol(self, person: Person, number: int, _flag: bool) -> None:
        self._entered(person, number)

    def do_withdraw(self, person: Person, number: int, _flag: bool) -> None:
        for one in Enrolment.objects.active().for_person(person).filter(course=self.world.courses[number % 3]):
            enrolment.withdraw(enrolment=one, by=person, at=self.at)

    def do_watch(self, person: Person, number: int, _flag: bool) -> None:
        entered = self._entered(person, 0)
        activity = Activity.objects.get(course_key=entered.course_key, kind="video")
        token = watching.grant_session(enrolment=entered, activity=activity, at=self.at - timedelta(minutes=5))
        start = 10 * (number % 6)
        position = watching.Position(token=token, second=start + 5, clock=70)
        batch = stretch(token, start, min(LENGTH, start + 30), device=uuid.uuid4())
        watching.record(person=person, batch=batch, position=position, at=self.at)

    def do_read(self, person: Person, number: int, _flag: bool) -> None:
        entered = self._entered(person, 1 + number % 2)
        activity = Activity.objects.get(course_key=entered.course_key, kind="reading")
        completion.mark_read(enrolment=entered, activity=activity, at=self.at)

    def do_attempt(self, person: Person, number: int, is_handed_in: bool) -> None:
        entered = self._entered(person, 0)
        activity = Activity.objects.get(course_key=entered.course_key, kind="quiz")
        attempt = grading.start(enrolment=entered, activity=activity, attempt_id=uuid.uuid4(), at=self.at)
        given = attempt.answers.get()
        options = given.version.said.body.options
        right = [one.key for one in options if one.percent]
        wrong = [one.key for one in options if not one.percent]
        chosen = right if number % 2 else wrong[:1]
        grading.answer(attempt=attempt, order=given.order, given={"chosen": chosen}, at=self.at)
        if is_handed_in:
            grading.hand_in(attempt=attempt, at=self.at)

    def do_certify(self, _person: Person, _number: int, _flag: bool) -> None:
        for done in Completion.objects.order_by("pk"):
            if issuing.owe(done):
                issuing.issue(done.public_id)


ACTS = (
    "appoint", "appoint", "appoint", "dismiss", "join", "join", "leave", "role", "upload", "enrol", "withdraw",
    "watch", "watch", "read", "attempt", "attempt", "certify",
)  # fmt: skip


def judge(person: Person) -> None:
    """What the job does after a merge or an undo."""
    for one in Enrolment.objects.active().for_person(person):
        settling.settle_one(one)


def columns(row, *, without: tuple[str, ...] = ()) -> dict:
    """Every column of a row."""
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in without
    }


def rows(queryset, *, without: tuple[str, ...] = ()) -> list[dict]:
    """Every column of every row, in the order of the keys."""
    return [columns(row, without=without) for row in queryset.order_by("pk")]


def snapshot(person: Person) -> dict:
    """Everything that is kept under a record. That it was signed out in between is no part of it."""
    person = Person.objects.get(pk=person.pk)
    return {
        "identity": columns(person, without=("session_epoch",)),
        "groups": sorted(person.groups.values_list("name", flat=True)),
        "appointments": rows(Appointment.objects.filter(person=person)),
        "memberships": rows(Membership.objects.filter(person=person)),
        "roles": rows(RoleGrant.objects.filter(person=person)),
        "uploads": rows(Upload.objects.filter(person=person)),
        "enrolments": {one.course_key: _learnt(one) for one in Enrolment.objects.for_person(person)},
        "certificates": rows(Certificate.objects.filter(person=person)),
    }


def _learnt(one: Enrolment) -> dict:
    return {
        "row": columns(one),
        "segments": rows(one.watch_segments),
        "progress": [{**row, "bitmap": bytes(row["bitmap"])} for row in rows(one.watch_progress)],
        "attempts": rows(one.attempts),
        "answers": [rows(attempt.answers) for attempt in one.attempts.order_by("pk")],
        "activities": rows(one.activity_completions),
        "completions": rows(one.completions),
    }


def broken_sums() -> list[WatchProgress]:
    """Progress of standing enrolments that is not what its segments add up to."""
    wrong = []
    for progress in WatchProgress.objects.filter(enrolment__joined_into=None):
        fresh = rewatching.derive(progress)
        said = [(bytes(one.bitmap), one.clock_spans, one.covered_seconds) for one in (progress, fresh)]
        if said[0] != said[1]:
            wrong.append(progress)
    return wrong


def misnumbered() -> list[tuple]:
    """Quizzes in which the numbers of somebody's attempts are not 1, 2, 3 …; parked ones wait with theirs."""
    numbers: dict[tuple, list[int]] = {}
    for one in Attempt.objects.filter(enrolment__joined_into=None).order_by("number"):
        numbers.setdefault((one.enrolment_id, one.activity_id), []).append(one.number)
    return [key for key, found in numbers.items() if found != list(range(1, len(found) + 1))]
