"""The editions of a course: what one stated is written down in the moment in which it ends, and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from courses.blocks import Stage
from courses.models import Activity, CourseEdition, CoursePage, Quiz


@dataclass(frozen=True)
class Ended:
    """An edition that ended: what it required, by the activities' keys, since when (None: always), and what it offered.

    `began_at` None: with the course. What was done by `ended_at` counts for it, whenever that comes to be known.
    """

    number: int
    began_at: datetime | None
    ended_at: datetime
    required: Mapping[int, datetime | None]
    optional: frozenset[int]


def read(number: int, began_at: datetime | None, ended_at: datetime, asked: Mapping[str, Any]) -> Ended:
    """A row as a value."""
    required = {int(key): datetime.fromisoformat(since) if since else None for key, since in asked["required"].items()}
    return Ended(number, began_at, ended_at, required, frozenset(asked["optional"]))


def note_end(page: CoursePage) -> None:
    """Write down what ends if `page` is saved as it is: its edition, by a new number or by being taken back.

    Part of the transaction that saves it. A translation has the number of its source, whatever was written in it.
    """
    before = CoursePage.objects.select_for_update(of=("self",), no_key=True).filter(pk=page.pk).first()
    source = (before or page).source
    if source.pk != page.pk:
        page.edition = source.edition
        return
    if before is None:
        return
    if before.live and not (page.live and page.edition == before.edition):
        _write(before)
    if page.edition != before.edition:
        others = CoursePage.objects.filter(translation_key=page.translation_key).exclude(pk=page.pk)
        others.update(edition=page.edition)


def _write(course: CoursePage) -> CourseEdition:
    others = CourseEdition.objects.filter(course_key=course.translation_key).exclude(number=course.edition)
    last, now = others.order_by("ended_at").last(), timezone.now()
    current = Activity.objects.current().filter(course_key=course.translation_key).exclude(stage=Stage.ENTRY)
    activities = list(current.select_related("quiz").order_by("order", "pk"))
    required = [one for one in activities if one.is_required]
    return CourseEdition.objects.create(
        course_key=course.translation_key,
        number=course.edition,
        began_at=last.ended_at if last else None,
        ended_at=now,
        noted_at=now,
        asked={
            "required": {one.pk: one.required_since.isoformat() if one.required_since else None for one in required},
            "optional": [one.pk for one in activities if not one.is_required],
        },
        said=_said(course, required),
    )


def _said(course: CoursePage, required: Sequence[Activity]) -> dict[str, Any]:
    """All that a completion copies from a course."""
    return {
        "title": course.title,
        "hours": str(course.hours),
        "virtual_hours": None if course.virtual_hours is None else str(course.virtual_hours),
        "certificate_kind": course.certificate_kind,
        "certificate_on_request": course.certificate_on_request,
        "certificate_months": course.certificate_months,
        "grace_days": course.grace_days,
        "renews_key": str(course.renews_key) if course.renews_key else None,
        "competency": course.proven,
        "programme": [lesson.title for lesson in course.lessons()],
        "activities": [_activity(one) for one in required],
    }


def _activity(one: Activity) -> dict[str, Any]:
    return {
        "id": one.pk,
        "key": str(one.block_key),
        "kind": one.kind,
        "title": one.title,
        "hours": None if one.hours is None else str(one.hours),
        "pass_percent": one.quiz.pass_percent if one.quiz else None,
    }


def activities_of(said: Mapping[str, Any]) -> list[Activity]:
    """What an edition required, in its order, as it stood at its end: unsaved, with the keys of what is there now."""
    return [_as_it_was(one) for one in said["activities"]]


def _as_it_was(one: Mapping[str, Any]) -> Activity:
    quiz = None if one["pass_percent"] is None else Quiz(pass_percent=one["pass_percent"])
    there = Decimal(one["hours"]) if one["hours"] else None
    key = UUID(one["key"])
    return Activity(pk=one["id"], block_key=key, kind=one["kind"], title=one["title"], hours=there, quiz=quiz)


def say(course: CoursePage, number: int, said: Mapping[str, Any]) -> None:
    """Put what an edition stated over what the page of its course says, in memory."""
    course.edition = number
    course.title, course.certificate_kind = said["title"], said["certificate_kind"]
    course.certificate_on_request = said.get("certificate_on_request", False)  # earlier rows have no word of it
    course.hours = Decimal(said["hours"])
    course.virtual_hours = Decimal(said["virtual_hours"]) if said["virtual_hours"] else None
    course.certificate_months, course.grace_days = said["certificate_months"], said["grace_days"]
    course.renews_key = UUID(said["renews_key"]) if said["renews_key"] else None


def ended_of(course: CoursePage) -> list[CourseEdition]:
    """Those before the edition in force, each as it ended last, the newest first."""
    rows = CourseEdition.objects.filter(course_key=course.translation_key).exclude(number=course.edition)
    return sorted({row.number: row for row in rows.order_by("ended_at")}.values(), key=lambda row: -row.number)
