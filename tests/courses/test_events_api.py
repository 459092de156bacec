"""The endpoint of events: each answered in order, nothing taken that is not the client's to say."""

import json

import pytest
from django.test import Client
from django.urls import resolve

from courses.api import straight, tell_events
from courses.domain import events
from courses.models import ActivityCompletion, Answer, Completion, LearningEvent
from courses.schemas import EventsIn, EventsOut
from tests.courses.event_cases import (
    a_learner,
    answered,
    everything,
    handed_in,
    read,
    watched,
)
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/events"


def plain(event: events.Event) -> dict:
    said = {name: getattr(event, name) for name in ("id", "kind", "token", "device", "clock", "course_version")}
    names = {"from_second": "from", "to_second": "to", "is_visible": "visible", "is_audio": "audio"}
    names["is_offline"] = "offline"
    body = {names.get(name, name): value for name, value in event.body.items()}
    return json.loads(json.dumps({**said, **body}, default=str))


def post(client, *sent, **more):
    return client.post(ADDRESS, {"events": sent, **more}, content_type="application/json")


@pytest.fixture
def learner(client):
    made = a_learner()
    client.force_login(made.person)
    return made


def test_the_api_answers_each_in_order_with_its_status(client, learner):
    good, stranger = plain(read(learner)), plain(read(a_learner()))
    bad, video = {**good, "clock": -1}, plain(watched(learner, 0, 15))
    quiz = plain(answered(learner, 9, ["x"]))
    early = plain(handed_in(learner, [read(learner)]))
    answer = post(client, good, good, {**good, "clock": 12}, bad, "x", video, quiz, stranger, early)
    assert answer.status_code == 200
    said = [(one["status"], one["outcome"], one["counts"], one["code"]) for one in answer.json()["verdicts"]]
    assert said == [
        (201, "stored", True, ""),
        (200, "stored", True, ""),
        (409, "conflict", False, "event.conflict"),
        (422, "refused", False, "event.unreadable"),
        (422, "refused", False, "event.unreadable"),
        (201, "stored", True, ""),
        (422, "refused", False, "answer.unknown_question"),
        (404, "unknown", False, "token.other_person"),
        (425, "early", False, "attempt.answers_missing"),
    ]
    assert [one["id"] for one in answer.json()["verdicts"]][3:5] == [good["id"], None]
    assert answer.json()["verdicts"][6]["message"] == "Esa pregunta no es de este cuestionario."
    assert [one["covered_seconds"] for one in answer.json()["activities"]] == [15]


SERVERS = [
    "person",
    "enrolment",
    "score_percent",
    "is_passed",
    "happened_at",
    "received_at",
    "outcome",
    "grade",
    "state",
]


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_that_the_server_decides_is_taken_from_the_client(client, learner, name):
    sent = [{**plain(one), name: "100"} for one in everything(learner)]
    assert {one["code"] for one in post(client, *sent).json()["verdicts"]} == {"event.unreadable"}
    assert post(client, **{name: "100"}).status_code == 422
    assert not LearningEvent.objects.exists()
    assert not ActivityCompletion.objects.exists()


def test_more_than_five_hundred_or_a_stranger_are_turned_away(client, learner):
    assert post(client, *[plain(read(learner))] * 501).status_code == 422
    client.logout()
    assert post(client, plain(read(learner))).status_code == 401
    client.force_login(an_employee())
    (verdict,) = post(client, plain(read(learner))).json()["verdicts"]
    assert (verdict["status"], verdict["outcome"]) == (404, "unknown")
    assert not LearningEvent.objects.exists()


def test_a_device_does_not_send_in_the_name_of_whoever_is_signed_in(client, learner):
    headers = {"X-Aula-Person": str(learner.person.public_id)}
    sent = {"events": [plain(read(learner))]}
    client.force_login(an_employee())
    assert client.post(ADDRESS, sent, content_type="application/json", headers=headers).status_code == 403
    client.force_login(learner.person)
    assert client.post(ADDRESS, sent, content_type="application/json", headers=headers).status_code == 200


def test_without_the_mark_against_forgery_nothing_is_taken(learner):
    guarded, sent = Client(enforce_csrf_checks=True), plain(read(learner))
    guarded.force_login(learner.person)
    assert post(guarded, sent).status_code == 403
    assert not LearningEvent.objects.exists()
    guarded.cookies["csrftoken"] = mark = "a" * 32
    answer = guarded.post(ADDRESS, {"events": [sent]}, content_type="application/json", headers={"X-CSRFToken": mark})
    assert answer.status_code == 200


def test_a_form_is_refused_in_words(learner):
    """Its mark is looked for in its fields, and then it can no longer be read as JSON."""
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(learner.person)
    guarded.cookies["csrftoken"] = mark = "a" * 32
    answer = guarded.post(ADDRESS, {"csrfmiddlewaretoken": mark, "events": "[]"})
    assert (answer.status_code, answer.json()) == (415, {"detail": "Send JSON."})


def as_it_comes(rf, learner, body):
    request = rf.post(ADDRESS, body, content_type="application/json")
    request.user, request._dont_enforce_csrf_checks = learner.person, True
    return request


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"events": 3}', b'{"events": [], "x": 1}', b'{"events": ["\xff"]}']
)
def test_what_cannot_be_read_is_refused_in_the_words_of_the_framework(rf, learner, body):
    view = resolve(ADDRESS).func
    said, its = (each(as_it_comes(rf, learner, body)) for each in (view, view.__wrapped__))
    assert (said.status_code, said.content) == (its.status_code, its.content)
    assert said.status_code in {400, 422}


def test_what_is_right_does_not_go_through_the_framework(rf, learner):
    def by_framework(request):
        raise AssertionError

    body = json.dumps({"events": [plain(read(learner))]})
    assert all(hasattr(resolve(f"/api/v1/{name}").func, "__wrapped__") for name in ("events", "watch"))
    answer = straight(by_framework, EventsIn, tell_events)(as_it_comes(rf, learner, body))
    assert answer.status_code == 200
    assert EventsOut.model_validate_json(answer.content).verdicts[0].outcome == "stored"


def test_the_events_go_with_the_answers_that_they_gave(client, learner):
    batch = everything(learner)
    post(client, *map(plain, batch))
    assert Completion.objects.get().score_percent == 100
    assert set(Answer.objects.values_list("written_by", flat=True)) == {one.id for one in batch[5:8]}
