"""Mis datos: what is kept, who looked, what may be asked, and taking it away."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.domain import audit, own_data, own_trail, people, requests
from lms.domain.errors import RuleBroken
from lms.domain.staff import RevealReason
from lms.models import AuditEvent, GuardianConsent, Person, PersonRequest
from lms.views import recent
from tests.factories.people import PASSWORD, a_cui, a_member, a_network, a_person, an_employee, somebody_with_role
from tests.lms.actions import actions_on_people

pytestmark = pytest.mark.django_db
PAGES = ("own_data", "own_data_trail", "correction", "erasure", "own_data_download")


def text_of(answer) -> str:
    return answer.content.decode()


def test_everything_in_words_with_why_and_the_number_masked(client):
    cui = a_cui()
    person = an_employee(cui=cui, phone="55551234", email="ana@example.org")
    GuardianConsent.objects.create(person=person, guardian_name="Marta Demo", relation="mother")
    client.force_login(person)
    page = client.get(reverse("lms:own_data"))
    text = text_of(page)
    for shown in (person.full_name, "•••• ••••• 1401", "55551234", "ana@example.org", "Receptor", "Marta Demo"):
        assert shown in text, shown
    assert text.count("Para ") >= 4
    assert cui not in text
    assert page["Cache-Control"] == "private, no-store"


def test_ones_own_number_is_shown_on_a_tap_and_written_down(client):
    cui = a_cui()
    person = a_person(cui=cui)
    client.force_login(person)
    assert client.get(reverse("lms:own_cui")).url == reverse("lms:own_data")
    assert not AuditEvent.objects.filter(action="own_data.cui_seen").exists()
    page = client.post(reverse("lms:own_cui"))
    assert f"{cui[:4]} {cui[4:9]} {cui[9:]}" in text_of(page)
    assert page["Cache-Control"] == "private, no-store"
    event = AuditEvent.objects.get(action="own_data.cui_seen")
    assert (event.actor, event.subject) == (str(person.public_id), f"lms.person:{person.public_id}")
    client.force_login(a_person())
    assert "no tiene un CUI" in text_of(client.post(reverse("lms:own_cui")))


def test_only_oneself():
    person, administrator = a_person(cui=a_cui()), somebody_with_role("administrator")
    for verb in (own_data.see_cui, own_data.take_away):
        arguments = {"form": "json"} if verb is own_data.take_away else {}
        with pytest.raises(RuleBroken, match="propia persona") as caught:
            verb(person=person, by=administrator, **arguments)
        assert caught.value.code == "own_data.not_yours"
    assert not AuditEvent.objects.filter(subject__contains=str(person.public_id)).exists()


# Who looked -----------------------------------------------------------------------------------------------------------


def test_who_looked_by_name_and_the_role_of_that_day(client):
    person = a_person(cui=a_cui())
    delegate = somebody_with_role("hr_delegate", municipality="1413", given_names="Rosa", surnames="Demo")
    subject = f"lms.person:{person.public_id}"
    audit.record("cui.revealed", by=delegate, subject=subject, facts={"reason": RevealReason.values[0]})
    audit.record("person.changed", by=None, subject=subject, facts={"fields": ["phone", "surnames"]})
    audit.record("person.changed", by=person, subject=subject, facts={"fields": ["email"]})
    audit.record("something.new", by=delegate, subject=subject)
    audit.record("cui.revealed", by=delegate, subject=f"lms.person:{a_person().public_id}")
    delegate.role_grants.update(ends_at=timezone.now())
    client.force_login(person)
    lines = client.get(reverse("lms:own_data_trail")).context["lines"]
    rosa = "Rosa Demo, Delegado o delegada de Recursos Humanos"
    assert [(line.what, line.detail, line.who) for line in lines] == [
        ("Hubo otro cambio en su registro", "", rosa),
        ("Se cambiaron sus datos", "correo electrónico", "Usted"),
        ("Se cambiaron sus datos", "teléfono, apellidos", "El sistema"),
        ("Se vio su CUI completo", RevealReason.choices[0][1], rosa),
    ]
    alone = client.get(reverse("lms:own_data_trail"), {"ver": "cui"})
    assert [line.who for line in alone.context["lines"]] == [rosa]
    assert str(delegate.public_id) not in text_of(alone)


def test_where_somebody_sat_is_not_told(client):
    person = a_person()
    token = audit.origin.set("198.51.100.7")
    audit.record("person.changed", by=somebody_with_role("administrator"), subject=f"lms.person:{person.public_id}")
    audit.origin.reset(token)
    client.force_login(person)
    assert "198.51.100.7" not in text_of(client.get(reverse("lms:own_data_trail")))


def test_the_trail_is_paged_and_its_queries_do_not_grow(client):
    person = a_person()
    client.force_login(person)
    address = reverse("lms:own_data_trail")

    def look(actors: int) -> int:
        for _number in range(actors):
            delegate = somebody_with_role("administrator")
            audit.record("person.changed", by=delegate, subject=f"lms.person:{person.public_id}")
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    assert look(1) == look(5)
    look(20)
    assert len(client.get(address).context["lines"]) == 20
    assert len(client.get(address, {"page": 2}).context["lines"]) == 6


def test_every_event_on_a_person_has_words():
    """An event that a verb writes on a person without words here would be told as «otro cambio»."""
    assert actions_on_people() - set(own_trail.WORDS) == set()


# Asking ---------------------------------------------------------------------------------------------------------------


def test_a_correction_is_asked_for_seen_and_withdrawn(client):
    person = a_person(surnames="Seto")
    client.force_login(person)
    answer = client.post(reverse("lms:correction"), {"surnames": "Ceto", "text": "Con ce."}, follow=True)
    assert "ANAM recibió su solicitud" in text_of(answer)
    assert "Con ce." in text_of(answer)
    assert "Pedir una corrección" not in text_of(answer)
    [asked] = person.requests.all()
    address = reverse("lms:request_withdraw", args=[asked.public_id])
    assert client.get(address).status_code == 200
    assert "quedó retirada" in text_of(client.post(address, follow=True))
    assert client.post(address).status_code == 404
    person.refresh_from_db()
    assert person.surnames == "Seto"


def test_a_request_that_breaks_a_rule_keeps_what_was_typed(client):
    client.force_login(a_person())
    answer = client.post(reverse("lms:correction"), {"surnames": "Ceto", "cui": "12"})
    assert (answer.status_code, 'value="Ceto"' in text_of(answer)) == (422, True)
    assert client.post(reverse("lms:correction"), {"text": ""}).status_code == 422
    assert not PersonRequest.objects.exists()


def test_somebody_elses_request_does_not_exist(client):
    other = a_person()
    asked = requests.ask_correction(person=other, by=other, proposed={"surnames": "X"})
    client.force_login(a_person())
    assert client.post(reverse("lms:request_withdraw", args=[asked.public_id])).status_code == 404


def test_the_answer_is_told_on_the_account_page(client):
    person, administrator = a_person(), somebody_with_role("administrator")
    asked = requests.ask_correction(person=person, by=person, proposed={"surnames": "X"})
    client.force_login(person)
    assert "ANAM respondió" not in text_of(client.get(reverse("lms:account")))
    requests.refuse(request=asked, by=administrator, answer="El DPI dice otra cosa.")
    assert "ANAM respondió" in text_of(client.get(reverse("lms:account")))
    assert "El DPI dice otra cosa." in text_of(client.get(reverse("lms:own_data")))
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        client.force_login(person)
        assert "ANAM respondió" not in text_of(client.get(reverse("lms:account")))


def test_erasure_is_asked_for_with_a_word(client):
    person = a_person()
    client.force_login(person)
    text = text_of(client.get(reverse("lms:erasure")))
    assert "Se queda, y por qué" in text
    assert client.post(reverse("lms:erasure"), {"confirmation": "sí"}).status_code == 422
    assert not person.requests.exists()
    answer = client.post(reverse("lms:erasure"), {"confirmation": " Borrar. "}, follow=True)
    assert "Puede retirarla hasta el" in text_of(answer)
    assert [one.kind for one in person.requests.all()] == ["erasure"]
    assert client.post(reverse("lms:erasure"), {"confirmation": "borrar"}).status_code == 422


def test_who_has_a_role_is_told_before_typing(client):
    client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
    text = text_of(client.get(reverse("lms:erasure")))
    assert "retirarle sus roles" in text
    assert 'name="confirmation"' not in text


def test_names_number_and_birth_date_go_by_request_once_they_are_set(client):
    person = a_person(given_names="Ana", surnames="Ceto", phone="55551234", born_on="1990-05-01", password=PASSWORD)
    client.force_login(person)
    text = text_of(client.get(reverse("lms:details")))
    assert [name for name in ("given_names", "surnames", "born_on") if f'name="{name}"' in text] == []
    client.post(reverse("lms:details"), {"phone": "55559999", "given_names": "Otra", "born_on": "2000-01-01"})
    person.refresh_from_db()
    assert (person.given_names, person.born_on.year, person.phone) == ("Ana", 1990, "55559999")
    for field, value in (("given_names", "Otra"), ("surnames", "Otra"), ("born_on", None)):
        with pytest.raises(RuleBroken) as caught:
            people.change_details(person=person, by=person, **{field: value})
        assert caught.value.code == "person.fixed"
    people.change_details(person=person, by=person, given_names="Ana", phone="55557777")


def test_a_birth_date_that_is_missing_may_be_written(client):
    person = a_person(phone="55551234", password=PASSWORD)
    client.force_login(person)
    client.post(reverse("lms:details"), {"phone": "55551234", "born_on": "1990-05-01"})
    person.refresh_from_db()
    assert person.born_on.year == 1990


# Taking it away -------------------------------------------------------------------------------------------------------


def document_of(client) -> dict:
    answer = client.post(reverse("lms:own_data_json"))
    assert answer.status_code == 200, answer
    return json.loads(b"".join(answer.streaming_content))


def test_the_file_has_everything_with_the_number_in_clear(client):
    cui = a_cui()
    person = an_employee(cui=cui, email="ana@example.org", given_names="Xʼul", surnames="Kʼicheʼ")
    network = a_network()
    a_member(network)
    requests.ask_correction(person=person, by=person, proposed={"surnames": "Ceto"}, text="Con ce.")
    client.force_login(person)
    answer = client.post(reverse("lms:own_data_json"))
    raw = b"".join(answer.streaming_content)
    document = json.loads(raw)
    kernel = document["record"]["kernel"]
    assert "Xʼul".encode() in raw
    assert (document["format"], document["version"]) == ("aula-municipal/own-data", 1)
    assert kernel["identity"]["cui"] == cui
    assert [one["municipality"] for one in kernel["appointments"]] == [str(person.appointments.get().municipality)]
    assert kernel["requests"][0]["proposed"] == {"surnames": "Ceto"}
    assert kernel["memberships"] == []
    assert list(document["record"]) == ["kernel", "media", "courses", "certificates"]
    assert (answer["Cache-Control"], "mis-datos.json" in answer["Content-Disposition"]) == ("private, no-store", True)
    assert AuditEvent.objects.get(action="own_data.downloaded").facts == {"form": "json"}


def keys_of(value) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_of(one)}
    return {key for one in value for key in keys_of(one)} if isinstance(value, list) else set()


def test_no_key_of_a_row_leaves(client):
    client.force_login(an_employee())
    assert {key for key in keys_of(document_of(client)) if key in {"pk", "person_id"} or key.endswith("_id")} == set()


def test_joined_records_are_told_too(client):
    person, absorbed = a_person(), a_person(cui=a_cui(), is_active=False)
    Person.objects.filter(pk=absorbed.pk).update(merged_into=person)
    client.force_login(person)
    document = document_of(client)
    assert [one["kernel"]["identity"]["id"] for one in document["joined_records"]] == [str(absorbed.public_id)]
    assert "otro registro se unió" in text_of(client.get(reverse("lms:own_data")))


def test_a_download_asks_who_holds_the_device(client):
    person = a_person(phone="55551234", password=PASSWORD)
    client.force_login(person)
    page = reverse("lms:own_data_download")
    addresses = [reverse("lms:own_data_json"), reverse("certificates:own_data_pdf")]
    assert [client.get(address).url for address in addresses] == [page, page]
    with time_machine.travel(timezone.now() + timedelta(seconds=recent.HOLDS_SECONDS + 5), tick=True):
        assert [client.post(address).url for address in addresses] == [page, page]
        assert 'name="password"' in text_of(client.get(page))
        wrong = client.post(page, {"password": "no es"})
        assert (wrong.status_code, "La contraseña no es esa" in text_of(wrong)) == (422, True)
        assert client.post(addresses[0]).url == page
        assert client.post(page, {"password": PASSWORD}).url == page
        assert addresses[0] in text_of(client.get(page))
        assert client.post(addresses[0]).status_code == 200
    assert AuditEvent.objects.filter(action="own_data.downloaded").count() == 1


def test_the_password_is_not_tried_without_end(client):
    client.force_login(a_person(phone="55551234", password=PASSWORD))
    page = reverse("lms:own_data_download")
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        for _number in range(recent.TRIES.most):
            client.post(page, {"password": "no es"})
        assert client.post(page, {"password": PASSWORD}).status_code == 429


def test_who_has_no_password_signs_in_again(client):
    client.force_login(a_person())
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        text = text_of(client.get(reverse("lms:own_data_download")))
        assert "entre de nuevo" in text
        assert 'name="password"' not in text
        assert client.post(reverse("lms:own_data_download"), {"password": ""}).status_code == 422


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_small_and_kept_by_nobody(client, name):
    client.force_login(an_employee(cui=a_cui()))
    page = client.get(reverse(f"lms:{name}"))
    assert (page.status_code, page["Cache-Control"]) == (200, "private, no-store")
    assert len(page.content) < 16_000
