"""The pages of a quiz: somebody answers it with links and forms alone, and no page tells too much too early."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from courses.domain import bank, marking
from courses.domain import enrolment as enrolments
from courses.models import Attempt, QuestionPicture, QuizItem
from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Feedback,
    Item,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Option,
    Ordering,
    Pair,
    ShortText,
    TextAnswer,
    TrueFalse,
    Unit,
)
from tests.courses.test_grading import a_quiz_to_take, answered, keys, started
from tests.courses.test_marking import an_essay_to_mark
from tests.factories.courses import a_question
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
CANARY = "canario-que-no-debe-verse"


@pytest.fixture
def taking(client):
    """A signed-in person, enrolled, before a quiz of two questions; its explanations and its marks are canaries."""
    enrolment, activity = a_quiz_to_take(max_attempts=2)
    for item in activity.quiz.items.all():
        said = item.question.latest.said
        options = tuple(one.model_copy(update={"feedback": f"De esta {CANARY}"}) for one in said.body.options)
        body = said.body.model_copy(update={"options": options})
        words = Feedback(always=f"Explicación {CANARY}", right=CANARY, wrong=CANARY)
        bank.change(item.question, said.model_copy(update={"body": body, "feedback": words}), by=None)
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
    return client.post(address("question", attempt, number), {"answer": keys(given, right=right), "go": go})


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
    assert html.count('"state ok">Correcta</p>') == 2
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
    checked = re.findall(r'value="([^"]+)" checked', html)
    assert checked == keys(attempt.answers.get(order=1))
    again = client.post(reverse("courses:attempt_start", args=[activity.public_id]), {"attempt_id": uuid.uuid4()})
    assert again.url == address("question", attempt, 2)
    assert Attempt.objects.count() == 1


def test_an_answer_that_cannot_be_is_refused_with_words(client, taking):
    attempt = begin(client, taking[1])
    response = client.post(address("question", attempt, 1), {"answer": "inventada"})
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
    same = {re.sub(r'value="[^"]*"|<span.*</span>', "", option) for option in options}
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
        client.post(address("question", attempt, 1), {"answer": keys(given)}).status_code,
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


def test_a_result_that_is_opened_early_leads_back_and_carries_nothing(client, taking):
    """Neither of what was answered rightly, also where the quiz tells right answers after each attempt."""
    _enrolment, activity = taking
    activity.quiz.shows = activity.quiz.Shows.EACH
    activity.quiz.save()
    attempt = begin(client, activity)
    post_answer(client, attempt, 1, right=True)
    early = client.get(address("result", attempt))
    assert (early.status_code, early.url, early.content) == (302, address("review", attempt), b"")
    assert early.context is None
    landed = client.get(address("result", attempt), follow=True).content.decode()
    assert "Revise antes de enviar" in landed
    assert CANARY not in landed
    attempt.refresh_from_db()
    assert attempt.closed_at is None
    assert [one.percent for one in attempt.answers.all()] == [None, None]


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
    data = {"answer": keys(attempt.answers.get(order=1))}
    assert client.post(place, data, **script).status_code == 204
    assert attempt.answers.get(order=1).given == {"chosen": data["answer"]}
    assert client.post(place, {"answer": "inventada"}, **script).status_code == 422
    client.post(address("hand_in", attempt))
    assert client.post(place, data, **script).status_code == 302
    client.logout()
    assert client.post(place, data, **script).status_code == 302
    source = Path(finders.find("courses/quiz.js")).read_text()
    assert '"X-Requested-With": "fetch"' in source
    assert "answer.status === 204" in source


# Each kind -----------------------------------------------------------------------------------------------------------
SIX = Decimal("6.5")
KINDS = {
    "true_false": (TrueFalse(is_true=True, if_true=CANARY, if_false=CANARY), {"answer": "true"}),
    "numeric": (
        Numeric(answers=(NumberAnswer(value=SIX, feedback=CANARY),), units=(Unit(name="km"),), wrong_feedback=CANARY),
        {"answer": "6,5 km"},
    ),
    "short": (ShortText(answers=(TextAnswer(text=f"{CANARY}*", feedback=CANARY),)), {"answer": f"{CANARY} sí"}),
    "matching": (
        Matching(pairs=(Pair(key="p", prompt="Primera", answer="Uno"), Pair(key="q", prompt="Segunda", answer="Dos"))),
        {"answer-p": "a0", "answer-q": "a1"},
    ),
    "ordering": (
        Ordering(items=tuple(Item(key=key, text=f"Paso {key}") for key in "abc")),
        {"answer-a": "1", "answer-b": "2", "answer-c": "3"},
    ),
    "cloze": (
        Cloze(
            gaps=(
                ClozeGap(key="g", body=ShortText(answers=(TextAnswer(text=CANARY),))),
                ClozeGap(
                    key="h",
                    body=Choices(
                        kind=Kind.SINGLE,
                        options=(
                            Option(key="x", text="equis", percent=100, feedback=CANARY),
                            Option(key="y", text="ye"),
                        ),
                    ),
                ),
            )
        ),
        {"answer-g": CANARY, "answer-h": "x"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_of_each_kind_is_answered_by_a_form_and_tells_nothing_before(client, kind):
    body, form = KINDS[kind]
    prose = 'Un <span data-gap="g"></span> y otro <span data-gap="h"></span>.' if kind == "cloze" else "¿Qué?"
    enrolment, activity = a_quiz_to_take(questions=0, max_attempts=2)
    asked = a_question("Una", prose=prose, body=body, feedback={"always": f"Siempre {CANARY}"})
    QuizItem.objects.create(quiz=activity.quiz, question=asked)
    client.force_login(enrolment.person)
    attempt = begin(client, activity)
    pages = [address("question", attempt, 1), address("review", attempt)]
    assert not [page for page in pages if CANARY in client.get(page).content.decode()]
    names = set(re.findall(r'name="(answer[^"]*)"', client.get(pages[0]).content.decode()))
    assert names == set(form)
    assert client.post(pages[0], form | {"go": "next"}).url == pages[1]
    html = client.get(pages[0]).content.decode()
    for value in form.values():
        assert re.search(rf'value="{re.escape(value)}"( checked| selected|[^>]*>)', html)
    client.post(address("hand_in", attempt))
    attempt.refresh_from_db()
    assert attempt.score_percent == 100
    html = client.get(address("result", attempt)).content.decode()
    assert "Correcta" in html
    assert f"Siempre {CANARY}" in html


def test_half_of_a_matching_is_named_before_sending(client):
    enrolment, activity = a_quiz_to_take(questions=0)
    QuizItem.objects.create(quiz=activity.quiz, question=a_question("Una", body=KINDS["matching"][0]))
    client.force_login(enrolment.person)
    attempt = begin(client, activity)
    client.post(address("question", attempt, 1), {"answer-p": "a0"})
    assert "Completar la 1" in client.get(address("review", attempt)).content.decode()
    client.post(address("hand_in", attempt))
    assert "Correcta en parte: 50" in client.get(address("result", attempt)).content.decode()


def test_an_essay_is_received_marked_and_shown_with_its_remark(client):
    attempt, _activity = an_essay_to_mark()
    client.force_login(attempt.enrolment.person)
    html = client.get(address("result", attempt)).content.decode()
    assert "Recibimos sus respuestas" in html
    assert "Espera que la califiquen" in html
    assert "Respuesta correcta" not in html
    lesson = client.get(attempt.enrolment.course.lessons().get().url).content.decode()
    assert "Espera que lo califiquen" in lesson
    essay = attempt.answers.get(order=2)
    marking.mark(answer=essay, by=somebody_with_role("trainer"), levels={"c": "2"}, remark="Muy claro <b>.")
    html = client.get(address("result", attempt)).content.decode()
    assert "Aprobó el cuestionario" in html
    assert "Muy claro &lt;b&gt;." in html


def test_time_is_told_and_once_it_is_over_what_was_saved_is_sent(client):
    enrolment, activity = a_quiz_to_take(minutes=20)
    client.force_login(enrolment.person)
    attempt = begin(client, activity)
    html = client.get(address("question", attempt, 1)).content.decode()
    left = int(re.search(r'data-seconds-left="(\d+)"', html)[1])
    assert 1100 < left <= 1200
    assert "20 minutos" in html
    post_answer(client, attempt, 1, right=True)
    Attempt.objects.update(ends_at=timezone.now() - timedelta(minutes=1))
    for page in (address("question", attempt, 2), address("review", attempt)):
        assert client.get(page).url == address("result", attempt)
    assert post_answer(client, attempt, 2, right=True).url == address("result", attempt)
    attempt.refresh_from_db()
    assert attempt.score_percent == 50


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail leaves a picture open
def test_prose_is_shown_as_prose_and_pictures_where_they_stand(client):
    enrolment, activity = a_quiz_to_take(questions=0)
    asked = a_question("Una", prose='<p>Vea <strong>esto</strong>: <img data-picture="mapa" alt="Un mapa"></p>')
    image = Image.objects.create(title="Mapa", file=get_test_image_file())
    QuestionPicture.objects.create(question=asked, key="mapa", image=image)
    QuizItem.objects.create(quiz=activity.quiz, question=asked)
    client.force_login(enrolment.person)
    html = client.get(address("question", begin(client, activity), 1)).content.decode()
    assert "<strong>esto</strong>" in html
    assert re.search(r'<img src="[^"]+\.webp" width="\d+" height="\d+" alt="Un mapa" loading="lazy">', html)
