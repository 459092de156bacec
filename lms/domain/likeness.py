"""How much two records look like one person, from 0 to 100, and why. Pure: nothing is read or written here.

The numbers weigh what people in the country share: a common name says little, the same name and birth date a lot, two
numbers of identity that differ in more than a slip of the hand speak against. What `WORTH_A_LOOK` reaches is suggested.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

WORTH_A_LOOK = 50
WEIGHTS = {
    "cui_near": 45,
    "name_same": 35,
    "name_near": 22,
    "name_rare": 15,
    "born_same": 30,
    "born_near": 12,
    "place_same": 15,
    "phone_near": 15,
    "email_near": 15,
    "born_differs": -25,
    "cui_differs": -40,
}
RARE = 3  # records that sound alike in the whole country
TYPED_FOR = {"gmial.com": "gmail.com", "gmal.com": "gmail.com", "gmail.co": "gmail.com", "hotmial.com": "hotmail.com"}


@dataclass(frozen=True)
class Traits:
    """What is compared of a record. `cui` is in clear and must not leave the memory of whoever compares."""

    pk: int
    name_sound: str
    born_on: date | None = None
    phone: str = ""
    email: str = ""
    places: frozenset[int] = frozenset()
    cui: str = field(default="", repr=False)


def compare(one: Traits, other: Traits, *, sharing_name: int = RARE + 1) -> tuple[int, list[str]]:
    """The score and the codes of what was found, heaviest first. `sharing_name` people sound like `one`."""
    found = [*_numbers(one, other), *_names(one, other, sharing_name), *_days(one.born_on, other.born_on)]
    if one.places & other.places:
        found.append("place_same")
    if one.phone and other.phone and is_slip(one.phone, other.phone):
        found.append("phone_near")
    if one.email and other.email and mailbox(one.email) == mailbox(other.email):
        found.append("email_near")
    found.sort(key=lambda code: -abs(WEIGHTS[code]))
    return max(0, min(100, sum(WEIGHTS[code] for code in found))), found


def is_slip(one: str, other: str) -> bool:
    """Whether two numbers of the same length are equal but for one digit, or for two that changed places."""
    if len(one) != len(other):
        return False
    at = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(at) == 2:
        first, second = at
        return one[first] == other[second] and one[second] == other[first]
    return len(at) < 2


def slips_of(digits: str) -> Iterator[str]:
    """Every number that differs from `digits` by one digit or by two that changed places."""
    for place, own in enumerate(digits):
        yield from (f"{digits[:place]}{digit}{digits[place + 1 :]}" for digit in "0123456789" if digit != own)
    for first, second in combinations(range(len(digits)), 2):
        if digits[first] != digits[second]:
            swapped = list(digits)
            swapped[first], swapped[second] = swapped[second], swapped[first]
            yield "".join(swapped)


def mailbox(email: str) -> str:
    """An address without what people mistype: dots, what follows a plus, and where it is for the big houses."""
    local, _at, house = email.lower().partition("@")
    house = TYPED_FOR.get(house, house)
    kept = local.partition("+")[0].replace(".", "")
    return f"{kept}@{house}"


def words_match(one: str, other: str) -> bool:
    """Whether two names that sound otherwise may be one: all words of the shorter, two at least, are in the longer.

    A word of four letters or more may differ by one letter.
    """
    shorter, longer = sorted((one.split(), other.split()), key=len)
    if len(shorter) < 2:
        return False
    left, missing = list(longer), []
    for word in shorter:
        if word in left:
            left.remove(word)
        else:
            missing.append(word)
    if not missing:
        return True
    return len(missing) == 1 and any(_one_letter(missing[0], word) for word in left)


def _one_letter(one: str, other: str) -> bool:
    """Whether one letter was added, left out, written for another, or changed places with its neighbour."""
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > 1:
        return False
    head = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[head:], other[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def _numbers(one: Traits, other: Traits) -> list[str]:
    if not one.cui or not other.cui:
        return []
    return ["cui_near" if is_slip(one.cui, other.cui) else "cui_differs"]


def _names(one: Traits, other: Traits, sharing_name: int) -> list[str]:
    if one.name_sound == other.name_sound:
        is_rare = sharing_name <= RARE and len(one.name_sound.split()) >= 3
        return ["name_same", "name_rare"] if is_rare else ["name_same"]
    return ["name_near"] if words_match(one.name_sound, other.name_sound) else []


def _days(one: date | None, other: date | None) -> list[str]:
    if one is None or other is None:
        return []
    if one == other:
        return ["born_same"]
    return ["born_near" if is_slip(f"{one:%Y%m%d}", f"{other:%Y%m%d}") or _turned(one, other) else "born_differs"]


def _turned(one: date, other: date) -> bool:
    """Day and month written the other way round."""
    return (one.year, one.month, one.day) == (other.year, other.day, other.month)
