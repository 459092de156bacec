"""Revoking: asked by one with a reason, certified by another, once, for ever."""

import pytest
from django.urls import reverse

from certificates.domain import acts, revocation
from certificates.models import Certificate, CertificateAct, LogLeaf
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.certificates import a_certificate, a_revocation, certified
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def state(certificate: Certificate) -> str:
    return Certificate.objects.with_state().get(pk=certificate.pk).state


def ask(certificate: Certificate, **fields) -> CertificateAct:
    asked = {"reason_kind": "error", "reason": "Error", "by": None, **fields}
    asked["by"] = asked["by"] or somebody_with_role("administrator")
    return revocation.ask(certificate=certificate, **asked)


def test_one_asks_and_another_certifies():
    certificate = a_certificate()
    asker, certifier = somebody_with_role("hr_delegate", municipality="1413"), somebody_with_role("certifier")
    act = ask(certificate, reason="  Emitido por error ", by=asker)
    assert state(certificate) == "issued"
    acts.certify(act=act, by=certifier)
    assert state(certificate) == "revoked"
    event = certificate.newest_event()
    assert (event.reason, event.by, event.act) == ("Emitido por error", certifier, act)
    assert LogLeaf.objects.order_by("index").last().entry["event"] == "revoked"
    assert AuditEvent.objects.get(action="certificate_act.asked").actor == str(asker.public_id)
    assert AuditEvent.objects.get(action="certificate_act.certified").actor == str(certifier.public_id)
    assert AuditEvent.objects.get(action="certificate.revoked").actor == str(certifier.public_id)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": "  "}, "act.reason_missing"),
        ({"reason": "x" * 301}, "act.reason_too_long"),
        ({"reason": "Del CUI 2987654321401"}, "text.number_in_it"),
        ({"reason_kind": "whim"}, "act.reason_kind_unknown"),
    ],
)
def test_a_reason_is_needed(fields, code):
    with pytest.raises(RuleBroken) as broken:
        ask(a_certificate(), **fields)
    assert broken.value.code == code


def test_one_act_waits_at_a_time():
    certificate = a_certificate()
    ask(certificate)
    with pytest.raises(RuleBroken) as broken:
        ask(certificate)
    assert broken.value.code == "act.already_asked"


def test_what_is_revoked_is_not_revoked_again():
    certificate = a_certificate()
    a_revocation(certificate)
    with pytest.raises(RuleBroken) as broken:
        ask(certificate)
    assert broken.value.code == "act.not_in_force"
    assert certificate.events.count() == 2


def test_what_was_refused_may_be_asked_again():
    certificate, act = (one := a_certificate()), ask(one)
    acts.refuse(act=act, reason="Los datos son correctos.", by=somebody_with_role("certifier"))
    assert state(certificate) == "issued"
    certified(ask(certificate))
    assert state(certificate) == "revoked"


@pytest.mark.parametrize(
    "make",
    [
        a_person,
        lambda: somebody_with_role("auditor"),
        lambda: somebody_with_role("trainer"),
        lambda: somebody_with_role("department_delegate", department="14"),
        lambda: somebody_with_role("hr_delegate", municipality="1401"),
        lambda: somebody_with_role("certifier", municipality="1401"),
    ],
)
def test_others_may_not_ask(make):
    certificate = a_certificate()
    with pytest.raises(RuleBroken) as broken:
        ask(certificate, by=make())
    assert broken.value.code == "act.not_yours_to_ask"
    assert not CertificateAct.objects.exists()


class TestPage:
    def test_it_asks(self, client):
        certificate = a_certificate()
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        address = reverse("certificates:revoke", args=[certificate.public_id])
        assert certificate.reference in client.get(address).content.decode()
        said = {"reason_kind": "error", "reason": "Nombre mal escrito"}
        unsure = client.post(address, said)
        assert unsure.status_code == 422
        assert "Nombre mal escrito" in unsure.content.decode()
        assert client.post(address, said | {"is_sure": "on"}).status_code == 302
        assert state(certificate) == "issued"
        assert certificate.reference in client.get(reverse("certificates:acts")).content.decode()
        again = client.post(address, said | {"is_sure": "on"})
        assert again.status_code == 422
        assert "ya hay un acto por certificar" in again.content.decode()

    def test_out_of_reach_it_does_not_exist(self, client):
        certificate = a_certificate()
        client.force_login(somebody_with_role("certifier", municipality="1401"))
        assert client.get(reverse("certificates:revoke", args=[certificate.public_id])).status_code == 404

    def test_its_owner_may_not_open_it(self, client):
        person = an_employee()
        certificate = a_certificate(person=person)
        client.force_login(person)
        assert client.get(reverse("certificates:revoke", args=[certificate.public_id])).status_code == 403

    def test_the_public_page_says_of_which_kind_the_reason_was_and_no_more(self, client):
        certificate = a_certificate()
        a_revocation(certificate, reason="Lo contó su vecina", kind="fraud")
        body = client.get(reverse("certificates:certificate", args=[certificate.code])).content.decode()
        assert "Motivo: Fraude." in body
        assert "vecina" not in body
