"""Which of two records stays, whose value of each field it keeps, and why."""

from django import forms
from django.utils.translation import gettext_lazy as _

from lms.domain.duplicates import ABSORBED, COLUMNS, REASON_LENGTH, SURVIVOR
from lms.models import Person

from . import RuleForm

FIRST, SECOND = "first", "second"
LABELS = {
    "given_names": _("Nombres"),
    "surnames": _("Apellidos"),
    "born_on": _("Fecha de nacimiento"),
    "language": _("Primer idioma"),
    "cui": _("CUI"),
    "email": _("Correo electrónico"),
    "phone": _("Teléfono"),
}


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Motivo"),
        max_length=REASON_LENGTH,
        help_text=_("Qué comprobó y cómo. No escriba aquí ningún CUI."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReasonForm(RuleForm):
    """Why it is done."""

    reason = _reason()


class MergeForm(ReasonForm):
    """Two records side by side. Every choice says "first" or "second", as they stand on the page."""

    survivor = forms.ChoiceField(
        label=_("Registro que queda"), choices=[(FIRST, _("El primero")), (SECOND, _("El segundo"))]
    )
    field_order = ["survivor", *COLUMNS, "reason"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in COLUMNS:
            choices = [(FIRST, _("Del primero")), (SECOND, _("Del segundo"))]
            self.fields[name] = forms.ChoiceField(label=LABELS[name], choices=choices)
        self.order_fields(self.field_order)

    @property
    def chosen(self) -> dict[str, str]:
        """What is marked now, typed or not: field to "first" or "second"."""
        marked = {name: self[name].value() for name in ("survivor", *COLUMNS)}
        return {name: value if value in {FIRST, SECOND} else FIRST for name, value in marked.items()}

    def keep(self) -> dict[str, str]:
        """The same as the verb wants it."""
        stays = self.chosen["survivor"]
        return {name: SURVIVOR if self.chosen[name] == stays else ABSORBED for name in COLUMNS}


class TwoPeopleForm(RuleForm):
    """Two records chosen by hand; with one alone, records like it are looked for."""

    first = forms.ModelChoiceField(label=_("Una persona"), queryset=Person.objects.none())
    second = forms.ModelChoiceField(
        label=_("Otra persona"),
        queryset=Person.objects.none(),
        required=False,
        help_text=_("Vacía: se buscan los registros que se parecen a la primera."),
    )
