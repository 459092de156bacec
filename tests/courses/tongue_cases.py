"""A quiz in several languages, for tests."""

from dataclasses import dataclass

from courses.domain import enrolment as enrolments
from courses.domain import tongues
from courses.domain.activities import sync_lesson
from courses.models import Activity, BankQuestion, Enrolment, LessonPage, Quiz, QuizItem
from courses.questions import Choices, Feedback, Kind, Option, ShortText, TextAnswer, translating
from lms.models import Person
from tests.courses.test_translations import translated
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.people import an_employee, somebody_with_role

CODE = "quc"
BODIES = (
    Choices(
        kind=Kind.SINGLE,
        options=(
            Option(key="x", text="<p>El concejo</p>", percent=100, feedback="<p>Así es</p>"),
            Option(key="y", text="<p>El banco</p>", feedback="<p>El banco no</p>"),
        ),
    ),
    ShortText(answers=(TextAnswer(text="alcalde"),), wrong_feedback="Era el alcalde"),
)


@dataclass
class Setting:
    """A lesson with a quiz of a choice and a word to type, in Spanish and in K'iche'; its questions are in Spanish."""

    author: Person
    person: Person
    enrolment: Enrolment
    quiz: Quiz
    activity: Activity
    questions: list[BankQuestion]
    here: LessonPage
    there: LessonPage


def a_setting(**fields) -> Setting:
    author = somebody_with_role("administrator")
    quiz = a_quiz(questions=0, title="Repaso", instructions="Responda con calma", made_by=author, **fields)
    said = Feedback(right="Bien hecho", wrong="Lea de nuevo", always="Artículo 9")
    asked = [
        a_question(f"¿Pregunta {n}?", body=body, feedback=said, made_by=author)
        for n, body in enumerate(BODIES, start=1)
    ]
    for order, one in enumerate(asked):
        QuizItem.objects.create(quiz=quiz, question=one, sort_order=order)
    course = a_course(title="Ingresos", owner=author)
    lesson = a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}), title="Uno")
    sync_lesson(lesson)
    there = translated(lesson, author)
    person = an_employee()
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    return Setting(author, person, enrolment, quiz, Activity.objects.get(quiz=quiz), asked, lesson, there)


def spoken(code: str, words: str) -> str:
    return words.replace("<p>", f"<p>{code} ") if "<p>" in words else f"{code} {words}"


def say(question: BankQuestion, texts: dict[str, str] | None = None, *, code: str = CODE, publishes=True, by=None):
    """Translate a question: every text with its language before it, unless `texts` are given."""
    question.refresh_from_db()
    every = translating.parts(question.latest.said)
    said = {one.path: spoken(code, one.source) for one in every} if texts is None else texts
    mark = tongues.standings([question.latest], code)[0].mark
    by = by or question.made_by
    return tongues.keep(question, code=code, texts=said, mark=mark, by=by, publishes=publishes)
