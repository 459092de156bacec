"""Finding one's network, and asking to join it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.domain import networks, people
from lms.domain.errors import RuleBroken
from lms.forms.networks import JoinForm
from lms.models import GuardianConsent, Membership, Network

JOIN_PAGE = "lms/network_join.html"


@require_safe
def choice(request: HttpRequest) -> HttpResponse:
    """Every network, each leading to where one asks to join it."""
    return render(request, "lms/network_choice.html", {"networks": Network.objects.all()})


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What a network is; whoever signed in asks to join it, the others learn how to."""
    network = get_object_or_404(Network, public_id=public_id)
    if not request.user.is_authenticated:
        if request.method == "POST":
            return redirect_to_login(request.path)
        return render(request, JOIN_PAGE, {"network": network})
    invitation = Membership.objects.invited().filter(person=request.user, network=network).first()
    initial = {"municipality": invitation.municipality_id} if invitation else {}
    form = JoinForm(request.POST or None, person=request.user, places=networks.places_of(network), initial=initial)
    if _lacks_guardian(request):
        return redirect(f"{reverse('lms:guardian_consent')}?{urlencode({'next': request.path})}")
    if form.is_valid():
        try:
            place = form.cleaned_data["municipality"]
            membership = networks.ask_to_join(person=request.user, network=network, municipality=place)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return _asked(request, membership)
    mine = Membership.objects.open().filter(person=request.user, network=network).select_related("municipality")
    context = {"network": network, "form": form, "membership": mine.first(), "invitation": invitation}
    return render(request, JOIN_PAGE, context, status=422 if form.is_bound else 200)


def _lacks_guardian(request: HttpRequest) -> bool:
    """Whether a minor has first to say who authorises; one that was withdrawn has to be written anew."""
    if not people.is_minor(request.user.born_on):
        return False
    return not GuardianConsent.objects.filter(person=request.user, withdrawn_at=None).exists()


def _asked(request: HttpRequest, membership: Membership) -> HttpResponse:
    if membership.confirmed_at:
        text = _("Usted ya está en la red «%(network)s».")
        messages.success(request, text % {"network": membership.network.name})
        return redirect("lms:account")
    text = _("Su solicitud a «%(network)s» está en espera. Ya puede aprender: le avisaremos en «Mi cuenta».")
    messages.success(request, text % {"network": membership.network.name})
    if people.is_minor(request.user.born_on):
        return redirect("lms:guardian_consent")
    return redirect("lms:account")


@login_required
@require_POST
def withdraw_request(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask no longer to join a network, or decline to."""
    own = Membership.objects.filter(person=request.user, left_on=None, confirmed_at=None)
    membership = get_object_or_404(own.select_related("network", "person"), network__public_id=public_id)
    verb, said = networks.withdraw_request, _("Retiró su solicitud.")
    if membership.invited_at:
        verb, said = networks.decline, _("No aceptó la invitación. Si cambia de idea, puede pedir unirse.")
    try:
        verb(membership=membership, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, said)
    return redirect("lms:account")
