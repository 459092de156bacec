"""Quizzes written, and attempts made, before there was a bank of questions, are carried over as they were."""

import json

import pytest

from tests.system import installed

OLD, NEW = "0008_record_watching_by_cut", "0011_ask_from_the_bank_alone"
SCRIPT = """
import json, sys, uuid
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee

OLD, NEW = sys.argv[1:]
course, person = a_course(), an_employee()
lesson = a_lesson(course)
call_command("migrate", "courses", OLD, verbosity=0)
apps = MigrationExecutor(connection).loader.project_state([("courses", OLD)]).apps
Quiz, Question, Choice, Activity, Enrolment, Attempt, Answer = (
    apps.get_model("courses", name)
    for name in ("Quiz", "Question", "Choice", "Activity", "Enrolment", "Attempt", "Answer")
)
quiz = Quiz.objects.create(title="Antes", made_by_id=person.pk)

def ask(text, kind, rights, order):
    question = Question.objects.create(quiz=quiz, text=text, kind=kind, explanation=f"Porque {text}", sort_order=order)
    for number, is_right in enumerate(rights):
        Choice.objects.create(question=question, text=f"<{text} {number}>", is_right=is_right, sort_order=number)
    return question

one = ask("Una & otra", "single", [True, False], 0)
many = ask("Varias", "multiple", [True, True, True, False], 1)
none = ask("Ninguna", "single", [False, False], 2)
activity = Activity.objects.create(
    course_key=course.translation_key, lesson_key=lesson.translation_key, block_key=uuid.uuid4(), kind="quiz",
    title="Antes", quiz=quiz,
)
enrolment = Enrolment.objects.create(person_id=person.pk, course_id=course.pk, course_key=course.translation_key)

def attempt(number, closed):
    return Attempt.objects.create(
        public_id=uuid.uuid4(), enrolment=enrolment, activity=activity, quiz=quiz, number=number, pass_percent=50,
        closed_at=timezone.now() if closed else None, score_percent=50 if closed else None, is_passed=closed,
    )

def answer(attempt, question, order, chosen, text="", key=None, closed=True):
    choices = list(question.choices.order_by("-sort_order")) if question else []
    shown = [{"key": str(c.key), "text": c.text} for c in choices] or [{"key": k, "text": k} for k in ("g1", "g2")]
    right = [str(c.key) for c in choices if c.is_right] or ([] if question else ["g1"])
    keys = [shown[place]["key"] for place in chosen]
    return Answer.objects.create(
        attempt=attempt, question=question, question_key=key or question.key, order=order,
        question_text=text or question.text, is_multiple=bool(question) and question.kind == "multiple", choices=shown,
        chosen=keys, answered_at=timezone.now(), right=right if closed else [],
        is_right=(set(keys) == set(right)) if closed and right else None,
        explanation=f"Porque {text or question.text}" if closed else "",
    )

done, begun = attempt(1, True), attempt(2, False)
answer(done, one, 1, [1])
answer(done, one, 2, [0], text="Una como era", key=uuid.uuid4())
answer(done, many, 3, [0])
answer(done, none, 4, [0])
answer(done, None, 5, [0], text="Borrada", key=uuid.uuid4())
answer(begun, one, 1, [1], closed=False)
call_command("migrate", "courses", NEW, verbosity=0)
call_command("migrate", "courses", verbosity=0)  # and on: what is read below is read by the models of today

from courses.domain import grading
from courses.models import Answer, Attempt, BankQuestion, Quiz
quiz = Quiz.objects.get()
told = [
    [a.version.said.text, [o.percent == 0 for o in a.version.said.body.options], a.given["chosen"],
     None if a.is_right is None else bool(a.is_right), int(a.points), a.said,
     bool(a.version.question.archived_at), a.version.question.made_by_id == person.pk]
    for a in Answer.objects.filter(attempt__number=1)
]
items = [[i.question.name, i.question.latest.said.kind] for i in quiz.items.all()]
attempt = grading.hand_in(attempt=Attempt.objects.get(number=2))
print(json.dumps({
    "told": told, "items": items, "versions": sorted(q.versions.count() for q in BankQuestion.objects.all()),
    "open": [attempt.score_percent, attempt.answers.get().said],
}))
"""


@pytest.mark.timeout(300)
def test_what_was_asked_and_answered_before_is_carried_over(django_db_setup):
    with installed(PYTHONPATH=".", DJANGO_SETTINGS_MODULE="lms.settings") as system:
        told = json.loads(system.python(SCRIPT.replace("sys.argv[1:]", f"{OLD!r}, {NEW!r}")).splitlines()[-1])
    assert told["items"] == [["Una & otra", "single"], ["Varias", "multiple"]]
    one, as_it_was, many, none, gone = told["told"]
    assert (one[0], one[3], one[4], one[5]) == ("Una &amp; otra", True, 1, ["Porque Una &amp; otra"])
    assert (as_it_was[0], as_it_was[3], as_it_was[6]) == ("Una como era", False, True)
    assert (many[1].count(False), many[3]) == (3, False)
    assert (none[0], none[4], none[6]) == ("Ninguna", 0, True)
    assert (gone[0], gone[3], gone[6]) == ("Borrada", True, True)
    assert all(answer[7] for answer in told["told"])
    assert told["open"] == [100, ["Porque Una &amp; otra"]]
    assert max(told["versions"]) == 1
