"""Keeps the activities of a course in step with its published lessons."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from courses.domain import asking
from courses.domain.wanted import Wanted, wanted_of
from courses.models import Activity, CoursePage, LessonPage

BLOCKS_PER_LESSON = 1000
HEALED_FOR = timedelta(days=1)


def sync_lesson(lesson: LessonPage) -> None:
    """One activity for each video, quiz and part held in person of a published lesson, or a single reading.

    The others retire.

    Nothing is ever deleted: what comes back to the lesson is revived with everybody's progress. Repeating it changes
    nothing. The order of all activities of the course is brought up to date.
    """
    with transaction.atomic():
        lesson = lesson.source  # what a translation asks for is what its source asks for
        course = _locked_course(lesson.get_parent())
        if not course.is_source:
            return  # only a translation of the course has this lesson: nothing of it is asked
        # What is published by now, whoever published last.
        lesson = LessonPage.objects.get(pk=lesson.pk)
        _apply(course, lesson, wanted_of(lesson) if lesson.live and course.live else [])


def retire_lesson(lesson: LessonPage) -> None:
    """Nothing of a lesson that was taken back, or is being deleted, is asked any longer."""
    if not lesson.is_source:
        return
    with transaction.atomic():
        _apply(_locked_course(lesson.get_parent()), lesson, [])


def retire_course(course: CoursePage) -> None:
    """The same for a whole course."""
    if not course.is_source:
        return
    with transaction.atomic():
        course = _locked_course(course)
        Activity.objects.current().filter(course_key=course.translation_key).update(retired_at=timezone.now())


def sync_live(*, at=None) -> None:
    """Do again what a process that died right after publishing left undone; repeating it changes nothing."""
    at = at or timezone.now()
    for course in CoursePage.objects.live().filter(last_published_at__gte=at - HEALED_FOR):
        sync_course(course)
    for lesson in LessonPage.objects.live().filter(last_published_at__gte=at - HEALED_FOR).order_by("path"):
        sync_lesson(lesson)
    published = LessonPage.objects.live().sources().values("translation_key")
    left = Activity.objects.current().exclude(lesson_key__in=published)
    for key in left.values_list("pk", flat=True):
        # One at a time: no order of locks to keep.
        Activity.objects.filter(pk=key).update(retired_at=at)


def _locked_course(course: Page) -> CoursePage:
    """The course's row, locked first of all: changes to its activities come one after another."""
    return CoursePage.objects.select_for_update(of=("self",), no_key=True).get(pk=course.pk)


def _apply(course: CoursePage, lesson: LessonPage, wanted: list[Wanted]) -> None:
    keys = [item.block_key for item in wanted]
    kept = {activity.block_key: activity for activity in _locked(lesson_key=lesson.translation_key)}
    before = {key: one.title for key, one in kept.items() if one.is_required and one.retired_at is None}
    for item in wanted:
        _upsert(kept.get(item.block_key), course, lesson, item)
    gone = [key for key, activity in kept.items() if key not in keys and activity.retired_at is None]
    Activity.objects.filter(lesson_key=lesson.translation_key, block_key__in=gone).update(retired_at=timezone.now())
    _order(course)
    after = {item.block_key: item.fields["title"] for item in wanted if item.fields["is_required"]}
    more = [title for key, title in after.items() if key not in before]
    asking.note(course, lesson, more, [title for key, title in before.items() if key not in after])


def sync_course(course: CoursePage) -> None:
    """The same for every lesson of a course that was published."""
    for lesson in LessonPage.objects.child_of(course).order_by("path"):
        sync_lesson(lesson)


def order_course(course: Page) -> None:
    """Brings the order of a course's activities up to date after lessons moved."""
    with transaction.atomic():
        _order(_locked_course(course))


def _upsert(activity: Activity | None, course: CoursePage, lesson: LessonPage, item: Wanted) -> None:
    fields = {"course_key": course.translation_key, "retired_at": None, **item.fields}
    now = timezone.now()
    if activity is None:
        fields["required_since"] = now if item.fields["is_required"] else None
        Activity.objects.create(lesson_key=lesson.translation_key, block_key=item.block_key, **fields)
        return
    # The order is kept apart: it also depends on the lesson's place among the others.
    fields["order"] += activity.order // BLOCKS_PER_LESSON * BLOCKS_PER_LESSON
    if item.fields["is_required"] and (activity.retired_at or not activity.is_required):
        fields["required_since"] = now
    changed = [name for name, value in fields.items() if getattr(activity, name) != value]
    for name in changed:
        setattr(activity, name, fields[name])
    if changed:
        activity.save(update_fields=changed)


def _locked(**which: object):
    return Activity.objects.select_for_update(of=("self",), no_key=True).filter(**which).select_related("video", "quiz")


def _order(course: CoursePage) -> None:
    lessons = LessonPage.objects.child_of(course.source).order_by("path").values_list("translation_key", flat=True)
    place = {key: number * BLOCKS_PER_LESSON for number, key in enumerate(lessons)}
    moved = []
    for activity in (
        Activity.objects.select_for_update(no_key=True).filter(course_key=course.translation_key).order_by("pk")
    ):
        order = place.get(activity.lesson_key, 0) + activity.order % BLOCKS_PER_LESSON
        if order != activity.order:
            activity.order = order
            moved.append(activity)
    Activity.objects.bulk_update(moved, ["order"])
