"""Files as answers that come in pieces: limits and inspection are those of a whole one, and each is its sender's."""

import base64
import hashlib
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from courses.domain import grading, handing_in
from courses.models import Attempt, HandedFile
from lms.domain.errors import RuleBroken
from media.domain import uploads
from media.models import Upload
from tests.courses.test_handing_in import an_attempt, handed, page, trainer
from tests.factories.papers import PDF
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
__all__ = ["trainer"]
OCTETS = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}


def a_large_pdf(size: int = 600_000) -> bytes:
    """A document whose bytes are all different, so that a piece in the wrong place shows."""
    line, lines = 64, []
    for number in range(size // line):
        lines.append(b"%" + hashlib.sha256(str(number).encode()).hexdigest().encode()[: line - 2] + b"\n")
    head, tail = PDF.split(b"trailer")
    return head + b"".join(lines) + b"trailer" + tail


def at(attempt: Attempt, file_id: uuid.UUID, order: int = 1) -> str:
    return reverse("courses:handed_arriving", args=[attempt.public_id, order, file_id])


@pytest.fixture
def attempt(trainer, client):
    """An open one of somebody who is signed in."""
    made = an_attempt(trainer)
    client.force_login(made.enrolment.person)
    return made


def stored(attempt: Attempt) -> list[str]:
    """What lies in the folder of an attempt."""
    folder = f"{handing_in.FOLDER}/{attempt.public_id}"
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []


def begin(client, attempt: Attempt, file_id: uuid.UUID, size: int, name: str = "plan.pdf"):
    told = base64.b64encode(name.encode()).decode()
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": f"filename {told}"}
    return client.post(at(attempt, file_id), headers=headers)


def piece(client, attempt: Attempt, file_id: uuid.UUID, offset: int, content: bytes):
    headers = TUS | {"Upload-Offset": str(offset)}
    return client.patch(at(attempt, file_id), content, content_type=OCTETS, headers=headers)


def arrive(client, attempt: Attempt, content: bytes, **named) -> uuid.UUID:
    """All of a file, in pieces; nobody has taken it yet."""
    file_id = uuid.uuid4()
    assert begin(client, attempt, file_id, len(content), **named).status_code == 201
    for start in range(0, len(content), 200_000):
        assert piece(client, attempt, file_id, start, content[start : start + 200_000]).status_code == 204
    return file_id


def finish(client, attempt: Attempt, file_id: uuid.UUID):
    given = {"file_id": str(file_id), "arrived": "1"}
    return client.post(page(attempt), given, headers={"X-Requested-With": "fetch"})


def test_a_file_in_pieces_is_the_same_file(client, attempt):
    content = a_large_pdf()
    file_id = arrive(client, attempt, content, name="../plan anual.pdf")
    assert (HandedFile.objects.count(), stored(attempt)) == (0, [])
    assert finish(client, attempt, file_id).status_code == 204
    kept = HandedFile.objects.get()
    with default_storage.open(kept.path) as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(content).digest()
    assert (kept.name, kept.public_id, kept.bytes) == ("plan_anual.pdf", file_id, len(content))
    assert attempt.answers.get().given == {"files": [str(file_id)]}
    assert Upload.objects.count() == 0
    # Its answer was lost: it is said again.
    assert finish(client, attempt, file_id).status_code == 204
    assert HandedFile.objects.count() == 1


def test_it_goes_on_where_it_stopped_and_begins_nothing_twice(client, attempt):
    content, file_id = a_large_pdf(), uuid.uuid4()
    assert begin(client, attempt, file_id, len(content))["Upload-Offset"] == "0"
    assert piece(client, attempt, file_id, 0, content[:1000])["Upload-Offset"] == "1000"
    again = begin(client, attempt, file_id, len(content))
    assert (again.status_code, again["Upload-Offset"], Upload.objects.count()) == (201, "1000", 1)
    assert client.head(at(attempt, file_id), headers=TUS)["Upload-Offset"] == "1000"
    assert piece(client, attempt, file_id, 0, content[:1000]).status_code == 409
    assert begin(client, attempt, file_id, len(content) + 1).status_code == 400  # another file under its name
    assert finish(client, attempt, file_id).status_code == 422  # it is not whole
    assert client.delete(at(attempt, file_id), headers=TUS).status_code == 204
    assert client.head(at(attempt, file_id), headers=TUS).status_code == 404


def test_an_upload_is_its_senders_and_its_answers(client, attempt, trainer):
    content, file_id = a_large_pdf(), uuid.uuid4()
    begin(client, attempt, file_id, len(content))
    asked = [
        lambda: begin(client, attempt, file_id, 10),
        lambda: client.head(at(attempt, file_id), headers=TUS),
        lambda: piece(client, attempt, file_id, 0, b"x"),
        lambda: client.delete(at(attempt, file_id), headers=TUS),
        lambda: finish(client, attempt, file_id),
    ]
    for other in (an_employee(), trainer):
        client.force_login(other)
        assert [ask().status_code for ask in asked] == [404] * 5
    client.logout()
    assert {ask().status_code for ask in asked} == {302}
    mine = an_attempt(trainer)
    client.force_login(mine.enrolment.person)
    assert client.head(at(mine, file_id), headers=TUS).status_code == 404
    assert Upload.objects.get().offset == 0
    assert finish(client, mine, file_id).status_code == 422  # nobody takes another's by its name
    assert HandedFile.objects.count() == 0


def test_the_door_for_films_is_not_opened_by_it(client, attempt):
    file_id = uuid.uuid4()
    begin(client, attempt, file_id, 1000)
    film = reverse("media_uploads:upload", args=[Upload.objects.get().public_id])
    assert client.head(film, headers=TUS).status_code in {302, 403, 404}
    film_of_mine = uploads.begin(person=attempt.enrolment.person, file_name="clase.mp4", size=10)
    assert client.head(at(attempt, film_of_mine.public_id), headers=TUS).status_code == 404


@pytest.mark.parametrize(
    ("content", "named", "words"),
    [
        (b"MZ" + bytes(300_000), "virus.exe", "no se puede entregar aquí"),
        (a_large_pdf().replace(b"%%EOF", b"%%%%%"), "roto.pdf", ""),
    ],
)
def test_what_is_not_wanted_is_refused_as_a_whole_one_is_and_leaves_nothing(client, attempt, content, named, words):
    file_id = arrive(client, attempt, content, name=named)
    answer = finish(client, attempt, file_id)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert (HandedFile.objects.count(), stored(attempt), Upload.objects.count()) == (0, [], 0)


def test_the_limits_are_asked_before_a_byte_is_sent(client, attempt):
    most = handing_in.limit_of(handing_in.body_of(attempt, 1)) * handing_in.MEGABYTE
    refused = begin(client, attempt, uuid.uuid4(), most + 1)
    assert refused.status_code == 400
    assert "es demasiado grande" in refused.content.decode()
    assert begin(client, attempt, uuid.uuid4(), most).status_code == 201
    lengthless = client.post(at(attempt, uuid.uuid4()), headers=TUS | {"Upload-Defer-Length": "1"})
    assert lengthless.status_code == 400
    handed(attempt)
    handed(attempt)
    many = begin(client, attempt, uuid.uuid4(), 1000)
    assert (many.status_code, many.content.decode()) == (400, "Son demasiados archivos. Quite alguno.")
    unknown = client.post(at(attempt, uuid.uuid4(), order=7), headers=TUS | {"Upload-Length": "9"})
    assert unknown.status_code == 400


def test_nothing_begins_or_is_taken_once_it_is_closed(client, attempt):
    file_id = arrive(client, attempt, a_large_pdf())
    grading.hand_in(attempt=attempt)
    assert begin(client, attempt, uuid.uuid4(), 1000).status_code == 400
    closed = Attempt.objects.get(pk=attempt.pk)
    with pytest.raises(RuleBroken) as refusal:
        handing_in.take_arrived(attempt=closed, order=1, public_id=file_id)
    assert refusal.value.code == "attempt.closed"
    assert (HandedFile.objects.count(), stored(attempt)) == (0, [])


def test_a_scanner_that_cannot_tell_keeps_what_arrived(client, attempt, settings):
    file_id = arrive(client, attempt, a_large_pdf())
    settings.VIRUS_SCAN_COMMAND = "there-is-no-such-scanner {path}"
    assert "Súbalo de nuevo en unos minutos" in finish(client, attempt, file_id).content.decode()
    assert Upload.objects.get().completed_at
    settings.VIRUS_SCAN_COMMAND = ""
    assert finish(client, attempt, file_id).status_code == 204


def test_what_is_given_up_makes_room_and_does_not_lie_for_ever(client, attempt, django_capture_on_commit_callbacks):
    names = [uuid.uuid4() for _each in range(handing_in.MOST_ARRIVING + 2)]
    paths = []
    for minute, name in enumerate(names):
        with (
            time_machine.travel(timezone.now() + timedelta(minutes=minute), tick=False),
            django_capture_on_commit_callbacks(execute=True),
        ):
            assert begin(client, attempt, name, 1000).status_code == 201
            paths.append(uploads.path_of(Upload.objects.get(fingerprint__endswith=name.hex)))
    there = [name for name in names if handing_in.find_arriving(attempt, 1, name)]
    assert there == names[2:]
    assert [name for name, path in zip(names, paths, strict=True) if path.exists()] == names[2:]
    uploads.sweep(timezone.now() + timedelta(days=8))
    assert Upload.objects.count() == 0


def test_without_the_protocol_nothing_is_begun(client, attempt):
    assert client.post(at(attempt, uuid.uuid4())).status_code == 412
    assert client.get(at(attempt, uuid.uuid4())).status_code == 405
    assert Upload.objects.count() == 0


def test_a_page_says_which_files_stayed_halfway(client, attempt, trainer):
    content, file_id = a_large_pdf(), uuid.uuid4()
    begin(client, attempt, file_id, len(content), "plan <1>.pdf")
    assert handing_in.halfway(attempt, 1) == []
    piece(client, attempt, file_id, 0, content[:240_000])
    assert handing_in.halfway(attempt, 1) == [("plan <1>.pdf", 100 * 240_000 // len(content))]
    assert handing_in.halfway(attempt, 2) == []
    assert handing_in.halfway(an_attempt(trainer), 1) == []
    text = client.get(page(attempt)).content.decode()
    assert "«plan &lt;1&gt;.pdf» quedó a medias: llegó el" in text
    piece(client, attempt, file_id, 240_000, content[240_000:])
    finish(client, attempt, file_id)
    assert handing_in.halfway(attempt, 1) == []


def test_a_file_that_was_taken_is_not_sent_again_under_its_name(client, attempt):
    content = a_large_pdf()
    file_id = arrive(client, attempt, content)
    finish(client, attempt, file_id)
    answer = begin(client, attempt, file_id, len(content))
    assert answer.status_code == 400
    assert "«plan.pdf» ya está entre los archivos que entregó." in answer.content.decode()
    assert not Upload.objects.exists()
    handing_in.take_back(attempt=attempt, order=1, public_id=str(file_id))
    assert begin(client, attempt, file_id, len(content)).status_code == 201
