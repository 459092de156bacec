"""A paper that nobody has: to see how a template looks, with everyday facts and with the longest that come."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from certificates.models import Certificate, Series

# Nobody has it: the check page says that there is no such certificate.
CODE = "0" * 26
NAME = "María Xʼol Tzunux"
LONG_NAME = "Wenceslao Estanislao Maximiliano Hermenegildo Xochitlquetzal Tzunux-Ajpopꞌ Kꞌicheʼ Sacẍaj"
COURSE = "Cobro y registro de usuarios de agua"
PROVEN = {"key": "registro-de-usuarios", "name": "Registro de usuarios", "level": 2, "level_name": "intermedio"}
LONG_PROVEN = {
    "key": "operacion-de-acueductos",
    "name": "Operación y mantenimiento de sistemas municipales de agua potable y de saneamiento con enfoque de cuenca",
    "level": 2,
    "level_name": "intermedio, con supervisión de otras personas",
}
LONG_COURSE = (
    "Administración, operación y mantenimiento de los sistemas municipales de agua potable y saneamiento, "
    "con enfoque de cuenca y de pertinencia cultural en los municipios del altiplano occidental"
)


def build(kind: str, facts: dict[str, Any], *, is_long: bool = False) -> Certificate:
    """The certificate of the sample, never saved. `facts` as `templates.facts_of` gives them."""
    at = timezone.now().replace(microsecond=0)
    return Certificate(
        series=Series(name=settings.CERTIFICATE_SERIES, year=at.year),
        number=0,
        reference=f"{settings.CERTIFICATE_SERIES}-{at.year}-000000",
        code=CODE,
        course_key=UUID(int=0),
        person_name=LONG_NAME if is_long else NAME,
        course_title=LONG_COURSE if is_long else COURSE,
        kind=kind,
        hours=Decimal(40),
        started_on=date(at.year, 5, 3),
        completed_on=date(at.year, 5, 15),
        score_percent=None if kind == "constancia" else 90,
        municipality_name="San Bartolomé Milpas Altas, Sacatepéquez" if is_long else "Nebaj, Quiché",
        post_name="Encargado de la Oficina Municipal de Agua y Saneamiento" if is_long else "Cajero receptor",
        issuer=settings.CERTIFICATE_ISSUER,
        issued_at=at,
        facts={
            "place": settings.CERTIFICATE_PLACE,
            "programme": [],
            **({"competency": LONG_PROVEN if is_long else PROVEN} if kind == "competencia" else {}),
            "verify_url": settings.PUBLIC_URL + reverse("certificates:certificate", args=[CODE]),
            **facts,
        },
    )
