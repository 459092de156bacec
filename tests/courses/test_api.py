"""The API that pages send watched segments to."""

import json
import uuid

import pytest
from django.test import Client

from courses.domain import enrolment
from courses.models import ActivityCompletion, WatchProgress, WatchSegment
from tests.courses.watching_cases import a_viewer, progress_of
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/watch"


def a_segment(token, start=0, end=15, **fields):
    made = {"id": str(uuid.uuid4()), "token": token, "device": str(uuid.UUID(int=1)), "sequence": start}
    made |= {"from": start, "to": end, "clock_from": start, "clock_to": end, "rate": 1, "visible": True}
    return {**made, "offline": False, **fields}


@pytest.fixture
def viewer(client):
    made = a_viewer()
    client.force_login(made.person)
    return made


def send(client, *segments, **fields):
    return client.post(ADDRESS, {"segments": list(segments), **fields}, content_type="application/json")


def test_a_batch_is_answered_with_a_verdict_each_and_what_it_came_to(client, viewer):
    good, fast = a_segment(viewer.token), a_segment(viewer.token, 20, 80, clock_to=25)
    answer = send(client, good, fast, good, {**good, "to": 14}, a_segment("nonsense"))
    assert answer.status_code == 200
    body = answer.json()
    assert [(one["status"], one["outcome"], one["counts"], one["code"]) for one in body["verdicts"]] == [
        (201, "stored", True, ""),
        (201, "stored", False, "segment.too_fast"),
        (200, "repeated", True, ""),
        (409, "conflict", False, "segment.conflict"),
        (422, "refused", False, "token.unreadable"),
    ]
    assert body["verdicts"][1]["message"] == "Se reprodujo a más del doble de la velocidad normal."
    assert body["activities"] == [
        {
            "activity": str(viewer.activity.public_id),
            "video": str(viewer.video.public_id),
            "cut": 1,
            "percent": 15,
            "covered_seconds": 15,
            "length_seconds": 100,
            "is_done": False,
            "runs": [[0, 15]],
            "words": "Le faltan 1 min 15 s del video",
        }
    ]


def test_watching_enough_completes_and_the_position_is_kept(client, viewer):
    parts = [a_segment(viewer.token, start, start + 15) for start in range(0, 90, 15)]
    answer = send(client, *parts, position={"token": viewer.token, "second": 42, "clock": 95})
    (standing,) = answer.json()["activities"]
    assert (standing["is_done"], standing["words"], standing["percent"]) == (True, "", 90)
    assert ActivityCompletion.objects.get().activity == viewer.activity
    assert progress_of(viewer).position_seconds == 42


def test_a_position_alone_is_enough(client, viewer):
    assert send(client, position={"token": viewer.token, "second": 42, "clock": 95}).json() == {
        "verdicts": [],
        "activities": [],
    }
    assert progress_of(viewer).position_seconds == 42


def test_another_persons_segments_are_refused_and_stay_theirs(client, viewer):
    client.force_login(an_employee())
    (verdict,) = send(client, a_segment(viewer.token)).json()["verdicts"]
    assert (verdict["status"], verdict["code"]) == (422, "token.other_person")
    assert not WatchSegment.objects.exists()


def test_nothing_the_server_decides_is_taken_from_the_client(client, viewer):
    for name, value in {
        "person": str(viewer.person.public_id),
        "grade": "A",
        "received_at": "2020-01-01",
        "enrolment": 1,
        "credited_clock": [[0, 100]],
    }.items():
        assert send(client, a_segment(viewer.token, **{name: value})).status_code == 422
    assert not WatchSegment.objects.exists()


WRONG = [
    {"id": "no"},
    {"device": None},
    {"sequence": -1},
    {"sequence": 2**31},
    {"from": "x"},
    {"to": 1e300},
    {"clock_to": -1},
    {"rate": 0},
    {"token": "x" * 401},
    {"visible": "perhaps"},
]


@pytest.mark.parametrize("fields", WRONG)
def test_a_segment_that_cannot_be_read_is_named(client, viewer, fields):
    answer = send(client, a_segment(viewer.token), {**a_segment(viewer.token), **fields})
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", "body", "segments", 1, *fields]
    assert not WatchSegment.objects.exists()


@pytest.mark.parametrize(
    "body", ["", "{", "null", "[]", '"x"', '{"segments": null}', '{"segments": [NaN]}', '{"other": 1}', "[" * 100_000]
)
def test_a_body_that_cannot_be_read_is_422(client, viewer, body):
    answer = client.post(ADDRESS, body, content_type="application/json")
    assert answer.status_code == 422
    assert {"type", "loc", "msg"} <= set(answer.json()["detail"][0])


def test_a_not_a_number_is_422(client, viewer):
    body = json.dumps({"segments": [a_segment(viewer.token, clock_to=float("nan"))]})
    assert client.post(ADDRESS, body, content_type="application/json").status_code == 422


def test_five_hundred_are_taken_and_one_more_is_too_many(client, viewer):
    many = [a_segment(viewer.token, 0, 15, sequence=number) for number in range(501)]
    assert send(client, *many).status_code == 422
    assert not WatchSegment.objects.exists()
    assert send(client, *many[:500]).status_code == 200
    assert WatchSegment.objects.count() == 500


def test_a_lone_surrogate_in_a_token_is_422(client, viewer):
    body = json.dumps({"segments": [a_segment("\ud800:x")]})
    assert client.post(ADDRESS, body, content_type="application/json").status_code == 422


def test_a_visitor_is_401(viewer):
    assert send(Client(), a_segment(viewer.token)).status_code == 401


def test_without_the_csrf_token_nothing_is_taken(viewer):
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(viewer.person)
    body = {"segments": [a_segment(viewer.token)]}
    assert guarded.post(ADDRESS, body, content_type="application/json").status_code == 403
    assert not WatchSegment.objects.exists()
    guarded.get(viewer.lesson.url)
    token = guarded.cookies["csrftoken"].value
    answer = guarded.post(ADDRESS, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 200


def test_only_post_is_answered(client, viewer):
    assert client.get(ADDRESS).status_code == 405


def test_what_was_acknowledged_stays_after_leaving_the_course(client, viewer):
    send(client, a_segment(viewer.token))
    enrolment.withdraw(enrolment=viewer.enrolment, by=viewer.person)
    (verdict,) = send(client, a_segment(viewer.token, 15, 30, clock_from=3590, clock_to=3605)).json()["verdicts"]
    assert (verdict["outcome"], verdict["counts"]) == ("stored", False)
    assert WatchProgress.objects.get().covered_seconds == 15
