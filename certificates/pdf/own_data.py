"""Everything kept about a person, to read and to print: letter paper, upright, as many pages as it takes.

Drawn from the document of `lms.domain.own_data` as it stands: what has a value is told by its label, lists of things
one thing after the other. `LABELS` names every key that may occur; a test holds it against a full document.
"""

import io
from datetime import date, datetime
from typing import Any

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from . import lettering, ornament, words
from .lettering import BOLD, ITALIC, REGULAR

WIDTH, HEIGHT = letter
EDGE, LEFT, RIGHT = 27.0, 72.0, WIDTH - 54.0
TOP, BOTTOM = HEIGHT - 54.0, 60.0
SIZE, LEADING, LABEL_WIDTH = 10.0, 13.5, 150.0
# Long lists of small steps: whole in the JSON file, counted here.
COUNTED = frozenset({"segments", "learning_events", "acts"})

LABELS = {
    # Parts
    "kernel": "Su registro",
    "media": "Videos",
    "courses": "Aprendizaje",
    "certificates": "Constancias y diplomas",
    "identity": "Identidad",
    "contact": "Contacto",
    "signing_in": "Formas de entrar",
    "appointments": "Puestos",
    "memberships": "Redes",
    "guardian_consent": "Permiso de la persona encargada",
    "roles": "Roles",
    "requests": "Solicitudes a ANAM",
    "trail": "Quién vio o cambió sus datos",
    "acts": "Lo que usted hizo en el sistema",
    "uploads": "Archivos que está subiendo",
    "videos": "Videos que usted subió",
    "data_used": "Datos que usó para ver videos",
    "allowance": "Espacio que se le dio",
    "enrolments": "Inscripciones",
    "completions": "Cursos completados",
    "assignments": "Cursos asignados",
    "invitations": "Invitaciones que usó",
    "assigned_by": "Lo asignó",
    "assigned_at": "Asignado",
    "due_on": "Hasta",
    "declined_at": "Se retiró",
    "decline_reason": "Por qué se retiró",
    "waiting_since": "En lista de espera desde",
    "seated_at": "Recibió un cupo",
    "used_at": "Usada",
    "activities": "Actividades completadas",
    "watching": "Videos vistos",
    "segments": "Tramos de video vistos",
    "learning_events": "Avances que enviaron sus aparatos",
    "attempts": "Intentos de cuestionarios",
    "exceptions": "Excepciones",
    "worksheets": "Fichas de trabajo",
    "written": "Lo que escribió",
    "answers": "Respuestas",
    "seats": "Lugares en sesiones presenciales",
    "attendance": "Asistencia a sesiones presenciales",
    "handed_files": "Archivos entregados",
    "mark_changes": "Cambios de la nota",
    "lesson_questions": "Preguntas que hizo en las lecciones",
    "evaluations": "Evaluaciones de cursos",
    "reminders": "Recordatorios que se le enviaron",
    "reminder_setting": "Recordatorios",
    "events": "Qué pasó con ella",
    "proposed": "Cómo debe quedar",
    "second_factors": "Segundo paso para entrar",
    "email_addresses": "Correos para entrar",
    "outside_accounts": "Cuentas de otros sistemas",
    # What is said of each
    "id": "Identificador",
    "given_names": "Nombres",
    "surnames": "Apellidos",
    "cui": "CUI",
    "born_on": "Fecha de nacimiento",
    "first_language": "Primer idioma",
    "registered_at": "Registro abierto",
    "is_open": "Cuenta abierta",
    "email": "Correo electrónico",
    "phone": "Teléfono",
    "has_password": "Tiene contraseña",
    "last_signed_in_at": "Última entrada",
    "post": "Puesto",
    "municipality": "Municipalidad",
    "renglon": "Renglón",
    "starts_on": "Desde",
    "ends_on": "Hasta",
    "starts_at": "Desde",
    "ends_at": "Hasta",
    "act": "Acta o acuerdo",
    "end_act": "Acta o acuerdo del fin",
    "end_reason": "Motivo del fin",
    "is_declared": "Declarado por usted",
    "confirmed_at": "Confirmado",
    "refused_at": "Rechazado",
    "refusal": "Motivo del rechazo",
    "annulled_at": "Anulado",
    "network": "Red",
    "is_coordinator": "Coordina",
    "invited_at": "Invitación",
    "joined_on": "Desde",
    "left_on": "Hasta",
    "guardian_name": "Quien autoriza",
    "relation": "Parentesco",
    "declared_at": "Declarado",
    "withdrawn_at": "Retirado",
    "made_at": "Cuándo se hizo",
    "made_by": "Quién la hizo",
    "withdrawn_by": "Quién la retiró",
    "withdrawn_reason": "Por qué se retiró",
    "role": "Rol",
    "scope": "Alcance",
    "kind": "Clase",
    "text": "Explicación",
    "state": "Estado",
    "asked_at": "Pedida",
    "answered_at": "Respondida",
    "answer": "Respuesta",
    "at": "Cuándo",
    "what": "Qué",
    "detail": "Datos o motivo",
    "by": "Quién",
    "action": "Acción",
    "network_address": "Dirección de red",
    "address": "Correo",
    "is_verified": "Comprobado",
    "provider": "Sistema",
    "created_at": "Creado",
    "last_used_at": "Usado por última vez",
    "expires_at": "Vence",
    "file_name": "Archivo",
    "source_name": "Archivo original",
    "size_bytes": "Tamaño en bytes",
    "month": "Mes",
    "set_at": "Desde",
    "bytes": "Bytes",
    "bytes_sent": "Bytes enviados",
    "title": "Título",
    "course": "Curso",
    "lesson": "Lección",
    "worksheet": "Ficha",
    "prompt": "Qué había que escribir",
    "saved_at": "Guardada",
    "handed_in_at": "Entregada",
    "enrolled_at": "Inscripción",
    "last_seen_at": "Última actividad",
    "activity": "Actividad",
    "completed_at": "Completado",
    "completed_on": "Finalización",
    "started_at": "Inicio",
    "started_on": "Inicio",
    "score_percent": "Nota sobre 100",
    "video": "Video",
    "covered_seconds": "Segundos vistos",
    "length_seconds": "Segundos que dura",
    "position_seconds": "Segundo donde se quedó",
    "from_second": "Desde el segundo",
    "to_second": "Hasta el segundo",
    "speed": "Velocidad",
    "is_offline": "Sin conexión",
    "is_counted": "Cuenta",
    "device": "Aparato",
    "happened_at": "Cuándo pasó",
    "outcome": "Qué pasó con ello",
    "course_version": "Versión del curso",
    "received_at": "Recibido",
    "quiz": "Cuestionario",
    "number": "Intento",
    "language": "Idioma",
    "closed_at": "Entrega",
    "is_passed": "Aprobado",
    "question": "Pregunta",
    "is_right": "Correcta",
    "percent": "Vale (%)",
    "remark": "Comentario de quien calificó",
    "percent_before": "Valía antes (%)",
    "score_before": "Nota del intento antes",
    "was_passed": "Estaba aprobado",
    "remark_before": "Comentario de antes",
    "changed_at": "Cambiado",
    "handed_at": "Entregado",
    "day": "Día",
    "way": "Cómo",
    "is_wanted": "Los recibe",
    "sent_at": "Enviado",
    "edition": "Edición",
    "said_useful": "Le sirve para su trabajo (1 a 5)",
    "said_clear": "Se entiende (1 a 5)",
    "said_length": "Dura lo que debe (1 a 5)",
    "said_trainer": "Quien lo imparte lo hizo bien (1 a 5)",
    "said_recommend": "Lo recomendaría (1 a 5)",
    "sentence": "Una frase",
    "given_at": "Cuándo",
    "hours": "Horas",
    "hours_by_kind": "Horas por modalidad",
    "in_person": "Presenciales",
    "virtual": "Virtuales",
    "programme": "Programa",
    "session_at": "Sesión",
    "room": "Lugar",
    "seat_number": "Número en la hoja",
    "seat_taken_at": "Lugar tomado",
    "seat_given_back_at": "Lugar devuelto",
    "is_present": "Estuvo",
    "is_late": "El código llegó tarde",
    "reference": "Número",
    "code": "Código",
    "person_name": "A nombre de",
    "issuer": "Emisor",
    "issued_at": "Emisión",
    "verify_url": "Se comprueba en",
    "reason": "Motivo",
}


def render_own_data(document: dict) -> bytes:
    """The PDF of a document of version 1."""
    sheet = _Sheet()
    record = document["record"]
    who = record["kernel"]["identity"]
    sheet.title("Mis datos en Aula Municipal", f"{who['given_names']} {who['surnames']}".strip())
    sheet.paragraph(
        f"Todo lo que el sistema guarda de usted, hecho el {_moment(document['made_at'])}. Lleva su CUI completo: "
        "guárdelo como guarda su DPI. El archivo JSON dice lo mismo con cada detalle.",
        ITALIC,
    )
    _tell_record(sheet, record)
    for number, joined in enumerate(document["joined_records"], start=1):
        sheet.heading(f"Registro que se unió al suyo ({number})", 16)
        _tell_record(sheet, joined)
    return sheet.finish()


def _tell_record(sheet: "_Sheet", record: dict) -> None:
    for name, part in record.items():
        if _says_something(part):
            sheet.heading(LABELS[name], 16)
            for key, value in part.items():
                _tell(sheet, key, value)


def _says_something(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_says_something, value.values()))
    return value is not None and value not in ([], "")


def _tell(sheet: "_Sheet", key: str, value: Any) -> None:
    """A heading, and what stands under it."""
    if not _says_something(value):
        return
    sheet.heading(LABELS[key], 12)
    if key in COUNTED:
        sheet.paragraph(f"{len(value)} anotaciones. Están completas en el archivo JSON.", REGULAR)
    elif isinstance(value, dict):
        _pairs(sheet, value, 0)
    else:
        for one in value:
            _thing(sheet, one, 0)


def _thing(sheet: "_Sheet", one: dict, depth: int) -> None:
    """One of a list: its first datum as its name, the others below."""
    (first, name), *rest = one.items()
    sheet.entry(_in_words(first, name) or "—", depth)
    _pairs(sheet, dict(rest), depth + 1)
    sheet.gap(4)


def _pairs(sheet: "_Sheet", data: dict, depth: int) -> None:
    for key, value in data.items():
        if not _says_something(value):
            continue
        if key in COUNTED:
            sheet.pair(LABELS[key], f"{len(value)}, completos en el archivo JSON", depth)
        elif isinstance(value, list) and isinstance(value[0], dict):
            sheet.pair(LABELS[key], str(len(value)), depth)
            for one in value:
                _thing(sheet, one, depth + 1)
        elif isinstance(value, dict):
            sheet.pair(LABELS[key], "", depth)
            _pairs(sheet, value, depth + 1)
        else:
            sheet.pair(LABELS[key], _in_words(key, value), depth)


def _in_words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "Sí" if value else "No"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if key.endswith("_at") or key == "at":
        return _moment(value)
    if key.endswith("_on"):
        return words.day(date.fromisoformat(value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    return f"{words.day(at.date())}, {at:%H:%M}"


class _Sheet:
    """A canvas that goes on to the next page by itself. `y` is the base line of what was drawn last."""

    def __init__(self) -> None:
        lettering.register_faces()
        self.out = io.BytesIO()
        self.canvas = Canvas(
            self.out, pagesize=letter, pdfVersion=(1, 7), initialFontName=REGULAR, pageCompression=1, lang="es-GT"
        )
        self.canvas.setTitle("Mis datos")
        self.canvas.setAuthor("Aula Municipal")
        self.canvas.beginForm("band")
        ornament.draw_band(self.canvas, x=EDGE, y=EDGE, height=HEIGHT - 2 * EDGE, diamonds=40)
        self.canvas.endForm()
        self.page = 0
        self._begin_page()

    def title(self, text: str, name: str) -> None:
        """The head of the first page."""
        self._lines(text, BOLD, 22, ornament.ANIL, LEFT)
        self.gap(4)
        self._lines(name, REGULAR, 15, ornament.INK, LEFT)
        self.gap(8)

    def heading(self, text: str, size: float) -> None:
        """A heading is never the last line of a page."""
        self.gap(size * 0.7)
        self._make_room(size + 3 * LEADING)
        self._lines(text, BOLD, size, ornament.ANIL, LEFT)
        if size > 14:
            self.y -= 8
            self.canvas.setFillColor(ornament.COCHINILLA)
            self.canvas.rect(LEFT, self.y, RIGHT - LEFT, 1, stroke=0, fill=1)
        self.gap(4)

    def paragraph(self, text: str, face: str) -> None:
        """A text over the whole width."""
        self._lines(text, face, SIZE, ornament.INK, LEFT)

    def entry(self, text: str, depth: int) -> None:
        """The name of one thing of a list."""
        self._make_room(2 * LEADING)
        self._lines(text, BOLD, SIZE, ornament.INK, LEFT + 12 * depth)

    def pair(self, label: str, value: str, depth: int) -> None:
        """A label, and beside it what it says."""
        x = LEFT + 12 * depth
        at = x + LABEL_WIDTH - 12 * min(depth, 3)
        lines = lettering.wrap(value, REGULAR, SIZE, RIGHT - at) if value else ("",)
        self._make_room(LEADING)
        for number, line in enumerate(lines):
            self._down(LEADING)
            if not number:
                self.canvas.setFillColor(ornament.QUIET)
                lettering.draw(self.canvas, x, self.y, label, face=REGULAR, size=SIZE)
            self.canvas.setFillColor(ornament.INK)
            lettering.draw(self.canvas, at, self.y, line, face=REGULAR, size=SIZE)

    def gap(self, points: float) -> None:
        """Some air."""
        self.y -= points

    def finish(self) -> bytes:
        """The bytes."""
        self._end_page()
        self.canvas.save()
        return self.out.getvalue()

    def _lines(self, text: str, face: str, size: float, colour: object, x: float) -> None:
        for line in lettering.wrap(" ".join(text.split()), face, size, RIGHT - x):
            self._down(size * 1.35)
            self.canvas.setFillColor(colour)
            lettering.draw(self.canvas, x, self.y, line, face=face, size=size)

    def _down(self, points: float) -> None:
        self._make_room(points)
        self.y -= points

    def _make_room(self, points: float) -> None:
        if self.y - points < BOTTOM:
            self._end_page()
            self._begin_page()

    def _begin_page(self) -> None:
        self.page += 1
        self.y = TOP
        self.canvas.doForm("band")

    def _end_page(self) -> None:
        self.canvas.setFillColor(ornament.QUIET)
        foot = f"Aula Municipal · Mis datos · página {self.page}"
        lettering.draw(self.canvas, LEFT, EDGE + 6, foot, face=REGULAR, size=8.5)
        self.canvas.showPage()
