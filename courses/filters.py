"""Filters of catalogue, toolbox and networks. What cannot be understood is left out, never an error."""

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.domain import path_gaps
from courses.models import CoursePage, Family, LearningPath, ToolPage
from lms.filters import ChosenFilterSet
from lms.models import Department, Language, Membership, Municipality, Post

DURATIONS = [("corto", _("Menos de 2 horas")), ("medio", _("De 2 a 8 horas")), ("largo", _("Más de 8 horas"))]
CERTIFICATE = [("si", _("Con certificado")), ("no", _("Sin certificado"))]
HOURS = {"corto": Q(hours__lt=2), "medio": Q(hours__gte=2, hours__lte=8), "largo": Q(hours__gt=8)}


class CatalogueFilter(ChosenFilterSet):
    """Courses by words, family, post, language, duration and certificate."""

    q = filters.CharFilter(
        label=_("Buscar"), method="by_words", widget=forms.TextInput(attrs={"type": "search", "maxlength": 80})
    )
    family = filters.ChoiceFilter(label=_("Familia"), choices=Family, empty_label=_("Todas"))
    post = filters.ModelChoiceFilter(
        label=_("Puesto"),
        field_name="posts",
        to_field_name="code",
        queryset=lambda request: Post.objects.filter(courses__live=True).distinct(),
        empty_label=_("Todos"),
    )
    language = filters.ModelChoiceFilter(
        label=_("Idioma"),
        field_name="languages",
        to_field_name="key",
        queryset=lambda request: Language.objects.filter(courses__live=True).distinct(),
        empty_label=_("Todos"),
    )
    duration = filters.ChoiceFilter(
        label=_("Duración"), choices=DURATIONS, method="by_duration", empty_label=_("Cualquiera")
    )
    certificate = filters.ChoiceFilter(
        label=_("Certificado"), choices=CERTIFICATE, method="by_certificate", empty_label=_("Con o sin certificado")
    )

    class Meta:
        model = CoursePage
        fields: list[str] = []

    def by_words(self, courses, name: str, value: str):
        """Every word, whatever its accents and apostrophes."""
        return courses.search_words(value)

    def by_duration(self, courses, name: str, value: str):
        """Under 2 hours, 2 to 8, more."""
        return courses.filter(HOURS[value])

    def by_certificate(self, courses, name: str, value: str):
        """With a certificate or without."""
        without = Q(certificate_kind=CoursePage.CertificateKind.NONE)
        return courses.filter(without if value == "no" else ~without)


class ToolFilter(ChosenFilterSet):
    """Tools by family and post."""

    family = filters.ChoiceFilter(label=_("Familia"), choices=Family, empty_label=_("Todas"))
    post = filters.ModelChoiceFilter(
        label=_("Para quién"),
        field_name="posts",
        to_field_name="code",
        queryset=lambda request: Post.objects.filter(tools__live=True).distinct(),
        empty_label=_("Todas las personas"),
    )

    class Meta:
        model = ToolPage
        fields: list[str] = []


class MemberFilter(ChosenFilterSet):
    """Members of a network by municipality; the course chooses what is shown of them."""

    municipality = filters.ModelChoiceFilter(
        label=_("Municipio"), to_field_name="code", queryset=Municipality.objects.none(), empty_label=_("Todos")
    )
    course = filters.ModelChoiceFilter(
        label=_("Curso"),
        to_field_name="translation_key",
        queryset=CoursePage.objects.none(),
        method="as_they_are",
        empty_label=_("Todos"),
    )

    class Meta:
        model = Membership
        fields: list[str] = []

    def __init__(self, *args, municipalities, courses, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["municipality"].queryset = municipalities
        self.form.fields["course"].queryset = courses

    def as_they_are(self, members, name: str, value: object):
        """All members, whether or not they take the course."""
        return members


class PathGapsForm(forms.Form):
    """What is asked of who lacks what of a path. What cannot be understood is left out, never an error."""

    q = forms.CharField(label=_("Nombre"), required=False, widget=forms.TextInput({"type": "search", "maxlength": 80}))
    path = forms.ModelChoiceField(
        label=_("Ruta"),
        queryset=LearningPath.objects.published(),
        to_field_name="slug",
        required=False,
        empty_label=_("Todas"),
    )
    state = forms.ChoiceField(
        label=_("De esa ruta"),
        choices=[
            ("", _("Todas las personas")),
            (path_gaps.LACKING, _("Les falta algo")),
            (path_gaps.COMPLETE, _("La completaron")),
        ],
        required=False,
    )
    post = forms.ModelChoiceField(
        label=_("Puesto"), queryset=Post.objects.none(), to_field_name="code", required=False, empty_label=_("Todos")
    )
    department = forms.ModelChoiceField(
        label=_("Departamento"),
        queryset=Department.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_("Todos"),
    )
    municipality = forms.ModelChoiceField(
        label=_("Municipio"),
        queryset=Municipality.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_("Todos"),
    )

    def __init__(self, data, *, municipalities) -> None:
        super().__init__(data, label_suffix="")
        self.fields["post"].queryset = Post.objects.filter(paths__is_published=True).distinct()
        self.fields["department"].queryset = Department.objects.filter(municipalities__in=municipalities).distinct()
        self.fields["municipality"].queryset = municipalities.select_related("department")
        self.is_valid()

    def wanted(self) -> path_gaps.Wanted:
        """What is asked for."""
        given = {name: value for name, value in self._given().items() if value}
        words = given.pop("q", "")
        return path_gaps.Wanted(words=words, **given)

    def chosen(self) -> list[tuple[str, str, str]]:
        """(parameter, its label, the chosen value in words) for every filter in force."""
        states = dict(self.fields["state"].choices)
        return [
            (name, str(self.fields[name].label), str(states.get(value, value) if name == "state" else value))
            for name, value in self._given().items()
            if value
        ]

    def _given(self) -> dict:
        return self.cleaned_data if self.is_bound else {}
