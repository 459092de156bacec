"""Who came without being on the list: finding them, and giving them a seat, the course with it where that is open.

Beyond the course, a trainer finds adults alone who work for a town hall today: of the session's municipality by two
words of their name, of any by their whole CUI or telephone. Whoever is found by neither enrols by themselves.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import enrolment as enrolments
from courses.domain import seats, sessions
from courses.models import CoursePage, Enrolment, InPersonSession, Registration
from lms.domain import identity
from lms.domain.errors import RuleBroken
from lms.domain.texts import fold
from lms.models import Appointment, Membership, Person
from lms.models.people import PersonQuerySet, youngest_adult_birth

MOST = 20


def find(session: InPersonSession, words: str) -> list[Enrolment]:
    """People of the course whose CUI or telephone is just this, or whose name has every word; at most `MOST`."""
    of_course = Enrolment.objects.active().filter(course_key=session.activity.course_key)
    found = of_course.select_related("person", "course").order_by("person__surnames", "person__given_names", "pk")
    digits = identity.digits_of(words)
    if digits:
        return list(found.filter(_has_number(digits))[:MOST])
    named = _named(words)
    if not named:
        return []
    for word in named:
        found = found.filter(person__search_text__contains=word)
    return list(found[:MOST])


def _named(words: str) -> list[str]:
    return [word for word in fold(words).split() if len(word) > 1][:8]


def find_outside(session: InPersonSession, words: str) -> list[Person]:
    """People who could be let into the course now, by all of `words`; nobody where the course is not open."""
    found = outside(session).order_by("surnames", "given_names", "pk")
    digits = identity.digits_of(words)
    if digits:
        return list(found.filter(_has_number(digits, ""))[:MOST])
    named = _named(words)
    if len(named) < 2:  # one word would show half a town hall
        return []
    return list(found.in_municipality(session.municipality).search_words(" ".join(named))[:MOST])


def outside(session: InPersonSession) -> PersonQuerySet:
    """Adults at a town hall today who are not in the session's course, and whom it would let in."""
    course = seats.original_of(session.activity.course_key)
    if course.entry != CoursePage.Entry.OPEN or not course.live:
        return Person.objects.none()
    held = Appointment.objects.current().confirmed().filter(person=OuterRef("pk"))
    inside = Enrolment.objects.active().filter(course_key=course.translation_key, person=OuterRef("pk"))
    found = Person.objects.active().standing().filter(Exists(held), ~Exists(inside), erased_at=None, is_demo=False)
    if course.network_id:
        members = Membership.objects.current().filter(person=OuterRef("pk"), network=course.network_id)
        found = found.filter(Exists(members))
    return found.filter(Q(born_on=None) | Q(born_on__lte=youngest_adult_birth(timezone.localdate())))


@transaction.atomic
def bring_in(
    *, session: InPersonSession, person: Person, by: Person | None, at: datetime | None = None
) -> Registration:
    """Put somebody in the course, if they are not, and give them a seat until the session ends: both or neither.

    Raises `in_person.course_full`, and what `enrolment.let_in` and `sessions.seat_at_door` raise.
    """
    at = at or timezone.now()
    course = seats.original_of(session.activity.course_key)
    enrolment, action = enrolments.find_active(person, course), ""
    if enrolment is None:
        enrolment, action = enrolments.let_in(person=person, course=course, at=at)
    if enrolment.waiting_since:
        raise RuleBroken("in_person.course_full", _("El curso ya no tiene cupo: no se pudo inscribir a esta persona."))
    made = sessions.seat_at_door(enrolment=enrolment, session=session, by=by, at=at)
    if action:
        enrolments.record(action, enrolment, by)
    return made


def _has_number(digits: str, of: str = "person__") -> Q:
    """The whole of it; a part finds nobody."""
    if len(digits) == 13:
        return Q(**{f"{of}cui_digest": identity.cui_digest(digits)})
    return Q(**{f"{of}phone": digits.removeprefix("502") if len(digits) == 11 else digits})
