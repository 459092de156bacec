"""Choosing a question of the bank for a quiz, and the door to what waits for a mark."""

from collections.abc import Callable

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet

from courses.domain import marking, review, talk
from courses.models import BankQuestion, Topic
from courses.models.reach import EDIT, REVIEW, bank_for, topics_for
from lms import permissions
from lms.models import Person
from lms.viewsets.base import Guarded

FILTERS = {"data-chooser-modal-search-filter": True}


class QuestionSearchForm(BaseFilterForm):
    """Words, a topic, a kind."""

    q = forms.CharField(label=_("Buscar"), required=False, widget=forms.TextInput({"placeholder": _("Buscar")}))
    topic = forms.ModelChoiceField(
        label=_("Tema"),
        queryset=Topic.objects.none(),
        required=False,
        empty_label=_("Todos"),
        widget=forms.Select(FILTERS),
    )
    kind = forms.ChoiceField(
        label=_("Clase"),
        required=False,
        choices=[("", _("Todas")), *BankQuestion.Kind.choices],
        widget=forms.Select(FILTERS),
    )

    def __init__(self, *args, topics, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset = topics  # type: ignore[attr-defined]

    def filter(self, objects):
        """All that is asked for at once."""
        given = self.cleaned_data
        self.search_query = given["q"]
        self.is_searching = any(given.values())
        if given["topic"]:
            objects = objects.filter(topic=given["topic"])
        if given["kind"]:
            objects = objects.filter(kind=given["kind"])
        return objects.search_words(given["q"])


def placeable(person: Person) -> QuerySet[BankQuestion]:
    """The questions that somebody may ask in a quiz of theirs."""
    return bank_for(person, BankQuestion.objects.in_use(), to_edit=False)


class _Offered:
    """Those within reach and in use."""

    filter_form_class = QuestionSearchForm

    def get_filter_form(self):
        """With the topics from which one may take."""
        topics = topics_for(self.request.user, Topic.objects.all(), to_edit=False)  # type: ignore[attr-defined]
        return QuestionSearchForm(self.request.GET, topics=topics)  # type: ignore[attr-defined]

    def get_object_list(self):
        """By name."""
        return placeable(self.request.user).select_related("topic__parent")  # type: ignore[attr-defined]

    @property
    def columns(self) -> list[Column]:
        """Enough to tell two questions apart."""
        return [
            *super().columns,  # type: ignore[misc]
            Column("kind", label=_("Clase"), accessor=lambda question: question.get_kind_display()),
            Column("topic", label=_("Tema"), accessor=lambda question: question.topic or ""),
        ]


class QuestionChooseView(_Offered, chooser.ChooseView):
    """The dialogue."""


class QuestionChooseResultsView(_Offered, chooser.ChooseResultsView):
    """Its list."""


class QuestionChosenView(chooser.ChosenView):
    """The one that was chosen."""

    def get_object(self, pk):
        """Another's that is not shared does not exist."""
        return placeable(self.request.user).get(pk=pk)


class QuestionChosenMultipleView(chooser.ChosenMultipleView):
    """Several at once."""

    def get_objects(self, pks):
        """Those of them that one may place."""
        return placeable(self.request.user).filter(pk__in=pks)


class QuestionChooserViewSet(Guarded, ChooserViewSet):
    """Choosing a question for a quiz."""

    action = EDIT
    model = "courses.BankQuestion"
    icon = "help"
    choose_one_text = _("Elegir una pregunta")
    choose_another_text = _("Elegir otra pregunta")
    edit_item_text = _("Cambiar esta pregunta")
    choose_view_class = QuestionChooseView
    choose_results_view_class = QuestionChooseResultsView
    chosen_view_class = QuestionChosenView
    chosen_multiple_view_class = QuestionChosenMultipleView


question_chooser_viewset = QuestionChooserViewSet("bank_question_chooser")


class CountingMenuItem(MenuItem):
    """A door for those who write courses, with how much waits behind it, as `waiting` counts it for a person."""

    def __init__(self, *args, waiting: Callable[[Person], int], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.waiting = waiting

    def is_shown(self, request) -> bool:
        """Trainers and administrators."""
        return permissions.allows(request.user, EDIT)

    def render_component(self, request):
        """The number beside the name."""
        shown = super().render_component(request)
        if count := self.waiting(request.user):
            shown.label = f"{shown.label} ({count})"
        return shown


def answers_to_mark(person: Person) -> int:
    """How many answers wait for somebody to mark them."""
    return marking.to_mark(person).count()


def questions_to_answer(person: Person) -> int:
    """How many questions under lessons wait for somebody to answer them."""
    return talk.answerable(person).waiting().count()


def pages_to_review(person: Person) -> int:
    """How many pages wait for somebody's look."""
    return review.waiting_count(person)


class ReviewMenuItem(CountingMenuItem):
    """Pages that wait for a look, and how many."""

    def is_shown(self, request) -> bool:
        """Those who review."""
        return permissions.allows(request.user, REVIEW)
