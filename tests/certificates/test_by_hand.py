"""A certificate that follows from no completion: asked, certified, once, and never beside another."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from certificates.domain import acts, by_hand, gaps, issuing, rendering, sweeping, validity
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateAct, OwedCertificate
from lms.domain.errors import RuleBroken
from lms.models import Municipality, Person, Post
from tests.certificates.merging_steps import merge
from tests.factories.certificates import a_certificate, a_completion, a_revocation, by_hand_for, certified
from tests.factories.courses import a_course
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def ask(person: Person, *, by: Person | None = None, **said) -> CertificateAct:
    day = timezone.localdate()
    said = {"kind": "constancia", "title": "Taller", "hours": 6, "started_on": day, "completed_on": day, **said}
    return by_hand.ask(person=person, reason="Acta 12", by=by or somebody_with_role("administrator"), **said)


def code_of(person: Person, **given) -> str:
    with pytest.raises(RuleBroken) as broken:
        ask(person, **given)
    return broken.value.code


def test_a_workshop_on_paper():
    person = an_employee(given_names="Ana", surnames="Xʼol")
    made = by_hand_for(person, title="  Taller de  archivo", hours=Decimal("6.5"))
    assert (made.person, made.person_name, made.course_title) == (person, "Ana Xʼol", "Taller de archivo")
    assert (made.hours, made.kind, made.score_percent, made.owed) == (Decimal("6.5"), "constancia", None, None)
    assert (made.municipality.code, made.post.code) == ("1413", "RECEP")
    rendering.ensure_file(made)
    assert list(find_faults()) == []


def test_a_course_says_its_own_title_and_hours():
    course = a_course()
    made = by_hand_for(an_employee(), course=course, kind="diploma")
    assert (made.course_key, made.edition, made.course_title) == (course.translation_key, course.edition, course.title)
    assert made.hours == course.hours


def test_it_ends_when_those_of_its_course_do():
    course = a_course(certificate_months=12, grace_days=30)
    made = by_hand_for(
        an_employee(), course=course, kind="diploma", started_on=date(2026, 1, 5), completed_on=date(2026, 1, 9)
    )
    assert (made.expires_on, made.facts["months"], made.facts["grace_days"]) == (date(2027, 1, 9), 12, 30)
    assert validity.renewable_until(made) == date(2027, 2, 8)
    act = CertificateAct.objects.get()
    assert ("Vence", "", "9 de enero de 2027") in [(one.label, one.before, one.after) for one in by_hand.changes(act)]
    rendering.ensure_file(made)
    assert list(find_faults()) == []
    assert by_hand_for(an_employee(), title="Taller").expires_on is None


def test_the_post_is_the_one_of_that_day():
    person = an_employee()
    before = timezone.localdate().replace(month=1, day=1) - timedelta(days=1)
    made = by_hand_for(person, started_on=before, completed_on=before)
    assert (made.post, made.post_name, made.municipality_name) == (None, "", "")


def test_the_same_workshop_gives_one():
    person = an_employee()
    made = by_hand_for(person, title="Taller de archivo")
    assert code_of(person, title="taller de ARCHIVO") == "act.held_already"
    yesterday = timezone.localdate() - timedelta(days=1)
    other = by_hand_for(person, title="Taller de archivo", started_on=yesterday, completed_on=yesterday)
    assert other.course_key != made.course_key


def test_asking_twice_waits_once():
    person = an_employee()
    ask(person)
    assert code_of(person) == "act.already_asked"


def test_what_was_revoked_may_be_issued_again():
    person = an_employee()
    a_revocation(by_hand_for(person))
    again = by_hand_for(person)
    assert (again.revision, again.supersedes) == (2, None)
    rendering.ensure_file(again)
    assert [fault for fault in find_faults() if "no PDF" not in fault] == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kind": ""}, "act.kind_unknown"),
        ({"kind": "licencia"}, "act.kind_unknown"),
        ({"title": " "}, "act.title_missing"),
        ({"hours": None}, "act.hours_out_of_range"),
        ({"started_on": date(2100, 1, 1)}, "act.ends_before_it_starts"),
    ],
)
def test_what_cannot_be_said_is_refused(given, code):
    assert code_of(an_employee(), **given) == code


def test_nobody_behind_them_no_certificate():
    assert code_of(a_person()) == "act.not_certifiable"


def test_a_delegate_asks_for_their_own_staff_alone():
    delegate = somebody_with_role("hr_delegate", municipality="1413")
    assert ask(an_employee("1413"), by=delegate).municipality.code == "1413"
    assert code_of(an_employee("0101"), by=delegate) == "act.not_yours_to_ask"


class TestBesideACompletion:
    def test_what_is_owed_is_not_issued_by_hand(self):
        course, person = a_course(), an_employee()
        issuing.owe(a_completion(person=person, course=course))
        assert code_of(person, course=course) == "act.owed_already"

    def test_not_even_where_it_was_owed_since_it_was_asked(self):
        course, person = a_course(), an_employee()
        act = ask(person, course=course)
        issuing.owe(a_completion(person=person, course=course))
        with pytest.raises(RuleBroken) as broken:
            acts.certify(act=act, by=somebody_with_role("certifier"))
        assert broken.value.code == "act.owed_already"
        assert CertificateAct.objects.get().is_open

    def test_whoever_has_it_by_hand_is_owed_no_second_one(self):
        course, person = a_course(), an_employee()
        by_hand_for(person, course=course)
        done = a_completion(person=person, course=course)
        assert issuing.owe(done) is None
        sweeping.sweep()
        assert not OwedCertificate.objects.exists()

    def test_until_it_is_revoked(self):
        course, person = a_course(), an_employee()
        made = by_hand_for(person, course=course)
        done = a_completion(person=person, course=course)
        a_revocation(made)
        sweeping.sweep()
        again = issuing.issue(done.public_id)
        assert (again.revision, again.owed.completion) == (2, done)

    def test_a_merge_lets_go_of_what_waits_beside_it(self):
        course, one, two = a_course(), an_employee(), an_employee()
        by_hand_for(one, course=course)
        issuing.owe(a_completion(person=two, course=course))
        merge(one, two)
        assert not OwedCertificate.objects.exists()

    def test_it_counts_for_the_post(self):
        person, course = an_employee(), a_course()
        course.posts.add(Post.objects.get(code="RECEP"))
        course.save()
        by_hand_for(person, course=course)
        assert [need.state for need in gaps.find_one(person, Municipality.objects.all())] == [gaps.State.CERTIFIED]


def test_a_record_that_was_taken_in_gets_it_under_the_one_that_stands():
    course, one, two = a_course(), an_employee(), an_employee()
    held = a_certificate(person=one, course=course)
    merge(one, two)
    assert code_of(Person.objects.get(pk=two.pk), course=course) == "act.held_already"
    made = certified(ask(Person.objects.get(pk=two.pk))).made
    assert made.person == held.person


class TestPage:
    SAID = {"kind": "constancia", "title": "Taller", "hours": "6", "reason": "Acta 12-2026"}

    def test_it_asks(self, client):
        cui = a_cui()
        person = an_employee(cui=cui)
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        address, day = reverse("certificates:issue_by_hand"), timezone.localdate().isoformat()
        assert client.get(address).status_code == 200
        said = self.SAID | {"identifier": cui, "started_on": day, "completed_on": day}
        assert client.post(address, said).status_code == 302
        assert CertificateAct.objects.get().person == person
        assert not Certificate.objects.exists()

    def test_of_strangers_nothing_is_told(self, client):
        stranger = an_employee("0101", phone="55550199")
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        day = timezone.localdate().isoformat()
        said = self.SAID | {"started_on": day, "completed_on": day}
        answers = []
        for identifier in (stranger.phone, "55550198"):
            answer = client.post(reverse("certificates:issue_by_hand"), said | {"identifier": identifier})
            assert answer.status_code == 422
            answers.append(answer.context["form"].non_field_errors())
        assert answers[0] == answers[1]

    def test_the_certifier_sees_what_is_asked(self, client):
        act = ask(an_employee(given_names="Ana", surnames="Xʼol"), title="Taller de archivo")
        client.force_login(somebody_with_role("certifier"))
        address = reverse("certificates_acts:decide", args=[act.public_id])
        page = client.get(address).content.decode()
        for words in ("Taller de archivo", "Ana Xʼol", "Acta 12", "6.0"):
            assert words in page
        assert client.post(address, {"decision": "certified"}).status_code == 302
        assert Certificate.objects.get().course_title == "Taller de archivo"
