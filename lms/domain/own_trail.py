"""Who looked at a person's CUI and who changed their record, in words that they understand."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms.models import AuditEvent, Person, Role, RoleGrant

from .staff import RevealReason

LOOKS = frozenset({"cui.revealed", "own_data.cui_seen"})
WORDS = {
    "person.registered": gettext_lazy("Se abrió su registro"),
    "person.changed": gettext_lazy("Se cambiaron sus datos"),
    "person.password_changed": gettext_lazy("Se cambió su contraseña"),
    "session.opened": gettext_lazy("Se entró a su cuenta"),
    "session.closed": gettext_lazy("Se salió de su cuenta"),
    "person.closed": gettext_lazy("Se cerró su cuenta"),
    "person.reopened": gettext_lazy("Se abrió de nuevo su cuenta"),
    "person.imported": gettext_lazy("Sus datos llegaron en una lista de personal"),
    "person.merged": gettext_lazy("Otro registro suyo se unió a este"),
    "person.parted": gettext_lazy("Se deshizo la unión de sus registros"),
    "person.erased": gettext_lazy("Se borraron sus datos"),
    "duplicate.dismissed": gettext_lazy("Se revisó que usted no es la misma persona que otra con datos parecidos"),
    "cui.revealed": gettext_lazy("Se vio su CUI completo"),
    "own_data.cui_seen": gettext_lazy("Se vio su CUI completo"),
    "own_data.downloaded": gettext_lazy("Se descargaron todos sus datos"),
    "appointment.made": gettext_lazy("Se anotó un puesto"),
    "appointment.ended": gettext_lazy("Se anotó el fin de un puesto"),
    "appointment.confirmed": gettext_lazy("Se confirmó un puesto"),
    "appointment.refused": gettext_lazy("Se rechazó un puesto"),
    "appointment.corrected": gettext_lazy("Se corrigió un puesto"),
    "appointment.annulled": gettext_lazy("Se anuló un puesto"),
    "appointment.moved": gettext_lazy("Se anotó su traslado a otra municipalidad"),
    "consent.declared": gettext_lazy("Se escribió quién autoriza que participe"),
    "consent.confirmed": gettext_lazy("Se confirmó el permiso firmado"),
    "consent.confirmation_undone": gettext_lazy("Se quitó la confirmación del permiso firmado"),
    "consent.withdrawn": gettext_lazy("Se retiró el permiso"),
    "consent.withdrawn_from_network": gettext_lazy("Se retiró el permiso para una red"),
    "career.declared": gettext_lazy("Usted declaró una formación en su expediente"),
    "career.withdrawn": gettext_lazy("Usted retiró una formación de su expediente"),
    "career.checked": gettext_lazy("Se cotejó con el original una formación que usted declaró"),
    "career.refused": gettext_lazy("No se aceptó una formación que usted declaró"),
    "career.certified": gettext_lazy("Se certificó una formación que usted declaró"),
    "career.annulled": gettext_lazy("Se anuló una anotación de su expediente"),
    "career.link_made": gettext_lazy("Se hizo un enlace a su expediente"),
    "career.link_ended": gettext_lazy("Se terminó un enlace a su expediente"),
    "career.downloaded": gettext_lazy("Se descargó su expediente"),
    "career.read": gettext_lazy("Una auditoría leyó su expediente, sin su nombre"),
    "access.recovery_issued": gettext_lazy("Se le dio un código para volver a entrar"),
    "access.factors_removed": gettext_lazy("Se quitó su segundo paso para entrar"),
    "role.granted": gettext_lazy("Se le otorgó un rol"),
    "role.withdrawn": gettext_lazy("Se le retiró un rol"),
    "upload.allowance_set": gettext_lazy("Se le dio otro espacio para lo que sube"),
    "upload.allowance_withdrawn": gettext_lazy("Se le quitó su espacio propio para lo que sube"),
    "waiver.made": gettext_lazy("Se hizo una excepción para usted en un curso"),
    "waiver.withdrawn": gettext_lazy("Se retiró una excepción suya en un curso"),
    "request.asked": gettext_lazy("Se recibió una solicitud suya"),
    "request.withdrawn": gettext_lazy("Se retiró una solicitud suya"),
    "request.granted": gettext_lazy("Se concedió una solicitud suya"),
    "request.refused": gettext_lazy("Se denegó una solicitud suya"),
    "request.proposal_seen": gettext_lazy("Se vio el CUI que usted escribió en una solicitud"),
}
FIELDS = {
    "given_names": gettext_lazy("nombres"),
    "surnames": gettext_lazy("apellidos"),
    "email": gettext_lazy("correo electrónico"),
    "phone": gettext_lazy("teléfono"),
    "born_on": gettext_lazy("fecha de nacimiento"),
    "language": gettext_lazy("primer idioma"),
    "cui": gettext_lazy("CUI"),
}


@dataclass(frozen=True)
class Line:
    """One event as its subject reads it: when, what, which fields or what for, by whom."""

    at: datetime
    action: str
    what: str
    detail: str
    who: str


def events_about(people: list[Person], *, looks_alone: bool = False) -> QuerySet[AuditEvent]:
    """The events on somebody's records, the newest first; those that showed the CUI alone, if so asked."""
    found = AuditEvent.objects.filter(subject__in=[f"lms.person:{one.public_id}" for one in people])
    return (found.filter(action__in=LOOKS) if looks_alone else found).order_by("-pk")


def in_words(events: list[AuditEvent], people: list[Person]) -> list[Line]:
    """Events as lines; three queries, however many they are."""
    own = {str(one.public_id) for one in people}
    ids = {event.actor for event in events if event.actor} - own
    others = {str(one.public_id): one for one in Person.objects.filter(public_id__in=ids)}
    grants: dict[str, list[RoleGrant]] = {}
    for grant in RoleGrant.objects.filter(person__in=others.values()).select_related("person"):
        grants.setdefault(str(grant.person.public_id), []).append(grant)
    return [_line(event, own, others, grants) for event in events]


def _line(event: AuditEvent, own: set[str], others: dict[str, Person], grants: dict[str, list[RoleGrant]]) -> Line:
    return Line(
        at=event.at,
        action=event.action,
        what=str(WORDS.get(event.action) or _("Hubo otro cambio en su registro")),
        detail=_detail(event.facts),
        who=_who(event, own, others, grants),
    )


def _detail(facts: dict) -> str:
    """Which data were changed, or what for a CUI was shown."""
    if facts.get("reason") in RevealReason:
        return str(RevealReason(facts["reason"]).label)
    return ", ".join(str(FIELDS[name]) for name in facts.get("fields", []) if name in FIELDS)


def _who(event: AuditEvent, own: set[str], others: dict[str, Person], grants: dict[str, list[RoleGrant]]) -> str:
    """The name of whoever acted, and the roles that they held at that moment."""
    if not event.actor:
        return _("El sistema")
    if event.actor in own:
        return _("Usted")
    actor = others.get(event.actor)
    if actor is None or actor.erased_at:
        return _("Una persona cuyo registro se borró")
    held = {
        Role(grant.role).label
        for grant in grants.get(event.actor, [])
        if grant.starts_at <= event.at and (grant.ends_at is None or event.at < grant.ends_at)
    }
    return f"{actor.full_name}, {', '.join(sorted(map(str, held)))}" if held else actor.full_name
