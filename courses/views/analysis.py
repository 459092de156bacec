"""How the questions of a quiz do, in the back-office: a table, and a drawing of the same for those who see it."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.domain import item_analysis
from courses.domain.item_analysis import Option, Row
from courses.domain.item_statistics import LEAST, Figures
from courses.models import BankQuestion, QuestionVersion, Quiz
from courses.models.reach import EDIT, quizzes_for
from courses.views.bank import frame, question_or_404
from lms.permissions import needs

WIDTH, HEIGHT, EDGE = 640, 360, 40
EASY, HARD, WEAK = 95, 20, 0.15


@dataclass(frozen=True)
class Point:
    """A question in the drawing, by its number: the harder the farther left, the better it tells the higher."""

    number: int
    x: str
    y: str
    label_y: str


def _place(share: float, low: float, high: float) -> str:
    """Where 0 to 1 stands between two edges, as SVG writes numbers."""
    return f"{low + share * (high - low):.1f}"


def _points(rows: list[Row]) -> list[Point]:
    told = [row for row in rows if row.figures.facility is not None and row.figures.rest is not None]
    return [
        Point(
            row.number,
            _place(row.figures.facility / 100, EDGE, WIDTH - EDGE),
            _place((1 - row.figures.rest) / 2, EDGE, HEIGHT - EDGE),
            f"{float(_place((1 - row.figures.rest) / 2, EDGE, HEIGHT - EDGE)) - 8:.1f}",
        )
        for row in told
    ]


def said_of(figures: Figures) -> list[str]:
    """What the numbers mean, in words."""
    if figures.facility is None:
        return [_("Muy pocas respuestas para decir algo: hacen falta al menos %(n)d.") % {"n": LEAST}]
    words = []
    if figures.facility > EASY:
        words.append(_("Casi todas las personas aciertan: quizá no mide nada."))
    if figures.facility < HARD:
        words.append(_("Casi nadie acierta: revise la clave y cómo está escrita."))
    if figures.rest is not None and figures.rest < 0:
        words.append(_("Quienes mejor salen en lo demás fallan más en esta: revise la clave."))
    elif figures.rest is not None and figures.rest < WEAK:
        words.append(_("Apenas distingue a quienes saben de quienes no."))
    return words


def _is_first(request: HttpRequest) -> bool:
    return request.GET.get("intentos") != "todos"


@needs(EDIT)
@require_safe
def of_quiz(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """All questions of a quiz, each version by itself."""
    quiz = get_object_or_404(quizzes_for(request.user, Quiz.objects.all()), public_id=public_id)
    is_first = _is_first(request)
    rows = item_analysis.of_quiz(quiz, by=request.user, is_first=is_first)
    latest = dict(BankQuestion.objects.filter(versions__in=[row.version for row in rows]).values_list("pk", "latest"))
    context = {
        "quiz": quiz,
        "is_first": is_first,
        "rows": [
            {"row": row, "words": said_of(row.figures), "is_old": latest[row.question.pk] != row.version.pk}
            for row in rows
        ],
        "points": _points(rows),
        "minutes": item_analysis.minutes_of(item_analysis.attempts_of(request.user, quiz=quiz, is_first=is_first)),
    }
    shown = context | frame(_("Análisis de las preguntas"), quiz.title)
    return render(request, "wagtailadmin/courses/analysis_quiz.html", shown)


@needs(EDIT)
@require_safe
def of_question(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One question in one version, with what was chosen."""
    question = question_or_404(request, public_id)
    versions = list(question.versions.order_by("-number"))
    version = _version(versions, request.GET.get("version", ""))
    is_first = _is_first(request)
    figures, options = item_analysis.of_question(version, by=request.user, is_first=is_first)
    context = {
        "question": question,
        "versions": versions,
        "version": version,
        "is_first": is_first,
        "figures": figures,
        "words": said_of(figures),
        "options": options,
        "bars": _bars(options),
        "height": 20 + 44 * len(options),
        "least": LEAST,
    }
    shown = context | frame(_("Análisis de la pregunta"), question.name)
    return render(request, "wagtailadmin/courses/analysis_question.html", shown)


def _version(versions: list[QuestionVersion], asked: str) -> QuestionVersion:
    found = [one for one in versions if not asked or str(one.number) == asked]
    if not found:
        raise Http404
    return found[0]


def _bars(options: list[Option]) -> list[dict[str, str]]:
    """Two bars for each option, the strong group's above the weak group's."""
    return [
        {
            "number": str(number),
            "strong_y": str(10 + 44 * (number - 1)),
            "weak_y": str(28 + 44 * (number - 1)),
            "label_y": str(30 + 44 * (number - 1)),
            "strong": f"{5.4 * one.strong:.1f}",
            "weak": f"{5.4 * one.weak:.1f}",
        }
        for number, one in enumerate(options, start=1)
    ]
