"""Filters of the list of certificates, for the page, the exports and the back-office alike."""

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from certificates.domain.coverage import IN_FORCE
from certificates.models import Certificate
from courses.filters import ChosenFilterSet
from courses.models import CoursePage
from lms.domain.texts import fold
from lms.models import Department, Municipality, Post

STATES = [("vigente", _("Vigentes")), ("sin-efecto", _("Revocados o sustituidos"))]


def _day(label: str, lookup: str) -> filters.DateFilter:
    return filters.DateFilter(
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
        for word in fold(value).split()[:8]:
            certificates = certificates.filter(person_name_folded__contains=word)
        return certificates

    def by_state(self, certificates: QuerySet[Certificate], name: str, value: str) -> QuerySet[Certificate]:
        """In force, or no longer."""
        return certificates.filter(IN_FORCE) if value == "vigente" else certificates.exclude(IN_FORCE)
