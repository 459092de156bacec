"""What publishing changes in what a course asks for: shown before it is published, written down when it was."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from courses.domain import effects, rule_changes
from courses.domain.wanted import Wanted, wanted_of
from courses.models import Activity, CoursePage, LessonPage
from lms.domain import audit
from lms.models import AuditEvent

ACTION = "course.asks_changed"


@dataclass(frozen=True)
class Change:
    """What more is asked for, and what no longer, by title; and what that does to how many of those on the way."""

    more: list[str]
    less: list[str]
    on_the_way: int
    counts: Counter[str] | None = None


@dataclass(frozen=True)
class NewEdition:
    """An edition that publishing the course's draft would begin, the one that it would end, and who is on the way."""

    number: int
    ends: int
    on_the_way: int


def new_edition(course: CoursePage) -> NewEdition | None:
    """What publishing the draft of a course's own page would begin; None for the edition that there is."""
    draft = course.get_latest_revision_as_object() if course.has_unpublished_changes else course
    if draft.edition == course.edition or not (course.live and course.is_source):
        return None
    return NewEdition(draft.edition, course.edition, rule_changes.on_the_way(course).count())


def in_drafts(course: CoursePage) -> Change | None:
    """What publishing all drafts of a course would change; None for nothing. Only a few people are counted."""
    drafts = LessonPage.objects.child_of(course).filter(has_unpublished_changes=True).order_by("path")
    lessons = [draft.get_latest_revision_as_object() for draft in drafts if draft.live]
    current = list(Activity.objects.current().filter(course_key=course.translation_key).select_related("video", "quiz"))
    by_lesson: dict[UUID, list[Activity]] = defaultdict(list)
    for one in current:
        by_lesson[one.lesson_key].append(one)
    then = dict(by_lesson)
    for lesson in lessons:
        known = {one.block_key: one for one in by_lesson[lesson.translation_key]}
        then[lesson.translation_key] = [_as_it_would_be(known.get(one.block_key), one) for one in wanted_of(lesson)]
    after = [one for activities in then.values() for one in activities]
    more, less = _difference(current, after)
    if not more and not less:
        return None
    people = list(rule_changes.on_the_way(course)[: effects.AT_ONCE + 1])
    if len(people) > effects.AT_ONCE:
        return Change(more, less, rule_changes.on_the_way(course).count())
    found = Counter(effect.kind for effect in effects.compare(people, activities=then) if effect.kind)
    return Change(more, less, len(people), found)


def _as_it_would_be(known: Activity | None, wanted: Wanted) -> Activity:
    """An unsaved activity, with the key of the one that is there: what was done for it counts."""
    return Activity(pk=known.pk if known else 0, block_key=wanted.block_key, **wanted.fields)


def _difference(before: Iterable[Activity], after: Iterable[Activity]) -> tuple[list[str], list[str]]:
    then = {one.block_key: one.title for one in after if one.is_required}
    now = {one.block_key: one.title for one in before if one.is_required}
    more = [title for key, title in then.items() if key not in now]
    return more, [title for key, title in now.items() if key not in then]


def note(course: CoursePage, lesson: LessonPage, more: list[str], less: list[str]) -> None:
    """Write down what publishing a lesson changed for those on the way, and judge them if less is asked for now."""
    if not more and not less:
        return
    people = rule_changes.on_the_way(course).count()
    if not people:
        return
    revision = lesson.live_revision
    audit.record(
        ACTION,
        by=revision.user if revision else None,
        subject=_subject(course),
        facts={"course": str(course.translation_key), "more": more, "less": less, "on_the_way": people},
    )
    if less:
        rule_changes.request(course.translation_key, f"p{lesson.live_revision_id or lesson.pk}")


def noted(course: CoursePage) -> QuerySet[AuditEvent]:
    """What publishing changed, the newest first."""
    return AuditEvent.objects.filter(action=ACTION, subject=_subject(course)).order_by("-pk")


def _subject(course: CoursePage) -> str:
    return f"courses.coursepage:{course.translation_key}"
