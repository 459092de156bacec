"""Answers that a person marks: what waits, and one after the other."""

from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from courses.domain import marking
from courses.gap_lines import digits
from courses.models.reach import EDIT
from courses.questions import Essay, Files
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

    def __init__(self, *args, body: Essay | Files, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.rubric = body.rubric
        for criterion in body.rubric:
            levels = [(one.key, f"{digits(one.points)} · {one.text}") for one in criterion.levels]
            self.fields[f"level-{criterion.key}"] = forms.ChoiceField(
                label=criterion.text, choices=levels, widget=forms.RadioSelect
            )
        if body.rubric:
            del self.fields["percent"]
        self.order_fields([name for name in self.fields if name != "remark"])

    @property
    def levels(self) -> dict[str, str]:
        """The chosen level of each criterion."""
        return {one.key: self.cleaned_data[f"level-{one.key}"] for one in self.rubric}


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits, the longest waiting first."""
    page = Paginator(marking.to_mark(request.user), PER_PAGE).get_page(request.GET.get("p"))
    return render(request, "wagtailadmin/courses/marking.html", {"page": page} | _frame(_("Por calificar")))


@needs(EDIT)
def mark(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """One answer; then the next."""
    waiting = marking.to_mark(request.user)
    answer = get_object_or_404(waiting, attempt__public_id=public_id, order=number)
    said = answer.version.said
    form = MarkForm(request.POST or None, body=said.body)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            marking.mark(
                answer=answer, by=request.user, levels=form.levels, percent=given.get("percent"), remark=given["remark"]
            )
        except RuleBroken as broken:
            form.add_error("percent" if broken.code == "mark.percent" else None, broken.message)
        else:
            return _next(request)
    context = {"answer": answer, "said": said, "form": form, "waiting": waiting.count()}
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/mark.html", context | _frame(_("Calificar"), said.name), status=status)


def _next(request: HttpRequest) -> HttpResponse:
    following = marking.to_mark(request.user).first()
    if following is None:
        messages.success(request, _("Se guardó. No queda nada por calificar."))
        return redirect("courses_marking:index")
    messages.success(request, _("Se guardó. Esta es la siguiente."))
    return redirect("courses_marking:mark", following.attempt.public_id, following.order)


def _frame(title: str, subtitle: str = "") -> dict:
    return frame(title, subtitle) | {"header_icon": "edit", "breadcrumbs_items": [{"url": "", "label": title}]}
