"""Typing what a question or a quiz says in another language, beside what it says in its own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from courses.domain import tongues
from courses.models import Quiz, QuizTranslation
from courses.models.reach import EDIT, quizzes_for
from courses.questions import Cloze, comparing, prose, translating, typed
from courses.questions.translating import Part, Role, Shape
from courses.views.bank import frame, question_or_404
from lms.domain.errors import RuleBroken
from lms.permissions import needs

LABELS = {
    Role.TEXT: gettext_lazy("Pregunta"),
    Role.OPTION: gettext_lazy("Opción %(n)s"),
    Role.OPTION_SAID: gettext_lazy("Opción %(n)s: comentario"),
    Role.IF_TRUE: gettext_lazy("A quien responde «verdadero»"),
    Role.IF_FALSE: gettext_lazy("A quien responde «falso»"),
    Role.ACCEPTED: gettext_lazy("Respuesta aceptada %(n)s"),
    Role.ANSWER_SAID: gettext_lazy("Respuesta aceptada %(n)s: comentario"),
    Role.OTHERWISE: gettext_lazy("A quien escribe otra cosa"),
    Role.UNIT: gettext_lazy("Unidad %(n)s"),
    Role.PROMPT: gettext_lazy("Lo que se relaciona, %(n)s"),
    Role.MATCH: gettext_lazy("Respuesta para elegir, %(n)s"),
    Role.ITEM: gettext_lazy("Elemento %(n)s"),
    Role.PICTURE: gettext_lazy("Imagen %(n)s: qué se ve"),
    Role.ALWAYS: gettext_lazy("Comentario para todos"),
    Role.RIGHT: gettext_lazy("Si acierta"),
    Role.PARTLY: gettext_lazy("Si acierta en parte"),
    Role.WRONG: gettext_lazy("Si no acierta"),
}
HELP = {
    Role.ACCEPTED: gettext_lazy(
        "Una por línea. Valen lo mismo que la del original, que también se acepta; un * vale por cualquier texto."
    ),
    Role.UNIT: gettext_lazy("Solo si se llama distinto."),
}
UNFIT = {
    "text.unknown": gettext_lazy("La pregunta cambió mientras usted escribía. Ábrala de nuevo."),
    "text.gaps": gettext_lazy("Cada espacio del original debe estar una vez: [[1]], [[2]]…"),
    "text.twice": gettext_lazy("Se lee igual que otra. Escriba algo distinto."),
    "text.long": gettext_lazy("Este texto es demasiado largo."),
    "text.accepts_all": gettext_lazy("Un * solo aceptaría cualquier respuesta. Escriba también letras."),
}


def label_of(part: Part) -> str:
    """What a text is for, in words."""
    what = LABELS[part.role] % {"n": part.number} if part.number else str(LABELS[part.role])
    return _("Espacio %(n)s: %(what)s") % {"n": part.gap, "what": what} if part.gap else what


@dataclass(frozen=True)
class Line:
    """A text of the source with the field beside it; `before` and `after` are what changed since it was translated."""

    part: Part
    label: str
    source: str
    field: forms.BoundField
    same: forms.BoundField | None
    before: list[comparing.Piece]
    after: list[comparing.Piece]
    is_missing: bool


class TextsForm(forms.Form):
    """A field for each text of a version. A revised one that was left as it was has to be confirmed."""

    mark = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, state: tongues.Standing, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", use_required_attribute=False, **kwargs)
        self.state, self.source = state, state.version.said
        body, was = self.source.body, state.newest
        self.gaps = [gap.key for gap in body.gaps] if isinstance(body, Cloze) else []
        self.known, self.outdated = (was.texts, was.outdated) if was else ({}, {})
        self.parts = translating.parts(self.source)
        self.initial["mark"] = state.mark
        for part in self.parts:
            self._add(part)

    def _add(self, part: Part) -> None:
        said = self.known.get(part.path) or self.outdated.get(part.path, {}).get("text", "")
        self.initial[part.path] = self._typed(part, said)
        rows = min(12, max(2, len(part.source) // 60))
        attrs = {"lang": self.state.code, "rows": 3 if part.shape == Shape.LINES else rows}
        is_line = part.shape == Shape.PLAIN
        self.fields[part.path] = forms.CharField(
            label=label_of(part),
            required=False,
            max_length=None if part.shape == Shape.PROSE else 50_000,
            help_text=HELP.get(part.role, ""),
            widget=forms.TextInput({"lang": self.state.code}) if is_line else forms.Textarea(attrs),
        )
        if part.path in self.outdated:
            self.fields[f"same-{part.path}"] = forms.BooleanField(
                label=_("La traducción sigue siendo correcta"), required=False
            )

    def _typed(self, part: Part, text: str) -> str:
        if part.shape != Shape.PROSE:
            return text
        return typed.to_typed(text, gaps=self._gaps_in(part), pictures=self.source.pictures)

    def _gaps_in(self, part: Part) -> list[str]:
        return self.gaps if part.role == Role.TEXT else []

    def texts(self) -> dict[str, str]:
        """What was typed, as it is kept."""
        given = self.cleaned_data
        alts = {f"picture.{one.key}": one for one in self.source.pictures}
        pictures = [one.model_copy(update={"alt": given.get(path) or one.alt}) for path, one in alts.items()]
        return {
            part.path: typed.to_prose(text, gaps=self._gaps_in(part), pictures=pictures)
            if part.shape == Shape.PROSE
            else text
            for part in self.parts
            if (text := given[part.path])
        }

    def revised(self) -> dict[str, str]:
        """The same, less what has to be revised and was left as it was without saying that it is right."""
        given = self.cleaned_data

        def is_left(path: str) -> bool:
            return path in self.outdated and given[path] == self.initial[path] and not given[f"same-{path}"]

        return {path: text for path, text in self.texts().items() if not is_left(path)}

    def lines(self) -> list[Line]:
        """The texts with their fields, as the page shows them."""
        return [self._line(part) for part in self.parts]

    def _line(self, part: Part) -> Line:
        old = self.outdated.get(part.path)
        before, after = comparing.pieces(*map(prose.to_plain, (old["source"], part.source))) if old else ([], [])
        is_missing = part.is_needed and not old and part.path not in self.known
        same = self[f"same-{part.path}"] if old else None
        source = self._typed(part, part.source)
        return Line(part, label_of(part), source, self[part.path], same, before, after, is_missing)


def _name_of(code: str) -> str:
    try:
        return tongues.languages()[code]
    except KeyError:
        raise Http404 from None


@needs(EDIT)
@require_safe
def index(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far a question is in each language."""
    question = question_or_404(request, public_id)
    if question.latest is None:
        raise Http404
    every = [(_name_of(one.code), one) for one in tongues.by_language(question.latest)]
    begun = sorted(every, key=lambda one: (one[1].newest is None, one[0]))
    context = {"question": question, "languages": begun} | frame(_("Idiomas"), question.name)
    return render(request, "wagtailadmin/courses/tongues.html", context)


@needs(EDIT)
def question(request: HttpRequest, public_id: UUID, code: str) -> HttpResponse:
    """A question in one language: what it says in its own, and a field beside each text."""
    asked, name = question_or_404(request, public_id), _name_of(code)
    if asked.latest is None:
        raise Http404
    state = tongues.standings([asked.latest], code)[0]
    form = TextsForm(request.POST if request.method == "POST" else None, state=state)
    if request.method == "POST" and form.is_valid() and _keep(request, form, asked, code):
        return redirect("courses_bank:tongue", asked.public_id, code)
    shown = {"form": form, "lines": form.lines(), "state": state, "question": asked, "name": name, "code": code}
    status = 422 if request.method == "POST" else 200
    return render(
        request, "wagtailadmin/courses/tongue.html", shown | frame(_("Traducir la pregunta"), name), status=status
    )


def _keep(request: HttpRequest, form: TextsForm, asked, code: str) -> bool:
    publishes = "publish" in request.POST
    texts = form.revised() if publishes else form.texts()
    given: dict[str, Any] = {"texts": texts, "mark": form.cleaned_data["mark"], "by": request.user}
    try:
        kept = tongues.keep(asked, code=code, publishes=publishes, **given)
    except translating.Unfit as unfit:
        form.add_error(unfit.path if unfit.path in form.fields else None, str(UNFIT[unfit.code]))
        return False
    except RuleBroken as broken:
        form.add_error(None, broken.message)
        return False
    if not publishes:
        messages.success(request, _("Se guardó el borrador. Todavía no lo lee nadie más."))
    elif kept.outdated:
        messages.warning(request, _("Se publicó, menos lo que falta revisar: eso se lee en el idioma original."))
    else:
        messages.success(request, _("Se publicó. Los intentos nuevos la leen así."))
    return True


class QuizForm(forms.ModelForm):
    """What a quiz says of itself."""

    class Meta:
        model = QuizTranslation
        fields = ["title", "instructions"]
        labels = {"title": gettext_lazy("Título"), "instructions": gettext_lazy("Indicaciones")}


@needs(EDIT)
def quiz(request: HttpRequest, public_id: UUID, code: str) -> HttpResponse:
    """The title and the instructions of a quiz in one language."""
    found = get_object_or_404(quizzes_for(request.user, Quiz.objects.all()), public_id=public_id)
    name = _name_of(code)
    said = QuizTranslation.objects.filter(quiz=found, language=code).first()
    form = QuizForm(request.POST or None, instance=said, label_suffix="")
    if request.method == "POST" and form.is_valid():
        tongues.keep_quiz(found, code=code, by=request.user, **form.cleaned_data)
        messages.success(request, _("Se guardó la traducción."))
        return redirect("courses_bank:quiz_tongue", found.public_id, code)
    kept = QuizTranslation.objects.filter(quiz=found, language=code).first()
    lines = [
        {"field": form[one], "source": getattr(found, one), "is_outdated": bool(kept and kept.is_outdated(one))}
        for one in ("title", "instructions")
        if getattr(found, one)
    ]
    context = {"form": form, "lines": lines, "quiz": found, "name": name} | frame(_("Traducir el cuestionario"), name)
    return render(
        request, "wagtailadmin/courses/tongue_quiz.html", context, status=422 if request.method == "POST" else 200
    )
