"""Forms of quizzes, invitations and assignments."""

import re
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from wagtail.admin.forms import WagtailAdminModelForm

from courses.domain import assigning, audience, invitations
from courses.models import BankQuestion, CoursePage, Topic
from courses.models.competencies import LEVELS
from courses.models.reach import bank_for, topics_for
from lms.forms import RuleForm
from lms.forms.days import DayField
from lms.models import Appointment, Department, Membership, Municipality, Network, Post

ITEM = re.compile(r"items-\d+-(question|topic)")


class QuizForm(WagtailAdminModelForm):
    """A quiz that asks something, nothing twice, and newly only what its writer may place; what it has may stay."""

    def __init__(self, data: Any = None, *args, instance=None, for_user=None, **kwargs) -> None:
        self.offered = _offered(for_user, instance)
        self.refused: set[str] = set()
        super().__init__(self._known(data), *args, instance=instance, for_user=for_user, **kwargs)
        self._narrow(self.formsets["items"])

    def _narrow(self, rows: Any) -> None:
        """Its rows, the empty one for more among them, offer what is within reach."""
        add_fields = rows.add_fields

        def narrowed(form: Any, index: int | None) -> None:
            add_fields(form, index)
            for name, offered in self.offered.items():
                form.fields[name].queryset = offered

        rows.add_fields = narrowed

    def _known(self, data: Any) -> Any:
        """What was sent, without what is out of reach: its name would be drawn beside the error."""
        if data is None:
            return None
        data = data.copy()
        for key in [key for key in data if ITEM.fullmatch(key)]:
            value, offered = data[key], self.offered[key.rpartition("-")[2]]
            if value and not (str(value).isdecimal() and len(str(value)) < 19 and offered.filter(pk=value).exists()):
                data[key] = ""
                self.refused.add(key)
        return data

    def clean(self) -> dict:
        """Says of what is asked twice, or is not one's own, where it stands."""
        data = super().clean()
        seen: set[tuple[str, int]] = set()
        for form in self.formsets["items"].forms:
            for name in self.offered:
                if form.add_prefix(name) in self.refused:
                    form.add_error(name, _("Esto no lo puede usar usted en un cuestionario. Elija otra cosa."))
            if not form.is_valid() or form.cleaned_data.get("DELETE"):
                continue
            for name in self.offered:
                chosen = form.cleaned_data.get(name)
                if chosen and (name, chosen.pk) in seen:
                    form.add_error(name, _("Ya está en este cuestionario."))
                elif chosen:
                    seen.add((name, chosen.pk))
        return data


def _offered(person, quiz) -> dict[str, Any]:
    kept = quiz.items.all() if quiz is not None and quiz.pk else []
    questions = [item.question_id for item in kept if item.question_id]
    topics = [item.topic_id for item in kept if item.topic_id]
    placing = bank_for(person, BankQuestion.objects.in_use(), to_edit=False)
    drawing = topics_for(person, Topic.objects.all(), to_edit=False)
    return {
        "question": BankQuestion.objects.filter(Q(pk__in=placing.values("pk")) | Q(pk__in=questions)),
        "topic": Topic.objects.filter(Q(pk__in=drawing.values("pk")) | Q(pk__in=topics)),
    }


class CompetencyForm(WagtailAdminModelForm):
    """A competency whose levels are there for all who name one: the posts in it, and the courses that prove it."""

    def clean(self) -> dict:
        """Says of a level without a name where it is asked for."""
        data = super().clean()
        known = {number for number, _label in LEVELS if data.get(f"level_{number}")}
        for form in self.formsets["asked"].forms:
            form.full_clean()
            given = getattr(form, "cleaned_data", {})
            if given.get("post") and not given.get("DELETE") and given.get("level") not in known:
                form.add_error("level", _("Esta competencia no tiene ese nivel: póngale nombre arriba, o elija otro."))
        proven = self.instance.courses.filter(competency_level=4).first() if self.instance.pk else None
        if proven and 4 not in known:
            message = _("El curso «%(title)s» demuestra este nivel: cámbielo primero en el curso.")
            self.add_error("level_4", message % {"title": proven.title})
        return data


class InvitationForm(RuleForm):
    """A new invitation; the town hall's names the course."""

    course = forms.ModelChoiceField(
        label=_lazy("Curso"), queryset=CoursePage.objects.none(), to_field_name="translation_key"
    )
    max_uses = forms.IntegerField(
        label=_lazy("Para cuántas personas"), min_value=1, max_value=invitations.MOST_USES, initial=1
    )
    days = forms.IntegerField(
        label=_lazy("Cuántos días sirve"), min_value=1, max_value=invitations.LONGEST_DAYS, initial=30
    )
    note = forms.CharField(
        label=_lazy("Para quién es"),
        required=False,
        max_length=120,
        help_text=_lazy("Una nota para usted. La persona invitada no la ve."),
    )

    def __init__(self, *args: Any, course: CoursePage | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if course:
            del self.fields["course"]
        else:
            offered = CoursePage.objects.live().public().filter(network=None).exclude(entry=CoursePage.Entry.ASSIGNED)
            self.fields["course"].queryset = offered.order_by("title")


class AssignmentForm(RuleForm):
    """Which course, to whom, until when. What it offers depends on who asks: a town hall, a network, or ANAM."""

    course = forms.ModelChoiceField(
        label=_lazy("Curso"), queryset=CoursePage.objects.none(), to_field_name="translation_key"
    )
    posts = forms.ModelMultipleChoiceField(
        label=_lazy("Puestos"),
        queryset=Post.objects.none(),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_lazy("Ninguno: todos."),
    )
    renglones = forms.MultipleChoiceField(
        label=_lazy("Renglones"),
        choices=[one for one in Appointment.Renglon.choices if one[0]],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_lazy("Ninguno: todos."),
    )
    departments = forms.ModelMultipleChoiceField(
        label=_lazy("Departamentos"), queryset=Department.objects.all(), to_field_name="code", required=False
    )
    municipalities = forms.ModelMultipleChoiceField(
        label=_lazy("Municipios"),
        queryset=Municipality.objects.select_related("department"),
        to_field_name="code",
        required=False,
    )
    networks = forms.ModelMultipleChoiceField(
        label=_lazy("Redes"), queryset=Network.objects.all(), to_field_name="public_id", required=False
    )
    due_on = DayField(
        label=_lazy("Hasta el día"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    due_days = forms.IntegerField(
        label=_lazy("O en cuántos días"),
        required=False,
        min_value=1,
        max_value=assigning.LONGEST_DAYS,
        help_text=_lazy("Desde el día en que a cada persona le toca."),
    )
    reason = forms.CharField(
        label=_lazy("Por qué"),
        required=False,
        max_length=200,
        help_text=_lazy("Una frase que la persona lee junto al curso."),
    )

    def __init__(self, *args: Any, issuer: audience.Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issuer = issuer
        offered = CoursePage.objects.live().public()
        own = Q(network=issuer.network) if issuer.network else Q(pk__in=[])
        self.fields["course"].queryset = offered.filter(Q(network=None) | own).order_by("title")
        if issuer.municipality:
            held = Appointment.objects.current().confirmed().filter(municipality=issuer.municipality)
            self.fields["posts"].queryset = Post.objects.filter(pk__in=held.values("post"))
            self._leave_out("departments", "municipalities", "networks")
        elif issuer.network:
            members = Membership.objects.current().filter(network=issuer.network)
            places = self.fields["municipalities"].queryset
            self.fields["municipalities"].queryset = places.filter(pk__in=members.values("municipality"))
            self._leave_out("posts", "renglones", "departments", "networks")
        else:
            self.fields["posts"].queryset = Post.objects.filter(is_open=True)

    def _leave_out(self, *names: str) -> None:
        for name in names:
            del self.fields[name]

    def rule(self) -> audience.Rule:
        """Who asks, and of whom."""
        given = self.cleaned_data
        names = ("posts", "departments", "municipalities", "networks", "renglones")
        return replace(self.issuer, **{name: list(given.get(name) or []) for name in names})

    def due(self) -> dict[str, Any]:
        """Until when and why, as `assigning.assign` takes it."""
        return {name: self.cleaned_data[name] for name in ("due_on", "due_days", "reason")}
