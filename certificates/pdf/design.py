"""How one certificate is to be drawn: `facts["design"]` as it was frozen at issue, or our own design without it.

`facts["design"]` is {"paper": "landscape" or "portrait", "language": BCP 47 tag, "year_style": "plain" or "grouped",
"texts": {name of `wording.TEXTS`: [text, language]}, "logos": [{"sha256", "alt"}], "signatories": [{"name", "role",
"sha256"}], "has_book": whether there is a line for book and folio, "template": {"key", "version"} where there was one}.
Nothing else of a template is looked at when a paper is drawn. Without a design: what was issued before there were any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from certificates.models import Certificate

from . import lettering, wording, words, words_english

PAPERS = ("landscape", "portrait")
YEAR_STYLES = ("plain", "grouped")
_SPOKEN = {wording.SPANISH: "es-GT"}
_WORDS: dict[str, Any] = {wording.ENGLISH: words_english}


def tag_of(language: str) -> str:
    """What a reader's voice is told: `es-GT`, `en`, `quc`."""
    return _SPOKEN.get(language, language)


@dataclass(frozen=True)
class Design:
    """What is frozen, with the values of the fields.

    `is_first`: as drawn before there were templates. `is_even`: no sentence ends in a line of one word; layout 2 broke
    a line where it was full.
    """

    paper: str
    language: str
    texts: dict[str, list[str]]
    logos: list[dict]
    signatories: list[dict]
    has_book: bool
    is_first: bool
    is_even: bool
    values: dict[str, str]

    @property
    def wrap(self) -> Callable[[str, str, float, float], tuple[str, ...]]:
        """How a text is broken into lines."""
        return lettering.wrap_evenly if self.is_even else lettering.wrap

    def said(self, key: str) -> str:
        """One of the texts, filled: a line."""
        return " ".join(wording.lines(self.texts[key][0], self.values))

    def lines(self, key: str) -> list[str]:
        """One of the texts, filled: as many lines as were written, less those that say nothing."""
        return wording.lines(self.texts[key][0], self.values)

    def sentences(self) -> list[str]:
        """The lines of the body; and what is proven and until when, where a template of old has no word of it."""
        written = {"competencia": " ".join(text for text, _language in self.texts.values())}
        written["vence"] = self.texts["body"][0]
        unsaid = [field for field, text in written.items() if f"{{{field}}}" not in text]
        lines = [wording.line_with(field, self.language) for field in unsaid]
        return self.lines("body") + wording.lines("\n".join(lines), self.values)

    def tag(self, key: str) -> str:
        """The language of a text where it is not that of the paper, else empty."""
        spoken = self.texts[key][1]
        return tag_of(spoken) if spoken != self.language else ""


def design_of(certificate: Certificate) -> Design:
    """The design of a certificate, from its frozen facts alone."""
    frozen, layout = certificate.facts.get("design"), certificate.facts.get("layout", 1)
    said = frozen or {
        "paper": "landscape",
        "language": wording.SPANISH,
        "year_style": "plain",
        "texts": wording.resolve(certificate.kind, wording.SPANISH, {}),
        "logos": [],
        "signatories": certificate.facts["signatories"],
        "has_book": False,
    }
    return Design(
        paper=said["paper"],
        language=said["language"],
        texts=said["texts"],
        logos=said["logos"],
        signatories=said["signatories"],
        has_book=said["has_book"],
        is_first=layout == 1,
        is_even=layout > 2,
        values=_values(certificate, said),
    )


def _values(certificate: Certificate, said: dict) -> dict[str, str]:
    """What each field says on this paper; empty where the certificate has nothing to say."""
    spoken = _WORDS.get(said["language"], words)
    year = words.grouped_year if said["year_style"] == "grouped" else str
    score, renewal = certificate.score_percent, certificate.facts.get("renewal")
    proven = certificate.facts.get("competency")
    where = certificate.facts["verify_url"].rsplit("/", 2)[0].removeprefix("https://").removeprefix("http://")
    values = {
        "nombre": certificate.person_name,
        "curso": certificate.course_title,
        "horas": spoken.hours(certificate.hours),
        "horas_en_cifras": f"{certificate.hours:.1f}".removesuffix(".0"),
        "periodo": spoken.period(certificate.started_on, certificate.completed_on, year),
        "nota": "" if score is None else str(score),
        "vence": spoken.day(certificate.expires_on, year) if certificate.expires_on else "",
        "renovado_el": spoken.day(date.fromisoformat(renewal["on"]), year) if renewal else "",
        "renovado_con": renewal["course"] if renewal else "",
        "competencia": proven["name"] if proven else "",
        "nivel": proven["level_name"] if proven else "",
        "puesto": certificate.post_name,
        "municipio": certificate.municipality_name,
        "emisor": certificate.issuer,
        "lugar": certificate.facts["place"],
        "fecha": spoken.day(timezone.localtime(certificate.issued_at).date(), year),
        "numero": certificate.reference,
        "direccion": where,
    }
    return values | {"puesto_y_municipio": _post_and_place(certificate, said["texts"], values)}


def _post_and_place(certificate: Certificate, texts: dict[str, list[str]], values: dict[str, str]) -> str:
    if not certificate.municipality_name:
        return certificate.post_name
    return wording.fill(texts["held" if certificate.post_name else "placed"][0], values)
