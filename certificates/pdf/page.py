"""The one page of a certificate: Carta (letter), lying or standing, read from top to bottom."""

import io
from calendar import timegm
from collections.abc import Mapping

from django.utils import timezone
from reportlab.pdfgen.canvas import Canvas

from certificates.models import Certificate

from . import lettering, ornament, pictures, sheet
from .design import Design, design_of, tag_of
from .finishing import Attachment, finish
from .foot import draw_foot
from .lettering import REGULAR
from .metadata import Description
from .sheet import EDGE, Sheet
from .signatories import draw_signatories
from .tagging import Tags
from .text import draw_text

CREDENTIAL_SAYS = "Lo mismo que dice este documento, para máquinas (Open Badges 3.0)"
LOGO_HEIGHT = 50.0
SAMPLE = "MUESTRA"


def render(certificate: Certificate, credential: str = "", qr: str = "") -> bytes:
    """The unsigned PDF, its credential inside. Reads frozen columns only; the same facts give the same bytes.

    `qr` is the address of the signed facts; without it the QR leads to the check page, as it did before.
    """
    drawn, tags = draw(certificate, qr)
    attachments = [Attachment("credencial.json", "application/vc", CREDENTIAL_SAYS, credential.encode())]
    return _finish(drawn, tags, certificate, attachments if credential else [])


def render_sample(certificate: Certificate, unsaved: Mapping[str, bytes] | None = None) -> bytes:
    """The same of a certificate that there is not: a sample, and marked as one right across.

    `unsaved` are pictures by digest that are not kept yet.
    """
    drawn, tags = draw(certificate, is_sample=True, unsaved=unsaved)
    return _finish(drawn, tags, certificate, [])


def draw(
    certificate: Certificate, qr: str = "", *, is_sample: bool = False, unsaved: Mapping[str, bytes] | None = None
) -> tuple[bytes, Tags]:
    """The page as reportlab writes it, and what is on it in the order of reading."""
    lettering.register_faces()
    design = design_of(certificate)
    paper = _sheet_of(design)
    out = io.BytesIO()
    canvas = Canvas(
        out,
        pagesize=(paper.width, paper.height),
        invariant=1,
        pdfVersion=(1, 7),
        initialFontName=REGULAR,
        pageCompression=1,
        lang=tag_of(design.language),
    )
    _describe(canvas, _description(certificate))
    tags = Tags(canvas)
    with tags.ornament():
        ornament.draw_band(canvas, x=EDGE, y=EDGE, height=paper.height - 2 * EDGE, diamonds=paper.diamonds)
        if is_sample:
            _mark_as_sample(canvas, paper)
    top = _draw_logos(canvas, tags, paper, design, unsaved)
    draw_text(canvas, tags, paper, design, certificate, top=top)
    draw_signatories(canvas, tags, paper, design, unsaved)
    draw_foot(canvas, tags, paper, design, certificate, qr=qr)
    canvas.showPage()
    canvas.save()
    return out.getvalue(), tags


def kind_title(certificate: Certificate) -> str:
    """What the paper is called."""
    return design_of(certificate).said("title")


def reason_of(certificate: Certificate) -> str:
    """What it is given for: `por haber aprobado el curso`."""
    return design_of(certificate).said("reason")


def _finish(drawn: bytes, tags: Tags, certificate: Certificate, attachments: list[Attachment]) -> bytes:
    design = design_of(certificate)
    described = _description(certificate)
    language = tag_of(design.language)
    return finish(drawn, tags.elements, described, attachments, language=language, is_first=design.is_first)


def _sheet_of(design: Design) -> Sheet:
    if design.is_first:
        return sheet.FIRST
    return sheet.PORTRAIT if design.paper == "portrait" else sheet.LANDSCAPE


def _description(certificate: Certificate) -> Description:
    """Title, author, and the moment of issue as the date of the file."""
    return Description(
        title=f"{kind_title(certificate)} {certificate.reference}",
        author=certificate.issuer,
        subject=certificate.course_title,
        keyword=certificate.reference,
        at=timezone.localtime(certificate.issued_at),
    )


def _describe(canvas: Canvas, described: Description) -> None:
    canvas.setTitle(described.title)
    canvas.setAuthor(described.author)
    canvas.setSubject(described.subject)
    canvas.setCreator("Aula Municipal")
    canvas.setKeywords([described.keyword])
    stamp = canvas._doc._timeStamp
    stamp.t = timegm(described.at.utctimetuple())
    stamp.lt = described.at.timetuple()
    stamp.YMDhms = tuple(stamp.lt)[:6]
    stamp.dhh = int(described.at.utcoffset().total_seconds() // 3600)


def _draw_logos(canvas: Canvas, tags: Tags, paper: Sheet, design: Design, unsaved: Mapping[str, bytes] | None) -> float:
    """A row of up to four at the top; returns where the text may begin."""
    top = paper.height - EDGE - 4
    if not design.logos:
        return top
    column = (paper.measure + 20) / max(len(design.logos), 3)
    x = paper.left
    for logo in design.logos:
        box = (x, top - LOGO_HEIGHT, column - 20, LOGO_HEIGHT)
        x += pictures.draw(canvas, tags, logo["sha256"], alt=logo["alt"], box=box, unsaved=unsaved) + 20
    return top - LOGO_HEIGHT - 14


def _mark_as_sample(canvas: Canvas, paper: Sheet) -> None:
    """Right across, so pale that the rest can still be judged, and in the way of whoever would pass it off."""
    canvas.saveState()
    canvas.setFillColor(ornament.SAMPLE)
    canvas.translate((paper.left + paper.right) / 2, paper.height / 2)
    canvas.rotate(34 if paper.width > paper.height else 52)
    size = 118
    half = lettering.width(SAMPLE, REGULAR, size) / 2
    lettering.draw(canvas, -half, -size * 0.35, SAMPLE, face=REGULAR, size=size)
    canvas.restoreState()
