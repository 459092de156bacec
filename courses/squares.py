"""Square codes for cameras, as SVG in an address of their own: a page shows them without another request."""

import segno


def drawn(content: str) -> str:
    """The square that says `content`, as a `data:` address for an `img`."""
    return segno.make_qr(content, error="m").svg_data_uri(scale=4, border=4, dark="#1c2033", light="#fff")
