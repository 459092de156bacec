"""Revoking: by whom, why, once, for ever."""

import pytest
from django.urls import reverse

from certificates.domain import revocation
from certificates.models import Certificate, LogLeaf
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.certificates import a_certificate
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def state(certificate: Certificate) -> str:
    return Certificate.objects.with_state().get(pk=certificate.pk).state


def test_a_certifier_revokes_with_a_reason():
    certificate, certifier = a_certificate(), somebody_with_role("certifier")
    revocation.revoke(certificate=certificate, reason="  Emitido por error ", by=certifier)
    assert state(certificate) == "revoked"
    event = certificate.newest_event()
    assert (event.reason, event.by) == ("Emitido por error", certifier)
    assert LogLeaf.objects.order_by("index").last().entry["event"] == "revoked"
    assert AuditEvent.objects.get(action="certificate.revoked").actor == str(certifier.public_id)


@pytest.mark.parametrize(
    ("reason", "code"), [("  ", "certificate.reason_missing"), ("x" * 301, "certificate.reason_too_long")]
)
def test_a_reason_is_needed(reason, code):
    with pytest.raises(RuleBroken) as broken:
        revocation.revoke(certificate=a_certificate(), reason=reason, by=somebody_with_role("certifier"))
    assert broken.value.code == code


def test_twice_is_refused():
    certificate, certifier = a_certificate(), somebody_with_role("certifier")
    revocation.revoke(certificate=certificate, reason="Error", by=certifier)
    with pytest.raises(RuleBroken) as broken:
        revocation.revoke(certificate=certificate, reason="Error", by=certifier)
    assert broken.value.code == "certificate.already_revoked"
    assert certificate.events.count() == 2


@pytest.mark.parametrize(
    "make",
    [
        a_person,
        lambda: somebody_with_role("auditor"),
        lambda: somebody_with_role("hr_delegate", municipality="1413"),
        lambda: somebody_with_role("certifier", municipality="1401"),
        lambda: somebody_with_role("certifier", department="13"),
    ],
)
def test_others_may_not(make):
    certificate = a_certificate()
    with pytest.raises(RuleBroken) as broken:
        revocation.revoke(certificate=certificate, reason="Error", by=make())
    assert broken.value.code == "certificate.not_yours_to_revoke"
    assert state(certificate) == "issued"


def test_a_certifier_of_the_department_may():
    certificate = a_certificate()
    revocation.revoke(certificate=certificate, reason="Error", by=somebody_with_role("certifier", department="14"))
    assert state(certificate) == "revoked"


class TestPage:
    def test_it_asks_and_revokes(self, client):
        certificate = a_certificate()
        client.force_login(somebody_with_role("certifier"))
        address = reverse("certificates:revoke", args=[certificate.public_id])
        assert certificate.reference in client.get(address).content.decode()
        unsure = client.post(address, {"reason": "Nombre mal escrito"})
        assert unsure.status_code == 422
        assert "Nombre mal escrito" in unsure.content.decode()
        assert client.post(address, {"reason": "Nombre mal escrito", "is_sure": "on"}).status_code == 302
        assert state(certificate) == "revoked"
        assert client.post(address, {"reason": "Otra vez", "is_sure": "on"}).status_code == 422

    def test_out_of_reach_it_does_not_exist(self, client):
        certificate = a_certificate()
        client.force_login(somebody_with_role("certifier", municipality="1401"))
        assert client.get(reverse("certificates:revoke", args=[certificate.public_id])).status_code == 404

    def test_its_owner_may_not_open_it(self, client):
        person = an_employee()
        certificate = a_certificate(person=person)
        client.force_login(person)
        assert client.get(reverse("certificates:revoke", args=[certificate.public_id])).status_code == 403
