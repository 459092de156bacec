"""Forms of the ways in: codes, and the second step. Those of the second step are allauth's, in our words."""

import json
import struct
from contextlib import contextmanager
from uuid import UUID

from allauth.account.forms import ReauthenticateForm as AllauthPasswordAgainForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode

from lms.models import AccessCode, Person

from . import RuleForm, _new_password

# A code of the application is accepted for a minute and a half, so it must be remembered that long.
CODE_LIVES_SECONDS = 120
# Twenty times what devices send.
MOST_OF_A_CREDENTIAL = 64 * 1024
READING_ERRORS = (AttributeError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError, struct.error)
NO_CREDENTIAL = dict.fromkeys(("required", "invalid", "max_length"), _("Esta llave no vale aquí. Pruebe de nuevo."))


def _identifier() -> forms.CharField:
    return forms.CharField(
        label=_("CUI, correo o teléfono"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )


def _code_widget() -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "12"})


class AskCodeForm(RuleForm):
    """Who one is, and by which way a code should come."""

    identifier = _identifier()
    channel = forms.ChoiceField(
        label=_("¿Por dónde quiere recibir el código?"),
        choices=AccessCode.Channel.choices,
        initial=AccessCode.Channel.SMS,
        widget=forms.RadioSelect,
    )
    is_shared = forms.BooleanField(
        label=_("Este teléfono es compartido"),
        required=False,
        help_text=_("Su sesión termina cuando se cierra el navegador."),
    )

    def __init__(self, *args, is_shared: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_shared"].initial = is_shared
        if is_shared:
            self.fields["identifier"].widget.attrs["autocomplete"] = "off"


class GiveCodeForm(RuleForm):
    """The code that came."""

    code = forms.CharField(label=_("Código de seis números"), max_length=12, widget=_code_widget())


class RecoveryForm(RuleForm):
    """A code that Human Resources handed over, and a new password."""

    identifier = _identifier()
    code = forms.CharField(
        label=_("Código de Recursos Humanos"),
        max_length=12,
        help_text=_("Ocho letras y números, por ejemplo K7MQ-3XWD."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    password = _new_password()
    is_shared = AskCodeForm.base_fields["is_shared"]

    def __init__(self, *args, is_shared: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("Contraseña nueva")
        self.fields["is_shared"].initial = is_shared
        if is_shared:
            self.fields["identifier"].widget.attrs["autocomplete"] = "off"


class FirstPasswordForm(RuleForm):
    """A password for somebody who has none."""

    password = _new_password()


class _InOurWords:
    """What allauth's forms share when we draw them."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        if "code" in self.fields:
            self.fields["code"].label = _("Código de seis números")
            self.fields["code"].widget = _code_widget()
        if "name" in self.fields:
            self.fields["name"].label = _("Nombre de la llave")
            self.fields["name"].help_text = _("Por ejemplo: mi teléfono.")
            self.fields["name"].max_length = 40
            self.fields["name"].widget.attrs["maxlength"] = "40"


class _OnceOnly(_InOurWords):
    """A code of the application or a recovery code, taken once."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Código")
        self.fields["code"].help_text = _("Los seis números de su aplicación, o un código de recuperación.")

    def clean_code(self) -> str:
        """Allauth remembers a used code for half a minute, but accepts it for longer."""
        code = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP:
            key = f"second-factor-used:{self.authenticator.pk}:{''.join(code.split())}"
            if not cache.add(key, 1, CODE_LIVES_SECONDS):
                raise get_adapter().validation_error("incorrect_code")
        return code


class FactorForm(_OnceOnly, AuthenticateForm):
    """The second step at the door."""


class FactorAgainForm(_OnceOnly, ReauthenticateForm):
    """The second step once more, before something is changed."""


class ActivateForm(_InOurWords, ActivateTOTPForm):
    """The first code of a new application."""


class PasswordAgainForm(_InOurWords, AllauthPasswordAgainForm):
    """The password once more."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("Su contraseña")
        self.fields["password"].widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})


class CredentialField(forms.CharField):
    """What a device answers, as JSON. Gives a dictionary, or refuses in one sentence whatever is none."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, max_length=MOST_OF_A_CREDENTIAL, error_messages=NO_CREDENTIAL)

    def clean(self, value) -> dict:
        """The dictionary, of what every database can keep: no null character, no NaN."""
        text = super().clean(value)
        try:
            found = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):  # too deep, or a number of too many digits
            found = None
        # An empty one as well: allauth looks at none that is false, and would add it.
        if not found or not isinstance(found, dict) or "\\u0000" in text:
            raise forms.ValidationError(NO_CREDENTIAL["invalid"], code="invalid")
        return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


@contextmanager
def _refusing_garbage():
    """The libraries beneath read what a device answers key by key, and let fall whatever is not as they expect."""
    try:
        yield
    except (*READING_ERRORS, InvalidSignature) as fell:
        raise forms.ValidationError(NO_CREDENTIAL["invalid"], code="invalid") from fell


class _GivingPasskey:
    """What allauth's forms share that take a passkey's answer."""

    def clean_credential(self) -> Authenticator:
        """The passkey that fits. Raises a validation error, whatever does not."""
        with _refusing_garbage():
            return super().clean_credential()  # type: ignore[misc]


class PasskeyAtDoorForm(_GivingPasskey, AuthenticateWebAuthnForm):
    """The second step at the door, by a passkey."""

    credential = CredentialField()


class PasskeyAgainForm(_GivingPasskey, ReauthenticateWebAuthnForm):
    """A passkey once more, before something is changed."""

    credential = CredentialField()


class AddPasskeyForm(_InOurWords, AddWebAuthnForm):
    """A new passkey; all of ours can sign in by themselves, so the device must have checked who holds it."""

    credential = CredentialField()
    passwordless = forms.BooleanField(widget=forms.HiddenInput, initial=True)

    def clean_name(self) -> str:
        """Short, on one line."""
        return " ".join(super().clean_name().split())[:40]

    def clean(self) -> dict:
        """With the passkey read and found good."""
        with _refusing_garbage():
            return super().clean()


class NamePasskeyForm(_InOurWords, EditWebAuthnForm):
    """Another name for a passkey."""


class PasskeySignInForm(LoginWebAuthnForm):
    """Coming in by a passkey alone; whose it is stands in its answer, by the id that may be seen."""

    credential = CredentialField()

    def clean_credential(self) -> Authenticator:
        """The passkey that fits. Raises a validation error, whatever does not."""
        credential = self.cleaned_data["credential"]
        with _refusing_garbage():
            auth.parse_authentication_response(credential)
            handle = UUID(bytes=websafe_decode(credential["response"]["userHandle"]))
            person = Person.objects.filter(public_id=handle).first()
            if person is None:
                raise get_adapter().validation_error("incorrect_code")
            return auth.complete_authentication(person, credential)
