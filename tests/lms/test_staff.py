"""Personal: who sees which staff, the list, confirming; what stays out of reach."""

import csv
import io

import openpyxl
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.domain import people
from lms.models import Appointment, AuditEvent, Municipality, Person, RoleGrant
from lms.signals import link_confirmed
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.lms.staff_pages import FOREIGN, HOME, a_delegate, code_of, held, names_on, text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def delegate(client) -> Person:
    """The HR delegate of Nebaj, signed in."""
    person = a_delegate()
    client.force_login(person)
    return person


# Who may --------------------------------------------------------------------------------------------------------
MUNICIPALITY_READ = ["list", "sheet", "xlsx", "csv"]
MUNICIPALITY_MANAGE = ["waiting", "find", "new"]
APPOINTMENT = ["end", "correct", "annul", "move"]


def addresses(code: str) -> dict[str, str]:
    """Every address of one municipality's staff that answers to GET."""
    employee, waiting = an_employee(code), an_employee(code, is_confirmed=False)
    found = {name: url(name, code) for name in MUNICIPALITY_READ + MUNICIPALITY_MANAGE}
    found |= {name: url(name, employee.public_id) for name in ("person", "details", "appoint")}
    found |= {name: url(name, held(employee).public_id) for name in APPOINTMENT}
    return found | {"refuse": url("refuse", held(waiting).public_id)}


def status_of(client, address: str) -> int:
    answer = client.get(address)
    if answer.streaming:
        list(answer.streaming_content)  # the client closes what was read to its end
    return answer.status_code


def statuses(client, found: dict[str, str]) -> dict[str, int]:
    return {name: status_of(client, address) for name, address in found.items()}


def test_a_delegate_opens_everything_at_home_and_nothing_abroad(client, delegate):
    home, abroad = addresses(HOME), addresses(FOREIGN)
    assert set(statuses(client, home).values()) == {200}
    assert set(statuses(client, abroad).values()) == {404}
    written = {
        client.post(address, {"reason": "x", "ends_on": "2026-12-31"}).status_code for address in abroad.values()
    }
    assert written <= {404, 405}
    reveal = url("reveal", Person.objects.get(appointments__public_id=abroad["end"].split("/")[-3]).public_id)
    assert client.post(reveal, {"reason": "check"}).status_code == 404
    assert client.post(url("appoint_found", FOREIGN), {"found": "x"}).status_code == 404


def test_a_departmental_delegate_reads_their_department_and_changes_nothing(client):
    client.force_login(somebody_with_role("department_delegate", department="14"))
    home, abroad = addresses(HOME), addresses(FOREIGN)
    reads = {*MUNICIPALITY_READ, "person"}
    assert statuses(client, home) == {name: 200 if name in reads else 403 for name in home}
    assert statuses(client, abroad) == {name: 404 if name in reads else 403 for name in abroad}
    public_id = home["person"].split("/")[-2]
    assert client.post(url("reveal", public_id), {"reason": "check"}).status_code == 403
    shown = text_of(client.get(home["person"]))
    assert "Corregir" not in shown
    assert "Ver CUI" not in shown


@pytest.mark.parametrize("role", ["auditor", "trainer", "certifier", ""])
def test_others_do_not_open_the_staff_pages(client, role):
    client.force_login(somebody_with_role(role) if role else a_person())
    found = addresses(HOME) | {"index": url("index"), "queue": url("queue")}
    assert set(statuses(client, found).values()) == {403}
    client.logout()
    assert set(statuses(client, found).values()) == {302}


def test_a_role_that_is_withdrawn_closes_the_door_at_once(client, delegate):
    assert client.get(url("list", HOME)).status_code == 200
    RoleGrant.objects.update(ends_at=timezone.now())
    assert client.get(url("list", HOME)).status_code == 403


def test_one_municipality_is_opened_at_once_and_several_are_chosen(client, delegate):
    assert client.get(url("index")).url == url("list", HOME)
    other = Municipality.objects.get(code="1401")
    RoleGrant.objects.create(person=delegate, role="hr_delegate", scope="municipality", municipality=other)
    an_employee("1401", is_confirmed=False)
    answer = client.get(url("index"))
    counts = {one.code: (one.present, one.waiting) for one in answer.context["municipalities"]}
    assert counts == {HOME: (1, 0), "1401": (1, 1)}
    assert client.get(url("queue")).url == url("waiting", "1401")


def test_an_administrator_chooses_department_and_municipality(client):
    client.force_login(somebody_with_role("administrator"))
    assert text_of(client.get(url("index"))).count("?department=") == 22
    found = client.get(url("index"), {"department": "14"}).context["municipalities"]
    assert {place.code[:2] for place in found} == {"14"}
    assert [place.code for place in client.get(url("index"), {"q": "NEBAJ"}).context["municipalities"]] == [HOME]


def test_the_menu_counts_what_waits_for_the_delegate_alone(client, delegate):
    an_employee(HOME, is_confirmed=False)
    an_employee(HOME, is_confirmed=False)
    an_employee(FOREIGN, is_confirmed=False)
    page = text_of(client.get(url("list", HOME)))
    assert '<span class="count num">2</span>' in page
    client.force_login(somebody_with_role("administrator"))
    assert 'class="count' not in text_of(client.get(url("index")))
    client.force_login(a_person())
    assert "/personal/" not in text_of(client.get(reverse("lms:account")))


# The list --------------------------------------------------------------------------------------------------------
def test_the_list_is_searched_and_filtered(client, delegate):
    an_employee(HOME, "TES", given_names="Óscar", surnames="Cobo")
    an_employee(HOME, "RECEP", is_confirmed=False, given_names="Espera", surnames="Cobo")
    gone = an_employee(HOME, given_names="Pasada", surnames="Ceto")
    gone.appointments.update(starts_on="2024-01-01", ends_on="2024-12-31")
    refused = an_employee(HOME, is_confirmed=False, given_names="Rechazada")
    refused.appointments.update(refused_at=timezone.now(), refusal="No")
    an_employee(FOREIGN, given_names="Ajena")
    assert names_on(client) == {"Clara", "Óscar", "Espera"}
    assert names_on(client, q="oscar") == {"Óscar"}
    assert names_on(client, q="cobo", post="TES") == {"Óscar"}
    assert names_on(client, post="RECEP") == {"Espera"}
    assert names_on(client, estado="por-confirmar") == {"Espera"}
    assert names_on(client, estado="anterior") == {"Pasada"}
    Appointment.objects.filter(person__given_names="Óscar").update(renglon="011")
    assert names_on(client, renglon="011") == {"Óscar"}
    assert names_on(client, post="MACONDO", estado="x") == {"Clara", "Óscar", "Espera"}
    page = text_of(client.get(url("list", HOME)))
    assert "3 personas trabajan aquí" in page
    assert "1 persona espera" in page


def test_two_hundred_rows_take_as_many_queries_as_two(client, delegate):
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            status_of(client, address)
        return len(asked)

    pages = [url(name, HOME) for name in ("list", "sheet", "csv", "waiting")]
    an_employee(HOME), an_employee(HOME, is_confirmed=False)
    queries(pages[1])  # the trail's first event makes its head
    few = [queries(page) for page in pages]
    for number in range(200):
        an_employee(HOME, is_confirmed=number % 2 == 0)
    assert [queries(page) for page in pages] == few
    assert max(few) < 30
    assert client.get(url("list", HOME)).context["page_obj"].paginator.num_pages == 5


def test_the_list_leaves_without_cui_and_contact_and_is_in_the_trail(client, delegate):
    cui = a_cui()
    an_employee(HOME, "TES", cui=cui, phone="55551234", email="a@example.org", given_names="=Ana", surnames="+Ceto")
    answer = client.get(url("csv", HOME), {"q": "ana", "post": "TES"})
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert (row["Apellidos"], row["Nombres"], row["CUI (solo el final)"]) == ("'+Ceto", "'=Ana", "•••• ••••• 1401")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(url("xlsx", HOME)).streaming_content)))
    cells = [str(cell) for cells in book.active.iter_rows(values_only=True) for cell in cells]
    sheet = text_of(client.get(url("sheet", HOME)))
    for leak in (cui, cui[:8], "55551234", "a@example.org"):
        assert leak not in content + sheet + "".join(cells)
    events = [event.facts for event in AuditEvent.objects.filter(action="staff.exported").order_by("pk")]
    assert events == [
        {"form": "csv", "municipality": HOME, "filters": ["post", "q"], "people": 1},
        {"form": "xlsx", "municipality": HOME, "filters": [], "people": 2},
        {"form": "print", "municipality": HOME, "filters": [], "people": 2},
    ]


# Confirming ------------------------------------------------------------------------------------------------------
def test_several_are_confirmed_at_once_and_the_apps_above_hear_of_it(
    client, delegate, django_capture_on_commit_callbacks
):
    ana, eva = an_employee(HOME, is_confirmed=False), an_employee(HOME, is_confirmed=False)
    left, foreign = an_employee(HOME, is_confirmed=False), an_employee(FOREIGN, is_confirmed=False)
    heard = []

    def hear(person, **kwargs):
        heard.append(person)

    link_confirmed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            ticked = [str(held(one).public_id) for one in (ana, eva, foreign)]
            answer = client.post(url("waiting", HOME), {"appointment": [*ticked, "no-es-nada"]}, follow=True)
    finally:
        link_confirmed.disconnect(hear)
    assert "Confirmó 2 nombramientos." in text_of(answer)
    confirmed = Appointment.objects.filter(confirmed_by=delegate)
    assert {one.person for one in confirmed} == {ana, eva} == set(heard)
    assert {held(left).is_awaiting, held(foreign).is_awaiting} == {True}
    events = AuditEvent.objects.filter(action="appointment.confirmed")
    assert {event.subject for event in events} == {f"lms.person:{one.public_id}" for one in (ana, eva)}


def test_ticking_nobody_is_told(client, delegate):
    an_employee(HOME, is_confirmed=False)
    answer = client.post(url("waiting", HOME), follow=True)
    assert "No marcó a nadie" in text_of(answer)


def test_nobody_confirms_or_refuses_their_own(client, delegate):
    own = held(delegate)
    Appointment.objects.filter(pk=own.pk).update(confirmed_at=None)
    own.refresh_from_db()
    assert code_of(people.confirm_appointment, appointment=own, by=delegate) == "appointment.own"
    assert code_of(people.refuse_appointment, appointment=own, reason="x", by=delegate) == "appointment.own"
    client.post(url("waiting", HOME), {"appointment": [str(own.public_id)]})
    assert held(delegate).is_awaiting
    assert "Su propio puesto" in text_of(client.get(url("waiting", HOME)))
    another = somebody_with_role("hr_delegate", municipality=HOME)
    people.confirm_appointment(appointment=own, by=another)
    assert held(delegate).confirmed_by == another


def test_what_was_answered_is_not_answered_again(delegate):
    appointment = held(an_employee(HOME, is_confirmed=False))
    people.confirm_appointment(appointment=appointment, by=delegate)
    assert code_of(people.confirm_appointment, appointment=appointment, by=delegate) == "appointment.answered"
    foreign = held(an_employee(FOREIGN, is_confirmed=False))
    for verb in (people.confirm_appointment, people.refuse_appointment, people.annul_appointment):
        more = {} if verb == people.confirm_appointment else {"reason": "x"}
        assert code_of(verb, appointment=foreign, by=delegate, **more) == "appointment.not_allowed"


def test_a_refusal_needs_a_reason_that_the_person_reads_and_they_may_declare_again(client, delegate):
    person = an_employee(HOME, is_confirmed=False)
    appointment = held(person)
    assert client.post(url("refuse", appointment.public_id), {"reason": "  "}).status_code == 422
    answer = client.post(url("refuse", appointment.public_id), {"reason": "No trabaja en esta municipalidad."})
    assert answer.url == url("list", HOME)
    assert client.get(url("refuse", appointment.public_id)).status_code == 404
    client.force_login(person)
    page = text_of(client.get(reverse("lms:account")))
    assert "Recursos Humanos no lo confirmó" in page
    assert "No trabaja en esta municipalidad." in page
    again = people.appoint(
        person=person, post=appointment.post, municipality=appointment.municipality, starts_on=appointment.starts_on,
        by=person,
    )  # fmt: skip
    assert again.is_awaiting
