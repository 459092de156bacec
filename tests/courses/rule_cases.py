"""Rules for tests."""

from datetime import timedelta

from django.utils import timezone

from courses.models import CourseRule


def a_rule(course, *, since=None, **fields) -> CourseRule:
    """A rule that has applied since then (default: this moment), as if everybody had been judged by it."""
    since = since or timezone.now()
    number = CourseRule.objects.filter(course_key=course.translation_key).count() + 1
    said = {
        "number": number,
        "watch_percent": 90,
        "made_at": since - timedelta(days=1),
        "previewed_at": since,
        "applied_at": since,
    }
    return CourseRule.objects.create(course_key=course.translation_key, applies_from=since, **(said | fields))


def passages_of(video, *spans, cut=1) -> dict:
    """What a rule says of the passages of a video that have to be seen."""
    return {"passages": {"video": str(video.public_id), "cut": cut, "spans": [list(span) for span in spans]}}
