"""What may stand in a list of staff, and under which headings town halls write it."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from lms.domain.errors import RuleBroken
from lms.domain.texts import fold
from lms.models import Municipality, StaffImportMapping

ALIKE = 0.86


@dataclass(frozen=True)
class Column:
    """One field of a row: its key, how the template calls it, an example, and what else it is called."""

    key: str
    heading: str | Promise
    example: str
    also: tuple[str, ...] = ()


COLUMNS = (
    Column(
        "cui",
        gettext_lazy("CUI (DPI)"),
        "0000 00000 0000",
        ("cui", "dpi", "no dpi", "num dpi", "numero dpi", "numero de dpi", "no de dpi", "cui dpi", "dpi cui",
         "cui o dpi", "no cui", "numero de cui", "codigo unico de identificacion", "documento", "identificacion",
         "documento personal de identificacion", "no de identificacion", "no documento"),
    ),
    Column(
        "given_names",
        gettext_lazy("Nombres"),
        "María Ejemplo",
        ("nombre", "nombres", "primer nombre", "1er nombre", "nombre 1", "nombres completos", "nombre s"),
    ),
    Column(
        "more_given_names",
        gettext_lazy("Segundo nombre"),
        "",
        ("segundo nombre", "2do nombre", "nombre 2", "otros nombres", "tercer nombre"),
    ),
    Column(
        "surnames",
        gettext_lazy("Apellidos"),
        "De Ejemplo Demo",
        ("apellido", "apellidos", "primer apellido", "1er apellido", "apellido 1", "apellido paterno", "apellido s"),
    ),
    Column(
        "second_surname",
        gettext_lazy("Segundo apellido"),
        "",
        ("segundo apellido", "2do apellido", "apellido 2", "apellido materno", "otros apellidos"),
    ),
    Column(
        "married_surname",
        gettext_lazy("Apellido de casada"),
        "",
        ("apellido de casada", "apellido casada", "de casada", "casada"),
    ),
    Column(
        "born_on",
        gettext_lazy("Fecha de nacimiento"),
        "31/12/1990",
        ("fecha nacimiento", "fecha de nacimiento", "nacimiento", "f nacimiento", "fec nac", "fecha nac", "f nac",
         "nacio"),
    ),
    Column(
        "email",
        gettext_lazy("Correo electrónico"),
        "ejemplo@example.org",
        ("correo", "e mail", "email", "mail", "correo electronico", "direccion de correo", "correo institucional"),
    ),
    Column(
        "phone",
        gettext_lazy("Teléfono"),
        "5555 0000",
        ("telefono", "tel", "celular", "cel", "movil", "no telefono", "numero de telefono", "no de telefono",
         "telefono celular", "no celular", "whatsapp", "telefonos", "telefono movil", "numero de celular"),
    ),
    Column(
        "post",
        gettext_lazy("Puesto"),
        "RECEP",
        ("puesto", "cargo", "plaza", "puesto nominal", "puesto funcional", "cargo o puesto", "puesto o cargo",
         "puesto cargo", "nombre del puesto", "oficina", "dependencia", "codigo de puesto", "ocupacion"),
    ),
    Column(
        "renglon",
        gettext_lazy("Renglón"),
        "011",
        ("renglon", "renglon presupuestario", "reng", "partida", "renglon pres"),
    ),
    Column(
        "starts_on",
        gettext_lazy("Desde"),
        "15/01/2024",
        ("desde", "inicio", "fecha de inicio", "fecha inicio", "fecha de ingreso", "fecha ingreso", "ingreso",
         "fecha de alta", "alta", "toma de posesion", "fecha de toma de posesion", "inicio de labores"),
    ),
    Column(
        "ends_on",
        gettext_lazy("Hasta"),
        "",
        ("hasta", "fin", "fecha de fin", "fecha fin", "fecha final", "fecha de baja", "baja", "egreso",
         "fecha de egreso", "fecha de retiro", "finalizacion", "vence", "fecha de vencimiento"),
    ),
    Column(
        "act",
        gettext_lazy("Acta o acuerdo"),
        "Acuerdo de Alcaldía 0-2024",
        ("acta", "acuerdo", "acta o acuerdo", "no acta", "no acuerdo", "nombramiento", "acuerdo de nombramiento",
         "contrato", "no contrato", "punto de acta"),
    ),
    Column(
        "municipality",
        gettext_lazy("Municipalidad"),
        "1413",
        ("municipio", "municipalidad", "muni", "codigo ine", "codigo municipio", "codigo de municipio",
         "nombre del municipio", "codigo municipalidad"),
    ),
    Column("department", gettext_lazy("Departamento"), "", ("departamento", "depto", "dpto", "dep")),
)  # fmt: skip
BY_KEY = {column.key: column for column in COLUMNS}
REQUIRED = ("given_names", "surnames", "post")


def plain(heading: object) -> str:
    """A heading for comparing: folded, without signs and the number sign's many forms."""
    text = re.sub(r"[^a-z0-9]+", " ", fold(str(heading or "").replace("º", "o").replace("°", "o").replace("#", " no ")))
    return " ".join({"num": "no", "nro": "no", "n": "no"}.get(word, word) for word in text.split())


@cache
def _known() -> dict[str, str]:
    """Field by heading: the names of the trade, and our own template's in every language it is given out in."""
    known: dict[str, str] = {}
    for column in COLUMNS:
        for name in column.also:
            known.setdefault(plain(name), column.key)
    for language, _name in settings.INTERFACE_LANGUAGES:
        with override(language):
            for column in COLUMNS:
                known.setdefault(plain(str(column.heading)), column.key)
    return known


def recognised(headings: Sequence[object]) -> int:
    """How many different fields the texts name exactly."""
    known = _known()
    return len({known[word] for word in map(plain, headings) if word in known})


def resembles(headings: Sequence[object]) -> bool:
    """Whether at least one of the texts names a field, or nearly."""
    known = _known()
    return any(word in known or _nearest(word, known) for word in map(plain, headings) if word)


def guess(headings: Sequence[str], owner: str = "") -> dict[str, int]:
    """Field → index of the heading it is probably under; what `owner` said last time comes first."""
    remembered = StaffImportMapping.objects.filter(owner=owner).values_list("fields", flat=True).first() or {}
    found: dict[str, int] = {}
    words = [plain(heading) for heading in headings]
    settled = set()
    for index, word in enumerate(words):
        if word in remembered:
            settled.add(index)
            if remembered[word] in BY_KEY:
                found.setdefault(remembered[word], index)
    known = _known()
    for near in (False, True):
        for index, word in enumerate(words):
            if index in settled or index in found.values() or not word:
                continue
            key = _nearest(word, known) if near else known.get(word)
            if key and key not in found:
                found[key] = index
    return found


def _nearest(word: str, known: dict[str, str]) -> str | None:
    close = difflib.get_close_matches(word, known, n=1, cutoff=ALIKE)
    return known[close[0]] if close else None


def assert_enough(mapping: dict[str, int], headings: Sequence[str], municipality: Municipality | None) -> None:
    """Raises `import.column_missing` and `import.column_unknown`."""
    if any(key not in BY_KEY or not 0 <= index < len(headings) for key, index in mapping.items()):
        raise RuleBroken("import.column_unknown", _("Elija de nuevo las columnas."))
    for key in REQUIRED:
        if key not in mapping:
            missing = {
                "given_names": _("Diga en qué columna están los nombres."),
                "surnames": _("Diga en qué columna están los apellidos."),
                "post": _("Diga en qué columna está el puesto."),
            }
            raise RuleBroken("import.column_missing", missing[key])
    if municipality is None and "municipality" not in mapping:
        text = _("Diga en qué columna está la municipalidad, o suba la lista otra vez y elija una para todas.")
        raise RuleBroken("import.column_missing", text)


def remember(mapping: dict[str, int], headings: Sequence[str], owner: str) -> None:
    """Keep for the next list of `owner` what each of these headings meant, and that the others meant nothing."""
    meant = {index: key for key, index in mapping.items()}
    fields = {plain(heading): meant.get(index, "") for index, heading in enumerate(headings) if plain(heading)}
    kept, _created = StaffImportMapping.objects.get_or_create(owner=owner)
    kept.fields = {**kept.fields, **fields}
    kept.save(update_fields=["fields"])
