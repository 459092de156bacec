"""Where videos stand: in which lessons of which courses, published or in a draft."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from wagtail.models import Page, ReferenceIndex, Revision
from wagtail.permissions import policy_registry

from lms.models import Person
from media.models import Video

# How the content of a revision, JSON within JSON, names the video of a block.
NAMED = re.compile(r'"video\\*": ?(\d+)')


@dataclass(frozen=True)
class Place:
    """A lesson with a video in it; `page_pk` is None where this person may not edit the lesson."""

    title: str
    course: str
    page_pk: int | None
    is_draft: bool


def _published(videos: Iterable[int] | None = None) -> dict[int, set[int]]:
    """The pages by video, as the index of references tells: one query."""
    found = ReferenceIndex.objects.filter(
        to_content_type=ContentType.objects.get_for_model(Video),
        base_content_type=ContentType.objects.get_for_model(Page),
    )
    if videos is not None:
        found = found.filter(to_object_id__in=[str(pk) for pk in videos])
    pages = defaultdict(set)
    for video, page in found.values_list("to_object_id", "object_id"):
        pages[int(video)].add(int(page))
    return pages


def _in_drafts() -> dict[int, set[int]]:
    """The pages by video, as unpublished changes name them: one query, however many videos there are."""
    drafts = Page.objects.filter(has_unpublished_changes=True, latest_revision__isnull=False)
    latest = Revision.objects.filter(pk__in=drafts.values("latest_revision"))
    pages = defaultdict(set)
    for page, content in latest.values_list("object_id", "content"):
        for words in (content or {}).values():
            if isinstance(words, str):
                for video in NAMED.findall(words):
                    pages[int(video)].add(int(page))
    return pages


def used() -> set[int]:
    """The keys of all videos that stand somewhere, on whatever it is."""
    video = ContentType.objects.get_for_model(Video)
    named = ReferenceIndex.objects.filter(to_content_type=video).values_list("to_object_id", flat=True).distinct()
    return {int(pk) for pk in named} | set(_in_drafts())


def of(videos: Iterable[Video], person: Person) -> dict[int, list[Place]]:
    """The places of each video, by its key; as many queries for a hundred as for one."""
    keys = [video.pk for video in videos]
    published, drafts = _published(keys), _in_drafts()
    wanted = {key: (published.get(key, set()), drafts.get(key, set())) for key in keys}
    every = {page for both in wanted.values() for some in both for page in some}
    pages = {page.pk: page for page in Page.objects.filter(pk__in=every)} if every else {}
    courses = _parents(pages.values())
    editable = _editable(person, every)
    found: dict[int, list[Place]] = {}
    for key, (shown, drafted) in wanted.items():
        standing = [pages[pk] for pk in shown | drafted if pk in pages]
        found[key] = sorted(
            (_place(page, courses, editable, is_draft=page.pk not in shown or not page.live) for page in standing),
            key=lambda place: (place.course, place.title),
        )
    return found


def _place(page: Page, courses: dict[str, Page], editable: set[int], *, is_draft: bool) -> Place:
    course = courses.get(page.path[: -Page.steplen])
    may_edit = page.pk in editable
    if is_draft and not may_edit:
        return Place(_("Borrador de otra persona"), "", None, is_draft)
    return Place(page.title, course.title if course else "", page.pk if may_edit else None, is_draft)


def _parents(pages: Iterable[Page]) -> dict[str, Page]:
    paths = {page.path[: -Page.steplen] for page in pages}
    return {page.path: page for page in Page.objects.filter(path__in=paths)} if paths else {}


def _editable(person: Person, pages: Iterable[int]) -> set[int]:
    if not pages:
        return set()
    mine: QuerySet[Page] = policy_registry.get_by_type(Page).explorable_instances(person)
    return set(mine.filter(pk__in=pages).values_list("pk", flat=True))


def courses_by_video() -> dict[int, dict[int, str]]:
    """For every video the pages above its lessons, by key and name."""
    by_video = _published()
    for video, pages in _in_drafts().items():
        by_video[video] |= pages
    every = {page for pages in by_video.values() for page in pages}
    lessons = {page.pk: page for page in Page.objects.filter(pk__in=every)}
    above = _parents(lessons.values())
    found: dict[int, dict[int, str]] = {}
    for video, pages in by_video.items():
        parents = [above.get(lessons[pk].path[: -Page.steplen]) for pk in pages if pk in lessons]
        found[video] = {parent.pk: parent.title for parent in parents if parent}
    return found
