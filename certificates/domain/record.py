"""A person's career record as they see it: their posts, what they completed in each, what was certified of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.utils import timezone

from certificates.models import Certificate
from courses.domain.progress import CourseProgress, build_progress
from courses.models import Completion, Enrolment
from lms.models import Appointment, Person

from . import waiting


@dataclass(frozen=True)
class Entry:
    """A completed course; `certificate` is None while it waits or is being prepared, or when the course gives none."""

    completion: Completion
    certificate: Certificate | None
    is_waiting: bool = False

    @property
    def is_preparing(self) -> bool:
        """Whether its certificate is on the way."""
        return self.certificate is None and bool(self.completion.certificate_kind) and not self.is_waiting

    @property
    def place_and_post(self) -> tuple[int | None, int | None]:
        """Where and as what: what was certified, else what the completion copied."""
        said = self.certificate or self.completion
        return said.municipality_id, said.post_id

    @property
    def is_ready(self) -> bool:
        """Whether there is a PDF to download."""
        return self.certificate is not None and hasattr(self.certificate, "file")


@dataclass
class Period:
    """An appointment with what was completed while it lasted; without appointment, what was completed outside any."""

    appointment: Appointment | None
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """The whole page."""

    periods: list[Period]
    running: list[CourseProgress]
    entries: list[Entry]
    waiting: waiting.Waiting

    @property
    def preparing(self) -> list[Entry]:
        """What is on the way, or has no PDF yet."""
        return [entry for entry in self.entries if entry.is_preparing or (entry.certificate and not entry.is_ready)]

    @property
    def hours(self):
        """Hours of every completed course, each edition once."""
        hours = {(one.completion.course_key, one.completion.edition): one.completion.hours for one in self.entries}
        return sum(hours.values())


def find(person: Person) -> Record:
    """The record of a person, newest first. In queries that do not grow with it. What was refused is not in it."""
    held = person.appointments.filter(refused_at=None).select_related("municipality__department", "post")
    appointments = list(held.order_by("-starts_on", "-pk"))
    certificates = Certificate.objects.for_person(person).with_state().select_related("file", "owed")
    by_completion = {one.owed.completion_id: one for one in certificates if one.owed}
    waits = waiting.find(person)
    entries = [
        Entry(done, by_completion.get(done.pk), is_waiting=done.pk in waits.completions)
        for done in _without_twins(Completion.objects.of_family(person), by_completion)
    ]
    return Record(periods=_periods(appointments, entries), running=_running(person), entries=entries, waiting=waits)


def _without_twins(completions: Iterable[Completion], certified: Mapping[int, Certificate]) -> Iterator[Completion]:
    """Every certified completion, and one of each edition that has no certificate: a merge may bring two."""
    rows = list(completions)
    seen = {(one.course_key, one.edition) for one in rows if one.pk in certified}
    for one in rows:
        key = (one.course_key, one.edition)
        if one.pk in certified:
            yield one
        elif key not in seen:
            seen.add(key)
            yield one


def _periods(appointments: list[Appointment], entries: list[Entry]) -> list[Period]:
    """Share the courses out over the appointments; those of no appointment come last."""
    periods = {appointment.pk: Period(appointment) for appointment in appointments}
    outside = Period(None)
    for entry in entries:
        held = _held(appointments, entry)
        (periods[held.pk] if held else outside).entries.append(entry)
    return [*periods.values(), outside] if outside.entries else [*periods.values()]


def _held(appointments: list[Appointment], entry: Entry) -> Appointment | None:
    """The appointment that the entry names, in force that day; where it names none, the newest that was."""
    lasted = [one for one in appointments if _lasted(one, entry.completion)]
    if entry.place_and_post == (None, None):
        return next(iter(lasted), None)
    return next((one for one in lasted if (one.municipality_id, one.post_id) == entry.place_and_post), None)


def _lasted(appointment: Appointment, completion: Completion) -> bool:
    day = timezone.localdate(completion.completed_at)
    return appointment.starts_on <= day and (appointment.ends_on is None or day <= appointment.ends_on)


def _running(person: Person) -> list[CourseProgress]:
    enrolments = list(Enrolment.objects.active().for_person(person).filter(course__live=True).select_related("course"))
    by_key = {enrolment.course_key: enrolment for enrolment in enrolments}
    progress = build_progress([enrolment.course for enrolment in enrolments], by_key)
    return [course for course in progress if not course.is_complete]
