"""Finding pairs of records that may be of one person, for a whole country or for one record.

Nobody is compared with everybody: records meet only where they share a key (a birth date, a name's sound, two words of
it in one town hall, a mailbox, a number but for one slip). A key that too many share says nothing by itself and is left
out. Numbers of identity are decrypted in memory for the comparison and are gone with it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import combinations
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import Appointment, DuplicatePair, Job, Person

from . import duplicates, identity, jobs, likeness, people
from .errors import RuleBroken
from .likeness import Traits

FIND = "lms.find_duplicates"
EVERYBODY = "everybody"
# More than so many records under one key: they share a habit (a first of January), not a person.
CROWD = 60
# A list that nobody can read to its end helps nobody: the likeliest come first.
MOST_PAIRS = 5000
COLUMNS = ("pk", "name_sound", "born_on", "phone", "email", "cui_encrypted")
STAGE_READ, STAGE_COMPARE, STAGE_WRITE = "read", "compare", "write"

Found = dict[tuple[int, int], tuple[int, list[str]]]


def ask(*, by: Person | None) -> Job:
    """Ask for a search over everybody. Raises `merge.not_allowed`."""
    duplicates.assert_may(by)
    return jobs.request(FIND, EVERYBODY, by=by)


@jobs.performs(FIND)
def perform(claim: jobs.Claim) -> None:
    """Compare everybody, and let the open suggestions be exactly what was found."""
    claim.progress(0, 3, STAGE_READ)
    everybody = read(Person.objects.all())
    claim.progress(1, 3, STAGE_COMPARE)
    found = find(everybody)
    claim.progress(2, 3, STAGE_WRITE)
    with transaction.atomic():
        claim.assert_held()
        write(found, among=DuplicatePair.objects.all())


@jobs.lets_cancel(FIND)
def stop(job: Job) -> None:
    """The suggestions stay those of the last search."""


def suggest_for(*, person: Person, by: Person | None) -> list[DuplicatePair]:
    """Search for other records of one person now; returns the open pairs, likeliest first. Raises as `ask`.

    Raises `merge.already_merged` for a record that another one took in.
    """
    duplicates.assert_may(by)
    people.assert_may_change(person, by)
    if person.merged_into_id:
        raise RuleBroken("merge.already_merged", _("Este registro ya está unido a otro. Busque el que quedó."))
    near = Person.objects.filter(_near(person)).exclude(pk=person.pk).order_by("pk").values_list("pk", flat=True)
    others = read(Person.objects.filter(pk__in=list(near[: 20 * CROWD])))
    sharing = Counter({person.name_sound: Person.objects.standing().filter(name_sound=person.name_sound).count()})
    mine = read(Person.objects.filter(pk=person.pk))
    found = dict(_judged(((one, other) for one in mine for other in others), sharing))
    either = DuplicatePair.objects.filter(Q(first=person) | Q(second=person))
    with transaction.atomic():
        write(found, among=either)
    return list(either.filter(state=DuplicatePair.State.OPEN).select_related("first", "second"))


def read(chosen) -> list[Traits]:
    """What is compared of these people, without those who were merged or erased."""
    rows = list(chosen.filter(merged_into=None, erased_at=None).order_by("pk").values(*COLUMNS))
    held = Appointment.objects.filter(refused_at=None, person__in=chosen.values("pk"))
    places: dict[int, set[int]] = defaultdict(set)
    for person_id, municipality_id in held.values_list("person_id", "municipality_id"):
        places[person_id].add(municipality_id)
    return [
        Traits(
            pk=row["pk"],
            name_sound=row["name_sound"],
            born_on=row["born_on"],
            phone=row["phone"] or "",
            email=row["email"] or "",
            places=frozenset(places.get(row["pk"], ())),
            cui=identity.decrypt_cui(row["cui_encrypted"]) if row["cui_encrypted"] else "",
        )
        for row in rows
    ]


def find(everybody: list[Traits]) -> Found:
    """The pairs worth a look."""
    sharing = Counter(one.name_sound for one in everybody)
    return dict(_judged(_meetings(everybody), sharing))


def write(found: Found, *, among) -> None:
    """Let the open pairs of `among` be those `found`; what was decided stays decided."""
    best = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_PAIRS]
    known = {(pair.first_id, pair.second_id): pair for pair in among.select_for_update()}
    now = timezone.now()
    fresh, changed = [], []
    for (first, second), (score, reasons) in best:
        pair = known.pop((first, second), None)
        if pair is None:
            fresh.append(DuplicatePair(first_id=first, second_id=second, score=score, reasons=reasons, found_at=now))
        elif (pair.score, pair.reasons) != (score, reasons):
            pair.score, pair.reasons = score, reasons
            changed.append(pair)
    gone = [pair.pk for pair in known.values() if pair.state == DuplicatePair.State.OPEN]
    for start in range(0, len(gone), 500):
        DuplicatePair.objects.filter(pk__in=gone[start : start + 500]).delete()
    DuplicatePair.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    DuplicatePair.objects.bulk_update(changed, ["score", "reasons"], batch_size=500)


def _judged(meetings: Iterable[tuple[Traits, Traits]], sharing: Counter) -> Iterator[tuple[tuple[int, int], Any]]:
    for one, other in meetings:
        score, reasons = likeness.compare(one, other, sharing_name=sharing[one.name_sound])
        if score >= likeness.WORTH_A_LOOK:
            yield (min(one.pk, other.pk), max(one.pk, other.pk)), (score, reasons)


def _meetings(everybody: list[Traits]) -> Iterator[tuple[Traits, Traits]]:
    """Every two who share a key, once."""
    by_pk = {one.pk: one for one in everybody}
    met: set[tuple[int, int]] = set()
    for block in (*_blocks(everybody), *_slips(everybody)):
        for pair in combinations(sorted(block), 2):
            if pair not in met:
                met.add(pair)
                yield by_pk[pair[0]], by_pk[pair[1]]


def _blocks(everybody: list[Traits]) -> list[list[int]]:
    """Records under each key, less the crowds and the lonely."""
    blocks: dict[Hashable, list[int]] = defaultdict(list)
    for one in everybody:
        for key in _keys(one):
            blocks[key].append(one.pk)
    return [block for block in blocks.values() if 2 <= len(block) <= CROWD]


def _keys(one: Traits) -> set[Hashable]:
    words = one.name_sound.split()
    keys: set[Hashable] = {("name", one.name_sound)}
    keys |= {("name", one.name_sound, place) for place in one.places}
    if one.born_on:
        keys |= {("born", one.born_on), *(("born", one.born_on, word) for word in words)}
        keys.add(("turned", one.born_on.year, frozenset((one.born_on.month, one.born_on.day)), one.name_sound))
    pairs = combinations(sorted(set(words)), 2)
    keys |= {("words", place, pair) for pair in pairs for place in one.places}
    if one.email:
        keys.add(("mail", likeness.mailbox(one.email)))
    return keys


def _slips(everybody: list[Traits]) -> Iterator[list[int]]:
    """Records whose CUI or phone are equal but for one slip. Place by place, so that memory holds one key a record."""
    for name in ("cui", "phone"):
        owners = {getattr(one, name): one.pk for one in everybody if getattr(one, name)}
        for place in range(max(map(len, owners), default=0)):
            masked: dict[str, list[int]] = defaultdict(list)
            for digits, pk in owners.items():
                masked[f"{digits[:place]}*{digits[place + 1 :]}"].append(pk)
            yield from (block for block in masked.values() if 2 <= len(block) <= CROWD)
        yield from _swapped(owners)


def _swapped(owners: dict[str, int]) -> Iterator[list[int]]:
    """Pairs whose numbers are equal but for two digits that changed places: they share their digits, sorted."""
    for digits, pk in owners.items():
        for first, second in combinations(range(len(digits)), 2):
            if digits[first] < digits[second]:
                middle = digits[first + 1 : second]
                other = f"{digits[:first]}{digits[second]}{middle}{digits[first]}{digits[second + 1 :]}"
                if other in owners:
                    yield [pk, owners[other]]


def _near(person: Person) -> Q:
    """Whom one record is compared with, as a question to the database; a number's slips are asked by their digests."""
    near = Q(name_sound=person.name_sound)
    if person.born_on:
        near |= Q(born_on=person.born_on)
    if person.phone:
        near |= Q(phone__in=[*likeness.slips_of(person.phone)])
    if person.email:
        near |= Q(email__istartswith=person.email[:4])
    if person.cui_encrypted:
        digits = identity.decrypt_cui(person.cui_encrypted)
        near |= Q(cui_digest__in=[identity.cui_digest(other) for other in likeness.slips_of(digits)])
    places = Appointment.objects.filter(person=person, refused_at=None).values("municipality")
    there = Appointment.objects.filter(refused_at=None, municipality__in=places).values("person")
    for one, other in combinations(person.name_sound.split(), 2):
        near |= Q(pk__in=there, name_sound__contains=one) & Q(name_sound__contains=other)
    return near
