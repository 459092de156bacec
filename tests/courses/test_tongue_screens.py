"""Pages of translations, and of answers given in one, in a real browser: as wide as a telephone, no barrier."""

import uuid

import pytest
from django.urls import reverse

from courses.domain import grading
from courses.models import QuizItem
from courses.questions import Essay
from lms.domain import roles
from tests.courses.test_bank_screens import window
from tests.courses.tongue_cases import CODE, a_setting, say
from tests.factories.courses import a_lesson, a_question, a_term

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["window"]


def test_what_a_translation_lacks_and_what_was_answered_in_it(window):
    setting = a_setting()
    roles.grant(person=window.person, role="administrator", by=None)
    words = {"terms": [a_term("Catastro", "El registro."), a_term("Impuesto único sobre inmuebles")], "words": []}
    a_lesson(setting.here.course, ("words", words), title="Palabras")
    essay = a_question("¿Por qué importa el catastro?", body=Essay(marker_note="Mire el artículo 3"))
    QuizItem.objects.create(quiz=setting.quiz, question=essay, sort_order=9)
    essay.made_by = window.person
    essay.save()
    say(essay, {"text": "<p>¿Jasche <em>nim</em> ri catastro?</p>"})
    attempt = grading.start(
        enrolment=setting.enrolment, activity=setting.activity, attempt_id=uuid.uuid4(), language=CODE
    )
    grading.answer(attempt=attempt, order=3, given={"text": "Rumal ri tinamit."})
    grading.hand_in(attempt=attempt)
    window.look(reverse("courses_translations:work", args=[setting.there.course.pk]), "lacking")
    assert window.get_by_text("Palabras del glosario sin traducir").is_visible()
    window.look(reverse("courses_bank:tongues", args=[essay.public_id]), "tongues")
    assert window.locator("a[lang=es]").count() == 0
    window.look(reverse("courses_marking:mark", args=[attempt.public_id, 3]), "mark")
    assert window.locator(".bank-preview .prose[lang=quc]").inner_text() == "¿Jasche nim ri catastro?"
    assert window.complaints == []
