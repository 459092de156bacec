"""Finding who came without being on the list, among those enrolled in the course."""

from django.db.models import Q

from courses.models import Enrolment, InPersonSession
from lms.domain import identity
from lms.domain.texts import fold

MOST = 20


def find(session: InPersonSession, words: str) -> list[Enrolment]:
    """People of the course whose CUI or telephone is just this, or whose name has every word; at most `MOST`."""
    of_course = Enrolment.objects.active().filter(course_key=session.activity.course_key)
    found = of_course.select_related("person", "course").order_by("person__surnames", "person__given_names", "pk")
    digits = identity.digits_of(words)
    if digits:
        return list(found.filter(_has_number(digits))[:MOST])
    named = [word for word in fold(words).split() if len(word) > 1][:8]
    if not named:
        return []
    for word in named:
        found = found.filter(person__search_text__contains=word)
    return list(found[:MOST])


def _has_number(digits: str) -> Q:
    """The whole of it; a part finds nobody."""
    if len(digits) == 13:
        return Q(person__cui_digest=identity.cui_digest(digits))
    return Q(person__phone=digits.removeprefix("502") if len(digits) == 11 else digits)
