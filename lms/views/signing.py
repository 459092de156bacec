"""Registering, signing in and out."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lms.domain import people
from lms.domain.errors import RuleBroken
from lms.forms import RegistrationForm, SignInForm
from lms.models import Person

from . import limits

TOO_MANY = 429


def safe_next(request: HttpRequest, default: str = settings.LOGIN_REDIRECT_URL) -> str:
    """Where the request asks to go on to, if it is one of our own addresses."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return resolve_url(default) if default else ""


def _draw(request: HttpRequest, template: str, form, status: int) -> HttpResponse:
    asked = safe_next(request, default="")
    return render(request, template, {"form": form, "next": asked}, status=status)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """CUI, e-mail or phone, and a password. Wrong and unknown look and take the same."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = SignInForm(request.POST or None)
    if not form.is_valid():
        return _draw(request, "lms/sign_in.html", form, 422 if form.is_bound else 200)
    address, key = limits.client_address(request), limits.identifier_key(form.cleaned_data["identifier"])
    if not (limits.SIGN_IN_BY_ADDRESS.take(address) and limits.SIGN_IN_BY_IDENTIFIER.take(key)):
        form.add_error(None, _("Hubo demasiados intentos. Espere 15 minutos y pruebe de nuevo."))
        return _draw(request, "lms/sign_in.html", form, TOO_MANY)
    data = form.cleaned_data
    person = authenticate(request, username=data["identifier"], password=data["password"])
    if person is None:
        form.add_error(None, _("Los datos no coinciden. Revise el número o correo y la contraseña."))
        return _draw(request, "lms/sign_in.html", form, 422)
    limits.SIGN_IN_BY_ADDRESS.give_back(address)
    limits.SIGN_IN_BY_IDENTIFIER.forget(key)
    login(request, person)
    if data["is_shared"]:
        request.session.set_expiry(0)
    return redirect(safe_next(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and say so."""
    logout(request)
    messages.success(request, _("Su sesión está cerrada. En este teléfono ya nadie ve sus datos."))
    return redirect("lms:home")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Open one's own record and go on, signed in; grown-ups are asked for their post next."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = RegistrationForm(request.POST or None)
    if not form.is_valid():
        return _draw(request, "lms/register.html", form, 422 if form.is_bound else 200)
    address = limits.client_address(request)
    if not (limits.REGISTER_BY_ADDRESS.take(address) and limits.TAKEN_BY_ADDRESS.take(address)):
        form.add_error(None, _("Hubo demasiados registros desde aquí. Espere 15 minutos y pruebe de nuevo."))
        return _draw(request, "lms/register.html", form, TOO_MANY)
    try:
        person = _register(form.cleaned_data)
    except RuleBroken as broken:
        limits.give_back_unless_taken(limits.TAKEN_BY_ADDRESS, address, broken)
        form.add_broken(broken)
        return _draw(request, "lms/register.html", form, 422)
    limits.TAKEN_BY_ADDRESS.give_back(address)
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return _welcome(request, person)


def _register(data: dict) -> Person:
    is_minor = people.is_minor(data["born_on"])
    return people.register(
        given_names=data["given_names"],
        surnames=data["surnames"],
        password=data["password"],
        cui=data["cui"],
        email=data["email"],
        phone=data["phone"],
        born_on=data["born_on"],
        # Of a minor we keep what they need to sign in, and their age.
        language=None if is_minor else data["language"],
    )


def _welcome(request: HttpRequest, person: Person) -> HttpResponse:
    if people.is_minor(person.born_on):
        permit = _(
            "Su cuenta está lista. Como es menor de edad, quien coordina su red debe guardar el permiso escrito de su "
            "madre, su padre o la persona encargada. No le pediremos más datos."
        )
        messages.warning(request, permit)
        return redirect(safe_next(request))
    messages.success(request, _("Su cuenta está lista."))
    return redirect(f"{reverse('lms:appointment_new')}?{urlencode({'next': safe_next(request)})}")
