"""Writing GIFT, as Moodle exports it."""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from courses.questions import (
    Choices,
    Cloze,
    Essay,
    Kind,
    Matching,
    Numeric,
    Ordering,
    OrderingScore,
    Question,
    Scoring,
    ShortText,
    TrueFalse,
    numbers,
    prose,
)

from ..decoding import writable
from ..drafting import Draft
from ..reading import Found, Note, Written, excerpt_of
from ..writing import GAP, Leaving, NotCarried, all_of
from .signs import escape

ORDERING_WORDS = {
    OrderingScore.ALL: "ALL_OR_NOTHING",
    OrderingScore.PLACES: "ABSOLUTE_POSITION",
    OrderingScore.NEIGHBOURS: "RELATIVE_NEXT_EXCLUDE_LAST",
}
# What ends a text with a gap at its very end: without it the gap would be the whole question's.
END = "<span></span>"


def write(questions: Iterable[Found | Question]) -> Written:
    """A GIFT file, and notes of what it does not carry."""
    pieces: list[str] = []
    notes: list[Note] = []
    category: tuple[str, ...] = ()
    for number, found in all_of(questions):
        leaving = Leaving(number, found)
        try:
            text = _Writer(leaving).block()
        except NotCarried as reason:
            notes.append(Note(number, excerpt_of(found.question.name), reason.code, reason.facts))
            continue
        if found.category != category:
            category = found.category
            names = (" ".join(name.split()).replace("/", "//") for name in category)
            pieces.append("$CATEGORY: " + "/".join(["$course$/top", *names]))
        pieces.append(text)
        notes += leaving.notes.values()
    whole = "\n\n".join(pieces)
    safe = writable(whole)
    if safe != whole:
        notes.append(Note(0, "", "text.controls"))
    return Written((safe + "\n").encode(), tuple(notes))


class _Writer:
    """Writes one question. Where any of its texts has markup, all of them are HTML."""

    def __init__(self, leaving: Leaving) -> None:
        self.leaving = leaving
        self.question = leaving.question
        self.is_html = any(_needs_html(text) for text in _texts(self.question))

    def block(self) -> str:
        """The question with its tags."""
        body = self.question.body
        self._leave_behind()
        asked = self.question.text
        if isinstance(body, Cloze):
            before, content, after = self._cloze(body)
        else:
            before, content, after = asked, self._content(body), ""
        always = self.question.feedback.always
        if always:
            content += f"\n\t####{self._prose(always)}"
        marker = "[html]" if self.is_html else ""
        text = f"::{escape(self.question.name)}::{marker}{self._shown(before)}{{{content}\n}}{self._shown(after)}"
        return "\n".join([*self._tags(), text.replace("{\n}", "{}")])

    def _leave_behind(self) -> None:
        feedback = self.question.feedback
        self.leaving.leave("points", self.question.points != 1)
        self.leaving.leave("feedback.right", feedback.right)
        self.leaving.leave("feedback.partly", feedback.partly)
        self.leaving.leave("feedback.wrong", feedback.wrong)

    def _tags(self) -> Iterator[str]:
        for tag in self.question.tags:
            if re.search(r"[\n\r]|\\$", tag):
                self.leaving.leave("tag", tag)
            else:
                yield f"// [tag:{tag.replace(']', chr(92) + ']')}]"

    def _shown(self, html: str) -> str:
        return escape(self.leaving.without_pictures(html))

    def _prose(self, html: str) -> str:
        """Prose within the braces. It may neither begin like a weight nor like a format nor like a comment."""
        html = self.leaving.without_pictures(html)
        if html[:1] == "%":
            html = "&#37;" + html[1:]
        if html[:2] == "//":
            html = "&#47;" + html[1:]
        return ("[html]" if html[:1] == "[" else "") + escape(html)

    def _back(self, feedback: str) -> str:
        return f"#{self._prose(feedback)}" if feedback else ""

    def _content(self, body) -> str:
        writers: dict[type, Callable[..., str]] = {
            Choices: self._choices,
            TrueFalse: self._true_false,
            Numeric: self._numeric,
            ShortText: self._short,
            Matching: self._matching,
            Ordering: self._ordering,
            Essay: self._essay,
        }
        if type(body) not in writers:
            raise NotCarried("kind.not_written", kind=self.question.kind)
        return writers[type(body)](body)

    def _choices(self, body: Choices) -> str:
        self.leaving.leave("is_shuffled", not body.is_shuffled)
        is_single = body.kind == Kind.SINGLE
        self.leaving.leave("scoring", not is_single and body.scoring == Scoring.ALL)
        if any(not self.leaving.without_pictures(option.text) for option in body.options):
            raise NotCarried("gift.empty_option")
        if is_single and all(option.percent == 100 for option in body.options):
            raise NotCarried("gift.all_right")
        lines = []
        for option in body.options:
            sign = "=" if is_single and option.percent == 100 else "~" + _weight(option.percent, plain=0)
            lines.append(f"\n\t{sign}{self._prose(option.text)}{self._back(option.feedback)}")
        return "".join(lines)

    def _true_false(self, body: TrueFalse) -> str:
        right, wrong = (body.if_true, body.if_false) if body.is_true else (body.if_false, body.if_true)
        said = "TRUE" if body.is_true else "FALSE"
        if right or wrong:
            said += f"#{self._prose(wrong)}"
        return said + self._back(right)

    def _numeric(self, body: Numeric) -> str:
        self.leaving.leave("units", body.units)
        self.leaving.leave("is_unit_required", body.is_unit_required)
        self.leaving.leave("unit_penalty", body.unit_penalty)
        lines = ["#"]
        for answer in body.answers:
            said = _number(answer.value) + (f":{_number(answer.tolerance)}" if answer.tolerance else "")
            lines.append(f"={_weight(answer.percent, plain=100)}{said}{self._back(answer.feedback)}")
        if body.wrong_feedback:
            lines.append(f"~{self._back(body.wrong_feedback)}")
        return "\n\t".join(lines)

    def _short(self, body: ShortText) -> str:
        self.leaving.leave("forgives_case", not body.forgives_case)
        self.leaving.leave("forgives_accents", not body.forgives_accents)
        self.leaving.leave("forgives_apostrophes", not body.forgives_apostrophes)
        lines = []
        for answer in body.answers:
            if "->" in answer.text or (answer.text == "*" and answer.percent == 0):
                raise NotCarried("gift.answer", answer=answer.text[:60])
            weight = _weight(answer.percent, plain=None if answer.text.startswith("%") else 100)
            form = "[plain]" if answer.text.startswith("[") else ""
            lines.append(f"\n\t={weight}{form}{escape(' '.join(answer.text.split()))}{self._back(answer.feedback)}")
        if body.wrong_feedback:
            lines.append(f"\n\t=%0%*{self._back(body.wrong_feedback)}")
        return "".join(lines)

    def _matching(self, body: Matching) -> str:
        self.leaving.leave("is_shuffled", not body.is_shuffled)
        self.leaving.leave("scoring", body.scoring == Scoring.ALL)
        pairs = [(self.leaving.without_pictures(pair.prompt), pair.answer) for pair in body.pairs]
        if not all(prompt for prompt, _answer in pairs):
            raise NotCarried("gift.empty_option")
        for answer in [answer for _prompt, answer in pairs] + list(body.distractors):
            if answer.startswith("[") or ("<" in answer and Draft(0, "").plain(answer) != answer):
                raise NotCarried("gift.answer", answer=answer[:60])
        pairs += [("", distractor) for distractor in body.distractors]
        return "".join(f"\n\t={self._prose(prompt)} -> {escape(answer)}" for prompt, answer in pairs)

    def _ordering(self, body: Ordering) -> str:
        items = [self.leaving.without_pictures(item.text) for item in body.items]
        if not all(items):
            raise NotCarried("gift.empty_option")
        head = f">{len(items)} ALL VERTICAL {ORDERING_WORDS[body.scoring]} SHOW none"
        return "\n".join([head, *(self._prose(item) for item in items)])

    def _essay(self, body: Essay) -> str:
        for name in ("rubric", "template", "marker_note", "least_words", "most_words"):
            self.leaving.leave(name, getattr(body, name))
        return ""

    def _cloze(self, body: Cloze) -> tuple[str, str, str]:
        keys = GAP.findall(self.question.text)
        if len(body.gaps) != 1 or keys != [body.gaps[0].key]:
            raise NotCarried("gift.several_gaps")
        self.leaving.leave("weight", body.gaps[0].weight != 1)
        before, after = GAP.sub("\0", self.question.text).split("\0")
        if not after.strip():
            self.is_html, after = True, END
        return before, self._content(body.gaps[0].body), after


def _texts(question: Question) -> Iterator[str]:
    """Every prose of a question that GIFT can carry."""
    yield from (GAP.sub("", question.text), question.feedback.always)
    body = question.body.gaps[0].body if isinstance(question.body, Cloze) else question.body
    match body:
        case Choices():
            for option in body.options:
                yield from (option.text, option.feedback)
        case TrueFalse():
            yield from (body.if_true, body.if_false)
        case Numeric() | ShortText():
            yield body.wrong_feedback
            yield from (answer.feedback for answer in body.answers)
        case Matching():
            yield from (pair.prompt for pair in body.pairs)
        case Ordering():
            yield from (item.text for item in body.items)


def _needs_html(html: str) -> bool:
    return not prose.is_plain(html) or html[:1] in {"[", "%"} or html[:2] == "//"


def _weight(percent: Decimal, plain: int | None) -> str:
    """A weight between percent signs; none where it is what goes without saying."""
    return "" if plain is not None and percent == plain else f"%{_number(percent)}%"


def _number(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    if len(text) > numbers.LONGEST:
        raise NotCarried("gift.number")
    return text
