"""Who could do what, on any day: the roles that were in force then, what each carries, whose account was closed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from lms import permissions
from lms.models import AuditEvent, Department, Municipality, Person, RoleGrant

from .sheets import Cell

# Every action of `policy.yaml` (a test holds it), as it is said to people.
ACTIONS = {
    "answer_requests": gettext_lazy("responder las solicitudes de las personas sobre sus datos"),
    "ask_certificate_act": gettext_lazy("pedir que se emita, se corrija o se revoque un certificado"),
    "assign_to_all": gettext_lazy("asignar cursos en todo el país"),
    "assign_to_network": gettext_lazy("asignar cursos a los integrantes de una red"),
    "assign_to_staff": gettext_lazy("asignar cursos al personal de la municipalidad e invitarlo"),
    "certify_career": gettext_lazy("certificar lo que las personas declaran en su expediente"),
    "check_career": gettext_lazy("cotejar con el original lo que las personas declaran en su expediente"),
    "certify_certificate_act": gettext_lazy("certificar lo que otra persona pidió sobre un certificado"),
    "design_certificates": gettext_lazy("diseñar las plantillas de los certificados"),
    "edit_course": gettext_lazy("escribir sus cursos y los que el rol nombra"),
    "edit_every_course": gettext_lazy("escribir todos los cursos"),
    "export_tracking": gettext_lazy("descargar las listas de certificados"),
    "grant_role": gettext_lazy("otorgar y retirar roles"),
    "hand_over": gettext_lazy("hacer el paquete de entrega de la municipalidad"),
    "import_staff": gettext_lazy("subir listas de personal"),
    "keep_every_file": gettext_lazy("cambiar los videos, imágenes y archivos de todas las personas"),
    "make_exceptions": gettext_lazy("hacer excepciones, con su motivo, en los cursos que escribe"),
    "manage_competencies": gettext_lazy("escribir las competencias y lo que cada puesto pide de ellas"),
    "manage_jobs": gettext_lazy("cancelar los trabajos del sistema y decir cuál va primero"),
    "manage_network_members": gettext_lazy("recibir y sacar integrantes de una red"),
    "manage_networks": gettext_lazy("fundar y cambiar redes"),
    "manage_paths": gettext_lazy("escribir las rutas de aprendizaje"),
    "manage_people": gettext_lazy("abrir, corregir y cerrar registros de personas"),
    "manage_reference_data": gettext_lazy("cambiar el catálogo de puestos"),
    "manage_staff": gettext_lazy("anotar y confirmar nombramientos del personal"),
    "manage_storage": gettext_lazy("ver qué ocupa el almacenamiento y dar más espacio a una persona"),
    "merge_people": gettext_lazy("unir registros repetidos"),
    "open_back_office": gettext_lazy("entrar a la administración"),
    "publish_course": gettext_lazy("publicar sus cursos"),
    "read_audit": gettext_lazy("leer la bitácora"),
    "read_career": gettext_lazy("leer cualquier expediente, sin nombres, y queda anotado"),
    "read_consumption": gettext_lazy("ver cuántos datos se enviaron y lo que costaron"),
    "read_grants": gettext_lazy("ver quién tiene qué rol"),
    "read_jobs": gettext_lazy("ver los trabajos del sistema"),
    "read_network_progress": gettext_lazy("ver el avance de los integrantes de una red"),
    "read_networks": gettext_lazy("ver las redes y sus integrantes"),
    "read_people": gettext_lazy("ver a las personas, con sus números ocultos"),
    "read_staff": gettext_lazy("ver la lista del personal"),
    "read_tracking": gettext_lazy("ver quién tiene certificado"),
    "recover_access": gettext_lazy("ayudar a recuperar el acceso"),
    "review_course": gettext_lazy("revisar los cursos de otras personas y aprobarlos"),
    "reveal_cui": gettext_lazy("ver el CUI completo, y queda anotado"),
    "upload_video": gettext_lazy("subir videos"),
}
CLOSES, OPENS = ("person.closed", "person.erased"), ("person.reopened",)


@dataclass(frozen=True)
class Span:
    """A stretch of time: a whole day of Guatemala, or one moment of it (both ends the same)."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, day: date, hour: time | None = None) -> "Span":
        """The day, or the moment."""
        since = timezone.make_aware(datetime.combine(day, hour or time.min))
        return cls(since, since if hour else timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min)))


@dataclass(frozen=True)
class Power:
    """A grant, what it carries in words, and whether the person's account was closed all the while."""

    grant: RoleGrant
    actions: list[str]
    was_closed: bool


def held_in(
    span: Span,
    *,
    role: str = "",
    department: Department | None = None,
    municipality: Municipality | None = None,
    name: str = "",
) -> QuerySet[RoleGrant]:
    """Grants that held at some moment of `span`; with a place, those that reached it, the nation's among them."""
    found = RoleGrant.objects.filter(
        Q(ends_at=None) | (Q(ends_at__gt=span.since) & Q(ends_at__gt=F("starts_at"))), starts_at__lte=span.until
    )
    if span.until > span.since:
        found = found.exclude(starts_at=span.until)
    if role:
        found = found.filter(role=role)
    if municipality:
        near = Q(department=municipality.department) | Q(municipality=municipality)
        found = found.filter(near | Q(scope=RoleGrant.Scope.NATION))
    elif department:
        near = Q(department=department) | Q(municipality__department=department)
        found = found.filter(near | Q(scope=RoleGrant.Scope.NATION))
    if name:
        found = found.filter(person__in=Person.objects.search_words(name).values("pk"))
    told = found.select_related("person", "granted_by", "withdrawn_by", "department", "municipality__department")
    return told.order_by("person__surnames", "person__given_names", "starts_at", "pk")


def as_powers(grants: Iterable[RoleGrant], span: Span) -> list[Power]:
    """Grants with what they carry; two queries, however many they are."""
    grants = list(grants)
    closed = _closed_all_through({grant.person for grant in grants}, span)
    return [Power(grant, actions_in_words(grant.role), grant.person_id in closed) for grant in grants]


def actions_in_words(role: str) -> list[str]:
    """What a role carries, as the table of policy says today."""
    return [str(ACTIONS.get(action, action)) for action in permissions.actions_of(role)]


def closings(person: Person) -> QuerySet[AuditEvent]:
    """When a person's account was closed and opened again, the oldest first."""
    found = AuditEvent.objects.filter(subject=f"lms.person:{person.public_id}", action__in=[*CLOSES, *OPENS])
    return found.order_by("pk")


def headings() -> list[str]:
    """The first row of the file."""
    return [
        _("Persona"),
        _("Rol"),
        _("Alcance"),
        _("Desde"),
        _("Hasta"),
        _("Otorgado por"),
        _("Retirado por"),
        pgettext("account", "Cuenta"),
        _("Podía"),
    ]


def rows(grants: QuerySet[RoleGrant], span: Span) -> Iterator[list[Cell]]:
    """One row a grant."""
    for power in as_powers(grants, span):
        grant = power.grant
        yield [
            grant.person.full_name,
            str(grant.get_role_display()),
            grant.scope_in_words,
            f"{timezone.localtime(grant.starts_at):%Y-%m-%d %H:%M}",
            f"{timezone.localtime(grant.ends_at):%Y-%m-%d %H:%M}" if grant.ends_at else "",
            grant.granted_by.full_name if grant.granted_by else _("instalación"),
            grant.withdrawn_by.full_name if grant.withdrawn_by else "",
            _("cerrada entonces") if power.was_closed else _("abierta"),
            "" if power.was_closed else "; ".join(power.actions),
        ]


def _closed_all_through(people: set[Person], span: Span) -> set[int]:
    """Those whose account was closed when `span` began and was not opened in it, as the trail says.

    Before the first event of an account, it was the opposite of what that event made it; one without events has always
    been as it is.
    """
    keys = {f"lms.person:{one.public_id}": one for one in people}
    events: dict[str, list[tuple[datetime, bool]]] = {}
    told = AuditEvent.objects.filter(subject__in=list(keys), action__in=[*CLOSES, *OPENS]).order_by("pk")
    for subject, at, action in told.values_list("subject", "at", "action"):
        events.setdefault(subject, []).append((at, action in OPENS))
    return {one.pk for key, one in keys.items() if not _was_open(one, events.get(key, []), span)}


def _was_open(person: Person, events: list[tuple[datetime, bool]], span: Span) -> bool:
    if not events:
        return person.is_active
    is_open = not events[0][1]
    for at, opens in events:
        if at <= span.since:
            is_open = opens
        elif at < span.until and opens:
            return True
    return is_open
