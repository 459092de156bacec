"""What learners ask under lessons, in the back-office: the list, and answering, refusing, taking back."""

from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from courses.domain import talk as talks
from courses.models import LessonQuestion
from courses.models.reach import EDIT
from courses.models.talk import LONGEST_ANSWER, LONGEST_REASON
from courses.views.bank import frame
from lms.domain.errors import RuleBroken
from lms.permissions import needs

PER_PAGE = 50
State = LessonQuestion.State


class AnswerForm(forms.Form):
    """The answer, which is published with the question."""

    prefix = "respuesta"
    text = forms.CharField(
        label=gettext_lazy("Respuesta"),
        max_length=2 * LONGEST_ANSWER,
        help_text=gettext_lazy("Se publica junto con la pregunta, para quienes llevan el curso."),
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": LONGEST_ANSWER}),
    )


class ReasonForm(forms.Form):
    """Why a question is not published."""

    prefix = "motivo"
    text = forms.CharField(
        label=gettext_lazy("Motivo"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Lo lee quien preguntó."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What was asked in one's courses: what waits, the longest waiting first, or another state."""
    state = request.GET.get("estado", "")
    state = state if state in State.values else State.WAITING
    query = request.GET.get("q", "")[:200]
    order = ("asked_at", "pk") if state == State.WAITING else ("-answered_at", "-pk")
    found = talks.answerable(request.user).filter(state=state).search_words(query).order_by(*order)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    context = {"page": page, "states": State.choices, "state": state, "query": query}
    return render(request, "wagtailadmin/courses/talk.html", context | _frame(_("Preguntas de las lecciones")))


@needs(EDIT)
def question(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One question: answer it, or refuse it; take it back once it is published."""
    asked = get_object_or_404(talks.answerable(request.user), public_id=public_id)
    does = request.POST.get("does", "")
    verbs = {"publish": talks.publish, "refuse": talks.refuse, "take_back": talks.take_back}
    answering = AnswerForm(request.POST if does == "publish" else None, initial={"text": asked.answer})
    refusing = ReasonForm(request.POST if does in {"refuse", "take_back"} else None)
    form = answering if does == "publish" else refusing
    if request.method == "POST" and does in verbs and form.is_valid():
        said = {"answer" if does == "publish" else "reason": form.cleaned_data["text"]}
        try:
            verbs[does](question=asked, by=request.user, **said)
        except RuleBroken as broken:
            form.add_error(None if broken.code in {"talk.answered", "talk.not_published"} else "text", broken.message)
        else:
            messages.success(request, _("Se guardó."))
            return redirect("courses_talk:index")
    context = {"asked": asked, "answering": answering, "refusing": refusing}
    context |= _frame(_("Pregunta"), asked.lesson_title)
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/talk_question.html", context, status=status)


def _frame(title: str, subtitle: str = "") -> dict:
    return frame(title, subtitle) | {"header_icon": "comment", "breadcrumbs_items": [{"url": "", "label": title}]}
