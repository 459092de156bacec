"""Coming in by a code: one that is sent, or one that Human Resources handed over."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lms.domain import access
from lms.domain.errors import RuleBroken
from lms.forms.access import AskCodeForm, GiveCodeForm, RecoveryForm

from . import devices, limits
from .signing import TOO_MANY, draw, enter, safe_next

ASKED = "access_code"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """Ask for a code by telephone or e-mail. The answer is the same whether anybody has the identifier or not."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = AskCodeForm(request.POST or None, is_shared=devices.is_shared(request))
    if not form.is_valid():
        return draw(request, "lms/code_ask.html", form, 422 if form.is_bound else 200)
    data, address = form.cleaned_data, limits.line_asking(request)
    if not limits.may_ask_code(address, data["identifier"]):
        form.add_error(None, _("Se pidieron muchos códigos. Espere una hora, o entre con su contraseña."))
        return draw(request, "lms/code_ask.html", form, TOO_MANY)
    may_send = limits.may_send_code(address, data["identifier"], access.find_person(data["identifier"]))
    # Nobody has the empty identifier: the same steps, and nothing is sent.
    code = access.request_code(identifier=data["identifier"] if may_send else "", channel=data["channel"])
    onward = safe_next(request)
    request.session[ASKED] = {"id": str(code.public_id), "next": onward, "is_shared": data["is_shared"]}
    return redirect("lms:give_code")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def give_code(request: HttpRequest) -> HttpResponse:
    """Type the code that came. Only the browser that asked for it can use it."""
    asked = request.session.get(ASKED)
    if request.user.is_authenticated or not asked:
        return redirect("lms:sign_in")
    form = GiveCodeForm(request.POST or None)
    if not form.is_valid():
        return draw(request, "lms/code_give.html", form, 422 if form.is_bound else 200)
    address = limits.line_asking(request)
    if not limits.REDEEM_BY_ADDRESS.take(address):
        form.add_error(None, _("Hubo demasiados intentos. Espere 15 minutos y pruebe de nuevo."))
        return draw(request, "lms/code_give.html", form, TOO_MANY)
    try:
        person = access.redeem_code(public_id=asked["id"], typed=form.cleaned_data["code"])
    except RuleBroken as broken:
        form.add_error("code", broken.message)
        return draw(request, "lms/code_give.html", form, 422)
    limits.REDEEM_BY_ADDRESS.give_back(address)
    del request.session[ASKED]
    return enter(request, person, method="code", is_shared=asked["is_shared"], onward=asked["next"])


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def recover(request: HttpRequest) -> HttpResponse:
    """A code that Human Resources handed over, and a new password: one page, so that nothing waits half done."""
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    form = RecoveryForm(request.POST or None, is_shared=devices.is_shared(request))
    if not form.is_valid():
        return draw(request, "lms/recovery.html", form, 422 if form.is_bound else 200)
    data, address = form.cleaned_data, limits.line_asking(request)
    key = limits.identifier_key(data["identifier"])
    if not (limits.RECOVERY_BY_IDENTIFIER.take(key) and limits.RECOVERY_BY_ADDRESS.take(address)):
        form.add_error(None, _("Hubo demasiados intentos. Espere 15 minutos y pruebe de nuevo."))
        return draw(request, "lms/recovery.html", form, TOO_MANY)
    try:
        person = access.redeem_recovery_code(
            identifier=data["identifier"], typed=data["code"], password=data["password"]
        )
    except RuleBroken as broken:
        form.add_broken(broken)
        return draw(request, "lms/recovery.html", form, 422)
    limits.RECOVERY_BY_ADDRESS.give_back(address)
    limits.RECOVERY_BY_IDENTIFIER.forget(key)
    messages.success(request, _("Su contraseña nueva quedó guardada. En otros teléfonos su sesión terminó."))
    return enter(request, person, method="code", is_shared=data["is_shared"], onward=safe_next(request))
