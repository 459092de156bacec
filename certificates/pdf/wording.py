"""The fixed words of the paper, and the fields in them.

Spanish and English stand here. For every other language whoever designs the paper writes the words, and what is left
empty stays in Spanish. A field is a name of `FIELDS` in braces; nothing else may stand in braces, and a line one of
whose fields says nothing (no mark, no post) is left out.
"""

import re
from collections.abc import Mapping

SPANISH, ENGLISH = "es", "en"
FIELDS = (
    "nombre",
    "curso",
    "horas",
    "horas_en_cifras",
    "periodo",
    "nota",
    "vence",
    "renovado_el",
    "renovado_con",
    "competencia",
    "nivel",
    "puesto",
    "municipio",
    "puesto_y_municipio",
    "emisor",
    "lugar",
    "fecha",
    "numero",
    "direccion",
)
KINDS = ("constancia", "diploma", "competencia")
# In the order of reading. `held` and `placed` are what {puesto_y_municipio} says.
TEXTS = ("intro", "grants", "title", "to", "reason", "body", "held", "placed", "number", "code", "check", "book")
_FIELD = re.compile(r"\{([^{}]*)\}")

_COMMON = {
    SPANISH: {
        "intro": "",
        "to": "a",
        "body": "Con una duración de {horas}, realizado {periodo}.\nNota obtenida: {nota} sobre 100.\n"
        "Competencia demostrada: {competencia}, nivel {nivel}.\n"
        "Vigente hasta el {vence}.\nRenovado el {renovado_el} con el curso «{renovado_con}».\n{puesto_y_municipio}.",
        "held": "{puesto}, municipalidad de {municipio}",
        "placed": "Municipio de {municipio}",
        "number": "Número",
        "code": "Código",
        "check": "Verifique en {direccion} con el código, o con la cámara de su teléfono.",
        "book": "Libro ________ Folio ________",
    },
    ENGLISH: {
        "intro": "",
        "to": "to",
        "body": "A course of {horas}, held {periodo}.\nMark obtained: {nota} out of 100.\n"
        "Competence shown: {competencia}, level: {nivel}.\nValid until {vence}.\n"
        "Renewed on {renovado_el} by the course “{renovado_con}”.\n{puesto_y_municipio}.",
        "held": "{puesto}, municipality of {municipio}",
        "placed": "Municipality of {municipio}",
        "number": "Number",
        "code": "Code",
        "check": "Check it at {direccion} with the code, or with the camera of your telephone.",
        "book": "Book ________ Folio ________",
    },
}
_KINDS = {
    SPANISH: {
        "diploma": ("otorga el presente", "Diploma", "por haber aprobado el curso"),
        "constancia": ("otorga la presente", "Constancia de participación", "por haber participado en el curso"),
        "competencia": ("otorga la presente", "Certificación", "por haber demostrado su competencia en"),
    },
    ENGLISH: {
        "diploma": ("awards this", "Diploma", "for having passed the course"),
        "constancia": ("awards this", "Certificate of attendance", "for having taken part in the course"),
        "competencia": ("awards this", "Certificate of competence", "for having shown competence in"),
    },
}


def built_in(kind: str, language: str) -> dict[str, str]:
    """Our own words of a kind of paper; Spanish for a language that we do not write."""
    spoken = language if language in _COMMON else SPANISH
    grants, title, reason = _KINDS[spoken][kind]
    return {**_COMMON[spoken], "grants": grants, "title": title, "reason": reason}


def resolve(kind: str, language: str, written: Mapping[str, str]) -> dict[str, list[str]]:
    """Each text of the paper with its language: the one that was written, or ours."""
    spoken = language if language in _COMMON else SPANISH
    ours = built_in(kind, language)
    return {key: [written[key], language] if written.get(key) else [ours[key], spoken] for key in TEXTS}


def line_with(field: str, language: str) -> str:
    """Our own line that says a field, such as until when a paper holds."""
    said = _COMMON.get(language, _COMMON[SPANISH])["body"]
    return next(line for line in said.splitlines() if f"{{{field}}}" in line)


def unknown_fields(text: str) -> list[str]:
    """What stands in braces and is no field, and braces that belong to nothing."""
    strange = [name for name in _FIELD.findall(text) if name not in FIELDS]
    return strange + re.findall(r"[{}]", _FIELD.sub("", text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with the value of each field, put in once: what a value says is never looked at for fields."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), text)


def lines(text: str, values: Mapping[str, str]) -> list[str]:
    """The lines of a text, filled; without those of which a field says nothing."""
    kept = [line.strip() for line in text.splitlines() if all(values.get(name, "-") for name in _FIELD.findall(line))]
    return [fill(line, values) for line in kept if line]
