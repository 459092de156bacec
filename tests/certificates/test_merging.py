"""A merge and its undo leave everything where it belongs, whatever was done before and in between."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates.domain.checking import find_faults
from certificates.models import Certificate
from courses.models import Attempt, Completion, Enrolment, WatchProgress, WatchSegment
from lms.domain import audit, duplicates
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Person, RoleGrant
from tests.certificates.merging_cases import ACTS, Story, World, broken_sums, judge, misnumbered, snapshot

pytestmark = pytest.mark.django_db

act = st.tuples(st.sampled_from(ACTS), st.integers(0, 1), st.integers(0, 5), st.booleans())
acts = st.lists(act, max_size=14)
of_survivor = st.lists(st.tuples(st.sampled_from(ACTS), st.just(0), st.integers(0, 5), st.booleans()), max_size=8)
quick = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture
def world() -> World:
    return World()


def merge(story: Story, survivor: int, absorbed: int):
    one, other = (Person.objects.get(pk=story.people[number].pk) for number in (survivor, absorbed))
    return duplicates.merge(survivor=one, absorbed=other, reason="Es la misma persona.", by=story.world.admin)


def undo(story: Story, done) -> None:
    duplicates.undo(merge=done, by=story.world.admin)


def faults() -> list[str]:
    return [*(fault for fault in find_faults() if not fault.endswith("has no PDF yet")), *audit.find_faults()]


def owners(story: Story, standing: dict[int, int]) -> list[tuple]:
    """Segments and closed attempts that are not with whom they belong; `standing` says who stands for whom."""
    wrong = []
    for model, key in ((WatchSegment, "client_id"), (Attempt, "public_id")):
        for row in model.objects.select_related("enrolment"):
            who = story.did[getattr(row, key)]
            is_open = isinstance(row, Attempt) and row.closed_at is None
            owner = who if is_open and standing[who] != who else standing[who]
            if row.enrolment.person_id not in {story.people[owner].pk, story.people[who].pk if is_open else 0}:
                wrong.append((model.__name__, who, row.enrolment.person_id))
    return wrong


def test_what_was_merged_and_parted_at_once_is_as_it_was(world):
    @quick
    @given(acts)
    def check(history):
        with transaction.atomic():
            story = Story(world, 2)
            story.tell(history)
            before = [snapshot(person) for person in story.people]
            undo(story, merge(story, 0, 1))
            assert [snapshot(person) for person in story.people] == before
            assert faults() == []
            transaction.set_rollback(True)

    check()


def test_everything_is_with_whom_it_belongs_while_merged_and_after(world):
    @quick
    @given(acts, of_survivor)
    def check(history, later):
        with transaction.atomic():
            story = Story(world, 2)
            story.tell(history)
            survivor, absorbed = story.people
            before = [snapshot(person) for person in story.people]
            covered = best_covered(story.people)
            done = merge(story, 0, 1)
            assert owners(story, {0: 0, 1: 0}) == []
            assert all(best_covered([survivor]).get(key, 0) >= seconds for key, seconds in covered.items())
            judge(survivor)
            story.tell(later)
            judge(survivor)
            story._note(0)
            assert_one_person(story)
            undo(story, done)
            judge(Person.objects.get(pk=survivor.pk))
            judge(Person.objects.get(pk=absorbed.pk))
            after = snapshot(absorbed)
            assert _unended(after) == _unended(before[1])
            assert {one["id"] for one in before[1]["certificates"]} <= {one["id"] for one in after["certificates"]}
            assert owners(story, {0: 0, 1: 1}) == []
            assert_nothing_lost(before[0], snapshot(survivor))
            assert (broken_sums(), misnumbered(), faults()) == ([], [], [])
            transaction.set_rollback(True)

    check()


def _unended(kept: dict) -> dict:
    """Without what others may have done to rows in between: end a post or a membership, issue what was owed."""
    ends = {"ends_on", "end_reason", "end_act", "left_on"}
    rows = {
        kind: [{name: value for name, value in row.items() if name not in ends} for row in kept[kind]]
        for kind in ("appointments", "memberships")
    }
    return {**kept, **rows, "certificates": []}


def best_covered(people) -> dict:
    found: dict = {}
    for row in WatchProgress.objects.filter(enrolment__person__in=people):
        key = (row.activity_id, row.video_id)
        found[key] = max(found.get(key, 0), row.covered_seconds)
    return found


def assert_one_person(story: Story) -> None:
    """While merged: nothing counts twice, nothing is reachable under the absorbed record."""
    survivor, absorbed = story.people
    assert not Enrolment.objects.active().for_person(absorbed).exists()
    assert not Appointment.objects.lasting().filter(person=absorbed).exists()
    assert not RoleGrant.objects.in_force().filter(person=absorbed).exists()
    assert not absorbed.memberships.filter(left_on=None).exists()
    lasting = survivor.appointments.filter(ends_on=None, refused_at=None).values_list("post", "municipality")
    assert len(lasting) == len(set(lasting))
    assert (broken_sums(), misnumbered(), faults()) == ([], [], [])


def assert_nothing_lost(before: dict, after: dict) -> None:
    """Every row that the survivor had is there; what hangs on its enrolments too."""
    for kind in ("appointments", "memberships", "roles", "uploads", "certificates"):
        assert {row["id"] for row in before[kind]} <= {row["id"] for row in after[kind]}
    assert before["enrolments"].keys() <= after["enrolments"].keys()
    for key, learnt in before["enrolments"].items():
        for kind in ("segments", "attempts", "activities", "completions", "progress"):
            assert {row["id"] for row in learnt[kind]} <= {row["id"] for row in after["enrolments"][key][kind]}
        stood = {row["id"]: row["covered_seconds"] for row in learnt["progress"]}
        stands = {row["id"]: row["covered_seconds"] for row in after["enrolments"][key]["progress"]}
        assert all(stands[row] >= seconds for row, seconds in stood.items())


def test_three_records_are_merged_one_after_the_other_and_parted_backwards(world):
    three = st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, 5), st.booleans())

    @settings(quick, max_examples=12)
    @given(st.lists(three, max_size=14), st.booleans())
    def check(history, is_chain):
        with transaction.atomic():
            story = Story(world, 3)
            story.tell(history)
            before = [snapshot(person) for person in story.people]
            first = merge(story, 0, 1)
            second = merge(story, 2, 0) if is_chain else merge(story, 0, 2)
            root = story.people[2 if is_chain else 0]
            assert Person.objects.family(root).count() == 3
            assert owners(story, dict.fromkeys(range(3), 2 if is_chain else 0)) == []
            assert (broken_sums(), misnumbered(), faults()) == ([], [], [])
            with pytest.raises(RuleBroken) as refused, transaction.atomic():
                undo(story, first)
            assert refused.value.code == "merge.later_first"
            undo(story, second)
            undo(story, first)
            assert [snapshot(person) for person in story.people] == before
            transaction.set_rollback(True)

    check()


def test_the_stories_reach_what_they_are_about(world):
    """Else the properties above would hold of nothing."""
    story = Story(world, 2)
    both = [("appoint", 0, 1, True), ("appoint", 1, 1, False), ("watch", 0, 0, True), ("watch", 1, 3, True)]
    story.tell([*both, ("attempt", 0, 0, True), ("attempt", 1, 1, True), ("read", 0, 0, True), ("read", 1, 0, True)])
    story.tell([("certify", 0, 0, True)])
    assert Completion.objects.filter(person__in=story.people).count() == 2
    assert Certificate.objects.count() == 1
    merge(story, 0, 1)
    judge(story.people[0])
    story.tell([("certify", 0, 0, True)])
    courses = set(Certificate.objects.for_person(story.people[0]).values_list("course_key", flat=True))
    assert courses == {world.courses[0].translation_key, world.courses[1].translation_key}
    assert Certificate.objects.count() == 2
