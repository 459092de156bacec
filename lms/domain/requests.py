"""What people ask ANAM about their own record: a correction, or erasure. Who asks, who answers, what follows."""

import json
from datetime import date, datetime, timedelta
from typing import Any

from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import Person, PersonRequest

from . import audit, erasure, identity, letters, people
from .errors import RuleBroken

ACTION = "answer_requests"
# Time to think it over: an erasure cannot be taken back.
WAIT = timedelta(days=7)
# What a person cannot change alone once it is set.
FIXED = ("given_names", "surnames", "cui", "born_on")
TEXT_LENGTH = 2000


def ask_correction(*, person: Person, by: Person, proposed: dict[str, Any], text: str = "") -> PersonRequest:
    """Ask that what is wrong be put right; `proposed` names columns of `FIXED` with what is right.

    Raises `request.not_yours`, `request.empty`, `request.number_in_text`, `request.text_too_long`,
    `request.already_open` and `cui.malformed`.
    """
    _assert_own(person, by)
    wanted = {name: _as_text(name, proposed[name]) for name in FIXED if proposed.get(name)}
    text = text.strip()
    if not (wanted or text):
        raise RuleBroken("request.empty", _("Escriba qué dato está mal y cómo debe quedar."))
    _assert_text(text)
    return _ask(
        person, PersonRequest.Kind.CORRECTION, text=text, proposed_sealed=identity.seal(json.dumps(wanted)), by=by
    )


def ask_erasure(*, person: Person, by: Person) -> PersonRequest:
    """Ask that one's data be erased. Raises `request.not_yours`, `request.already_open` and as `erasure.erase`."""
    _assert_own(person, by)
    erasure.assert_erasable(person)
    return _ask(person, PersonRequest.Kind.ERASURE, by=by)


def withdraw(*, request: PersonRequest, by: Person) -> None:
    """Take back what one asked. Raises `request.not_yours` and `request.answered`."""
    _assert_own(request.person, by)
    with transaction.atomic():
        locked = _lock_open(request)
        locked.state, locked.answered_at = PersonRequest.State.WITHDRAWN, timezone.now()
        locked.save(update_fields=["state", "answered_at"])
        _record("request.withdrawn", locked, by)


def visible_to(by: Person) -> QuerySet[PersonRequest]:
    """The requests that somebody may answer, their own among them to see, and those of people who were erased."""
    if permissions.nationwide(by, ACTION):
        return PersonRequest.objects.all()
    return PersonRequest.objects.filter(person__in=people.visible_to(by, ACTION).values("pk"))


def answered_lately(person: Person) -> QuerySet[PersonRequest]:
    """What ANAM answered in the last thirty days, for the person's account page."""
    answered = (PersonRequest.State.GRANTED, PersonRequest.State.REFUSED)
    since = timezone.now() - timedelta(days=30)
    return PersonRequest.objects.filter(person=person, state__in=answered, answered_at__gte=since)


def proposal(request: PersonRequest) -> dict[str, str]:
    """What a correction asks for, by column; days in ISO."""
    return json.loads(identity.unseal(request.proposed_sealed)) if request.proposed_sealed else {}


def see_proposed_cui(*, request: PersonRequest, by: Person) -> str:
    """The CUI that a correction asks for, in clear, with an event that says who saw it. Raises as `refuse`."""
    _assert_may_answer(request, by)
    with transaction.atomic():
        _record("request.proposal_seen", request, by)
    return proposal(request).get("cui", "")


def open_from(request: PersonRequest) -> datetime:
    """From when it may be granted: an erasure only after the waiting time."""
    return request.asked_at + (WAIT if request.kind == PersonRequest.Kind.ERASURE else timedelta())


def grant_correction(*, request: PersonRequest, by: Person, changes: dict[str, Any], answer: str = "") -> None:
    """Put the record right and say so, in one transaction; `changes` are columns as `people.change_details` takes them.

    Raises `request.not_allowed`, `request.own`, `request.answered`, `request.answer_missing` (nothing is changed and
    nothing said), `request.number_in_text`, `request.text_too_long` and as `people.change_details`.
    """
    _assert_may_answer(request, by)
    changes, answer = {name: changes[name] for name in FIXED if changes.get(name)}, answer.strip()
    if not changes and not answer:
        raise RuleBroken("request.answer_missing", _("Escriba qué se hizo: la persona lo va a leer."))
    _assert_text(answer)
    with transaction.atomic():
        locked = _lock_open(request)
        if changes:
            people.change_details(person=locked.person, by=by, **changes)
        _answer(locked, PersonRequest.State.GRANTED, by, answer)


def grant_erasure(*, request: PersonRequest, by: Person) -> None:
    """Erase the person who asked for it.

    Raises `request.not_allowed`, `request.own`, `request.answered`, `request.too_early` and as `erasure.erase`.
    """
    _assert_may_answer(request, by)
    if timezone.now() < open_from(request):
        raise RuleBroken("request.too_early", _("La persona todavía puede arrepentirse. Espere a que venza el plazo."))
    with transaction.atomic():
        locked = _lock_open(request)
        address, language = locked.person.email, letters.language_of(locked.person)
        _write_answer(locked, PersonRequest.State.GRANTED, by, "")
        erasure.erase(person=locked.person, by=by)
        # Last, as everywhere: whoever has the head of the trail waits for nobody.
        _record("request.granted", locked, by)
        _tell_when_it_holds(locked, address, language)


def refuse(*, request: PersonRequest, by: Person, answer: str) -> None:
    """Say no, and why. Raises `request.not_allowed`, `.own`, `.answered`, `.answer_missing`, `.number_in_text`."""
    _assert_may_answer(request, by)
    answer = answer.strip()
    if not answer:
        raise RuleBroken("request.answer_missing", _("Escriba el motivo: la persona lo va a leer."))
    _assert_text(answer)
    with transaction.atomic():
        _answer(_lock_open(request), PersonRequest.State.REFUSED, by, answer)


def _as_text(name: str, value: Any) -> str:
    if name == "cui":
        return identity.normalise_cui(value)
    return value.isoformat() if isinstance(value, date) else " ".join(value.split())


def _ask(person: Person, kind: str, *, by: Person, **fields: str) -> PersonRequest:
    try:
        with transaction.atomic():
            made = PersonRequest.objects.create(person=person, kind=kind, **fields)
            _record("request.asked", made, by)
    except IntegrityError as error:
        message = _("Usted ya tiene una solicitud de esta clase en espera. Retírela si quiere escribir otra.")
        raise RuleBroken("request.already_open", message) from error
    return made


def _answer(request: PersonRequest, state: str, by: Person, answer: str) -> None:
    _write_answer(request, state, by, answer)
    _record("request.granted" if state == PersonRequest.State.GRANTED else "request.refused", request, by)
    _tell_when_it_holds(request, request.person.email, letters.language_of(request.person))


def _write_answer(request: PersonRequest, state: str, by: Person, answer: str) -> None:
    request.state, request.answer = state, answer
    request.answered_by, request.answered_at = by, timezone.now()
    request.save(update_fields=["state", "answer", "answered_by", "answered_at"])


def _tell_when_it_holds(request: PersonRequest, address: str | None, language: str) -> None:
    if address:
        transaction.on_commit(lambda: _tell(address, language, request), robust=True)


def _tell(address: str, language: str, request: PersonRequest) -> None:
    """A letter without any datum of the record: letters pass through many hands."""
    with translation.override(language):
        if request.kind == PersonRequest.Kind.ERASURE and request.state == PersonRequest.State.GRANTED:
            text = _(
                "Sus datos de Aula Municipal se borraron, como usted pidió. Este es el último correo que le llega."
            )
        else:
            text = _("ANAM respondió su solicitud. Entre a Aula Municipal y abra «Mi cuenta», «Mis datos».")
        send_mail(_("Aula Municipal: respuesta a su solicitud"), text, None, [address])


def _lock_open(request: PersonRequest) -> PersonRequest:
    locked = PersonRequest.objects.select_for_update(of=("self",)).select_related("person").get(pk=request.pk)
    if locked.state != PersonRequest.State.OPEN:
        raise RuleBroken("request.answered", _("Esta solicitud ya no está en espera."))
    return locked


def _assert_own(person: Person, by: Person) -> None:
    if by != person:
        raise RuleBroken("request.not_yours", _("Solo la propia persona puede pedirlo."))


def _assert_may_answer(request: PersonRequest, by: Person) -> None:
    if not (permissions.allows(by, ACTION) and visible_to(by).filter(pk=request.pk).exists()):
        raise RuleBroken("request.not_allowed", _("Usted no puede responder solicitudes."))
    if by.pk == request.person_id:
        raise RuleBroken("request.own", _("Nadie responde su propia solicitud. Pídalo a otra persona de ANAM."))


def _assert_text(text: str) -> None:
    if len(text) > TEXT_LENGTH:
        raise RuleBroken("request.text_too_long", _("Escriba 2000 letras o menos."))
    if identity.has_number(text):
        raise RuleBroken("request.number_in_text", _("No escriba un CUI en el texto. Use la casilla del CUI."))


def _record(action: str, request: PersonRequest, by: Person) -> None:
    facts = {"request": str(request.public_id), "kind": request.kind}
    audit.record(action, by=by, subject=f"lms.person:{request.person.public_id}", facts=facts)
