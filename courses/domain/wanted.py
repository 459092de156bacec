"""What a lesson asks for, as it stands on its page."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from courses.blocks import Stage
from courses.models import Activity, LessonPage

KINDS = {"video": Activity.Kind.VIDEO, "audio": Activity.Kind.VIDEO, "quiz": Activity.Kind.QUIZ}  # by block


@dataclass(frozen=True)
class Wanted:
    """An activity as the lesson asks for it today."""

    block_key: UUID
    fields: dict[str, Any]


def wanted_of(lesson: LessonPage) -> list[Wanted]:
    """The activities that a lesson asks for, as it stands: those that its blocks name, else the reading of it."""
    found = []
    for number, block in enumerate(lesson.body):
        if block.block_type == Activity.Kind.ATTENDANCE:
            found.append(Wanted(UUID(str(block.id)), _in_person(block.value, number)))
            continue
        kind = KINDS.get(block.block_type)
        subject = block.value.get(block.block_type) if kind else None
        if subject is None:
            continue
        stage = Stage(block.value.get("stage") or "") if kind == Activity.Kind.QUIZ else Stage.ORDINARY
        fields = {
            "kind": kind,
            "title": subject.title,
            "video": subject if kind == Activity.Kind.VIDEO else None,
            "quiz": subject if kind == Activity.Kind.QUIZ else None,
            "stage": stage,
            "is_required": bool(block.value.get("is_required")) and stage != Stage.ENTRY,
            "order": number,
        }
        found.append(Wanted(UUID(str(block.id)), fields))
    return found or [_reading(lesson)]


def _in_person(value: Any, number: int) -> dict[str, Any]:
    copied = {name: value.get(name) for name in ("title", "hours", "min_percent")}
    needed = {"is_required": bool(value.get("is_required")), "video": None, "quiz": None, "stage": "", "order": number}
    return {"kind": Activity.Kind.ATTENDANCE, **copied, **needed}


def _reading(lesson: LessonPage) -> Wanted:
    fields = {"kind": Activity.Kind.READING, "title": lesson.title, "video": None, "quiz": None, "stage": ""}
    return Wanted(lesson.translation_key, {**fields, "is_required": True, "order": 0})
