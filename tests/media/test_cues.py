"""What the editor says of a caption: how quickly it must be read, how long its lines are, what it touches."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from media.domain import cues
from media.domain.cues import Cue

SCRIPT = Path("media/static/media/cues.js").resolve()
SAMPLES = [
    Cue(0, 2000, "x" * 34),  # 17 a second: as fast as it may be
    Cue(2000, 4000, "x" * 36),  # 18
    Cue(4000, 6000, "x" * 42),  # 21: still a warning
    Cue(6000, 8000, "x" * 44),  # 22, and too long for a line
    Cue(8000, 8500, "sí"),  # too short
    Cue(8500, 16000, "una línea\notra línea\ny otra más"),  # three lines, more than seven seconds
    Cue(15000, 18000, "Se encima"),
    Cue(18040, 20000, "Casi toca"),
    Cue(20000, 22000, "Pegado"),
    Cue(30000, 33000, "Ri qatinamit ꞌ ẍ: kojtoꞌon rech"),
]
EXPECTED = [
    (1, "fast", False),
    (2, "fast", False),
    (3, "too_fast", True),
    (3, "long_line", False),
    (4, "short", False),
    (5, "many_lines", False),
    (5, "long", False),
    (5, "overlap", True),
    (6, "gap", False),
]


def test_each_rule_is_told_of_its_caption():
    found = cues.check(SAMPLES)
    assert [(one.index, one.code, one.is_bad) for one in found] == EXPECTED
    assert "22 letras por segundo" in found[2].words
    assert all(one.words.endswith(".") for one in found)


def test_captions_that_are_fine_are_let_be():
    assert cues.check([Cue(0, 2000, "Buenos días"), Cue(2000, 4000, "a todas y todos.")]) == []
    assert cues.check([]) == []


def node(code: str) -> object:
    """What a few lines of JavaScript print, with the module at hand."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    full = f"import * as cues from {json.dumps(SCRIPT.as_uri())};\nconsole.log(JSON.stringify({code}));"
    command = [program, "--no-warnings", "--experimental-default-type=module", "--input-type=module", "-e", full]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_browser_says_the_same_by_the_same_limits():
    given = [{"start": cue.start, "end": cue.end, "text": cue.text} for cue in SAMPLES]
    code = f"{json.dumps(given)}.map((cue, i, all) => cues.check(cue, all[i + 1], {json.dumps(cues.LIMITS)}))"
    told = [(index, found) for index, some in enumerate(node(code)) for found, _number in some]
    assert sorted(told) == sorted((index, found) for index, found, _is_bad in EXPECTED)


def test_what_the_browser_writes_is_what_the_server_reads():
    from media.domain import captions  # noqa: PLC0415 the rest of this file needs no Django

    texts = ["Agua & luz", "a < b > c --> d", "<b>no es negrita</b>", "una\n\n\n dos ", "&amp; literal"]
    given = [{"start": 1000 * n, "end": 1000 * n + 900, "text": text} for n, text in enumerate(texts)]
    written = node(f"cues.render({json.dumps(given)})")
    kept = captions.parse(written)
    assert [cue.text for cue in kept] == [re.sub(r"\n+ *", "\n", text).strip() for text in texts]
    again = node(f"cues.parse({json.dumps(captions.render(kept))})")
    assert [(cue["start"], cue["end"], cue["text"]) for cue in again] == [
        (cue.start, cue.end, cue.text) for cue in kept
    ]


def test_words_are_found_in_the_browser_as_in_the_search():
    text = "Se habla qꞌeqchiʼ y español"
    assert node(f"cues.find({json.dumps(text)}, cues.fold(\"Q'eqchi'\"))") == [9, 16]
    assert node(f"cues.find({json.dumps(text)}, cues.fold('ESPANOL'))") == [20, 27]
    assert node(f"cues.find({json.dumps(text)}, 'ingles')") is None
    assert node("['1:02.5', '62,5', '00:01:02.500', 'x', ''].map(cues.moment)") == [62500, 62500, 62500, None, None]
