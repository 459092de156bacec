"""What the filters of all lists share. What cannot be understood is left out, never an error."""

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from lms.domain import staff
from lms.models import Appointment, Municipality, Person, Post


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


class StaffFilter(ChosenFilterSet):
    """The people of one town hall by name, post, renglón and situation."""

    q = filters.CharFilter(
        label=_("Nombre"), method="by_name", widget=forms.TextInput({"type": "search", "maxlength": 80})
    )
    post = filters.ModelChoiceFilter(
        label=_("Puesto"),
        to_field_name="code",
        queryset=Post.objects.none(),
        method="of_appointment",
        empty_label=_("Todos"),
    )
    renglon = filters.ChoiceFilter(
        label=_("Renglón"),
        choices=[one for one in Appointment.Renglon.choices if one[0]],
        method="of_appointment",
        empty_label=_("Todos"),
    )
    estado = filters.ChoiceFilter(
        label=_("Situación"),
        choices=[one for one in staff.Situation.choices if one[0]],
        method="of_appointment",
        empty_label=staff.Situation.PRESENT.label,
    )

    class Meta:
        model = Person
        fields: list[str] = []

    def __init__(self, data, *, municipality: Municipality) -> None:
        super().__init__(data, queryset=Person.objects.none())
        given = Appointment.objects.filter(municipality=municipality, refused_at=None).values("post")
        self.form.fields["post"].queryset = Post.objects.filter(pk__in=given)
        chosen = self.form.cleaned_data if self.is_bound and self.form.is_valid() is not None else {}
        wanted = {name: chosen[name] for name in ("post", "renglon") if chosen.get(name)}
        self.queryset = staff.people_of(municipality, chosen.get("estado") or staff.Situation.PRESENT, **wanted)

    def by_name(self, people, name: str, value: str):
        """Every word, whatever its accents and apostrophes."""
        return people.search_words(value)

    def of_appointment(self, people, name: str, value: object):
        """The set was made with it: the appointments that are shown are those that are asked for."""
        return people
