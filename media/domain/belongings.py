"""What of a person's record hangs in the library of videos: their uploads, and the videos that they brought."""

from typing import Any

from lms.domain import belongings, handing
from lms.models import Person
from media.models import UploadAllowance

from . import erasing, telling

HANDED = ("media.Upload.person", "media.Video.uploaded_by", "media.Cut.made_by", "media.Track.made_by")
ALLOWANCE = "media.UploadAllowance.person"


def merge(survivor: Person, absorbed: Person) -> dict[str, Any]:
    """Uploads that are on their way can be gone on with, and videos are theirs; of two allowances the survivor's."""
    has_own = UploadAllowance.objects.filter(person=survivor).exists()
    return handing.hand_over(survivor, absorbed, HANDED if has_own else (*HANDED, ALLOWANCE))


def unmerge(survivor: Person, absorbed: Person, journal: dict[str, Any]) -> None:
    """What was handed over goes back; what was uploaded since stays."""
    handing.hand_back(survivor, absorbed, journal)


belongings.register(
    belongings.Belongings(
        name="media",
        claims=frozenset(
            {"media.Upload", "media.Video", "media.Cut", "media.Track", "media.Delivered", "media.UploadAllowance"}
        ),
        # Who set it; and sums by day, read of all records of a family together.
        history=frozenset({"media.UploadAllowance.set_by", "media.Delivered.person"}),
        tell=telling.tell,
        merge=merge,
        unmerge=unmerge,
        erase=erasing.erase,
    )
)
