"""Plantillas in a real browser: as wide as a telephone, without a barrier, the sample with and without a script."""

import pytest
from django.urls import reverse

from certificates.models import CertificateTemplate
from lms.models import RoleGrant
from tests.courses.test_bank_screens import SHOTS, window  # noqa: F401 a fixture
from tests.factories.courses import a_course
from tests.factories.templates import a_template

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def office(window):  # noqa: F811 the fixture
    RoleGrant.objects.filter(person=window.person).update(role="administrator")
    return window


def address(name: str, template: CertificateTemplate | None = None) -> str:
    return reverse(f"certificates_templates:{name}", args=[template.public_id] if template else [])


def test_every_page_fits_a_telephone_and_has_no_barrier(office, live_server):
    course = a_course(title="Cobro y registro de usuarios de agua " * 3)
    template = a_template(
        courses=[course], is_default=True, name="Diploma de la red de juventud",
        logos=3, signatories=3, is_signed=True, texts={"title": "Reconocimiento"},
    )  # fmt: skip
    a_template(kind="constancia", is_published=False)
    office.look(address("index"), "templates")
    office.look(address("add"), "template-add")
    office.look(address("edit", template), "template-edit")
    office.look(address("use", template), "template-use")
    office.goto(live_server.url + address("edit", template))
    office.fill("[name=text_body]", "{dpi}")
    office.get_by_role("button", name="Guardar borrador").click()
    office.get_by_text("no es un dato del certificado").wait_for()
    office.look("", "template-wrong")
    assert office.complaints == []
    over = "[...document.querySelectorAll('.template :is(input, textarea, select)')].filter(one => one.offsetParent &&"
    over += " one.getBoundingClientRect().right > document.documentElement.clientWidth).map(one => one.name)"
    office.set_viewport_size({"width": 360, "height": 800})
    assert office.evaluate(over) == []
    if SHOTS:
        for width in (360, 1400):
            office.set_viewport_size({"width": width, "height": 3600})
            office.goto(live_server.url + address("edit", template))
            office.wait_for_load_state("networkidle")
            office.screenshot(path=f"{SHOTS}/tall-{width}.png")


def is_sample(request) -> bool:
    return request.method == "POST" and request.url.partition("#")[0].endswith("/muestra.pdf")


def test_the_sample_follows_what_is_typed(office, live_server):
    """Where the browser shows PDFs; this one is only told that it does."""
    template = a_template()
    office.add_init_script("Object.defineProperty(navigator, 'pdfViewerEnabled', {get: () => true})")
    office.set_viewport_size({"width": 1400, "height": 900})
    office.goto(live_server.url + address("edit", template))
    with office.expect_request(is_sample, timeout=60_000) as asked:
        office.get_by_label("Título del papel").type("Reconocimiento")
    assert "Reconocimiento" in asked.value.post_data
    assert office.evaluate("document.activeElement.name") == "text_title"
    with office.expect_request(is_sample, timeout=60_000) as asked:
        office.get_by_label("con un nombre largo").check()
    assert 'name="largo"' in asked.value.post_data
    template.refresh_from_db()
    assert template.draft["texts"] == {}


def test_the_button_shows_it_without_a_script(office, live_server):
    context = office.context.browser.new_context(
        java_script_enabled=False, viewport={"width": 1400, "height": 900}, locale="es-GT"
    )
    context.add_cookies(office.context.cookies())
    page = context.new_page()
    page.goto(live_server.url + address("add"), wait_until="networkidle")  # the frame has its first sample
    page.get_by_label("Título del papel").fill("Reconocimiento")
    with page.expect_request(is_sample, timeout=60_000) as asked:
        page.get_by_role("button", name="Ver muestra", exact=True).click()
    assert "Reconocimiento" in asked.value.post_data
    assert page.url.endswith(address("add"))
    context.close()
