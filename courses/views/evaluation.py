"""Saying what one thinks of a course; and, for who teaches it, what all say."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import evaluation as evaluations
from courses.domain import gain, marking, statements
from courses.models import Enrolment, Evaluation
from courses.models.evaluation import LONGEST_SENTENCE, SCORES
from courses.models.reach import EDIT
from courses.views.bank import frame
from lms.domain.errors import RuleBroken
from lms.forms import RuleForm
from lms.permissions import needs

PER_PAGE = 50
ASKED = {
    "useful": gettext_lazy("¿Le sirve para su trabajo?"),
    "clear": gettext_lazy("¿Se entiende?"),
    "length": gettext_lazy("¿Dura lo que debe durar?"),
    "trainer": gettext_lazy("¿Quien lo imparte lo hizo bien?"),
    "recommend": gettext_lazy("¿Lo recomendaría?"),
}
LEVELS = [
    (1, gettext_lazy("1 · No")),
    (2, gettext_lazy("2 · Poco")),
    (3, gettext_lazy("3 · Más o menos")),
    (4, gettext_lazy("4 · Bastante")),
    (5, gettext_lazy("5 · Sí, mucho")),
]


class EvaluationForm(RuleForm):
    """Five answers and a sentence."""

    def __init__(self, *args, given: Evaluation | None, **kwargs) -> None:
        initial = {name: getattr(given, name) for name in (*SCORES, "sentence")} if given else {}
        super().__init__(*args, initial=initial, **kwargs)
        for name in SCORES:
            self.fields[name] = forms.TypedChoiceField(
                label=ASKED[name], choices=LEVELS, coerce=int, widget=forms.RadioSelect
            )
        self.fields["sentence"] = forms.CharField(
            label=gettext_lazy("Una frase, si quiere: qué sirvió, qué cambiaría"),
            required=False,
            max_length=LONGEST_SENTENCE,
            help_text=gettext_lazy("No escriba su nombre. Se muestra sin nombres ni fechas, mezclada con las demás."),
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def evaluate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What one thinks of a course that one completed, or left."""
    mine = Enrolment.objects.for_person(request.user).select_related("course", "person")
    enrolment = get_object_or_404(mine, public_id=public_id)
    given = evaluations.find(enrolment)
    form = EvaluationForm(request.POST if request.method == "POST" else None, given=given)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            evaluations.give(
                enrolment=enrolment, scores={name: said[name] for name in SCORES}, sentence=said["sentence"]
            )
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("Gracias. Puede cambiarla durante 14 días."))
            return redirect(enrolment.course.url or "courses:learning")
    context = {
        "enrolment": enrolment,
        "form": form,
        "may": evaluations.edition_of(enrolment) is not None,
        "is_open": evaluations.is_open(given),
    }
    return render(request, "courses/evaluate.html", context, status=422 if form.is_bound else 200)


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """One's courses, each with the door to what is said of it."""
    page = Paginator(marking.courses_of(request.user).order_by("title"), PER_PAGE).get_page(request.GET.get("p"))
    return render(request, "wagtailadmin/courses/evaluations.html", {"page": page} | _frame(_("Evaluaciones")))


@needs(EDIT)
@require_safe
def results(request: HttpRequest, pk: int) -> HttpResponse:
    """What is said of a course, and what its quizzes say was gained."""
    course = get_object_or_404(marking.courses_of(request.user), pk=pk)
    marked = gain.of_course(course)
    context = {
        "course": course,
        "opinions": evaluations.opinions(course.translation_key),
        "marked": marked,
        "bands": _bands(marked.gain) if marked.gain else [],
        "gains": [] if marked.is_whole else evaluations.gains(course),
        "fewest": evaluations.FEWEST,
        "versions": list(statements.VERSIONS),
    }
    return render(
        request, "wagtailadmin/courses/evaluation.html", context | _frame(_("Evaluación del curso"), course.title)
    )


def _bands(told: gain.Gain) -> list[dict]:
    """Each band with its two bars in a picture of 640 × 260: what SVG needs, as text."""
    most = max(*told.before.counts, *told.after.counts)
    rows = []
    for place, (first, after) in enumerate(gain.BANDS):
        left = 40 + place * 120
        row = {"words": f"{first}–{min(after, 100) if after > 100 else after - 1}", "x": str(left + 50)}
        for name, count, x in (
            ("before", told.before.counts[place], left),
            ("after", told.after.counts[place], left + 52),
        ):
            height = 170 * count // most
            row[name] = {"count": count, "x": str(x), "y": str(210 - height), "height": str(height)}
            row[name] |= {"middle": str(x + 24), "above": str(202 - height)}
        rows.append(row)
    return rows


def _frame(title: str, subtitle: str = "") -> dict:
    return frame(title, subtitle) | {
        "header_icon": "clipboard-list",
        "breadcrumbs_items": [{"url": "", "label": title}],
    }
