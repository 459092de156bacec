"""A correction: a successor with the next number, the old one superseded and kept, never two in force."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.formats import date_format

from certificates.domain import correction, gaps, issuing, rendering, renewals, status_lists, sweeping, validity
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateAct, OwedCertificate
from lms.domain.errors import RuleBroken
from lms.models import Municipality, Post
from tests.certificates.merging_steps import merge
from tests.certificates.test_renewals import taken
from tests.certificates.test_validity import ending
from tests.factories.certificates import a_certificate, a_completion, a_correction, a_revocation
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def ask(certificate: Certificate, **wanted) -> CertificateAct:
    asked = {"reason_kind": "error", "reason": "Mal escrito", "by": somebody_with_role("administrator")}
    return correction.ask(certificate=certificate, wanted=wanted, **asked)


def state(certificate: Certificate) -> str:
    return Certificate.objects.with_state().get(pk=certificate.pk).state


def wrong() -> list[str]:
    return [fault for fault in find_faults() if not fault.endswith("has no PDF yet")]


def test_the_successor_says_it_and_the_old_one_stays():
    old = a_certificate()
    kept = rendering.ensure_file(old)
    new = a_correction(old, person_name="Otra  Persona", hours=Decimal("12.5"))
    assert (new.number, new.revision, new.supersedes, new.owed) == (old.number + 1, 2, old, None)
    assert (new.person_name, new.hours, new.course_title) == ("Otra Persona", Decimal("12.5"), old.course_title)
    assert (new.person_name_folded, new.completed_on) == ("otra persona", old.completed_on)
    assert new.code != old.code
    assert new.code in new.facts["verify_url"]
    assert new.facts["programme"] == old.facts["programme"]
    assert (state(old), state(new)) == ("superseded", "issued")
    assert status_lists.set_bits(old.status_entry.list, "revocation") == [old.status_entry.index]
    rendering.ensure_file(new)
    assert default_storage.size(kept.path) == kept.bytes
    assert list(find_faults()) == []


def test_post_and_place_of_the_day():
    old = a_certificate()
    post, place = Post.objects.get(code="TES"), Municipality.objects.get(code="1301")
    new = a_correction(old, post=post, municipality=place)
    assert (new.post, new.post_name) == (post, post.name)
    assert (new.municipality, new.municipality_name) == (place, str(place))
    none = a_correction(new, post=None)
    assert (none.post, none.post_name, none.municipality) == (None, "", place)


def test_another_last_day_of_the_course_is_another_end():
    old = a_certificate(certificate_months=12, grace_days=30)
    day = old.completed_on - timedelta(days=3)
    new = a_correction(old, completed_on=day, started_on=day)
    assert new.expires_on == validity.last_day(day, 12) != old.expires_on
    shown = {change.label: change.after for change in correction.changes(CertificateAct.objects.get())}
    assert shown["Vence"] == date_format(new.expires_on, "DATE_FORMAT")
    again = a_correction(new, person_name="Otra Persona")
    assert again.expires_on == new.expires_on
    assert wrong() == []


def test_a_renewal_keeps_its_end_though_its_days_are_put_right():
    new = renewals.renew(taken(ending(30)).public_id)
    corrected = a_correction(new, completed_on=new.completed_on - timedelta(days=1), started_on=date(2020, 1, 1))
    assert corrected.expires_on == new.expires_on
    assert wrong() == []


def test_a_correction_is_corrected():
    first = a_certificate()
    second = a_correction(first, person_name="Ana")
    third = a_correction(second, person_name="Ana Xʼol")
    assert [state(one) for one in (first, second, third)] == ["superseded", "superseded", "issued"]
    assert (third.revision, third.supersedes) == (3, second)
    with pytest.raises(RuleBroken) as broken:
        ask(first, person_name="X")
    assert broken.value.code == "act.not_in_force"
    for one in (first, second, third):
        rendering.ensure_file(one)
    assert list(find_faults()) == []


def test_the_database_lets_one_follow_one():
    first = a_certificate()
    second = a_correction(first, person_name="Ana")
    columns = {name: getattr(second, name) for name in correction._KEPT} | {"edition": 9}
    with pytest.raises(IntegrityError), transaction.atomic():
        issuing.write(second.issued_at, supersedes=first, facts={}, **columns)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "act.nothing_changes"),
        ({"person_name": " "}, "act.name_missing"),
        ({"course_title": ""}, "act.title_missing"),
        ({"hours": Decimal(0)}, "act.hours_out_of_range"),
        ({"hours": Decimal("2000.5")}, "act.hours_out_of_range"),
    ],
)
def test_what_cannot_be_said_is_refused(wanted, code):
    with pytest.raises(RuleBroken) as broken:
        ask(a_certificate(), **wanted)
    assert broken.value.code == code


def test_it_does_not_end_before_it_starts():
    certificate = a_certificate()
    with pytest.raises(RuleBroken) as broken:
        ask(certificate, completed_on=certificate.started_on - timedelta(days=1))
    assert broken.value.code == "act.ends_before_it_starts"


def test_a_delegate_puts_no_foreign_place_on_it():
    asked = {"reason_kind": "error", "reason": "x", "by": somebody_with_role("hr_delegate", municipality="1413")}
    with pytest.raises(RuleBroken) as broken:
        correction.ask(
            certificate=a_certificate(), wanted={"municipality": Municipality.objects.get(code="0101")}, **asked
        )
    assert broken.value.code == "act.not_yours_to_ask"


class TestNothingIsIssuedAgain:
    """What was issued is held by its successor, and by nothing once that is revoked."""

    def test_by_the_sweep_for_a_second_record(self):
        course, one, two = a_course(), an_employee(), an_employee()
        new = a_correction(a_certificate(person=one, course=course), person_name="Ana")
        unheard = a_completion(person=two, course=course)
        merge(one, two)
        sweeping.sweep()
        assert not OwedCertificate.objects.filter(completion=unheard).exists()
        a_revocation(new)
        sweeping.sweep()
        assert OwedCertificate.objects.filter(completion=unheard).exists()

    def test_owing_it_again_finds_what_was_owed(self):
        old = a_certificate()
        a_correction(old, person_name="Ana")
        assert issuing.owe(old.owed.completion) == old.owed
        assert issuing.issue(old.owed.completion.public_id) == old
        assert Certificate.objects.count() == 2

    def test_a_merge_lets_go_of_what_waits_beside_it(self):
        course, one, two = a_course(), an_employee(), an_employee()
        a_correction(a_certificate(person=one, course=course), person_name="Ana")
        theirs = a_completion(person=two, course=course)
        issuing.owe(theirs)
        merge(one, two)
        assert not OwedCertificate.objects.filter(completion=theirs).exists()

    def test_whoever_has_it_is_certified(self):
        person, course = an_employee(), a_course()
        course.posts.add(Post.objects.get(code="RECEP"))
        course.save()
        a_correction(a_certificate(person=person, course=course), person_name="Ana")
        assert [need.state for need in gaps.find_one(person, Municipality.objects.all())] == [gaps.State.CERTIFIED]


class TestCheckPage:
    def test_the_old_one_leads_to_the_new_one(self, client):
        old = a_certificate()
        new = a_correction(old, person_name="Ana Xʼol")
        body = client.get(reverse("certificates:certificate", args=[old.code])).content.decode()
        assert "Certificado sustituido" in body
        assert f'href="/verificar/{new.code}/">{new.reference}</a>' in body
        assert "que está en vigor" in body
        fresh = client.get(reverse("certificates:certificate", args=[new.code])).content.decode()
        assert "auténtico y vigente" in fresh
        assert old.reference in fresh
        assert old.code not in fresh
        a_revocation(new)
        assert "tampoco" in client.get(reverse("certificates:certificate", args=[old.code])).content.decode()


class TestPage:
    def test_it_asks_for_what_differs(self, client):
        certificate = a_certificate()
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        address = reverse("certificates:correct", args=[certificate.public_id])
        page = client.get(address)
        said = {name: value for name, value in page.context["form"].initial.items() if value}
        said |= {"reason_kind": "error", "reason": "Falta el segundo apellido"}
        assert client.post(address, said).status_code == 422
        assert client.post(address, said | {"person_name": "Ana Xʼol"}).status_code == 302
        act = CertificateAct.objects.get()
        assert act.facts["after"] == {"person_name": "Ana Xʼol"}
        assert act.facts["before"] == {"person_name": certificate.person_name}
