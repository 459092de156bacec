"""What lists of courses show beside the page's own words, read in a constant number of queries."""

from collections.abc import Set
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, IntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from courses.models import Activity, Completion, CoursePage, Enrolment
from lms.domain import kept
from lms.models import Membership

SMALL_RUNG = "240p"


def listed(courses, *, person):
    """`courses` with `video_bytes` (all videos at 240p), `is_enrolled`, `is_completed`, posts and languages."""
    videos = Activity.objects.current().filter(
        course_key=OuterRef("translation_key"),
        video__renditions__rung=SMALL_RUNG,
        video__renditions__cut=F("video__cut"),
        video__renditions__track=None,
    )
    total = videos.order_by().values("course_key").annotate(total=Sum("video__renditions__bytes")).values("total")
    return courses.annotate(
        video_bytes=Coalesce(Subquery(total, output_field=IntegerField()), Value(0)),
        **_marks(person),
    ).prefetch_related("posts", "languages")


def own_networks_first(courses, *, person):
    """`courses` in the order of the catalogue, those of the person's networks before all others."""
    if not person.is_authenticated:
        return courses.order_by("path")
    mine = Membership.objects.current().filter(person=person, network=OuterRef("network"))
    return courses.annotate(is_of_own_network=Exists(mine)).order_by("-is_of_own_network", "path")


def _marks(person) -> dict[str, object]:
    if not person.is_authenticated:
        return {"is_enrolled": Value(False), "is_completed": Value(False)}
    enrolments = Enrolment.objects.active().for_person(person).filter(course_key=OuterRef("translation_key"))
    completions = Completion.objects.filter(
        person=person, course_key=OuterRef("translation_key"), edition=OuterRef("edition")
    )
    return {"is_enrolled": Exists(enrolments), "is_completed": Exists(completions)}


@dataclass(frozen=True)
class Shelved:
    """A course that people may enter by themselves, and the posts that it is for."""

    course: CoursePage
    posts: frozenset[int]


def shelf() -> list[Shelved]:
    """All of them, also those of networks, in the order of the catalogue; the same for everybody, and so kept."""
    return kept.get("shelf", _shelf)


def _shelf() -> list[Shelved]:
    courses = CoursePage.objects.live().public().sources().filter(entry=CoursePage.Entry.OPEN).order_by("path")
    found = listed(courses, person=AnonymousUser())
    return [Shelved(one, frozenset(post.pk for post in one.posts.all())) for one in found]


def suggested(
    *, posts: Set[int], networks: Set[int], taken: Set[UUID], made: Set[tuple[UUID, int]], limit: int = 3
) -> list[CoursePage]:
    """Courses for somebody's posts or networks that they have neither taken up nor completed (`made`, by edition).

    Those of their networks come before all others.
    """
    fresh = [
        one
        for one in shelf()
        if one.course.translation_key not in taken and (one.course.translation_key, one.course.edition) not in made
    ]
    own = [one.course for one in fresh if one.course.network_id in networks]
    others = [one.course for one in fresh if one.course.network_id is None and one.posts & posts]
    return (own + others)[:limit]
