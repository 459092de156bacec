"""The bank in the back-office: its list, writing a question, its versions, and how a learner sees it."""

from types import SimpleNamespace
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from courses.domain import bank, bank_files
from courses.models import BankQuestion, QuestionVersion, Quiz, Topic
from courses.models.reach import EDIT, bank_for, quizzes_for, topics_for
from courses.question_forms import KINDS
from courses.question_writing import Editor
from courses.questions import Kind, answers, grading, showing
from lms.permissions import needs

PER_PAGE = 50
UNFIT = {
    "answer.one_choice_only": gettext_lazy("Elija solo una."),
    "answer.too_long": gettext_lazy("La respuesta es demasiado larga."),
}
ARCHIVED = [("", gettext_lazy("En uso")), ("si", gettext_lazy("Archivadas")), ("todas", gettext_lazy("Todas"))]


def frame(title: str, subtitle: str = "") -> dict:
    """Where a page of the bank stands."""
    crumbs = [{"url": reverse("courses_bank:index"), "label": _("Preguntas")}] if title != _("Preguntas") else []
    return {
        "page_title": title,
        "header_title": title,
        "page_subtitle": subtitle,
        "header_icon": "help",
        "breadcrumbs_items": [*crumbs, {"url": "", "label": title}],
    }


class FilterForm(forms.Form):
    """What the list shows."""

    q = forms.CharField(label=gettext_lazy("Buscar"), required=False, max_length=200)
    tema = forms.ModelChoiceField(
        label=gettext_lazy("Tema"), queryset=Topic.objects.none(), required=False, empty_label=gettext_lazy("Todos")
    )
    clase = forms.ChoiceField(
        label=gettext_lazy("Clase"),
        required=False,
        choices=[("", gettext_lazy("Todas")), *BankQuestion.Kind.choices],
    )
    archivo = forms.ChoiceField(label=gettext_lazy("Estado"), required=False, choices=ARCHIVED)
    mias = forms.BooleanField(label=gettext_lazy("Solo las mías"), required=False)

    def __init__(self, *args, person, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.person = person
        self.fields["tema"].queryset = topics_for(person, Topic.objects.all(), to_edit=False)  # type: ignore[attr-defined]

    def of(self, questions: QuerySet[BankQuestion]) -> QuerySet[BankQuestion]:
        """Those of them that are asked for; a filter that makes no sense filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        if given.get("q"):
            questions = questions.search_words(given["q"])  # type: ignore[attr-defined]
        if given.get("tema"):
            questions = questions.filter(topic=given["tema"])
        if given.get("clase"):
            questions = questions.filter(kind=given["clase"])
        if given.get("mias"):
            questions = questions.filter(made_by=self.person)
        if given.get("archivo") != "todas":
            questions = questions.filter(archived_at__isnull=given.get("archivo") != "si")
        return questions


def question_or_404(request: HttpRequest, public_id: UUID, *, to_edit: bool = True) -> BankQuestion:
    """A question within reach; any other does not exist."""
    found = bank_for(request.user, BankQuestion.objects.select_related("latest", "topic"), to_edit=to_edit)
    return get_object_or_404(found, public_id=public_id)


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What one may place, and which of it one may change."""
    form = FilterForm(request.GET, person=request.user)
    placing = bank_for(request.user, BankQuestion.objects.all(), to_edit=False)
    found = form.of(placing).select_related("topic__parent", "latest", "made_by").prefetch_related("items__quiz")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    keys = [question.pk for question in page]
    mine = bank_for(request.user, BankQuestion.objects.filter(pk__in=keys), to_edit=True)
    quizzes = Quiz.objects.filter(items__question__in=keys)
    query = request.GET.copy()
    query.pop("p", None)
    context = {
        "filter_form": form,
        "page": page,
        "editable": set(mine.values_list("pk", flat=True)),
        "quizzes": set(quizzes_for(request.user, quizzes).values_list("pk", flat=True)),
        "query": query.urlencode(),
        "formats": [(key, told[0]) for key, told in bank_files.FORMATS.items()],
    }
    return render(request, "wagtailadmin/courses/bank.html", context | frame(_("Preguntas")))


@needs(EDIT)
@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    """Which kind of question it is to be."""
    offered = [(kind.value, BankQuestion.Kind(kind.value).label) for kind in KINDS]
    return render(request, "wagtailadmin/courses/bank_kinds.html", {"kinds": offered} | frame(_("Agregar pregunta")))


@needs(EDIT)
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """A new question of a kind."""
    if kind not in KINDS:
        raise Http404
    editor = _editor(request, Kind(kind))
    if request.method == "POST" and "more" not in request.POST and editor.is_valid():
        topic = editor.form.cleaned_data["topic"]
        made = bank.add(editor.said, topic=topic, by=request.user, pictures=editor.pictures)
        messages.success(request, _("La pregunta se guardó en el banco."))
        return redirect("courses_bank:preview", made.public_id)
    return _written(request, editor, _("Agregar pregunta"))


@needs(EDIT)
def edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change what it says: a new version. Somebody else's change in between is not overwritten."""
    question = question_or_404(request, public_id)
    editor = _editor(request, Kind(question.kind), question)
    if request.method == "POST" and "more" not in request.POST and editor.is_valid() and _save(request, editor):
        messages.success(request, _("Se guardó. Los intentos nuevos ven esta versión; los anteriores, la suya."))
        return redirect("courses_bank:preview", question.public_id)
    return _written(request, editor, _("Cambiar pregunta"))


def _editor(request: HttpRequest, kind: Kind, question: BankQuestion | None = None) -> Editor:
    data = request.POST if request.method == "POST" else None
    return Editor(kind, request.user, question=question, data=data, more=request.POST.get("more", ""))


@transaction.atomic
def _save(request: HttpRequest, editor: Editor) -> bool:
    question = BankQuestion.objects.select_for_update(of=("self",)).select_related("latest").get(pk=editor.question.pk)
    if question.latest.number != editor.form.cleaned_data["version"]:
        words = _(
            "Otra persona cambió esta pregunta mientras usted escribía. Ábrala de nuevo en otra pestaña y compare."
        )
        editor.form.add_error(None, words)
        return False
    topic = editor.form.cleaned_data["topic"]
    if question.topic != topic:
        question.topic = topic
        question.save(update_fields=["topic"])
    bank.change(question, editor.said, by=request.user, pictures=editor.pictures)
    return True


def _written(request: HttpRequest, editor: Editor, title: str) -> HttpResponse:
    is_wrong = request.method == "POST" and "more" not in request.POST
    context = {"editor": editor, "form": editor.form, "places": _places(request, editor.question)} | frame(
        title, str(BankQuestion.Kind(editor.kind.value).label)
    )
    context["media"] = sum((rows.media for _name, rows in editor.groups), editor.form.media)
    return render(request, "wagtailadmin/courses/bank_edit.html", context, status=422 if is_wrong else 200)


def _places(request: HttpRequest, question: BankQuestion | None) -> list[dict]:
    """The quizzes that ask it: a change reaches all of them, also those that one may not write."""
    if question is None or not question.pk:
        return []
    asking = Quiz.objects.filter(items__question=question).distinct().select_related("made_by")
    mine = set(quizzes_for(request.user, asking).values_list("pk", flat=True))
    return [{"quiz": quiz, "is_mine": quiz.pk in mine} for quiz in asking]


@needs(EDIT)
@require_POST
def archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """No new attempt asks it."""
    question = question_or_404(request, public_id)
    bank.archive(question, by=request.user)
    messages.success(request, _("La pregunta está en el archivo. Los intentos que ya la tienen la conservan."))
    return redirect("courses_bank:preview", question.public_id)


@needs(EDIT)
@require_POST
def restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask it again."""
    question = question_or_404(request, public_id)
    bank.restore(question, by=request.user)
    messages.success(request, _("La pregunta está en uso otra vez."))
    return redirect("courses_bank:preview", question.public_id)


@needs(EDIT)
@require_safe
def history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Its versions, the newest first."""
    question = question_or_404(request, public_id)
    versions = question.versions.select_related("made_by").order_by("-number")
    context = {"question": question, "versions": versions} | frame(_("Versiones"), question.name)
    return render(request, "wagtailadmin/courses/bank_history.html", context)


@needs(EDIT)
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """As a learner sees it. Only those who may change it learn what an answer is worth; nothing is written down."""
    question = question_or_404(request, public_id, to_edit=False)
    is_mine = bank_for(request.user, BankQuestion.objects.filter(pk=question.pk), to_edit=True).exists()
    version = _version(request, question, is_mine)
    said, mark, error, given = version.said, None, "", {}
    if request.method == "POST":
        if not is_mine:
            raise Http404
        try:
            given = answers.read(said.body, request.POST)
            mark = grading.grade(said, given)
        except answers.UnfitAnswer as unfit:
            error = str(UNFIT.get(unfit.code, _("Esa respuesta no es de esta pregunta.")))
    context = {
        "question": question,
        "version": version,
        "said": said,
        "answer": SimpleNamespace(version=version),
        "field": showing.show(said, given, seed=str(question.public_id)),
        "mark": mark,
        "error": error,
        "is_mine": is_mine,
        "kind": BankQuestion.Kind(said.kind.value).label,
    }
    return render(request, "wagtailadmin/courses/bank_preview.html", context | frame(_("Vista previa"), question.name))


def _version(request: HttpRequest, question: BankQuestion, is_mine: bool) -> QuestionVersion:
    """The one asked for, of those who may see them all; else the latest."""
    asked = request.GET.get("version", "")
    if asked.isdecimal() and is_mine and len(asked) < 9:
        return get_object_or_404(question.versions, number=int(asked))
    if question.latest is None:
        raise Http404
    return question.latest


# Topics -------------------------------------------------------------------------------------------------------------


class TopicForm(forms.ModelForm):
    """What a topic is called, within which of one's own, and whether others may draw from it."""

    class Meta:
        model = Topic
        fields = ["name", "parent", "is_shared"]

    def __init__(self, *args, person, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.person = person
        offered = topics_for(person, Topic.objects.exclude(pk__in=_below(self.instance)), to_edit=True)
        self.fields["parent"].queryset = offered  # type: ignore[attr-defined]

    def clean(self) -> dict:
        """A name once in each place."""
        given = super().clean()
        maker = self.instance.made_by_id if self.instance.pk else self.person.pk
        same = Topic.objects.filter(name=given.get("name"), parent=given.get("parent"), made_by=maker)
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("name", _("Ya tiene un tema con ese nombre en ese lugar."))
        return given


def _below(topic: Topic) -> set[int]:
    """A topic and all within it."""
    found, new = set(), {topic.pk} - {None}
    while new:
        found |= new
        new = set(Topic.objects.filter(parent__in=new).values_list("pk", flat=True)) - found
    return found


@needs(EDIT)
@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """One's own and the shared ones."""
    found = topics_for(request.user, Topic.objects.all(), to_edit=False).select_related("parent", "made_by")
    mine = set(topics_for(request.user, Topic.objects.all(), to_edit=True).values_list("pk", flat=True))
    context = {"topics": sorted(found, key=str), "editable": mine} | frame(_("Temas"))
    return render(request, "wagtailadmin/courses/topics.html", context)


@needs(EDIT)
def topic_add(request: HttpRequest) -> HttpResponse:
    """A new topic of one's own."""
    form = TopicForm(request.POST or None, person=request.user)
    form.instance.made_by = request.user
    return _topic_written(request, form, _("Agregar tema"))


@needs(EDIT)
def topic_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one's own topic."""
    topic = get_object_or_404(topics_for(request.user, Topic.objects.all(), to_edit=True), pk=pk)
    return _topic_written(
        request, TopicForm(request.POST or None, person=request.user, instance=topic), _("Cambiar tema")
    )


def _topic_written(request: HttpRequest, form: TopicForm, title: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Se guardó el tema."))
        return redirect("courses_bank:topics")
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/topic_edit.html", {"form": form} | frame(title), status=status)
