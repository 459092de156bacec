"""The questions and answers of a course, for those in it: reading, searching, asking."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from courses.domain import talk as talks
from courses.models import Enrolment
from courses.models.talk import LONGEST_QUESTION
from lms.domain.errors import RuleBroken
from lms.forms import RuleForm
from lms.views import limits
from lms.views.signing import TOO_MANY

PER_PAGE = 20
FIELDS = {"talk.no_lesson": "lesson", "talk.empty": "text", "talk.too_long": "text"}


class AskForm(RuleForm):
    """A lesson and a question about it."""

    lesson = forms.ChoiceField(label=gettext_lazy("Lección"))
    # Line ends count as two signs on their way here; the rule counts them as one.
    text = forms.CharField(
        label=gettext_lazy("Su pregunta"),
        max_length=2 * LONGEST_QUESTION,
        help_text=gettext_lazy("La lee quien imparte el curso. Si la publica, la leen sus compañeros con su nombre."),
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST_QUESTION}),
    )

    def __init__(self, *args, enrolment: Enrolment, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        lessons = [(str(one.translation_key), one.title) for one in talks.lessons_of(enrolment)]
        self.fields["lesson"].choices = lessons  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What was asked and answered in one's course, and one's own that wait; a POST asks."""
    mine = Enrolment.objects.active().for_person(request.user).select_related("course", "person")
    enrolment = get_object_or_404(mine, public_id=public_id)
    asking = request.POST if request.method == "POST" else None
    form = AskForm(asking, enrolment=enrolment, initial={"lesson": request.GET.get("leccion", "")})
    status = 200
    if asking is not None:
        status = _ask(request, enrolment, form)
        if not form.errors:
            messages.success(request, _("Su pregunta fue enviada. Aquí verá la respuesta."))
            return redirect("courses:talk", enrolment.public_id)
    query = request.GET.get("q", "")[:200]
    found = talks.of_course(enrolment).search_words(query)
    context = {
        "enrolment": enrolment,
        "form": form,
        "query": query,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "own": talks.own_unpublished(enrolment)[:PER_PAGE],
    }
    return render(request, "courses/talk.html", context, status=status)


def _ask(request: HttpRequest, enrolment: Enrolment, form: AskForm) -> int:
    """Ask what the form says; the status of the answer where something is wrong, which the form then says."""
    if not form.is_valid():
        return 422
    if not limits.ASKED_BY_PERSON.take(str(enrolment.person.public_id)):
        form.add_error(None, _("Hizo muchas preguntas seguidas. Espere una hora y pruebe de nuevo."))
        return TOO_MANY
    given = form.cleaned_data
    try:
        talks.ask(enrolment=enrolment, lesson_key=UUID(given["lesson"]), text=given["text"])
    except RuleBroken as broken:
        form.add_error(FIELDS.get(broken.code), forms.ValidationError(broken.message, broken.code))
    return 422
