"""What the demo asks of people: a learning path, what three posts ask to be able to do, a course that was assigned."""

from courses.domain import assigning
from courses.domain.audience import Rule
from courses.models import AskedLevel, Assignment, Competency, CoursePage, LearningPath, PathItem
from lms.models import Department, Person, Post

from .work import finish

SLUG = "servir-en-la-dafim-demo"
POSTS = ("DIRDAFIM", "TES", "RECEP")
REASON = "Datos de demostración: la asignación es ficticia."
DUE_DAYS = 15
# By tool: the competency, what it is, the level that the tool's course proves, and which level each post asks for.
COMPETENCIES = {
    "FI01": (
        "Gestión de ingresos propios (demostración)",
        "Sabe qué cobra la municipalidad y qué deja de cobrar, y propone metas por fuente. Competencia ficticia.",
        2,
        {"DIRDAFIM": 3, "TES": 2},
    ),
    "FI02": (
        "Cobro y registro de usuarios de agua (demostración)",
        "Cobra el servicio de agua y lleva al día el padrón de usuarios. Competencia ficticia.",
        1,
        {"RECEP": 1},
    ),
}


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


def ensure_competencies(taught: dict[str, CoursePage]) -> None:
    """What the courses prove and the posts ask, each unless it is there; plainly derived."""
    for tool, (name, description, level, asked) in COMPETENCIES.items():
        able, is_new = Competency.objects.get_or_create(
            name=name, defaults={"description": description, "is_derived": True}
        )
        if not is_new:
            continue
        for post in Post.objects.filter(code__in=asked):
            AskedLevel.objects.create(competency=able, post=post, level=asked[post.code])
        course = taught[tool]
        course.competency, course.competency_level = able, level
        course.save_revision().publish()


def ensure_assignment(course: CoursePage, *, by: Person) -> Assignment:
    """A course asked of the cashiers of Quiché, unless it was."""
    if found := Assignment.objects.filter(course_key=course.translation_key, reason=REASON).first():
        return found
    rule = Rule(posts=list(Post.objects.filter(code="RECEP")), departments=list(Department.objects.filter(code="14")))
    made = assigning.assign(course=course, rule=rule, by=by, due_days=DUE_DAYS, reason=REASON)
    finish(assigning.KIND, made.public_id)
    return made
