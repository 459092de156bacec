"""The demo's three courses, published as a trainer would publish them: videos, captions, files, pictures, a quiz."""

import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path

import yaml
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from wagtail.documents.models import Document
from wagtail.images.models import Image

from courses.domain import activities, bank, sessions
from courses.domain.prose import render_list, render_prose
from courses.domain.tools import was_touched
from courses.domain.tree import ensure_tree
from courses.models import Activity, CoursePage, LessonPage, Quiz, QuizItem, Term, ToolPage, Topic
from courses.questions import Choices, Feedback, Kind, Option, Question, prose
from lms.models import Language, Municipality, Network, Person, Post
from media.domain import captions, library
from media.models import Video

from .drawings import IMAGES
from .files import FILES
from .recordings import ensure_recording
from .work import finish

DATA = Path(__file__).parent / "data"
COURSES = ("ingresos", "agua", "juventud")
NAMESPACE = uuid.UUID("5b1c3c7e-2f0c-4d4a-9d1e-7c6a2f3b9e10")
COURSE_FIELDS = ("title", "summary", "family", "taught_by", "hours", "certificate_kind")


@cache
def course_data(name: str) -> dict:
    """One course as written."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def key_of(*names: object) -> uuid.UUID:
    """The identity of a demo page or block, the same in every installation."""
    return uuid.uuid5(NAMESPACE, "/".join(str(name) for name in names))


def find_course(name: str) -> CoursePage | None:
    """The course, if it was loaded, wherever it was moved or renamed since."""
    return CoursePage.objects.filter(translation_key=key_of(course_data(name)["slug"])).first()


@dataclass(frozen=True)
class Material:
    """What the lessons of one course show."""

    videos: dict[str, Video]
    images: dict[str, Image]
    files: dict[str, Document]
    quiz: Quiz


def ensure_course(name: str, *, network: Network, by: Person, is_short: bool = False) -> CoursePage:
    """The course, published with its lessons unless it is there; `by` is the trainer."""
    if course := find_course(name):
        return course
    spec = course_data(name)
    videos = {key: _ensure_video(name, key, video, by, is_short) for key, video in spec["videos"].items()}
    with transaction.atomic():
        material = Material(videos, _add_images(spec, by), _add_files(spec, by), _add_quiz(spec["quiz"], by))
        course = _add_course(spec, network if spec.get("is_for_network") else None, by)
        by = Person.objects.get(pk=by.pk)  # what Wagtail knows of the pages of `by` is older than the course
        for number, lesson in enumerate(spec["lessons"], start=1):
            _add_lesson(course, lesson, material, key=key_of(spec["slug"], number), by=by)
        activities.sync_course(course)
        rows = [row for lesson in spec["lessons"] for row in lesson["blocks"] if "file" in row]
        _name_in_tool(spec["tool"], course, [_block("file", row["file"], material) for row in rows])
    return course


def _ensure_video(name: str, key: str, spec: dict, by: Person, is_short: bool) -> Video:
    """The video, added and transcoded; found by the name of its file, which changes with its content."""
    made = ensure_recording(f"{name}-{key}", spec, course=course_data(name)["title"], is_short=is_short)
    spanish = Language.objects.get(key="es")
    video = Video.objects.filter(source_name=made.path.name).first()
    if video is None:
        video = library.add_video(
            title=spec["title"],
            source=made.path,
            source_name=made.path.name,
            by=by,
            language=spanish,
            keep_source=True,
        )
    if not video.captions.exists():
        captions.save(video=video, language=spanish, text=made.captions, by=by)
    finish("media.transcode", video.public_id)
    video.refresh_from_db()
    if video.state != Video.State.READY:
        raise RuntimeError(f"{made.path.name}: {video.reason}")
    return video


def _add_images(spec: dict, by: Person) -> dict[str, Image]:
    images = {}
    for key, row in spec["images"].items():
        buffer = BytesIO()
        IMAGES[row["kind"]]().save(buffer, "PNG", optimize=True)
        file = ContentFile(buffer.getvalue(), name=f"{slugify(row['title'])}.png")
        images[key] = Image.objects.create(title=row["title"], file=file, uploaded_by_user=by)
    return images


def _add_files(spec: dict, by: Person) -> dict[str, Document]:
    files = {}
    for key, row in spec["files"].items():
        name, make = FILES[row["kind"]]
        file = ContentFile(make(), name=name)
        files[key] = Document.objects.create(title=row["title"], file=file, uploaded_by_user=by)
    return files


def _add_quiz(spec: dict, by: Person) -> Quiz:
    quiz = Quiz.objects.create(
        title=spec["title"], instructions=spec["instructions"], pass_percent=spec["pass_percent"], made_by=by
    )
    topic, _created = Topic.objects.get_or_create(name=spec["title"], parent=None, made_by=by)
    for number, row in enumerate(spec["questions"]):
        question = bank.add(said(row), topic=topic, by=by)
        QuizItem.objects.create(quiz=quiz, question=question, sort_order=number)
    return quiz


def said(row: dict) -> Question:
    """The question of a row: its choices, or a `body` as the bank keeps it."""
    right = row.get("right", [])
    share = (Decimal(100) / max(1, len(right))).quantize(Decimal("0.00001"))
    options = tuple(
        Option(key=f"o{place}", text=prose.from_plain(text), percent=share if place in right else Decimal(0))
        for place, text in enumerate(row.get("choices", []))
    )
    body = row.get("body") or Choices(kind=Kind(row.get("kind", "single")), options=options)
    return Question(
        name=row["text"][:255],
        text=row.get("prose") or prose.from_plain(row["text"]),
        body=body,
        feedback=Feedback(always=prose.from_plain(row["explanation"])),
    )


def _add_course(spec: dict, network: Network | None, by: Person) -> CoursePage:
    catalogue, _tools = ensure_tree()
    fields = {name: spec[name] for name in COURSE_FIELDS}
    course = CoursePage(
        slug=spec["slug"],
        translation_key=key_of(spec["slug"]),
        locale=catalogue.locale,
        outcomes=render_list(spec["outcomes"]),
        network=network,
        owner=by,
        **fields,
    )
    catalogue.add_child(instance=course)
    course.posts.set(Post.objects.filter(code__in=spec["posts"]))
    course.languages.set(Language.objects.filter(key__in=spec["languages"]))
    course.save_revision(user=by).publish(user=by)
    return CoursePage.objects.get(pk=course.pk)


def ensure_sessions(course: CoursePage, *, by: Person) -> None:
    """One session in two weeks' time for each part held in person that has none; plainly of the demo."""
    parts = Activity.objects.current().filter(kind=Activity.Kind.ATTENDANCE, course_key=course.translation_key)
    day = timezone.localdate() + timedelta(days=14)
    starts_at = timezone.make_aware(datetime.combine(day, time(8, 30)))
    for part in parts.filter(sessions=None):
        sessions.plan(
            activity=part,
            by=by,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=float(part.hours or 0)),
            hours=part.hours,
            municipality=Municipality.objects.get(code="1302"),
            room="Salón de demostración (sesión inventada)",
            trainer=by,
            seats=25,
            notes="Sesión de demostración: no se da de verdad.",
        )


def _add_lesson(course: CoursePage, spec: dict, material: Material, *, key: uuid.UUID, by: Person) -> None:
    lesson = LessonPage(
        title=spec["title"],
        slug=slugify(spec["title"])[:60].strip("-"),
        translation_key=key,
        locale=course.locale,
        summary=spec["summary"],
        minutes=spec["minutes"],
        owner=by,
    )
    lesson.body = [
        _block(kind, value, material) | {"id": str(key_of(key, place))}
        for place, row in enumerate(spec["blocks"])
        for kind, value in row.items()
    ]
    course.add_child(instance=lesson)
    lesson.save_revision(user=by).publish(user=by)


def _block(kind: str, value, material: Material) -> dict:
    """A row of a lesson as the block that is stored."""
    build = {
        "video": lambda: {"video": material.videos[value].pk, "is_required": True},
        "quiz": lambda: {"quiz": material.quiz.pk, "is_required": True},
        "heading": lambda: value,
        "text": lambda: render_prose(value),
        "note": lambda: {"title": value["title"], "text": render_prose(value["text"])},
        "example": lambda: {"title": value["title"], "text": render_prose(value["text"])},
        "image": lambda: {**value, "image": material.images[value["image"]].pk},
        "attendance": lambda: value,
        "words": lambda: {"terms": [_term(word, meaning) for word, meaning in value.items()], "words": []},
        "file": lambda: {"document": material.files[value["file"]].pk, "description": value["description"]},
    }[kind]
    return {"type": kind, "value": build()}


def _term(word: str, meaning: str) -> int:
    """A word of the glossary, as it stands there if it does already."""
    return Term.objects.get_or_create(word=word, defaults={"meaning": meaning})[0].pk


def _name_in_tool(code: str, course: CoursePage, files: list[dict]) -> None:
    """The tool's page names the course that teaches it and offers its files, unless a person has touched the page."""
    tool = ToolPage.objects.filter(code=code).first()
    if tool and tool.course_id is None and not was_touched(tool):
        tool.course = course
        tool.files = files
        tool.save_revision().publish()
