"""How papers look: templates as ANAM draws them, their published versions, their pictures, and which course uses which.

Rows of `TemplateVersion` and `TemplatePicture` are never changed or removed: triggers on both databases refuse it
(migration `certificates.0011`). A certificate does not even depend on them for its words: it freezes its design.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import CoursePage


class TemplateQuerySet(models.QuerySet["CertificateTemplate"]):
    """Sets of templates."""

    def published(self) -> "TemplateQuerySet":
        """Those that certificates can be issued with."""
        return self.filter(versions__isnull=False).distinct()


class CertificateTemplate(models.Model):
    """One template: its draft, and since when it stands for every course of its kind that chooses no other.

    `draft` is as `certificates.domain.designs` says. `draft_number` grows with each change, so that two who write at
    once do not overwrite each other.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("nombre"), max_length=80, unique=True)
    kind = models.CharField(_("clase"), max_length=12, choices=[c for c in CoursePage.CertificateKind.choices if c[0]])
    draft = models.JSONField()
    draft_number = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(_("cambiada el"), default=timezone.now)
    is_default = models.BooleanField(_("predeterminada"), default=False)

    objects = TemplateQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["kind", "name"]
        verbose_name = _("plantilla")
        verbose_name_plural = _("plantillas")
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(is_default=True), name="template_default_of_kind"),
        ]

    def __str__(self) -> str:
        return self.name

    def newest_version(self) -> "TemplateVersion | None":
        """The one that certificates are issued with."""
        return self.versions.order_by("-number").first()


class TemplateVersion(models.Model):
    """A design as it was published, from then on the one that certificates are issued with."""

    template = models.ForeignKey(CertificateTemplate, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    design = models.JSONField()
    published_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["template", "number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="template_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.template}, {self.number}"


class TemplateUse(models.Model):
    """The template that a course chose."""

    course_key = models.UUIDField(unique=True)
    template = models.ForeignKey(CertificateTemplate, models.PROTECT, related_name="uses")

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.course_key}: {self.template}"


class TemplatePicture(models.Model):
    """A logo or a signature: the PNG that we made of what was brought, by the SHA-256 of its bytes."""

    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    added_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return self.sha256[:12]
