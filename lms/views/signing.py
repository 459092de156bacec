"""Signing in and out."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lms.domain import access
from lms.forms import SignInForm
from lms.models import Person

from . import devices, limits

TOO_MANY = 429


def safe_next(request: HttpRequest, default: str = settings.LOGIN_REDIRECT_URL) -> str:
    """Where the request asks to go on to, if it is one of our own addresses, from the root on."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    # Without the slash `redirect` would take it for the name of a page.
    if target.startswith("/") and url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    ):
        return target
    return resolve_url(default) if default else ""


def draw(request: HttpRequest, template: str, form, status: int) -> HttpResponse:
    """A page that is one form and remembers where to go on to."""
    asked = safe_next(request, default="")
    return render(request, template, {"form": form, "next": asked}, status=status)


def enter(request: HttpRequest, person: Person, *, method: str, is_shared: bool, onward: str) -> HttpResponse:
    """Bring somebody in who showed who they are by `method`: through the second step, if they have one.

    The session gets a new key; what this device may keep of the person, `devices` says.
    """
    devices.mark(request, is_shared=is_shared)
    record_authentication(request, person, method)
    return perform_login(request, Login(user=person, redirect_url=onward))


def _password_form(request: HttpRequest) -> SignInForm:
    return SignInForm(request.POST or None, is_shared=devices.is_shared(request))


def draw_door(request: HttpRequest, form: SignInForm, status: int) -> HttpResponse:
    """The sign-in page, with the other ways in."""
    context = {"form": form, "next": safe_next(request, default=""), "issuer": settings.OIDC_NAME}
    return render(request, "lms/sign_in.html", context, status=status)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """CUI, e-mail or phone, and a password. Wrong and unknown look and take the same."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = _password_form(request)
    if not form.is_valid():
        return draw_door(request, form, 422 if form.is_bound else 200)
    data = form.cleaned_data
    known = access.find_person(data["identifier"])
    device = devices.known_as(request, known)
    attempt = limits.PasswordTry(limits.client_address(request), data["identifier"], device, known)
    if not attempt.take():
        form.add_error(None, _("Hubo demasiados intentos. Espere 15 minutos, o entre con un código."))
        return draw_door(request, form, TOO_MANY)
    person = authenticate(request, username=data["identifier"], password=data["password"], known=known)
    if person is None:
        form.add_error(None, _("Los datos no coinciden. Revise el número o correo y la contraseña."))
        return draw_door(request, form, 422)
    attempt.succeeded()
    return enter(request, person, method="password", is_shared=data["is_shared"], onward=safe_next(request))


def _leave(request: HttpRequest, target: str, what: str) -> HttpResponse:
    """End the session; the browser forgets `what` it kept of it."""
    logout(request)
    response = redirect(target)
    if what:
        response["Clear-Site-Data"] = what
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and say so."""
    response = _leave(request, "lms:home", '"cache"' if devices.is_shared(request) else "")
    messages.success(request, _("Su sesión está cerrada. En este teléfono ya nadie ve sus datos."))
    return response


@require_POST
def switch_person(request: HttpRequest) -> HttpResponse:
    """End the session on a device that others use, and leave nothing of this person to the next.

    `waiting` is how many pieces of progress the device could not send, of whomever; only when there are none is its
    storage emptied. Without the script nothing is known of it, and it is left alone: it is kept apart by person.
    """
    is_empty = request.POST.get("waiting") == "0"
    response = _leave(request, "lms:sign_in", '"cache", "storage"' if is_empty else '"cache"')
    devices.stay_shared(response)
    messages.success(request, _("Listo. Ahora puede entrar otra persona."))
    return response
