"""Courses for tests, published as a trainer would publish them."""

import itertools

from courses.domain.tree import ensure_tree
from courses.models import Choice, CoursePage, LessonPage, Question, Quiz
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


def a_quiz(*, questions: int = 2, **fields) -> Quiz:
    """A quiz whose questions have three choices; the first is right. A multiple question has two right ones."""
    fields.setdefault("title", f"Cuestionario de prueba {next(_serial)}")
    quiz = Quiz.objects.create(**fields)
    for number in range(questions):
        question = Question.objects.create(
            quiz=quiz, text=f"¿Pregunta {number + 1}?", sort_order=number, explanation=f"Explicación {number + 1}"
        )
        for order, text in enumerate(["Correcta", "Falsa", "Otra falsa"]):
            Choice.objects.create(question=question, text=text, is_right=order == 0, sort_order=order)
    return quiz
