"""The demo's pictures, drawn with Pillow in the colours of the site: slides, two diagrams and a specimen bill."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PAPER, SURFACE, INK, QUIET, HAIR = "#fbf8f3", "#ffffff", "#1c2033", "#565b70", "#e4dfd5"
ANIL, COCHINILLA, JADE, MAIZ, WASH = "#243b7a", "#a4243b", "#1f6f54", "#f2b134", "#eef1f9"
SLIDE = (1280, 720)
FONTS = ("/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu", "/usr/share/fonts/TTF")

Box = tuple[float, float, float, float]


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans, which every Debian has; Pillow's own letters where it is missing."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    for folder in FONTS:
        if (path := Path(folder) / name).exists():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def draw_band(canvas: ImageDraw.ImageDraw, box: Box, *, step: int = 28) -> None:
    """The woven band: two rows of triangles that meet in diamonds."""
    left, top, right, bottom = (int(edge) for edge in box)
    middle = (top + bottom) // 2
    canvas.rectangle(box, fill=ANIL)
    for number, x in enumerate(range(left, right, step)):
        colour = MAIZ if number % 2 else COCHINILLA
        diamond = [(x, middle), (x + step // 2, top), (x + step, middle), (x + step // 2, bottom)]
        canvas.polygon(diamond, fill=colour)
        canvas.polygon(
            [(x + step // 4, middle), (x + step // 2, middle - step // 4), (x + 3 * step // 4, middle),
             (x + step // 2, middle + step // 4)],
            fill=ANIL,
        )  # fmt: skip


def fit(text: str, width: float, *, largest: int, bold: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest letters in which `text` is no wider than `width`."""
    size = largest
    while size > 12 and font(size, bold=bold).getlength(text) > width:
        size -= 2
    return font(size, bold=bold)


def draw_slide(*, course: str, title: str, lines: list[str], number: int, count: int) -> Image.Image:
    """A slide of big type; its lower sixth stays empty for the captions."""
    width = SLIDE[0]
    image = Image.new("RGB", SLIDE, PAPER)
    canvas = ImageDraw.Draw(image)
    draw_band(canvas, (0, 0, width, 28))
    canvas.text((80, 62), course, font=fit(course, 900, largest=28), fill=QUIET)
    canvas.text((width - 80, 62), f"{number} / {count}", font=font(28), fill=QUIET, anchor="ra")
    canvas.text((80, 150), title, font=fit(title, width - 160, largest=78, bold=True), fill=ANIL)
    canvas.rectangle((80, 262, 240, 270), fill=COCHINILLA)
    for place, line in enumerate(lines):
        canvas.text((80, 312 + 78 * place), line, font=fit(line, width - 160, largest=54), fill=INK)
    return image


def _centred(canvas: ImageDraw.ImageDraw, box: Box, lines: list[str], *, size: int, fill: str, bold: bool = True):
    left, top, right, bottom = box
    height = 1.3 * size
    first = (top + bottom) / 2 - height * (len(lines) - 1) / 2
    for place, line in enumerate(lines):
        letters = fit(line, right - left - 16, largest=size, bold=bold)
        canvas.text(((left + right) / 2, first + place * height), line, font=letters, fill=fill, anchor="mm")


def _card(canvas: ImageDraw.ImageDraw, box: Box, number: int, lines: list[str]) -> None:
    left, top, right, bottom = box
    canvas.rounded_rectangle(box, radius=10, fill=SURFACE, outline=ANIL, width=3)
    middle = (top + bottom) / 2
    canvas.ellipse((left - 28, middle - 28, left + 28, middle + 28), fill=ANIL)
    canvas.text((left, middle), str(number), font=font(30, bold=True), fill=SURFACE, anchor="mm")
    _centred(canvas, (left + 30, top, right, bottom), lines, size=32, fill=INK)


def _arrow(canvas: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float]) -> None:
    canvas.line((*start, *end), fill=COCHINILLA, width=5)
    (x0, y0), (x1, y1) = start, end
    length = max(1.0, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    along, across = ((x1 - x0) / length, (y1 - y0) / length), (-(y1 - y0) / length, (x1 - x0) / length)
    base = (x1 - 16 * along[0], y1 - 16 * along[1])
    sides = [(base[0] + s * 10 * across[0], base[1] + s * 10 * across[1]) for s in (1, -1)]
    canvas.polygon([(x1 + 4 * along[0], y1 + 4 * along[1]), *sides], fill=COCHINILLA)


def _draw_steps(steps: list[list[str]], *, is_round: bool) -> Image.Image:
    """Numbered boxes one below the other, large enough to read on a phone; a round comes back to the first."""
    image = Image.new("RGB", (640, 130 + 160 * len(steps)), PAPER)
    canvas = ImageDraw.Draw(image)
    draw_band(canvas, (0, 0, 640, 20), step=20)
    for place, lines in enumerate(steps):
        top = 80 + 165 * place
        if place:
            _arrow(canvas, (320, top - 60), (320, top - 12))
        _card(canvas, (100, top, 540, top + 102), place + 1, lines)
    if is_round:
        bottom = 80 + 165 * (len(steps) - 1) + 51
        canvas.line((540, bottom, 600, bottom, 600, 131, 570, 131), fill=COCHINILLA, width=5, joint="curve")
        _arrow(canvas, (600, 131), (550, 131))
    return image


def draw_income_cycle() -> Image.Image:
    """The yearly round of an own-revenue strategy: five steps and back to the first."""
    steps = [
        ["Conocer", "lo que se cobra"],
        ["Calcular", "la brecha"],
        ["Fijar metas", "por fuente"],
        ["Cobrar", "y atender bien"],
        ["Rendir cuentas", "a los vecinos"],
    ]
    return _draw_steps(steps, is_round=True)


def draw_youth_path() -> Image.Image:
    """The five steps of a youth agenda, from the group to the follow-up."""
    steps = [
        ["Grupo", "con tres acuerdos"],
        ["Diagnóstico", "con datos y voces"],
        ["Agenda", "de pocas propuestas"],
        ["Concejo", "audiencia y acta"],
        ["Seguimiento", "cada mes"],
    ]
    return _draw_steps(steps, is_round=False)


def _barcode(canvas: ImageDraw.ImageDraw, box: Box, number: str) -> None:
    """Bars that look like a code and are none: a drawing, never to be read."""
    left, top, right, bottom = box
    widths = [1 + (int(digit) * 7 + place * 3) % 3 for place, digit in enumerate(number * 5)]
    unit = (right - left) / sum(widths)
    x = left
    for place, width in enumerate(widths):
        if place % 2 == 0:
            canvas.rectangle((round(x), top, round(x + width * unit) - 1, bottom), fill=INK)
        x += width * unit


def draw_water_bill() -> Image.Image:
    """A specimen of a water bill with made-up figures."""
    image = Image.new("RGB", (640, 760), PAPER)
    canvas = ImageDraw.Draw(image)
    canvas.rounded_rectangle((24, 20, 616, 740), radius=12, fill=SURFACE, outline=HAIR, width=3)
    draw_band(canvas, (24, 20, 616, 40), step=20)
    canvas.text((56, 66), "Servicio de agua", font=font(36, bold=True), fill=ANIL)
    canvas.text((56, 116), "MUESTRA · cifras inventadas", font=font(24, bold=True), fill=COCHINILLA)
    rows = [
        ("Conexión", "0300127-4"),
        ("Dirección", "El Centro, sector 3"),
        ("Período", "marzo de 2026"),
        ("Este mes", "Q20.00"),
        ("Mora", "Q20.00"),
    ]
    for place, (label, value) in enumerate(rows):
        canvas.text((56, 172 + 48 * place), label, font=font(26), fill=QUIET)
        canvas.text((230, 172 + 48 * place), value, font=font(28, bold=True), fill=INK)
    canvas.rounded_rectangle((56, 424, 584, 544), radius=8, fill=WASH)
    canvas.text((80, 442), "Total a pagar", font=font(26), fill=QUIET)
    canvas.text((80, 490), "antes del 15 de abril", font=font(24), fill=QUIET)
    canvas.text((560, 484), "Q40.00", font=font(52, bold=True), fill=ANIL, anchor="rm")
    _barcode(canvas, (76, 576, 564, 676), "0300127402603")
    canvas.text((320, 706), "0300127 4 2603", font=font(26), fill=INK, anchor="mm")
    return image


IMAGES = {"income_cycle": draw_income_cycle, "youth_path": draw_youth_path, "water_bill": draw_water_bill}
