"""Answers that a person marks: what waits, and one after the other."""

from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from courses.domain import marking, tongues
from courses.gap_lines import digits
from courses.models import Answer
from courses.models.reach import EDIT
from courses.views.bank import frame
from lms.domain.errors import RuleBroken
from lms.permissions import needs

PER_PAGE = 50


class MarkForm(forms.Form):
    """A level for each criterion of the rubric, or a percent."""

    percent = forms.DecimalField(
        label=gettext_lazy("Nota (0 a 100)"), min_value=0, max_value=100, decimal_places=2, required=False
    )
    remark = forms.CharField(
        label=gettext_lazy("Comentario para la persona"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Por qué corrige la nota"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("La persona lo lee junto a su nota."),
    )

    def __init__(self, *args, answer: Answer, **kwargs) -> None:
        body = answer.version.said.body
        initial = {"percent": digits(answer.percent) if answer.percent is not None else "", "remark": answer.remark}
        initial |= {f"level-{key}": level for key, level in answer.levels.items()}
        super().__init__(*args, label_suffix="", initial=initial, **kwargs)
        if answer.marked_at is None:
            del self.fields["reason"]
        self.rubric = body.rubric
        for criterion in body.rubric:
            levels = [(one.key, f"{digits(one.points)} · {one.text}") for one in criterion.levels]
            self.fields[f"level-{criterion.key}"] = forms.ChoiceField(
                label=criterion.text, choices=levels, widget=forms.RadioSelect
            )
        if body.rubric:
            del self.fields["percent"]
        last = ("remark", "reason")
        self.order_fields([name for name in self.fields if name not in last])

    @property
    def levels(self) -> dict[str, str]:
        """The chosen level of each criterion."""
        return {one.key: self.cleaned_data[f"level-{one.key}"] for one in self.rubric}


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits, the longest waiting first; or what was marked, the newest first."""
    is_marked = "calificadas" in request.GET
    found = marking.marked(request.user) if is_marked else marking.to_mark(request.user)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    title = _("Ya calificadas") if is_marked else _("Por calificar")
    context = {"page": page, "is_marked": is_marked} | _frame(title)
    return render(request, "wagtailadmin/courses/marking.html", context)


@needs(EDIT)
def mark(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """One answer; then the next. One that was marked may be corrected, for a reason."""
    waiting = marking.to_mark(request.user)
    answer = waiting.filter(attempt__public_id=public_id, order=number).first()
    if answer is None:
        answer = get_object_or_404(marking.marked(request.user), attempt__public_id=public_id, order=number)
    said, is_marked = answer.version.said, answer.marked_at is not None
    form = MarkForm(request.POST or None, answer=answer)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            marking.mark(
                answer=answer,
                by=request.user,
                levels=form.levels,
                percent=given.get("percent"),
                remark=given["remark"],
                reason=given.get("reason", ""),
            )
        except RuleBroken as broken:
            form.add_error("percent" if broken.code == "mark.percent" else None, broken.message)
        else:
            return _corrected(request) if is_marked else _next(request)
    context = {
        "answer": answer,
        "said": said,
        "tongue": _tongue_of(answer),
        "form": form,
        "waiting": waiting.count(),
        "changes": answer.changes.select_related("made_by"),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/mark.html", context | _frame(_("Calificar"), said.name), status=status)


def _tongue_of(answer: Answer) -> str:
    """The name of the language in which the question was read, where it was not that of the source."""
    read = answer.translation
    if read is None or "text" not in read.texts:
        return ""
    return tongues.languages().get(read.language, read.language)


def _corrected(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Se corrigió la nota. La anterior y el motivo quedan anotados."))
    return redirect(f"{reverse('courses_marking:index')}?calificadas=1")


def _next(request: HttpRequest) -> HttpResponse:
    following = marking.to_mark(request.user).first()
    if following is None:
        messages.success(request, _("Se guardó. No queda nada por calificar."))
        return redirect("courses_marking:index")
    messages.success(request, _("Se guardó. Esta es la siguiente."))
    return redirect("courses_marking:mark", following.attempt.public_id, following.order)


def _frame(title: str, subtitle: str = "") -> dict:
    return frame(title, subtitle) | {"header_icon": "edit", "breadcrumbs_items": [{"url": "", "label": title}]}
