"""Courses in several languages: beginning a translation, and what is still missing of one.

A translation stands beside its source in the catalogue, as a page of Wagtail's with the same `translation_key` and its
own locale; its blocks keep their ids. So whoever reads it makes the progress that the source asks for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from wagtail.coreutils import find_available_slug
from wagtail.models import Locale, Page

from courses.domain import glossary, tongues
from courses.domain.tongues import languages
from courses.models import (
    Activity,
    BankQuestion,
    CoursePage,
    LessonPage,
    QuestionVersion,
    Quiz,
    QuizItem,
    QuizTranslation,
    Term,
)
from courses.models.reach import roots_for
from lms.domain.errors import RuleBroken
from lms.models import Person
from media.models import Track, Video


@dataclass(frozen=True)
class Lacking:
    """What a translation of a course still lacks, as work to do. Lessons are the source's, but for `stale`.

    `quizzes` are those whose title or instructions lack, `questions` those of which some text lacks or is outdated.
    `terms` are the words of the glossary that its lessons explain, and that nobody put in the language.
    """

    course: CoursePage
    lessons: list[LessonPage]
    drafts: list[LessonPage]
    stale: list[LessonPage]
    videos: list[Video]
    quizzes: list[Quiz]
    questions: list[tongues.Standing]
    terms: list[Term]

    @property
    def count(self) -> int:
        """How many things."""
        lessons = len(self.lessons) + len(self.drafts) + len(self.stale)
        return lessons + len(self.videos) + len(self.quizzes) + len(self.questions) + len(self.terms)


def courses_for(person: Person) -> list[CoursePage]:
    """The courses that somebody may write, in their first language."""
    below = Q(pk__in=[])
    for root in roots_for(person):
        below |= Q(path__startswith=root.path)
    return list(CoursePage.objects.filter(below).sources().select_related("locale").order_by("path"))


def translations_of(course: CoursePage) -> list[CoursePage]:
    """The course in its other languages, published or not."""
    same = CoursePage.objects.filter(translation_key=course.translation_key).exclude(pk=course.pk)
    return list(same.select_related("locale").order_by("locale__language_code"))


@transaction.atomic
def translate_course(course: CoursePage, *, code: str, by: Person) -> CoursePage:
    """Begin a translation: an unpublished copy, with the words to replace. Repeating it gives the one there is.

    Raises `translation.unknown_language`.
    """
    course = CoursePage.objects.select_for_update(of=("self",), no_key=True).get(pk=course.source.pk)
    locale = _locale(code)
    if begun := course.get_translation_or_none(locale):
        return begun
    parent = course.get_parent()
    slug = find_available_slug(parent, f"{course.slug}-{code.lower()}")
    attrs = {"locale": locale, "slug": slug}
    options = {"copy_revisions": False, "keep_live": False, "reset_translation_key": False}
    return course.copy(to=parent, update_attrs=attrs, user=by, log_action="wagtail.copy_for_translation", **options)


@transaction.atomic
def translate_lesson(lesson: LessonPage, *, code: str, by: Person) -> LessonPage:
    """The same for a lesson, below the translation of its course, which is begun if it has to be."""
    lesson = lesson.source
    course = translate_course(lesson.course, code=code, by=by)
    if begun := lesson.get_translation_or_none(course.locale):
        return begun
    attrs = {"locale": course.locale, "slug": find_available_slug(course, lesson.slug)}
    options = {"copy_revisions": False, "keep_live": False, "reset_translation_key": False}
    return lesson.copy(to=course, update_attrs=attrs, user=by, log_action="wagtail.copy_for_translation", **options)


def _locale(code: str) -> Locale:
    if code not in languages():
        raise RuleBroken("translation.unknown_language", _("Elija uno de los idiomas de la lista."))
    return Locale.objects.get_or_create(language_code=code)[0]


def lacking(course: CoursePage) -> Lacking:
    """What a translation lacks; the number of queries does not grow with its lessons."""
    source, code = course.source, course.locale.language_code
    asked = list(LessonPage.objects.child_of(source).live().order_by("path"))
    mine: dict[UUID, LessonPage] = {one.translation_key: one for one in LessonPage.objects.child_of(course)}
    there = [mine[one.translation_key] for one in asked if one.translation_key in mine]
    published = {one.translation_key: one.last_published_at for one in asked}
    activities = list(Activity.objects.current().filter(course_key=course.translation_key))
    quizzes = list(Quiz.objects.filter(pk__in={one.quiz_id for one in activities if one.quiz_id}).order_by("title"))
    said = {one.quiz_id: one for one in _quizzes_in(quizzes, code)}
    return Lacking(
        course=course,
        lessons=[one for one in asked if one.translation_key not in mine],
        drafts=[one for one in there if not one.live],
        stale=[one for one in there if one.live and _is_older(one, published[one.translation_key])],
        videos=list(_unheard({one.video_id for one in activities if one.video_id}, code)),
        quizzes=[one for one in quizzes if not _is_said(one, said.get(one.pk))],
        questions=[one for one in tongues.standings(_asked(quizzes, asked), code) if not one.is_whole],
        terms=glossary.unsaid([mine.get(one.translation_key, one) for one in asked], code),
    )


def _quizzes_in(quizzes: list[Quiz], code: str) -> QuerySet[QuizTranslation]:
    return QuizTranslation.objects.filter(quiz__in=quizzes, language=code).select_related("quiz")


def _is_said(quiz: Quiz, said: QuizTranslation | None) -> bool:
    """Whether all that a quiz says of itself is there."""
    names = [name for name in ("title", "instructions") if getattr(quiz, name)]
    return said is not None and all(said.said_of(name) for name in names)


def _asked(quizzes: list[Quiz], lessons: list[LessonPage]) -> list[QuestionVersion]:
    """What new attempts at the quizzes may ask, and what lessons ask for practice; two queries."""
    items = QuizItem.objects.filter(quiz__in=quizzes).values_list("question", "topic")
    questions, topics = (set(keys) - {None} for keys in zip(*items, strict=True)) if items else (set(), set())
    for lesson in lessons:
        for block in lesson.body.raw_data:
            if block["type"] == "practice":
                questions.add(block["value"]["question"])
    found = BankQuestion.objects.in_use().filter(Q(pk__in=questions) | Q(topic__in=topics), latest__isnull=False)
    return [one.latest for one in found.select_related("latest__question") if one.latest]


def _is_older(lesson: LessonPage, published_at) -> bool:
    return bool(published_at and lesson.last_published_at and lesson.last_published_at < published_at)


def _unheard(keys: set[int], code: str) -> Iterator[Video]:
    """Videos without captions, a sound, or speech in a language."""
    in_it = Q(language__key=code) | Q(captions__language__key=code)
    sound = Q(tracks__kind=Track.Kind.SOUND, tracks__state=Track.State.READY, tracks__language__key=code)
    heard = Video.objects.filter(in_it | sound).values("pk")
    yield from Video.objects.filter(pk__in=keys).exclude(pk__in=heard).order_by("title")


def published_languages(page: Page) -> list[Page]:
    """A course or lesson in every language in which it may be read now, its own among them."""
    same = type(page).objects.live().filter(translation_key=page.translation_key).select_related("locale")
    if not isinstance(page, LessonPage):
        return list(same.order_by("pk"))
    found = list(same.order_by("pk"))
    above = {one.pk: one.path[: -Page.steplen] for one in found}
    live = set(CoursePage.objects.live().filter(path__in=above.values()).values_list("path", flat=True))
    return [one for one in found if above[one.pk] in live]
