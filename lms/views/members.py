"""The members of a network, for whoever looks after them: coordinators of the network, and ANAM."""

from collections.abc import Callable
from functools import partial, wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import permissions
from lms.backends import find_person
from lms.domain import guardians, members, networks, people
from lms.domain.errors import RuleBroken
from lms.forms.networks import AddMemberForm
from lms.models import Membership, Network, Person

from . import limits
from .guardians import consent_of, draw_sheet
from .signing import TOO_MANY

PAGE_SIZE = 50
READS_AND_WRITES = ["GET", "HEAD", "POST"]


def network_or_404(request: HttpRequest, public_id: UUID) -> Network:
    """A network whose members the person looks after."""
    return get_object_or_404(networks.in_care_of(request.user), public_id=public_id)


def member_or_404(request: HttpRequest, public_id: UUID, person_id: UUID) -> Membership:
    """A member, or somebody who asks to be one, of such a network."""
    network = network_or_404(request, public_id)
    found = Membership.objects.open().select_related("network", "person", "municipality__department")
    return get_object_or_404(found, network=network, person__public_id=person_id, person__is_active=True)


def _of_member(view: Callable) -> Callable:
    """A view of one member: signed in, found within one's networks."""

    @login_required
    @wraps(view)
    def found(request: HttpRequest, public_id: UUID, person_id: UUID) -> HttpResponse:
        return view(request, member_or_404(request, public_id, person_id))

    return found


@login_required
@require_http_methods(READS_AND_WRITES)
def listing(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Requests to answer, the members, and a form to take in somebody by a number of theirs."""
    network = network_or_404(request, public_id)
    form = AddMemberForm(request.POST or None, places=networks.places_of(network))
    status = 200
    if form.is_valid():
        status = _add(request, network, form)
        if status == 302:
            return redirect("lms:network_members", network.public_id)
    elif form.is_bound:
        status = 422
    page = Paginator(members.of(network), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "network": network,
        "form": form,
        "page_obj": page,
        "requests": members.requests_of(network),
        "takes_in": permissions.nationwide(request.user, "manage_networks"),
    }
    return render(request, "lms/network_members.html", context, status=status)


def _add(request: HttpRequest, network: Network, form: AddMemberForm) -> int:
    """The status of the answer. A coordinator is answered the same whether somebody has the number or nobody."""
    key = str(request.user.public_id)
    if not limits.FOUND_BY_PERSON.take(key):
        form.add_error(None, _("Escribió muchos números. No se envió nada. Espere 15 minutos y pruebe de nuevo."))
        return TOO_MANY
    person = find_person(form.cleaned_data["identifier"])
    person = person if person and person.is_active else None
    if not permissions.nationwide(request.user, "manage_networks"):
        return _invite(request, network, form, person)
    if person is None:
        form.add_error("identifier", _("Nadie tiene ese CUI, correo o teléfono. Pida a la persona que se registre."))
        return 422
    try:
        networks.join(person=person, network=network, municipality=form.cleaned_data["municipality"], by=request.user)
    except RuleBroken as broken:
        form.add_broken(broken)
        return 422
    messages.success(request, _("%(name)s ya está en la red.") % {"name": person.full_name})
    return 302


def _invite(request: HttpRequest, network: Network, form: AddMemberForm, person: Person | None) -> int:
    if person is not None:
        municipality = form.cleaned_data["municipality"]
        try:
            networks.invite(person=person, network=network, municipality=municipality, by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
            return 422
    said = _(
        "Si alguien tiene ese CUI, correo o teléfono, verá su invitación en «Mi cuenta» y decide si entra. "
        "Quien tiene menos de 18 años debe pedirlo."
    )
    messages.success(request, said)
    return 302


@_of_member
@require_safe
def member(request: HttpRequest, membership: Membership) -> HttpResponse:
    """What may be done about one member. Of a minor nothing is shown but name, municipality and who authorises."""
    is_minor = people.is_minor(membership.person.born_on)
    consent = consent_of(membership.person) if is_minor else None
    context = {
        "membership": membership,
        "is_minor": is_minor,
        "consent": consent,
        "may_undo": consent is not None and guardians.may_undo(consent, request.user),
        "is_own": membership.person == request.user,
        "may_choose": permissions.nationwide(request.user, "manage_networks"),
    }
    return render(request, "lms/network_member.html", context)


def _do(request: HttpRequest, membership: Membership, said: str, verb: Callable) -> HttpResponse:
    """Call a verb, tell what came of it, and go back: to the person while they are there, else to the list."""
    try:
        verb(by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, said % {"name": membership.person.full_name})
    if Membership.objects.open().filter(pk=membership.pk).exists():
        return redirect("lms:network_member", membership.network.public_id, membership.person.public_id)
    return redirect("lms:network_members", membership.network.public_id)


def _asked_or_404(membership: Membership) -> None:
    if membership.confirmed_at:
        raise Http404


def _member_or_404(membership: Membership) -> None:
    if not membership.confirmed_at:
        raise Http404


def _minor_or_404(membership: Membership) -> None:
    if not people.is_minor(membership.person.born_on) or consent_of(membership.person) is None:
        raise Http404


@_of_member
@require_POST
def accept(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Take in somebody who asked."""
    _asked_or_404(membership)
    said = _("%(name)s ya está en la red.")
    return _do(request, membership, said, partial(networks.accept, membership=membership))


@_of_member
@require_http_methods(READS_AND_WRITES)
def refuse(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask once, then do not take in somebody who asked."""
    _asked_or_404(membership)
    if request.method == "POST":
        said = _("La solicitud de %(name)s quedó rechazada.")
        return _do(request, membership, said, partial(networks.refuse, membership=membership))
    return render(request, "lms/network_refuse.html", {"membership": membership})


@_of_member
@require_http_methods(READS_AND_WRITES)
def end(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask once, then end a membership."""
    _member_or_404(membership)
    if request.method == "POST":
        said = _("%(name)s ya no es integrante de la red.")
        return _do(request, membership, said, partial(networks.leave, membership=membership))
    return render(request, "lms/network_end.html", {"membership": membership})


@_of_member
@require_POST
def coordinate(request: HttpRequest, membership: Membership) -> HttpResponse:
    """An administrator says who coordinates."""
    _member_or_404(membership)
    if not permissions.allows(request.user, "manage_networks"):
        raise PermissionDenied("manage_networks")
    is_coordinator = request.POST.get("is_coordinator") == "1"
    said = _("%(name)s coordina la red.") if is_coordinator else _("%(name)s ya no coordina la red.")
    verb = partial(networks.choose_coordinator, membership=membership, is_coordinator=is_coordinator)
    return _do(request, membership, said, verb)


@_of_member
@require_POST
def confirm_consent(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The signed paper is here."""
    _minor_or_404(membership)
    said = _("Quedó anotado que el permiso de %(name)s está firmado y en sus manos.")
    return _do(request, membership, said, partial(guardians.confirm, person=membership.person))


@_of_member
@require_POST
def undo_consent(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The confirmation was a mistake."""
    _minor_or_404(membership)
    said = _("El permiso de %(name)s vuelve a estar en espera.")
    return _do(request, membership, said, partial(guardians.undo, person=membership.person))


@_of_member
@require_http_methods(READS_AND_WRITES)
def withdraw_consent(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask once, then note that the guardian takes the consent back."""
    _minor_or_404(membership)
    if request.method == "POST":
        everywhere = permissions.nationwide(request.user, networks.ACTION)
        said = (
            _("El permiso de %(name)s quedó retirado. Ya no participa en redes.")
            if everywhere
            else _("Quedó anotado el retiro. %(name)s ya no participa en las redes que usted coordina.")
        )
        return _do(request, membership, said, partial(guardians.withdraw, person=membership.person))
    return render(request, "lms/guardian_withdraw.html", {"membership": membership})


@_of_member
@require_safe
def sheet(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The permission to print for a member."""
    _minor_or_404(membership)
    return draw_sheet(request, membership.person)
