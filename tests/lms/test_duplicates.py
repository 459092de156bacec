"""Merging by hand: who may, what is refused, whose values stay, what an undo brings back."""

from datetime import date, timedelta
from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from lms.domain import audit, belongings, duplicates, guardians, identity, suggesting
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, DuplicatePair, GuardianConsent, Job, Membership, Merge, Person, RoleGrant
from lms.tasks import seek_duplicates
from tests.factories.people import (
    PASSWORD,
    a_consent,
    a_cui,
    a_member,
    a_network,
    a_person,
    an_employee,
    born,
    somebody_with_role,
)
from tests.lms.merge_steps import fresh, merge, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Person:
    return somebody_with_role("administrator")


# Who may, and whom -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["hr_delegate", "auditor", "certifier", "trainer", "department_delegate"])
def test_only_administrators_merge(role):
    where = {"hr_delegate": {"municipality": "1413"}, "department_delegate": {"department": "14"}}
    other = somebody_with_role(role, **where.get(role, {}))
    one, two = an_employee(), an_employee()
    assert refusal(merge, one=one, other=two, by=other) == "merge.not_allowed"
    assert refusal(suggesting.ask, by=other) == "merge.not_allowed"


def test_nobody_merges_or_parts_their_own_record(admin):
    other = a_person()
    assert refusal(merge, one=admin, other=other, by=admin) == "merge.own_record"
    assert refusal(merge, one=other, other=admin, by=admin) == "merge.own_record"
    done = merge(admin, other, somebody_with_role("administrator"))
    assert refusal(duplicates.undo, merge=done, by=admin) == "merge.own_record"


def test_a_superuser_is_merged_by_nobody(admin):
    root, other = Person.objects.create_superuser(password=PASSWORD), a_person()
    second = Person.objects.create_superuser(password=PASSWORD)
    for by in (admin, second, None):
        assert refusal(merge, one=other, other=root, by=by) == "merge.superuser"
        assert refusal(merge, one=root, other=other, by=by) == "merge.superuser"


@pytest.mark.parametrize("is_survivor", [True, False])
def test_somebody_with_a_role_one_could_not_grant_is_not_merged(is_survivor, monkeypatch, admin):
    holder, other = somebody_with_role("certifier"), a_person()
    monkeypatch.setattr("lms.permissions.may_grant", lambda *args, **kwargs: False)
    one, two = (holder, other) if is_survivor else (other, holder)
    assert refusal(merge, one=one, other=two, by=admin) == "person.not_allowed"


def test_what_is_no_pair_is_refused(admin):
    one, two, three = a_person(), a_person(), a_person()
    assert refusal(merge, one=one, other=one, by=admin) == "merge.same"
    assert refusal(duplicates.merge, survivor=one, absorbed=two, reason=" ", by=admin) == "merge.reason_missing"
    assert refusal(duplicates.merge, survivor=one, absorbed=two, reason="x" * 301, by=admin) == "merge.reason_too_long"
    closed, erased = a_person(is_active=False), a_person(erased_at=timezone.now())
    assert refusal(merge, one=closed, other=one, by=admin) == "merge.survivor_closed"
    assert refusal(merge, one=one, other=erased, by=admin) == "merge.erased"
    merge(one, two, admin)
    assert refusal(merge, one=three, other=two, by=admin) == "merge.already_merged"
    assert refusal(merge, one=two, other=three, by=admin) == "merge.already_merged"


# What a merge does to the two records ----------------------------------------------------------------------------


def test_the_survivor_takes_what_it_lacks_and_the_rest_is_parked(admin):
    cui = a_cui()
    one = a_person(given_names="Ana", email="ana@example.org", born_on=date(1990, 1, 1))
    two = a_person(given_names="Anna", email="anna@example.org", phone="55501111", cui=cui, password=PASSWORD)
    merge(one, two, admin)
    one, two = fresh(one), fresh(two)
    assert (one.given_names, one.email, one.phone) == ("Ana", "ana@example.org", "55501111")
    assert identity.decrypt_cui(one.cui_encrypted) == cui
    assert one.cui_digest == identity.cui_digest(cui)
    assert one.check_password(PASSWORD)
    assert (two.email, two.phone, two.cui_digest, two.cui_encrypted) == ("anna@example.org", None, None, "")
    assert (two.is_active, two.merged_into, two.holder) == (False, one, one)


def test_a_chosen_value_changes_places_with_the_survivors(admin):
    one = a_person(surnames="Gonzales", email="uno@example.org", cui=a_cui())
    two = a_person(surnames="González", email="dos@example.org", cui=a_cui())
    keep = {"surnames": "absorbed", "email": "absorbed", "cui": "absorbed", "given_names": "nonsense"}
    done = merge(one, two, admin, keep=keep)
    merged, absorbed = fresh(one), fresh(two)
    assert (merged.surnames, merged.email, merged.cui_digest) == ("González", "dos@example.org", two.cui_digest)
    assert merged.search_text.endswith("gonzalez")
    assert (absorbed.surnames, absorbed.email, absorbed.cui_digest) == ("González", "uno@example.org", one.cui_digest)
    assert {field for field, side in done.kept.items() if side == "absorbed"} == {"surnames", "email", "cui"}
    duplicates.undo(merge=done, by=admin)
    assert (fresh(one).email, fresh(one).surnames, fresh(one).cui_digest) == (one.email, "Gonzales", one.cui_digest)
    assert (fresh(two).email, fresh(two).cui_digest, fresh(two).is_active) == (two.email, two.cui_digest, True)


def test_no_password_opens_roles_that_its_owner_did_not_have(admin):
    one, two = somebody_with_role("trainer"), a_person(password=PASSWORD)
    merge(one, two, admin)
    assert not fresh(one).has_usable_password()


def test_what_was_changed_since_stays_after_an_undo_and_a_number_taken_elsewhere_is_not_stolen(admin):
    one, two = a_person(), a_person(email="dos@example.org", phone="55502222")
    done = merge(one, two, admin)
    Person.objects.filter(pk=one.pk).update(email="nuevo@example.org")
    third = a_person(email="dos@example.org")
    duplicates.undo(merge=done, by=admin)
    assert (fresh(one).email, fresh(one).phone) == ("nuevo@example.org", None)
    assert (fresh(two).email, fresh(two).phone, fresh(third).email) == (None, "55502222", "dos@example.org")


def test_roles_of_the_absorbed_end_and_come_back_only_from_who_could_grant_them(admin, monkeypatch):
    one, two = a_person(), somebody_with_role("trainer")
    later = RoleGrant.objects.create(person=two, role="auditor", starts_at=timezone.now() + timedelta(days=9))
    done = merge(one, two, admin)
    assert not RoleGrant.objects.not_over().filter(person__in=[one, two]).exists()
    assert set(RoleGrant.objects.filter(person=two).values_list("withdrawn_by", flat=True)) == {admin.pk}
    with monkeypatch.context() as patch:
        patch.setattr("lms.permissions.may_grant", lambda by, grant, **kwargs: grant.role == "auditor")
        duplicates.undo(merge=done, by=admin)
    assert list(RoleGrant.objects.not_over().filter(person=two)) == [later]
    said = AuditEvent.objects.filter(action="person.parted").first().facts
    assert (said["roles_restored"], said["roles_left_out"]) == (1, 1)


def test_whoever_was_signed_in_with_the_absorbed_record_is_out_and_stays_out(admin, client):
    one, two = a_person(), a_person(email="dos@example.org", password=PASSWORD)
    client.force_login(two)
    assert client.get(reverse("lms:account")).status_code == 200
    done = merge(one, two, admin)
    assert client.get(reverse("lms:account")).status_code == 302
    duplicates.undo(merge=done, by=admin)
    assert client.get(reverse("lms:account")).status_code == 302


def test_a_merge_and_its_undo_stand_in_the_trail_of_both_without_a_number(admin):
    cui = a_cui()
    one, two = a_person(), a_person(cui=cui, phone="55503333")
    done = merge(one, two, admin)
    assert cui not in str(Merge.objects.values_list("journal", "kept"))
    duplicates.undo(merge=done, by=admin)
    events = AuditEvent.objects.filter(action__in=["person.merged", "person.parted"])
    assert [event.subject.split(":")[1] for event in events] == [str(p.public_id) for p in (one, two, one, two)]
    assert {event.actor for event in events} == {str(admin.public_id)}
    assert not [event for event in events if cui in str(event.facts) or "55503333" in str(event.facts)]
    assert list(audit.find_faults()) == []


# Undoing ---------------------------------------------------------------------------------------------------------


def test_after_thirty_days_nothing_is_undone_and_the_journal_is_let_go(admin):
    one, two = a_person(), a_person()
    done = merge(one, two, admin)
    Merge.objects.filter(pk=done.pk).update(merged_at=timezone.now() - timedelta(days=29, hours=23))
    seek_duplicates()
    assert Merge.objects.get(pk=done.pk).journal
    Merge.objects.filter(pk=done.pk).update(merged_at=timezone.now() - timedelta(days=30, minutes=1))
    assert refusal(duplicates.undo, merge=done, by=admin) == "merge.too_late"
    seek_duplicates()
    assert Merge.objects.get(pk=done.pk).journal == {}
    assert Job.objects.filter(kind=suggesting.FIND).count() == 1
    assert fresh(two).merged_into == one


def test_a_part_that_came_since_has_nothing_to_undo(admin, monkeypatch):
    one, other = a_person(), a_person()
    done = merge(one, other, admin)
    asked = []
    nothing = {"claims": frozenset(), "tell": dict, "merge": lambda *_: {}, "erase": dict}
    newer = belongings.Belongings(name="newer", unmerge=lambda *given: asked.append(given), **nothing)
    monkeypatch.setitem(belongings._register.entries, "newer", newer)
    assert duplicates.undo(merge=done, by=admin).undone_at
    assert asked == []


@pytest.mark.parametrize("number", ["1234567890101", "1234 56789 0101", "1234-56789-0101", "１２３４ 56789 0101"])
def test_a_reason_holds_no_number(admin, number):
    one, other = a_person(), a_person()
    pair = DuplicatePair.objects.create(first=one, second=other, score=9, reasons=[], found_at=timezone.now())
    for verb in (
        partial(duplicates.merge, survivor=one, absorbed=other, by=admin),
        partial(duplicates.dismiss, pair=pair, by=admin),
    ):
        with pytest.raises(RuleBroken) as caught:
            verb(reason=f"Mismo DPI {number} a la vista.")
        assert caught.value.code == "text.number_in_it"
    assert not Merge.objects.exists()


# Consents: what was said last holds ------------------------------------------------------------------------------


def two_minors(mine: dict, theirs: dict) -> tuple[Person, Person]:
    """Two records of one minor with a guardian's consent each; the absorbed one's names "Otra Encargada"."""
    one, other = a_member(a_network(), born_on=born(15)), a_person(born_on=born(15))
    a_consent(one, **mine)
    a_consent(other, guardian_name="Otra Encargada", **theirs)
    return one, other


NOW = timezone.now()
MONDAY, TUESDAY, FRIDAY = (NOW - timedelta(days=days) for days in (9, 8, 5))


@pytest.mark.parametrize(
    ("mine", "theirs", "guardian", "holds"),
    [
        # The later paper is there.
        ({"is_confirmed": False, "declared_at": MONDAY}, {"declared_at": TUESDAY}, "Otra Encargada", True),
        # The later word is not signed yet.
        ({"declared_at": MONDAY}, {"is_confirmed": False, "declared_at": TUESDAY}, "Otra Encargada", False),
        ({"declared_at": TUESDAY}, {"is_confirmed": False, "declared_at": MONDAY}, "Encargada De Prueba", True),
        # A withdrawal beats what was written before it, under whichever record.
        ({"declared_at": TUESDAY}, {"declared_at": MONDAY, "withdrawn_at": FRIDAY}, "Otra Encargada", False),
        ({"declared_at": MONDAY, "withdrawn_at": FRIDAY}, {"declared_at": TUESDAY}, "Encargada De Prueba", False),
        ({"declared_at": FRIDAY}, {"declared_at": MONDAY, "withdrawn_at": FRIDAY}, "Otra Encargada", False),
        # Who writes it anew after a withdrawal starts again.
        ({"declared_at": MONDAY, "withdrawn_at": TUESDAY}, {"declared_at": FRIDAY}, "Otra Encargada", True),
    ],
)
def test_of_two_consents_what_was_said_last_holds_and_an_undo_restores_both(admin, mine, theirs, guardian, holds):
    one, other = two_minors(mine, theirs)
    before = list(GuardianConsent.objects.order_by("pk").values())
    memberships = list(Membership.objects.values())
    done = merge(one, other, admin)
    consent = GuardianConsent.objects.get(person=one)
    assert (consent.guardian_name, consent.holds) == (guardian, holds)
    is_withdrawn = consent.withdrawn_at is not None
    assert Membership.objects.current().filter(person=one).exists() is not is_withdrawn
    duplicates.undo(merge=Merge.objects.get(pk=done.pk), by=admin)
    assert list(GuardianConsent.objects.order_by("pk").values()) == before
    assert list(Membership.objects.values()) == memberships


def test_a_consent_that_was_signed_since_stays_whole_after_an_undo(admin):
    one, other = two_minors({"declared_at": MONDAY}, {"is_confirmed": False, "declared_at": TUESDAY})
    done = merge(one, other, admin)
    guardians.confirm(person=Person.objects.get(pk=one.pk), by=admin)
    duplicates.undo(merge=Merge.objects.get(pk=done.pk), by=admin)
    consent = GuardianConsent.objects.get(person=one)
    assert (consent.guardian_name, consent.confirmed_by) == ("Otra Encargada", admin)


def test_an_undo_is_done_once_and_the_newest_first(admin):
    one, two, three = a_person(), a_person(), a_person()
    first, second = merge(one, two, admin), merge(three, one, admin)
    assert fresh(two).merged_into == three
    assert refusal(duplicates.undo, merge=first, by=admin) == "merge.later_first"
    duplicates.undo(merge=second, by=admin)
    assert fresh(two).merged_into == one
    duplicates.undo(merge=first, by=admin)
    assert refusal(duplicates.undo, merge=first, by=admin) == "merge.already_undone"
    assert fresh(two).merged_into is None


def test_a_pair_is_dismissed_with_a_reason_once(admin):
    one, two = a_person(), a_person()
    pair = DuplicatePair.objects.create(first=one, second=two, score=70)
    assert refusal(duplicates.dismiss, pair=pair, reason="", by=admin) == "merge.reason_missing"
    assert refusal(duplicates.dismiss, pair=pair, reason="Gemelas", by=one) == "merge.not_allowed"
    duplicates.dismiss(pair=pair, reason="Gemelas", by=admin)
    pair.refresh_from_db()
    assert (pair.state, pair.decision, pair.decided_by) == ("dismissed", "Gemelas", admin)
    assert refusal(duplicates.dismiss, pair=pair, reason="Otra vez", by=admin) == "duplicate.decided"
