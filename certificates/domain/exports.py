"""Lists of certificates as files for Excel."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import Certificate
from lms.domain import audit
from lms.domain.sheets import Cell
from lms.models import Municipality, Person


def headings() -> list[str]:
    """The first row. There is no CUI, e-mail or phone in these files."""
    return [
        _("Número"),
        _("Nombre"),
        _("Clase"),
        _("Curso"),
        _("Horas"),
        _("Nota"),
        _("Inicio"),
        _("Finalización"),
        _("Puesto"),
        _("Código INE"),
        _("Municipio"),
        _("Departamento"),
        _("Emitido"),
        _("Vence"),
        _("Estado"),
    ]


def rows(certificates: QuerySet[Certificate]) -> Iterator[list[Cell]]:
    """One row a certificate, read in stretches so that memory does not grow with them."""
    states = dict(Certificate.State.choices)
    listed = certificates.select_related("municipality__department", "person")
    for one in listed.iterator(chunk_size=2000):
        place = one.municipality
        yield [
            one.reference,
            one.listed_name,
            one.kind,
            one.course_title,
            one.hours,
            one.score_percent,
            one.started_on,
            one.completed_on,
            one.post_name,
            place.code if place else "",
            place.name_common if place else "",
            place.department.name if place else "",
            timezone.localdate(one.issued_at),
            one.expires_on,
            str(states[one.state]),  # type: ignore[attr-defined]  # `with_state` annotates it
        ]


def record_export(certificates: QuerySet[Certificate], *, by: Person, form: str, chosen: dict[str, str]) -> None:
    """Tell the audit trail who took which list away. A name that was searched for is not told."""
    facts = {key: value for key, value in chosen.items() if key != "q"}
    with transaction.atomic():
        audit.record(
            "certificates.exported",
            by=by,
            facts={"form": form, "filters": facts, "by_name": "q" in chosen, "rows": certificates.count()},
        )


def record_gaps_export(
    municipality: Municipality, *, by: Person, form: str, filters: Iterable[str], people: int
) -> None:
    """Tell the trail who took away who lacks what: of the filters only which were used."""
    with transaction.atomic():
        facts = _of_staff(municipality, form, filters, people)
        audit.record("staff_training.exported", by=by, facts=facts)


def record_competencies_export(
    municipality: Municipality, *, by: Person, form: str, filters: Iterable[str], people: int
) -> None:
    """The same of the list of what posts ask their holders to be able to do."""
    with transaction.atomic():
        facts = _of_staff(municipality, form, filters, people)
        audit.record("competency_gaps.exported", by=by, facts=facts)


def _of_staff(municipality: Municipality, form: str, filters: Iterable[str], people: int) -> dict[str, Any]:
    return {"form": form, "municipality": municipality.code, "filters": sorted(filters), "people": people}
