"""The kernel's forms, and how forms are drawn."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.domain import identity, people
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Language, Municipality, Person, Post

from .days import DayField

# Which field a broken rule is about; the rest stand above the form.
FIELD_OF_RULE = {
    "cui.malformed": "cui",
    "phone.malformed": "phone",
    "person.cui_taken": "cui",
    "person.cui_fixed": "cui",
    "person.email_taken": "email",
    "person.phone_taken": "phone",
    "person.password_weak": "password",
    "person.password_wrong": "old",
    "role.scope_not_allowed": "role",
    "role.to_oneself": "person",
    "role.account_closed": "person",
    "role.backdated": "starts_on",
    "role.ends_before_it_starts": "ends_on",
    "appointment.ends_before_it_starts": "ends_on",
    "appointment.post_closed": "post",
    "appointment.already_held": "post",
    "appointment.same_place": "municipality",
    "appointment.reason_missing": "reason",
    "network.name_taken": "name",
    "post.name_missing": "name",
    "post.name_taken": "name",
    "post.kind_unknown": "kind",
    "network.municipality_outside": "municipality",
    "person.not_a_minor": "born_on",
    "consent.name_missing": "guardian_name",
}
# Of a minor neither number nor language is kept.
MINORS_LACK = ("cui", "language")


class FormRenderer(TemplatesSetting):
    """Fields with a label above, help and error beside it, bound by aria (`templates/components/field.html`)."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


class RuleForm(forms.Form):
    """A form that shows which rule a verb found broken."""

    required_css_class = "required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)

    def add_broken(self, broken: RuleBroken) -> None:
        """Put a broken rule beside its field."""
        field = FIELD_OF_RULE.get(broken.code)
        self.add_error(field if field in self.fields else None, forms.ValidationError(broken.message, broken.code))


def _text(label, *, required: bool = True, help_text="", **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs=attrs)
    return forms.CharField(label=label, required=required, help_text=help_text, max_length=80, widget=widget)


def _date(label, *, required: bool = True, help_text="", **attrs: str) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **attrs})
    return DayField(label=label, required=required, help_text=help_text, widget=widget)


def _new_password() -> forms.CharField:
    return forms.CharField(
        label=_("Contraseña"),
        max_length=128,
        strip=False,
        help_text=_("Ocho letras o más. Una frase corta es fácil de recordar."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _identifier_fields() -> dict[str, forms.Field]:
    return {
        "cui": _text(
            _("CUI (número de su DPI)"),
            required=False,
            help_text=_("13 números. Si no tiene DPI, déjelo vacío y escriba un teléfono o un correo."),
            inputmode="numeric",
            autocomplete="off",
        ),
        "phone": _text(
            _("Teléfono"),
            required=False,
            help_text=_("Ocho números, por ejemplo 5555 1234."),
            inputmode="tel",
            autocomplete="tel-national",
        ),
        "email": forms.EmailField(
            label=_("Correo electrónico"),
            required=False,
            widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        ),
    }


class IdentityForm(RuleForm):
    """Names, and the ways to name oneself. A CUI whose check digit does not fit is asked about once."""

    given_names = _text(_("Nombres"), help_text=_("Como están en su DPI."), autocomplete="given-name")
    surnames = _text(_("Apellidos"), autocomplete="family-name")
    cui = _identifier_fields()["cui"]
    cui_confirmed = forms.BooleanField(label=_("El número es correcto: así está en mi DPI"), required=False)
    phone = _identifier_fields()["phone"]
    email = _identifier_fields()["email"]
    born_on = _date(_("Fecha de nacimiento (opcional)"), required=False, autocomplete="bday")
    language = forms.ModelChoiceField(
        label=_("Primer idioma (opcional)"), queryset=Language.objects.all(), required=False, empty_label="—"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound or "cui_confirmed" not in self.data:
            self._doubt = self.fields.pop("cui_confirmed", None)

    def clean_cui(self) -> str:
        """The thirteen digits, or nothing."""
        text = self.cleaned_data["cui"]
        return _following_rules(identity.normalise_cui, text) if text else ""

    def clean_phone(self) -> str:
        """The eight digits, or nothing."""
        text = self.cleaned_data["phone"]
        return _following_rules(identity.normalise_phone, text) if text else ""

    def clean_born_on(self):
        """A day of the past."""
        day = self.cleaned_data["born_on"]
        if day and not 1900 <= day.year <= timezone.localdate().year:
            raise forms.ValidationError(_("Revise la fecha de nacimiento."), "born_on.impossible")
        return day

    def clean(self) -> dict:
        """Ask about a CUI that looks mistyped; never refuse it."""
        data = super().clean()
        cui = data.get("cui")
        if cui and not identity.cui_check_digit_holds(cui) and not data.get("cui_confirmed"):
            doubt = getattr(self, "_doubt", None)
            if doubt:
                order = list(self.fields)
                self.fields["cui_confirmed"] = doubt
                order.insert(order.index("cui") + 1, "cui_confirmed")
                self.order_fields(order)
            message = _("Este CUI parece tener un número equivocado. Compárelo con su DPI. Si es correcto, márquelo.")
            self.add_error("cui", forms.ValidationError(message, "cui.doubtful"))
        return data


class DetailsForm(IdentityForm):
    """One's own contact; CUI and birth date only while there is none. A minor is asked for less."""

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        names = ("given_names", "surnames", "phone", "email", "born_on", "language")
        kwargs.setdefault("initial", {name: getattr(person, name) for name in names})
        super().__init__(*args, **kwargs)
        unwanted = {"given_names", "surnames", *(MINORS_LACK if people.is_minor(person.born_on) else ())}
        unwanted |= {"cui"} if person.cui_digest else set()
        unwanted |= {"born_on"} if person.born_on else set()
        for name in unwanted:
            del self.fields[name]


class SignInForm(RuleForm):
    """CUI, e-mail or phone, and the password."""

    identifier = forms.CharField(
        label=_("CUI, correo o teléfono"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Contraseña"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    is_shared = forms.BooleanField(
        label=_("Este teléfono es compartido"),
        required=False,
        help_text=_("Su sesión termina cuando se cierra el navegador."),
    )

    def __init__(self, *args: Any, is_shared: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_shared:
            self.fields["is_shared"].initial = True
            for name in ("identifier", "password"):
                self.fields[name].widget.attrs["autocomplete"] = "off"


class PasswordForm(RuleForm):
    """Changing one's own password."""

    old = forms.CharField(
        label=_("Contraseña actual"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = _new_password()


class AppointmentForm(RuleForm):
    """A post in a municipality that was chosen before."""

    post = forms.ModelChoiceField(
        label=_("Puesto u oficina"), queryset=Post.objects.filter(is_open=True), empty_label=_("Elija uno")
    )
    renglon = forms.ChoiceField(
        label=_("Renglón presupuestario (opcional)"), choices=Appointment.Renglon.choices, required=False, initial=""
    )
    starts_on = _date(_("Desde"), help_text=_("Si no recuerda el día, ponga uno cercano."))


class EndForm(RuleForm):
    """The last day of an appointment."""

    ends_on = _date(_("Último día"))


class PersonForm(IdentityForm):
    """An administrator opens or corrects somebody's record."""

    password = forms.CharField(
        label=_("Contraseña nueva"),
        required=False,
        max_length=128,
        strip=False,
        help_text=_("Vacía: se queda como está. Désela a la persona y pídale que la cambie."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    municipality = forms.ModelChoiceField(
        label=_("Nuevo puesto: municipalidad (opcional)"),
        queryset=Municipality.objects.select_related("department"),
        required=False,
    )
    post = forms.ModelChoiceField(
        label=_("Nuevo puesto: cargo u oficina"), queryset=Post.objects.filter(is_open=True), required=False
    )
    renglon = forms.ChoiceField(label=_("Nuevo puesto: renglón"), choices=Appointment.Renglon.choices, required=False)
    starts_on = _date(_("Nuevo puesto: desde"), required=False)
    is_active = forms.BooleanField(
        label=_("Cuenta abierta"), required=False, help_text=_("Cerrada: la persona ya no puede entrar.")
    )

    def clean(self) -> dict:
        """A post needs its municipality, and the other way round."""
        data = super().clean()
        if bool(data.get("post")) != bool(data.get("municipality")):
            self.add_error("post", forms.ValidationError(_("Elija la municipalidad y el puesto."), "post.incomplete"))
        if "starts_on" in self.fields and not data.get("starts_on"):
            data["starts_on"] = timezone.localdate()
        return data


class FindForm(RuleForm):
    """Finding somebody by a number of theirs."""

    identifier = forms.CharField(label=_("CUI, correo o teléfono"), max_length=254)


def _following_rules(rule, text: str) -> str:
    try:
        return rule(text)
    except RuleBroken as broken:
        raise forms.ValidationError(broken.message, broken.code) from broken
