"""What a file of ours holds for machines."""

import io

import pikepdf


def attached(content: bytes) -> bytes:
    """The credential inside a certificate's PDF. Raises `ValueError` where there is none, or no PDF."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            return pdf.Root.AF[0].EF.F.read_bytes()
    except (pikepdf.PdfError, AttributeError, IndexError, KeyError, TypeError) as problem:
        raise ValueError("it holds no credential") from problem
