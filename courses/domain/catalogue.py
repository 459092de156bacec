"""What lists of courses show beside the page's own words, read in a constant number of queries."""

from django.db.models import Exists, F, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from courses.models import Activity, Completion, CoursePage, Enrolment
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


def suggested(*, person, posts, limit: int = 3) -> list[CoursePage]:
    """Courses for the person's posts or networks that they have neither taken up nor completed."""
    networks = person.memberships.current().values("network_id")
    for_posts = CoursePage.objects.filter(posts__in=posts).values("pk")
    wanted = (
        CoursePage.objects.visible_to(person)
        .filter(entry=CoursePage.Entry.OPEN)
        .filter(Q(pk__in=for_posts) | Q(network__in=networks))
    )
    fresh = listed(wanted, person=person).filter(is_enrolled=False, is_completed=False)
    return list(own_networks_first(fresh, person=person)[:limit])
