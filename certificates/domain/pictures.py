"""Logos and signatures that are brought: drawn anew as a small PNG, and kept under the SHA-256 of that for ever."""

import io
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from certificates.models import TemplatePicture
from certificates.pdf import pictures as drawing
from lms.domain.errors import RuleBroken
from media.domain import pictures

FORMATS = ("PNG", "JPEG")
MOST_BYTES = 3 * 1024 * 1024
MOST_PIXELS = 12_000_000
# Seven on a paper, and it still passes where a stranger may send 256 KB to have it compared.
MOST_KEPT = 18_000
# (width, height, colours): what the largest box on the paper shows at 300 dots an inch; less where that is too heavy.
STEPS = ((800, 240, 256), (800, 240, 48), (560, 170, 64), (400, 120, 32), (280, 84, 16))


def redraw(file: BinaryIO) -> bytes:
    """The PNG that stands for a brought picture, flat on white. Raises `picture.*` saying what to bring instead."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise RuleBroken("picture.too_heavy", _("La imagen pesa más de 3 MB. Guárdela más pequeña."))
    _check_kind(content)
    with Image.open(io.BytesIO(pictures.redraw(io.BytesIO(content), max_pixels=MOST_PIXELS))) as given:
        flat = _flat(given)
    for *size, colours in STEPS:
        made = _png(flat, size, colours)
        if len(made) <= MOST_KEPT:
            break
    drawing.parse(made)
    return made


def _check_kind(content: bytes) -> None:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as given:
            is_moving = getattr(given, "n_frames", 1) > 1
    except Image.DecompressionBombError as broken:
        raise RuleBroken("picture.too_big", _("La imagen tiene demasiados puntos. Guárdela más pequeña.")) from broken
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as broken:
        raise RuleBroken("picture.wrong_kind", _("Suba la imagen como PNG o JPG: otro archivo no sirve.")) from broken
    if is_moving:
        raise RuleBroken("picture.moves", _("La imagen se mueve. Guarde un solo cuadro como PNG o JPG."))


def _flat(given: Image.Image) -> Image.Image:
    """In red, green and blue, or in grey; what shines through lies on white paper."""
    if given.has_transparency_data:
        above = given.convert("RGBA")
        ground = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(ground, above).convert("RGB")
    return given.convert("L" if given.mode in {"1", "L"} else "RGB")


def _png(flat: Image.Image, size: list[int], colours: int) -> bytes:
    small = flat.copy()
    small.thumbnail((size[0], size[1]), Image.Resampling.LANCZOS)
    if small.mode == "RGB" or colours < 256:
        small = small.quantize(colours)
    small.info = {}
    out = io.BytesIO()
    small.save(out, "PNG", compress_level=9, bits=8)
    return out.getvalue()


def digest_of(content: bytes) -> str:
    """The name that a picture is kept under."""
    return sha256(content).hexdigest()


def keep(content: bytes) -> str:
    """Keep what `redraw` made; returns its digest. May be called any number of times."""
    digest = digest_of(content)
    TemplatePicture.objects.get_or_create(sha256=digest, defaults={"content": content})
    return digest


def find_faults() -> Iterator[str]:
    """Pictures whose bytes are not those that they are named by, each as a sentence."""
    for one in TemplatePicture.objects.iterator(chunk_size=20):
        if digest_of(bytes(one.content)) != one.sha256:
            yield f"picture {one.sha256[:12]}: its bytes are others"
