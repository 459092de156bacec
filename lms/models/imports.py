"""Lists of staff that were handed in, what was wrong with them and what came of them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .places import Municipality


class StaffImport(models.Model):
    """One list of staff on its way in.

    `municipality` is that of rows which name none, and whose import it is; empty for ANAM's over the country. `columns`
    are the headings of the file (row `heading_row`), `mapping` says which of them each field is read from (field →
    index). `foreseen` are the counts of the dry run, `counts` of the run; both as `lms.domain.imports.Counts`.
    `next_row` is the first row that the run has still to do; it moves in the transaction of the row itself, under
    `fence`, so that a worker that was thought dead cannot write a row a second time.
    """

    class State(models.TextChoices):
        """Where it stands."""

        MAPPING = "mapping", _("Faltan las columnas")
        CHECKING = "checking", _("En revisión")
        CHECKED = "checked", _("Revisada")
        RUNNING = "running", _("En curso")
        DONE = "done", _("Terminada")
        CANCELLED = "cancelled", _("Cancelada")
        EXPIRED = "expired", _("Venció")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("municipalidad")
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("subida el"), default=timezone.now)
    finished_at = models.DateTimeField(_("terminada el"), null=True, blank=True)
    file_name = models.CharField(_("archivo"), max_length=120)
    rows = models.PositiveIntegerField(_("filas"), default=0)
    heading_row = models.PositiveIntegerField(default=1)
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.MAPPING)
    foreseen = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    next_row = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("importación")
        verbose_name_plural = _("importaciones")
        indexes = [models.Index(fields=["state", "created_at"])]

    def __str__(self) -> str:
        return self.file_name or str(_("Lista sin nombre"))

    @property
    def is_open(self) -> bool:
        """Whether something can still come of it."""
        return self.state not in {self.State.DONE, self.State.CANCELLED, self.State.EXPIRED}

    @property
    def is_at_work(self) -> bool:
        """Whether a worker is asked to read it."""
        return self.state in {self.State.CHECKING, self.State.RUNNING}


class StaffImportFile(models.Model):
    """The bytes that were handed in, encrypted; removed when the list is in, and after a week in any case."""

    staff_import = models.OneToOneField(StaffImport, models.CASCADE, primary_key=True, related_name="file")
    sealed = models.BinaryField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return str(self.staff_import_id)


class StaffImportFault(models.Model):
    """What is wrong with one cell, or one row. `row` is the number that the spreadsheet shows.

    `field` is the key of the field and `column` the heading it was read from; both empty when it is about the row.
    `code` and `facts` make the message, in the reader's language (`lms.domain.imports.faults`).
    """

    staff_import = models.ForeignKey(StaffImport, models.CASCADE, related_name="faults")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=20, blank=True)
    column = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    is_warning = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["row", "pk"]
        indexes = [models.Index(fields=["staff_import", "is_warning", "row"])]

    def __str__(self) -> str:
        return f"{self.row} {self.column}: {self.code}"


class StaffImportMapping(models.Model):
    """Which heading means which field, as somebody said it last. `owner` is a municipality's code, empty for ANAM."""

    owner = models.CharField(max_length=4, unique=True, blank=True)
    fields = models.JSONField(default=dict)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return self.owner
