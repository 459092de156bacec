"""What all formats share: the right reader for a file, and words for everything that is noted."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from django.utils.translation import override

import courses.interchange
from courses.interchange import detect, forms, sayings
from courses.interchange.reading import Note, Severity, excerpt_of

pytestmark = pytest.mark.once
# The code among what a note, or a reason for none, is made of.
CODE = re.compile(r"""(?:note|NotUnderstood|NotCarried|Note)\([^"\n]*(?:""[^"\n]*)?"([a-z_0-9]+\.[a-z_0-9]+)\"""")
MOODLE = (
    b'<?xml version="1.0"?>\n<!-- x -->\n<quiz><question type="essay"><name><text>n</text></name></question></quiz>'
)
ITEM = b"<assessmentItem title='t'><itemBody><p>x</p></itemBody></assessmentItem>"


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "found", "dropped"),
    [
        (b"a {T}", 1, 0),
        (b"::a:: {}", 1, 0),
        (b"q\nA. x\nB. y\nANSWER: A", 1, 0),
        # Formulas have braces, too.
        (b"$\\frac{1}{2}$ {\\it x}\nA. $x^{2}$\nB. y\nANSWER: A", 1, 0),
        (MOODLE, 1, 0),
        (b"\xef\xbb\xbf" + MOODLE, 1, 0),
        (MOODLE.decode().encode("utf-16"), 1, 0),
        (ITEM, 0, 1),
        (ITEM.replace(b"assessmentItem", b"imsqti:assessmentItem"), 0, 1),
        (packed({"banco.xml": MOODLE, "__MACOSX/._banco.xml": b"x"}), 1, 0),
        (packed({"a/preguntas.txt": b"a {T}", "leame.txt": b"hola"}), 1, 0),
        (packed({"uno.xml": ITEM, "dos.gift": b"a {T}"}), 1, 1),
    ],
    ids=["gift", "name", "aiken", "formulas", "moodle", "mark", "utf16", "qti", "prefix", "zip", "text", "mixed"],
)
def test_a_file_is_known_by_what_is_in_it(content, found, dropped):
    reading = detect.read(content)
    assert (len(reading.questions), len(reading.dropped)) == (found, dropped)


def test_pictures_of_a_packed_gift_file_lie_beside_it():
    text = b'[html]<img src\\="@@PLUGINFILE@@/img/un%20mapa.png" alt\\="mapa"> {T}'
    reading = detect.read(packed({"banco/p.txt": text, "banco/img/un mapa.png": b"\x89PNG\r\n\x1a\n"}))
    assert list(reading.questions[0].pictures.values()) == [b"\x89PNG\r\n\x1a\n"]
    assert reading.questions[0].source == "banco/p.txt"


def test_every_code_that_is_used_has_words_and_every_word_is_used():
    folder = Path(courses.interchange.__file__).parent
    source = "\n".join(path.read_text() for path in folder.rglob("*.py") if path.name != "sayings.py")
    known = {**sayings.DROPPED, **sayings.CHANGED}
    used = set(CODE.findall(source))
    assert len(used) > 50
    assert used - set(known) == set()
    of_prose = {f"prose.{what}" for what in ("link", "style", "deep", "long")}
    assert {code for code in known if f'"{code}"' not in source} <= of_prose
    assert not set(sayings.DROPPED) & set(sayings.CHANGED)


def test_a_note_says_what_was_lost_in_the_language_of_whoever_reads():
    note = Note(3, "x", "moodle.type", {"type": "calculated"})
    assert note.severity == Severity.DROPPED
    with override("es"):
        assert note.message == "Aquí no hay preguntas de tipo «calculated»: no se importó."
    assert Note(3, "x", "prose.style").severity == Severity.CHANGED


def test_excerpts_are_short_and_on_one_line():
    assert excerpt_of("  uno\n dos  ") == "uno dos"
    assert len(excerpt_of("x" * 1_000)) == 160


def test_paths_of_categories():
    assert forms.category_of("$course$/top/Leyes/IVA//ISR/ ") == ("Leyes", "IVA/ISR")
    assert forms.category_of("$module$/top") == ()
    assert forms.category_of("Default for x") == ("Default for x",)
