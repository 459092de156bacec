"""Uploads, videos with their cuts and tracks, renditions and captions.

What a trainer sends is an `Upload`; once inspected it becomes the source of a `Video`, of a new `Cut` of one, or of a
`Track` beside its picture; the worker makes `Rendition`s. Nothing that was uploaded is ever served.
"""

from .captions import Caption, TranscriptLine
from .delivered import Delivered, DeliveryLog
from .renditions import Rendition
from .tracks import Track
from .uploads import Upload, UploadAllowance
from .videos import Cut, Video

__all__ = [
    "Caption",
    "Cut",
    "Delivered",
    "DeliveryLog",
    "Rendition",
    "Track",
    "TranscriptLine",
    "Upload",
    "UploadAllowance",
    "Video",
]
