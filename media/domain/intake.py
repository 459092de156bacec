"""What becomes of a file that arrived: a film, a recording, or a paper."""

from django.utils.translation import gettext as _
from wagtail.documents.models import Document
from wagtail.models import Collection

from lms.domain.errors import RuleBroken
from lms.models import Language, Person
from media.models import Upload, Video

from . import library, papers, uploads


def take(
    upload: Upload,
    *,
    title: str,
    by: Person,
    collection: Collection,
    language: Language | None = None,
    description: str = "",
    only_videos: bool = False,
) -> Video | Document:
    """Look at a complete upload and take it into the library, or among the documents.

    Raises what `uploads.handed_over`, `library.add_video` and `papers.add` raise; with `only_videos` a paper is
    refused as `video.not_a_video`.
    """
    with uploads.handed_over(upload) as path:
        if not papers.is_paper(path):
            return library.add_video(
                title=title,
                source=path,
                source_name=upload.file_name,
                by=by,
                language=language,
                collection=collection,
                description=description,
            )
        if only_videos:
            raise RuleBroken("video.not_a_video", _("Este archivo es un documento. Aquí se elige un video o un audio."))
        return papers.add(title=title, source=path, source_name=upload.file_name, by=by, collection=collection)
