"""Whatever way messages take, the state is that of what happened; and what was acknowledged never shrinks.

`HISTORIES=5000` tells as many random histories as that; a failure names its number, and `HISTORY=123` tells that one.
"""

import os
import random
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import pytest
from django.db import transaction
from django.utils import timezone

from courses.domain import activities, bitmap, by_cut, enrolment, events, spans, watching
from courses.models import Activity, ActivityCompletion, Answer, Attempt, Completion, LearningEvent, WatchProgress
from tests.courses.event_cases import a_learner, an_event, answered, handed_in, options, read, watched
from tests.courses.recutting_cases import recut, trimmed
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db
ONE = os.environ.get("HISTORY")
COUNT = int(os.environ.get("HISTORIES", "150"))
NUMBERS = [int(ONE)] if ONE else range(COUNT)
LENGTH, QUESTIONS = 60, 3
PHONES = (uuid.UUID(int=11), uuid.UUID(int=12))


@dataclass(frozen=True)
class Happening:
    """An event and when it really happened; its device's clock may be slow."""

    event: events.Event
    at: datetime


class History:
    """What one person does on two telephones within an hour, made of a number."""

    def __init__(self, number: int, learner) -> None:
        self.chance = random.Random(number)  # noqa: S311 (a history to repeat)
        self.learner = learner
        # A telephone that slept counts fewer seconds than passed; none counts more.
        self.slow = {phone: self.chance.choice([0, 0, 3, 40]) for phone in PHONES}
        self.told = sorted(self._happenings(), key=lambda one: one.at)

    def _happenings(self) -> list[Happening]:
        made = [self._watch() for _n in range(self.chance.randrange(1, 7))]
        made += [self._when(read(self.learner, self._clock(), id=self._id())) for _n in range(self.chance.randrange(3))]
        answers = [self._answer() for _n in range(self.chance.randrange(8))]
        made += answers + [self._move() for _n in range(self.chance.randrange(3))]
        if answers and self.chance.random() < 0.6:
            made += self._diligence() if self.chance.random() < 0.5 else []
            answers = [one for one in made if one.event.kind == "answered"]
            made.append(self._when(handed_in(self.learner, [one.event for one in answers], 2990, id=self._id())))
        return made

    def _diligence(self) -> list[Happening]:
        """All of the video, the reading, and answers that are right in the end."""
        played = [watched(self.learner, n, n + 15, clock=100 + n, id=self._id()) for n in range(0, LENGTH, 15)]
        right = self.learner.right.items()
        last = [answered(self.learner, n, chosen, 2930 + n, id=self._id()) for n, chosen in right]
        return [self._when(one) for one in [*played, read(self.learner, 90, id=self._id()), *last]]

    def _clock(self) -> float:
        # Whole seconds, so that some things happen at the same instant.
        return float(self.chance.randrange(100, 2900))

    def _when(self, event: events.Event) -> Happening:
        phone = self.chance.choice(PHONES)
        late = timedelta(seconds=event.clock + self.slow[phone])
        moved = events.Event(**{**vars(event), "device": phone})
        return Happening(moved, self.learner.granted_at + late)

    def _watch(self) -> Happening:
        start = self.chance.uniform(0, LENGTH - 10)
        end = min(LENGTH, start + self.chance.choice([0.4, 5, 15, 30]))
        event = watched(self.learner, start, end, clock=self._clock(), id=self._id())
        event.body["is_visible"] = self.chance.random() < 0.9
        return self._when(event)

    def _answer(self) -> Happening:
        question = self.chance.randrange(1, QUESTIONS + 1)
        chosen = self.chance.choice([[], self.learner.right[question], self.learner.wrong[question]])
        return self._when(answered(self.learner, question, chosen, self._clock(), id=self._id()))

    def _move(self) -> Happening:
        token = self.learner.tokens["video"]
        body = {"second": float(self.chance.randrange(LENGTH))}
        return self._when(an_event("position", token, self._clock(), id=self._id(), body=body))

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)

    def tell_in_order(self) -> None:
        """Each a moment after it happened, a few in one message."""
        for first in range(0, len(self.told), 4):
            some = self.told[first : first + 4]
            self._send(some, some[-1].at + timedelta(seconds=1))

    def tell_anyhow(self) -> None:
        """Late, in any order, some twice or three times, in batches of any size; what is early is sent again."""
        left = self.told + [self.chance.choice(self.told) for _n in range(self.chance.randrange(6))]
        self.chance.shuffle(left)
        at = self.learner.granted_at
        while left:
            size = self.chance.choice([1, 2, 5, 20])
            some, left = left[:size], left[size:]
            at = max([at, *(one.at for one in some)]) + timedelta(seconds=self.chance.choice([1, 60, 3600]))
            verdicts = self._send(some, at)
            assert {one.outcome for one in verdicts} <= {"stored", "early"}
            left += [one for one, verdict in zip(some, verdicts, strict=True) if verdict.outcome == "early"]

    def _send(self, some: list[Happening], at: datetime) -> list[events.Verdict]:
        return events.record(person=self.learner.person, batch=[one.event for one in some], at=at)

    def oracle(self) -> tuple:
        """What it must come to, told without the system."""
        seen = [one.event for one in self.told if one.event.kind == "watched" and one.event.body["is_visible"]]
        runs = [bitmap.seconds_of(one.body["from_second"], one.body["to_second"], LENGTH) for one in seen]
        bits = bitmap.with_runs(b"", runs, LENGTH)
        start = self.learner.granted_at.timestamp()
        clock = spans.union((round(start + one.body["clock_from"], 3), round(start + one.clock, 3)) for one in seen)
        covered = min(bitmap.count(bits), ceil(2 * round(spans.length(clock), 3)))
        last: dict[int, list[str]] = {}
        given = [one.event for one in self.told if one.event.kind == "answered"]
        for one in sorted(given, key=lambda one: (one.clock, one.id)):
            last[one.body["question"]] = one.body["fields"]["answer"]
        kinds = {one.event.kind for one in self.told}
        right = sum(last.get(n) == self.learner.right[n] for n in range(1, QUESTIONS + 1))
        score = 100 * right // QUESTIONS if "handed_in" in kinds else None
        done = {"video"} if covered >= 0.9 * LENGTH else set()
        done |= {"reading"} if "read" in kinds else set()
        done |= {"quiz"} if score is not None and score >= self.learner.attempt.pass_percent else set()
        return bits, covered, done, len(done) == 3, last, score


def state(learner) -> tuple:
    """What the system says of it, as the oracle."""
    seen = WatchProgress.objects.filter(enrolment=learner.enrolment).first()
    done = set(ActivityCompletion.objects.filter(enrolment=learner.enrolment).values_list("activity__kind", flat=True))
    written = Answer.objects.filter(attempt=learner.attempt, written_at__isnull=False).order_by("order")
    last = {one.order: one.given["chosen"] for one in written}
    score = Attempt.objects.values_list("score_percent", flat=True).get(pk=learner.attempt.pk)
    is_complete = Completion.objects.filter(enrolment=learner.enrolment).exists()
    return bytes(seen.bitmap), seen.covered_seconds, done, is_complete, last, score


def details(learner) -> tuple:
    """What has to be alike besides, however it was told."""
    seen = WatchProgress.objects.filter(enrolment=learner.enrolment).values("clock_spans", "position_seconds").get()
    kept = LearningEvent.objects.order_by("client_id").values_list("client_id", "kind", "happened_at", "digest")
    answers = Answer.objects.filter(attempt=learner.attempt).order_by("order").values_list("written_at", "written_by")
    return seen, list(kept), list(answers)


@contextmanager
def undone():
    """Nothing of it stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_any_way_of_telling_a_history_comes_to_what_happened():
    learner = a_learner(questions=QUESTIONS, length=LENGTH)
    learner.right = {n: options(learner.attempt, n) for n in range(1, QUESTIONS + 1)}
    learner.wrong = {n: options(learner.attempt, n, right=False) for n in range(1, QUESTIONS + 1)}
    ends = set()
    for number in NUMBERS:
        history = History(number, learner)
        with undone():
            history.tell_in_order()
            in_order, more = state(learner), details(learner)
        with undone():
            history.tell_anyhow()
            assert state(learner) == in_order, number
            for was, now in zip(more, details(learner), strict=True):
                assert was == now, number
        assert in_order == history.oracle(), number
        ends.add(in_order[3])
    assert ends == {True, False} or len(NUMBERS) < 100


# What an editor does meanwhile.


def acknowledged(learner) -> tuple:
    """What somebody was told is theirs: it may grow, nothing of it may go."""
    seen = {}
    for progress in WatchProgress.objects.filter(enrolment=learner.enrolment):
        for cut, bits in by_cut.read(progress).seconds.items():
            seen[progress.video_id, cut] = int.from_bytes(bits, "little")
    done = set(ActivityCompletion.objects.filter(enrolment=learner.enrolment).values_list("activity", flat=True))
    passed = set(Attempt.objects.filter(enrolment=learner.enrolment, is_passed=True).values_list("pk", flat=True))
    completed = set(Completion.objects.filter(enrolment=learner.enrolment).values_list("pk", flat=True))
    return seen, done, passed, completed


class Editor:
    """Does to a course whatever an editor may, at random."""

    def __init__(self, chance: random.Random, learner) -> None:
        self.chance, self.learner = chance, learner
        self.acts = [
            self.cut,
            self.retire,
            self.revive,
            self.ask,
            self.pass_mark,
            self.leave,
            self.come_back,
            self.other,
        ]

    def act(self) -> None:
        self.chance.choice(self.acts)()

    def cut(self) -> None:
        video = Activity.objects.get(pk=self.learner.video.pk).video
        if video.cut < 4 and video.length_seconds > 30:
            trimmed(video, 5, video.length_seconds) if self.chance.random() < 0.5 else recut(video, [], seconds=40)

    def retire(self) -> None:
        activities.retire_lesson(self.chance.choice(self.learner.lessons))

    def revive(self) -> None:
        for lesson in self.learner.lessons:
            activities.sync_lesson(lesson)

    def ask(self) -> None:
        self.learner.course.watch_threshold_percent = self.chance.choice([10, 50, 90, 100])
        self.learner.course.save()

    def pass_mark(self) -> None:
        quiz = self.learner.quiz.quiz
        quiz.pass_percent = self.chance.choice([10, 60, 100])
        quiz.save()

    def leave(self) -> None:
        enrolment.withdraw(enrolment=self.learner.enrolment, by=self.learner.person)

    def come_back(self) -> None:
        enrolment.enrol(person=self.learner.person, course=self.learner.course, by=self.learner.person)

    def other(self) -> None:
        """Another video in the place of the first."""
        found = Activity.objects.filter(pk=self.learner.video.pk)
        found.update(video=a_video(duration_seconds=50, rungs=()))


@pytest.mark.parametrize("number", NUMBERS if ONE else range(max(6, COUNT // 20)))
def test_what_was_acknowledged_never_shrinks_whatever_an_editor_does(number, run_jobs):
    learner = a_learner(questions=QUESTIONS, length=LENGTH)
    learner.right = {n: options(learner.attempt, n) for n in range(1, QUESTIONS + 1)}
    learner.wrong = {n: options(learner.attempt, n, right=False) for n in range(1, QUESTIONS + 1)}
    history = History(number, learner)
    chance, editor = history.chance, Editor(history.chance, learner)
    left = list(history.told)
    before = acknowledged(learner)
    while left:
        for _n in range(chance.randrange(3)):
            editor.act()
            run_jobs()
            before = grown(before, acknowledged(learner))
        video = Activity.objects.get(pk=learner.video.pk)
        token = watching.grant_session(enrolment=fresh(learner), activity=video) if fresh(learner).is_active else ""
        size = chance.choice([1, 3])
        some, left = left[:size], left[size:]
        batch = [one.event for one in some] + ([an_event("position", token, 0, body={"second": 1.0})] if token else [])
        events.record(person=learner.person, batch=batch, at=timezone.now())
        before = grown(before, acknowledged(learner))


def fresh(learner):
    """The enrolment as it stands."""
    learner.enrolment.refresh_from_db()
    return learner.enrolment


def grown(before: tuple, after: tuple) -> tuple:
    """`after`, which holds all that was there before."""
    for key, bits in before[0].items():
        assert after[0].get(key, 0) & bits == bits, key
    for was, now in zip(before[1:], after[1:], strict=True):
        assert was <= now
    return after
