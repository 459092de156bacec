"""The second step: setting it up, giving it, and passkeys. The work is allauth's; here it gets our answers."""

from typing import Any

from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import ReauthenticateView as AllauthPasswordAgainView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from lms.domain import access
from lms.forms import SignInForm
from lms.models import Person

from . import devices, gate
from .signing import draw_door, safe_next

GO_ON = "second_factor_go_on"


class Refusing:
    """A form that is refused answers 422, as everywhere in the house."""

    def form_invalid(self, form) -> HttpResponse:
        """What was typed comes back with what is wrong."""
        response = super().form_invalid(form)  # type: ignore[misc]
        if response.status_code == 200:
            response.status_code = 422
        return response


def key_of(authenticator: Authenticator) -> str:
    """How an address names one of a person's passkeys: no number of ours leaves the server."""
    return salted_hmac("lms.second_factor", str(authenticator.pk)).hexdigest()[:16]


def _passkeys(person) -> list[dict]:
    found = Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return [{"key": key_of(one), "name": one.wrap().name, "authenticator": one} for one in found]


class IndexView(base.IndexView):
    """What there is, and what may be added; why it is asked for."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Somebody who was on their way and has given all that is owed goes on."""
        if (asked := get_next_redirect_url(request)) and gate.is_owed(request):
            request.session[GO_ON] = asked
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs) -> dict:
        """Passkeys by name, and where one was going."""
        person = self.request.user
        is_owed = gate.is_owed(self.request)
        return {
            **super().get_context_data(**kwargs),
            "passkeys": _passkeys(person),
            "is_owed": is_owed,
            "is_needed": gate.is_needed_of(person),
            "has_factor": access.has_second_factor(person),
            "go_on": "" if is_owed else self.request.session.pop(GO_ON, ""),
        }


class AuthenticateView(base.AuthenticateView):
    """The second step at the door."""

    def form_invalid(self, form) -> HttpResponse:
        """Once more, with what is wrong."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response


class AgainView(Refusing, base.ReauthenticateView):
    """A code once more, before something is changed."""


class PasswordAgainView(Refusing, AllauthPasswordAgainView):
    """The password once more, before something is changed."""


class PasskeyAgainView(Refusing, webauthn.ReauthenticateWebAuthnView):
    """A passkey once more; what is wrong is said on the same page."""

    def form_invalid(self, form) -> HttpResponse:
        """Ask again."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs) -> dict:
        """With the form that was refused."""
        return {**super().get_context_data(**kwargs), **kwargs}


class Adding:
    """A factor that is added counts as given, and the first one ends the sessions that came in without any."""

    kind: Authenticator.Type

    def form_valid(self, form) -> HttpResponse:
        """Under the person's lock: of two sessions that add a first factor at once, the later one owes the other's."""
        request = self.request  # type: ignore[attr-defined]
        with transaction.atomic():
            Person.objects.select_for_update().get(pk=request.user.pk)
            is_first = not access.has_second_factor(request.user)
            response = super().form_valid(form)  # type: ignore[misc]
            if is_first:
                access.end_sessions(request.user)
        if is_first:
            update_session_auth_hash(request, request.user)
        gate.give(request, self.kind)
        return response


class ActivateView(Refusing, Adding, totp.ActivateTOTPView):
    """The square to be scanned, and the first code."""

    kind = Authenticator.Type.TOTP

    def form_valid(self, form) -> HttpResponse:
        """Set up."""
        response = super().form_valid(form)
        messages.success(self.request, _("La aplicación de códigos quedó agregada."))
        return response


def _assert_may_lose(request: HttpRequest, authenticator: Authenticator) -> HttpResponse | None:
    if get_adapter().can_delete_authenticator(authenticator):
        return None
    messages.error(request, get_adapter().error_messages["cannot_delete_authenticator"])
    return redirect("mfa_index")


class DeactivateView(Refusing, totp.DeactivateTOTPView):
    """Take the application away."""

    def form_valid(self, form) -> HttpResponse:
        """Gone."""
        response = super().form_valid(form)
        messages.success(self.request, _("La aplicación de códigos quedó quitada."))
        return response


class AddPasskeyView(Refusing, Adding, webauthn.AddWebAuthnView):
    """A new passkey, which the device keeps and guards."""

    kind = Authenticator.Type.WEBAUTHN

    def get_context_data(self, **kwargs) -> dict:
        """What the device is asked for: a key that can sign in by itself."""
        context = super().get_context_data(**kwargs)
        options = auth.begin_registration(self.request.user, passwordless=True)
        return {**context, **kwargs, "js_data": {"creation_options": options}}

    def form_valid(self, form) -> HttpResponse:
        """Set up."""
        response = super().form_valid(form)
        messages.success(self.request, _("La llave de acceso quedó agregada."))
        return response


class OwnPasskey:
    """One of one's own passkeys, by its key in the address."""

    success_url = "/"

    def get_object(self, queryset=None) -> Authenticator:
        """Raises 404 for anybody else's."""
        for one in _passkeys(self.request.user):  # type: ignore[attr-defined]
            if one["key"] == self.kwargs["key"]:  # type: ignore[attr-defined]
                return one["authenticator"]
        raise Http404

    def get_success_url(self) -> str:
        """Back to the second step."""
        return reverse("mfa_index")


class RemovePasskeyView(OwnPasskey, webauthn.RemoveWebAuthnView):
    """Take a passkey away."""

    def form_valid(self, form) -> HttpResponse:
        """Gone, unless it is the last one and the person's role needs one."""
        if refused := _assert_may_lose(self.request, self.get_object()):
            return refused
        response = super().form_valid(form)
        messages.success(self.request, _("La llave de acceso quedó quitada."))
        return response


class NamePasskeyView(Refusing, OwnPasskey, webauthn.EditWebAuthnView):
    """Another name for a passkey."""


class PasskeySignInView(webauthn.LoginWebAuthnView):
    """Coming in by a passkey alone."""

    def form_valid(self, form) -> HttpResponse:
        """Through the same door as everybody; what the sign-in form says of the device and the way on counts."""
        devices.mark(self.request, is_shared="is_shared" in self.request.POST)
        authenticator = form.cleaned_data["credential"]
        login = Login(user=authenticator.user, redirect_url=safe_next(self.request))
        return perform_passwordless_login(self.request, authenticator, login)

    def form_invalid(self, form) -> HttpResponse:
        """The door again, with a sentence."""
        messages.error(self.request, _("Esta llave no abre ninguna cuenta aquí. Entre de otra forma."))
        return draw_door(self.request, SignInForm(is_shared=devices.is_shared(self.request)), 422)


class GenerateView(Refusing, recovery.GenerateRecoveryCodesView):
    """New recovery codes in place of the old ones."""


def _private(view):
    """Neither kept by the browser nor by anybody between."""
    return never_cache(view)


index = _private(IndexView.as_view())
authenticate = AuthenticateView.as_view()
again = _private(AgainView.as_view())
password_again = _private(PasswordAgainView.as_view())
passkey_again = _private(PasskeyAgainView.as_view())
activate = _private(ActivateView.as_view())
deactivate = _private(DeactivateView.as_view())
add_passkey = _private(AddPasskeyView.as_view())
remove_passkey = _private(RemovePasskeyView.as_view())
name_passkey = _private(NamePasskeyView.as_view())
passkey_sign_in = _private(PasskeySignInView.as_view())
generate = _private(GenerateView.as_view())
view_codes = _private(recovery.ViewRecoveryCodesView.as_view())
