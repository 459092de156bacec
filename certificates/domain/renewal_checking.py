"""Reading what completed courses renewed. Nothing is written."""

from collections.abc import Iterator

from django.utils import timezone

from certificates.models import Renewal

from .renewals import ends_anew


def find_faults() -> Iterator[str]:
    """Each fault as a sentence that names its row: what the course renews, of whom, and until when."""
    rows = Renewal.objects.exclude(certificate=None).select_related(
        "completion__person", "certificate__person", "certificate__supersedes"
    )
    for one in rows.order_by("pk").iterator(chunk_size=500):
        new, taken = one.certificate, one.completion
        old = new.supersedes if new else None
        if new is None or old is None:
            yield f"renewal {one.pk}: its certificate follows none"
            continue
        day = timezone.localdate(taken.completed_at)
        if new.course_key != taken.renews_key:
            yield f"certificate {new.reference}: was renewed by a course that renews another"
        if (new.person.merged_into_id or new.person_id) != (taken.person.merged_into_id or taken.person_id):
            yield f"certificate {new.reference}: was renewed by a course that somebody else took"
        if new.expires_on != ends_anew(old, day):
            yield f"certificate {new.reference}: was not renewed until the day that follows from its course"
