"""How much a person may keep here: bytes on their way, and the originals of what they brought."""

from datetime import datetime

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.documents import get_document_model

from lms.domain.errors import RuleBroken
from lms.models import Person
from media.models import Cut, Track, Upload, UploadAllowance, Video


def quota_of(person: Person) -> int:
    """How many bytes a person may keep, by an allowance of their own or as everybody; 0 for as many as they like."""
    own = UploadAllowance.objects.filter(person=person).values_list("bytes", flat=True).first()
    return settings.UPLOAD_QUOTA_BYTES if own is None else own


def used_by(person: Person, at: datetime | None = None) -> int:
    """How many bytes a person keeps: uploads by the size that they will have, originals that are here still, papers."""
    waiting = Upload.objects.filter(person=person, expires_at__gt=at or timezone.now())
    # Two cuts trimmed from one original name the same file, which counts once.
    kept = [
        model.objects.filter(**{owner: person}).exclude(source_path="").values_list("source_path", "source_bytes")
        for model, owner in ((Video, "uploaded_by"), (Cut, "made_by"), (Track, "made_by"))
    ]
    originals = dict(kept[0].order_by().union(*(rows.order_by() for rows in kept[1:])))
    papers = get_document_model().objects.filter(uploaded_by_user=person)
    return (
        (waiting.aggregate(sum=Sum(Coalesce("size", "offset")))["sum"] or 0)
        + sum(originals.values())
        + (papers.aggregate(sum=Sum("file_size"))["sum"] or 0)
    )


def check_room(person: Person, more: int, at: datetime | None = None) -> None:
    """Whether `more` bytes fit beside what a person keeps. Raises `upload.quota` with what to do."""
    quota = quota_of(person)
    used = used_by(person, at) if quota else 0
    if quota and used + more > quota:
        words = _(
            "No le queda espacio: usted usa %(used)s de %(quota)s MB. "
            "Cancele subidas sin terminar, borre videos que no usa o pida más espacio a la administración."
        )
        raise RuleBroken("upload.quota", words % {"used": used // 1024**2, "quota": quota // 1024**2})
