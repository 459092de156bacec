"""How much two records look alike, and which are suggested."""

import random
from datetime import date

import pytest

from lms.domain import likeness, suggesting
from lms.domain.errors import RuleBroken
from lms.domain.likeness import Traits, compare
from lms.domain.texts import sound
from lms.models import DuplicatePair, Job
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def traits(pk: int, name: str, **given) -> Traits:
    return Traits(pk=pk, name_sound=sound(name), **given)


def test_the_same_name_written_otherwise_and_the_same_birth_date_are_worth_a_look():
    born = date(1990, 5, 17)
    one, other = traits(1, "María Básquez Xuyá", born_on=born), traits(2, "Maria Vásques Suya", born_on=born)
    assert compare(one, other) == (65, ["name_same", "born_same"])


@pytest.mark.parametrize(
    ("one", "other", "is_slip"),
    [
        ("1234567890101", "1234567890101", True),
        ("1234567890101", "1234567890102", True),
        ("1234567890101", "1243567890101", True),
        ("1234567890101", "1934567820101", True),
        ("1234567890101", "1243567890102", False),
        ("1234567890101", "1265567890101", False),
        ("123", "1234", False),
    ],
)
def test_a_slip_is_one_digit_or_two_that_changed_places(one, other, is_slip):
    assert likeness.is_slip(one, other) is is_slip
    assert (other in {one, *likeness.slips_of(one)}) is is_slip


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("Juan Pérez", "Juan Carlos Pérez López", True),
        ("Juan Carlos Pérez", "Juan Carlos Peres Lopez", True),
        ("Esperanza Tzoc", "Esparanza Tzoc", True),
        ("Ana López", "Ena López", False),
        ("Juan", "Juan Pérez", False),
        ("Juan Pérez", "Pedro Pérez", False),
    ],
)
def test_names_match_when_the_shorter_is_in_the_longer(one, other, match):
    assert likeness.words_match(sound(one), sound(other)) is match


def test_other_numbers_and_other_birth_dates_speak_against():
    one = traits(1, "Juan Pérez", born_on=date(1990, 1, 1), cui="1111111110101", places=frozenset({1}))
    other = traits(2, "Juan Pérez", born_on=date(1990, 1, 1), cui="2222222220101", places=frozenset({1}))
    assert compare(one, other)[0] == 40
    born_elsewhen = traits(3, "Juan Pérez", born_on=date(1985, 7, 9), places=frozenset({1}))
    assert compare(one, born_elsewhen)[0] == 25


def test_a_slip_in_the_cui_is_found_among_all_without_comparing_all():
    rng = random.Random(3)  # noqa: S311
    everybody = [
        traits(n, f"Persona {n} Distinta", cui="".join(rng.choices("0123456789", k=13))) for n in range(1, 2000)
    ]
    base = everybody[0].cui
    swapped = base[:3] + base[7] + base[4:7] + base[3] + base[8:]
    everybody.append(traits(5000, "Persona 1 Distinta", cui=f"{base[:5]}{(int(base[5]) + 1) % 10}{base[6:]}"))
    everybody.append(traits(5001, "Persona 1 Distinta", cui=swapped))
    found = suggesting.find(everybody)
    assert {pair for pair, (_score, reasons) in found.items() if "cui_near" in reasons} >= {(1, 5000), (1, 5001)}


def test_a_crowd_under_one_key_is_not_compared():
    day = date(1990, 1, 1)
    letters = "abdefgilmnoprstu"
    names = [f"{a}{b}a {b}{a}o" for a in letters for b in letters if a < b][: suggesting.CROWD + 1]
    everybody = [traits(n, name, born_on=day) for n, name in enumerate(names)]
    assert not suggesting._blocks(everybody)
    assert len(suggesting._blocks(everybody[1:])) == 1


def test_suggestions_are_written_renewed_and_a_decision_stays(run_jobs):
    admin = somebody_with_role("administrator")
    born = date(1988, 3, 4)
    cui = a_cui()
    slipped = cui[:12] + str((int(cui[12]) + 1) % 10)
    first = an_employee(given_names="Rosa", surnames="Ixcoy Tum", born_on=born, cui=cui)
    second = an_employee(given_names="Rosa", surnames="Ishcoy Tum", born_on=born, cui=slipped)
    third = a_person(given_names="Rosa", surnames="Ixcoy Tum", born_on=born)
    a_person(given_names="Otra", surnames="Persona Diferente", born_on=date(1970, 1, 1))
    suggesting.ask(by=admin)
    assert run_jobs() == []
    pairs = {(pair.first, pair.second): pair for pair in DuplicatePair.objects.all()}
    assert set(pairs) == {(first, second), (first, third), (second, third)}
    assert {"cui_near", "name_same", "born_same", "place_same"} <= set(pairs[first, second].reasons)
    assert pairs[first, second].score == 100
    job = Job.objects.get(kind=suggesting.FIND)
    assert cui not in str(vars(job))
    assert cui not in str([vars(pair) for pair in pairs.values()])
    DuplicatePair.objects.filter(first=first, second=third).update(state=DuplicatePair.State.DISMISSED)
    third.born_on, third.given_names = date(1960, 12, 31), "Pedro"
    third.save()
    suggesting.ask(by=admin)
    assert run_jobs() == []
    assert set(DuplicatePair.objects.values_list("first", "second", "state")) == {
        (first.pk, second.pk, "open"),
        (first.pk, third.pk, "dismissed"),
    }


def test_one_person_is_compared_at_once():
    admin = somebody_with_role("administrator")
    cui = a_cui()
    person = an_employee(given_names="Ana", surnames="Caal Pop", cui=cui, phone="55512345")
    same_place = an_employee(given_names="Ana", surnames="Kaal Pop")
    slip = a_person(given_names="Ana", surnames="Caal", cui=cui[:11] + cui[12] + cui[11])
    an_employee(given_names="Luis", surnames="Caal Pop")
    found = suggesting.suggest_for(person=person, by=admin)
    assert {pair.second for pair in found} == {same_place, slip}
    with pytest.raises(RuleBroken, match=r"."):
        suggesting.suggest_for(person=person, by=same_place)
