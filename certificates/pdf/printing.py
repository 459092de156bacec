"""Many certificates in one file for the printer: their pages alone. It is not sealed; each file by itself is."""

from collections.abc import Iterable
from io import BytesIO

import pikepdf


def join(files: Iterable[bytes]) -> bytes:
    """The pages of the files, in their order, without the fields of their seals."""
    with pikepdf.new() as joined:
        for content in files:
            with pikepdf.open(BytesIO(content)) as one:
                for page in one.pages:
                    for name in ("/Annots", "/StructParents", "/Tabs"):
                        if name in page:
                            del page[name]
                    joined.pages.append(page)
        made = BytesIO()
        joined.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return made.getvalue()
