"""Forms of networks: in the back-office, for who asks to join, and for who looks after the members."""

from itertools import groupby

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from lms.models import Municipality, Network, Person

from . import RuleForm


class MunicipalityChecks(forms.CheckboxSelectMultiple):
    """Boxes to tick in a fold for each department, with a search where there is JavaScript."""

    template_name = "lms/widgets/municipality_checks.html"

    class Media:
        css = {"all": ["lms/checks.css"]}
        js = [forms.Script("lms/checks.js", type="module")]

    def get_context(self, name: str, value: list | None, attrs: dict | None) -> dict:
        """Adds `departments`: name, how many are ticked, and the boxes."""
        context = super().get_context(name, value, attrs)
        options = [option for _group, options, _index in context["widget"]["optgroups"] for option in options]
        by_department = [(name, list(inside)) for name, inside in groupby(options, key=_department_of)]
        context["departments"] = [
            (name, sum(option["selected"] for option in inside), inside) for name, inside in by_department
        ]
        return context


def _department_of(option: dict) -> str:
    return option["value"].instance.department.name


class MunicipalitiesField(forms.ModelMultipleChoiceField):
    """Some of the 340; a box says the short name, its fold the department."""

    widget = MunicipalityChecks

    def label_from_instance(self, obj: Municipality) -> str:
        """The department stands above."""
        return obj.name_common


class NetworkForm(RuleForm):
    """A network and the municipalities it covers."""

    name = forms.CharField(label=_("Nombre"), max_length=120)
    purpose = forms.CharField(label=_("Propósito"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    municipalities = MunicipalitiesField(
        label=_("Municipios"),
        queryset=Municipality.objects.select_related("department"),
        required=False,
        help_text=_("Ninguno marcado: la red es de todo el país."),
    )


class MembershipForm(RuleForm):
    """Taking somebody into a network."""

    network = forms.ModelChoiceField(label=_("Red"), queryset=Network.objects.all())
    person = forms.ModelChoiceField(label=_("Persona"), queryset=Person.objects.active())
    municipality = forms.ModelChoiceField(
        label=_("Municipio"), queryset=Municipality.objects.select_related("department")
    )
    is_coordinator = forms.BooleanField(label=_("Coordina la red"), required=False)


class _PlaceForm(RuleForm):
    """For which municipality of the network somebody is in it, in groups by department."""

    municipality = forms.ModelChoiceField(
        label=_("Municipio"), queryset=Municipality.objects.none(), empty_label=_("Elija uno")
    )

    def __init__(self, *args, places: QuerySet[Municipality], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["municipality"]
        field.queryset = places
        if len(places) == 1:
            field.initial = places[0]
        by_department = groupby(places.order_by("department__name", "name_common"), key=lambda one: one.department.name)
        field.choices = [
            ("", field.empty_label),
            *[(name, [(one.pk, one.name_common) for one in found]) for name, found in by_department],
        ]


class JoinForm(_PlaceForm):
    """Asking to join a network; whose birth date is not known says that they are of age."""

    is_of_age = forms.BooleanField(
        label=_("Tengo 18 años o más"),
        error_messages={
            "required": _("Si tiene menos de 18 años, escriba antes su fecha de nacimiento en «Mi cuenta».")
        },
    )

    def __init__(self, *args, person: Person, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if person.born_on:
            del self.fields["is_of_age"]


class AddMemberForm(_PlaceForm):
    """Taking in somebody whom one knows by a number of theirs."""

    identifier = forms.CharField(
        label=_("CUI, correo o teléfono"),
        max_length=254,
        help_text=_("Escríbalo completo. La persona debe tener ya su cuenta."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["identifier", "municipality"]
