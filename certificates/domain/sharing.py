"""Links by which somebody lets others see (a part of) their record for a while. Whoever holds one needs no account.

Of a link's code a digest is kept, so that the database alone opens nothing; it is shown once, when it is made.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certificates.models import CareerShare, ShareOpening
from lms.domain import audit, identity, people
from lms.domain.errors import RuleBroken
from lms.models import Person

MOST_DAYS = 90
MOST_OPEN = 20


@dataclass(frozen=True)
class Made:
    """A link that was just made, and its code, which is not kept."""

    share: CareerShare
    code: str


@transaction.atomic
def share(*, person: Person, parts: str, days: int, note: str = "", by: Person) -> Made:
    """Make a link of one's own that lasts `days`, 1 to 90.

    Raises `share.not_yours`, `share.minor`, `share.days`, `share.parts`, `share.too_many`, `text.number_in_it`.
    """
    locked = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    if by != person or not locked.may_sign_in:
        raise RuleBroken("share.not_yours", _("Cada persona comparte lo suyo, desde su propia cuenta."))
    if people.is_minor(locked.born_on):
        words = _(
            "Para cuidar sus datos, los enlaces se pueden hacer desde los 18 años. Su expediente sigue siendo suyo."
        )
        raise RuleBroken("share.minor", words)
    if not 1 <= days <= MOST_DAYS:
        raise RuleBroken("share.days", _("Elija de 1 a %(n)d días.") % {"n": MOST_DAYS})
    if parts not in CareerShare.Parts.values:
        raise RuleBroken("share.parts", _("Elija qué parte quiere mostrar."))
    note = " ".join(note.split())[:80]
    identity.assert_no_number(note)
    if of(person).open().count() >= MOST_OPEN:
        words = ngettext("Ya tiene %(n)d enlace abierto.", "Ya tiene %(n)d enlaces abiertos.", MOST_OPEN)
        ask = _("Termine alguno antes de hacer otro.")
        raise RuleBroken("share.too_many", f"{words % {'n': MOST_OPEN}} {ask}")
    code, now = secrets.token_urlsafe(16), timezone.now()
    made = CareerShare.objects.create(
        person=person,
        code_sha256=_digest(code),
        parts=parts,
        note=note,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    facts = {"parts": parts, "days": days}
    audit.record("career.link_made", by=by, subject=f"lms.person:{person.public_id}", facts=facts)
    return Made(made, code)


@transaction.atomic
def end(*, link: CareerShare, by: Person) -> None:
    """Let a link of one's own lead nowhere from now on. Repeating it changes nothing. Raises `share.not_yours`."""
    locked = CareerShare.objects.select_for_update(of=("self",), no_key=True).get(pk=link.pk)
    if not Person.objects.family(by).filter(pk=locked.person_id).exists():
        raise RuleBroken("share.not_yours", _("Cada persona termina sus propios enlaces."))
    if locked.ended_at is None:
        locked.ended_at = timezone.now()
        locked.save(update_fields=["ended_at"])
        audit.record("career.link_ended", by=by, subject=f"lms.person:{locked.person.public_id}")


def of(person: Person):
    """The links of one human being, the newest first."""
    return CareerShare.objects.filter(person__in=Person.objects.family(person))


def find(code: str) -> CareerShare | None:
    """The link of a code, if it leads somewhere. Minors' lead nowhere, nor do those of records that were closed."""
    found = CareerShare.objects.open().select_related("person__merged_into").filter(code_sha256=_digest(code)).first()
    return None if found is None or people.is_minor(found.person.holder.born_on) else found


def note_opening(link: CareerShare, *, device: str) -> None:
    """Keep that it was opened in this hour, and on what."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    with transaction.atomic():
        opening, is_new = ShareOpening.objects.get_or_create(share=link, hour=hour, device=device)
        if not is_new:
            ShareOpening.objects.filter(pk=opening.pk).update(count=F("count") + 1)


def device_of(agent: str) -> str:
    """One word for what a browser says of itself."""
    said = agent.lower()
    if any(word in said for word in ("mobile", "android", "iphone", "ipad")):
        return ShareOpening.Device.PHONE
    if any(word in said for word in ("windows", "macintosh", "x11", "linux", "cros")):
        return ShareOpening.Device.COMPUTER
    return ShareOpening.Device.OTHER


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
