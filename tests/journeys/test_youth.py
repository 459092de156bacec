"""Two who are not certified at once: a minor of the youth network, and an employee whom nobody has confirmed yet."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories.people import born
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

PASSWORD = "milpa-y-volcán-29"
COMPLETE = """
from courses.domain import completion, enrolment
from courses.models import Activity, CoursePage
from lms.models import Person
person = Person.objects.get(phone="{phone}")
course = CoursePage.objects.get(slug="{slug}")
entered = enrolment.enrol(person=person, course=course, by=person)
for activity in Activity.objects.required().filter(course_key=course.translation_key):
    completion.complete_activity(enrolment=entered, activity=activity)
"""
CONFIRM = """
from lms.domain import people
from lms.models import Person
appointment = Person.objects.get(phone="{phone}").appointments.get()
people.confirm_appointment(appointment=appointment, by=Person.objects.get(email="anam@demo.aula"))
"""


def until_certified(visitor) -> None:
    """Open the record anew until the certificate can be downloaded: two minutes at most."""

    def is_there() -> bool:
        visitor.goto("/mi-expediente/")
        return visitor.page.locator("text=Descargar PDF").count() > 0 or visitor.page.wait_for_timeout(1000)

    wait_until(is_there, 120, lambda: visitor.page.locator("main").inner_text())


def assert_usable(*visitors) -> None:
    for visitor in visitors:
        assert visitor.what_scrolls_sideways() == []
        assert visitor.barriers() == []
        assert visitor.complaints == []


def test_a_minor_joins_the_network_and_is_certified_when_the_paper_is_there(visit, running_system):
    minor = visit(width=360)
    page = minor.page
    minor.goto("/registro/red/")
    page.click("main a:has-text('Red de Jóvenes')")
    page.click("text=Tengo menos de 18 años: registrarme")
    assert not page.locator("#id_cui").count()
    page.fill("#id_given_names", "Flor de María")
    page.fill("#id_surnames", "Maíz Demo")
    page.fill("#id_born_on", born(15).isoformat())
    page.fill("#id_phone", "4444 0001")
    page.fill("#id_password", PASSWORD)
    page.fill("#id_guardian_name", "Candelaria Maíz Demo")
    page.click("label:has-text('Madre')")
    assert_usable(minor)
    page.click("text=Abrir mi cuenta")

    # Asks to join, and finds the paper to print.
    page.select_option("#id_municipality", label="Chiantla")
    page.click("text=Pedir unirme")
    expect(page.locator("main")).to_contain_text("Falta entregar el permiso firmado")
    page.click("text=Ver el permiso para imprimir")
    expect(page.locator("main")).to_contain_text("Candelaria Maíz Demo")
    assert_usable(minor)

    # The coordinator takes her in, and sees neither phone nor birth date.
    coordinator = visit("coordinator", width=360)
    coordinator.goto("/redes/")
    coordinator.page.click("main a:has-text('Red de Jóvenes')")
    coordinator.page.click("text=Integrantes, solicitudes y permisos")
    assert "4444" not in coordinator.page.content()
    assert_usable(coordinator)
    coordinator.page.locator("li.card:has-text('Maíz Demo') >> text=Aceptar").click()
    expect(coordinator.page.locator("main")).to_contain_text("ya está en la red")

    # Learning works at once; the certificate waits and says for what.
    running_system.python(COMPLETE.format(phone="44440001", slug="organizacion-e-incidencia-juvenil"))
    minor.goto("/mi-expediente/")
    expect(page.locator("main")).to_contain_text("confirme que recibió el permiso firmado")
    assert_usable(minor)

    # With the paper in hand it comes by itself.
    coordinator.page.click("text=Tengo el permiso firmado")
    expect(coordinator.page.locator("main")).to_contain_text("Permiso recibido")
    until_certified(minor)
    assert_usable(minor, coordinator)


def test_an_employee_is_certified_when_human_resources_confirms_the_post(visit, running_system):
    employee = visit(width=1280)
    page = employee.page
    employee.goto("/registro/")
    page.fill("#id_given_names", "Julio Demo")
    page.fill("#id_surnames", "Tejado Demo")
    page.fill("#id_phone", "4444 0002")
    page.fill("#id_password", PASSWORD)
    page.click("text=Abrir mi cuenta")
    page.fill("#q", "nebaj")
    page.click("main form .btn")
    page.click("text=Nebaj >> nth=0")
    page.select_option(
        "select[name=post]", label=page.locator("select[name=post] option:has-text('cajero')").inner_text()
    )
    page.click("main form .btn >> nth=0")
    page.wait_for_url(re.compile("/mi-aprendizaje/"))
    words = "Su certificado sale cuando Recursos Humanos de Nebaj, Quiché confirme su puesto."
    expect(page.locator("main")).to_contain_text(words)

    running_system.python(COMPLETE.format(phone="44440002", slug="registro-de-usuarios-de-agua"))
    employee.goto("/cursos/registro-de-usuarios-de-agua/")
    expect(page.locator("main")).to_contain_text(words)
    assert_usable(employee)
    employee.goto("/mi-expediente/")
    expect(page.locator("main")).to_contain_text(words)
    assert page.locator("text=Descargar PDF").count() == 0

    running_system.python(CONFIRM.format(phone="44440002"))
    until_certified(employee)
    expect(page.locator("main")).to_contain_text("Confirmado por la municipalidad")
    assert words not in page.locator("main").inner_text()
    assert_usable(employee)
