"""Learning in one room: when and where, who comes, who was there. Attendance is only ever added to."""

import secrets
import uuid
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.models import Municipality

from .enrolment import Enrolment
from .progress import Activity

# Read aloud and typed from paper: nothing that looks like something else.
SIGNS = "ACDEFHJKLMNPRTUVWXY3479"


def new_code() -> str:
    """A short code for a session, as it stands on paper."""
    return "".join(secrets.choice(SIGNS) for _place in range(7))


class InPersonSessionQuerySet(models.QuerySet["InPersonSession"]):
    """Sets of sessions."""

    def held(self) -> "InPersonSessionQuerySet":
        """Those that were not cancelled."""
        return self.filter(cancelled_at=None)

    def ahead(self, at: datetime) -> "InPersonSessionQuerySet":
        """Those that have not begun."""
        return self.held().filter(starts_at__gt=at)


class InPersonSession(models.Model):
    """One meeting of people at a place. Sessions of an activity with the same `meeting` are parallel: one comes to one.

    `hours` are what counts for who was there. `sequence` is the calendar's: it grows with each change that concerns
    whoever comes.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="sessions", verbose_name=_("parte presencial"))
    meeting = models.PositiveSmallIntegerField(
        _("encuentro"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("El mismo número: grupos paralelos, cada persona va a uno. Otro número: otro día del curso."),
    )
    starts_at = models.DateTimeField(_("empieza"))
    ends_at = models.DateTimeField(_("termina"))
    hours = models.DecimalField(
        _("horas que cuentan"), max_digits=4, decimal_places=1, validators=[MinValueValidator(Decimal("0.5"))]
    )
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="+", verbose_name=_("municipalidad"))
    room = models.CharField(_("lugar"), max_length=160, help_text=_("Salón y dirección, como se le dicen a la gente."))
    trainer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="in_person_sessions",
        verbose_name=_("quien facilita"),
    )
    seats = models.PositiveSmallIntegerField(_("cupo"), validators=[MinValueValidator(1)])
    notes = models.TextField(_("qué llevar o saber"), blank=True, max_length=1000)
    code = models.CharField(max_length=8, unique=True, default=new_code, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancel_reason = models.CharField(max_length=300, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InPersonSessionQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["meeting", "starts_at", "pk"]
        verbose_name = _("sesión presencial")
        verbose_name_plural = _("sesiones presenciales")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="in_person_session_goes_forward"),
            models.CheckConstraint(condition=Q(hours__gt=0), name="in_person_session_has_hours"),
            models.CheckConstraint(condition=Q(seats__gt=0), name="in_person_session_has_seats"),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | ~Q(cancel_reason=""), name="in_person_session_cancelled_for_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity} · {timezone.localtime(self.starts_at):%d/%m/%Y %H:%M} · {self.municipality}"


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Sets of registrations."""

    def active(self) -> "RegistrationQuerySet":
        """Those that hold a seat."""
        return self.filter(cancelled_at=None, enrolment__joined_into=None)


class Registration(models.Model):
    """A seat in a session. `number` is its place on the sheet, given once and never to another."""

    session = models.ForeignKey(InPersonSession, models.PROTECT, related_name="registrations")
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="registrations")
    number = models.PositiveSmallIntegerField()
    registered_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = RegistrationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="registration_number_once"),
            models.UniqueConstraint(
                fields=["session", "enrolment"], condition=Q(cancelled_at=None), name="registration_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.enrolment.person}"


class Attendance(models.Model):
    """That somebody was at a session, or was not. Append-only: the newest row of the server's order says how it is.

    `client_id` is made by whoever noted it, so that a mark that comes twice is one. `happened_at` is when it was
    noted there, never after `received_at`. Whoever changes what was said gives a reason.
    """

    class Way(models.TextChoices):
        """How it was noted."""

        QR = "qr", _("código en pantalla")
        LIST = "list", _("lista en el teléfono")
        SHEET = "sheet", _("hoja firmada")
        HAND = "hand", _("a mano")

    client_id = models.UUIDField(unique=True)
    session = models.ForeignKey(InPersonSession, models.PROTECT, related_name="attendance")
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="attendance")
    is_present = models.BooleanField()
    way = models.CharField(max_length=5, choices=Way)
    is_late = models.BooleanField(default=False, help_text="a code that was scanned without a line and came later")
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        verbose_name = _("asistencia")
        verbose_name_plural = _("asistencias")
        constraints = [
            models.CheckConstraint(
                condition=Q(happened_at__lte=F("received_at")), name="attendance_not_before_it_happened"
            ),
            models.CheckConstraint(condition=Q(is_late=False) | Q(way="qr"), name="attendance_late_by_code_alone"),
        ]
        indexes = [models.Index(fields=["session", "enrolment"])]

    def __str__(self) -> str:
        return f"{self.enrolment.person} · {self.session_id} · {self.is_present}"
