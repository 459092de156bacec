"""Questions of files on their way into the bank, and out of it."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image as Pillow
from wagtail.images.models import Image

from courses.domain import bank
from courses.interchange import detect, gift, qti
from courses.interchange.reading import Found, Reading, Written
from courses.models import BankQuestion, Topic
from courses.models.reach import bank_for, topics_for
from courses.questions import Question
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person
from media.domain import access, pictures

NAMES_AT_ONCE = 500
TOPIC_LENGTH = 120
MOST_PIXELS = 40_000_000
IMAGE = re.compile(r"<img\b[^>]*>")
KEY = re.compile(r'data-picture="([^"]*)"')
GAP = re.compile(r'<span data-gap="([^"]*)"></span>')
ALT = re.compile(r'\salt="([^"]*)"')
# What questions may leave as: the name for people, the end of the file's name, its type, and the writer.
Writer = Callable[[Iterable[Found | Question]], Written]
FORMATS: dict[str, tuple[str, str, str, Writer]] = {
    "gift": ("GIFT", "gift.txt", "text/plain", gift.write),
    "qti": ("QTI 2.1", "qti.zip", "application/zip", qti.write),
}


def read(content: bytes) -> Reading:
    """All of a file, whichever format it has. Raises `Unreadable`."""
    return detect.read(content)


def present(person: Person, reading: Reading) -> set[int]:
    """The places of those questions of a file that the person's bank already has, word for word."""
    by_name: dict[str, list[Question]] = {}
    names = sorted({found.question.name for found in reading.questions})
    for start in range(0, len(names), NAMES_AT_ONCE):
        rows = BankQuestion.objects.filter(name__in=names[start : start + NAMES_AT_ONCE]).select_related("latest")
        for row in bank_for(person, rows, to_edit=True):
            if row.latest:
                by_name.setdefault(row.name, []).append(row.latest.said)
    return {
        place
        for place, found in enumerate(reading.questions)
        if any(_bare(one) == _bare(found.question) for one in by_name.get(found.question.name, []))
    }


def _bare(question: Question) -> str:
    """What a question says, without its pictures: one that could not be kept makes it no other question.

    Nor do the keys of its parts, which each file makes anew, nor how a number is written.
    """
    numbers: dict[str, str] = {}

    def walk(value: object) -> object:
        if isinstance(value, dict):
            if "key" in value:
                numbers[str(value["key"])] = f"k{len(numbers)}"
            return {name: walk(one) for name, one in value.items() if name != "key"}
        if isinstance(value, list | tuple):
            return [walk(one) for one in value]
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    said = _without(question, {}).model_dump(exclude={"pictures", "text"})
    rest = json.dumps(walk(said), sort_keys=True, ensure_ascii=False)
    return rest + GAP.sub(lambda found: numbers.get(found[1], ""), _without(question, {}).text)


def counts(reading: Reading) -> list[tuple[str, int]]:
    """How many questions of each kind there are, in words."""
    counted = Counter(found.question.kind.value for found in reading.questions)
    return [(str(BankQuestion.Kind(kind).label), counted[kind]) for kind in BankQuestion.Kind.values if counted[kind]]


@transaction.atomic
def take_in(
    reading: Reading,
    *,
    by: Person,
    topic: Topic | None,
    by_category: bool,
    leave: set[int] = frozenset(),  # type: ignore[assignment]
) -> tuple[int, int]:
    """All questions of a file but those at the places of `leave`: all or none.

    How many came in, and how many pictures could not be kept.
    """
    lost = 0
    taken = [found for place, found in enumerate(reading.questions) if place not in leave]
    for found in taken:
        images = {key: image for key, content in found.pictures.items() if (image := _image(content, found, by))}
        said = found.question
        if len(images) < len(said.pictures):
            lost += len(said.pictures) - len(images)
            said = _without(said, images)
        where = _topic(found.category, topic, by) if by_category else topic
        bank.add(said, topic=where, by=by, pictures=images)
    audit.record("questions.imported", by=by, subject="courses.bankquestion:", facts={"count": len(taken)})
    return len(taken), lost


def _topic(category: tuple[str, ...], within: Topic | None, by: Person) -> Topic | None:
    """The topic of a category, and of those around it; made where it is missing."""
    for name in category:
        mine = topics_for(by, Topic.objects.filter(made_by=by), to_edit=True)
        known = mine.filter(name=name[:TOPIC_LENGTH], parent=within).first()
        within = known or Topic.objects.create(name=name[:TOPIC_LENGTH], parent=within, made_by=by)
    return within


def _image(content: bytes, found: Found, by: Person) -> Image | None:
    """An image of Wagtail's library, in the person's collection; None for one that cannot be drawn."""
    most = getattr(settings, "WAGTAILIMAGES_MAX_IMAGE_PIXELS", MOST_PIXELS)
    try:
        drawn = pictures.redraw(_still(content, most), max_pixels=most)
    except RuleBroken:
        return None
    with Pillow.open(io.BytesIO(drawn)) as opened:
        kind = str(opened.format).lower()
    collection = access.picture_policy.collections_user_has_permission_for(by, "add").order_by("path").first()
    file = ContentFile(drawn, f"pregunta.{kind}")
    image = Image(title=found.question.name[:255], uploaded_by_user=by, file=file, file_size=len(drawn))
    if collection is not None:
        image.collection = collection
    image.save()
    return image


def _still(content: bytes, most: int) -> io.BytesIO:
    """A GIF as a PNG of its first picture; anything else as it is."""
    if not content.startswith(b"GIF8"):
        return io.BytesIO(content)
    out = io.BytesIO()
    try:
        with Pillow.open(io.BytesIO(content), formats=("GIF",)) as given:
            if given.width * given.height <= most:
                given.convert("RGBA").save(out, "PNG")
    except Exception:
        return io.BytesIO()
    return out


def _without(question: Question, kept: Mapping[str, object]) -> Question:
    """The question with the alternative text where a picture stood that was not kept."""

    def words(image: re.Match[str]) -> str:
        key, alt = KEY.search(image[0]), ALT.search(image[0])
        return image[0] if key and key[1] in kept else alt[1] if alt else ""

    def walk(value):
        if isinstance(value, dict):
            return {name: walk(one) for name, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        return IMAGE.sub(words, value) if isinstance(value, str) else value

    content = walk(json.loads(question.model_dump_json()))
    content["pictures"] = [one for one in content["pictures"] if one["key"] in kept]
    return Question.model_validate(content)


def write(kind: str, questions: Iterable[BankQuestion]) -> Written:
    """A file of a format in `FORMATS`, with its pictures where the format carries them."""
    return FORMATS[kind][3]([_found(question) for question in questions])


def _found(question: BankQuestion) -> Found:
    said = question.latest.said  # type: ignore[union-attr]
    category: list[str] = []
    topic = question.topic
    while topic is not None:
        category.insert(0, topic.name)
        topic = topic.parent
    return Found(
        said, category=tuple(category), pictures={one.key: _bytes(one.image) for one in question.pictures.all()}
    )


def _bytes(image: Image) -> bytes:
    with image.open_file() as file:
        return file.read()
