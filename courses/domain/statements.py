"""What was learnt as statements of the Experience API (xAPI 1.0.3 and 2.0, IEEE 9274.1.1), with its Video Profile 1.0.

Made of what counts: credited stretches, closed attempts, completed activities and courses. A statement's id is computed
from what it tells of and of whom, so the same export twice gives the same statements, and a store keeps each once.
Nothing of it is written down here; times are UTC, durations ISO 8601.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from courses.domain import bitmap, tongues
from courses.domain.statement_answers import interaction, response
from courses.models import (
    Activity,
    ActivityCompletion,
    Answer,
    Attempt,
    Completion,
    CoursePage,
    Enrolment,
    WatchProgress,
    WatchSegment,
)
from courses.questions.prose import to_plain
from lms.domain import audit
from lms.models import Person
from lms.models.people import youngest_adult_birth

VERSIONS = {"1.0.3": "1.0.3", "2.0": "2.0.0"}
IDS = UUID("6f2c5f0e-3c0b-5d5e-9a57-0d8c0e6f2a11")  # of our statements, and of nothing else
VIDEO = "https://w3id.org/xapi/video"
VERBS = {
    "initialized": ("http://adlnet.gov/expapi/verbs/initialized", "comenzó", "initialized"),
    "played": (f"{VIDEO}/verbs/played", "reprodujo", "played"),
    "completed": ("http://adlnet.gov/expapi/verbs/completed", "completó", "completed"),
    "answered": ("http://adlnet.gov/expapi/verbs/answered", "respondió", "answered"),
    "passed": ("http://adlnet.gov/expapi/verbs/passed", "aprobó", "passed"),
    "failed": ("http://adlnet.gov/expapi/verbs/failed", "no aprobó", "failed"),
}
TYPES = {
    "video": f"{VIDEO}/activity-type/video",
    "quiz": "http://adlnet.gov/expapi/activities/assessment",
    "reading": "http://adlnet.gov/expapi/activities/lesson",
    "course": "http://adlnet.gov/expapi/activities/course",
    "question": "http://adlnet.gov/expapi/activities/cmi.interaction",
}
PLAYED = f"{VIDEO}/extensions/played-segments"
CHUNK = 100
Watched = WatchSegment | WatchProgress
Statement = dict[str, Any]


def of_person(person: Person, *, version: str = "2.0") -> Iterator[Statement]:
    """Everything that a person learnt, for the person; queries do not grow with the steps."""
    enrolments = Enrolment.objects.filter(person__in=Person.objects.family(person), joined_into=None)
    return _of_each(enrolments, version, is_own=True)


def of_course(course: CoursePage, *, by: Person, version: str = "2.0", with_minors: bool = True) -> Iterator[Statement]:
    """What everybody learnt in a course: people under names that say nothing, no words of their own. Audited.

    Without minors: for who knows the class, to whom the times alone would say who somebody is.
    """
    audit.record(
        "course.statements_taken",
        by=by,
        subject=f"courses.course:{course.translation_key}",
        facts={"course": str(course.translation_key), "version": VERSIONS[version]},
    )
    enrolments = Enrolment.objects.filter(course_key=course.translation_key, joined_into=None)
    if not with_minors:
        enrolments = enrolments.exclude(person__born_on__gt=youngest_adult_birth(timezone.localdate()))
    return _of_each(enrolments, version, is_own=False)


def _of_each(enrolments: QuerySet[Enrolment], version: str, *, is_own: bool) -> Iterator[Statement]:
    closed = Attempt.objects.filter(closed_at__isnull=False).select_related("activity", "quiz")
    attempts = tongues.with_titles(closed)
    answers = Answer.objects.filter(answered_at__isnull=False).select_related("version__question", "translation")
    counted = WatchSegment.objects.filter(grade=WatchSegment.Grade.CREDITED)
    whole = (
        enrolments.order_by("pk")
        .select_related("person", "course__locale")
        .prefetch_related(
            Prefetch("watch_segments", counted.select_related("activity__video", "video")),
            Prefetch("watch_progress", WatchProgress.objects.select_related("activity", "video").order_by("pk")),
            Prefetch("attempts", attempts.prefetch_related(Prefetch("answers", answers))),
            Prefetch("activity_completions", ActivityCompletion.objects.select_related("activity").order_by("pk")),
            Prefetch("completions", Completion.objects.order_by("pk")),
        )
    )
    for enrolment in whole.iterator(chunk_size=CHUNK):
        yield from _Teller(enrolment, VERSIONS[version], is_own=is_own).tell()


class _Teller:
    """The statements of one enrolment."""

    def __init__(self, enrolment: Enrolment, version: str, *, is_own: bool) -> None:
        self.enrolment, self.version, self.is_own = enrolment, version, is_own
        self.name = str(enrolment.person.public_id) if is_own else self._masked(enrolment.person.public_id)
        self.actor = {"objectType": "Agent", "account": {"homePage": settings.PUBLIC_URL, "name": self.name}}
        self.tag = tag_of(enrolment.course.locale.language_code)  # in which the source says what follows
        self.course = self._activity("course", enrolment.course_key, enrolment.course.title)

    def _masked(self, key: UUID) -> str:
        """A name for one person in one course that leads to nobody without our key."""
        told = f"{self.enrolment.course_key}/{key}"
        return salted_hmac("courses.statements", told, algorithm="sha256").hexdigest()[:32]

    def tell(self) -> Iterator[Statement]:
        """All of them, kind by kind."""
        yield from self._videos()
        for attempt in self.enrolment.attempts.all():
            yield from self._attempt(attempt)
        for done in self.enrolment.activity_completions.all():
            if done.activity.kind == Activity.Kind.READING:
                yield self._made(
                    "completed",
                    ("activity", done.activity.public_id),
                    self._of(done.activity),
                    done.completed_at,
                    {"completion": True},
                )
        for made in self.enrolment.completions.all():
            result: Statement = {"completion": True, "duration": duration(made.completed_at - made.started_at)}
            if made.score_percent is not None:
                result["score"] = score(made.score_percent)
            yield self._made("completed", ("course", made.public_id), self.course, made.completed_at, result)

    def _made(
        self, verb: str, source: tuple, thing: Statement, at: datetime, result: Statement | None = None, **context: Any
    ) -> Statement:
        iri, spanish, english = VERBS[verb]
        told = "/".join(map(str, (self.name, verb, *source)))
        made: Statement = {
            "id": str(uuid5(IDS, told)),
            "actor": self.actor,
            "verb": {"id": iri, "display": {"es-GT": spanish, "en": english}},
            "object": thing,
            "context": {
                "registration": str(uuid5(IDS, f"{self.name}/{self.enrolment.course_key}")),
                "platform": "Aula Municipal",
                "contextActivities": {"parent": [self.course]} | context.pop("activities", {}),
                **context,
            },
            "timestamp": moment(at),
            "version": self.version,
        }
        return made | ({"result": result} if result else {})

    # Videos

    def _videos(self) -> Iterator[Statement]:
        begun: set[UUID] = set()
        every = self.enrolment.watch_segments.all()
        for played in sorted(every, key=lambda one: (one.granted_at, one.clock_from, one.client_id)):
            if played.session not in begun:
                begun.add(played.session)
                yield self._video("initialized", (played.session,), played, played.granted_at, played.session)
            at = played.granted_at + timedelta(seconds=played.clock_from)
            run = [(played.from_second, played.to_second)]
            yield self._video("played", (played.client_id,), played, at, played.session, result=_seen(run))
        watched = {(one.activity_id, one.video_id): one for one in self.enrolment.watch_progress.all()}
        for done in self.enrolment.activity_completions.all():
            progress = watched.get((done.activity_id, done.activity.video_id or 0))
            if done.activity.kind == Activity.Kind.VIDEO and progress:
                yield self._video_completed(done, progress)

    def _video_completed(self, done: ActivityCompletion, progress: WatchProgress) -> Statement:
        """Says all that was watched by now: when that grows, it is another statement."""
        runs = bitmap.runs_of(bytes(progress.bitmap))
        played = sum(after - first for first, after in runs)
        result = _seen(runs) | {"completion": True, "duration": duration(timedelta(seconds=played))}
        result["extensions"][f"{VIDEO}/extensions/progress"] = round(played / max(1, progress.length_seconds), 3)
        session = uuid5(IDS, f"{self.name}/{done.activity.public_id}")
        source = (done.activity.public_id, result["extensions"][PLAYED])
        return self._video("completed", source, progress, done.completed_at, session, result=result)

    def _video(self, verb: str, source: tuple, row: Watched, at: datetime, session: UUID, **more: Any) -> Statement:
        extensions: Statement = {f"{VIDEO}/extensions/session-id": str(session)}
        if verb != "played":
            extensions[f"{VIDEO}/extensions/length"] = row.video.length_seconds
            source = (*source, row.video.length_seconds)
        category = {"category": [{"objectType": "Activity", "id": VIDEO}]}
        thing = self._activity("video", row.activity.public_id, row.video.title)
        return self._made(verb, source, thing, at, activities=category, extensions=extensions, **more)

    # Quizzes

    def _attempt(self, attempt: Attempt) -> Iterator[Statement]:
        quiz = self._of(attempt.activity)
        if attempt.language and attempt.quiz_title != attempt.quiz.title:  # type: ignore[attr-defined]
            quiz["definition"]["name"][tag_of(attempt.language)] = attempt.quiz_title  # type: ignore[attr-defined]
        for answer in attempt.answers.all():
            yield self._answer(attempt, answer, quiz)
        if attempt.score_percent is None or attempt.closed_at is None:
            return
        result = {
            "score": score(attempt.score_percent),
            "completion": True,
            "duration": duration(attempt.closed_at - attempt.started_at),
        }
        verb = "completed"
        if not attempt.is_entry:  # which nobody passes nor fails
            verb, result["success"] = "passed" if attempt.is_passed else "failed", attempt.is_passed
        yield self._made(verb, ("attempt", attempt.public_id), quiz, attempt.closed_at, result)

    def _answer(self, attempt: Attempt, answer: Answer, quiz: Statement) -> Statement:
        said = answer.version.said
        asked = self._activity("question", uuid5(IDS, f"question/{answer.version.question_id}"), said.name)
        asked["definition"]["description"] = {self.tag: to_plain(said.text)} | _read_in(answer)
        asked["definition"]["interactionType"] = interaction(said.body)
        result: Statement = {}
        if (words := response(said.body, answer.given, with_own_words=self.is_own)) is not None:
            result["response"] = words
        if answer.percent is not None:
            result |= {"success": bool(answer.is_right), "score": score(answer.percent)}
        parents = {"parent": [quiz], "grouping": [self.course]}
        at = answer.answered_at or attempt.started_at
        return self._made(
            "answered", ("answer", attempt.public_id, answer.order), asked, at, result, activities=parents
        )

    def _activity(self, kind: str, key: object, name: str) -> Statement:
        address = f"{settings.PUBLIC_URL}/xapi/{kind}/{key}"
        definition = {"type": TYPES[kind], "name": {self.tag: name}}
        return {"objectType": "Activity", "id": address, "definition": definition}

    def _of(self, activity: Activity) -> Statement:
        return self._activity(activity.kind, activity.public_id, activity.title)


def tag_of(code: str) -> str:
    """A language as RFC 5646 tags it: the codes of our locales are tags; Spanish is that of the country."""
    return "es-GT" if code == "es" else code


def _read_in(answer: Answer) -> dict[str, str]:
    """The question in the language in which it was read, where that was not the source's."""
    read = answer.translation
    return {tag_of(read.language): to_plain(read.texts["text"])} if read and "text" in read.texts else {}


def _seen(runs: Sequence[Sequence[float]]) -> Statement:
    """What was played, and where it ended."""
    last = float(runs[-1][1]) if runs else 0.0
    return {"extensions": {f"{VIDEO}/extensions/time": round(last, 3), PLAYED: segments(runs)}}


def score(percent: Any) -> dict[str, float]:
    """A percent as xAPI has it."""
    return {"scaled": round(float(percent) / 100, 4), "raw": round(float(percent), 2), "min": 0, "max": 100}


def moment(at: datetime) -> str:
    """An instant in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(length: timedelta) -> str:
    """ISO 8601, in seconds to the hundredth; never negative."""
    return f"PT{max(0.0, length.total_seconds()):.2f}S".replace(".00S", "S")


def segments(runs: Iterable[Sequence[float]]) -> str:
    """Stretches as the Video Profile writes them: `0[.]12[,]14[.]20`."""
    return "[,]".join(f"{round(first, 3):g}[.]{round(after, 3):g}" for first, after in runs)
