"""Sessions in person as learners and trainers find them."""

import json
import re
import uuid
from datetime import timedelta
from io import BytesIO

import pypdfium2
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.domain import attendance, rotating, sessions
from courses.models import Attendance, CoursePage, InPersonSession, LessonPage
from courses.views import seats
from tests.clients import FullClient
from tests.factories.people import a_cui, an_employee, somebody_with_role
from tests.factories.sessions import a_session, enrolled, hold, noted

pytestmark = pytest.mark.django_db
NOW = timezone.now


@pytest.fixture
def trainer(client):
    """Who writes the course of `session`."""
    person = somebody_with_role("trainer", given_names="Ana", surnames="Facilitadora")
    client.force_login(person)
    return person


@pytest.fixture
def session(trainer):
    made = a_session(trainer=trainer)
    CoursePage.objects.filter(translation_key=made.activity.course_key).update(owner=trainer)
    return made


def office(name: str, session) -> str:
    return reverse(f"courses_sessions:{name}", args=[session.public_id])


def lesson_url(session) -> str:
    return LessonPage.objects.get(translation_key=session.activity.lesson_key).url


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


# The learner ---------------------------------------------------------------------------------------------------------


def test_a_learner_takes_a_seat_keeps_it_in_the_calendar_and_gives_it_back(client, session):
    who = enrolled(session)
    client.force_login(who.person)
    page = client.get(lesson_url(session))
    assert "Le faltan 3.2 horas presenciales" in text(page)
    assert "Quedan 20 lugares" in text(page)
    answer = client.post(reverse("courses:seat_take", args=[session.public_id]), follow=True)
    assert "Tiene un lugar" in text(answer)
    calendar = client.get(reverse("courses:session_calendar", args=[session.public_id]))
    assert calendar.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert f"UID:{session.public_id}@testserver".encode() in calendar.content
    answer = client.post(reverse("courses:seat_give_back", args=[session.public_id]), follow=True)
    assert "Otra persona puede tomarlo" in text(answer)
    assert not session.registrations.active().exists()


def test_who_is_not_in_the_course_sees_neither_places_nor_seats(client, session):
    client.force_login(an_employee())
    assert session.room not in text(client.get(lesson_url(session)))
    assert client.post(reverse("courses:seat_take", args=[session.public_id])).status_code == 404


def test_a_lesson_page_asks_as_much_for_twenty_sessions_as_for_one(client, session):
    client.force_login(enrolled(session).person)
    before = queries_of(client, lesson_url(session))
    for _one in range(20):
        a_session(session.activity)
    assert queries_of(client, lesson_url(session)) == before


# The code ------------------------------------------------------------------------------------------------------------


def address(session, *, ago=timedelta(0)) -> str:
    step = rotating.step_at(NOW() - ago)
    return reverse("courses:scan", args=[session.code, step, rotating.mac_of(session, step)])


def test_the_code_is_opened_confirmed_and_noted_once(session):
    hold(session)
    who, learner = enrolled(session), FullClient()
    learner.force_login(who.person)
    url = address(session)
    page = learner.get(url)
    assert str(who.person) in text(page)
    assert not Attendance.objects.exists()
    for _press in range(2):
        assert "Su asistencia quedó anotada" in text(learner.post(url, follow=True))
    assert Attendance.objects.get().way == "qr"


def test_signing_in_may_take_longer_than_the_code_lives(session, time_machine):
    hold(session)
    who, learner = enrolled(session), FullClient()
    url = address(session)
    first = learner.get(url)
    assert first.status_code == 302
    assert first.url.startswith("/entrar/")
    time_machine.move_to(NOW() + timedelta(minutes=10))
    learner.force_login(who.person)
    learner.get(url)
    assert "quedó anotada" in text(learner.post(url, follow=True))
    forwarded = FullClient()
    forwarded.force_login(enrolled(session).person)
    forwarded.get(url)
    answer = forwarded.post(url)
    assert answer.status_code == 422
    assert "Ese código ya cambió" in text(answer)


def test_guessing_is_counted_and_soon_not_answered(client, session, monkeypatch):
    cache.clear()
    monkeypatch.setattr(seats, "FORGED_BY_LINE", seats.Limit("scan-line", most=3, seconds=900))
    hold(session)
    step = rotating.step_at(NOW())
    for guess in range(5):
        wrong = reverse("courses:scan", args=[session.code, step, f"{guess:016d}"])
        assert client.get(wrong).status_code == 404
    assert client.get(address(session)).status_code == 404
    cache.clear()
    assert client.get(address(session)).status_code == 200


def test_the_picture_without_a_script_is_the_code_of_this_moment(client, session):
    hold(session)
    page = client.get(office("screen", session))
    assert page.headers["Cache-Control"].count("no-store")
    assert rotating.key_of(session).hex() in page.content.decode()
    picture = client.get(reverse("certificates_sessions:code", args=[session.public_id]))
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content


# The list ------------------------------------------------------------------------------------------------------------


def send(client, session, *marks):
    return client.post(office("marks", session), json.dumps({"marks": marks}), content_type="application/json")


def mark(who, *, present=True, **fields):
    told = {"id": str(uuid.uuid4()), "enrolment": str(who.public_id), "present": present, "at": NOW().isoformat()}
    return told | fields


def statuses(answer) -> list[int]:
    return [one["status"] for one in answer.json()["verdicts"]]


def test_marks_of_a_telephone_come_twice_and_late_and_each_has_its_verdict(client, session, trainer):
    hold(session)
    who, stranger = enrolled(session), enrolled(a_session())
    one, wrong = mark(who, at=(NOW() - timedelta(hours=3)).isoformat()), mark(stranger)
    assert statuses(send(client, session, one, wrong)) == [201, 422]
    assert statuses(send(client, session, one)) == [200]
    assert statuses(send(client, session, one | {"present": False})) == [409]
    absent = mark(who, present=False)
    answer = send(client, session, absent)
    assert statuses(answer) == [422]
    assert answer.json()["verdicts"][0]["code"] == "attendance.needs_reason"
    assert statuses(send(client, session, mark(who, present=False, reason="Se fue antes"))) == [201]
    assert list(Attendance.objects.values_list("is_present", "way", "noted_by")) == [
        (True, "list", trainer.pk),
        (False, "list", trainer.pk),
    ]


def test_what_is_no_batch_is_refused_whole(client, session):
    hold(session)
    who = enrolled(session)
    for body in [mark(who) | {"noted_by": "x"}, mark(who) | {"id": "1"}, {}]:
        assert send(client, session, body).status_code == 422
    assert client.post(office("marks", session), b"{", content_type="application/json").status_code == 422
    assert not Attendance.objects.exists()


def test_another_trainer_reaches_nothing(session):
    stranger = FullClient()
    stranger.force_login(somebody_with_role("trainer"))
    for name in ("attendance", "change", "cancel", "sheet", "screen"):
        assert stranger.get(office(name, session)).status_code == 404, name
    assert send(stranger, session).status_code == 404
    assert stranger.get(reverse("certificates_sessions:sheet", args=[session.public_id])).status_code == 404


def test_the_list_works_as_a_plain_form_and_loses_nothing_on_an_error(client, session):
    one, other = enrolled(session), enrolled(session)
    for who in (one, other):
        sessions.register(enrolment=who, session=session, by=None)
    noted(hold(session), other)
    fields = {f"m-{one.public_id}": "si", f"id-{one.public_id}": str(uuid.uuid4()), f"m-{other.public_id}": "no"}
    answer = client.post(office("attendance", session), fields)
    assert answer.status_code == 422
    assert "Escriba por qué cambia" in text(answer)
    assert f'name="m-{other.public_id}" value="no" checked' in answer.content.decode()
    client.post(office("attendance", session), fields | {f"r-{other.public_id}": "Marqué mal"})
    held = {row.enrolment: row.is_present for row in attendance.rows_of(session)}
    assert held == {one: True, other: False}


def test_the_signed_sheet_is_typed_back_in_its_order(client, session):
    people = [enrolled(session) for _one in range(3)]
    for who in people:
        sessions.register(enrolment=who, session=session, by=None)
    hold(session)
    page = client.get(office("sheet", session))
    assert session.code in text(page)
    places = [page.content.decode().index(str(who.public_id)) for who in people]
    assert places == sorted(places)
    client.post(office("sheet", session), {f"m-{people[0].public_id}": "si", f"m-{people[1].public_id}": "no"})
    assert list(Attendance.objects.order_by("pk").values_list("way", "is_present")) == [
        ("sheet", True),
        ("sheet", False),
    ]


def test_who_walks_in_is_found_by_number_or_name_among_those_of_the_course(client, session):
    hold(session)
    cui = a_cui()
    who = enrolled(session, an_employee(cui=cui, phone="55551234", given_names="Marta", surnames="Ajú Tzoc"))
    elsewhere = enrolled(a_session(), an_employee(given_names="Marta", surnames="Ajena"))
    for words in (cui, "5555 1234", "+502 55551234", "aju marta"):
        page = client.post(office("find", session), {"words": words})
        assert str(who.public_id) in page.content.decode(), words
        assert cui not in page.content.decode()
    page = client.post(office("find", session), {"words": "marta"}).content.decode()
    assert str(elsewhere.public_id) not in page
    for words in (cui[:12], "5555", ""):
        assert str(who.public_id) not in client.post(office("find", session), {"words": words}).content.decode()
    client.post(office("attendance", session), {"way": "hand", f"m-{who.public_id}": "si"})
    assert Attendance.objects.get().way == "hand"


# Planning ------------------------------------------------------------------------------------------------------------


def planned(session, **fields):
    told = {
        "starts_at": "2027-03-04T08:00",
        "ends_at": "2027-03-04T12:00",
        "hours": "4",
        "municipality": session.municipality_id,
        "room": "Biblioteca",
        "seats": "30",
        "meeting": "1",
    }
    return told | fields


def test_a_session_is_planned_changed_and_cancelled_in_the_back_office(client, session):
    part = session.activity
    url = reverse("courses_sessions:add", args=[part.public_id])
    assert client.get(url).status_code == 200
    backwards = client.post(url, planned(session, ends_at="2027-03-04T07:00"))
    assert backwards.status_code == 422
    assert "Biblioteca" in backwards.content.decode()
    client.post(url, planned(session))
    made = InPersonSession.objects.exclude(pk=session.pk).get()
    assert timezone.localtime(made.starts_at).isoformat() == "2027-03-04T08:00:00-06:00"
    client.post(office("change", made), planned(session, room="Salón comunal"))
    made.refresh_from_db()
    assert (made.room, made.sequence) == ("Salón comunal", 1)
    assert client.post(office("cancel", made), {"reason": ""}).status_code == 422
    client.post(office("cancel", made), {"reason": "No hay paso"})
    made.refresh_from_db()
    assert made.cancel_reason == "No hay paso"
    assert "No hay paso" in text(client.get(reverse("courses_sessions:index")))


def test_closing_and_opening_again(client, session):
    hold(session)
    client.post(office("close", session))
    session.refresh_from_db()
    assert session.closed_at
    assert "Abrir de nuevo" in text(client.get(office("attendance", session)))
    client.post(office("reopen", session), {"reason": "Faltó una hoja"})
    session.refresh_from_db()
    assert session.closed_at is None


def queries_of(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    return len(asked)


def test_the_list_asks_as_much_for_twenty_people_as_for_two(client, session):
    hold(session)
    counts = []
    for number in (2, 18):
        for _one in range(number):
            noted(session, enrolled(session))
        counts.append(queries_of(client, office("attendance", session)))
    assert counts[0] == counts[1]


# The paper -----------------------------------------------------------------------------------------------------------


def test_the_sheet_has_everybody_with_a_seat_blank_rows_and_its_code_on_each_page(client, session):
    InPersonSession.objects.update(seats=40)
    names = [f"Apellido {number:02d}" for number in range(23)]
    for name in names:
        sessions.register(
            enrolment=enrolled(session, an_employee(surnames=name, cui=a_cui())), session=session, by=None
        )
    answer = client.get(reverse("certificates_sessions:sheet", args=[session.public_id]))
    pdf = pypdfium2.PdfDocument(BytesIO(b"".join(answer.streaming_content)))
    pages = [page.get_textpage().get_text_range() for page in pdf]
    assert len(pages) == 2
    for number, said in enumerate(pages, start=1):
        assert f"Hoja {session.code} · página {number} de 2" in said
        for heading in ("No.", "Nombre", "DPI", "Municipalidad", "Firma"):
            assert heading in said
    assert [name for name in names if name not in pages[0]] == []
    assert pages[0].count("Santa María Nebaj") + pages[0].count("Nebaj") >= 23
    assert pdf[0].get_size() == (612, 792)
