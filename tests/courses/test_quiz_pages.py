"""The pages of a quiz: somebody answers it with links and forms alone, and no page tells too much too early."""

import re
import uuid
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from courses.domain import enrolment as enrolments
from courses.models import Attempt, Choice, Question
from tests.courses.test_grading import a_quiz_to_take, answered, keys, started
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
CANARY = "canario-que-no-debe-verse"


@pytest.fixture
def taking(client):
    """A signed-in person, enrolled, before a quiz of two questions; its explanations and its marks are canaries."""
    enrolment, activity = a_quiz_to_take(max_attempts=2)
    Question.objects.filter(quiz=activity.quiz).update(explanation=f"Explicación {CANARY}")
    client.force_login(enrolment.person)
    return enrolment, activity


def begin(client, activity, attempt_id=None) -> Attempt:
    attempt_id = attempt_id or uuid.uuid4()
    client.post(reverse("courses:attempt_start", args=[activity.public_id]), {"attempt_id": attempt_id})
    return Attempt.objects.get(public_id=attempt_id)


def address(name: str, attempt: Attempt, *rest: int) -> str:
    return reverse(f"courses:attempt_{name}", args=[attempt.public_id, *rest])


def post_answer(client, attempt: Attempt, number: int, *, right: bool, go: str = "next"):
    given = attempt.answers.get(order=number)
    return client.post(address("question", attempt, number), {"chosen": keys(given, right=right), "go": go})


def test_the_whole_way_with_forms_alone(client, taking):
    _enrolment, activity = taking
    attempt = begin(client, activity)
    html = client.get(address("question", attempt, 1)).content.decode()
    assert "Pregunta 1 de 2" in html
    assert post_answer(client, attempt, 1, right=True).url == address("question", attempt, 2)
    assert post_answer(client, attempt, 2, right=False, go="previous").url == address("question", attempt, 1)
    assert post_answer(client, attempt, 2, right=True).url == address("review", attempt)
    assert "Respondió todas las preguntas" in client.get(address("review", attempt)).content.decode()
    assert client.post(address("hand_in", attempt)).url == address("result", attempt)
    html = client.get(address("result", attempt)).content.decode()
    assert "Aprobó el cuestionario" in html
    assert "Respuesta correcta" in html
    assert CANARY in html
    assert "Intentar de nuevo" not in html


def test_going_on_without_an_answer_is_allowed_and_the_review_names_it(client, taking):
    attempt = begin(client, taking[1])
    assert client.post(address("question", attempt, 1), {"go": "next"}).url == address("question", attempt, 2)
    post_answer(client, attempt, 2, right=True)
    html = client.get(address("review", attempt)).content.decode()
    assert "Le falta responder 1 pregunta." in html
    assert "Responder la 1" in html


def test_what_was_answered_is_still_there_and_one_goes_on_where_one_stopped(client, taking):
    _enrolment, activity = taking
    attempt = begin(client, activity)
    post_answer(client, attempt, 1, right=True)
    html = client.get(address("question", attempt, 1)).content.decode()
    checked = re.findall(r'value="([0-9a-f-]{36})" checked', html)
    assert checked == keys(attempt.answers.get(order=1))
    again = client.post(reverse("courses:attempt_start", args=[activity.public_id]), {"attempt_id": uuid.uuid4()})
    assert again.url == address("question", attempt, 2)
    assert Attempt.objects.count() == 1


def test_an_answer_that_cannot_be_is_refused_with_words(client, taking):
    attempt = begin(client, taking[1])
    response = client.post(address("question", attempt, 1), {"chosen": "inventada"})
    assert response.status_code == 422
    assert "Elija una de las opciones que se muestran." in response.content.decode()


def test_pressing_twice_is_pressing_once(client, taking):
    _enrolment, activity = taking
    attempt_id = uuid.uuid4()
    attempt = begin(client, activity, attempt_id)
    begin(client, activity, attempt_id)
    post_answer(client, attempt, 1, right=True)
    first = client.post(address("hand_in", attempt))
    state = Attempt.objects.values().get()
    second = client.post(address("hand_in", attempt))
    assert first.url == second.url == address("result", attempt)
    assert Attempt.objects.values().get() == state
    assert begin(client, activity, attempt_id) == attempt


def test_no_page_before_handing_in_tells_what_is_right_or_why(client, taking):
    enrolment, activity = taking
    for choice in Choice.objects.all():
        Choice.objects.filter(pk=choice.pk).update(text=f"Opción {choice.pk}")
    attempt = begin(client, activity)
    post_answer(client, attempt, 1, right=True)
    pages = [
        address("question", attempt, 1),
        address("question", attempt, 2),
        address("review", attempt),
        address("result", attempt),
        enrolment.course.url,
        enrolment.course.lessons().get().url,
        reverse("courses:learning"),
        reverse("courses:catalogue"),
    ]
    seen = "".join(client.get(page, follow=True).content.decode() for page in pages)
    assert "¿Pregunta 1?" in seen
    assert CANARY not in seen
    assert not re.search(r"is_right|data-right|respuesta correcta", seen, re.IGNORECASE)
    # Nothing sets a right option apart from a wrong one: but for key, words and what was chosen, they read the same.
    options = re.findall(r'<label class="option">.*?</label>', client.get(pages[1]).content.decode())
    same = {re.sub(r'value="[^"]*"|<span>.*?</span>', "", option) for option in options}
    assert (len(options), len(same)) == (3, 1)


def test_a_failed_attempt_tells_why_but_not_what_would_be_right(client, taking):
    enrolment, activity = taking
    attempt = answered(started(enrolment, activity), right=0)
    html = client.get(address("result", attempt)).content.decode()
    assert "Todavía no lo aprueba" in html
    assert CANARY in html
    assert html.count("Incorrecta<") == 2
    assert "Respuesta correcta" not in html
    assert "Le queda 1 intento." in html
    last = answered(started(enrolment, activity), right=0)
    html = client.get(address("result", last)).content.decode()
    assert html.count("Respuesta correcta") == 2
    assert "Ya usó todos los intentos." in html


def test_an_old_result_says_nothing_new_while_the_last_attempt_is_open(client, taking):
    enrolment, activity = taking
    old = answered(started(enrolment, activity), right=0)
    started(enrolment, activity)
    html = client.get(address("result", old)).content.decode()
    assert "Respuesta correcta" not in html
    assert "Seguir con el intento abierto" in html


def test_somebody_elses_attempt_does_not_exist(client, taking):
    enrolment, activity = taking
    attempt = started(enrolment, activity)
    stranger = an_employee()
    enrolments.enrol(person=stranger, course=enrolment.course, by=stranger)
    client.force_login(stranger)
    given = attempt.answers.first()
    assert {
        client.get(address("question", attempt, 1)).status_code,
        client.post(address("question", attempt, 1), {"chosen": keys(given)}).status_code,
        client.get(address("review", attempt)).status_code,
        client.post(address("hand_in", attempt)).status_code,
        client.get(address("result", attempt)).status_code,
    } == {404}
    attempt.refresh_from_db()
    assert attempt.closed_at is None
    assert not attempt.answers.exclude(answered_at=None).exists()


def test_who_is_not_enrolled_finds_no_quiz_and_who_is_not_signed_in_is_asked_to(client, taking):
    _enrolment, activity = taking
    begin_address = reverse("courses:attempt_start", args=[activity.public_id])
    client.force_login(an_employee())
    assert client.post(begin_address, {"attempt_id": uuid.uuid4()}).status_code == 404
    client.logout()
    assert client.post(begin_address, {"attempt_id": uuid.uuid4()}).url.startswith(reverse("lms:sign_in"))
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("attempt_id", ["", "7", "no-es-un-uuid"])
def test_an_attempt_needs_an_id(client, taking, attempt_id):
    begin_address = reverse("courses:attempt_start", args=[taking[1].public_id])
    assert client.post(begin_address, {"attempt_id": attempt_id}).status_code == 404


def test_addresses_lead_on_by_where_the_attempt_stands(client, taking):
    enrolment, activity = taking
    lesson = enrolment.course.lessons().get()
    back = client.get(reverse("courses:attempt_start", args=[activity.public_id])).url
    assert back == f"{lesson.url}#a-{lesson.body[0].id}"
    attempt = begin(client, activity)
    assert client.get(address("result", attempt)).url == address("review", attempt)
    assert client.get(address("hand_in", attempt)).url == address("review", attempt)
    assert {client.get(address("question", attempt, number)).status_code for number in (0, 3)} == {404}
    client.post(address("hand_in", attempt))
    assert client.get(address("question", attempt, 1)).url == address("result", attempt)
    assert client.get(address("review", attempt)).url == address("result", attempt)


def test_no_attempts_left_is_said_in_the_lesson(client, taking):
    enrolment, activity = taking
    for _time in range(2):
        answered(started(enrolment, activity), right=0)
    response = client.post(reverse("courses:attempt_start", args=[activity.public_id]), {"attempt_id": uuid.uuid4()})
    assert response.url.startswith(enrolment.course.lessons().get().url)
    messages = [str(message) for message in client.get(reverse("courses:catalogue")).context["messages"]]
    assert messages == ["Ya usó todos los intentos de este cuestionario."]


def test_a_script_is_told_that_an_answer_was_kept_and_nothing_else_looks_like_it(client, taking):
    attempt = begin(client, taking[1])
    place, script = address("question", attempt, 1), {"headers": {"X-Requested-With": "fetch"}}
    data = {"chosen": keys(attempt.answers.get(order=1))}
    assert client.post(place, data, **script).status_code == 204
    assert attempt.answers.get(order=1).chosen == data["chosen"]
    assert client.post(place, {"chosen": "inventada"}, **script).status_code == 422
    client.post(address("hand_in", attempt))
    assert client.post(place, data, **script).status_code == 302
    client.logout()
    assert client.post(place, data, **script).status_code == 302
    source = Path(finders.find("courses/quiz.js")).read_text()
    assert '"X-Requested-With": "fetch"' in source
    assert "answer.status === 204" in source


def test_an_attempt_at_a_quiz_that_was_replaced_is_thrown_away_with_words(client, taking):
    enrolment, activity = taking
    attempt = begin(client, activity)
    Question.objects.all().delete()
    response = client.post(address("hand_in", attempt))
    assert response.url.startswith(enrolment.course.lessons().get().url)
    messages = [str(message) for message in client.get(reverse("courses:catalogue")).context["messages"]]
    assert messages == ["El cuestionario cambió mientras usted respondía. Comience de nuevo: este intento no cuenta."]
    assert not Attempt.objects.exists()
