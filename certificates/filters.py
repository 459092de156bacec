"""Filters of the list of certificates, for the page, the exports and the back-office alike."""

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from certificates.domain import competency_gaps, gaps
from certificates.models import Certificate
from courses.models import Competency, CoursePage
from lms.filters import ChosenFilterSet
from lms.forms.days import DayFilter
from lms.models import Appointment, Department, Municipality, Post

STATES = [
    ("vigente", _("Vigentes")),
    ("vencido", _("Vencidos")),
    ("suspendido", _("Suspendidos")),
    ("sin-efecto", _("Revocados o sustituidos")),
]
STATE_OF = {
    "vigente": [Certificate.State.ISSUED],
    "vencido": [Certificate.State.EXPIRED],
    "suspendido": [Certificate.State.SUSPENDED],
    "sin-efecto": [Certificate.State.REVOKED, Certificate.State.SUPERSEDED],
}


def _day(label: str, lookup: str) -> filters.DateFilter:
    return DayFilter(
        field_name="completed_on", lookup_expr=lookup, label=label, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )


class TrackingFilter(ChosenFilterSet):
    """Certificates by place, post, course, day of completion, state and name."""

    q = filters.CharFilter(
        label=_("Nombre"), method="by_name", widget=forms.TextInput({"type": "search", "maxlength": 80})
    )
    department = filters.ModelChoiceFilter(
        label=_("Departamento"),
        field_name="municipality__department",
        to_field_name="code",
        queryset=Department.objects.none(),
        empty_label=_("Todos"),
    )
    municipality = filters.ModelChoiceFilter(
        label=_("Municipio"), to_field_name="code", queryset=Municipality.objects.none(), empty_label=_("Todos")
    )
    post = filters.ModelChoiceFilter(
        label=_("Puesto"), to_field_name="code", queryset=Post.objects.all(), empty_label=_("Todos")
    )
    course = filters.ChoiceFilter(label=_("Curso"), field_name="course_key", empty_label=_("Todos"))
    first = _day(_("Completado desde"), "gte")
    last = _day(_("Completado hasta"), "lte")
    state = filters.ChoiceFilter(label=_("Estado"), choices=STATES, method="by_state", empty_label=_("Todos"))

    class Meta:
        model = Certificate
        fields: list[str] = []

    def __init__(self, data, *, queryset: QuerySet[Certificate], municipalities: QuerySet[Municipality]) -> None:
        self.reach = municipalities
        within = municipalities.filter(department__code=data.get("department") or "-")
        if data.get("department") and within.exists():
            self.reach = within
            if not self.reach.filter(code=data.get("municipality") or "-").exists():
                data = data.copy()  # another department was chosen: its municipalities are others
                data.pop("municipality", None)
        super().__init__(data, queryset=queryset)
        fields = self.form.fields
        fields["department"].queryset = Department.objects.filter(municipalities__in=municipalities).distinct()
        fields["municipality"].queryset = self.reach.select_related("department")
        certified = CoursePage.objects.filter(translation_key__in=queryset.order_by().values("course_key"))
        fields["course"].choices = [
            (str(key), title) for key, title in certified.values_list("translation_key", "title")
        ]

    def by_name(self, certificates: QuerySet[Certificate], name: str, value: str) -> QuerySet[Certificate]:
        """Every word, whatever its accents and apostrophes."""
        return certificates.search_words(value)

    def by_state(self, certificates: QuerySet[Certificate], name: str, value: str) -> QuerySet[Certificate]:
        """In force, or out of force for one reason or another."""
        return certificates.filter(state__in=STATE_OF[value])


class StaffForm(forms.Form):
    """What is asked of a list of staff. What cannot be understood is left out, never an error."""

    states: dict[str, str] = {}

    q = forms.CharField(label=_("Nombre"), required=False, widget=forms.TextInput({"type": "search", "maxlength": 80}))
    post = forms.ModelChoiceField(
        label=_("Puesto"), queryset=Post.objects.none(), to_field_name="code", required=False, empty_label=_("Todos")
    )

    def __init__(self, data, *, municipality: Municipality) -> None:
        super().__init__(data, label_suffix="")
        self.held = Appointment.objects.lasting().filter(municipality=municipality)
        self.fields["post"].queryset = Post.objects.filter(pk__in=self.held.values("post"))
        self.offer()
        self.is_valid()

    def offer(self) -> None:
        """What else there is to choose from."""

    def chosen(self) -> list[tuple[str, str, str]]:
        """(parameter, its label, the chosen value in words) for every filter in force."""
        return [
            (name, str(self.fields[name].label), str(self.states.get(value, value) if name == "state" else value))
            for name, value in self.given().items()
            if value
        ]

    def given(self) -> dict:
        """What was understood."""
        return self.cleaned_data if self.is_bound else {}


class GapsForm(StaffForm):
    """Of who lacks which course."""

    states = dict(gaps.State.choices)

    course = forms.ModelChoiceField(
        label=_("Curso"),
        queryset=CoursePage.objects.none(),
        to_field_name="translation_key",
        required=False,
        empty_label=_("Todos"),
    )
    state = forms.ChoiceField(label=_("Estado"), choices=[("", _("Todos")), *gaps.State.choices], required=False)

    def offer(self) -> None:
        """The courses that are meant for the posts of this town hall."""
        meant = CoursePage.objects.live().public().filter(network=None, posts__in=self.held.values("post"))
        self.fields["course"].queryset = CoursePage.objects.filter(pk__in=meant.order_by().values("pk"))

    def wanted(self) -> gaps.Wanted:
        """What is asked for."""
        given = self.given()
        return gaps.Wanted(given.get("q", ""), given.get("post"), given.get("course"), given.get("state", ""))


class CompetencyGapsForm(StaffForm):
    """Of who is able to do what their post asks for."""

    states = dict(competency_gaps.State.choices)

    competency = forms.ModelChoiceField(
        label=_("Competencia"),
        queryset=Competency.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=_("Todas"),
    )
    state = forms.ChoiceField(
        label=_("Estado"), choices=[("", _("Todos")), *competency_gaps.State.choices], required=False
    )

    def offer(self) -> None:
        """What the posts of this town hall ask for."""
        asked = Competency.objects.filter(asked__post__in=self.held.values("post"))
        self.fields["competency"].queryset = Competency.objects.filter(pk__in=asked.order_by().values("pk"))

    def wanted(self) -> competency_gaps.Wanted:
        """What is asked for."""
        given = self.given()
        chosen = given.get("competency")
        return competency_gaps.Wanted(given.get("q", ""), given.get("post"), chosen, given.get("state", ""))
