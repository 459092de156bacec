"""A QR code as a picture for a screen."""

import io

import segno


def render_svg(content: str) -> bytes:
    """The code as SVG, dark on white, with its quiet zone."""
    out = io.BytesIO()
    segno.make_qr(content, error="m").save(out, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue()
