"""What a template says: the shape of a design, and which designs there may be.

A design is {"paper": "landscape" or "portrait", "language": BCP 47 tag, "year_style": "plain" or "grouped", "texts":
{name of `wording.TEXTS`: what was written; what is empty is ours}, "logos": [{"sha256", "alt"}] (up to 4),
"signatories": [{"name", "role", "sha256" or empty}] (up to 3), "has_book": bool}.
"""

import unicodedata
from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from certificates.models import TemplatePicture
from certificates.pdf import wording
from certificates.pdf.design import PAPERS, YEAR_STYLES
from lms.domain.errors import RuleBroken
from lms.models import Language

MOST_LOGOS = 4
MOST_SIGNATORIES = 3
# Letters; so much stays legible on the paper beside the longest name and course.
LENGTHS = {
    "intro": 300, "grants": 80, "title": 60, "to": 30, "reason": 120, "body": 600,
    "held": 100, "placed": 100, "number": 30, "code": 30, "check": 160, "book": 60,
}  # fmt: skip
LINES = {"intro": 3, "body": 8}
NAME, ROLE, ALT = 80, 90, 120


def empty() -> dict[str, Any]:
    """The design that a new template begins with: ours, in Spanish."""
    return {
        "paper": "landscape",
        "language": wording.SPANISH,
        "year_style": "plain",
        "texts": {},
        "logos": [],
        "signatories": [],
        "has_book": False,
    }


def languages() -> list[tuple[str, str]]:
    """In which the paper may be written: (tag, name). A sign language is not."""
    spoken = Language.objects.exclude(key__startswith="sgn").exclude(key__in=(wording.SPANISH, wording.ENGLISH))
    return [(wording.SPANISH, "Español"), (wording.ENGLISH, "English"), *spoken.values_list("key", "endonym")]


def check_text(key: str, text: str) -> None:
    """Raises `template.*` unless the paper may say it in the place `key` of `wording.TEXTS`."""
    check_letters(text, most=LENGTHS[key], may_break=key in LINES)
    if text.count("\n") >= LINES.get(key, 1):
        raise RuleBroken("template.too_many_lines", _("Son demasiadas líneas para el papel. Únalas o quite alguna."))
    if strange := wording.unknown_fields(text):
        said = _("«%(field)s» no es un dato del certificado. Los que puede usar son: %(fields)s.") % {
            "field": strange[0] if strange[0] in "{}" and strange[0] else f"{{{strange[0]}}}",
            "fields": ", ".join(f"{{{name}}}" for name in wording.FIELDS),
        }
        raise RuleBroken("template.unknown_field", said)
    if key == "check" and text and "{direccion}" not in text:
        raise RuleBroken("template.no_address", _("Diga también dónde se verifica: escriba {direccion} en el texto."))


def check_letters(text: str, *, most: int, may_break: bool = False) -> None:
    """Raises `template.too_long`, `template.strange_letter`: what has no shape has no place in a text of the paper."""
    if len(text) > most:
        raise RuleBroken("template.too_long", _("El texto es demasiado largo: caben %(most)d letras.") % {"most": most})
    for letter in text:
        if unicodedata.category(letter)[0] == "C" and not (may_break and letter == "\n"):
            said = _("El texto tiene un carácter que no se puede imprimir. Bórrelo y escríbalo de nuevo a mano.")
            raise RuleBroken("template.strange_letter", said)


def check(design: dict[str, Any], *, brought: Collection[str] = ()) -> None:
    """Raises `template.*` unless certificates may be issued with it; `brought` are pictures that will be kept first."""
    known = {"paper": PAPERS, "year_style": YEAR_STYLES, "language": [tag for tag, _name in languages()]}
    for key, values in known.items():
        if design[key] not in values:
            raise RuleBroken(f"template.{key}", _("Elija uno de los valores de la lista."))
    for key, text in design["texts"].items():
        check_text(key, text)
    _check_logos(design["logos"])
    _check_signatories(design["signatories"])
    _check_kept({one["sha256"] for one in [*design["logos"], *design["signatories"]] if one["sha256"]} - set(brought))


def _check_logos(logos: list[dict]) -> None:
    if len(logos) > MOST_LOGOS:
        raise RuleBroken("template.too_many_logos", _("Caben hasta cuatro logos."))
    for logo in logos:
        check_letters(logo["alt"], most=ALT)
        if not logo["alt"].strip():
            raise RuleBroken(
                "template.logo_without_words", _("Diga de quién es cada logo: así se le lee a quien no ve.")
            )


def _check_signatories(signatories: list[dict]) -> None:
    if len(signatories) > MOST_SIGNATORIES:
        raise RuleBroken("template.too_many_signatories", _("Firman hasta tres personas."))
    for one in signatories:
        check_letters(one["name"], most=NAME)
        check_letters(one["role"], most=ROLE)
        if not one["role"].strip():
            raise RuleBroken("template.signatory_without_role", _("Escriba el cargo de cada persona que firma."))


def _check_kept(digests: Collection[str]) -> None:
    kept = TemplatePicture.objects.filter(sha256__in=digests).count()
    if kept != len(digests):
        raise RuleBroken("template.picture_lost", _("Una imagen ya no está. Súbala de nuevo."))


def freeze(kind: str, design: dict[str, Any]) -> dict[str, Any]:
    """The design as a certificate keeps it: each text with its language, ours where none was written."""
    texts = wording.resolve(kind, design["language"], design["texts"])
    return {**design, "texts": texts}
