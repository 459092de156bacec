"""What the database knows of what somebody did in courses, in a constant number of statements. Read only."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q

from courses.domain import attended
from courses.models import (
    ActivityCompletion,
    AssignedPerson,
    Attempt,
    Completion,
    Enrolment,
    Waiver,
    WatchProgress,
    WatchSegment,
)
from courses.models.enrolment import EnrolmentQuerySet
from lms.models import reading

OPEN = Count("pk", filter=Q(closed_at=None))
AWAITING = Count("pk", filter=Q(closed_at__isnull=False, score_percent=None))
OF_WATCHING = tuple(field.attname for field in WatchProgress._meta.concrete_fields if field.name != "clock_spans")


@dataclass(frozen=True)
class Facts:
    """What the database knows of some enrolments, by (enrolment id, activity id)."""

    done: set[tuple[int, int]]
    watched: dict[tuple[int, int, int], WatchProgress]
    tried: dict[tuple[int, int], dict]
    completions: dict[tuple[int, UUID], Completion]
    waivers: dict[tuple[int, int], Waiver]
    attended: attended.Hours

    def done_count(self, enrolment: Enrolment | None) -> int:
        """How many activities somebody completed, also ones that were taken out of the course."""
        return sum(1 for key, _activity in self.done if enrolment and key == enrolment.pk)

    @cached_property
    def touched(self) -> dict[int, set[int]]:
        """The activities of which anything is known, by enrolment (keys)."""
        found: dict[int, set[int]] = defaultdict(set)
        for some in (self.done, self.watched, self.tried, self.waivers, self.attended):
            for enrolment, activity, *_video in some:
                found[enrolment].add(activity)
        return found


NO_FACTS = Facts(set(), {}, {}, {}, {}, {})


def with_signs(enrolments: EnrolmentQuerySet) -> EnrolmentQuerySet:
    """Enrolments that say for what else it is worth asking: most learners have no exception and never tried a quiz."""
    mine = {"enrolment": OuterRef("pk")}
    made = Completion.objects.order_by().filter(course_key=OuterRef("course_key"))
    asked = AssignedPerson.objects.binding().filter(assignment__course_key=OuterRef("course_key"))
    return enrolments.annotate(
        has_attempts=Exists(Attempt.objects.order_by().filter(**mine)),
        has_waivers=Exists(Waiver.objects.in_force().filter(**mine)),
        has_completions=Exists(made.filter(Q(person=OuterRef("person")) | Q(person__merged_into=OuterRef("person")))),
        has_uncounted=Exists(WatchSegment.objects.order_by().filter(grade=WatchSegment.Grade.KEPT, **mine)),
        is_asked=Exists(asked.filter(person=OuterRef("person"))),
    )


def _that(enrolments: list[Enrolment], sign: str) -> list[Enrolment]:
    """Those that have a sign, or of which nobody asked."""
    return [one for one in enrolments if getattr(one, sign, True)]


def load(enrolments: list[Enrolment], *, has_hours: bool, known: list[Completion] | None = None) -> Facts:
    """`has_hours` says that something is held in person; `known` are all completions of the one person asked for."""
    if not enrolments:
        return NO_FACTS
    ids = [enrolment.pk for enrolment in enrolments]
    done, watched = _deeds(ids)
    return Facts(
        done,
        watched,
        _tried(_that(enrolments, "has_attempts")),
        _made(_that(enrolments, "has_completions")) if known is None else _own(enrolments[0].person_id, known),
        _excused(_that(enrolments, "has_waivers")),
        attended.hours_of(ids) if has_hours else {},
    )


@cache
def _of_deeds(vendor: str) -> str:
    """What was completed, then what was watched."""
    theirs = reading.among("enrolment_id", "bigint")
    return (
        f"SELECT done.enrolment_id, done.activity_id{', NULL' * len(OF_WATCHING)}"  # noqa: S608 own names
        f" FROM {ActivityCompletion._meta.db_table} done WHERE {theirs}"
        f" UNION ALL SELECT NULL, NULL, {reading.columns(WatchProgress, 'seen', OF_WATCHING)}"
        f" FROM {WatchProgress._meta.db_table} seen WHERE {theirs}"
    )


def _deeds(enrolments: list[int]) -> tuple[set[tuple[int, int]], dict[tuple[int, int, int], WatchProgress]]:
    """In one statement."""
    chosen = reading.keys(enrolments)
    done, watched = set(), {}
    for enrolment, activity, *columns in reading.ask(_of_deeds(connection.vendor), [chosen, chosen]):
        seen = reading.build(WatchProgress, columns, OF_WATCHING)
        if seen is None:
            done.add((enrolment, activity))
        else:
            watched[seen.enrolment_id, seen.activity_id, seen.video_id] = seen
    return done, watched


def _tried(enrolments: list[Enrolment]) -> dict[tuple[int, int], dict]:
    """How often each quiz was tried, and how well."""
    if not enrolments:
        return {}
    each = Attempt.objects.of_their_stage().filter(enrolment__in=enrolments).values("enrolment_id", "activity_id")
    counted = each.annotate(count=Count("pk"), best=Max("score_percent"), open=OPEN, to_mark=AWAITING)
    return {(row["enrolment_id"], row["activity_id"]): dict(row) for row in counted}


def _excused(enrolments: list[Enrolment]) -> dict[tuple[int, int], Waiver]:
    """The exceptions that are in force."""
    if not enrolments:
        return {}
    waivers = Waiver.objects.in_force().filter(enrolment__in=enrolments).select_related("activity", "made_by")
    return {(item.enrolment_id, item.activity_id): item for item in waivers}


def _made(enrolments: list[Enrolment]) -> dict[tuple[int, UUID], Completion]:
    """The newest edition that each person completed of each course."""
    if not enrolments:
        return {}
    people = {enrolment.person_id for enrolment in enrolments}
    courses = [enrolment.course_key for enrolment in enrolments]
    completions = Completion.objects.with_holder().filter(holder__in=people, course_key__in=courses).order_by("edition")
    return {(item.holder, item.course_key): item for item in completions}


def _own(person: int, known: list[Completion]) -> dict[tuple[int, UUID], Completion]:
    return {(person, item.course_key): item for item in sorted(known, key=lambda item: item.edition)}
