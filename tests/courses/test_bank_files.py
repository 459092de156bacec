"""Files of questions: looked at before anything is kept, taken in once, and taken along again."""

import base64
import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image as Pillow
from wagtail.images.models import Image

from courses.domain import bank, bank_files
from courses.interchange.reading import Found, Reading
from courses.models import BankQuestion, Topic
from courses.questions import Essay, Picture
from courses.views import bank_files as views
from lms.domain import roles
from lms.models import AuditEvent
from tests.factories.courses import a_question
from tests.factories.people import a_person
from tests.matrix.world import QUIET

pytestmark = pytest.mark.django_db

GIFT = """$CATEGORY: Agua/Cobro

::Uno:: ¿Quién decide? {=Concejo ~Alcalde}

::Dos:: La tarifa la fija el concejo. {T}

::Tres:: Esto no se entiende {=
"""


@pytest.fixture
def trainer(client):
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


def sent(client, content: str = GIFT, name: str = "preguntas.txt"):
    return client.post(reverse("courses_bank:import"), {"file": SimpleUploadedFile(name, content.encode())})


def taken(client, response, **fields):
    form = {"token": response.context["token"], "topic": ""} | fields
    return client.post(reverse("courses_bank:import"), form, follow=True)


def test_a_look_says_what_there_is_and_keeps_nothing(client, trainer):
    assert client.get(reverse("courses_bank:import")).status_code == 200
    html = sent(client).content.decode()
    assert "2 preguntas" in html
    assert "Una respuesta: 1" in html
    assert "Verdadero o falso: 1" in html
    assert "línea 7" in html
    assert "Agua › Cobro" in html
    assert (BankQuestion.objects.count(), Topic.objects.count()) == (0, 0)


def test_a_file_is_taken_in_under_its_categories_and_not_twice(client, trainer):
    taken(client, sent(client), by_category="on")
    assert {str(one.topic) for one in BankQuestion.objects.all()} == {"Agua › Cobro"}
    assert set(Topic.objects.values_list("made_by", flat=True)) == {trainer.pk}
    assert AuditEvent.objects.get(action="questions.imported").facts == {"count": 2}
    again = sent(client)
    assert "Ya están en el banco" in again.content.decode()
    html = taken(client, again, by_category="on").content.decode()
    assert "2 ya estaban en el banco" in html
    assert BankQuestion.objects.count() == 2
    taken(client, sent(client), by_category="on", again="on")
    assert (BankQuestion.objects.count(), Topic.objects.count()) == (4, 2)


def test_only_ones_own_bank_says_what_is_there_already(client, trainer):
    other = a_person()
    bank_files.take_in(bank_files.read(GIFT.encode()), by=other, topic=None, by_category=False)
    assert "Ya están en el banco" not in sent(client).content.decode()


def test_a_file_that_says_nothing_is_refused_with_words(client, trainer):
    response = sent(client, "\0\0\0")
    assert response.status_code in {200, 422}
    assert client.post(reverse("courses_bank:import"), {}).status_code == 422
    assert not BankQuestion.objects.exists()


def test_a_file_that_is_too_big_is_not_even_read(client, trainer, monkeypatch):
    monkeypatch.setattr(views, "MOST_BYTES", 10)
    monkeypatch.setattr(bank_files, "read", lambda content, name: pytest.fail("was read"))
    response = sent(client)
    assert response.status_code == 422
    assert "20 MB" in response.content.decode()


def test_a_token_is_its_owners_and_good_once(client, trainer):
    response = sent(client)
    other = a_person()
    roles.grant(person=other, role="trainer", by=None)
    client.force_login(other)
    assert "Súbalo otra vez" in taken(client, response).content.decode()
    client.force_login(trainer)
    taken(client, response)
    assert "Súbalo otra vez" in taken(client, response, again="on").content.decode()
    assert set(BankQuestion.objects.values_list("made_by", flat=True)) == {trainer.pk}


def test_questions_go_into_ones_own_topic_alone(client, trainer):
    foreign = Topic.objects.create(name="Ajeno", is_shared=True, made_by=a_person())
    response = taken(client, sent(client), topic=foreign.pk)
    assert not BankQuestion.objects.exists()
    mine = Topic.objects.create(name="Mío", made_by=trainer)
    taken(client, response, topic=mine.pk)
    assert set(BankQuestion.objects.values_list("topic", flat=True)) == {mine.pk}


def test_all_of_a_file_comes_in_or_nothing(trainer, monkeypatch):
    reading = bank_files.read(GIFT.encode())
    add, count = bank.add, iter([True, False])
    monkeypatch.setattr(bank, "add", lambda *given, **more: add(*given, **more) if next(count) else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bank_files.take_in(reading, by=trainer, topic=None, by_category=True)
    assert (BankQuestion.objects.count(), Topic.objects.count()) == (0, 0)


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (8, 8)).save(out, kind)
    return out.getvalue()


@QUIET
@pytest.mark.parametrize(
    ("content", "is_kept"),
    [(picture("PNG"), True), (picture("GIF"), True), (b"GIF89a", False)],
    ids=["png", "gif", "broken"],
)
def test_pictures_become_the_persons_and_one_that_cannot_be_read_leaves_its_words(trainer, content, is_kept):
    asked = a_question(body=Essay()).latest.said
    text = '¿Qué es <img data-picture="f1" alt="el &quot;mapa&quot;">?'
    said = asked.model_copy(update={"text": text, "pictures": (Picture(key="f1"),)})
    reading = Reading((Found(said, pictures={"f1": content}),))
    count, lost = bank_files.take_in(reading, by=trainer, topic=None, by_category=False)
    question = BankQuestion.objects.get(made_by=trainer)
    assert (count, lost, Image.objects.filter(uploaded_by_user=trainer).count()) == (1, not is_kept, is_kept)
    assert question.latest.said.text == (text if is_kept else "¿Qué es el &quot;mapa&quot;?")
    assert len(bank_files.present(trainer, reading)) == 1
    assert base64.b64encode(content)[:20].decode() not in str(question.latest.content)


def test_what_was_chosen_or_a_topic_is_exported_and_what_a_format_lacks_is_said_first(client, trainer):
    topic = Topic.objects.create(name="Agua", made_by=trainer)
    first, essay = a_question("¿Primera?", made_by=trainer, topic=topic), a_question("¿Segunda?", made_by=trainer)
    address = reverse("courses_bank:export")
    file = client.get(address, {"formato": "gift", "pregunta": first.public_id, "archivo": "1"})
    assert file.headers["Content-Disposition"] == 'attachment; filename="preguntas.gift.txt"'
    assert (b"Primera" in file.content, b"Segunda" in file.content) == (True, False)
    assert b"Segunda" not in client.get(address, {"tema": topic.pk, "archivo": "1"}).content
    assert client.get(address, {"pregunta": "no", "formato": "otro"}).status_code == 200
    bank.change(essay, essay.latest.said.model_copy(update={"points": Decimal(3)}), by=trainer)
    shown = client.get(address, {"pregunta": essay.public_id})
    assert "Esto no cabe en un archivo GIFT" in shown.content.decode()


AIKEN = "¿Qué es la tasa?\nA. Un pago por un servicio\nB. Un regalo\nANSWER: A\n"
MOODLE = """<?xml version="1.0" encoding="UTF-8"?>
<quiz><question type="truefalse"><name><text>Agua</text></name>
<questiontext format="html"><text><![CDATA[<p>El agua se paga.</p>]]></text></questiontext>
<answer fraction="100" format="moodle_auto_format"><text>true</text></answer>
<answer fraction="0" format="moodle_auto_format"><text>false</text></answer></question></quiz>
"""


@pytest.mark.parametrize("content", [AIKEN, MOODLE, GIFT], ids=["aiken", "moodle", "gift"])
def test_a_file_of_each_format_comes_in_by_what_is_in_it(client, trainer, content):
    taken(client, sent(client, content, "archivo"))
    assert BankQuestion.objects.count() >= 1


def test_what_goes_out_as_qti_comes_back_as_it_was(client, trainer):
    question = a_question("¿Primera?", made_by=trainer)
    address = reverse("courses_bank:export")
    file = client.get(address, {"formato": "qti", "pregunta": question.public_id, "archivo": "1"})
    reading = bank_files.read(file.content)
    assert len(reading.questions) == 1
    assert len(bank_files.present(trainer, reading)) == 1
    upload = SimpleUploadedFile("preguntas.qti.zip", file.content)
    looked = client.post(reverse("courses_bank:import"), {"file": upload})
    assert "Ya están en el banco" in looked.content.decode()
