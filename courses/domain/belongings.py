"""What of a person's record hangs in courses, and how it is joined to another record's and parted from it again.

The absorbed record keeps its enrolments as rows that wait (`joined_into`), with its watching summed up and its
completions, which certificates point to. What was learnt (segments, closed attempts, completed activities) moves to the
other record's enrolment in the same course, opened where there is none; watched seconds are joined. What the other
record did before stands in the journal; what it does afterwards is told from what moved by the keys that stand there.
"""

from base64 import b64decode, b64encode
from typing import Any

from django.db.models import Max
from django.utils.translation import ngettext

from courses.domain import bitmap, by_cut, crediting, digests, evaluation, seats, settling
from courses.models import (
    Activity,
    ActivityCompletion,
    AssignedPerson,
    Attempt,
    Attendance,
    Completion,
    Enrolment,
    FilledWorksheet,
    InvitationUse,
    LearningEvent,
    Registration,
    Waiver,
    WatchProgress,
    WatchSegment,
)
from lms.domain import belongings, handing, jobs
from lms.models import Person
from media.domain.timelines import Timeline, timeline_of_key

from . import erasing, telling

JUDGE = "courses.judge_joined"
HANDED = (
    "courses.Quiz.made_by",
    "courses.BankQuestion.made_by",
    "courses.QuestionVersion.made_by",
    "courses.QuestionTranslation.made_by",
    "courses.QuizTranslation.made_by",
    "courses.Topic.made_by",
    "courses.Answer.marked_by",
    "courses.CourseRule.made_by",
    "courses.CourseRule.confirmed_by",
    "courses.Waiver.made_by",
    "courses.Waiver.withdrawn_by",
    "courses.Assignment.made_by",
    "courses.Invitation.made_by",
    "courses.InPersonSession.trainer",
    "courses.Attendance.noted_by",
    "courses.Regrading.asked_by",
    "courses.MarkChange.made_by",
    "courses.LessonQuestion.person",
    "courses.LessonQuestion.answered_by",
)
# What an enrolment that is opened for a merge copies from the one that moves into it.
COPIED = ("course_id", "course_key", "enrolled_at", "withdrawn_at", "waiting_since", "last_seen_at", "last_lesson_key")


def merge(survivor: Person, absorbed: Person) -> dict[str, Any]:
    """Join every enrolment of `absorbed` into one of `survivor`, and hand over what they made."""
    locked = Enrolment.objects.select_for_update(of=("self",)).filter(person__in=[survivor, absorbed]).order_by("pk")
    mine: dict[Any, Enrolment] = {}
    theirs: list[Enrolment] = []
    for one in locked:
        if one.person_id == absorbed.pk:
            theirs.append(one)
        else:
            mine[one.course_key] = one
    joined = [_join(mine.get(one.course_key), one, survivor) for one in theirs]
    if joined:
        jobs.request(JUDGE, survivor.public_id)
    return {
        "joined": joined,
        "handed": handing.hand_over(survivor, absorbed, HANDED),
        "given": _give(survivor, absorbed),
        "evaluations": evaluation.hand_over(survivor, absorbed),
        "reminders": digests.hand_over(survivor, absorbed),
    }


def unmerge(survivor: Person, absorbed: Person, journal: dict[str, Any]) -> None:
    """Give each record back what it had; what the survivor did since stays with the survivor."""
    joined = journal["joined"]
    keys = [key for entry in joined for key in (entry["from"], entry["into"])]
    locked = Enrolment.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    found = {one.pk: one for one in locked}
    for entry in joined:
        _part(found[entry["into"]], found[entry["from"]], entry)
    if joined:
        jobs.request(JUDGE, survivor.public_id)
    handing.hand_back(survivor, absorbed, journal["handed"])
    handing.hand_back(survivor, absorbed, journal.get("given", {}))
    evaluation.hand_back(survivor, absorbed, journal.get("evaluations", []))
    digests.hand_back(journal.get("reminders", {}))


def _give(survivor: Person, absorbed: Person) -> dict[str, list[int]]:
    """What was assigned and by what they came in, unless the survivor has the same: one counts as one."""
    moved = {}
    for model, column in ((AssignedPerson, "assignment"), (InvitationUse, "invitation")):
        rows: Any = model._base_manager
        mine = rows.filter(person=survivor).values(column)
        found = rows.filter(person=absorbed).exclude(**{f"{column}__in": mine})
        if keys := sorted(found.values_list("pk", flat=True)):
            rows.filter(pk__in=keys).update(person=survivor)
            moved[f"courses.{model.__name__}.person"] = keys
    return moved


def _join(into: Enrolment | None, source: Enrolment, survivor: Person) -> dict[str, Any]:
    is_new = into is None
    if into is None:
        copied = {name: getattr(source, name) for name in COPIED}
        into = Enrolment.objects.create(person=survivor, **copied)
        changed: handing.Columns = {}
    else:
        changed = _join_columns(into, source)
    Enrolment.objects.filter(pk=source.pk).update(joined_into=into)
    return {
        "from": source.pk,
        "into": into.pk,
        "is_new": is_new,
        "columns": changed,
        "segments": _move(source.watch_segments, into),
        "events": _move(source.learning_events, into),
        "attempts": _move_attempts(into, source),
        "activities": _move_activities(into, source),
        "waivers": _move_waivers(into, source),
        "last_activity": into.activity_completions.aggregate(last=Max("pk"))["last"] or 0,
        "watched": _join_watching(into, source),
        "attendance": _move_attendance(into, source),
        "seats": _move_seats(into, source),
        "worksheets": _move_worksheets(into, source),
    }


def _join_columns(into: Enrolment, source: Enrolment) -> handing.Columns:
    """Entered with the first, left only with the last, seen where seen last."""
    ends = [into.withdrawn_at, source.withdrawn_at]
    waits = [since for since in (into.waiting_since, source.waiting_since) if since]
    newest = max(into, source, key=lambda one: one.last_seen_at)
    return handing.write(
        into,
        enrolled_at=min(into.enrolled_at, source.enrolled_at),
        withdrawn_at=None if None in ends else max(end for end in ends if end),
        waiting_since=None if None in ends else min(waits, default=None),
        last_lesson_key=newest.last_lesson_key,
        last_seen_at=newest.last_seen_at,
    )


def _move(rows: Any, into: Enrolment) -> list[int]:
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.update(enrolment=into)
    return keys


def _move_attempts(into: Enrolment, source: Enrolment) -> list[list[int]]:
    """Closed attempts, numbered after those that are there: [key, number before]. An open one waits where it is."""
    counts = Attempt.objects.filter(enrolment=into).values_list("activity").annotate(last=Max("number"))
    last: dict[int, int] = dict(counts)
    moved = []
    for attempt in source.attempts.filter(closed_at__isnull=False).order_by("activity", "number"):
        moved.append([attempt.pk, attempt.number])
        attempt.number = last[attempt.activity_id] = last.get(attempt.activity_id, 0) + 1
        attempt.enrolment = into
        attempt.save(update_fields=["number", "enrolment"])
    return moved


def _move_activities(into: Enrolment, source: Enrolment) -> list[int]:
    """Completed activities that the other record lacks; the rest are complete twice, and wait where they are."""
    done = into.activity_completions.values("activity")
    keys = list(source.activity_completions.exclude(activity__in=done).values_list("pk", flat=True))
    ActivityCompletion.objects.filter(pk__in=keys).update(enrolment=into)
    return keys


def _move_waivers(into: Enrolment, source: Enrolment) -> list[int]:
    """Exceptions from what the other record has none for; the rest wait where they are."""
    held = into.waivers.in_force().values("activity")
    keys = list(source.waivers.in_force().exclude(activity__in=held).values_list("pk", flat=True))
    Waiver.objects.filter(pk__in=keys).update(enrolment=into)
    return keys


def _move_attendance(into: Enrolment, source: Enrolment) -> list[int]:
    keys = list(source.attendance.order_by("pk").values_list("pk", flat=True))
    source.attendance.update(enrolment=into)
    return keys


def _move_seats(into: Enrolment, source: Enrolment) -> list[int]:
    """Seats in sessions where the other record holds none; of two seats one waits where it is, and is free."""
    mine = Registration.objects.active().filter(enrolment=into).values("session")
    held = source.registrations.filter(cancelled_at=None).exclude(session__in=mine)
    keys = list(held.order_by("pk").values_list("pk", flat=True))
    Registration.objects.filter(pk__in=keys).update(enrolment=into)
    return keys


def _move_worksheets(into: Enrolment, source: Enrolment) -> list[int]:
    """What was written on worksheets that the other record left empty; the rest waits where it is."""
    mine = set(into.worksheets.values_list("lesson_key", "block_key"))
    keys = [one.pk for one in source.worksheets.order_by("pk") if (one.lesson_key, one.block_key) not in mine]
    FilledWorksheet.objects.filter(pk__in=keys).update(enrolment=into)
    return keys


def _join_watching(into: Enrolment, source: Enrolment) -> list[dict[str, Any]]:
    """Union of the watched seconds and of the clock; what stood there before goes into the journal."""
    mine = {(one.activity_id, one.video_id): one for one in into.watch_progress.all()}
    journal = []
    for theirs in source.watch_progress.order_by("pk"):
        own = mine.get((theirs.activity_id, theirs.video_id))
        before = _stored(own) if own else None
        own = own or WatchProgress(
            enrolment=into,
            activity_id=theirs.activity_id,
            video_id=theirs.video_id,
            length_seconds=theirs.length_seconds,
            cut=theirs.cut,
        )
        _unite(own, theirs)
        own.save()
        journal.append({"key": own.pk, "before": before, "position": handing.plain(own, "position_at")})
    return journal


def _unite(progress: WatchProgress, other: WatchProgress) -> None:
    """Grow `progress` by the seconds, the places and the clock of another one, cut by cut."""
    timeline = _timeline(progress, other)
    crediting.move_on(progress, other.cut, timeline)
    record, theirs = by_cut.read(progress), by_cut.read(other)
    for number, bits in theirs.seconds.items():
        length = crediting.length_of(progress, number, timeline)
        runs = [(first, min(after, length)) for first, after in bitmap.runs_of(bits)]
        record.seconds[number] = bitmap.with_runs(record.seconds.get(number, b""), runs, length)
    by_cut.write(progress, record, timeline)
    for number, (at, second) in theirs.places.items():
        crediting.move(progress, at, second, number, timeline)
    crediting.tally(progress, other.clock_spans)


def _timeline(*rows: WatchProgress) -> Timeline:
    return timeline_of_key(rows[0].video_id) if max(row.cut for row in rows) > 1 else crediting.ONE_CUT


def _stored(progress: WatchProgress) -> dict[str, Any]:
    return {
        "cut": progress.cut,
        "by_cut": progress.by_cut,
        "bitmap": b64encode(bytes(progress.bitmap)).decode(),
        "clock_spans": progress.clock_spans,
        "covered_seconds": progress.covered_seconds,
        "position_seconds": progress.position_seconds,
        "position_at": handing.plain(progress, "position_at"),
    }


def _part(into: Enrolment, source: Enrolment, entry: dict[str, Any]) -> None:
    Enrolment.objects.filter(pk=source.pk).update(joined_into=None)
    WatchSegment.objects.filter(pk__in=entry["segments"], enrolment=into).update(enrolment=source)
    _part_attempts(into, source, entry["attempts"])
    LearningEvent.objects.filter(pk__in=entry.get("events", []), enrolment=into).update(enrolment=source)
    ActivityCompletion.objects.filter(pk__in=entry["activities"], enrolment=into).update(enrolment=source)
    Waiver.objects.filter(pk__in=entry.get("waivers", ()), enrolment=into).update(enrolment=source)
    _part_watching(into, entry["watched"])
    # Merges of before there were sessions have none in their journal.
    Attendance.objects.filter(pk__in=entry.get("attendance", []), enrolment=into).update(enrolment=source)
    Registration.objects.filter(pk__in=entry.get("seats", []), enrolment=into).update(enrolment=source)
    FilledWorksheet.objects.filter(pk__in=entry.get("worksheets", []), enrolment=into).update(enrolment=source)
    if entry["is_new"] and _is_empty(into):
        into.delete()
        return
    handing.rewrite(into, entry["columns"])
    _forget_what_rested_on_both(into, entry["last_activity"])


def _part_attempts(into: Enrolment, source: Enrolment, moved: list[list[int]]) -> None:
    numbers = {key: number for key, number in moved}
    for attempt in Attempt.objects.filter(pk__in=numbers, enrolment=into).order_by("number"):
        attempt.enrolment, attempt.number = source, numbers[attempt.pk]
        attempt.save(update_fields=["enrolment", "number"])
    last: dict[int, int] = {}
    for attempt in into.attempts.order_by("activity", "number"):
        last[attempt.activity_id] = number = last.get(attempt.activity_id, 0) + 1
        if attempt.number != number:
            attempt.number = number
            attempt.save(update_fields=["number"])


def _part_watching(into: Enrolment, journal: list[dict[str, Any]]) -> None:
    """What was there before, and the segments that are there now."""
    for entry in journal:
        progress = WatchProgress.objects.filter(pk=entry["key"]).first()
        if progress is None:
            continue
        before = entry["before"] or {}
        left = list(into.watch_segments.filter(activity=progress.activity_id, video=progress.video_id))
        if not before and not left:
            progress.delete()
            continue
        record, timeline = _recorded(before), _timeline(progress)
        if handing.plain(progress, "position_at") != entry["position"]:
            record.places = by_cut.read(progress).places
        by_cut.write(progress, record, timeline)
        progress.clock_spans = before.get("clock_spans", [])
        crediting.grow(progress, left, timeline)
        progress.save()


def _recorded(stored: dict[str, Any]) -> by_cut.Record:
    """What `_stored` kept, cut by cut."""
    if not stored:
        return by_cut.Record({}, {})
    at = stored["position_at"] and WatchProgress._meta.get_field("position_at").to_python(stored["position_at"])
    columns = {name: stored[name] for name in ("cut", "by_cut") if name in stored}
    bits = b64decode(stored["bitmap"])
    return by_cut.read(
        WatchProgress(bitmap=bits, position_at=at, position_seconds=stored["position_seconds"], **columns)
    )


def _is_empty(enrolment: Enrolment) -> bool:
    told = (Attempt, WatchSegment, WatchProgress, ActivityCompletion, LearningEvent)
    rows = (Completion, Attendance, Registration, Waiver, FilledWorksheet, *told)
    return not any(model._base_manager.filter(enrolment=enrolment).exists() for model in rows)


def _forget_what_rested_on_both(enrolment: Enrolment, last_before: int) -> None:
    """Videos completed since that only both records together had watched enough of are not complete any more.

    Unless the course was completed by them: what somebody completed stays completed.
    """
    if enrolment.completions.exists():
        return
    done = enrolment.activity_completions.filter(activity__kind=Activity.Kind.VIDEO, pk__gt=last_before)
    for one in done:
        watched = enrolment.watch_progress.filter(activity=one.activity_id).aggregate(best=Max("covered_seconds"))
        if (watched["best"] or 0) < one.facts.get("needed_seconds", 0):
            one.delete()


def count(person: Person) -> list[str]:
    """Enrolments, completed courses and attempts, in short phrases."""
    enrolments = Enrolment.objects.for_person(person).filter(joined_into=None)
    attempts = Attempt.objects.filter(enrolment__in=enrolments).count()
    entered, completed = enrolments.count(), Completion.objects.of_family(person).count()
    return [
        ngettext("%(n)d inscripción", "%(n)d inscripciones", entered) % {"n": entered},
        ngettext("%(n)d curso completado", "%(n)d cursos completados", completed) % {"n": completed},
        ngettext("%(n)d intento de cuestionario", "%(n)d intentos de cuestionario", attempts) % {"n": attempts},
    ]


@jobs.performs(JUDGE)
def judge(claim: jobs.Claim) -> None:
    """Complete what a person's work suffices for, after records were joined or parted."""
    person = Person.objects.get(public_id=claim.job.subject)
    for enrolment in Enrolment.objects.active().for_person(person).order_by("pk"):
        settling.settle_one(enrolment)
    for course_key in Enrolment.objects.for_person(person).values_list("course_key", flat=True):
        seats.fill_course(course_key)


belongings.register(
    belongings.Belongings(
        name="courses",
        count=count,
        claims=frozenset(
            {
                *("courses.Completion", "courses.Enrolment", "courses.Answer"),
                *("courses.CourseRule", "courses.Waiver"),
                *("courses.Assignment", "courses.AssignedPerson", "courses.Invitation", "courses.InvitationUse"),
                *("courses.InPersonSession", "courses.Attendance"),
                *("courses.MarkChange", "courses.Regrading"),
                *("courses.Quiz", "courses.BankQuestion", "courses.QuestionVersion", "courses.Topic"),
                *("courses.QuestionTranslation", "courses.QuizTranslation"),
                *("courses.LessonQuestion", "courses.Evaluation", "courses.DigestChoice"),
            }
        ),
        history=frozenset({"courses.Digest.person"}),
        tell=telling.tell,
        merge=merge,
        unmerge=unmerge,
        erase=erasing.erase,
        assert_erasable=erasing.assert_erasable,
    )
)
