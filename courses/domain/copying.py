"""A course that was copied asks for what its source asks for. Of learners nothing is copied."""

from django.db import transaction
from django.utils import timezone

from courses.domain import rules
from courses.models import CoursePage, CourseRule, LessonPage
from lms.domain import audit
from lms.models import Person


@transaction.atomic
def carry_rule(source: CoursePage, copy: CoursePage, *, by: Person) -> CourseRule | None:
    """Write the rule in force down for the copy, from now; None where the page itself says what is asked.

    Repeating it changes nothing. Blocks keep their ids when a page is copied; lessons, which are the key of their own
    reading, get new ones. Changes that are drafted or planned for the source stay with it.
    """
    copy = CoursePage.objects.select_for_update(of=("self",), no_key=True).get(pk=copy.pk)
    if copy.translation_key == source.translation_key or CourseRule.objects.filter(course_key=copy.translation_key):
        return None
    asked = rules.in_force(source)
    if asked.number == 0:
        return None
    said, now = rules.plain(asked), timezone.now()
    said["own"] = _own_of(source, copy, said["own"])
    rule = CourseRule.objects.create(
        course_key=copy.translation_key,
        number=1,
        made_by=by,
        made_at=now,
        previewed_at=now,  # nobody is on the way: it affects no one
        applies_from=now,
        confirmed_by=by,
        applied_at=now,
        **said,
    )
    facts = {"course": str(copy.translation_key), "course_title": source.title, "version": rule.number}
    audit.record("rule.copied", by=by, subject=f"courses.courserule:{rule.public_id}", facts=facts)
    return rule


def _own_of(source: CoursePage, copy: CoursePage, own: dict[str, dict]) -> dict[str, dict]:
    """What single activities ask for, by their keys in the copy; nothing without its lessons."""
    of_source, of_copy = (_lesson_keys(page) for page in (source, copy))
    if not of_copy:
        return {}
    keys = dict(zip(of_source, of_copy, strict=False))
    return {keys.get(key, key): one for key, one in own.items()}


def _lesson_keys(course: CoursePage) -> list[str]:
    keys = LessonPage.objects.child_of(course).order_by("path").values_list("translation_key", flat=True)
    return [str(key) for key in keys]
