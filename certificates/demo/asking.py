"""What the demo asks of people: a learning path for three posts, and a course that was assigned."""

from courses.domain import assigning
from courses.domain.audience import Rule
from courses.models import Assignment, CoursePage, LearningPath, PathItem
from lms.models import Department, Person, Post

from .work import finish

SLUG = "servir-en-la-dafim-demo"
POSTS = ("DIRDAFIM", "TES", "RECEP")
REASON = "Datos de demostración: la asignación es ficticia."
DUE_DAYS = 15


def ensure_path(taught: dict[str, CoursePage]) -> LearningPath:
    """The path of those who handle a town hall's money, unless it is there."""
    if found := LearningPath.objects.filter(slug=SLUG).first():
        return found
    path = LearningPath.objects.create(
        slug=SLUG,
        title="Para servir en la DAFIM (demostración)",
        sentence="Lo que conviene saber antes de manejar el dinero de una municipalidad. Ruta ficticia.",
    )
    PathItem.objects.create(path=path, course=taught["FI01"], is_required=True, sort_order=0)
    PathItem.objects.create(path=path, course=taught["FI02"], is_required=True, sort_order=1)
    path.posts.set(Post.objects.filter(code__in=POSTS))
    path.save()
    return path


def ensure_assignment(course: CoursePage, *, by: Person) -> Assignment:
    """A course asked of the cashiers of Quiché, unless it was."""
    if found := Assignment.objects.filter(course_key=course.translation_key, reason=REASON).first():
        return found
    rule = Rule(posts=list(Post.objects.filter(code="RECEP")), departments=list(Department.objects.filter(code="14")))
    made = assigning.assign(course=course, rule=rule, by=by, due_days=DUE_DAYS, reason=REASON)
    finish(assigning.KIND, made.public_id)
    return made
