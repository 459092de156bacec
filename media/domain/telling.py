"""What the library of videos knows about a person, for the person."""

from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from lms.domain import own_data
from lms.domain.telling import moment
from lms.models import Person
from media.domain import delivered
from media.models import Delivered, Upload, UploadAllowance, Video


def tell(person: Person) -> dict[str, Any]:
    """Uploads on their way, the videos that the person brought in, and the space that they were given."""
    return {
        "uploads": [
            {
                "file_name": one.file_name,
                "size_bytes": one.size,
                "created_at": moment(one.created_at),
                "expires_at": moment(one.expires_at),
            }
            for one in person.uploads.all()
        ],
        "videos": [
            {"title": one.title, "source_name": one.source_name, "created_at": moment(one.created_at)}
            for one in person.videos.all()
        ],
        "data_used": [{"month": month, "bytes_sent": sent} for month, sent in delivered.by_month(person)],
        "allowance": [
            {"bytes": one.bytes, "reason": one.reason, "set_at": moment(one.set_at)}
            for one in UploadAllowance.objects.filter(person=person)
        ],
    }


def held(people: list[Person]) -> list[str]:
    """What there is, in sentences."""
    uploads = Upload.objects.filter(person__in=people).count()
    videos = Video.objects.filter(uploaded_by__in=people).count()
    days = Delivered.objects.filter(person__in=people).values("day").distinct().count()
    said = [
        (uploads, ngettext("%(n)d archivo que está subiendo", "%(n)d archivos que está subiendo", uploads)),
        (videos, ngettext("%(n)d video que usted subió", "%(n)d videos que usted subió", videos)),
        (days, ngettext("los datos de %(n)d día con videos", "los datos de %(n)d días con videos", days)),
    ]
    return [words % {"n": count} for count, words in said if count]


own_data.describe(
    own_data.Part(
        name="media",
        title=gettext_lazy("Videos que usted subió, y datos que usó para ver videos"),
        why=gettext_lazy(
            "Para saber quién trajo cada video (los videos son de ANAM) y cuántos datos usó cada mes. "
            "ANAM paga el envío."
        ),
        held=held,
    )
)
