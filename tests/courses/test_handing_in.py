"""Files as answers: what is taken by its own bytes, for whose eyes, marked like a text, and gone with the person."""

import io
import uuid

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from courses.domain import enrolment as enrolments
from courses.domain import erasing, grading, handing_in, marking
from courses.domain.activities import sync_lesson
from courses.models import Activity, Attempt, HandedFile, Quiz, QuizItem
from courses.questions import Criterion, Files, Level
from lms.domain import roles
from lms.domain.errors import RuleBroken
from tests.courses.test_grading import broken
from tests.factories.courses import a_course, a_lesson, a_question
from tests.factories.papers import PDF
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db

LEVELS = (Level(key="0", text="Mal", points=0), Level(key="1", text="Bien", points=10))
RUBRIC = (Criterion(key="c", text="Sello", levels=LEVELS),)


@pytest.fixture
def trainer():
    person = a_person()
    roles.grant(person=person, role="trainer", by=None)
    return person


def an_attempt(trainer, **fields) -> Attempt:
    """Open, with one question that asks for files."""
    course, quiz = a_course(owner=trainer), Quiz.objects.create(title="Entrega", made_by=trainer)
    asked = a_question("Suba su plan.", body=Files(**{"rubric": RUBRIC, "most_files": 2, **fields}), made_by=trainer)
    QuizItem.objects.create(quiz=quiz, question=asked)
    sync_lesson(a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True})))
    person = an_employee()
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    activity = Activity.objects.get(course_key=course.translation_key)
    return grading.start(enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())


def a_photo() -> bytes:
    """A picture that says where it was taken."""
    out, notes = io.BytesIO(), Image.Exif()
    notes[0x010E] = "tomada en casa"
    Image.new("RGB", (20, 10), "green").save(out, "JPEG", exif=notes)
    return out.getvalue()


def handed(attempt: Attempt, content: bytes | None = None, name: str = "plan.pdf", **fields) -> HandedFile:
    content = PDF if content is None else content
    given = {"attempt": attempt, "order": 1, "file": io.BytesIO(content), "size": len(content), "name": name}
    return handing_in.take(**given | fields)


def stored() -> set[str]:
    """What lies in the folder of handed files."""
    found = set()
    if default_storage.exists("entregas"):
        for folder in default_storage.listdir("entregas")[0]:
            found |= {f"entregas/{folder}/{name}" for name in default_storage.listdir(f"entregas/{folder}")[1]}
    return found


def page(attempt: Attempt) -> str:
    return reverse("courses:attempt_question", args=[attempt.public_id, 1])


def test_from_the_learners_form_to_the_mark(client, trainer):
    attempt = an_attempt(trainer)
    client.force_login(attempt.enrolment.person)
    shown = client.get(page(attempt)).content.decode()
    assert 'enctype="multipart/form-data"' in shown
    assert "data-autosave " not in shown
    files = [SimpleUploadedFile("../plan anual.pdf", PDF), SimpleUploadedFile("foto.jpg", a_photo())]
    assert client.post(page(attempt), {"answer": files, "go": "stay"}).url == page(attempt)
    assert sorted(HandedFile.objects.values_list("name", "suffix")) == [
        ("foto.jpg", ".jpg"),
        ("plan_anual.pdf", ".pdf"),
    ]
    assert "plan_anual.pdf" in client.get(page(attempt)).content.decode()
    photo = HandedFile.objects.get(suffix=".jpg")
    with default_storage.open(photo.path) as kept:
        assert b"tomada en casa" not in kept.read()
    assert client.post(page(attempt), {"remove": str(photo.public_id)}).url == page(attempt)
    assert attempt.answers.get().given == {"files": [str(HandedFile.objects.get().public_id)]}
    client.post(reverse("courses:attempt_hand_in", args=[attempt.public_id]))
    attempt.refresh_from_db()
    assert attempt.awaits_marking
    client.force_login(trainer)
    mark = reverse("courses_marking:mark", args=[attempt.public_id, 1])
    opened = reverse("courses_marking:file", args=[HandedFile.objects.get().public_id])
    assert opened in client.get(mark).content.decode()
    answer = client.get(opened)
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    client.post(mark, {"level-c": "1"})
    attempt.refresh_from_db()
    assert attempt.is_passed


def test_for_nobody_elses_eyes(client, trainer):
    attempt = an_attempt(trainer)
    file = handed(attempt)
    own, marker = (reverse(name, args=[file.public_id]) for name in ("courses:handed_file", "courses_marking:file"))
    client.force_login(attempt.enrolment.person)
    assert client.get(own).status_code == 200
    client.force_login(trainer)
    assert client.get(own).status_code == 404
    assert client.get(marker).status_code == 404  # not handed in yet
    grading.hand_in(attempt=attempt)
    assert client.get(marker).status_code == 200
    stranger = a_person()
    roles.grant(person=stranger, role="trainer", by=None)
    for person in (stranger, an_employee()):
        client.force_login(person)
        assert client.get(own).status_code == 404
        assert client.get(marker).status_code in {302, 403, 404}
    client.logout()
    assert client.get(own).status_code == 302


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"MZ" + bytes(200), {}, "handed.kind"),
        (b"texto", {}, "handed.kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), {}, "document.macros"),
        (b"\xff\xd8\xff\xe0" + bytes(50), {}, "picture.unreadable"),
        (None, {"extensions": ["docx"]}, "handed.kind"),
        (None, {"most_megabytes": 1, "size": 1024**2 + 1}, "handed.too_big"),
    ],
)
def test_what_is_not_wanted_is_refused_and_leaves_nothing(trainer, content, fields, code):
    size = {"size": fields.pop("size")} if "size" in fields else {}
    attempt, before = an_attempt(trainer, **fields), stored()
    content = PDF if content is None else content
    ask = {"attempt": attempt, "order": 1, "file": io.BytesIO(content), "size": len(content), "name": "plan.pdf"}
    assert broken(handing_in.take, **ask | size) == code
    assert (HandedFile.objects.count(), stored()) == (0, before)


def test_no_more_than_the_question_asks_for_and_none_once_it_is_closed(trainer):
    attempt = an_attempt(trainer)
    first, _second = handed(attempt), handed(attempt)
    before = stored()
    with pytest.raises(RuleBroken) as caught:
        handed(attempt)
    assert caught.value.code == "answer.too_many_files"
    assert (HandedFile.objects.count(), stored()) == (2, before)
    grading.hand_in(attempt=attempt)
    with pytest.raises(RuleBroken) as caught:
        handed(attempt)
    assert caught.value.code == "attempt.closed"
    ask = {"attempt": attempt, "order": 1, "public_id": str(first.public_id)}
    assert broken(handing_in.take_back, **ask) == "attempt.closed"
    assert (HandedFile.objects.count(), stored()) == (2, before)


def test_nobody_names_a_file_of_another_answer_as_theirs(trainer):
    mine, other = an_attempt(trainer), an_attempt(trainer)
    foreign = handed(other)
    ask = {"attempt": mine, "order": 1, "given": {"files": [str(foreign.public_id)]}}
    assert broken(grading.answer, **ask) == "answer.unknown_choice"
    handing_in.take_back(attempt=mine, order=1, public_id=str(foreign.public_id))
    assert HandedFile.objects.get() == foreign


def test_a_scanner_that_finds_something_and_one_that_cannot_tell(trainer, settings):
    attempt = an_attempt(trainer)
    for command, code in (("false {path}", "upload.infected"), ("there-is-no-such-scanner {path}", "handed.later")):
        settings.VIRUS_SCAN_COMMAND = command
        with pytest.raises(RuleBroken) as caught:
            handed(attempt)
        assert caught.value.code == code
    assert not HandedFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_they_go_with_the_person(trainer):
    attempt = an_attempt(trainer)
    file = handed(attempt)
    assert default_storage.exists(file.path)
    with transaction.atomic():
        erasing.erase(attempt.enrolment.person)
        assert default_storage.exists(file.path)
    assert not HandedFile.objects.exists()
    assert not default_storage.exists(file.path)


def test_an_empty_one_is_worth_nothing_at_once(trainer):
    attempt = an_attempt(trainer)
    grading.hand_in(attempt=attempt, at=timezone.now())
    assert (attempt.answers.get().percent, marking.to_mark(trainer).count()) == (0, 0)


def test_a_file_that_comes_again_under_its_name_is_one_and_nobody_elses(trainer):
    mine, other, key = an_attempt(trainer), an_attempt(trainer), uuid.uuid4()
    first = handed(mine, public_id=key)
    before = stored()
    assert handed(mine, public_id=key) == first
    with pytest.raises(RuleBroken) as caught:
        handed(other, public_id=key)
    assert caught.value.code == "handed.conflict"
    assert (HandedFile.objects.get(), stored()) == (first, before)
    assert mine.answers.get().given == {"files": [str(key)]}


def test_one_file_may_be_named_by_its_sender_and_two_may_not(client, trainer):
    attempt, key = an_attempt(trainer), uuid.uuid4()
    client.force_login(attempt.enrolment.person)
    for _again in range(2):
        sent = {"answer": SimpleUploadedFile("plan.pdf", PDF), "file_id": str(key)}
        answer = client.post(page(attempt), sent, headers={"X-Requested-With": "fetch"})
        assert answer.status_code == 204
    assert HandedFile.objects.get().public_id == key
    client.post(page(attempt), {"remove": str(key)})
    two = [SimpleUploadedFile("plan.pdf", PDF), SimpleUploadedFile("acta.pdf", PDF)]
    client.post(page(attempt), {"answer": two, "file_id": str(key)})
    assert HandedFile.objects.count() == 2
    assert not HandedFile.objects.filter(public_id=key).exists()
    assert client.post(page(attempt), {"answer": SimpleUploadedFile("x.pdf", PDF), "file_id": "x"}).status_code == 422
