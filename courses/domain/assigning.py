"""Assigning a course: to whoever fits a rule, now and later, or to people one by one; until when, and by whom.

An HR delegate assigns to the staff of their town hall, whoever coordinates a network to its members, ANAM to the
country. The work is a durable job, asked for again as people come and go: it puts in whoever fits and was not reached,
and releases whoever does not fit any more. It may be repeated and cut off at any place. Nobody is reached twice,
nothing learnt is taken away, and whoever declined is left alone.
"""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import assigned_notices, audience, enrolment, seats
from courses.domain.audience import Rule
from courses.models import AssignedPerson, Assignment, Completion, CoursePage, Enrolment
from lms import permissions
from lms.domain import audit, job_words, jobs, networks
from lms.domain.errors import RuleBroken
from lms.models import Person
from lms.models.people import PersonQuerySet

KIND = "courses.assign"
TO_STAFF, TO_NETWORK, TO_ALL = "assign_to_staff", "assign_to_network", "assign_to_all"
BATCH = 25
LONGEST_DAYS = 730


def may_assign(by: Person | None, rule: Rule) -> bool:
    """Whether `by` may assign in the name of the town hall, the network or ANAM."""
    if by is None:
        return True
    if rule.municipality:
        return permissions.allows_in(by, TO_STAFF, rule.municipality)
    if rule.network:
        return permissions.allows(by, TO_NETWORK) and networks.looks_after(by, rule.network)
    return permissions.nationwide(by, TO_ALL)


@transaction.atomic
def assign(
    *,
    course: CoursePage,
    rule: Rule,
    by: Person | None,
    only: Iterable[Person] | None = None,
    due_on: date | None = None,
    due_days: int | None = None,
    reason: str = "",
) -> Assignment:
    """Assign a course to everybody whom the rule reaches and will reach, or to `only` those of them that are named.

    Raises `assignment.not_allowed`, `assignment.course_closed`, `assignment.nobody_named`, `assignment.past`,
    `assignment.due_twice`, `assignment.out_of_reach`.
    """
    if not may_assign(by, rule):
        raise RuleBroken("assignment.not_allowed", _("Usted no puede asignar cursos a estas personas."))
    _assert_due(due_on, due_days)
    reached = audience.people(rule, course)
    if not course.live or (course.network_id and rule.network is None and not rule.networks):
        raise RuleBroken("assignment.course_closed", _("Este curso no está publicado, o es de una red."))
    named = _named(only, reached)
    made = Assignment.objects.create(
        course=course,
        course_key=course.translation_key,
        municipality=rule.municipality,
        network=rule.network,
        renglones=rule.renglones,
        is_fixed=only is not None,
        reason=" ".join(reason.split())[:200],
        due_on=due_on,
        due_days=due_days,
        made_by=by,
    )
    for name in ("posts", "departments", "municipalities", "networks"):
        getattr(made, name).set(getattr(rule, name))
    _reach(made, named)
    audit.record("assignment.made", by=by, subject=name_in_trail(made), facts=_facts(made, named))
    jobs.request(KIND, made.public_id, by=by)
    return made


def _assert_due(due_on: date | None, due_days: int | None) -> None:
    if due_on and due_days:
        raise RuleBroken("assignment.due_twice", _("Escriba una fecha o un número de días, no las dos cosas."))
    if due_on and due_on < timezone.localdate():
        raise RuleBroken("assignment.past", _("Esa fecha ya pasó. Escriba una de hoy en adelante."))
    if due_days is not None and not 1 <= due_days <= LONGEST_DAYS:
        raise RuleBroken("assignment.past", _("Escriba de 1 a 730 días."))


def _named(only: Iterable[Person] | None, reached: PersonQuerySet) -> list[Person]:
    if only is None:
        return []
    wanted = {one.pk for one in only}
    found = list(reached.filter(pk__in=wanted))
    if not found or len(found) < len(wanted):
        raise RuleBroken("assignment.out_of_reach", _("Marque al menos a una persona de la lista."))
    return found


@transaction.atomic
def end(*, assignment: Assignment, by: Person | None) -> Assignment:
    """Reach nobody else, and bind nobody; whoever is in the course stays. Raises `assignment.not_allowed`."""
    if not may_assign(by, Rule(municipality=assignment.municipality, network=assignment.network)):
        raise RuleBroken("assignment.not_allowed", _("Usted no puede terminar esta asignación."))
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True).get(pk=assignment.pk)
    if locked.ended_at is None:
        locked.ended_at = timezone.now()
        locked.save(update_fields=["ended_at"])
        audit.record("assignment.ended", by=by, subject=name_in_trail(locked), facts={"course": str(locked.course_key)})
    return locked


def fitting(assignment: Assignment) -> PersonQuerySet:
    """Whom the rule reaches today; for named people those who still fit it."""
    found = audience.people(Rule.of(assignment), assignment.course)
    if assignment.is_fixed:
        return found.filter(pk__in=assignment.people.values("person"))
    return found


@jobs.performs(KIND)
def perform(claim: jobs.Claim) -> None:
    """Do the job `courses.assign`; its subject is the assignment's public id."""
    found = Assignment.objects.in_force().filter(public_id=claim.job.subject)
    assignment = found.select_related("course", "municipality", "network").first()
    if assignment is None:
        return
    fits = fitting(assignment)
    _release(claim, assignment, fits)
    _take_back(claim, assignment, fits)
    waiting = _not_yet_in(assignment, fits)
    total, done = waiting.count(), 0
    claim.progress(0, total)
    while people := list(waiting.order_by("pk")[:BATCH]):
        with claim.publishing(gets_on=True):
            _put_in(assignment, people)
        done += len(people)
        claim.progress(done, max(done, total))


def _not_yet_in(assignment: Assignment, fits: PersonQuerySet) -> PersonQuerySet:
    """Who fits and was not put in the course yet; whoever declined is left alone."""
    settled = assignment.people.filter(Q(entered_at__isnull=False) | Q(declined_at__isnull=False))
    return fits.exclude(pk__in=settled.values("person"))


def _release(claim: jobs.Claim, assignment: Assignment, fits: PersonQuerySet) -> None:
    gone = assignment.people.filter(released_at=None).exclude(person__in=fits.values("pk"))
    with claim.publishing():
        gone.update(released_at=timezone.now())


def _take_back(claim: jobs.Claim, assignment: Assignment, fits: PersonQuerySet) -> None:
    """Whoever fits again is bound again, counted from today."""
    now = timezone.now()
    back = assignment.people.filter(released_at__isnull=False, person__in=fits.values("pk"))
    with claim.publishing():
        back.update(
            released_at=None,
            reached_at=now,
            entered_at=None,
            told_at=None,
            due_on=assignment.due_for(timezone.localdate(now)),
        )


def _reach(assignment: Assignment, people: list[Person]) -> None:
    now = timezone.now()
    due_on = assignment.due_for(timezone.localdate(now))
    rows = [AssignedPerson(assignment=assignment, person=one, reached_at=now, due_on=due_on) for one in people]
    AssignedPerson.objects.bulk_create(rows, ignore_conflicts=True)


def _put_in(assignment: Assignment, people: list[Person]) -> None:
    """Reach some people and put them in the course, unless they completed its edition of today."""
    course, told = assignment.course, []
    seats.lock(course.translation_key)
    rows = Enrolment.objects.filter(course_key=course.translation_key, person__in=people).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))  # before the trail is, for all of them
    _reach(assignment, people)
    made = Completion.objects.with_holder().filter(
        course_key=course.translation_key, edition=course.edition, holder__in=[one.pk for one in people]
    )
    done = set(made.values_list("holder", flat=True))
    for person in people:
        if person.pk in done:
            continue
        try:
            with transaction.atomic():
                entered, action = enrolment.enter(person=person, course=course)
        except RuleBroken:
            continue  # joined to another record, or out of the network, at this moment: the next round sees who it is
        if action:
            told.append((f"courses.enrolment:{entered.public_id}", _about(entered, assignment), action))
    assignment.people.filter(person__in=people).update(entered_at=timezone.now())
    if assignment.due_on or assignment.due_days:
        assigned_notices.ask(one for one in people if one.pk not in done)
    for action in sorted({action for *_rest, action in told}):
        audit.record_all(action, by=None, about=[(subject, facts) for subject, facts, did in told if did == action])


def _about(entered, assignment: Assignment) -> dict:
    return {
        "course": str(entered.course_key),
        "person": str(entered.person.public_id),
        "assignment": str(assignment.public_id),
    }


def look_again() -> int:
    """Ask for the work of every assignment that somebody came to fit, or fits no more; returns how many."""
    asked = 0
    for assignment in Assignment.objects.in_force().select_related("course", "municipality", "network"):
        fits = fitting(assignment)
        bound = assignment.people.filter(released_at=None)
        if (
            _not_yet_in(assignment, fits).exists()
            or bound.exclude(person__in=fits.values("pk")).exists()
            or assignment.people.filter(released_at__isnull=False, person__in=fits.values("pk")).exists()
        ):
            jobs.request(KIND, assignment.public_id)
            asked += 1
    return asked


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """What the jobs assign."""
    found = Assignment.objects.filter(public_id__in=list(subjects)).select_related("course")
    return {str(one.public_id): one.course.title for one in found}


def name_in_trail(assignment: Assignment) -> str:
    """How the trail names an assignment."""
    return f"courses.assignment:{assignment.public_id}"


def _facts(made: Assignment, named: list[Person]) -> dict:
    facts: dict[str, object] = {"course": str(made.course_key)}
    if made.municipality:
        facts["municipality"] = made.municipality.code
    if made.network:
        facts["network"] = str(made.network.public_id)
    if named:
        facts["persons"] = [str(one.public_id) for one in named]
    if made.due_on or made.due_days:
        facts["due"] = made.due_on.isoformat() if made.due_on else f"{made.due_days} d"
    return facts
