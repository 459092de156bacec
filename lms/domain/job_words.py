"""Jobs as people read them: what one does, about what, and why it failed."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms.models import Job

KINDS = {
    "access.send_code": gettext_lazy("Enviar un código para entrar"),
    "certificates.handover": gettext_lazy("Preparar un paquete de entrega"),
    "certificates.issue": gettext_lazy("Emitir un certificado"),
    "certificates.issue_batch": gettext_lazy("Emitir los certificados de una lista"),
    "certificates.make_bundle": gettext_lazy("Preparar un paquete de certificados"),
    "certificates.render": gettext_lazy("Dibujar un certificado"),
    "certificates.renew": gettext_lazy("Renovar un certificado"),
    "certificates.tell_act": gettext_lazy("Avisar a una persona lo que se hizo con su certificado"),
    "certificates.tell_witness": gettext_lazy("Enviar un punto de control a un testigo"),
    "courses.judge_course": gettext_lazy("Revisar un curso por lo que ahora pide"),
    "courses.assign": gettext_lazy("Asignar un curso"),
    "courses.digest": gettext_lazy("Enviar los recordatorios del día"),
    "courses.judge_joined": gettext_lazy("Revisar los cursos de registros unidos"),
    "courses.preview_rule": gettext_lazy("Contar a quién afecta un cambio en lo que pide un curso"),
    "courses.recut": gettext_lazy("Pasar el avance a un corte nuevo de un video"),
    "courses.regrade": gettext_lazy("Recalificar los intentos de una pregunta"),
    "courses.session_changed": gettext_lazy("Avisar que cambió una sesión presencial"),
    "courses.tell_assigned": gettext_lazy("Avisar a una persona que le asignaron un curso"),
    "courses.tell_seated": gettext_lazy("Avisar a una persona que recibió un cupo"),
    "courses.tell_session": gettext_lazy("Avisar a una persona que cambió su sesión presencial"),
    "courses.review_notice": gettext_lazy("Avisar de una revisión"),
    "imports.check": gettext_lazy("Revisar una lista de personal"),
    "imports.run": gettext_lazy("Entrar una lista de personal"),
    "lms.find_duplicates": gettext_lazy("Buscar registros repetidos"),
    "media.poster": gettext_lazy("Renovar la portada de un video"),
    "media.cut": gettext_lazy("Preparar un corte nuevo de un video"),
    "media.speech": gettext_lazy("Hacer subtítulos por máquina"),
    "media.track": gettext_lazy("Preparar una pista de un video"),
    "media.transcode": gettext_lazy("Preparar un video"),
}
# What a failure begins with, for those who cannot read the rest.
REASONS = (
    ("lost", gettext_lazy("El programa que lo hacía se detuvo varias veces a medio camino.")),
    ("OSError: [Errno 28]", gettext_lazy("No quedaba espacio en el disco.")),
    ("NoRoom", gettext_lazy("No quedaba espacio en el disco.")),
    ("MemoryError", gettext_lazy("No alcanzó la memoria del servidor.")),
    ("OperationalError", gettext_lazy("La base de datos no respondió.")),
    ("InterfaceError", gettext_lazy("La base de datos no respondió.")),
    ("RungsFailed", gettext_lazy("Algunas calidades salieron dañadas y no se publicaron.")),
    ("Failed", gettext_lazy("El programa que convierte los videos se detuvo.")),
)
Namer = Callable[[Iterable[str]], dict[str, str]]
_namers: dict[str, Namer] = {}


def names(kind: str) -> Callable[[Namer], Namer]:
    """Register the function that says what the subjects of jobs of `kind` are called, many at once."""

    def register(namer: Namer) -> Namer:
        _namers[kind] = namer
        return namer

    return register


def kind_in_words(kind: str) -> str:
    """What jobs of a kind do."""
    return str(KINDS.get(kind, kind))


def reason_in_words(job: Job) -> str:
    """Why it failed. A rule says so itself; of a fault the type is told, and the rest is for the operator."""
    if not job.reason:
        return ""
    for beginning, words in REASONS:
        if job.reason.startswith(beginning):
            return str(words)
    is_a_type = job.reason.partition(":")[0].isidentifier() and " " not in job.reason.partition(":")[0]
    return _("Hubo una falla del sistema.") if is_a_type else job.reason


def names_of(found: Iterable[Job]) -> dict[int, str]:
    """What each job is about, by the job's key; one query a kind, however many they are."""
    by_kind = defaultdict(list)
    for job in found:
        by_kind[job.kind].append(job)
    told: dict[int, str] = {}
    for kind, some in by_kind.items():
        called = _namers[kind]({job.subject for job in some}) if kind in _namers else {}
        told |= {job.pk: called.get(job.subject, "") for job in some}
    return told
