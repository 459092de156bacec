"""What a trainer sends, while it is on its way."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Upload(models.Model):
    """Bytes on their way: a resumable upload (tus). `offset` is what is safely on disk, in bytes.

    `size` is empty as long as its sender does not know it; `fingerprint` is made of the file alone, so that another
    computer finds the upload again.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    file_name = models.CharField(_("archivo"), max_length=255)
    size = models.PositiveBigIntegerField(_("tamaño"), null=True, blank=True)
    offset = models.PositiveBigIntegerField(default=0)
    fingerprint = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(offset__lte=F("size")), name="upload_offset_within_size"),
        ]

    def __str__(self) -> str:
        return self.file_name


class UploadAllowance(models.Model):
    """How much one person may keep, where it is not what everybody may (`AULA_UPLOAD_QUOTA_MB`); 0 bytes: no limit."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="upload_allowance", verbose_name=_("persona")
    )
    bytes = models.PositiveBigIntegerField(_("espacio"))
    reason = models.TextField(_("motivo"))
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    set_at = models.DateTimeField(_("desde"), default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-set_at"]
        verbose_name = _("espacio por persona")
        verbose_name_plural = _("espacio por persona")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="allowance_has_a_reason")]

    def __str__(self) -> str:
        return str(self.person)
