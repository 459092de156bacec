"""Captions: WebVTT or SRT is read strictly, stripped to its words, and written anew. What was sent is never served.

Several people may work on the same captions: whoever saves names the `version_of` what they began from, and when
somebody else has saved since they are refused (`ChangedMeanwhile`), with both texts in hand. Each save writes the lines
of the transcript in the same transaction.
"""

import html
import re
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Language, Person
from media.domain import transcripts
from media.domain.cues import Cue
from media.models import Caption, Cut, Video

MAX_CHARACTERS = 2_000_000
MAX_CUES = 20_000
MAX_CUE_CHARACTERS = 1_000
TIMING = re.compile(
    r"(?:(\d{1,2}):)?([0-5]\d):([0-5]\d)[.,](\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d{1,2}):)?([0-5]\d):([0-5]\d)[.,](\d{3})(?:[ \t].*)?"
)
TAG = re.compile(r"</?[a-zA-Z0-9][^<>]*>|\{\\[^{}]*\}")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class ChangedMeanwhile(RuleBroken):
    """Somebody else saved, or removed, these captions since. `caption` is theirs, None when they are gone."""

    def __init__(self, caption: Caption | None) -> None:
        self.caption = caption
        saved = _(
            "Otra persona guardó estos subtítulos mientras usted los escribía. "
            "No se perdió nada: aquí están los dos textos."
        )
        gone = _("Otra persona quitó estos subtítulos mientras usted los escribía. Su texto sigue aquí.")
        super().__init__("captions.changed_meanwhile", saved if caption else gone)


def decode(content: bytes) -> str:
    """The text of a file from any editor: UTF-8, UTF-16 with its mark, or Windows 1252."""
    encodings = ["utf-16"] if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _broken(1, _("el archivo no es de texto"))


def _broken(line: int, problem: str) -> RuleBroken:
    message = _("Línea %(line)s: %(problem)s.") % {"line": line, "problem": problem}
    return RuleBroken("captions.malformed", message)


def _milliseconds(hours: str | None, minutes: str, seconds: str, milliseconds: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(milliseconds)


def _words(lines: list[str]) -> str:
    # Once more after the names of characters became characters: `&#x202e;` is one of them.
    plain = (CONTROLS.sub("", html.unescape(TAG.sub("", CONTROLS.sub("", line)))) for line in lines)
    return "\n".join(filter(None, (" ".join(line.split()) for line in plain)))


def _blocks(text: str) -> list[tuple[int, list[str]]]:
    """Groups of lines between empty lines, each with the number of its first line."""
    blocks: list[tuple[int, list[str]]] = []
    is_open = False
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            is_open = False
        elif is_open:
            blocks[-1][1].append(line)
        else:
            blocks.append((number, [line]))
            is_open = True
    return blocks


def _cue(number: int, lines: list[str], after: int) -> Cue:
    if "-->" not in lines[0]:
        number, lines = number + 1, lines[1:]
    match = TIMING.fullmatch(lines[0].strip()) if lines else None
    if not match:
        raise _broken(number, _("se esperaba un tiempo como 00:01:02.500 --> 00:01:05.000"))
    start, end = _milliseconds(*match.groups()[:4]), _milliseconds(*match.groups()[4:])
    if end <= start:
        raise _broken(number, _("el subtítulo termina antes de empezar"))
    if start < after:
        raise _broken(number, _("el subtítulo empieza antes que el anterior"))
    text = _words(lines[1:])
    if len(text) > MAX_CUE_CHARACTERS:
        raise _broken(number + 1, _("el subtítulo es demasiado largo"))
    return Cue(start, end, text)


def parse(text: str) -> list[Cue]:
    """Read WebVTT or SRT. Raises `captions.malformed` (naming the line), `captions.too_long`, `captions.empty`."""
    if len(text) > MAX_CHARACTERS:
        raise RuleBroken("captions.too_long", _("El archivo de subtítulos es demasiado grande."))
    blocks = _blocks(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if blocks and re.match(r"WEBVTT(?:[ \t]|$)", blocks[0][1][0]):
        # A header that runs into the first cue is how some editors write; only its own lines are dropped.
        blocks = [block for block in blocks[1:] if not re.match(r"(NOTE|STYLE|REGION)(?:[ \t]|$)", block[1][0])]
    cues: list[Cue] = []
    for number, lines in blocks:
        cues.append(_cue(number, lines, cues[-1].start if cues else 0))
        if len(cues) > MAX_CUES:
            raise RuleBroken("captions.too_long", _("El archivo tiene demasiados subtítulos."))
    cues = [cue for cue in cues if cue.text]
    if not cues:
        raise RuleBroken("captions.empty", _("El archivo no tiene ningún subtítulo. Revíselo y súbalo de nuevo."))
    return cues


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def render(cues: list[Cue]) -> str:
    """WebVTT of our own writing; nothing in the words can be markup or a timing."""
    parts = ["WEBVTT\n"]
    for cue in cues:
        parts.append(f"{_clock(cue.start)} --> {_clock(cue.end)}\n{html.escape(cue.text, quote=False)}\n")
    return "\n".join(parts)


def render_srt(cues: list[Cue]) -> str:
    """The same as SubRip. It knows no escapes: words stand as they are, less what would be read as a timing."""
    parts = []
    for number, cue in enumerate(cues, start=1):
        times = f"{_clock(cue.start)} --> {_clock(cue.end)}".replace(".", ",")
        parts.append(f"{number}\n{times}\n{cue.text.replace('-->', '→')}\n")
    return "\n".join(parts)


def label(caption: Caption) -> str:
    """As the learner chooses it: the language by its own name, and whether a person has looked at the words."""
    if not caption.is_machine_made:
        return caption.language.endonym
    return _("%(language)s (hecho por máquina, sin revisar)") % {"language": caption.language.endonym}


def version_of(caption: Caption | None) -> str:
    """What names this state of captions, and no other before or after; empty where there are none."""
    return f"{caption.pk}.{caption.revision}" if caption else ""


def find(video: Video, language: Language) -> Caption | None:
    """The captions of a video in one language."""
    return Caption.objects.filter(video=video, language=language).select_related("language").first()


def text_for(video: uuid.UUID, language: str, *, cut: int = 0) -> str | None:
    """What a page shows under the film that it has: the words as they were when that cut was replaced, if it was.

    None where there are none.
    """
    before = Cut.objects.filter(video__public_id=video, number=cut, state=Cut.State.REPLACED).only("captions").first()
    if before:
        text, _is_machine_made = before.captions.get(language, (None, False))
        return text
    found = Caption.objects.filter(video__public_id=video, language__key=language)
    return found.values_list("text", flat=True).first()


def cues_of(caption: Caption) -> list[Cue]:
    """What was kept, read again; nothing of what a hand put into the database wrongly."""
    try:
        return parse(caption.text)
    except RuleBroken:
        return []


def _lock(video: Video) -> None:
    """Changes to the captions of one video come one after another, also the first of a language."""
    if not Video.objects.select_for_update(no_key=True).filter(pk=video.pk).exists():
        raise RuleBroken("video.gone", _("Este video ya no existe."))


def save(
    *,
    video: Video,
    language: Language,
    text: str,
    by: Person | None,
    began_from: str | None = None,
    is_machine_made: bool = False,
) -> Caption:
    """Keep the captions of a video in one language, in place of the version `began_from`, or of any when it is None.

    Raises what `parse` raises, `captions.changed_meanwhile` (`ChangedMeanwhile`), and `captions.kept_by_person` when a
    machine's words would replace a person's.
    """
    cues = parse(text)
    written = render(cues)
    with transaction.atomic():
        _lock(video)
        caption = find(video, language)
        if began_from is not None and began_from != version_of(caption):
            raise ChangedMeanwhile(caption)
        if is_machine_made and caption and not caption.is_machine_made:
            raise kept_by_person(language)
        if caption is None:
            caption = Caption(video=video, language=language, revision=0)
        caption.text, caption.is_machine_made = written, is_machine_made
        caption.revision += 1
        caption.save()
        transcripts.write(caption, cues)
        facts = {"language": language.key, "revision": caption.revision}
        audit.record("captions.saved", by=by, subject=f"media.video:{video.public_id}", facts=facts)
    return caption


def kept_by_person(language: Language) -> RuleBroken:
    """A machine does not write over what a person wrote."""
    message = _("Ya hay subtítulos en %(language)s que escribió o revisó una persona. Se quedan como están.")
    return RuleBroken("captions.kept_by_person", message % {"language": language})


def remove(*, caption: Caption, by: Person | None) -> None:
    """Take captions away, and their lines with them."""
    with transaction.atomic():
        _lock(caption.video)
        facts = {"language": caption.language.key}
        audit.record("captions.removed", by=by, subject=f"media.video:{caption.video.public_id}", facts=facts)
        caption.delete()


def fill_lines(*, write: bool = True) -> int:
    """Bring the lines of all transcripts in step with their captions; returns how many captions were out of step.

    `save` keeps them so; this is for captions that came in by another way.
    """
    count = 0
    for key in Caption.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            caption = Caption.objects.select_for_update(of=("self",)).filter(pk=key).first()
            cues = cues_of(caption) if caption else []
            if caption is None or transcripts.is_in_step(caption, cues):
                continue
            count += 1
            if write:
                transcripts.write(caption, cues)
    return count
