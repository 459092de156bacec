"""Who was given which role, over what, by whom, from when to when."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .places import Department, Municipality


class Role(models.TextChoices):
    """Roles that are granted. Learner, network member and coordinator follow from a person's own facts."""

    TRAINER = "trainer", _("Facilitador o facilitadora")
    HR_DELEGATE = "hr_delegate", _("Delegado o delegada de Recursos Humanos")
    DEPARTMENT_DELEGATE = "department_delegate", _("Delegado o delegada departamental")
    CERTIFIER = "certifier", _("Certificador o certificadora")
    ADMINISTRATOR = "administrator", _("Administración de ANAM")
    AUDITOR = "auditor", _("Auditoría")


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    """Sets of grants."""

    def in_force(self, at=None) -> "RoleGrantQuerySet":
        """Grants that hold at the moment `at` (default now)."""
        at = at or timezone.now()
        return self.filter(Q(starts_at__lte=at), Q(ends_at__isnull=True) | Q(ends_at__gt=at))

    def not_over(self) -> "RoleGrantQuerySet":
        """Grants that hold now or will begin to."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()))


class RoleGrant(models.Model):
    """A role over a scope: the nation, one department, one municipality or one course.

    It holds from `starts_at` until `ends_at` (empty: until it is withdrawn). The kernel knows no courses: a course is
    named by its page's translation key, with the title it had.
    """

    class Scope(models.TextChoices):
        """How far a grant reaches."""

        NATION = "nation", _("Todo el país")
        DEPARTMENT = "department", _("Un departamento")
        MUNICIPALITY = "municipality", _("Una municipalidad")
        COURSE = "course", _("Un curso")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="role_grants", verbose_name=_("persona")
    )
    role = models.CharField(_("rol"), max_length=24, choices=Role)
    scope = models.CharField(_("alcance"), max_length=16, choices=Scope, default=Scope.NATION)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("departamento")
    )
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("municipalidad")
    )
    course_key = models.UUIDField(_("curso"), null=True, blank=True)
    course_title = models.CharField(_("curso"), max_length=255, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("otorgado por")
    )
    granted_at = models.DateTimeField(_("otorgado el"), default=timezone.now)
    starts_at = models.DateTimeField(_("desde"), default=timezone.now)
    ends_at = models.DateTimeField(_("hasta"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("retirado por"),
    )

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_at"]
        verbose_name = _("rol otorgado")
        verbose_name_plural = _("roles otorgados")
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(scope="nation", department=None, municipality=None, course_key=None)
                    | Q(scope="department", department__isnull=False, municipality=None, course_key=None)
                    | Q(scope="municipality", department=None, municipality__isnull=False, course_key=None)
                    | Q(scope="course", department=None, municipality=None, course_key__isnull=False)
                ),
                name="role_grant_names_its_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"

    @property
    def scope_in_words(self) -> str:
        """The course, the municipality, the department, or the whole country."""
        return str(self.course_title or self.municipality or self.department or self.get_scope_display())

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds, in Guatemala; None while it has no end."""
        return timezone.localdate(self.ends_at - timedelta(microseconds=1)) if self.ends_at else None

    @property
    def is_over(self) -> bool:
        """Whether it ended, or was withdrawn before it began."""
        return self.ends_at is not None and self.ends_at <= timezone.now()
