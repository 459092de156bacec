"""The pages of the career record in a real browser: as wide as a telephone, without a barrier."""

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from certificates.domain import career, handover, sharing
from certificates.models import HandoverPackage
from lms.models import Job, Municipality
from tests.clients import FullClient
from tests.courses.test_bank_screens import window
from tests.factories.career import a_declaration, a_paper
from tests.factories.certificates import a_certificate
from tests.factories.people import an_employee, somebody_with_role

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["window"]


def enter(window, live_server, person) -> None:
    """Be somebody else from here on."""
    client = FullClient()
    client.force_login(person)
    key = client.session.session_key
    window.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])


def test_every_page_fits_a_telephone_and_has_no_barrier(window, live_server):
    person = an_employee(given_names="María Xquenda", surnames="Brito Tzʼutujil")
    delegate, certifier = somebody_with_role("hr_delegate", municipality="1413"), somebody_with_role("certifier")
    a_certificate(person=person)
    first = a_declaration(person, evidence=a_paper(), title="Diplomado en administración financiera municipal")
    second, third = a_declaration(person, modality="mixed"), a_declaration(person, title="Catastro")
    career.check(entry=second, by=delegate)
    career.refuse(entry=third, reason="El papel no trae sello ni firma", by=delegate)
    made = sharing.share(person=person, parts="all", days=7, note="Para mi nuevo empleo", by=person)
    sharing.note_opening(made.share, device="phone")
    enter(window, live_server, person)
    for name in ("record", "declare", "links"):
        window.look(reverse(f"certificates:{name}"), f"career-{name}")
    window.look(reverse("certificates:withdraw", args=[first.public_id]), "career-withdraw", 360)
    window.look(reverse("certificates:shared", args=[made.code]), "career-shared")
    window.look(reverse("certificates:shared", args=["x"]), "career-absent", 360)
    enter(window, live_server, delegate)
    window.look(reverse("certificates:career_queue"), "career-queue")
    window.look(reverse("certificates:career_entry", args=[first.public_id]), "career-entry")
    window.look(reverse("certificates:staff_training", args=[person.public_id]), "career-training")
    enter(window, live_server, certifier)
    window.look(reverse("certificates:career_entry", args=[second.public_id]), "career-certify", 360)
    assert [one for one in window.complaints if "404" not in one] == []


def test_the_pages_of_offices_fit_as_well(window, live_server):
    person, delegate = an_employee(), somebody_with_role("hr_delegate", municipality="1413")
    a_certificate(person=person)
    a_declaration(person)
    municipality = Municipality.objects.get(code="1413")
    ready = timezone.now()
    HandoverPackage.objects.create(municipality=municipality, ready_at=ready, path="x.zip", bytes=9000, sha256="a" * 64)
    package = handover.ask(municipality=municipality, by=delegate)
    Job.objects.filter(subject=str(package.public_id)).update(done=2, total=5)
    enter(window, live_server, delegate)
    window.look(reverse("certificates:duty", args=["1413"]), "duty")
    window.look(reverse("certificates:handover", args=["1413"]), "handover")
    enter(window, live_server, somebody_with_role("auditor"))
    window.look(reverse("certificates:duty", args=["1413"]), "duty-few", 360)
    window.look(reverse("certificates:audited_record", args=[person.public_id]), "audited")
    assert window.complaints == []


def test_a_new_link_is_copied_or_handed_to_the_telephone_s_own_menu(window, live_server):
    enter(window, live_server, an_employee())
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.add_init_script("navigator.share = (what) => { window.sent = what.url; return Promise.resolve(); }")
    window.goto(live_server.url + reverse("certificates:links"))
    window.locator("input[name=parts]").first.check()
    window.get_by_role("button", name="Hacer un enlace").click()
    address = window.locator("[data-address]").get_attribute("href")
    window.get_by_role("button", name="Copiar").click()
    window.get_by_role("button", name="Copiado").wait_for()
    assert window.evaluate("navigator.clipboard.readText()") == address
    window.get_by_role("button", name="Enviarlo").click()
    assert window.evaluate("window.sent") == address
    window.look("", "career-new-link", 360)
    assert window.complaints == []
