"""A person's career record as they see it: their posts, what they completed in each, what was certified of it."""

from dataclasses import dataclass, field

from django.utils import timezone

from certificates.models import Certificate
from courses.domain.progress import CourseProgress, build_progress
from courses.models import Completion, Enrolment
from lms.models import Appointment, Person


@dataclass(frozen=True)
class Entry:
    """A completed course; `certificate` is None while it is being prepared, or when the course gives none."""

    completion: Completion
    certificate: Certificate | None

    @property
    def is_preparing(self) -> bool:
        """Whether its certificate is on the way."""
        return self.certificate is None and bool(self.completion.certificate_kind)

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

    @property
    def preparing(self) -> list[Entry]:
        """What is on the way, or has no PDF yet."""
        return [entry for entry in self.entries if entry.is_preparing or (entry.certificate and not entry.is_ready)]

    @property
    def hours(self):
        """Hours of every completed course."""
        return sum(entry.completion.hours for entry in self.entries)


def find(person: Person) -> Record:
    """The record of a person, newest first. Six queries and those of the running courses, however long it is."""
    appointments = list(
        person.appointments.select_related("municipality__department", "post").order_by("-starts_on", "-pk")
    )
    certificates = Certificate.objects.for_person(person).with_state().select_related("file", "owed")
    by_completion = {certificate.owed.completion_id: certificate for certificate in certificates}
    completions = Completion.objects.filter(person=person).select_related("municipality__department", "post")
    entries = [Entry(completion, by_completion.get(completion.pk)) for completion in completions]
    return Record(periods=_periods(appointments, entries), running=_running(person), entries=entries)


def _periods(appointments: list[Appointment], entries: list[Entry]) -> list[Period]:
    """Share the courses out over the appointments; those of no appointment come last."""
    periods = {appointment.pk: Period(appointment) for appointment in appointments}
    outside = Period(None)
    for entry in entries:
        held = _held(appointments, entry.completion)
        (periods[held.pk] if held else outside).entries.append(entry)
    return [*periods.values(), outside] if outside.entries else [*periods.values()]


def _held(appointments: list[Appointment], completion: Completion) -> Appointment | None:
    """The appointment that the completion copied: same municipality and post, in force that day."""
    for appointment in appointments:
        same_place = appointment.municipality_id == completion.municipality_id
        if same_place and appointment.post_id == completion.post_id and _lasted(appointment, completion):
            return appointment
    return None


def _lasted(appointment: Appointment, completion: Completion) -> bool:
    day = timezone.localdate(completion.completed_at)
    return appointment.starts_on <= day and (appointment.ends_on is None or day <= appointment.ends_on)


def _running(person: Person) -> list[CourseProgress]:
    enrolments = list(Enrolment.objects.active().for_person(person).filter(course__live=True).select_related("course"))
    by_key = {enrolment.course_key: enrolment for enrolment in enrolments}
    progress = build_progress([enrolment.course for enrolment in enrolments], by_key)
    return [course for course in progress if not course.is_complete]
