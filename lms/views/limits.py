"""Who asks, and how often they may."""

from ipaddress import IPv4Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from lms.domain import identity, tries
from lms.domain.errors import RuleBroken
from lms.domain.tries import Limit
from lms.models import Person

QUARTER = 15 * 60
HOUR = 60 * 60
# Passwords: strangers' tries for one identifier, tries on a device that its owner came in on before, and how many
# different identifiers one address failed for (a town hall of 300, each mistaken once, is no attack).
SIGN_IN_BY_IDENTIFIER = Limit("sign-in-identifier", most=10, seconds=QUARTER)
SIGN_IN_BY_DEVICE = Limit("sign-in-device", most=10, seconds=QUARTER)
SIGN_IN_BY_ADDRESS = Limit("sign-in-address", most=300, seconds=QUARTER)
SIGN_IN_BY_PAIR = Limit("sign-in-pair", most=10, seconds=QUARTER)
# Codes that are sent cost money and patience: few for one identifier from one address, and in all so many that no
# address alone can spend somebody's; enough for a town hall at eight o'clock. The third is by person and is not told,
# or it would say which identifiers are one person's.
CODE_BY_PAIR = Limit("code-pair", most=5, seconds=HOUR)
CODE_BY_IDENTIFIER = Limit("code-identifier", most=20, seconds=HOUR)
CODE_BY_PERSON_FROM = Limit("code-person-from", most=6, seconds=HOUR)
CODE_BY_ADDRESS = Limit("code-address", most=300, seconds=QUARTER)
# A wrong code; a right one is given back.
REDEEM_BY_ADDRESS = Limit("redeem-address", most=300, seconds=QUARTER)
# Codes of Human Resources, and those who hand them out.
RECOVERY_BY_IDENTIFIER = Limit("recovery-identifier", most=10, seconds=QUARTER)
RECOVERY_BY_ADDRESS = Limit("recovery-address", most=60, seconds=QUARTER)
HANDED_BY_DELEGATE = Limit("handed-delegate", most=30, seconds=HOUR)
REGISTER_BY_ADDRESS = Limit("register-address", most=300, seconds=QUARTER)
# Answers that say that somebody has an account: few, or lists of numbers could be tried.
TAKEN_BY_ADDRESS = Limit("taken-address", most=30, seconds=QUARTER)
TAKEN_BY_PERSON = Limit("taken-person", most=10, seconds=QUARTER)
# Looking for somebody by a number of theirs: those that nobody has.
FOUND_BY_PERSON = Limit("found-person", most=30, seconds=QUARTER)
# Questions under lessons, which a person answers.
ASKED_BY_PERSON = Limit("asked-person", most=20, seconds=HOUR)
TAKEN = frozenset({"person.cui_taken", "person.email_taken", "person.phone_taken"})


def give_back_unless_taken(limit: Limit, key: str, broken: RuleBroken) -> None:
    """Uncount a try whose answer told nothing about others."""
    if broken.code not in TAKEN:
        limit.give_back(key)


class PasswordTry:
    """One try of a password, counted before it is made and given back when it was right.

    On a device where the person came in before, only that device's own tries count: nobody can lock them out from
    elsewhere, and a device says nothing about anybody else. Elsewhere the identifier counts, whoever asks, and for the
    address each identifier counts once, however often it was mistyped. The identifiers of one person count as one:
    with CUI, phone and e-mail a guesser would have three times the tries.
    """

    def __init__(self, address: str, identifier: str, device: str, person: Person | None) -> None:
        self.address, self.device = line_of(address), device
        self.key = f"person:{person.pk}" if person else identifier_key(identifier)
        self._pair = f"{self.address}|{self.key}"

    def take(self) -> bool:
        """Count it; False when there were too many."""
        if self.device:
            return SIGN_IN_BY_DEVICE.take(self.device)
        if not SIGN_IN_BY_IDENTIFIER.take(self.key):
            return False
        if SIGN_IN_BY_PAIR.count(self._pair) > 1:
            return not SIGN_IN_BY_ADDRESS.is_spent(self.address)
        return SIGN_IN_BY_ADDRESS.take(self.address)

    def succeeded(self) -> None:
        """Uncount it, and what was mistyped before it."""
        if self.device:
            SIGN_IN_BY_DEVICE.forget(self.device)
            return
        tries.settle(
            forget=[(SIGN_IN_BY_IDENTIFIER, self.key), (SIGN_IN_BY_PAIR, self._pair)],
            give_back=[(SIGN_IN_BY_ADDRESS, self.address)],
        )


def may_ask_code(address: str, identifier: str) -> bool:
    """Count one request for a code; False when there were too many. What the pair refuses spends nothing else."""
    key, where = identifier_key(identifier), line_of(address)
    pair = CODE_BY_PAIR.take(f"{where}|{key}")
    return pair and CODE_BY_ADDRESS.take(where) and CODE_BY_IDENTIFIER.take(key)


def may_send_code(address: str, identifier: str, person: Person | None) -> bool:
    """Count one code to this person from this address, whichever of their identifiers was typed."""
    whose = str(person.public_id) if person else identifier_key(identifier)
    return CODE_BY_PERSON_FROM.take(f"{line_of(address)}|{whose}")


def line_of(address: str) -> str:
    """What one subscriber holds: an IPv4 address, or the 2^64 addresses of IPv6 that go with one line."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address) or found.ipv4_mapped:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(ip_network((found.packed[:8] + bytes(8), 64)))


def line_asking(request: HttpRequest) -> str:
    """The line that a request comes from, as limits count it."""
    return line_of(client_address(request))


def client_address(request: HttpRequest) -> str:
    """The address that our outermost proxy saw; what a client writes itself into X-Forwarded-For is not believed."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return hops[-trusted]
    return request.META.get("REMOTE_ADDR", "")


def identifier_key(identifier: str) -> str:
    """An identifier however it was typed: `5555-1234` and `+502 5555 1234` count as one."""
    if "@" in identifier:
        return identifier.strip().casefold()
    digits = identity.digits_of(identifier)
    return digits[3:] if len(digits) == 11 and digits.startswith("502") else digits
