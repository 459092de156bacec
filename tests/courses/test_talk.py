"""Questions under a lesson: waiting is private, published has an answer, refused says why; others' do not exist."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.domain import enrolment as enrolments
from courses.domain import talk
from courses.models import LessonQuestion
from lms.domain import duplicates, erasure, roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.clients import FullClient
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_member, a_network, a_person, an_employee, born

pytestmark = pytest.mark.django_db
INDEX = "courses_talk:index"


@pytest.fixture
def trainer():
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    return person


@pytest.fixture
def lesson(trainer):
    return a_lesson(a_course(owner=trainer, title="Cobro del IUSI"), title="Los Q’eqchi’ y el IUSI")


def in_it(lesson, person=None):
    person = person or an_employee("1413", given_names="María José", surnames="López Ixcoy")
    return enrolments.enrol(person=person, course=lesson.course, by=person)


def asked(lesson, text="¿Y si no paga?", enrolment=None) -> LessonQuestion:
    return talk.ask(enrolment=enrolment or in_it(lesson), lesson_key=lesson.translation_key, text=text)


def code_of(verb, **given) -> str:
    with pytest.raises(RuleBroken) as broken:
        verb(**given)
    return broken.value.code


def signed_in(person) -> FullClient:
    client = FullClient()
    client.force_login(person)
    return client


def html(client, address, status=200, **sent) -> str:
    answer = client.post(address, sent) if sent else client.get(address)
    assert answer.status_code == status, answer
    return answer.content.decode()


def address_of(question) -> str:
    return reverse("courses_talk:question", args=[question.public_id])


def test_a_question_waits_is_answered_found_and_taken_back(trainer, lesson):
    asker, other = in_it(lesson), in_it(lesson, an_employee("0101"))
    learner, neighbour, teacher = signed_in(asker.person), signed_in(other.person), signed_in(trainer)
    page, theirs = (reverse("courses:talk", args=[one.public_id]) for one in (asker, other))
    assert "Preguntas sobre esta lección" in html(learner, lesson.url)
    sent = {"lesson": str(lesson.translation_key), "text": "¿Y si un vecino no paga?\r\n<b>Gracias</b>"}
    for _twice in range(2):
        assert learner.post(page, sent).url == page
    question = LessonQuestion.objects.get()
    assert "Por responder" in html(learner, page)
    for hidden in (html(neighbour, theirs), html(neighbour, lesson.url), html(Client(), lesson.url)):
        assert "vecino" not in hidden
    assert "Dudas (1)" in html(teacher, reverse("wagtailadmin_home"))
    assert "María L., Nebaj" in html(teacher, address_of(question))
    answered = {"does": "publish", "respuesta-text": "Se notifica según el Código Municipal, K’iche’."}
    assert teacher.post(address_of(question), answered).url == reverse(INDEX)
    for shown in (html(neighbour, theirs), html(neighbour, lesson.url)):
        assert "¿Y si un vecino no paga?<br>&lt;b&gt;Gracias" in shown
        assert "María L., Nebaj" in shown
        assert "López" not in shown
    assert "vecino" not in html(Client(), lesson.url)
    assert "vecino" in html(neighbour, f"{theirs}?q=kiche+codigo")
    assert "vecino" not in html(neighbour, f"{theirs}?q=kiche+alcalde")
    taken = {"does": "take_back", "motivo-text": "Cambió la ley"}
    assert teacher.post(address_of(question), taken).status_code == 302
    assert "vecino" not in html(neighbour, theirs)
    assert "vecino" not in html(neighbour, lesson.url)
    assert "Cambió la ley" in html(learner, page)
    done = AuditEvent.objects.filter(action__startswith="lesson_question").order_by("pk")
    assert [one.action.split(".")[1] for one in done] == ["asked", "published", "taken_back"]


def test_a_refusal_says_why_to_the_asker_alone_and_is_written_down(trainer, lesson):
    question = asked(lesson)
    other = in_it(lesson, an_employee("0101"))
    teacher = signed_in(trainer)
    html(teacher, address_of(question), 422, **{"does": "refuse", "motivo-text": " "})
    teacher.post(address_of(question), {"does": "refuse", "motivo-text": "Ya está respondida"})
    own = reverse("courses:talk", args=[in_it(lesson, question.person).public_id])
    assert "Ya está respondida" in html(signed_in(question.person), own)
    assert "Ya está" not in html(signed_in(other.person), reverse("courses:talk", args=[other.public_id]))
    event = AuditEvent.objects.get(action="lesson_question.refused")
    assert event.actor == str(trainer.public_id)


def test_of_a_minor_neither_name_nor_place_is_shown_or_kept(trainer, lesson):
    minor = a_member(a_network(), born_on=born(15), given_names="Ixchel", surnames="Cobo")
    question = asked(lesson, enrolment=in_it(lesson, minor))
    assert (question.asker, question.municipality) == ("Integrante de la red", None)
    minor.born_on = born(19)
    minor.save()
    question.asked_at = timezone.now() - timedelta(days=3 * 365)
    question.save()
    assert LessonQuestion.objects.get().asker == "Integrante de la red"  # they were one when they asked
    talk.publish(question=question, answer="Así.", by=trainer)
    other = in_it(lesson, an_employee("0101"))
    page = html(signed_in(other.person), reverse("courses:talk", args=[other.public_id]))
    assert "Integrante de la red" in page
    assert "Ixchel" not in page


def test_what_is_asked_of_a_question(lesson):
    enrolment = in_it(lesson)
    ask = {"enrolment": enrolment, "lesson_key": lesson.translation_key}
    foreign = a_lesson(a_course())
    assert code_of(talk.ask, **ask, text=" \x00\n ") == "talk.empty"
    assert code_of(talk.ask, **ask, text="x" * 1001) == "talk.too_long"
    assert code_of(talk.ask, **ask | {"lesson_key": foreign.translation_key}, text="x") == "talk.no_lesson"
    assert talk.ask(**ask, text="á" * 1000).text == "á" * 1000
    for number in range(talk.MOST_WAITING - 1):
        talk.ask(**ask, text=f"¿{number}?")
    assert code_of(talk.ask, **ask, text="¿Una más?") == "talk.too_many_waiting"
    lesson.unpublish()
    assert code_of(talk.ask, **ask, text="x") == "talk.no_lesson"
    enrolments.withdraw(enrolment=enrolment, by=None)
    assert code_of(talk.ask, **ask, text="x") == "talk.not_enrolled"


def test_an_hour_has_room_for_so_many(lesson, monkeypatch):
    monkeypatch.setattr(talk, "MOST_WAITING", 1000)
    enrolment = in_it(lesson)
    learner, page = signed_in(enrolment.person), reverse("courses:talk", args=[enrolment.public_id])
    answers = [learner.post(page, {"lesson": str(lesson.translation_key), "text": f"¿{n}?"}) for n in range(21)]
    assert [one.status_code for one in answers] == [302] * 20 + [429]
    assert "¿20?" in answers[-1].content.decode()  # what was written is not lost


def test_what_is_settled_is_settled_once(trainer, lesson):
    question = asked(lesson)
    assert code_of(talk.take_back, question=question, reason="x", by=trainer) == "talk.not_published"
    talk.publish(question=question, answer="Sí.", by=trainer)
    assert code_of(talk.publish, question=question, answer="No.", by=trainer) == "talk.answered"
    assert code_of(talk.refuse, question=question, reason="x", by=trainer) == "talk.answered"
    assert LessonQuestion.objects.get().answer == "Sí."


def test_other_trainers_and_learners_find_nothing(trainer, lesson):
    question = asked(lesson)
    stranger = a_person()
    roles.grant(person=stranger, role="trainer", by=None)
    foreign = signed_in(stranger)
    assert "¿Y si no paga?" not in html(foreign, reverse(INDEX))
    html(foreign, address_of(question), 404)
    html(foreign, address_of(question), 404, **{"does": "publish", "respuesta-text": "x"})
    assert code_of(talk.publish, question=question, answer="x", by=stranger) == "talk.not_allowed"
    assert code_of(talk.refuse, question=question, reason="x", by=stranger) == "talk.not_allowed"
    own = reverse("courses:talk", args=[in_it(lesson, question.person).public_id])
    html(signed_in(an_employee("0101")), own, 404)
    assert LessonQuestion.objects.get().state == "waiting"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"state": "published"}, "published_is_answered"),
        ({"state": "refused", "answered_at": timezone.now()}, "refused_says_why"),
        ({"state": "taken_back", "reason": "x"}, "refused_says_why"),
    ],
)
def test_no_row_is_published_without_answer_or_refused_without_reason(lesson, fields, name):
    question = asked(lesson)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        LessonQuestion.objects.filter(pk=question.pk).update(**fields)


def test_questions_go_with_the_person(trainer, lesson):
    survivor, question = an_employee("0101"), asked(lesson)
    merge = duplicates.merge(survivor=survivor, absorbed=question.person, reason="x", by=None)
    assert LessonQuestion.objects.get().person == survivor
    duplicates.undo(merge=merge, by=None)
    assert LessonQuestion.objects.get().person == question.person
    talk.publish(question=question, answer="Sí.", by=trainer)
    erasure.erase(person=question.person, by=None)
    assert not LessonQuestion.objects.exists()


@pytest.mark.parametrize("many", [1, 3])
def test_the_pages_ask_as_little_for_many_as_for_one(trainer, lesson, many, django_assert_max_num_queries):
    for number in range(many):
        talk.publish(question=asked(lesson, f"¿{number}?", in_it(lesson, an_employee("0101"))), answer="x", by=trainer)
    enrolment = in_it(lesson)
    learner, teacher = signed_in(enrolment.person), signed_in(trainer)
    address = reverse("courses:talk", args=[enrolment.public_id])
    html(learner, address), html(teacher, reverse(INDEX))
    with django_assert_max_num_queries(20):
        html(learner, address)
