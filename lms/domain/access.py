"""Coming in without a password, and getting back in: codes that are sent, codes that Human Resources hands over."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import gateways, permissions
from lms.models import AccessCode, Appointment, Person, RoleGrant

from . import audit, identity, jobs, letters, people
from .errors import RuleBroken

SENT_LIVES = timedelta(minutes=10)
HANDED_LIVES = timedelta(hours=24)
# Wrong tries that end a code. Anybody who knows a CUI makes them, so a handed code has to outlive all that the door's
# limits let by in its day (10 in a quarter of an hour, 960). With 31^8 codes, about 40 bits, 2,000 tries find it
# once in 400 million; five find a sent one, of a million, once in 200,000.
SENT_TRIES, HANDED_TRIES = 5, 2000
# More than these are not sent to one person in an hour, whichever identifiers are typed and from wherever. More than
# one address may ask for (lms/views/limits.py), or a stranger could spend somebody's.
MOST_SENT_AN_HOUR = 20
# Read aloud and copied by hand: no 0 and O, no 1, I and L.
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
PRIMARY = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def find_person(identifier: str) -> Person | None:
    """The person who has this CUI, e-mail or phone; the survivor where the record was merged; None if nobody does."""
    person = _holder(identifier.strip())
    while person and person.merged_into:
        person = person.merged_into
    return person


def _holder(identifier: str) -> Person | None:
    # Each of the three is unique and looked up by its index; all are written in one way only.
    try:
        if "@" in identifier:
            named = Q(email=identifier.lower())
        elif len(identity.digits_of(identifier)) == 13:
            named = Q(cui_digest=identity.cui_digest(identity.normalise_cui(identifier)))
        else:
            named = Q(phone=identity.normalise_phone(identifier))
    except RuleBroken:
        return None
    # The record that stands comes along, so that one that was merged takes no longer.
    return next(iter(Person.objects.select_related("merged_into").filter(named).order_by()[:1]), None)


def request_code(*, identifier: str, channel: str, at: datetime | None = None) -> AccessCode:
    """Ask for a code to be sent to whoever has the identifier, to the e-mail or telephone on their record.

    `channel` is their wish; the other one serves where they have only that. Takes the same steps for somebody who does
    not exist, is closed, or has had enough codes for now: nothing is sent then, and the code never fits.
    """
    at = at or timezone.now()
    person = find_person(identifier)
    ways = _ways(person)
    lately = AccessCode.objects.filter(
        person_id=person.pk if person else 0, kind=AccessCode.Kind.SENT, asked_at__gt=at - timedelta(hours=1)
    ).count()
    if not ways or lately >= MOST_SENT_AN_HOUR:
        person, ways = None, [channel]
    with transaction.atomic():
        code = AccessCode.objects.create(
            kind=AccessCode.Kind.SENT,
            channel=channel if channel in ways else ways[0],
            person=person,
            asked_at=at,
            expires_at=at + SENT_LIVES,
        )
        jobs.request("access.send_code", code.public_id)
    return code


def _ways(person: Person | None) -> list[str]:
    if person is None or not person.may_sign_in:
        return []
    reach = {AccessCode.Channel.SMS: bool(person.phone and gateways.is_open())}
    reach[AccessCode.Channel.EMAIL] = bool(person.email)
    return [channel for channel, is_there in reach.items() if is_there]


@jobs.performs("access.send_code")
def send_code(held: jobs.Claim) -> None:
    """Make the code, keep its digest, send it. A second try sends a new one; the job itself never carries it."""
    with transaction.atomic():
        held.assert_held()
        row = AccessCode.objects.select_for_update().filter(public_id=held.job.subject).first()
        if row is None or row.person is None or row.used_at or row.expires_at < timezone.now():
            return
        code = f"{secrets.randbelow(10**6):06d}"
        row.digest = _digest(row, code)
        row.expires_at = timezone.now() + SENT_LIVES
        row.save(update_fields=["digest", "expires_at"])
        person = row.person
    _deliver(person, row.channel, code)


def _deliver(person: Person, channel: str, code: str) -> None:
    with letters.in_language_of(person):
        text = _("%(code)s es su código para entrar a Aula Municipal. Vale 10 minutos. No lo comparta con nadie.")
        text %= {"code": code}
        if channel == AccessCode.Channel.SMS and person.phone:
            gateways.send_text(person.phone, text)
        elif channel == AccessCode.Channel.EMAIL and person.email:
            send_mail(_("Su código para entrar"), text, None, [person.email])


def redeem_code(*, public_id, typed: str) -> Person:
    """Whose code this is, if it fits; it is used up. Raises `access.code_wrong` and `access.code_over`.

    A code that came by e-mail proves that the e-mail is theirs.
    """
    with transaction.atomic():
        row = AccessCode.objects.select_for_update().filter(public_id=public_id, kind=AccessCode.Kind.SENT).first()
        fits = row is not None and _try(row, identity.digits_of(typed), SENT_TRIES)
        if row and row.person and fits:
            if row.channel == AccessCode.Channel.EMAIL:
                prove_email(row.person)
            return row.person
    # Outside the transaction: a try that failed stays counted.
    if row is None or row.used_at or row.expires_at < timezone.now() or row.tries >= SENT_TRIES:
        raise RuleBroken("access.code_over", _("Este código ya no sirve. Pida otro."))
    raise RuleBroken("access.code_wrong", _("El código no es ese. Revíselo y escríbalo de nuevo."))


def _try(row: AccessCode, typed: str, most: int) -> bool:
    """Count a try under the row's lock; whether it fits, and then use the code up."""
    if row.used_at or row.expires_at < timezone.now() or row.tries >= most:
        return False
    row.tries += 1
    person = row.person
    fits = bool(row.digest) and hmac.compare_digest(row.digest, _digest(row, typed))
    fits = fits and person is not None and person.may_sign_in
    if fits:
        row.used_at = timezone.now()
    row.save(update_fields=["tries", "used_at"])
    return fits


def _digest(row: AccessCode, code: str) -> str:
    """Over where it was sent as well: it proves nothing of an e-mail or a number that was changed since.

    A handed one ends with whatever opens the account otherwise: a new password, an e-mail or a phone.
    """
    sent = {AccessCode.Channel.EMAIL: "email", AccessCode.Channel.SMS: "phone"}
    address = getattr(row.person, sent[AccessCode.Channel(row.channel)], "") if row.channel else ""
    if row.person and row.kind == AccessCode.Kind.HANDED:
        address = f"{row.person.password}:{row.person.email or ''}:{row.person.phone or ''}"
    text = f"{row.public_id}:{address}:{code}"
    return hmac.new(identity.key_for("access-code"), text.encode(), hashlib.sha256).hexdigest()


def recovery_refusal(*, person: Person, by: Person) -> str:
    """Why `by` may not hand this person a code, in words; empty when they may. See `issue_recovery_code`."""
    refusal = _recovery_refusal(person, by)
    return refusal.message if refusal else ""


def issue_recovery_code(*, person: Person, by: Person) -> str:
    """A code for somebody who has neither e-mail nor telephone, to be handed over in person: `K7MQ-3XWD`.

    For people who work in the delegate's municipalities, confirmed, and nowhere else, and who hold no role, not even
    one that is yet to begin. Older codes end. The text is told once and not kept. Raises `access.not_allowed`,
    `access.holds_role`, `access.has_contact`, `access.closed`, `access.unconfirmed` and as `people.assert_may_change`.
    """
    now = timezone.now()
    code = "".join(secrets.choice(LETTERS) for _letter in range(8))
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person.pk)
        if refusal := _recovery_refusal(person, by):
            raise refusal
        AccessCode.objects.filter(person=person, kind=AccessCode.Kind.HANDED, used_at=None, expires_at__gt=now).update(
            expires_at=now
        )
        row = AccessCode(
            kind=AccessCode.Kind.HANDED, person=person, issued_by=by, asked_at=now, expires_at=now + HANDED_LIVES
        )
        row.digest = _digest(row, code)
        row.save()
        audit.record("access.recovery_issued", by=by, subject=f"lms.person:{person.public_id}")
    return f"{code[:4]}-{code[4:]}"


def _recovery_refusal(person: Person, by: Person) -> RuleBroken | None:
    if person == by or not people.visible_to(by, "recover_access").filter(pk=person.pk).exists():
        return RuleBroken("access.not_allowed", _("Usted no puede dar códigos a esta persona."))
    if not person.may_sign_in:
        return RuleBroken("access.closed", _("Esta cuenta está cerrada. ANAM puede abrirla de nuevo."))
    if person.is_superuser or RoleGrant.objects.not_over().filter(person=person).exists():
        message = _("Esta persona tiene un rol en el sistema. Solo ANAM puede ayudarle a recuperar su acceso.")
        return RuleBroken("access.holds_role", message)
    try:
        people.assert_may_change(person, by, "recover_access")
    except RuleBroken as broken:
        return broken
    return _needless(person, by)


def _needless(person: Person, by: Person) -> RuleBroken | None:
    """Why somebody within reach gets none all the same."""
    if not _works_for(person, by):
        message = _("Esta persona no tiene hoy un puesto confirmado aquí. Confírmelo primero y dele después el código.")
        return RuleBroken("access.unconfirmed", message)
    if _ways(person):
        message = _("Esta persona tiene teléfono o correo anotado: puede pedir un código ella misma al entrar.")
        return RuleBroken("access.has_contact", message)
    return None


def _works_for(person: Person, by: Person) -> bool:
    """Whether the person holds a confirmed post today where `by` recovers access; ANAM need not ask."""
    places = permissions.municipalities_for(by, "recover_access").values("pk")
    held = Appointment.objects.current().confirmed().filter(person=person, municipality__in=places)
    return permissions.nationwide(by, "recover_access") or held.exists()


def redeem_recovery_code(*, identifier: str, typed: str, password: str) -> Person:
    """Choose a new password with a code from Human Resources. Every session of the person ends.

    Their second factors go: whoever added one on a session that was not theirs would come back in by it. The code is
    good only while whoever handed it over might still do so. Raises `access.code_wrong`, whatever does not fit, and
    `person.password_weak`, which leaves the code good.
    """
    person = find_person(identifier)
    plain = re.sub(r"[^0-9A-Z]", "", typed.upper())
    with transaction.atomic():
        # First the person, then the code, as in handing one over.
        person = Person.objects.select_for_update().filter(pk=person.pk if person else 0).first()
        row = (
            AccessCode.objects.select_for_update(of=("self",))
            .select_related("issued_by")
            .filter(person=person, kind=AccessCode.Kind.HANDED, issued_by__isnull=False)
            .order_by("-asked_at")
            .first()
        )
        # A role, a phone or a post elsewhere since makes it worthless: its holder would pass the delegate's hands.
        if person and row and row.issued_by and not _recovery_refusal(person, row.issued_by):
            row.person = person
            with transaction.atomic():
                fits = _try(row, plain, HANDED_TRIES)
                if fits:
                    _take_factors(person, by=person)
                    _choose_password(person, password, by=person, action="access.recovered")
            if fits:
                return person
    message = _("Los datos no coinciden, o el código ya venció. Revíselos o pida otro código a Recursos Humanos.")
    raise RuleBroken("access.code_wrong", message)


def choose_first_password(*, person: Person, new: str) -> None:
    """Set the password of somebody who has none, signed in by other means. Raises `person.password_weak`."""
    if person.has_usable_password():
        raise RuleBroken("person.password_wrong", _("La contraseña actual no es esa."))
    with transaction.atomic():
        _choose_password(person, new, by=person, action="person.password_changed")


def _choose_password(person: Person, new: str, *, by: Person, action: str) -> None:
    try:
        validate_password(new, person)
    except ValidationError as invalid:
        raise RuleBroken("person.password_weak", " ".join(invalid.messages)) from invalid
    person.set_password(new)
    person.save(update_fields=["password"])
    end_sessions(person)
    audit.record(action, by=by, subject=f"lms.person:{person.public_id}")


def end_sessions(person: Person) -> None:
    """End every session of the person, at its next request."""
    Person.objects.filter(pk=person.pk, session_epoch=None).update(session_epoch=0)
    Person.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])


def recoveries(person: Person) -> list[AccessCode]:
    """The codes that Human Resources handed out for the person, newest first, at most five."""
    handed = person.access_codes.filter(kind=AccessCode.Kind.HANDED).select_related("issued_by")
    return list(handed.order_by("-asked_at")[:5])


def has_second_factor(person: Person) -> bool:
    """Whether the person has set one up; recovery codes alone are none."""
    return Authenticator.objects.filter(user=person, type__in=PRIMARY).exists()


def may_remove_factors(*, person: Person, by: Person) -> bool:
    """Whether `by` may take this person's factors away; see `remove_factors`."""
    if person == by or not permissions.allows(by, "manage_people"):
        return False
    try:
        people.assert_may_change(person, by)
    except RuleBroken:
        return False
    return True


def remove_factors(*, person: Person, by: Person) -> int:
    """Take away the second factors of somebody who lost them, and end their sessions; returns how many.

    ANAM's administration alone. Raises `access.not_allowed`.
    """
    if not may_remove_factors(person=person, by=by):
        raise RuleBroken("access.not_allowed", _("Usted no puede quitar el segundo paso de esta persona."))
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        count = _take_factors(person, by=by)
        end_sessions(person)
    return count


def _take_factors(person: Person, *, by: Person) -> int:
    """Delete them, with what the trail says of it; how many there were."""
    found = Authenticator.objects.filter(user=person)
    types = sorted(found.values_list("type", flat=True))
    if types or by != person:
        found.delete()
        action = "access.factor_removed" if by == person else "access.factors_removed"
        audit.record(action, by=by, subject=f"lms.person:{person.public_id}", facts={"types": types})
    return len(types)


def prove_email(person: Person) -> None:
    """Note that the e-mail of `person`, as it was read, is really theirs; nothing if the record has another by now."""
    if not person.email:
        return
    with transaction.atomic():
        # Two that prove at once wait for each other, and a change of e-mail waits for both.
        if not Person.objects.select_for_update().filter(pk=person.pk, email=person.email).exists():
            return
        EmailAddress.objects.filter(Q(email__iexact=person.email) | Q(user=person)).delete()
        EmailAddress.objects.create(user=person, email=person.email.lower(), verified=True, primary=True)


def is_email_proven(person: Person) -> bool:
    """Whether the e-mail that stands on the record today was proven."""
    return (
        bool(person.email)
        and EmailAddress.objects.filter(user=person, email__iexact=person.email, verified=True).exists()
    )


def sweep() -> int:
    """Forget codes that were sent and are over for a day. Those of Human Resources stay, for the person to see."""
    before = timezone.now() - timedelta(days=1)
    return AccessCode.objects.filter(kind=AccessCode.Kind.SENT, expires_at__lt=before).delete()[0]
