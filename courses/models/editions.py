"""The editions of a course that ended, and what each stated at its end."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CourseEdition(models.Model):
    """An edition that ended, as it stood at its end. Added, never changed: both databases refuse it (migration 0030).

    One that ended because the course was taken back, and went on, has a row for each end: the last one counts. The
    edition in force is the page's number. `asked` is what is judged: `{"required": {"<activity>": "<since when it is
    required, or null>"}, "optional": [<activity>]}`. `said` is what a completion copies, as `editions.stated_by` says.
    """

    course_key = models.UUIDField()
    number = models.PositiveSmallIntegerField(_("edición"))
    began_at = models.DateTimeField(null=True, help_text="empty: with the course, or not known")
    ended_at = models.DateTimeField()
    noted_at = models.DateTimeField(default=timezone.now, help_text="later than its end: found in the page's revisions")
    asked = models.JSONField()
    said = models.JSONField()

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["course_key", "ended_at", "pk"]
        verbose_name = _("edición que terminó")
        verbose_name_plural = _("ediciones que terminaron")
        constraints = [
            models.UniqueConstraint(fields=["course_key", "number", "ended_at"], name="course_edition_ends_once"),
            models.CheckConstraint(
                condition=Q(began_at=None) | Q(ended_at__gte=F("began_at")), name="course_edition_goes_forward"
            ),
            models.CheckConstraint(
                condition=Q(noted_at__gte=F("ended_at")), name="course_edition_not_noted_before_its_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_key} · {self.number}"
