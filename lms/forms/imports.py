"""Handing in a list of staff, and saying what its columns mean."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lms.domain.errors import RuleBroken
from lms.domain.imports.columns import COLUMNS
from lms.models import Municipality

from . import RuleForm


class ListForm(RuleForm):
    """The file; whoever imports for several municipalities also says for which."""

    file = forms.FileField(
        label=_("Lista de personal"),
        help_text=_("Un archivo de Excel (.xlsx) o CSV, de hasta 50,000 filas."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        error_messages={"required": _("Elija el archivo de la lista."), "empty": _("El archivo está vacío.")},
    )
    municipality = forms.ModelChoiceField(
        label=_("Municipalidad de las filas que no la dicen"),
        queryset=Municipality.objects.none(),
        required=False,
        empty_label=_("Cada fila dice la suya"),
    )

    def __init__(self, *args: Any, places, nationwide: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if nationwide or len(places) > 1:
            choice = self.fields["municipality"]
            choice.queryset = places.select_related("department").order_by("department__code", "name_common")
            choice.required = not nationwide
            choice.empty_label = _("Cada fila dice la suya") if nationwide else _("Elija una")
        else:
            del self.fields["municipality"]

    def add_broken(self, broken: RuleBroken) -> None:
        """Every rule here is about the file."""
        self.add_error("file", forms.ValidationError(broken.message, broken.code))


class ColumnsForm(RuleForm):
    """One choice for each heading of the file."""

    def __init__(self, *args: Any, headings: list[str], mapping: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meant = {index: key for key, index in mapping.items()}
        choices = [("", _("No importar")), *((column.key, column.heading) for column in COLUMNS)]
        for index, heading in enumerate(headings):
            if heading:
                self.fields[f"c{index}"] = forms.ChoiceField(
                    label=heading, choices=choices, required=False, initial=meant.get(index, "")
                )

    def clean(self) -> dict:
        """One column for each field."""
        data, taken = super().clean(), {}
        for name, key in list(data.items()):  # add_error takes the field out
            if key in taken:
                message = _("Ya eligió otra columna para esto. Deje solo una.")
                self.add_error(name, forms.ValidationError(message, "import.column_twice"))
            elif key:
                taken[key] = name
        return data

    def mapping(self) -> dict[str, int]:
        """Field → index of its column."""
        return {key: int(name[1:]) for name, key in self.cleaned_data.items() if key}
