"""Forms of opening one's own record, and of a minor's guardian."""

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from lms.domain import people
from lms.models import GuardianConsent

from . import IdentityForm, RuleForm, _date, _new_password, _text


class OptionRadios(forms.RadioSelect):
    """Radio buttons whose whole line can be touched."""

    template_name = "lms/widgets/options.html"
    option_template_name = "django/forms/widgets/input.html"


class Link(models.TextChoices):
    """By what somebody belongs here; asked so that the next page is the right one."""

    POST = "post", _("Trabajo en una municipalidad")
    NETWORK = "network", _("Soy de una red, por ejemplo de jóvenes")


class RegistrationForm(IdentityForm):
    """Opening one's own record, as a grown-up."""

    link = forms.ChoiceField(
        label=_("¿Cómo participa?"),
        choices=Link.choices,
        initial=Link.POST,
        required=False,
        widget=OptionRadios,
    )
    password = _new_password()

    def clean(self) -> dict:
        """Something to sign in with."""
        data = super().clean()
        if not any(data.get(name) or name in self.errors for name in ("cui", "phone", "email")):
            message = _("Escriba su CUI, un teléfono o un correo: con uno de ellos va a entrar.")
            self.add_error(None, forms.ValidationError(message, "person.identifier_missing"))
        if people.is_minor(data.get("born_on")):
            message = _("Con menos de 18 años se registra en otra página, con menos datos.")
            self.add_error("born_on", forms.ValidationError(message, "person.minor"))
        return data


def _guardian_fields() -> dict[str, forms.Field]:
    return {
        "guardian_name": forms.CharField(
            label=_("Nombre completo de quien autoriza"),
            max_length=160,
            help_text=_("Su madre, su padre o la persona encargada, quien va a firmar el permiso."),
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        ),
        "relation": forms.ChoiceField(
            label=_("¿Quién es?"), choices=GuardianConsent.Relation.choices, widget=OptionRadios
        ),
    }


class MinorForm(IdentityForm):
    """Opening a minor's own record: names, birth date, a way to sign in, who authorises. Neither CUI nor language."""

    cui = None
    cui_confirmed = None
    language = None
    given_names = _text(_("Nombres"), autocomplete="given-name")
    born_on = _date(_("Fecha de nacimiento"), autocomplete="bday")
    password = _new_password()
    guardian_name = _guardian_fields()["guardian_name"]
    relation = _guardian_fields()["relation"]

    def clean(self) -> dict:
        """Something to sign in with."""
        data = super().clean()
        if not any(data.get(name) or name in self.errors for name in ("phone", "email")):
            message = _("Escriba un teléfono o un correo: con uno de ellos va a entrar. Puede ser de su familia.")
            self.add_error(None, forms.ValidationError(message, "person.identifier_missing"))
        return data


class GuardianForm(RuleForm):
    """Who lets a minor take part."""

    guardian_name = _guardian_fields()["guardian_name"]
    relation = _guardian_fields()["relation"]
