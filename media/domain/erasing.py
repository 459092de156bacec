"""What the library of videos lets go of when a person is erased."""

from functools import partial

from django.db import transaction

from lms.models import Person
from media.models import Cut, Track, UploadAllowance, Video

from . import delivered, uploads


def erase(person: Person) -> dict[str, int]:
    """Uploads with their bytes, once the erasure holds; videos are ANAM's and stay, without who brought them."""
    waiting = list(person.uploads.all())
    person.uploads.all().delete()
    UploadAllowance.objects.filter(person=person).delete()
    for upload in waiting:
        transaction.on_commit(partial(uploads.forget_bytes, upload))
    Video.objects.filter(uploaded_by=person).update(uploaded_by=None)
    for made in (Cut, Track):
        made.objects.filter(made_by=person).update(made_by=None)
    return {"uploads": len(waiting), "data_used": delivered.forget(person)}
