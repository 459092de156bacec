"""How people come into a course other than by themselves: invited, or because it was assigned to them."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.models import Department, Municipality, Network, Post

from .catalogue import CoursePage

CODE_LENGTH = 8


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Sets of invitations."""

    def open(self, at=None) -> "InvitationQuerySet":
        """Those that still let somebody in."""
        return self.filter(revoked_at=None, expires_at__gt=at or timezone.now(), used_count__lt=F("max_uses"))


class Invitation(models.Model):
    """A code that lets people into a course: sent as a link, shown as a square, or typed on any telephone.

    With a municipality it is for the staff of that town hall alone, and the town hall's affair.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(_("código"), max_length=CODE_LENGTH, unique=True)
    course = models.ForeignKey(CoursePage, models.CASCADE, related_name="invitations", verbose_name=_("curso"))
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("municipalidad")
    )
    note = models.CharField(_("para quién es"), max_length=120, blank=True)
    max_uses = models.PositiveIntegerField(_("cuántas personas"), default=1)
    used_count = models.PositiveIntegerField(_("cuántas entraron"), default=0)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(_("hecha el"), default=timezone.now)
    expires_at = models.DateTimeField(_("vence el"))
    revoked_at = models.DateTimeField(_("anulada el"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = _("invitación")
        verbose_name_plural = _("invitaciones")
        constraints = [
            models.CheckConstraint(condition=Q(used_count__lte=F("max_uses")), name="invitation_used_within_its_uses"),
        ]

    def __str__(self) -> str:
        return f"{self.typed_code} · {self.course.title}"

    @property
    def typed_code(self) -> str:
        """As it is read aloud and typed: in two halves."""
        return f"{self.code[:4]}-{self.code[4:]}"

    @property
    def is_over(self) -> bool:
        """Whether it lets nobody new in any more."""
        return bool(self.revoked_at) or self.expires_at <= timezone.now() or self.used_count >= self.max_uses


class InvitationUse(models.Model):
    """That somebody came in by an invitation."""

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="uses")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    used_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invitation", "person"], name="invitation_used_once_a_person")]

    def __str__(self) -> str:
        return f"{self.person} · {self.invitation}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Sets of assignments."""

    def in_force(self) -> "AssignmentQuerySet":
        """Those that nobody ended, of courses that are published."""
        return self.filter(ended_at=None, course__live=True)


class Assignment(models.Model):
    """A course that a town hall, a network or ANAM (neither) asks of people, and until when.

    Who they are is a rule over appointments and memberships, asked again as people come and go; with `is_fixed` it is
    the people who were named. The due date is a day, or so many days after somebody was reached, or none.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course = models.ForeignKey(CoursePage, models.PROTECT, related_name="assignments", verbose_name=_("curso"))
    course_key = models.UUIDField()
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, blank=True, related_name="+")
    network = models.ForeignKey(Network, models.CASCADE, null=True, blank=True, related_name="+")
    posts = models.ManyToManyField(Post, blank=True, related_name="+", verbose_name=_("puestos"))
    departments = models.ManyToManyField(Department, blank=True, related_name="+", verbose_name=_("departamentos"))
    municipalities = models.ManyToManyField(Municipality, blank=True, related_name="+", verbose_name=_("municipios"))
    networks = models.ManyToManyField(Network, blank=True, related_name="+", verbose_name=_("redes"))
    renglones = models.JSONField(default=list, blank=True)
    is_fixed = models.BooleanField(default=False)
    reason = models.CharField(_("motivo"), max_length=200, blank=True)
    due_on = models.DateField(_("hasta el"), null=True, blank=True)
    due_days = models.PositiveSmallIntegerField(_("días para completarlo"), null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(_("asignado el"), default=timezone.now)
    ended_at = models.DateTimeField(_("terminado el"), null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = _("asignación")
        verbose_name_plural = _("asignaciones")
        constraints = [
            models.CheckConstraint(
                condition=Q(municipality=None) | Q(network=None), name="assignment_is_a_town_halls_or_a_networks"
            ),
            models.CheckConstraint(condition=Q(due_on=None) | Q(due_days=None), name="assignment_is_due_in_one_way"),
        ]

    def __str__(self) -> str:
        return f"{self.course.title} · {self.issuer_in_words}"

    @property
    def issuer_in_words(self) -> str:
        """Who asks for it: the town hall, the network, or ANAM."""
        if self.municipality:
            return str(_("la municipalidad de %(place)s") % {"place": self.municipality.name_common})
        return self.network.name if self.network else "ANAM"

    def due_for(self, reached_on: date) -> date | None:
        """The last day for somebody who was reached on a day; None without one."""
        return reached_on + timedelta(days=self.due_days) if self.due_days else self.due_on


class AssignedPersonQuerySet(models.QuerySet["AssignedPerson"]):
    """Sets of people with what was assigned to them."""

    def binding(self) -> "AssignedPersonQuerySet":
        """Those for whom it still holds: nobody ended it, they fit, and they did not decline."""
        return self.filter(assignment__ended_at=None, released_at=None, declined_at=None)


class AssignedPerson(models.Model):
    """Somebody whom an assignment reached, once. `entered_at` says that they were put in the course.

    `told_at`: a message said so. `released_at`: the rule does not fit them any more; what they have and did stays.
    `declined_at`: they left the course, and said why.
    """

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="people")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assigned")
    reached_at = models.DateTimeField(_("asignado el"), default=timezone.now)
    due_on = models.DateField(_("hasta el"), null=True, blank=True)
    entered_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(_("por qué se retira"), max_length=200, blank=True)

    objects = AssignedPersonQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("persona asignada")
        verbose_name_plural = _("personas asignadas")
        constraints = [
            models.UniqueConstraint(fields=["assignment", "person"], name="assigned_once_a_person"),
            models.CheckConstraint(
                condition=Q(declined_at=None) | ~Q(decline_reason=""), name="assigned_person_declines_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.assignment}"
