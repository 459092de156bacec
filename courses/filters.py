"""Filters of catalogue, toolbox and networks. What cannot be understood is left out, never an error."""

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import CoursePage, Family, ToolPage
from lms.models import Language, Membership, Municipality, Post

DURATIONS = [("corto", _("Menos de 2 horas")), ("medio", _("De 2 a 8 horas")), ("largo", _("Más de 8 horas"))]
CERTIFICATE = [("si", _("Con certificado")), ("no", _("Sin certificado"))]
HOURS = {"corto": Q(hours__lt=2), "medio": Q(hours__gte=2, hours__lte=8), "largo": Q(hours__gt=8)}


class ChosenFilterSet(filters.FilterSet):
    """A filter set that can say in words what was chosen."""

    def chosen(self) -> list[tuple[str, str, str]]:
        """(parameter, its label, the chosen value in words) for every filter in force."""
        if not self.is_bound:
            return []
        self.form.is_valid()
        values = ((name, self.form.cleaned_data.get(name)) for name in self.form.fields)
        return [(name, str(self.form.fields[name].label), self._in_words(name, v)) for name, v in values if v]

    def _in_words(self, name: str, value: object) -> str:
        choices = dict(getattr(self.form.fields[name], "choices", ())) if isinstance(value, str) else {}
        return str(choices.get(value, value))


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
