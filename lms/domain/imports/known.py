"""Who a row speaks of: the people of a whole stretch of rows, looked up at once, and the rows that came before it."""

from collections import defaultdict
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet

from lms.domain.texts import sound
from lms.models import Appointment, Membership, Municipality, Person, RoleGrant

from .rows import StaffRow


class Seen:
    """Which rows of the list spoke of whom, so that nobody comes in twice by one list."""

    def __init__(self) -> None:
        # By hash alone: the numbers and names of 50,000 people need not stay in memory, and 64 bits do not collide.
        self._numbers: dict[int, int] = {}
        self._names: dict[int, tuple[tuple[int, bool, int, int], ...]] = {}

    def take(self, row: StaffRow) -> None:
        """Compare with the rows before it, and remember it."""
        for name, value, code in (
            ("cui", row.digest, "row.same_person"),
            ("email", row.email, "email.twice"),
            ("phone", row.phone, "phone.twice"),
        ):
            self._once(row, name, value, code)
        if not row.full_name or row.municipality is None:
            return
        key = hash((row.municipality.pk, row.written, row.born_on))
        email, phone = (hash(value) if value else 0 for value in (row.email, row.phone))
        alike = self._names.get(key, ())
        if not row.faulty("cui", "email", "phone"):
            for number, has_cui, their_email, their_phone in alike:
                if (has_cui and row.digest) or _differ(their_email, email, their_phone, phone):
                    continue
                row.fault("", "row.same_person", row=number)
                break
        self._names[key] = (*alike, (row.number, bool(row.digest), email, phone))

    def take_person(self, row: StaffRow, person: Person) -> None:
        """The same for the person that the row was found to speak of."""
        self._once(row, "", person.pk, "row.same_person")

    def _once(self, row: StaffRow, name: str, value: object, code: str) -> None:
        if not value:
            return
        first = self._numbers.setdefault(hash((name, value)), row.number)
        if first != row.number and not row.faulty(name):
            row.fault(name, code, row=first)


class Known:
    """The people, with their appointments, of whom a stretch of rows may speak."""

    def __init__(self, rows: list[StaffRow], reach: QuerySet[Municipality], *, locked: bool = False) -> None:
        """`locked` holds the appointments until the transaction ends."""
        digests = [row.digest for row in rows if row.digest]
        emails = [row.email for row in rows if row.email]
        phones = [row.phone for row in rows if row.phone]
        records = Person.objects.filter(erased_at=None)
        self._by_digest = _survivors({one.cui_digest: one for one in records.filter(cui_digest__in=digests)})
        self._by_email = _survivors({one.email: one for one in records.filter(email__in=emails)})
        self._by_phone = _survivors({one.phone: one for one in records.filter(phone__in=phones)})
        named = _namesakes([row for row in rows if row.digest not in self._by_digest])
        found = {one.pk for some in (self._by_digest, self._by_email, self._by_phone) for one in some.values()}
        self._found = found = found | {one.pk for one in named}
        self._reach = reach
        self.appointments: dict[int, list[Appointment]] = defaultdict(list)
        held = Appointment.objects.filter(person__in=found).select_related("municipality").order_by("pk")
        for one in held.select_for_update(of=("self",)) if locked else held:
            self.appointments[one.person_id].append(one)
        self._by_name: dict[tuple[int, str], list[Person]] = defaultdict(list)
        for person in named:
            for place in {one.municipality_id for one in self.appointments[person.pk] if _speaks_for_a_name(one)}:
                self._by_name[(place, person.search_text)].append(person)

    @cached_property
    def held_elsewhere(self) -> set[int]:
        """Whom another town hall or a network has as well; asked for when something might be filled in."""
        elsewhere = Appointment.objects.lasting().filter(person__in=self._found).exclude(municipality__in=self._reach)
        members = Membership.objects.open().filter(person__in=self._found)
        return {one for some in (elsewhere, members) for one in some.values_list("person_id", flat=True)}

    @cached_property
    def guarded(self) -> set[int]:
        """Who holds a role or coordinates a network; asked for when something might be changed."""
        holders = RoleGrant.objects.not_over().filter(person__in=self._found)
        coordinators = Membership.objects.current().filter(person__in=self._found, is_coordinator=True)
        is_guarded = (
            Q(is_superuser=True) | Q(pk__in=holders.values("person_id")) | Q(pk__in=coordinators.values("person_id"))
        )
        return set(Person.objects.filter(is_guarded, pk__in=self._found).values_list("pk", flat=True))

    def find(self, row: StaffRow) -> Person | None:
        """Whom the row speaks of; None for somebody new. What stands against it is on the row afterwards."""
        if row.digest and (person := self._by_digest.get(row.digest)):
            if not _is_named(row, person):
                row.fault("cui", "cui.of_another_name")
            self._assert_contacts_free(row, person)
            return person
        person = self._by_contact(row)
        return person or (None if row.faulty("email", "phone", "cui") else self._by_person_name(row))

    def _by_contact(self, row: StaffRow) -> Person | None:
        found: Person | None = None
        for name, people_by in (("email", self._by_email), ("phone", self._by_phone)):
            person = people_by.get(getattr(row, name)) if getattr(row, name) else None
            if person is None:
                continue
            if not _is_named(row, person) or (row.born_on and person.born_on and row.born_on != person.born_on):
                row.fault(name, f"person.{name}_taken")
            elif row.digest and person.cui_digest:
                row.fault("cui", "cui.differs")
            elif found and found.pk != person.pk:
                row.fault(name, "person.two_people")
            else:
                found = found or person
        return found

    def _assert_contacts_free(self, row: StaffRow, person: Person) -> None:
        """What would be filled in must not be somebody else's."""
        for name, people_by in (("email", self._by_email), ("phone", self._by_phone)):
            other = people_by.get(getattr(row, name)) if getattr(row, name) else None
            if other and other.pk != person.pk and not getattr(person, name):
                row.fault(name, f"person.{name}_taken")

    def _by_person_name(self, row: StaffRow) -> Person | None:
        namesakes = self._by_name.get((row.municipality.pk, row.written), [])
        possible = [
            one
            for one in namesakes
            if not (row.digest and one.cui_digest)
            and not _differ(row.email, one.email or "", row.phone, one.phone or "")
        ]
        # Without a date of birth nothing but the name speaks for it: then neither side may have a CUI.
        same = [
            one
            for one in possible
            if one.born_on == row.born_on and (row.born_on or not (row.digest or one.cui_digest))
        ]
        if len(same) > 1:
            row.fault("", "person.ambiguous")
        elif not same and any(one.born_on is None or row.born_on is None for one in possible):
            row.doubt("", "person.namesake")
        return same[0] if len(same) == 1 else None


def _namesakes(rows: list[StaffRow]) -> list[Person]:
    """Those who may be whom these rows speak of, by name alone.

    In a big list hundreds share a name. Whom the CUI or the date of birth rules out, or who works elsewhere, is not
    even read: otherwise a row costs the more, the more rows went in before it.
    """
    groups: dict[tuple[bool, bool], list[StaffRow]] = defaultdict(list)
    for row in rows:
        if row.full_name and row.municipality:
            groups[(bool(row.digest), row.born_on is not None)].append(row)
    if not groups:
        return []
    wanted = Q()
    for (has_cui, has_birth), alike in groups.items():
        part = Q(name_sound__in={row.heard for row in alike})
        if has_cui:
            part &= Q(cui_digest=None)
        if has_birth:
            part &= Q(born_on=None) | Q(born_on__in={row.born_on for row in alike})
        wanted |= part
    places = {row.municipality.pk for some in groups.values() for row in some}
    speaking = Q(refused_at=None) | Q(is_declared=False)
    here = Appointment.objects.filter(speaking, person=OuterRef("pk"), municipality__in=places)
    return list(Person.objects.filter(wanted, Exists(here), erased_at=None, merged_into=None))


def _survivors(found: dict[str | None, Person]) -> dict[str | None, Person]:
    """The same, with the record that took another in instead of the other."""
    while gone := {one.merged_into_id for one in found.values() if one.merged_into_id}:
        takers = Person.objects.in_bulk(gone)
        found = {key: takers.get(one.merged_into_id, one) for key, one in found.items()}
    return found


def _speaks_for_a_name(appointment: Appointment) -> bool:
    """What the town hall took back was its own; what it refused, somebody claimed who may be anybody."""
    return appointment.refused_at is None or not appointment.is_declared


def _is_named(row: StaffRow, person: Person) -> bool:
    """Two words in common, or all that the shorter name has; and one of them a given name: siblings share the rest."""
    ours, theirs = set(row.heard.split()), set(person.name_sound.split())
    if len(ours & theirs) < max(1, min(2, len(ours), len(theirs))):
        return False
    return bool(set(sound(row.given_names).split()) & set(sound(person.given_names).split()))


def _differ(*pairs: str | int) -> bool:
    """Whether two rows give contacts, and different ones."""
    given = [(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True) if a and b]
    return bool(given) and all(a != b for a, b in given)
