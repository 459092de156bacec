"""Courses for tests, published as a trainer would publish them."""

import itertools

from courses import questions
from courses.domain import bank
from courses.domain.tree import ensure_tree
from courses.models import (
    AskedLevel,
    BankQuestion,
    Competency,
    CoursePage,
    LearningPath,
    LessonPage,
    PathItem,
    Quiz,
    QuizItem,
    Term,
    TermTranslation,
)
from lms.models import Language, Post

_serial = itertools.count(1)


def a_course(*, posts: tuple[str, ...] = ("RECEP",), languages: tuple[str, ...] = ("es",), **fields) -> CoursePage:
    """A published course without lessons."""
    number = next(_serial)
    fields.setdefault("title", f"Curso de prueba {number}")
    fields.setdefault("summary", "Un curso para probar.")
    fields.setdefault("outcomes", "<ul><li>Probar</li></ul>")
    fields.setdefault("family", "FI")
    fields.setdefault("hours", 4)
    catalogue, _tools = ensure_tree()
    course = catalogue.add_child(instance=CoursePage(slug=f"curso-{number}", locale=catalogue.locale, **fields))
    course.posts.set(Post.objects.filter(code__in=posts))
    course.languages.set(Language.objects.filter(key__in=languages))
    course.save_revision().publish()
    return CoursePage.objects.get(pk=course.pk)


def a_lesson(course: CoursePage, *blocks: tuple[str, object], **fields) -> LessonPage:
    """A published lesson with `blocks`, e.g. `("video", {"video": video})`, `("text", "<p>…</p>")`."""
    number = next(_serial)
    fields.setdefault("title", f"Lección de prueba {number}")
    lesson = LessonPage(slug=f"leccion-{number}", locale=course.locale, **fields)
    lesson.body = list(blocks) or [("text", "<p>Texto de prueba.</p>")]
    course.add_child(instance=lesson)
    lesson.save_revision().publish()
    return LessonPage.objects.get(pk=lesson.pk)


def a_question(text: str = "¿Pregunta?", *, body: questions.Body | None = None, **fields) -> BankQuestion:
    """A question of the bank; of its three choices the first is right, unless `body` says otherwise."""
    made_by, topic = fields.pop("made_by", None), fields.pop("topic", None)
    options = tuple(
        questions.Option(key=f"{key}-{next(_serial)}", text=words, percent=percent)
        for key, words, percent in [("a", "Correcta", 100), ("b", "Falsa", 0), ("c", "Otra falsa", 0)]
    )
    body = body or questions.Choices(kind=questions.Kind.SINGLE, options=options)
    said = questions.Question(name=text, text=fields.pop("prose", text), body=body, **fields)
    return bank.add(said, topic=topic, by=made_by)


def a_quiz(*, questions: int = 2, **fields) -> Quiz:
    """A quiz whose questions have three choices; the first is right."""
    fields.setdefault("title", f"Cuestionario de prueba {next(_serial)}")
    quiz = Quiz.objects.create(**fields)
    for number in range(questions):
        asked = a_question(f"¿Pregunta {number + 1}?", feedback={"always": f"Explicación {number + 1}"})
        QuizItem.objects.create(quiz=quiz, question=asked, sort_order=number)
    return quiz


def a_term(word: str = "", meaning: str = "Lo que se explica.", **said: str) -> Term:
    """A word of the glossary; `said` is the same in other languages, by their codes."""
    term = Term.objects.create(word=word or f"palabra {next(_serial)}", meaning=meaning)
    for code, other in said.items():
        TermTranslation.objects.create(term=term, language=code, word=other, meaning=f"{meaning} ({code})")
    return term


def a_competency(name: str = "", *, asked: dict[str, int] | None = None, **fields) -> Competency:
    """A competency with three levels, unless `level_4` is named; `asked` is {code of a post: level}."""
    fields.setdefault("description", "Hace lo que se prueba.")
    made = Competency.objects.create(name=name or f"Competencia de prueba {next(_serial)}", **fields)
    for code, level in (asked or {}).items():
        AskedLevel.objects.create(competency=made, post=Post.objects.get(code=code), level=level)
    return made


def a_path(
    *required: CoursePage, optional: tuple[CoursePage, ...] = (), posts: tuple[str, ...] = ("RECEP",), **fields
) -> LearningPath:
    """A published path of required courses, then optional ones, for some posts."""
    number = next(_serial)
    fields.setdefault("title", f"Ruta de prueba {number}")
    path = LearningPath.objects.create(slug=f"ruta-{number}", **fields)
    for order, course in enumerate([*required, *optional]):
        PathItem.objects.create(path=path, course=course, is_required=course in required, sort_order=order)
    path.posts.set(Post.objects.filter(code__in=posts))
    path.save()
    return path
