"""The public page is read by one statement, and says what the register says at that moment."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from certificates.domain import codes, shown
from certificates.models import Certificate, LogLeaf
from tests.certificates.test_validity import ending
from tests.certificates.test_verification import page
from tests.factories.certificates import a_certificate, a_correction, a_lifting, a_revocation, a_suspension, by_hand_for
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


def revoked() -> Certificate:
    certificate = a_certificate()
    a_revocation(certificate, kind="fraud")
    return certificate


def suspended() -> Certificate:
    certificate = a_certificate()
    a_suspension(certificate)
    return certificate


def lifted() -> Certificate:
    certificate = suspended()
    a_lifting(certificate)
    return certificate


def superseded() -> Certificate:
    certificate = a_certificate()
    a_suspension(a_correction(certificate, person_name="Ana Xʼol"))
    return certificate


def successor() -> Certificate:
    return a_correction(a_certificate(), person_name="Ana Xʼol")


EACH = {
    "issued": a_certificate,
    "ends": lambda: ending(1),
    "ended": lambda: ending(-1),
    "by hand": lambda: by_hand_for(an_employee()),
    "revoked": revoked,
    "suspended": suspended,
    "lifted": lifted,
    "superseded": superseded,
    "successor": successor,
}


@pytest.mark.parametrize("make", EACH.values(), ids=EACH)
def test_whatever_became_of_it_is_read_by_one_statement(client, django_assert_num_queries, make):
    certificate = make()
    page(client, certificate.code)
    with django_assert_num_queries(1):
        assert page(client, certificate.code).status_code == 200


@pytest.mark.parametrize("make", EACH.values(), ids=EACH)
def test_it_is_what_the_register_says(make):
    certificate = Certificate.objects.with_state().get(pk=make().pk)
    found = shown.find(certificate.code)
    of_row = [name for name in shown.Shown.__dataclass_fields__ if name in vars(certificate)]
    assert len(of_row) == 17
    assert {name: getattr(found, name) for name in of_row} == {name: getattr(certificate, name) for name in of_row}
    newest = LogLeaf.objects.filter(event__certificate=certificate).order_by("-index")[0]
    assert (found.leaf_index, found.leaf_digest) == (newest.index, newest.digest)
    before, after = certificate.supersedes, getattr(certificate, "superseded_by", None)
    assert found.forerunner == (before and before.reference)
    assert (found.successor_code, found.successor_reference) == (after and after.code, after and after.reference)
    assert found.successor_said == (after and after.newest_event().kind)
    act = getattr(certificate.newest_event(), "act", None)
    assert (found.act_kind, found.reason_kind) == (act and act.kind, act and act.reason_kind)


def test_only_of_a_revocation_and_of_a_suspension_is_the_reason_told():
    told = {name: shown.find(make().code).public_reason for name, make in EACH.items()}
    assert {name: said for name, said in told.items() if said} == {
        "revoked": "Fraude",
        "suspended": "Se está aclarando una duda",
    }


def test_it_is_judged_by_the_day_on_which_it_is_opened(client):
    certificate = ending(0)
    assert "auténtico y vigente" in page(client, certificate.code).content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert "pero venció el" in page(client, certificate.code).content.decode()


def test_one_that_is_not_there_and_one_that_cannot_be_are_asked_for_alike(client):
    asked = []
    for code in (codes.new_code(), "no-es-un-codigo"):
        with CaptureQueriesContext(connection) as seen:
            assert page(client, code).status_code == 404
        asked.append([re.sub(f"{code}|[0-9a-f]{{64}}", "-", one["sql"]) for one in seen])
    assert asked[0] == asked[1]
    assert "certificates_certificate" in asked[0][0]
