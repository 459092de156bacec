"""What an HR delegate enters, ends, corrects and moves."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from lms.domain import people
from lms.domain.errors import RuleBroken
from lms.models import Appointment, AuditEvent, Municipality, Person, Post
from lms.views import staff_people
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.lms.staff_pages import FOREIGN, HOME, a_delegate, a_post, code_of, held, names_on, post_of, text_of, url

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


# Entering --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("identifier", ["cui", "phone", "email"])
def test_somebody_of_the_country_is_found_exactly_and_only_the_name_is_told(client, delegate, identifier):
    cui = a_cui()
    fields = {"cui": cui, "phone": "55551234", "email": "eva@example.org"}
    found = an_employee(FOREIGN, given_names="Eva", surnames="Lejana", **fields)
    answer = client.post(url("find", HOME), {"identifier": fields[identifier]})
    page = text_of(answer)
    assert "Eva Lejana" in page
    for leak in (cui, "55551234", "eva@example.org", "Guatemala", str(found.public_id)):
        assert leak not in page.split("<main")[1].split("</main")[0]
    posted = a_post(found=answer.context["found"])
    assert client.post(url("appoint_found", HOME), {**posted, "starts_on": ""}).status_code == 422
    assert client.post(url("appoint_found", HOME), posted).url == url("person", found.public_id)
    made = found.appointments.get(municipality__code=HOME)
    assert (made.post.code, made.renglon, made.act) == ("TES", "011", "Acuerdo 7-2026")
    assert (made.is_declared, made.confirmed_by) == (False, delegate)


def test_whoever_is_found_is_nobody_else_s_to_appoint(client, delegate):
    a_person(phone="55551234")
    token = client.post(url("find", HOME), {"identifier": "55551234"}).context["found"]
    client.force_login(somebody_with_role("hr_delegate", municipality=HOME))
    assert client.post(url("appoint_found", HOME), a_post(found=token)).url == url("find", HOME)
    assert client.post(url("appoint_found", HOME), a_post(found="inventado")).url == url("find", HOME)
    assert not Appointment.objects.filter(post__code="TES").exists()


def test_looking_for_people_is_limited(client, delegate, monkeypatch):
    monkeypatch.setattr(staff_people, "FIND_BY_PERSON", staff_people.Limit("staff-find", most=2, seconds=900))
    tries = [client.post(url("find", HOME), {"identifier": "55550000"}).status_code for _number in range(3)]
    assert tries == [422, 422, 429]
    a_person(phone="55551234")
    assert client.post(url("find", HOME), {"identifier": "55551234"}).status_code == 429


def new_person(**fields: object) -> dict:
    data = {"given_names": "María José", "surnames": "Gonzáles Brito", "cui": "", "phone": "", "email": ""}
    return {**data, "born_on": "", "language": "", **a_post(), **fields}


def test_a_new_record_is_opened_without_a_way_in(client, delegate):
    cui = a_cui()
    answer = client.post(url("new", HOME), new_person(cui=cui, starts_on="2026-03-01"))
    person = Person.objects.get(given_names="María José")
    assert answer.url == url("person", person.public_id)
    assert not person.has_usable_password()
    assert (held(person).starts_on.isoformat(), held(person).confirmed_by) == ("2026-03-01", delegate)
    taken = client.post(url("new", HOME), new_person(given_names="Otra", surnames="Persona", cui=cui))
    assert (taken.status_code, "Ya hay una cuenta con este CUI" in text_of(taken)) == (422, True)


def test_a_doubtful_cui_is_asked_about_and_not_refused(client, delegate):
    cui = a_cui()
    doubtful = f"{cui[:8]}{(int(cui[8]) + 1) % 10}{cui[9:]}"
    answer = client.post(url("new", HOME), new_person(cui=doubtful))
    assert (answer.status_code, "parece tener un número equivocado" in text_of(answer)) == (422, True)
    assert client.post(url("new", HOME), new_person(cui=doubtful, cui_confirmed="on")).status_code == 302


def test_whoever_sounds_the_same_is_shown_first(client, delegate):
    known = an_employee(HOME, given_names="Maria Jose", surnames="González Brito")
    an_employee(FOREIGN, given_names="María José", surnames="Gonzáles Brito")
    answer = client.post(url("new", HOME), new_person())
    assert answer.status_code == 422
    assert [person.pk for person in answer.context["alike"]] == [known.pk]
    assert client.post(url("new", HOME), new_person(is_another="on")).status_code == 302


def test_a_closed_post_is_not_given(client, delegate):
    Post.objects.filter(code="TES").update(is_open=False)
    person = an_employee(HOME)
    answer = client.post(url("appoint", person.public_id), a_post())
    assert answer.status_code == 422
    place = Municipality.objects.get(code=HOME)
    made = {"person": person, "post": post_of("TES"), "municipality": place, "starts_on": timezone.localdate()}
    assert code_of(people.appoint, by=delegate, **made) == "appointment.post_closed"


def test_several_posts_at_once(client, delegate):
    person = an_employee(HOME, "RECEP")
    assert client.post(url("appoint", person.public_id), a_post()).status_code == 302
    assert {one.post.code for one in person.appointments.current()} == {"RECEP", "TES"}
    twice = client.post(url("appoint", person.public_id), a_post())
    assert (twice.status_code, "ya está anotado" in text_of(twice)) == (422, True)
    assert text_of(client.get(url("list", HOME))).count(str(person.public_id)) == 2


def test_what_a_delegate_enters_for_themselves_waits(delegate):
    place = Municipality.objects.get(code=HOME)
    made = people.appoint(
        person=delegate, post=post_of("TES"), municipality=place, starts_on=timezone.localdate(), by=delegate
    )
    assert made.is_awaiting


# One appointment -------------------------------------------------------------------------------------------------
def test_an_appointment_ends_with_its_reason_and_the_person_stays_on_the_former_list(client, delegate):
    person = an_employee(HOME, given_names="Se Va", phone="55551234")
    address, yesterday = url("end", held(person).public_id), timezone.localdate() - timedelta(days=1)
    assert client.post(address, {"ends_on": yesterday}).status_code == 422
    posted = {"ends_on": yesterday, "end_reason": "retired", "end_act": "Acuerdo 9-2026"}
    assert client.post(address, posted).url == url("person", person.public_id)
    ended = held(person)
    assert (ended.ends_on, ended.end_reason, ended.end_act) == (yesterday, "retired", "Acuerdo 9-2026")
    assert client.get(address).status_code == 404
    assert "Se Va" in names_on(client, estado="anterior")
    sheet = text_of(client.get(url("person", person.public_id)))
    assert "Jubilación" in sheet
    assert "55551234" not in sheet


def test_an_appointment_is_corrected_and_the_trail_says_which_columns(client, delegate):
    person = an_employee(HOME, "RECEP")
    address = url("correct", held(person).public_id)
    assert client.post(address, a_post(ends_on="2026-01-01")).status_code == 422
    assert client.post(address, a_post(starts_on=held(person).starts_on)).status_code == 302
    corrected = held(person)
    assert (corrected.post.code, corrected.renglon, corrected.confirmed_at is not None) == ("TES", "011", True)
    event = AuditEvent.objects.get(action="appointment.corrected")
    assert event.facts["fields"] == ["act", "post", "renglon"]
    own = {"appointment": held(delegate), "post": post_of("TES"), "renglon": "", "starts_on": timezone.localdate()}
    assert code_of(people.correct_appointment, by=delegate, **own) == "appointment.own"


def test_what_never_was_is_annulled_and_counts_for_nothing(client, delegate):
    person = an_employee(HOME)
    address = url("annul", held(person).public_id)
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "Se anotó a otra persona."}).url == url("list", HOME)
    annulled = held(person)
    assert (annulled.confirmed_at, annulled.refusal) == (None, "Se anotó a otra persona.")
    assert person.current_appointment() is None
    assert client.get(url("person", person.public_id)).status_code == 404


def test_a_move_ends_here_and_waits_there(client, delegate):
    person = an_employee(HOME, "RECEP")
    address, today = url("move", held(person).public_id), timezone.localdate()
    posted = {
        "last_day": today, "municipality": HOME, "post": post_of("TES").pk, "renglon": "022",
        "starts_on": today + timedelta(days=1), "act": "Acuerdo 3-2026",
    }  # fmt: skip
    same = client.post(address, posted)
    assert (same.status_code, held(person).ends_on) == (422, None)
    assert client.post(address, {**posted, "municipality": FOREIGN}).status_code == 302
    here, there = person.appointments.order_by("pk")
    assert (here.ends_on, here.end_reason, here.confirmed_at is not None) == (today, "moved", True)
    assert (there.municipality.code, there.post.code, there.is_awaiting) == (FOREIGN, "TES", True)
    assert code_of(people.confirm_appointment, appointment=there, by=delegate) == "appointment.not_allowed"
    receiving = somebody_with_role("hr_delegate", municipality=FOREIGN)
    client.force_login(receiving)
    assert "viene por traslado" in text_of(client.get(url("waiting", FOREIGN)))
    client.post(url("waiting", FOREIGN), {"appointment": [str(there.public_id)]})
    there.refresh_from_db()
    assert there.confirmed_by == receiving


def test_what_waits_is_not_moved(delegate):
    waiting = held(an_employee(HOME, is_confirmed=False))
    today, there = timezone.localdate(), Municipality.objects.get(code=FOREIGN)
    where = {"municipality": there, "post": waiting.post, "last_day": today, "starts_on": today}
    assert code_of(people.move, appointment=waiting, by=delegate, **where) == "appointment.awaiting"
    waiting.refresh_from_db()
    assert waiting.ends_on is None


NUMBER = "DPI 1234 56789 0101"


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        (people.refuse_appointment, {"reason": NUMBER}),
        (people.annul_appointment, {"reason": NUMBER}),
        (people.end_appointment, {"ends_on": date(2026, 3, 1), "end_act": NUMBER}),
        (people.correct_appointment, {"renglon": "", "starts_on": date(2026, 1, 2), "act": NUMBER}),
        (people.move, {"last_day": date(2026, 3, 1), "starts_on": date(2026, 3, 2), "act": NUMBER}),
        (people.appoint, {"starts_on": date(2026, 1, 2), "act": NUMBER}),
    ],
)
def test_what_others_read_in_clear_holds_no_cui(verb, given, delegate):
    person = an_employee(is_confirmed=verb != people.refuse_appointment)
    held = person.appointments.get()
    if verb in {people.correct_appointment, people.move, people.appoint}:
        given = {**given, "post": Post.objects.get(code="TES")}
    if verb == people.move:
        given = {**given, "municipality": Municipality.objects.get(code="1401")}
    about = {"appointment": held}
    if verb == people.appoint:
        about = {"person": person, "municipality": held.municipality}
    with pytest.raises(RuleBroken) as caught:
        verb(**about, **given, by=delegate)
    assert caught.value.code == "text.number_in_it"
