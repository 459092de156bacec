"""Suspending while a doubt is looked into: by two people, told everywhere, lifted again or followed by a revocation."""

import json

import pytest
from django.urls import reverse

from certificates.domain import (
    acts,
    correction,
    coverage,
    issuing,
    lines,
    portable,
    record,
    rendering,
    revocation,
    suspension,
)
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateAct, LogLeaf
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.certificates import (
    a_certificate,
    a_completion,
    a_correction,
    a_lifting,
    a_revocation,
    a_suspension,
    certified,
)
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def state(certificate: Certificate) -> str:
    return Certificate.objects.with_state().get(pk=certificate.pk).state


def broken(ask, **said) -> str:
    with pytest.raises(RuleBroken) as rule:
        ask(**{"by": somebody_with_role("administrator"), "reason": "Prueba", **said})
    return rule.value.code


def test_one_asks_and_another_certifies_both_ways():
    certificate = a_certificate()
    asker, certifier = somebody_with_role("administrator"), somebody_with_role("certifier")
    said = {"certificate": certificate, "reason": "Falta ver el acta", "by": asker}
    act = suspension.ask(reason_kind="doubt", **said)
    assert state(certificate) == "issued"
    with pytest.raises(RuleBroken, match="otra persona"):
        acts.certify(act=act, by=asker)
    acts.certify(act=act, by=certifier)
    assert state(certificate) == "suspended"
    act = suspension.ask_lifting(reason_kind="cleared", **said | {"reason": "Ya se vio"})
    assert state(certificate) == "suspended"
    acts.certify(act=act, by=certifier)
    assert state(certificate) == "issued"
    assert [event.kind for event in certificate.events.all()] == ["issued", "suspended", "reinstated"]
    leaves = LogLeaf.objects.filter(event__certificate=certificate).order_by("index")
    assert [leaf.entry["event"] for leaf in leaves] == ["issued", "suspended", "reinstated"]
    assert all(leaf.entry["act_sha256"] for leaf in leaves[1:])
    for told in ("certificate.suspended", "certificate.reinstated"):
        assert AuditEvent.objects.get(action=told).actor == str(certifier.public_id)
    assert [fault for fault in find_faults() if "has no PDF" not in fault] == []


def test_what_may_be_asked_in_which_state():
    certificate = a_certificate()
    assert broken(suspension.ask_lifting, certificate=certificate, reason_kind="cleared") == "act.not_suspended"
    a_suspension(certificate)
    assert broken(suspension.ask, certificate=certificate, reason_kind="doubt") == "act.suspended"
    wanted = {"person_name": "Otra Persona"}
    assert broken(correction.ask, certificate=certificate, reason_kind="error", wanted=wanted) == "act.suspended"
    a_revocation(certificate)
    assert state(certificate) == "revoked"
    assert broken(suspension.ask_lifting, certificate=certificate, reason_kind="cleared") == "act.not_in_force"


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (suspension.ask, "cleared"),
        (suspension.ask, "fraud"),
        (suspension.ask_lifting, "doubt"),
        (revocation.ask, "doubt"),
    ],
)
def test_each_act_has_reasons_of_its_own(ask, kind):
    assert broken(ask, certificate=a_certificate(), reason_kind=kind) == "act.reason_kind_unknown"


def test_what_was_asked_before_is_looked_at_again_when_it_is_certified():
    """Asked for while it held, and suspended by the time that somebody certifies: no successor slips past it."""
    certificate, certifier = a_certificate(), somebody_with_role("certifier")
    act = suspension.ask(
        certificate=certificate, reason_kind="doubt", reason="Prueba", by=somebody_with_role("administrator")
    )
    a_row = CertificateAct.objects.get(pk=act.pk)
    acts.certify(act=act, by=certifier)
    with pytest.raises(RuleBroken) as rule:
        acts.certify(act=a_row, by=certifier)
    assert rule.value.code == "act.already_decided"
    asked = {"reason_kind": "cleared", "reason": "Prueba", "by": somebody_with_role("administrator")}
    lifting = suspension.ask_lifting(certificate=certificate, **asked)
    Certificate.objects.get(pk=certificate.pk)
    acts.certify(act=lifting, by=certifier)
    with pytest.raises(RuleBroken) as rule:
        suspension.carry_out(CertificateAct.objects.get(pk=lifting.pk))
    assert rule.value.code == "act.not_suspended"


def test_nothing_takes_its_place_while_it_is_suspended():
    """What was owed stays answered: a suspension gives nobody a second certificate."""
    done = a_completion()
    issuing.owe(done)
    first = issuing.issue(done.public_id)
    a_suspension(first)
    assert issuing.is_held(done, first.person)
    assert Certificate.objects.in_force().filter(pk=first.pk).exists()
    assert issuing.issue(done.public_id) == first


def test_it_counts_for_nothing_while_it_is_suspended():
    person = an_employee()
    certificate = a_certificate(person=person)
    counted = coverage.figures(Certificate.objects.with_state())
    assert (counted.certificates, counted.revoked, counted.suspended) == (1, 0, 0)
    a_suspension(certificate)
    counted = coverage.figures(Certificate.objects.with_state())
    assert (counted.certificates, counted.revoked, counted.suspended) == (0, 0, 1)
    (line,) = lines.lines_of(record.find(person))
    assert (line.state, line.tone, line.counts) == ("Suspendido", "no", False)
    assert json.loads(portable.as_cv(person))["educationAndTraining"][0]["state"] == "Suspendido"
    with pytest.raises(RuleBroken):
        portable.as_clr(person)  # credentials that hold go along, and no others
    a_lifting(certificate)
    (line,) = lines.lines_of(record.find(person))
    assert (line.tone, line.counts) == ("ok", True)


def test_a_successor_that_is_suspended_says_so_on_the_old_page(client):
    old = a_certificate()
    a_suspension(a_correction(old, person_name="Ana Xʼol"))
    page = client.get(reverse("certificates:certificate", args=[old.code])).content.decode()
    assert "que está suspendido" in page


def test_the_holder_is_told_of_both(run_jobs, mailoutbox):
    certificate = a_certificate(person=an_employee(email="ana@muni.example"))
    a_suspension(certificate)
    run_jobs()
    a_lifting(certificate)
    run_jobs()
    suspended, lifted = mailoutbox
    assert "por ahora no tiene validez" in suspended.body
    assert "Se está aclarando una duda" in suspended.body
    assert "vuelve a valer" in lifted.body


class TestPages:
    def test_the_public_page_says_both(self, client):
        certificate = a_certificate()
        address = reverse("certificates:certificate", args=[certificate.code])
        a_suspension(certificate, reason="Lo contó su vecina")
        page = client.get(address).content.decode()
        assert "Certificado suspendido desde el" in page
        assert "Se está aclarando una duda" in page
        assert "vecina" not in page
        assert "auténtico y vigente" not in page
        a_lifting(certificate)
        assert "auténtico y vigente" in client.get(address).content.decode()

    def test_the_office_asks_for_both(self, client):
        certificate = a_certificate()
        client.force_login(somebody_with_role("administrator"))
        suspend, lift, correct = (
            reverse(f"certificates:{name}", args=[certificate.public_id]) for name in ("suspend", "lift", "correct")
        )
        assert suspend in client.get(reverse("certificates:tracking")).content.decode()
        assert "<form" not in _main(client.get(lift))
        assert client.post(suspend, {"reason_kind": "doubt"}).status_code == 422
        assert client.post(suspend, {"reason_kind": "doubt", "reason": "Falta el acta"}).status_code == 302
        assert state(certificate) == "issued"
        waiting = CertificateAct.objects.waiting().get()
        client.force_login(somebody_with_role("administrator"))
        asked = client.get(reverse("certificates_acts:decide", args=[waiting.public_id])).content.decode()
        assert "se puede levantar después" in asked
        assert "no se puede deshacer" not in asked
        certified(waiting)
        listed = client.get(reverse("certificates:tracking"), {"state": "suspendido"}).content.decode()
        assert lift in listed
        assert correct not in listed
        assert "<form" not in _main(client.get(suspend))
        assert client.post(lift, {"reason_kind": "cleared", "reason": "Apareció el acta"}).status_code == 302
        certified(CertificateAct.objects.waiting().get())
        assert state(certificate) == "issued"
        assert certificate.reference in client.get(reverse("certificates_register:index")).content.decode()

    def test_the_file_is_known_and_said_to_be_suspended(self, client):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        a_suspension(certificate)
        said = client.get(reverse("certificates:file_by_digest", args=[file.sha256])).json()
        assert said["holds"] is False
        assert "está suspendido" in said["words"]


def _main(response) -> str:
    return response.content.decode().partition("<main")[2].partition("</main>")[0]
