"""The one page of a certificate: Carta (letter), landscape, read from top to bottom."""

import io
from calendar import timegm
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.utils import timezone
from reportlab.lib.pagesizes import landscape, letter
from reportlab.pdfgen.canvas import Canvas

from certificates.models import Certificate

from . import lettering, ornament, words
from .finishing import Attachment, finish
from .lettering import BOLD, ITALIC, REGULAR, Block
from .metadata import Description
from .tagging import Tags

WIDTH, HEIGHT = landscape(letter)
EDGE = 27.0
LEFT = 128.0
RIGHT = WIDTH - 54.0
MEASURE = RIGHT - LEFT
FOOT = 116.0
QR_SIDE = 92.0
UNDER_NAME = 11.0
_ABOVE_BASE = 0.8  # of the size: from the top of a line to its base line
CREDENTIAL_SAYS = "Lo mismo que dice este documento, para máquinas (Open Badges 3.0)"

_KINDS = {
    "diploma": ("otorga el presente", "Diploma", "por haber aprobado el curso"),
    "constancia": ("otorga la presente", "Constancia de participación", "por haber participado en el curso"),
}


def render(certificate: Certificate, credential: str = "", qr: str = "") -> bytes:
    """The unsigned PDF, its credential inside. Reads frozen columns only; the same facts give the same bytes.

    `qr` is the address of the signed facts; without it the QR leads to the check page, as it did before.
    """
    drawn, tags = draw(certificate, qr)
    attachments = [Attachment("credencial.json", "application/vc", CREDENTIAL_SAYS, credential.encode())]
    return finish(drawn, tags.elements, _description(certificate), attachments if credential else [])


def draw(certificate: Certificate, qr: str = "") -> tuple[bytes, Tags]:
    """The page as reportlab writes it, and what is on it in the order of reading."""
    lettering.register_faces()
    out = io.BytesIO()
    canvas = Canvas(
        out,
        pagesize=(WIDTH, HEIGHT),
        invariant=1,
        pdfVersion=(1, 7),
        initialFontName=REGULAR,
        pageCompression=1,
        lang="es-GT",
    )
    _describe(canvas, _description(certificate))
    tags = Tags(canvas)
    with tags.ornament():
        ornament.draw_band(canvas, x=EDGE, y=EDGE, height=HEIGHT - 2 * EDGE)
    _draw_text(canvas, tags, certificate)
    _draw_signatories(canvas, tags, certificate.facts["signatories"])
    _draw_foot(canvas, tags, certificate, qr)
    canvas.showPage()
    canvas.save()
    return out.getvalue(), tags


def kind_title(certificate: Certificate) -> str:
    """What the paper is called."""
    return _KINDS[certificate.kind][1]


def reason_of(certificate: Certificate) -> str:
    """What it is given for: `por haber aprobado el curso`."""
    return _KINDS[certificate.kind][2]


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


def _draw_text(canvas: Canvas, tags: Tags, certificate: Certificate) -> None:
    """Who certifies, what, to whom, for what: from the top down, the room between shared out evenly."""
    grants, title, reason = _KINDS[certificate.kind]
    name = lettering.fit(
        certificate.person_name, face=BOLD, sizes=[34, 31, 28, 25, 23, 21, 19, 17, 15], measure=MEASURE, most_lines=2
    )
    course = lettering.fit(
        certificate.course_title, face=REGULAR, sizes=[22, 20, 18, 16, 14, 12], measure=MEASURE, most_lines=3
    )
    heading = _line(title, REGULAR, 46)
    blocks: list[tuple[Block, object, float]] = [
        (_line(certificate.issuer, BOLD, 14.5), ornament.ANIL, 0),
        (_line(grants, ITALIC, 13), ornament.QUIET, 8),
        (heading, ornament.ANIL, 2),
        (_line("a", ITALIC, 13), ornament.QUIET, 10),
        (name, ornament.INK, 1),
        (_line(reason, ITALIC, 13), ornament.QUIET, 10),
        (course, ornament.INK, 2),
    ]
    details = [_sentence(text) for text in _details(certificate)]
    height = sum(block.height + gap for block, _colour, gap in blocks) + _height_together(details) + 5
    top, bottom = HEIGHT - EDGE - 4, FOOT + 84
    spread = min(max((top - bottom - height - UNDER_NAME) / (len(blocks) + 1), 0), 13)
    y = top + spread
    for block, colour, gap in blocks:
        with tags.element("H1" if block is heading else "P"):
            y = _draw_block(canvas, block, colour, y - gap - spread)
        if block is name:
            with tags.ornament():
                y = _underline(canvas, y - UNDER_NAME)
    y -= 5 + spread
    for block in details:
        with tags.element("P"):
            y = _draw_block(canvas, block, ornament.INK, y) + block.size * _ABOVE_BASE - block.leading


def _line(text: str, face: str, size: float) -> Block:
    return lettering.fit(text, face=face, sizes=[size, size * 0.85, size * 0.7], measure=MEASURE, most_lines=1)


def _sentence(text: str) -> Block:
    """A sentence on a line of its own, or more."""
    size = 12.5
    return Block(lettering.wrap(text, REGULAR, size, MEASURE), REGULAR, size, size * 1.45, text)


def _height_together(blocks: list[Block]) -> float:
    """That of blocks of one leading under each other, from the top of the first line to the base line of the last."""
    lines = sum(len(block.lines) for block in blocks)
    return replace(blocks[0], lines=("",) * lines).height


def _details(certificate: Certificate) -> list[str]:
    """How long and when; with which mark; until when it holds; in which post and municipality: a sentence each."""
    when = words.period(certificate.started_on, certificate.completed_on)
    sentences = [f"Con una duración de {words.hours(certificate.hours)}, realizado {when}."]
    if certificate.score_percent is not None:
        sentences.append(f"Nota obtenida: {certificate.score_percent} sobre 100.")
    if certificate.expires_on:
        sentences.append(f"Vigente hasta el {words.day(certificate.expires_on)}.")
    if renewal := certificate.facts.get("renewal"):
        taken = f"el curso «{renewal['course']}», de {words.hours(Decimal(renewal['hours']))}"
        sentences.append(f"Renovado el {words.day(date.fromisoformat(renewal['on']))} con {taken}.")
    if certificate.post_name and certificate.municipality_name:
        sentences.append(f"{certificate.post_name}, municipalidad de {certificate.municipality_name}.")
    elif certificate.municipality_name:
        sentences.append(f"Municipio de {certificate.municipality_name}.")
    elif certificate.post_name:
        sentences.append(f"{certificate.post_name}.")
    return sentences


def _draw_block(canvas: Canvas, block: Block, colour: object, top: float) -> float:
    """Draw a block hanging from `top`; returns the base line of its last line."""
    canvas.setFillColor(colour)
    y = top - block.size * _ABOVE_BASE
    for number, line in enumerate(block.spaced_lines()):
        lettering.draw(canvas, LEFT, y - number * block.leading, line, face=block.face, size=block.size)
    return y - (len(block.lines) - 1) * block.leading


def _underline(canvas: Canvas, y: float) -> float:
    """The thread under the name: red, with a knot of maíz at its beginning."""
    canvas.setFillColor(ornament.COCHINILLA)
    canvas.rect(LEFT, y, MEASURE, 1.2, stroke=0, fill=1)
    canvas.setFillColor(ornament.MAIZ)
    canvas.rect(LEFT, y - 0.9, 36, 3, stroke=0, fill=1)
    return y


def _draw_signatories(canvas: Canvas, tags: Tags, signatories: list[dict]) -> None:
    """A line to sign on for each, with name (if there is one) and role below."""
    if not signatories:
        return
    column = MEASURE / len(signatories)
    length = min(column - 24, 190)
    for number, signatory in enumerate(signatories):
        x = LEFT + number * column
        with tags.ornament():
            canvas.setStrokeColor(ornament.INK)
            canvas.setLineWidth(0.7)
            canvas.line(x, FOOT + 42, x + length, FOOT + 42)
        canvas.setFillColor(ornament.INK)
        y = FOOT + 30
        for text, face in ((signatory.get("name", ""), BOLD), (signatory.get("role", ""), REGULAR)):
            if text:
                y = _draw_small(canvas, tags, text, face, x=x, y=y, measure=length)


def _draw_small(canvas: Canvas, tags: Tags, text: str, face: str, *, x: float, y: float, measure: float) -> float:
    """A paragraph under a line to sign on, its first base line at `y`; returns that of whatever comes below."""
    block = Block(lettering.wrap(text, face, 10.5, measure), face, 10.5, 12, text)
    with tags.element("P"):
        for line in block.spaced_lines():
            lettering.draw(canvas, x, y, line, face=face, size=block.size)
            y -= block.leading
    return y


def _draw_foot(canvas: Canvas, tags: Tags, certificate: Certificate, qr: str) -> None:
    """Place and day, number, code, where to check it, and the QR that says the same."""
    with tags.ornament():
        canvas.setStrokeColor(ornament.QUIET)
        canvas.setLineWidth(0.4)
        canvas.line(LEFT, FOOT - 14, RIGHT - QR_SIDE - 8, FOOT - 14)
    issued_on = timezone.localtime(certificate.issued_at).date()
    where = certificate.facts["verify_url"].rsplit("/", 2)[0].removeprefix("https://").removeprefix("http://")
    lines = [
        (f"{certificate.facts['place']}, {words.day(issued_on)}", REGULAR, 11),
        (f"Número {certificate.reference}", BOLD, 11),
        (f"Código {certificate.grouped_code}", BOLD, 11),
        (f"Verifique en {where} con el código, o con la cámara de su teléfono.", REGULAR, 10),
    ]
    canvas.setFillColor(ornament.INK)
    y = FOOT - 32
    for text, face, size in lines:
        with tags.element("P"):
            lettering.draw(canvas, LEFT, y, text, face=face, size=size)
        y -= 15
    _draw_qr(canvas, tags, certificate.facts["verify_url"], qr)


def _draw_qr(canvas: Canvas, tags: Tags, address: str, qr: str) -> None:
    x, y = RIGHT - QR_SIDE + 9, EDGE - 9
    said = f"Código QR que abre la página para verificar este documento: {address}"
    with tags.element("Figure", alt=said, box=(x, y, x + QR_SIDE, y + QR_SIDE)):
        ornament.draw_qr(canvas, qr or address, x=x, y=y, side=QR_SIDE)
