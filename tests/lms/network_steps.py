"""Networks for tests: somebody asks to join, and the addresses of the members' pages."""

from django.urls import reverse

from lms.domain import networks
from lms.domain.errors import RuleBroken
from lms.models import Membership, Municipality, Network
from tests.factories.people import a_person


def code_of(verb, **arguments) -> str:
    try:
        verb(**arguments)
    except RuleBroken as broken:
        return broken.code
    return ""


def home() -> Municipality:
    return Municipality.objects.get(code="1413")


def asks(network: Network, **fields) -> Membership:
    """Somebody who asks to join."""
    return networks.ask_to_join(person=a_person(**fields), network=network, municipality=home())


def members_page(network: Network, person=None, name: str = "network_member") -> str:
    arguments = [network.public_id, *([person.public_id] if person else [])]
    return reverse(f"lms:{name if person else 'network_members'}", args=arguments)
