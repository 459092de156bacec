"""Reading GIFT."""

from collections.abc import Iterator
from dataclasses import dataclass

from courses.questions import Choices, Cloze, ClozeGap, Feedback, Numeric, Question, ShortText

from ..decoding import text_of
from ..drafting import Draft, Files, Notebook, NotUnderstood, no_files
from ..forms import Form, category_of
from ..reading import Reading
from . import signs
from .answers import body_of, looks_like_answers
from .blocks import CATEGORY, DIRECTIVE, Block, blocks

BLANK = "_____"


def read(content: bytes, files: Files = no_files) -> Reading:
    """All questions of a GIFT file; `files` answers addresses of images. Raises `Unreadable`."""
    text, notes = text_of(content)
    notebook = Notebook(notes)
    category: tuple[str, ...] = ()
    for block in blocks(text):
        if not block.text:
            notebook.note(block.line, "gift.stray_tags", " ".join([*block.tags, *block.ids]))
        elif named := CATEGORY.match(block.text):
            category = category_of(named[1])
        elif DIRECTIVE.match(block.text):
            notebook.note(block.line, "gift.directive", block.text)
        else:
            notebook.take(Draft(block.line, block.text, files), _Maker(block), category)
    return notebook.reading()


@dataclass(frozen=True)
class _Maker:
    """Makes the question of a block."""

    block: Block

    def __call__(self, draft: Draft) -> Question:
        name, text = _name(signs.hide(self.block.text))
        answers, pieces = _answers(draft, text)
        pieces[0], marked = signs.split_form(pieces[0])
        form = marked or Form.MOODLE
        answers[0], always = _general(draft, answers[0], form)
        if self.block.ids:
            draft.note("option.unused", name=f"id: {self.block.ids[0][:60]}")
        bodies = [body_of(draft, answer, form) for answer in answers]
        is_closed = not any(piece.strip() for piece in pieces[1:])
        if is_closed and len(bodies) == 1:
            body, prose = bodies[0], draft.prose(signs.show(pieces[0]), form)
        elif len(bodies) == 1 and not isinstance(bodies[0], Choices | Numeric | ShortText):
            body, prose = bodies[0], draft.prose(signs.show(BLANK.join(pieces)), form)
        else:
            body, prose = _cloze(draft, bodies, pieces, form)
        return Question(
            name=draft.name(signs.show(name), prose),
            text=prose,
            body=body,
            feedback=Feedback(always=always),
            pictures=tuple(draft.shown.values()),
            tags=tuple(dict.fromkeys(tag[:100] for tag in self.block.tags)),
        )


def _name(text: str) -> tuple[str, str]:
    if text.startswith("::"):
        name, is_ended, rest = text[2:].partition("::")
        return (name.replace("\n", " "), rest.strip()) if is_ended else ("", name)
    return "", text


def _general(draft: Draft, answer: str, form: Form) -> tuple[str, str]:
    """What braces hold without the general feedback, and that."""
    before, is_given, always = answer.rpartition("####")
    return (before, draft.prose(*signs.with_form(always, form))) if is_given else (answer, "")


def _answers(draft: Draft, text: str) -> tuple[list[str], list[str]]:
    """What the braces that hold answers hold, and the text before, between and after. Raises `NotUnderstood`."""
    groups = list(_braces(text))
    if not groups:
        raise NotUnderstood("gift.description")
    chosen = [(start, end) for start, end in groups if looks_like_answers(text[start + 1 : end])]
    if not chosen and len(groups) == 1:
        chosen = groups
    if not chosen:
        raise NotUnderstood("gift.braces")
    if len(chosen) < len(groups):
        draft.note("gift.braces_in_text")
    starts = [0, *(end + 1 for _start, end in chosen)]
    ends = [*(start for start, _end in chosen), len(text)]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [text[start + 1 : end] for start, end in chosen], pieces


def _braces(text: str) -> Iterator[tuple[int, int]]:
    """Where each outermost pair of braces opens and closes. Raises `NotUnderstood` if one has no other."""
    depth = opened = 0
    for place, sign in enumerate(text):
        if sign == "{":
            opened = place if depth == 0 else opened
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth < 0:
                raise NotUnderstood("gift.unclosed")
            if depth == 0:
                yield opened, place
    if depth:
        raise NotUnderstood("gift.unclosed")


def _cloze(draft: Draft, bodies: list, pieces: list[str], form: Form) -> tuple[Cloze, str]:
    """A text with the answers in it."""
    can_stand_in_text = all(isinstance(body, Choices | Numeric | ShortText) for body in bodies)
    if not can_stand_in_text or len(bodies) > len(signs.GAP_MARKS):
        raise NotUnderstood("gift.several_answers")
    if len(bodies) > 1:
        draft.note("gift.became_cloze")
    gaps = [ClozeGap(key=f"g{number}", body=body) for number, body in enumerate(bodies, start=1)]
    marks = {mark: gap.key for mark, gap in zip(signs.GAP_MARKS, gaps, strict=False)}
    text = pieces[0] + "".join(mark + piece for mark, piece in zip(marks, pieces[1:], strict=True))
    prose = draft.prose(signs.show(text), form, marks)
    if missing := [gap.key for gap in gaps if f'data-gap="{gap.key}"' not in prose]:
        raise NotUnderstood("cloze.lost_gap", count=len(missing))
    return Cloze(gaps=tuple(gaps)), prose
