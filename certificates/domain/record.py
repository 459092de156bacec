"""A person's career record as they see it: their posts, what they completed in each, what was certified of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Case, When
from django.utils import timezone

from certificates.models import Certificate, CertificateEvent
from courses.domain.progress import CourseProgress, build_progress
from courses.models import Completion, Enrolment
from lms.models import Appointment, Person

from . import transcripts, waiting
from .issuing import UNASKED


@dataclass(frozen=True)
class Entry:
    """A completed course, or a certificate without one (issued by hand, or in the place of another).

    `certificate` is None while it waits or is being prepared, or when the course gives none; one of both is there.
    """

    completion: Completion | None
    certificate: Certificate | None
    is_waiting: bool = False
    is_unasked: bool = False
    """Whether it is issued when its holder asks for it, and nobody did."""

    @property
    def is_preparing(self) -> bool:
        """Whether its certificate is on the way."""
        is_due = self.completion is not None and bool(self.completion.certificate_kind)
        return self.certificate is None and is_due and not (self.is_waiting or self.is_unasked)

    @property
    def place_and_post(self) -> tuple[int | None, int | None]:
        """Where and as what: what was certified, else what the completion copied."""
        said = self.certificate or self.completion
        return (said.municipality_id, said.post_id) if said else (None, None)

    @property
    def ended_on(self) -> date:
        """The day on which it was completed."""
        if self.completion:
            return timezone.localdate(self.completion.completed_at)
        return self.certificate.completed_on if self.certificate else timezone.localdate()

    @property
    def is_ready(self) -> bool:
        """Whether there is a PDF to download."""
        return self.certificate is not None and hasattr(self.certificate, "file")


@dataclass
class Period:
    """An appointment with what was completed while it lasted; without appointment, what was completed outside any."""

    appointment: Appointment | None
    entries: list[Entry] = field(default_factory=list)
    declared: list[transcripts.Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """The whole page."""

    periods: list[Period]
    running: list[CourseProgress]
    entries: list[Entry]
    waiting: waiting.Waiting
    declared: list[transcripts.Entry] = field(default_factory=list)

    @property
    def preparing(self) -> list[Entry]:
        """What is on the way, or has no PDF yet."""
        return [entry for entry in self.entries if entry.is_preparing or (entry.certificate and not entry.is_ready)]

    @property
    def certificates(self) -> list[Certificate]:
        """All of them, with their `state` of today."""
        return [one.certificate for one in self.entries if one.certificate]

    @property
    def hours(self):
        """Hours of every completed course, each edition once."""
        done = [one.completion or one.certificate for one in self.entries]
        hours = {(one.course_key, one.edition): one.hours for one in done if one}
        return sum(hours.values())


def find(person: Person) -> Record:
    """The record of a person, newest first. In queries that do not grow with it. What was refused is not in it."""
    held = person.appointments.filter(refused_at=None).select_related("municipality__department", "post")
    appointments = list(held.order_by("-starts_on", "-pk"))
    certificates = Certificate.objects.for_person(person).with_state().select_related("file", "owed")
    by_completion = {one.owed.completion_id: one for one in certificates if one.owed}
    waits = waiting.find(person)
    completions = Completion.objects.of_family(person).annotate(is_unasked=Case(When(UNASKED, True), default=False))
    unowed = {(one.course_key, one.edition): one for one in certificates if not one.owed_id and _is_in_force(one)}
    entries = [
        Entry(
            done,
            by_completion.get(done.pk) or unowed.get((done.course_key, done.edition)),
            is_waiting=done.pk in waits.completions,
            is_unasked=bool(done.certificate_kind) and done.is_unasked,  # type: ignore[attr-defined]
        )
        for done in _without_twins(completions, by_completion)
    ]
    shown = {one.certificate.pk for one in entries if one.certificate}
    entries += [Entry(None, one) for one in certificates if one.pk not in shown and not one.owed_id]
    entries.sort(key=lambda entry: entry.ended_on, reverse=True)
    declared = transcripts.entries_of(person)
    return Record(
        periods=_periods(appointments, entries, declared),
        running=_running(person),
        entries=entries,
        waiting=waits,
        declared=declared,
    )


def _is_in_force(one: Certificate) -> bool:
    return one.state not in CertificateEvent.ENDS  # type: ignore[attr-defined]


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


def _periods(appointments: list[Appointment], entries: list[Entry], declared: list[transcripts.Entry]) -> list[Period]:
    """Share courses and what was declared out over the appointments; those of no appointment come last."""
    periods = {appointment.pk: Period(appointment) for appointment in appointments}
    outside = Period(None)
    for entry in entries:
        held = _held(appointments, entry)
        (periods[held.pk] if held else outside).entries.append(entry)
    for said in declared:
        held = _held_with(appointments, said)
        (periods[held.pk] if held else outside).declared.append(said)
    return [*periods.values(), outside] if outside.entries or outside.declared else [*periods.values()]


def _held(appointments: list[Appointment], entry: Entry) -> Appointment | None:
    """The appointment that the entry names, in force that day; where it names none, the newest that was."""
    lasted = [one for one in appointments if _lasted_on(one, entry.ended_on)]
    if entry.place_and_post == (None, None):
        return next(iter(lasted), None)
    return next((one for one in lasted if (one.municipality_id, one.post_id) == entry.place_and_post), None)


def _held_with(appointments: list[Appointment], said: transcripts.Entry) -> Appointment | None:
    """The appointment under which it was declared to have ended; none where none lasted that day."""
    row = said.annotation
    same = [one for one in appointments if (one.municipality_id, one.post_id) == (row.municipality_id, row.post_id)]
    return next((one for one in same if _lasted_on(one, said.ended_on)), None)


def _lasted_on(appointment: Appointment, day: date) -> bool:
    return appointment.starts_on <= day and (appointment.ends_on is None or day <= appointment.ends_on)


def _running(person: Person) -> list[CourseProgress]:
    enrolments = list(Enrolment.objects.active().for_person(person).filter(course__live=True).select_related("course"))
    by_key = {enrolment.course_key: enrolment for enrolment in enrolments}
    progress = build_progress([enrolment.course for enrolment in enrolments], by_key)
    return [course for course in progress if not course.is_complete]
