"""The report of article 94 on paper, sealed; in Spanish, as every paper of the house."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone, translation

from certificates.pdf import paper, words
from certificates.pdf.metadata import Description
from certificates.pdf.paper import Piece

from . import duty, portable


def render(report: duty.Report, *, at: datetime | None = None) -> bytes:
    """The sealed PDF. Raises `keyring.KeyMissing`."""
    at = timezone.localtime(at or timezone.now()).replace(microsecond=0)
    with translation.override("es"):
        described = Description(
            title=f"Informe del artículo 94, {report.semester.words}",
            author=portable.AUTHOR,
            subject=f"Formación del personal de la Municipalidad de {report.municipality}",
            keyword=f"articulo-94-{report.municipality.code}-{report.semester}",
            at=at,
        )
        return portable.sealed(paper.render(described, _pieces(report, at)), at)


def _pieces(report: duty.Report, at: datetime) -> Iterator[tuple[Piece, str]]:
    semester = report.semester
    yield Piece.TITLE, "Formación del personal: artículo 94"
    yield Piece.HEADING, f"Municipalidad de {report.municipality}"
    yield Piece.TEXT, f"{semester.words.capitalize()}, {words.period(semester.first, semester.last)}."
    yield (
        Piece.QUIET,
        f"Hecho el {words.day(at.date())}. Cuenta como formada la persona que en el semestre completó un curso de "
        "ANAM, o terminó una formación en otra parte que se cotejó con su original.",
    )
    for group in (*report.posts, report.total):
        yield Piece.NAME, group.name
        if group.is_hidden:
            yield Piece.TEXT, f"Menos de {duty.FEW} personas."
        else:
            people = "1 persona" if group.staff == 1 else f"{group.staff} personas"
            trained = "1 formada" if group.trained == 1 else f"{group.trained} formadas"
            yield Piece.TEXT, f"{people} en el puesto, {trained}, {words.hours(group.hours)} en total."
