"""The tree over the log and what was published of it. Rows are added, never changed (migration `certificates.0007`)."""

from django.db import models
from django.utils import timezone


class LogNode(models.Model):
    """A perfect subtree of the tree over the log's leaves (RFC 9162, section 2.1), kept when its last leaf came.

    It covers the leaves from `index << level` up to, not including, `(index + 1) << level`. A leaf's own node, of level
    0, is the digest of its entry's canonical JSON, with a zero byte before it.
    """

    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="log_node_place")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index} {self.digest[:12]}"


class Checkpoint(models.Model):
    """How many leaves the log had and the root over them, signed, one for each day of Guatemala.

    `note` is what is published, word for word: a checkpoint in the form of C2SP tlog-checkpoint, a signed note.
    """

    day = models.DateField(unique=True)
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField()
    signed_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.size}"
