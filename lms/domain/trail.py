"""Reading the trail of events: who did what, on whom, when, from where, in words; searching it, taking it away."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address

from django.apps import apps
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms.models import AuditEvent, Department, Municipality, Person, Post, Role, RoleGrant

from . import audit
from .sheets import Cell

# Every action that the code records (a test holds it), as the trail says it.
ACTIONS = {
    "access.factor_added": gettext_lazy("Agregó un segundo paso para entrar"),
    "access.factor_removed": gettext_lazy("Quitó su segundo paso para entrar"),
    "access.factor_renewed": gettext_lazy("Renovó su segundo paso para entrar"),
    "access.factors_removed": gettext_lazy("Quitó el segundo paso de otra persona"),
    "access.recovered": gettext_lazy("Recuperó su acceso"),
    "access.recovery_issued": gettext_lazy("Dio un código para volver a entrar"),
    "answer.marked": gettext_lazy("Calificó una respuesta"),
    "appointment.annulled": gettext_lazy("Anuló un nombramiento"),
    "appointment.confirmed": gettext_lazy("Confirmó un nombramiento"),
    "appointment.corrected": gettext_lazy("Corrigió un nombramiento"),
    "appointment.ended": gettext_lazy("Anotó el fin de un nombramiento"),
    "appointment.made": gettext_lazy("Anotó un nombramiento"),
    "appointment.moved": gettext_lazy("Trasladó a otra municipalidad"),
    "appointment.refused": gettext_lazy("Rechazó un nombramiento"),
    "assignment.ended": gettext_lazy("Terminó la asignación de un curso"),
    "assignment.made": gettext_lazy("Asignó un curso"),
    "attempt.handed_in": gettext_lazy("Entregó un cuestionario"),
    "attempt.started": gettext_lazy("Empezó un cuestionario"),
    "attempt.thrown_away": gettext_lazy("Se descartó un intento de cuestionario"),
    "attendance.corrected": gettext_lazy("Corrigió una asistencia"),
    "audit.exported": gettext_lazy("Descargó la bitácora"),
    "captions.asked_of_machine": gettext_lazy("Pidió subtítulos hechos por máquina"),
    "captions.removed": gettext_lazy("Quitó subtítulos"),
    "captions.saved": gettext_lazy("Guardó subtítulos"),
    "certificate.drawn_anew": gettext_lazy("Se dibujó de nuevo un certificado"),
    "certificate.issued": gettext_lazy("Se emitió un certificado"),
    "certificate.revoked": gettext_lazy("Revocó un certificado"),
    "certificates.exported": gettext_lazy("Descargó la lista de certificados"),
    "consent.confirmation_undone": gettext_lazy("Quitó la confirmación de un permiso"),
    "consent.confirmed": gettext_lazy("Confirmó el permiso de una persona encargada"),
    "consent.declared": gettext_lazy("Declaró el permiso de una persona encargada"),
    "consent.withdrawn": gettext_lazy("Retiró el permiso de una persona encargada"),
    "consent.withdrawn_from_network": gettext_lazy("Retiró de una red el permiso de una persona encargada"),
    "consumption.exported": gettext_lazy("Descargó el consumo de datos"),
    "course.asks_changed": gettext_lazy("Publicó un cambio en lo que pide un curso"),
    "course.completed": gettext_lazy("Completó un curso"),
    "course.statements_taken": gettext_lazy("Descargó lo aprendido en un curso (xAPI)"),
    "course.evaluated": gettext_lazy("Evaluó un curso"),
    "cui.revealed": gettext_lazy("Vio el CUI completo"),
    "document.added": gettext_lazy("Subió un documento"),
    "duplicate.dismissed": gettext_lazy("Dijo que dos registros no son de la misma persona"),
    "enrolment.listed": gettext_lazy("Entró en la lista de espera de un curso"),
    "enrolment.made": gettext_lazy("Se inscribió en un curso"),
    "enrolment.members_made": gettext_lazy("Inscribió a integrantes de una red"),
    "enrolment.resumed": gettext_lazy("Volvió a un curso"),
    "enrolment.seated": gettext_lazy("Recibió un cupo que quedó libre en un curso"),
    "enrolment.withdrawn": gettext_lazy("Se retiró de un curso"),
    "grants.exported": gettext_lazy("Descargó la lista de roles"),
    "import.cancelled": gettext_lazy("Canceló una lista de personal"),
    "import.ended": gettext_lazy("Terminó de entrar una lista de personal"),
    "import.started": gettext_lazy("Mandó a entrar una lista de personal"),
    "import.taken": gettext_lazy("Subió una lista de personal"),
    "invitation.made": gettext_lazy("Hizo una invitación a un curso"),
    "invitation.revoked": gettext_lazy("Anuló una invitación a un curso"),
    "invitation.used": gettext_lazy("Entró a un curso con una invitación"),
    "in_person.cancelled": gettext_lazy("Canceló una sesión presencial"),
    "in_person.changed": gettext_lazy("Cambió una sesión presencial"),
    "in_person.closed": gettext_lazy("Cerró la asistencia de una sesión presencial"),
    "in_person.planned": gettext_lazy("Programó una sesión presencial"),
    "in_person.registered": gettext_lazy("Inscribió a una persona en una sesión presencial"),
    "in_person.reopened": gettext_lazy("Abrió de nuevo la asistencia de una sesión presencial"),
    "in_person.seat_given_back": gettext_lazy("Devolvió un lugar en una sesión presencial"),
    "job.cancel_asked": gettext_lazy("Pidió detener un trabajo en curso"),
    "job.cancelled": gettext_lazy("Canceló un trabajo"),
    "job.priority_set": gettext_lazy("Cambió la prioridad de un trabajo"),
    "lesson_question.asked": gettext_lazy("Preguntó en una lección"),
    "lesson_question.published": gettext_lazy("Respondió y publicó una pregunta de una lección"),
    "lesson_question.refused": gettext_lazy("No publicó una pregunta de una lección"),
    "lesson_question.taken_back": gettext_lazy("Retiró una pregunta publicada de una lección"),
    "network.asked": gettext_lazy("Pidió entrar en una red"),
    "network.changed": gettext_lazy("Cambió una red"),
    "network.coordinator_chosen": gettext_lazy("Nombró a quien coordina una red"),
    "network.coordinator_released": gettext_lazy("Relevó a quien coordinaba una red"),
    "network.founded": gettext_lazy("Fundó una red"),
    "network.invitation_declined": gettext_lazy("No aceptó la invitación a una red"),
    "network.invited": gettext_lazy("Invitó a una persona a una red"),
    "network.joined": gettext_lazy("Entró en una red"),
    "network.left": gettext_lazy("Salió de una red"),
    "network.refused": gettext_lazy("Rechazó a quien pidió entrar en una red"),
    "network.request_withdrawn": gettext_lazy("Retiró su solicitud de entrar en una red"),
    "own_data.cui_seen": gettext_lazy("Vio su propio CUI"),
    "own_data.downloaded": gettext_lazy("Descargó sus datos"),
    "path_gaps.exported": gettext_lazy("Descargó la lista de lo que falta de las rutas"),
    "person.changed": gettext_lazy("Cambió datos de una persona"),
    "person.closed": gettext_lazy("Cerró una cuenta"),
    "person.erased": gettext_lazy("Borró los datos de una persona"),
    "person.imported": gettext_lazy("Anotó a una persona desde una lista"),
    "person.merged": gettext_lazy("Unió dos registros"),
    "person.parted": gettext_lazy("Deshizo la unión de dos registros"),
    "person.password_changed": gettext_lazy("Cambió una contraseña"),
    "person.registered": gettext_lazy("Abrió un registro"),
    "person.reopened": gettext_lazy("Reabrió una cuenta"),
    "post.added": gettext_lazy("Agregó un puesto al catálogo"),
    "post.changed": gettext_lazy("Cambió un puesto del catálogo"),
    "post.closed": gettext_lazy("Cerró un puesto del catálogo"),
    "post.moved": gettext_lazy("Cambió el orden de un puesto"),
    "post.reopened": gettext_lazy("Reabrió un puesto del catálogo"),
    "question.added": gettext_lazy("Agregó una pregunta al banco"),
    "question.archived": gettext_lazy("Archivó una pregunta"),
    "question.changed": gettext_lazy("Cambió una pregunta"),
    "question.regrade_exported": gettext_lazy("Descargó a quiénes cambiaría una recalificación"),
    "question.regraded": gettext_lazy("Mandó a recalificar una pregunta"),
    "question.restored": gettext_lazy("Sacó una pregunta del archivo"),
    "questions.imported": gettext_lazy("Importó preguntas de un archivo"),
    "request.asked": gettext_lazy("Hizo una solicitud sobre sus datos"),
    "request.granted": gettext_lazy("Concedió una solicitud"),
    "request.proposal_seen": gettext_lazy("Vio el CUI que trae una solicitud"),
    "request.refused": gettext_lazy("Denegó una solicitud"),
    "request.withdrawn": gettext_lazy("Retiró su solicitud"),
    "role.granted": gettext_lazy("Otorgó un rol"),
    "role.withdrawn": gettext_lazy("Retiró un rol"),
    "rule.applied": gettext_lazy("Se aplicó lo que ahora pide un curso"),
    "rule.confirmed": gettext_lazy("Puso fecha a un cambio en lo que pide un curso"),
    "rule.withdrawn": gettext_lazy("Retiró un cambio en lo que pide un curso"),
    "session.closed": gettext_lazy("Cerró su sesión"),
    "session.opened": gettext_lazy("Inició sesión"),
    "session.refused": gettext_lazy("No se aceptó un inicio de sesión"),
    "staff.exported": gettext_lazy("Descargó la lista del personal"),
    "staff_training.exported": gettext_lazy("Descargó la lista de capacitación del personal"),
    "storage.exported": gettext_lazy("Descargó la lista de lo que ocupan los videos"),
    "track.added": gettext_lazy("Agregó una pista a un video"),
    "track.ready": gettext_lazy("Una pista de un video quedó lista"),
    "track.removed": gettext_lazy("Quitó una pista de un video"),
    "track.retried": gettext_lazy("Mandó a preparar una pista de nuevo"),
    "upload.allowance_set": gettext_lazy("Dio a una persona otro espacio para lo que sube"),
    "upload.allowance_withdrawn": gettext_lazy("Quitó a una persona su espacio propio para lo que sube"),
    "upload.infected": gettext_lazy("Trajo un archivo con virus, que no se guardó"),
    "video.added": gettext_lazy("Subió un video"),
    "video.cut_abandoned": gettext_lazy("Quitó un corte que falló"),
    "video.cut_asked": gettext_lazy("Pidió un corte nuevo de un video"),
    "video.cut_retried": gettext_lazy("Mandó a preparar un corte de nuevo"),
    "video.described": gettext_lazy("Cambió la descripción de un video"),
    "video.original_dropped": gettext_lazy("Se borró el archivo original de un video"),
    "video.poster_chosen": gettext_lazy("Eligió la portada de un video"),
    "video.ready": gettext_lazy("Un video quedó listo"),
    "video.recut": gettext_lazy("Un video pasó a un corte nuevo"),
    "video.removed": gettext_lazy("Borró un video"),
    "video.retried": gettext_lazy("Mandó a procesar un video de nuevo"),
    "waiver.made": gettext_lazy("Hizo una excepción en un curso"),
    "waiver.withdrawn": gettext_lazy("Retiró una excepción en un curso"),
}
FACTS = {
    "assignment": gettext_lazy("asignación"),
    "attempt": gettext_lazy("intento"),
    "before": gettext_lazy("antes"),
    "by_name": gettext_lazy("buscó un nombre"),
    "completion": gettext_lazy("curso completado"),
    "course": gettext_lazy("curso"),
    "course_title": gettext_lazy("curso"),
    "department": gettext_lazy("departamento"),
    "due": gettext_lazy("hasta"),
    "edition": gettext_lazy("edición"),
    "ends_at": gettext_lazy("hasta"),
    "ends_on": gettext_lazy("hasta"),
    "fields": gettext_lazy("campos"),
    "filters": gettext_lazy("filtros"),
    "form": gettext_lazy("formato"),
    "is_passed": gettext_lazy("aprobado"),
    "is_present": gettext_lazy("estuvo"),
    "language": gettext_lazy("idioma"),
    "lesson": gettext_lazy("lección"),
    "municipality": gettext_lazy("municipalidad"),
    "network": gettext_lazy("red"),
    "networks": gettext_lazy("redes"),
    "pass_percent": gettext_lazy("se aprueba con"),
    "person": gettext_lazy("persona"),
    "post": gettext_lazy("puesto"),
    "priority": gettext_lazy("prioridad"),
    "reason": gettext_lazy("motivo"),
    "reference": gettext_lazy("número"),
    "relation": gettext_lazy("parentesco"),
    "role": gettext_lazy("rol"),
    "rows": gettext_lazy("filas"),
    "scope": gettext_lazy("alcance"),
    "score_percent": gettext_lazy("nota"),
    "second": gettext_lazy("segundo"),
    "size": gettext_lazy("tamaño"),
    "starts_at": gettext_lazy("desde"),
    "starts_on": gettext_lazy("desde"),
    "title": gettext_lazy("título"),
    "type": gettext_lazy("clase"),
    "uses": gettext_lazy("personas"),
}
# Whose rows are called by their names; the rest by what they are. None of these names costs a query of its own.
NAMED = ("lms.person", "lms.network", "media.video", "certificates.certificate")
# A name that fits more people than this has to be written more fully.
MOST_PEOPLE = 500
STRETCH = 2000  # events that are read at once for a file
EXCEL_ROWS = 1_000_000
# By the moment, not by the key: the indexes end with it, so that a page of any days is read without sorting them.
NEWEST_FIRST = ("-at", "-pk")


@dataclass(frozen=True)
class Line:
    """One event in words. `actor_id` and `subject_id` are keys of people whose sheet may be opened, or None."""

    event: AuditEvent
    who: str
    actor_id: int | None
    what: str
    on_whom: str
    subject_id: int | None
    facts: str


def find(
    *,
    person: str = "",
    action: str = "",
    since: date | None = None,
    until: date | None = None,
    origin: str = "",
    subject: str = "",
) -> QuerySet[AuditEvent]:
    """Events, the newest first. `person` is words of a name, of who acted or on whom; days are Guatemala's, inclusive;
    `origin` the beginning of an address; `subject` whole, `app.model:key` or the key of a person.
    """
    found = AuditEvent.objects.order_by(*NEWEST_FIRST)
    if person:
        ids = [str(key) for key in people_named(person)]
        found = found.filter(Q(actor__in=ids) | Q(subject__in=[f"lms.person:{key}" for key in ids]))
    if action:
        found = found.filter(action=action)
    if since:
        found = found.filter(at__gte=_midnight(since))
    if until:
        found = found.filter(at__lt=_midnight(until + timedelta(days=1)))
    if origin:
        found = found.filter(origin=origin) if _is_address(origin) else found.filter(origin__startswith=origin)
    if subject:
        found = found.filter(subject__in=[subject, f"lms.person:{subject}"])
    return found


def people_named(words: str) -> list:
    """The public ids of those whose name has these words, at most `MOST_PEOPLE`."""
    return list(Person.objects.search_words(words).order_by("pk").values_list("public_id", flat=True)[:MOST_PEOPLE])


def is_vague(words: str) -> bool:
    """Whether a name fits more people than are looked for."""
    return bool(words) and Person.objects.search_words(words).count() > MOST_PEOPLE


def neighbours(event: AuditEvent) -> tuple[AuditEvent | None, AuditEvent | None]:
    """The events just before and just after."""
    before = AuditEvent.objects.filter(pk__lt=event.pk).order_by("-pk").first()
    return before, AuditEvent.objects.filter(pk__gt=event.pk).order_by("pk").first()


def in_words(events: Iterable[AuditEvent]) -> list[Line]:
    """Events as lines; as many queries for a thousand as for one."""
    events = list(events)
    named = _names({kind_and_key(event.subject) for event in events if ":" in event.subject} | _actors(events))
    places = _places(events)
    return [_line(event, named, places) for event in events]


def kind_and_key(subject: str) -> tuple[str, str]:
    """`lms.person:<key>` taken apart."""
    kind, _colon, key = subject.partition(":")
    return kind.lower(), key


def headings() -> list[str]:
    """The first row of the file."""
    return [_("Suceso"), _("Cuándo"), _("Quién"), _("Qué"), _("Sobre"), _("Datos"), _("Desde dónde"), _("Huella")]


def rows(events: QuerySet[AuditEvent]) -> Iterator[list[Cell]]:
    """One row an event, read in stretches."""
    for stretch in _stretches(events):
        for line in in_words(stretch):
            at = f"{timezone.localtime(line.event.at):%Y-%m-%d %H:%M:%S}"
            said = [line.who, line.what, line.on_whom, line.facts, line.event.origin, line.event.digest]
            yield [line.event.pk, at, *said]


def record_export(events: QuerySet[AuditEvent], *, by: Person, form: str, filters: dict[str, str]) -> None:
    """Tell the trail who took which part of it away. A name that was searched for is not told."""
    told = {key: value for key, value in filters.items() if key != "person" and value}
    facts = {"form": form, "filters": told, "by_name": bool(filters.get("person")), "rows": events.count()}
    with transaction.atomic():
        audit.record("audit.exported", by=by, facts=facts)


def _stretches(events: QuerySet[AuditEvent]) -> Iterator[list[AuditEvent]]:
    """Each from where the one before ended: for a cursor that stays open PostgreSQL writes all rows down first."""
    rest = events.order_by(*NEWEST_FIRST)
    while stretch := list(rest[:STRETCH]):
        yield stretch
        if len(stretch) < STRETCH:
            return
        last = stretch[-1]
        rest = events.filter(at__lte=last.at).exclude(at=last.at, pk__gte=last.pk).order_by(*NEWEST_FIRST)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _actors(events: list[AuditEvent]) -> set[tuple[str, str]]:
    return {("lms.person", event.actor) for event in events if event.actor}


def _names(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, int]]:
    """What the rows of these keys are called, and their primary keys; what is gone is left out."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for kind in NAMED:
        keys = [key for one, key in wanted if one == kind and _is_uuid(key)]
        for row in apps.get_model(kind)._default_manager.filter(public_id__in=keys) if keys else []:
            found[kind, str(row.public_id)] = (str(row), row.pk)
    return found


def _moment(text: str) -> str:
    try:
        return f"{timezone.localtime(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
    except ValueError:
        return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _places(events: list[AuditEvent]) -> dict[tuple[str, str], str]:
    wanted = {(name, str(event.facts.get(name))) for event in events for name in ("municipality", "department", "post")}
    tables = {"municipality": Municipality, "department": Department, "post": Post}
    found = {}
    for name, model in tables.items():
        codes = [code for one, code in wanted if one == name and code != "None"]
        if codes:
            rows = model._default_manager.filter(code__in=codes)
            for row in rows.select_related("department") if name == "municipality" else rows:
                found[name, row.code] = str(row)  # type: ignore[attr-defined]  # all three tables have codes
    return found


def _line(event: AuditEvent, named: dict, places: dict) -> Line:
    who, actor_id = named.get(("lms.person", event.actor), ("", None))
    kind, key = kind_and_key(event.subject)
    on_whom, subject_id = named.get((kind, key), ("", None))
    return Line(
        event=event,
        who=who or (_("una persona que ya no está") if event.actor else _("el sistema")),
        actor_id=actor_id,
        what=str(ACTIONS.get(event.action, event.action)),
        on_whom=on_whom or _kind_in_words(kind),
        subject_id=subject_id if kind == "lms.person" else None,
        facts=" · ".join(_fact(name, value, places) for name, value in event.facts.items()),
    )


def _kind_in_words(kind: str) -> str:
    try:
        return str(apps.get_model(kind)._meta.verbose_name) if kind else ""
    except (LookupError, ValueError):
        return kind


def _fact(name: str, value: object, places: dict) -> str:
    said: object = value
    if isinstance(value, str):
        said = {"role": dict(Role.choices), "scope": dict(RoleGrant.Scope.choices)}.get(name, {}).get(value, value)
        said = places.get((name, value), said)
        if name.endswith("_at"):
            said = _moment(value)
    elif isinstance(value, bool):
        said = _("sí") if value else _("no")
    elif isinstance(value, list):
        said = ", ".join(str(one) for one in value)
    elif isinstance(value, dict):
        said = ", ".join(f"{key}: {one}" for key, one in value.items())
    return f"{FACTS.get(name, name)}: {said}"
