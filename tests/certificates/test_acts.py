"""Two people for what one must not do alone: never the same human being, never about oneself, decided once."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from certificates.domain import acts, correction, revocation
from certificates.models import Certificate, CertificateAct
from lms.domain.errors import RuleBroken
from lms.models import Person, RoleGrant
from tests.factories.certificates import a_certificate, certified
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def with_role(person: Person, role: str) -> Person:
    RoleGrant.objects.create(person=person, role=role, scope="nation")
    return person


def ask(certificate: Certificate | None = None, *, by: Person | None = None) -> CertificateAct:
    asked = {"reason_kind": "error", "reason": "Error", "by": by or somebody_with_role("administrator")}
    return revocation.ask(certificate=certificate or a_certificate(), **asked)


def refused(act: CertificateAct, by: Person) -> str:
    with pytest.raises(RuleBroken) as broken:
        acts.certify(act=act, by=by)
    assert CertificateAct.objects.get(pk=act.pk).is_open
    return broken.value.code


def test_nobody_certifies_what_they_asked():
    certifier = somebody_with_role("certifier")
    act = ask(by=certifier)
    assert refused(act, certifier) == "act.asked_by_oneself"
    assert refused(act, with_role(certifier, "administrator")) == "act.asked_by_oneself"


@pytest.mark.parametrize("takes_in", ["asker", "certifier"])
def test_two_records_of_one_person_are_one(takes_in):
    asker, certifier = somebody_with_role("administrator"), somebody_with_role("certifier")
    act = ask(by=asker)
    survivor, absorbed = (asker, certifier) if takes_in == "asker" else (certifier, asker)
    Person.objects.filter(pk=absorbed.pk).update(merged_into=survivor)
    assert refused(act, Person.objects.get(pk=certifier.pk)) == "act.asked_by_oneself"


def test_the_database_refuses_one_person_twice():
    act, somebody = ask(), a_person()
    decided = {"decided_at": timezone.now(), "decision": "refused"}
    with pytest.raises(IntegrityError, match="certificate_act_by_two"), transaction.atomic():
        CertificateAct.objects.filter(pk=act.pk).update(decided_by=act.asked_by, **decided)
    with pytest.raises(IntegrityError, match="certificate_act_decided_whole"), transaction.atomic():
        CertificateAct.objects.filter(pk=act.pk).update(decided_by=somebody, decision="certified")


def test_an_act_that_was_decided_never_changes_and_one_that_was_asked_only_by_its_decision():
    waiting, done = ask(), certified(ask())
    for act, change in [(waiting, {"reason": "Otro"}), (waiting, {"facts": {"x": 1}}), (done, {"answer": "x"})]:
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            CertificateAct.objects.filter(pk=act.pk).update(**change)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        CertificateAct.objects.filter(pk=done.pk).delete()


def test_nobody_asks_or_certifies_about_themselves():
    holder = with_role(an_employee(), "certifier")
    certificate = a_certificate(person=holder)
    with pytest.raises(RuleBroken) as broken:
        ask(certificate, by=holder)
    assert broken.value.code == "act.about_oneself"
    assert refused(ask(certificate), holder) == "act.about_oneself"


@pytest.mark.parametrize(
    "make",
    [
        a_person,
        lambda: somebody_with_role("auditor"),
        lambda: somebody_with_role("hr_delegate", municipality="1413"),
        lambda: somebody_with_role("certifier", department="13"),
    ],
)
def test_others_may_not_certify(make):
    assert refused(ask(), make()) == "act.not_yours_to_decide"


def test_it_is_decided_once():
    act, certifier = ask(), somebody_with_role("certifier")
    acts.refuse(act=act, reason="No procede", by=certifier)
    for decide in (lambda: acts.certify(act=act, by=certifier), lambda: acts.refuse(act=act, reason="x", by=certifier)):
        with pytest.raises(RuleBroken) as broken:
            decide()
        assert broken.value.code == "act.already_decided"


def test_a_refusal_says_why():
    with pytest.raises(RuleBroken) as broken:
        acts.refuse(act=ask(), reason=" ", by=somebody_with_role("certifier"))
    assert broken.value.code == "act.reason_missing"


def test_the_holder_is_told_of_what_was_certified(run_jobs, mailoutbox):
    certificate = a_certificate(person=an_employee(email="ana@muni.example"))
    acts.refuse(act=ask(certificate), reason="No procede", by=somebody_with_role("certifier"))
    certified(ask(certificate))
    run_jobs()
    (letter,) = mailoutbox
    assert letter.to == ["ana@muni.example"]
    assert certificate.reference in letter.body
    assert "Error en los datos" in letter.body


class TestOffice:
    def test_the_queue_leads_to_the_decision(self, client):
        certificate = a_certificate()
        act = ask(certificate)
        client.force_login(somebody_with_role("certifier"))
        listed = client.get(reverse("certificates_acts:index")).content.decode()
        address = reverse("certificates_acts:decide", args=[act.public_id])
        assert address in listed
        assert "1 por certificar" in listed
        page = client.get(address).content.decode()
        assert {certificate.reference, act.asked_by.full_name, "Error en los datos"} <= {
            word for word in (certificate.reference, act.asked_by.full_name, "Error en los datos") if word in page
        }
        assert client.post(address, {"decision": "certified"}).status_code == 302
        assert certificate.newest_event().kind == "revoked"
        assert client.post(address, {"decision": "certified"}).status_code == 422
        assert certificate.events.count() == 2

    def test_a_refusal_needs_its_reason(self, client):
        act = ask()
        client.force_login(somebody_with_role("certifier"))
        address = reverse("certificates_acts:decide", args=[act.public_id])
        assert client.post(address, {"decision": "refused"}).status_code == 422
        assert client.post(address, {"decision": "refused", "answer": "No procede"}).status_code == 302
        client.force_login(act.asked_by)
        assert "No procede" in client.get(reverse("certificates:acts")).content.decode()

    def test_whoever_asked_sees_why_they_may_not(self, client):
        certifier = somebody_with_role("certifier")
        act = ask(by=certifier)
        client.force_login(certifier)
        page = client.get(reverse("certificates_acts:decide", args=[act.public_id])).content.decode()
        assert "Usted lo pidió" in page
        assert 'value="certified"' not in page

    def test_out_of_reach_it_does_not_exist(self, client):
        client.force_login(somebody_with_role("certifier", department="13"))
        assert client.get(reverse("certificates_acts:decide", args=[ask().public_id])).status_code == 404

    def test_a_correction_is_shown_old_beside_new(self, client):
        certificate = a_certificate()
        asked = {"reason_kind": "error", "reason": "Mal escrito", "wanted": {"person_name": "Xʼol Ẍ"}}
        act = correction.ask(certificate=certificate, by=somebody_with_role("administrator"), **asked)
        client.force_login(somebody_with_role("certifier"))
        page = client.get(reverse("certificates_acts:decide", args=[act.public_id])).content.decode()
        assert certificate.person_name in page
        assert "Xʼol Ẍ" in page
        assert "El registro de la persona dice hoy" in page
