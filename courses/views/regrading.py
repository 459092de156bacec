"""Grading attempts again in the back-office: what it would do to whom, doing it, how far that is; and what changed."""

from collections.abc import Iterator
from uuid import UUID

from django import forms
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from courses.domain import regrading
from courses.models import Attempt, BankQuestion, MarkChange, QuestionVersion, Quiz, Regrading
from courses.models.reach import EDIT
from courses.questions import comparing
from courses.views.bank import frame, question_or_404
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.domain.sheets import Cell
from lms.forms import RuleForm
from lms.models import Job
from lms.permissions import needs
from lms.views.sheets import send

PER_PAGE = 50
MOST_ORDERS = 20
KINDS = {
    regrading.GAINS: gettext_lazy("Gana"),
    regrading.LOSES: gettext_lazy("Pierde"),
    regrading.CANNOT: gettext_lazy("No se puede recalificar"),
}


class RegradeForm(RuleForm):
    """Whose marks change, and why."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    takes = forms.ChoiceField(
        label=gettext_lazy("A quiénes se les cambia la nota"),
        choices=Regrading.Takes.choices,
        initial=Regrading.Takes.GAINS,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Motivo"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Las personas lo leen junto a su nota."),
    )


def _quiz(request: HttpRequest, question: BankQuestion) -> Quiz | None:
    """The quiz to which the address limits it, if it asks the question at all."""
    key = request.GET.get("cuestionario", "")
    if not key:
        return None
    try:
        asking = Quiz.objects.filter(attempts__answers__version__question=question).distinct()
        return get_object_or_404(asking, public_id=UUID(key))
    except ValueError:
        raise Http404 from None


@needs(EDIT)
def regrade(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Who would gain and who would lose; with a POST it is done, by a job."""
    question = question_or_404(request, public_id, to_edit=False)
    if question.latest is None:
        raise Http404
    quiz = _quiz(request, question)
    initial = {"number": question.latest.number, "takes": Regrading.Takes.GAINS}
    form = RegradeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            regrading.ask(question=question, by=request.user, quiz=quiz, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_error("reason" if broken.code == "regrade.no_reason" else None, broken.message)
        else:
            messages.success(request, _("Se está recalificando. Puede cerrar esta página: el trabajo sigue solo."))
            return redirect(request.get_full_path())
    found = regrading.look(question, by=request.user, quiz=quiz)
    page = Paginator(found.outcomes, PER_PAGE).get_page(request.GET.get("p"))
    query = request.GET.copy()
    query.pop("p", None)
    context = {
        "question": question,
        "quiz": quiz,
        "form": form,
        "found": found,
        "gains": found.counts[regrading.GAINS],
        "loses": found.counts[regrading.LOSES],
        "cannot": found.counts[regrading.CANNOT],
        "page": page,
        "rows": _rows(page),
        "query": query.urlencode(),
        "orders": _orders(question),
    }
    status = 422 if request.method == "POST" else 200
    shown = context | frame(_("Recalificar"), question.name)
    return render(request, "wagtailadmin/courses/regrade.html", shown, status=status)


def _rows(outcomes: Page | list[regrading.Outcome]) -> list[dict]:
    """Outcomes with their attempts, people and words."""
    keys = [one.attempt_id for one in outcomes]
    attempts = Attempt.objects.select_related("enrolment__person", "enrolment__course", "quiz").in_bulk(keys)
    return [
        {"outcome": one, "attempt": attempts[one.attempt_id], "words": KINDS[one.kind]}
        for one in outcomes
        if one.attempt_id in attempts
    ]


def _orders(question: BankQuestion) -> list[dict]:
    """What was ordered before, the newest first, with how far it is and how many marks it changed."""
    orders = list(question.regradings.select_related("asked_by", "version", "quiz")[:MOST_ORDERS])
    keys = [str(one.public_id) for one in orders]
    found = {one.subject: one for one in Job.objects.filter(kind=regrading.KIND, subject__in=keys)}
    counts: dict[int, int] = {}
    for key in MarkChange.objects.filter(regrading__in=orders).values_list("regrading", flat=True):
        counts[key] = counts.get(key, 0) + 1
    return [{"order": one, "job": found.get(str(one.public_id)), "changed": counts.get(one.pk, 0)} for one in orders]


@needs(EDIT)
@require_safe
def progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far the orders are, for a script that asks again."""
    question = question_or_404(request, public_id, to_edit=False)
    return render(request, "wagtailadmin/courses/regrade_orders.html", {"orders": _orders(question)})


@needs(EDIT)
@require_safe
def sheet(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Who would gain and lose, as a file; the trail knows who took it."""
    question = question_or_404(request, public_id, to_edit=False)
    found = regrading.look(question, by=request.user, quiz=_quiz(request, question))
    with transaction.atomic():
        subject = f"courses.bankquestion:{question.public_id}"
        audit.record("question.regrade_exported", by=request.user, subject=subject, facts=dict(found.counts))
    headings = [
        *(_("Persona"), _("Curso"), _("Cuestionario"), _("Intento"), _("Qué pasa")),
        *(_("La pregunta vale ahora (%)"), _("La pregunta valdría (%)"), _("Nota ahora"), _("Nota que tendría")),
        *(_("Aprobado ahora"), _("Quedaría aprobado"), _("Por qué no")),
    ]
    return send("csv", "recalificar", _("Recalificar"), headings, _cells(found))


def _cells(found: regrading.Look) -> Iterator[list[Cell]]:
    yes, no = _("sí"), _("no")
    for start in range(0, len(found.outcomes), 500):
        for row in _rows(found.outcomes[start : start + 500]):
            one, attempt = row["outcome"], row["attempt"]
            yield [
                str(attempt.enrolment.person),
                attempt.enrolment.course.title,
                attempt.quiz.title,
                attempt.number,
                str(row["words"]),
                *(_rounded(one.percent_before), _rounded(one.percent_after), one.score_before, one.score_after),
                *(yes if one.was_passed else no, yes if one.is_passed else no, one.why_in_words),
            ]


def _rounded(percent) -> Cell:
    return None if percent is None else round(percent, 2)


# What changed ------------------------------------------------------------------------------------------------------


@needs(EDIT)
@require_safe
def compare(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Two versions side by side; without a choice, the latest and the one before."""
    question = question_or_404(request, public_id)
    versions = list(question.versions.order_by("-number"))
    after = _chosen(versions, request.GET.get("despues", ""), 0)
    before = _chosen(versions, request.GET.get("antes", ""), versions.index(after) + 1)
    found = comparing.compare(before.said, after.said)
    keys = sum(1 for one in found if one.is_key)
    said = ngettext("%(n)s de ellos decide qué es correcto.", "%(n)s de ellos deciden qué es correcto.", keys) % {
        "n": keys
    }
    context = {
        "question": question,
        "versions": versions,
        "before": before,
        "after": after,
        "differences": found,
        "keys_in_words": said if keys else "",
        "back": reverse("courses_bank:history", args=[question.public_id]),
    }
    return render(request, "wagtailadmin/courses/bank_compare.html", context | frame(_("Comparar"), question.name))


def _chosen(versions: list[QuestionVersion], asked: str, otherwise: int) -> QuestionVersion:
    """The version of a number; one that there is not does not exist."""
    if not versions:
        raise Http404
    if not asked:
        return versions[min(otherwise, len(versions) - 1)]
    found = [one for one in versions if str(one.number) == asked]
    if not found:
        raise Http404
    return found[0]
