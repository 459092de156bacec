"""Templates and pictures for tests."""

import functools
import io
import itertools
from typing import Any

from PIL import Image, ImageDraw

from certificates.domain import designs, pictures, templates
from certificates.models import CertificateTemplate
from tests.factories.people import somebody_with_role

_numbers = itertools.count(1)
WHO = [
    ("Sebastián Siero Xʼol", "Presidencia de la Junta Directiva"),
    ("María del Rosario Hernández Ajpopꞌ", "Dirección Ejecutiva de la Asociación Nacional de Municipalidades"),
    ("", "Facilitación"),
]


def a_file(
    size: tuple[int, int] = (600, 300), *, mode: str = "RGBA", kind: str = "PNG", ink: int = 80, **how: Any
) -> io.BytesIO:
    """A picture as somebody brings it: a ring and strokes, on nothing where the mode knows that."""
    drawn = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((5, 5, size[0] - 5, size[1] - 5), outline=(36, 59, ink, 255), width=6)
    pen.line((0, 0, *size), fill=(164, 36, 59, 255), width=8)
    out = io.BytesIO()
    drawn.convert(mode).save(out, kind, **how)
    out.seek(0)
    return out


def a_picture(ink: int = 80) -> str:
    """The digest of a picture that is kept."""
    return pictures.keep(_redrawn(ink))


@functools.cache
def _redrawn(ink: int) -> bytes:
    return pictures.redraw(a_file(ink=ink))


def a_design(*, logos: int = 0, signatories: int = 0, is_signed: bool = False, **said: Any) -> dict[str, Any]:
    """A design with so many kept logos and signatories."""
    signed = a_picture(200) if is_signed else ""
    return {
        **designs.empty(),
        "logos": [{"sha256": a_picture(number), "alt": f"Logo número {number}"} for number in range(logos)],
        "signatories": [{"name": name, "role": role, "sha256": signed} for name, role in WHO[:signatories]],
        **said,
    }


def a_template(
    *,
    kind: str = "diploma",
    is_published: bool = True,
    is_default: bool = False,
    courses=(),
    name: str = "",
    **said: Any,
) -> CertificateTemplate:
    """A template, published unless told otherwise; `said` as for `a_design`."""
    by = somebody_with_role("administrator")
    template = templates.make(name=name or f"Plantilla {next(_numbers)}", kind=kind, design=a_design(**said), by=by)
    if is_published:
        templates.publish(template, by=by)
    if is_default or courses:
        keys = [course.translation_key for course in courses]
        templates.use(template, is_default=is_default, course_keys=keys, by=by)
    template.refresh_from_db()
    return template
