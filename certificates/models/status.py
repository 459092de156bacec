"""Where the state of a certificate stands in the lists that machines read. Rows are added, never changed."""

from django.db import models

from .register import Certificate


class StatusEntry(models.Model):
    """The one bit of a certificate in a Bitstring Status List (W3C, 1.0), taken at random when it is issued.

    `list` is the name of the list, `index` the bit, 0 to 131,071.
    """

    certificate = models.OneToOneField(Certificate, models.PROTECT, related_name="status_entry")
    list = models.CharField(max_length=40)
    index = models.PositiveIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "index"], name="status_entry_place")]

    def __str__(self) -> str:
        return f"{self.list} {self.index}"
