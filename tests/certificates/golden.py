"""Forty certificates, as different as the register can issue them: names, texts, templates, and how they came to be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.test import override_settings
from django.utils import timezone

from certificates.domain import renewals
from certificates.models import Certificate
from courses.models import CoursePage
from lms.models import Person
from tests.certificates.test_pdf import EIGHTY
from tests.factories.certificates import a_certificate, a_completion, a_correction, a_revocation, by_hand_for
from tests.factories.courses import a_course
from tests.factories.people import a_member, a_network, an_employee
from tests.factories.templates import a_template

MARKUP, LINK = "<b>Ana</b>", '<img src="/etc/passwd.png"/>'
LONG_TITLE = (
    "Administración, operación y mantenimiento de los sistemas municipales de agua potable y saneamiento, con enfoque "
    "de cuenca y de pertinencia cultural en los municipios del altiplano, su tarifa, su cobro, su fondo y "
    "la rendición de cuentas al vecino"
)
LONGEST = {
    "given": "Wenceslao Estanislao Maximiliano Hermenegildo Xochitlquetzal Buenaventura Candel",
    "surnames": "Tzunux-Ajpopꞌ Kꞌicheʼ Sacẍaj de los Ríos y Fernández de Córdoba viuda de Hernánd",
    "title": LONG_TITLE,
    "municipality": "1314",
    "post": "OMPNA",
}
MUCH = {
    "intro": "En cumplimiento del artículo 94 del Código Municipal y del Acuerdo 12 de su Junta Directiva,\n"
    "y vista el acta del tribunal que calificó las pruebas de quienes participaron,",
    "body": "Con una duración de {horas}, realizado {periodo}.\nNota obtenida: {nota} sobre 100.\n"
    "Con {horas_en_cifras} horas de práctica en {municipio}.\nPara que conste donde convenga, en {lugar}.\n"
    "{puesto_y_municipio}.\nRegistrado con el número {numero}.\nDado el {fecha} por {emisor}.",
}
KICHE = {
    "intro": "Ri Uwokajil ri Taq Tinamit rech Iximulew",
    "grants": "kuya wa we",
    "title": "Wuj rech Etaʼmanik",
    "to": "chech",
    "reason": "rumal xukꞌut ri reta’mabꞌal pa ri tijonik",
    "body": "{horas_en_cifras} kajbꞌal, {periodo}.\n{puesto_y_municipio}.",
    "number": "Rajilabꞌal",
    "code": "Retal",
}
HOSTILE_TEXTS = {
    "title": "<b>Diploma</b>",
    "grants": LINK,
    "reason": "javascript:alert(1)",
    "body": "{nombre} <script>alert(1)</script>\n%PDF-1.7 endobj ]]> ( \\ ) {horas}",
    "check": "{direccion} & <a href=javascript:x>",
}
HOSTILE_WHO = [{"name": MARKUP, "role": LINK}, {"name": "]]> ( \\ )", "role": "endobj"}, {"name": "", "role": "ẍꞌʼ"}]


@dataclass(frozen=True)
class Case:
    """What is issued to whom: `template` as for `a_template`, `how` of `WAYS`, `fields` as for `a_completion`."""

    name: str
    kind: str = "diploma"
    given: str = "María Candelaria"
    surnames: str = "Xʼol Tzunux"
    title: str = "Cobro y registro de usuarios de agua"
    hours: str = "40"
    municipality: str = "1413"
    post: str = "RECEP"
    how: str = "completed"
    template: dict[str, Any] | None = None
    fields: dict[str, Any] = field(default_factory=dict)

    def issue(self, any_course: CoursePage) -> Certificate:
        """The certificate, without its file yet. Only a template asks for a course of its own, which takes its time."""
        course = any_course
        if self.template is not None:
            course = a_course(title=self.title, hours=self.hours, certificate_kind=self.kind)
            a_template(kind=self.kind, courses=[course], **self.template)
        return WAYS[self.how](self, course)

    def person(self) -> Person:
        """Somebody new."""
        names = {"given_names": self.given, "surnames": self.surnames}
        if not self.municipality:
            return a_member(a_network(f"Red {self.name}"), **names)
        return an_employee(self.municipality, self.post, **names)


def _completed(case: Case, course, **more) -> Certificate:
    said: dict[str, Any] = {"certificate_kind": case.kind, "course_title": case.title, "hours": Decimal(case.hours)}
    if case.kind == "constancia":
        said["score_percent"] = None
    return a_certificate(person=case.person(), course=course, **said | case.fields | more)


def _by_hand(case: Case, course) -> Certificate:
    said = {"course": course} if case.template is not None else {"title": case.title, "hours": case.hours}
    return by_hand_for(case.person(), kind=case.kind, **said)


def _ending(case: Case, course, *, since: int) -> Certificate:
    at = timezone.now() - timedelta(days=since)
    return _completed(case, course, completed_at=at, certificate_months=12, grace_days=30)


def _renewed(case: Case, course) -> Certificate:
    old = _ending(case, course, since=350)
    short = a_course(title=f"Actualización: {MARKUP}", hours=2, certificate_kind="")
    done = a_completion(person=old.person, course=short, certificate_kind="", renews_key=old.course_key)
    return renewals.renew(done.public_id)


def _corrected(case: Case, course) -> Certificate:
    return a_correction(_completed(case, course), person_name=f"{MARKUP} Xʼol", hours="7.5")


def _superseded(case: Case, course) -> Certificate:
    old = _completed(case, course)
    a_correction(old, person_name="Otra Persona")
    return old


def _revoked(case: Case, course) -> Certificate:
    certificate = _completed(case, course)
    a_revocation(certificate, reason=f"{MARKUP} {LINK} \u202e😀")
    return certificate


def _signed_by_default(case: Case, course) -> Certificate:
    with override_settings(CERTIFICATE_SIGNATORIES=HOSTILE_WHO):
        return _completed(case, course)


WAYS: dict[str, Callable[[Case, Any], Certificate]] = {
    "completed": _completed,
    "by hand": _by_hand,
    "ending": lambda case, course: _ending(case, course, since=3),
    "ended": lambda case, course: _ending(case, course, since=400),
    "renewed": _renewed,
    "corrected": _corrected,
    "superseded": _superseded,
    "revoked": _revoked,
    "signed by others": _signed_by_default,
}
SIGNED = {"signatories": 3, "is_signed": True}
FULL = {"logos": 4, **SIGNED, "has_book": True, "year_style": "grouped"}
CASES = [
    # Without a template.
    Case("plain"),
    Case("attended", "constancia"),
    Case("competent", "competencia"),
    Case("eighty letters", given=EIGHTY[:44], surnames=EIGHTY[45:]),
    Case("words without an end", given="W" * 80, surnames="ẍ" * 80, title="MUNICIPALIDAD" * 19),
    Case("Mayan letters", given="Xʼol Kꞌicheꞌ", surnames="Sacẍaj Ꞌaq ʻEwa", title="Ri Uchꞌabꞌal ẍel, Qꞌeqchiʼ"),
    Case("markup", given=MARKUP, surnames=LINK, title="<script>alert('x')</script> & {{ 7*7 }} ${x} {nota}"),
    Case("links", given="javascript:alert(1)", surnames="//example.org", title="javascript:alert(1)"),
    Case(
        "invisible",
        given="Ana\u202e\u0007\u00ad",
        surnames="\ufeff\ufffe\u200b Pérez",
        title="Curso\u2066\u200f oculto",
    ),
    Case("other alphabets", given="مريم עברית", surnames="Ж 中 😀 \U0001d4d0", title="統計 👩🏽‍🏫 статистика"),
    Case(
        "words of the format", given="Ana ]]> & ( \\ ) %>>", surnames="EMC Q endstream endobj", title="%%EOF /ByteRange"
    ),
    Case("longest", **LONGEST),
    Case("of a network", municipality=""),
    Case("half an hour", "constancia", hours="0.5"),
    Case("two thousand hours", "competencia", hours="2000", fields={"score_percent": 100}),
    Case("three by default", how="signed by others"),
    # With one, lying.
    Case("template", template={}),
    Case("logo", template={"logos": 1, "signatories": 1}),
    Case("full", template=FULL),
    Case("two signatures", "competencia", template={"logos": 2, "signatories": 2, "is_signed": True}),
    Case("English", template={"language": "en", "logos": 1, "signatories": 2}),
    Case("long English", "constancia", **LONGEST, template={"language": "en", **FULL}),
    Case("K'iche'", template={"language": "quc", "texts": KICHE, "logos": 2, **SIGNED}),
    Case(
        "Q'eqchi'", "constancia", template={"language": "kek", "texts": {"title": "Hu re tzolebꞌaal"}, "has_book": True}
    ),
    Case("hostile texts", given=MARKUP, surnames=LINK, template={"texts": HOSTILE_TEXTS, "signatories": 2}),
    Case("much text", template={"texts": MUCH, **FULL}),
    Case("all at once", **LONGEST, template={"texts": MUCH, **FULL}),
    # With one, standing.
    Case("standing", "constancia", template={"paper": "portrait"}),
    Case("standing, full", **LONGEST, template={"paper": "portrait", "texts": MUCH, **FULL}),
    Case("standing, book", "competencia", template={"paper": "portrait", "has_book": True, "signatories": 2}),
    Case(
        "Mam", template={"paper": "portrait", "language": "mam", "texts": {"title": "Uꞌj ẍkel"}, "logos": 3, **SIGNED}
    ),
    Case("standing English", "competencia", how="ended", template={"paper": "portrait", "language": "en", **FULL}),
    # How they came to be, and what became of them.
    Case("by hand", "constancia", how="by hand", hours="6.5"),
    Case("by hand, Garífuna", how="by hand", template={"paper": "portrait", "language": "cab", "logos": 1}),
    Case("ending", how="ending"),
    Case("ending, grouped", "competencia", how="ending", template={"year_style": "grouped", "signatories": 1}),
    Case("renewed", how="renewed", template={"paper": "portrait", "logos": 1, "signatories": 2, "is_signed": True}),
    Case("corrected", how="corrected", template={"logos": 1, "signatories": 2}),
    Case("superseded", how="superseded"),
    Case("revoked", how="revoked", template={"paper": "portrait", "year_style": "grouped"}),
]
