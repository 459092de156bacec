"""Opening one's own record: grown-ups, then their post or network; minors, with less and with who authorises."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lms.domain import guardians, people
from lms.domain.errors import RuleBroken
from lms.forms.registering import Link, MinorForm, RegistrationForm
from lms.models import Person

from . import limits
from .signing import TOO_MANY, draw, safe_next

PAGE, MINORS_PAGE = "lms/register.html", "lms/register_minor.html"
# What a minor need not type again who began on the page of the grown-ups; their number is not taken along.
TAKEN_ALONG = ("given_names", "surnames", "born_on", "phone", "email", "next")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Open one's own record and go on, signed in, to one's post or one's network."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    initial = {"link": Link.NETWORK} if _came_from_network(request) else None
    form = RegistrationForm(request.POST or None, initial=initial)
    if not form.is_valid():
        if form.has_error("born_on", "person.minor"):
            return _ask_for_less(request)
        return draw(request, PAGE, form, 422 if form.is_bound else 200)
    person, answer = _opened(request, form, PAGE, _register)
    if not person:
        return answer
    messages.success(request, _("Su cuenta está lista."))
    is_of_network = form.cleaned_data["link"] == Link.NETWORK
    onward = _network_page(request) if is_of_network else "lms:appointment_new"
    return redirect(_with_next(request, onward))


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register_minor(request: HttpRequest) -> HttpResponse:
    """Open a minor's own record, and go on to their network."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = MinorForm(request.POST or None)
    if not form.is_valid():
        return draw(request, MINORS_PAGE, form, 422 if form.is_bound else 200)
    person, answer = _opened(request, form, MINORS_PAGE, lambda data: guardians.register_minor(**data))
    if not person:
        return answer
    messages.success(request, _("Su cuenta está lista. Ya puede aprender."))
    return redirect(_with_next(request, _network_page(request)))


def _ask_for_less(request: HttpRequest) -> HttpResponse:
    """The minors' page with what was typed, less what they are not asked."""
    kept = {name: value for name, value in request.POST.items() if name in TAKEN_ALONG}
    form = MinorForm(initial=kept)
    form.is_taken_along = True
    return draw(request, MINORS_PAGE, form, 422)


def _opened(request: HttpRequest, form, page: str, verb) -> tuple[Person | None, HttpResponse | None]:
    """The new person, signed in; or the page again with what was refused."""
    address = limits.line_asking(request)
    if not (limits.REGISTER_BY_ADDRESS.take(address) and limits.TAKEN_BY_ADDRESS.take(address)):
        form.add_error(None, _("Hubo demasiados registros desde aquí. Espere 15 minutos y pruebe de nuevo."))
        return None, draw(request, page, form, TOO_MANY)
    try:
        person = verb(form.cleaned_data)
    except RuleBroken as broken:
        limits.give_back_unless_taken(limits.TAKEN_BY_ADDRESS, address, broken)
        form.add_broken(broken)
        return None, draw(request, page, form, 422)
    limits.TAKEN_BY_ADDRESS.give_back(address)
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return person, None


def _register(data: dict) -> Person:
    names = ("given_names", "surnames", "password", "cui", "email", "phone", "born_on", "language")
    return people.register(**{name: data[name] for name in names})


def _network_page(request: HttpRequest) -> str:
    """Where to choose one's network; nothing when the request came from the page of one."""
    return "" if _came_from_network(request) else "lms:network_choice"


def _came_from_network(request: HttpRequest) -> bool:
    return safe_next(request, default="").startswith("/redes/")


def _with_next(request: HttpRequest, onward: str) -> str:
    asked = safe_next(request)
    return f"{reverse(onward)}?{urlencode({'next': asked})}" if onward else asked
