"""Forms about one's own data, and the one by which ANAM answers what was asked."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.domain import identity, requests
from lms.models import PersonRequest

from . import RuleForm
from .days import DayField

GRANT, REFUSE = "grant", "refuse"


def _name(label, autocomplete: str = "off") -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, required=False, max_length=80, widget=widget)


def _day(label) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return DayField(label=label, required=False, widget=widget)


def _long(label, help_text="") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=requests.TEXT_LENGTH,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class _PastDay:
    """A birth date lies in the past."""

    def clean_born_on(self):
        day = self.cleaned_data["born_on"]  # type: ignore[attr-defined]
        if day and not 1900 <= day.year <= timezone.localdate().year:
            raise forms.ValidationError(_("Revise la fecha de nacimiento."), "born_on.impossible")
        return day


class CorrectionForm(_PastDay, RuleForm):
    """What is wrong in one's record; a field that is right stays empty."""

    given_names = _name(_("Nombres correctos"), "given-name")
    surnames = _name(_("Apellidos correctos"), "family-name")
    cui = forms.CharField(
        label=_("CUI correcto"),
        required=False,
        max_length=30,
        help_text=_("13 números, como están en su DPI. Se guarda cifrado."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    born_on = _day(_("Fecha de nacimiento correcta"))
    text = _long(_("Explicación (opcional)"), _("Por ejemplo: «Me casé y cambié de apellido». No escriba su CUI aquí."))


class ErasureForm(RuleForm):
    """Asking for erasure, meant."""

    confirmation = forms.CharField(
        label=_("Para confirmar, escriba la palabra borrar"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def clean_confirmation(self) -> str:
        """The word, however it is written."""
        typed = self.cleaned_data["confirmation"].strip().strip("«»\"'.").casefold()
        if typed not in {"borrar", str(_("borrar")).casefold()}:
            raise forms.ValidationError(
                _("Escriba la palabra borrar. Todavía no se pidió nada."), "erasure.unconfirmed"
            )
        return typed


class ProofForm(RuleForm):
    """One's password once more, on a device that may be shared."""

    password = forms.CharField(
        label=_("Su contraseña"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class AnswerForm(_PastDay, RuleForm):
    """ANAM's answer to a request. Of a correction, what is written here is what the record will say."""

    given_names = _name(_("Nombres"))
    surnames = _name(_("Apellidos"))
    takes_cui = forms.BooleanField(label=_("Anotar el CUI que la persona pide"), required=False)
    born_on = _day(_("Fecha de nacimiento"))
    decision = forms.ChoiceField(
        label=_("Respuesta"),
        choices=[(GRANT, _("Conceder")), (REFUSE, _("Denegar"))],
        widget=forms.RadioSelect,
    )
    answer = _long(_("Lo que le decimos a la persona"), _("Si se deniega, escriba el motivo. No escriba un CUI."))

    def __init__(self, *args: Any, request: PersonRequest, **kwargs: Any) -> None:
        proposed = requests.proposal(request)
        kwargs["initial"] = {**proposed, "takes_cui": "cui" in proposed, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        if request.kind == PersonRequest.Kind.ERASURE:
            for name in ("given_names", "surnames", "born_on"):
                del self.fields[name]
        else:
            self._say_what_stands(request)
        if "cui" not in proposed:
            del self.fields["takes_cui"]
        else:
            asked = identity.masked_cui(identity.encrypt_cui(proposed["cui"]))
            self.fields["takes_cui"].help_text = _("Pide: %(asked)s. Ahora: %(now)s.") % {
                "asked": asked,
                "now": identity.masked_cui(request.person.cui_encrypted) or "—",
            }

    def _say_what_stands(self, request: PersonRequest) -> None:
        for name in ("given_names", "surnames", "born_on"):
            now = getattr(request.person, name) or "—"
            self.fields[name].help_text = _("Ahora: %(now)s. Vacío: se queda como está.") % {"now": now}

    def changes(self, request: PersonRequest) -> dict[str, Any]:
        """What the record shall say, by column."""
        data = {name: self.cleaned_data.get(name) for name in ("given_names", "surnames", "born_on")}
        if self.cleaned_data.get("takes_cui"):
            data["cui"] = requests.proposal(request)["cui"]
        return {name: value for name, value in data.items() if value}
