"""Where allauth asks us: who may sign in, what is kept secret, what an issuer may tell."""

import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms.domain import access, identity, people
from lms.domain.errors import RuleBroken
from lms.models import Person
from lms.views import devices, gate, limits


def _refuse(request: HttpRequest, message: str) -> None:
    messages.error(request, message)
    raise ImmediateHttpResponse(redirect("lms:sign_in"))


class AccountAdapter(DefaultAccountAdapter):
    """One door: no registration and no passwords by link here; nobody comes in whose record is closed."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": gettext_lazy("Hubo demasiados intentos. Espere 5 minutos y pruebe de nuevo."),
        "rate_limited": gettext_lazy("Hubo demasiados intentos. Espere 5 minutos y pruebe de nuevo."),
        "incorrect_password": gettext_lazy("La contraseña no es esa."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Registering has a page of its own."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As everywhere in the house."""
        return limits.client_address(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """One's own learning."""
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def pre_login(self, request: HttpRequest, user: Person, **kwargs: object) -> HttpResponse | None:
        """The last word before any way in, passkey and issuer included."""
        if not user.may_sign_in:
            messages.error(request, _("Esta cuenta está cerrada. Escriba a la administración de ANAM."))
            return redirect("lms:sign_in")
        return super().pre_login(request, user, **kwargs)

    def login(self, request: HttpRequest, user: Person) -> None:
        """The session, the day on the record and the event in the trail are one transaction."""
        with transaction.atomic():
            super().login(request, user)
            request.session.save()

    def post_login(self, request: HttpRequest, user: Person, **kwargs: object) -> HttpResponse:
        """Go on, and let the device be known again."""
        response = super().post_login(request, user, **kwargs)
        devices.remember(request, response, user)
        return response

    def reauthenticate(self, user: Person, password: str) -> bool:
        """Whether this is their password: who they are is known."""
        return user.check_password(password)

    def get_reauthentication_methods(self, user: Person) -> list[dict]:
        """Whoever has a second factor gives that; a password proves nothing that a thief of it could not."""
        methods = super().get_reauthentication_methods(user)
        if user.is_authenticated and access.has_second_factor(user):
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """Not within minutes of having come in: who they are was just shown, with the second factor if they have one.

        Raises `ReauthenticationRequired` where allauth would still take a password that was given before the factor.
        """
        if access.has_second_factor(context.request.user):
            if gate.was_given_within(context.request, settings.ACCOUNT_REAUTHENTICATION_TIMEOUT):
                return False
            raise ReauthenticationRequired
        records = get_authentication_records(context.request, context.request.user)
        if records and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        if not self.get_reauthentication_methods(context.request.user):
            # With neither password nor factor, allauth would ask for nothing. Who they are is shown by coming in.
            text = _("Para cambiar su segundo paso, salga y entre de nuevo. Así sabemos que es usted.")
            messages.warning(context.request, text)
            raise ImmediateHttpResponse(redirect("lms:account"))
        return super().is_reauthentication_required(app=app, **kwargs)

    def add_message(self, request: HttpRequest, level: int, *args, **kwargs) -> None:
        """Only what is said in our own words, never by allauth's templates."""
        if message := kwargs.get("message"):
            messages.add_message(request, level, message)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted with the key outside the database; nothing shown to a device names a number of ours."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("El código no es ese. Espere el siguiente y escríbalo de nuevo."),
        "cannot_delete_authenticator": gettext_lazy("Su rol pide un segundo paso. Agregue otro antes de quitar este."),
        "cannot_generate_recovery_codes": gettext_lazy("Primero agregue una aplicación de códigos o una llave."),
    }

    def encrypt(self, text: str) -> str:
        """As the database keeps it."""
        return identity.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Back again."""
        return identity.unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of somebody whose role needs one."""
        others = Authenticator.objects.filter(user=authenticator.user, type__in=access.PRIMARY)
        return others.exclude(pk=authenticator.pk).exists() or not gate.is_needed_of(authenticator.user)

    def get_totp_label(self, user: Person) -> str:
        """What the application on the telephone shows beside the code."""
        return user.email or user.full_name

    def generate_authenticator_name(self, user: Person, type) -> str:
        """A name until the person gives one."""
        count = user.authenticator_set.filter(type=type).count()
        return _("Llave %(number)d") % {"number": count + 1}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Who asks, as the device shows it."""
        return {**super().get_public_key_credential_rp_entity(), "name": settings.WAGTAIL_SITE_NAME}

    def get_public_key_credential_user_entity(self, user: Person) -> dict:
        """Whom a passkey belongs to, by the id that may be seen."""
        return {
            "id": user.public_id.bytes,
            "display_name": user.full_name,
            "name": self.get_totp_label(user),
        }

    def _get_site_name(self) -> str:
        return settings.WAGTAIL_SITE_NAME


class IssuerAdapter(DefaultSocialAccountAdapter):
    """What another institution's sign-in may do: find the person whose e-mail both sides proved, or open a record."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin) -> bool:
        """A learner's record, and nothing more."""
        return True

    def populate_user(self, request: HttpRequest, sociallogin, data: dict) -> Person:
        """The names of a new record. Of what the issuer told, nothing is kept but who it says this is."""
        person = sociallogin.user
        first, _space, rest = (data.get("name") or "").strip().partition(" ")
        person.given_names = data.get("first_name") or first
        person.surnames = data.get("last_name") or rest
        sociallogin.account.extra_data = {}
        return person

    def authenticate_by_email(self, sociallogin) -> tuple[Person, str] | None:
        """The person with this e-mail, proven by the issuer and, with a code, here: else anybody could wait for it."""
        email = _proven_by_issuer(sociallogin)
        person = Person.objects.filter(email=email).first() if email else None
        return (person, email) if person and access.is_email_proven(person) else None

    def pre_social_login(self, request: HttpRequest, sociallogin) -> None:
        """Before a second record is opened for somebody who has one."""
        # What the issuer did not prove is not heard at all.
        sociallogin.email_addresses = [one for one in sociallogin.email_addresses if one.verified is True]
        email = _proven_by_issuer(sociallogin)
        if not sociallogin.is_existing and email and Person.objects.filter(email=email).exists():
            _refuse(
                request,
                _(
                    "Ya hay una cuenta con su correo. Entre una vez con un código enviado a ese correo; "
                    "después podrá entrar también con su institución."
                ),
            )

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin) -> bool:
        """Without another form."""
        return True

    def save_user(self, request: HttpRequest, sociallogin, form=None) -> Person:
        """Open the record by the verb that opens every other."""
        email = _proven_by_issuer(sociallogin)
        told = sociallogin.user
        try:
            person = people.register(
                given_names=told.given_names[:80], surnames=told.surnames[:80], password="", email=email
            )
        except RuleBroken as broken:
            _refuse(request, broken.message)
        access.prove_email(person)
        sociallogin.user = person
        sociallogin.account.user = person
        sociallogin.account.save()
        return person

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None) -> None:
        """Back to our door with one sentence."""
        _refuse(request, _("No se pudo entrar con su institución. Pruebe de nuevo o entre de otra forma."))


def _proven_by_issuer(sociallogin) -> str:
    return next((one.email.lower() for one in sociallogin.email_addresses if one.verified is True), "")
