"""Pictures that people bring are drawn anew: what comes out has the pixels of what came in, and no other byte of it.

Places and names in photographs (EXIF, XMP), a second file behind the first, a page within a comment: nothing of it is
kept. What cannot be decoded to its last line is refused here, where somebody can still do something about it.
"""

import io
import struct
import warnings
from typing import BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

from lms.domain.errors import RuleBroken

FORMATS = ("JPEG", "PNG", "WEBP")
OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "WEBP": {"quality": 90, "method": 4},
}
MAX_SCANS = 100  # a progressive JPEG has a dozen; each is a walk over all of the picture
SCAN = b"\xff\xda"
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


def _refuse(code: str, message: str) -> RuleBroken:
    return RuleBroken(f"picture.{code}", message)


def redraw(file: BinaryIO, *, max_pixels: int) -> bytes:
    """A picture of the same format and the same look, upright. Raises `picture.unreadable`, `picture.too_big`."""
    unreadable = _refuse(
        "unreadable", _("No pudimos leer la imagen: está dañada o incompleta. Guárdela de nuevo como JPG o PNG.")
    )
    file.seek(0)
    if file.read().count(SCAN) > MAX_SCANS:
        raise unreadable
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit below is ours, and lower than Pillow's
            with Image.open(file, formats=FORMATS) as given:
                if given.width * given.height > max_pixels:
                    raise _refuse("too_big", _("La imagen tiene demasiados puntos. Guárdela más pequeña."))
                return _drawn(given, str(given.format))
    except RuleBroken:
        raise
    except Exception as broken:  # Pillow's decoders raise whatever comes to their mind
        raise unreadable from broken


def _drawn(given: Image.Image, kind: str) -> bytes:
    profile = given.info.get("icc_profile")
    picture = _upright(given)
    if picture.mode.startswith("I"):  # sixteen bits of grey
        picture = picture.convert("I").point(lambda grey: grey / 256).convert("L")
    if picture.mode not in MODES or profile:
        picture = _standard(picture, profile)
    if kind == "JPEG" and picture.mode not in {"L", "RGB"}:
        picture = picture.convert("RGB")
    if kind == "WEBP" and picture.mode not in {"RGB", "RGBA"}:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    # Nothing that was written beside the pixels goes on.
    picture.info = {name: value for name, value in picture.info.items() if name == "transparency"}
    out = io.BytesIO()
    picture.save(out, kind, **OPTIONS[kind])
    return out.getvalue()


def _upright(given: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(given)
    except (OSError, SyntaxError, ValueError, struct.error):  # its notes are damaged; the picture need not be
        return given.copy()


def _standard(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours that every screen assumes (sRGB)."""
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            base = picture if picture.mode in {"L", "RGB", "RGBA", "CMYK"} else picture.convert(mode)
            made = ImageCms.profileToProfile(base, own, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (ImageCms.PyCMSError, OSError):
            made = None
        if made is not None:
            return made
    return picture.convert(mode)
