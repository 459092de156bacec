"""Finding videos by words: of the title, the description and the tags, and of what is said in them."""

import re

from django.db.models import Q, QuerySet
from wagtail.search.backends import get_search_backend

from lms.domain.texts import fold
from media.models import Caption, TranscriptLine, Video

MOST_WORDS = 8


def plain(query: str) -> str:
    """The words alone: other signs would be read as commands by the search of SQLite."""
    return " ".join(re.findall(r"\w+", query))


def search(videos: QuerySet[Video], query: str) -> QuerySet[Video]:
    """Those of `videos` that are described with the words of `query`, or in which one line says all of them.

    `videos` may be narrowed and ordered further.
    """
    words = plain(query)
    if not words:
        return videos.none() if query.strip() else videos
    backend, every = get_search_backend(), Video.objects.order_by()
    # Titles and tags by the beginnings of words, descriptions by whole words.
    described = [*backend.autocomplete(words, every, order_by_relevance=False)]
    described += backend.search(words, every, order_by_relevance=False)
    said = Caption.objects.filter(lines__in=lines_saying(query)).values("video")
    return videos.filter(Q(pk__in=[video.pk for video in described]) | Q(pk__in=said))


def lines_saying(query: str) -> QuerySet[TranscriptLine]:
    """Lines of captions with every word of `query`, whatever its accents."""
    found = TranscriptLine.objects.order_by()
    for word in fold(query).split()[:MOST_WORDS]:
        found = found.filter(folded__contains=word)
    return found
