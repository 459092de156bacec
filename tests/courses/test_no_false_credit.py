"""What a dishonest client tries, and what it gets: nothing. Each of these fails without its protection."""

import json
import re
import uuid
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.domain import grading, telling, watching
from courses.models import ActivityCompletion, Answer, Attempt, Completion, LearningEvent, QuizItem, WatchProgress
from courses.questions import Choices, Kind, NumberAnswer, Numeric, Option, ShortText, TextAnswer
from tests.courses.event_cases import a_learner, an_event, answered, handed_in, options, read, send, told, watched
from tests.courses.test_events_api import plain, post
from tests.factories.courses import a_question
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
CANARY = "canario-de-lo-correcto"


@pytest.fixture
def learner(client):
    made = a_learner()
    client.force_login(made.person)
    return made


def covered(learner) -> int:
    return sum(WatchProgress.objects.filter(enrolment=learner.enrolment).values_list("covered_seconds", flat=True))


def nothing_is_done(learner) -> bool:
    return not ActivityCompletion.objects.filter(enrolment=learner.enrolment).exists()


def opened_now(learner) -> str:
    """A page of the video that was opened this instant."""
    return watching.grant_session(enrolment=learner.enrolment, activity=learner.video)


def test_claiming_all_of_a_video_as_soon_as_the_page_is_open(client, learner):
    learner.tokens["video"] = opened_now(learner)
    claims = [watched(learner, 0, 60), watched(learner, 0, 60, clock=0)]
    claims += [watched(learner, n, n + 1, clock=n / 20) for n in range(60)]
    fast = watched(learner, 0, 60)
    fast.body["clock_from"] = fast.clock - 2
    answer = post(client, *map(plain, [*claims, fast]))
    assert answer.status_code == 200
    # Twice the seconds that the test itself took, at the most, with the five of tolerance.
    assert covered(learner) <= 2 * (timezone.now() - learner.at).total_seconds() + 10
    assert nothing_is_done(learner)


def test_a_clock_that_runs_twenty_times_as_fast(learner):
    claims = [watched(learner, n * 10, n * 10 + 10) for n in range(6)]
    for one in claims:
        one.body["clock_from"] = one.clock - 0.5
    assert {code for _outcome, code in told(send(learner, *claims))} == {"segment.too_fast"}
    assert covered(learner) == 0


def test_seeking_to_the_end(learner):
    send(
        learner,
        watched(learner, 57, 60, clock=2),
        an_event("position", learner.tokens["video"], 6, body={"second": 60.0}),
    )
    assert covered(learner) == 3
    assert nothing_is_done(learner)


def test_the_same_seconds_again_and_again(learner):
    send(learner, *[watched(learner, 0, 20, clock=20 * n) for n in range(30)])
    assert covered(learner) == 20
    assert nothing_is_done(learner)


def test_another_persons_pages_enrolment_and_attempt(client, learner):
    victim = a_learner()
    theirs = [read(victim), watched(victim, 0, 60), answered(victim, 1, options(victim.attempt, 1)), handed_in(victim)]
    mixed = [answered(learner, 1, options(victim.attempt, 1)), handed_in(learner)]
    for one in mixed:
        one.body["attempt"] = victim.attempt.public_id
    verdicts = post(client, *map(plain, [*theirs, *mixed])).json()["verdicts"]
    assert {(one["status"], one["outcome"]) for one in verdicts} == {(404, "unknown")}
    assert nothing_is_done(victim)
    assert nothing_is_done(learner)
    assert not Answer.objects.filter(written_at__isnull=False).exists()
    assert not LearningEvent.objects.exists()
    assert set(Attempt.objects.values_list("closed_at", flat=True)) == {None}


def test_a_page_token_that_was_tampered_with(learner):
    token = learner.tokens["reading"]
    body, _dash, seal = token.rpartition(":")
    flipped = body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1]
    for forged in (f"{flipped}:{seal}", body, f"{body}:", token.swapcase()):
        assert told(send(learner, an_event("read", forged, 1))) == [("unknown", "token.unreadable")]
    assert nothing_is_done(learner)


def test_a_reading_in_the_place_of_a_quiz_or_of_a_video(learner):
    batch = [an_event("read", learner.tokens[kind], 5) for kind in ("quiz", "video")]
    assert told(send(learner, *batch)) == [("refused", "activity.not_a_reading")] * 2
    assert nothing_is_done(learner)


def test_starting_a_quiz_twice(client, learner):
    address = reverse("courses:attempt_start", args=[learner.quiz.public_id])
    for _again in range(2):
        client.post(address, {"attempt_id": str(uuid.uuid4())})
    assert list(Attempt.objects.values_list("public_id", flat=True)) == [learner.attempt.public_id]


@pytest.mark.django_db(transaction=True)
def test_starting_a_quiz_twice_at_the_same_moment():
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time: there is no same moment")
    learner = a_learner()
    Attempt.objects.all().delete()
    address = reverse("courses:attempt_start", args=[learner.quiz.public_id])
    together = Barrier(4)

    def begin() -> None:
        client = Client()
        client.force_login(learner.person)
        together.wait()
        client.post(address, {"attempt_id": str(uuid.uuid4())})
        connections.close_all()

    starters = [Thread(target=begin) for _n in range(4)]
    for one in starters:
        one.start()
    for one in starters:
        one.join()
    assert Attempt.objects.count() == 1


def test_answering_after_the_limit_with_a_clock_of_before(learner):
    """A page may claim any moment between its grant and now; with a limit, what arrives late is late."""
    Attempt.objects.update(ends_at=learner.granted_at + timedelta(minutes=10))
    right = [answered(learner, n, options(learner.attempt, n), 5) for n in (1, 2, 3)]
    in_time = learner.granted_at + timedelta(minutes=10) + grading.GRACE
    assert told(send(learner, right[0], at=in_time)) == [("stored", "")]
    late = in_time + timedelta(seconds=1)
    assert told(send(learner, right[1], at=late)) == [("refused", "attempt.time_over")]
    assert told(send(learner, right[2], handed_in(learner, right, 6), at=late)) == [
        ("refused", "attempt.time_over"),
        ("stored", ""),
    ]
    learner.attempt.refresh_from_db()
    assert (learner.attempt.score_percent, learner.attempt.is_passed) == (33, False)


def test_answering_after_the_result_was_seen_with_a_clock_of_before(learner):
    send(learner, handed_in(learner, clock=300))
    late = [answered(learner, n, options(learner.attempt, n), 200) for n in (1, 2, 3)]
    assert told(send(learner, *late, handed_in(learner, late, 299))) == [("refused", "attempt.closed")] * 3 + [
        ("stored", "")
    ]
    learner.attempt.refresh_from_db()
    assert (learner.attempt.score_percent, learner.attempt.is_passed) == (0, False)
    assert nothing_is_done(learner)


def test_handing_in_early_so_as_not_to_wait_for_the_next_attempt(learner):
    """The pause between attempts counts from when the server heard, whatever the page says."""
    learner.quiz.quiz.wait_minutes = 50
    learner.quiz.quiz.save()
    send(learner, handed_in(learner, clock=1))
    state = grading.standing(enrolment=learner.enrolment, activity=learner.quiz, at=learner.at)
    assert not state.may_start


def test_saying_ones_own_score_person_and_state(client, learner):
    own = {"score_percent": "100", "is_passed": "true", "percent": "100", "person": str(an_employee().public_id)}
    own |= {"closed_at": "2020-01-01", "ends_at": "2999-01-01", "answered_at": "2020-01-01", "state": "passed"}
    wrong = options(learner.attempt, 1, right=False)[0]
    page = reverse("courses:attempt_question", args=[learner.attempt.public_id, 1])
    client.post(page, own | {"answer": wrong, "go": "next"})
    client.post(reverse("courses:mark_read", args=[learner.quiz.public_id]), own)
    sent = [{**plain(one), **own} for one in (answered(learner, 1, [wrong]), handed_in(learner))]
    assert {one["code"] for one in post(client, *sent).json()["verdicts"]} == {"event.unreadable"}
    client.post(reverse("courses:attempt_hand_in", args=[learner.attempt.public_id]), own)
    learner.attempt.refresh_from_db()
    assert (learner.attempt.score_percent, learner.attempt.is_passed, learner.attempt.ends_at) == (0, False, None)
    assert learner.attempt.enrolment.person == learner.person
    assert nothing_is_done(learner)
    assert not Completion.objects.exists()


def a_secretive_quiz(learner) -> None:
    """Questions of which everything that says what is right has a canary in it."""
    said = {name: CANARY for name in ("always", "right", "partly", "wrong")}
    chosen = tuple(
        Option(key=key, text=f"Opción {key}", percent=p, feedback=CANARY) for key, p in (("x", 100), ("y", 0))
    )
    bodies = [
        Choices(kind=Kind.SINGLE, options=chosen),
        ShortText(answers=(TextAnswer(text=CANARY, feedback=CANARY),)),
        Numeric(answers=(NumberAnswer(value=90817263, feedback=CANARY),), wrong_feedback=CANARY),
    ]
    Attempt.objects.all().delete()
    QuizItem.objects.all().delete()
    for order, body in enumerate(bodies):
        asked = a_question(f"Clase {order}", body=body, feedback=said)
        QuizItem.objects.create(quiz=learner.quiz.quiz, question=asked, sort_order=order)
    learner.attempt = grading.start(
        enrolment=learner.enrolment, activity=learner.quiz, attempt_id=uuid.uuid4(), at=learner.granted_at
    )


SECRETS = re.compile(f"{CANARY}|90817263")


def test_no_answer_of_the_server_says_what_is_right_before_the_attempt_closes(client, learner):
    a_secretive_quiz(learner)
    seen = {}

    def look(name: str, response) -> None:
        content = b"".join(response.streaming_content) if response.streaming else response.content
        seen[name] = content.decode() + json.dumps(dict(response.headers))

    attempt = learner.attempt.public_id
    for lesson in learner.lessons:
        look(lesson.url, client.get(lesson.url))
    look("course", client.get(learner.course.url))
    for number, given in ((1, "y"), (2, "algo"), (3, "7"), (1, "x")):
        page = reverse("courses:attempt_question", args=[attempt, number])
        look(f"{number}", client.get(page))
        look(f"autosave {number} {given}", client.post(page, {"answer": given}, headers={"X-Requested-With": "fetch"}))
        look(f"again {number} {given}", client.get(page))
    look("unfit", client.post(reverse("courses:attempt_question", args=[attempt, 1]), {"answer": "no"}))
    look("review", client.get(reverse("courses:attempt_review", args=[attempt])))
    look("result", client.get(reverse("courses:attempt_result", args=[attempt]), follow=True))
    batch = [answered(learner, 1, ["x"]), answered(learner, 2, ["algo"], 3000), answered(learner, 1, ["no"])]
    early = handed_in(learner, [read(learner)])
    look("events", post(client, *map(plain, [*batch, *batch, early])))
    for name in ("courses:learning", "lms:own_data", "api:openapi-json"):
        look(name, client.get(reverse(name)))
    seen["own data"] = json.dumps(telling.tell(learner.person), default=str)
    assert [name for name, text in seen.items() if SECRETS.search(text)] == []
    assert "Clase" in seen["1"]
    assert "algo" in seen["own data"]

    client.post(reverse("courses:attempt_hand_in", args=[attempt]))
    assert SECRETS.search(client.get(reverse("courses:attempt_result", args=[attempt])).content.decode())
