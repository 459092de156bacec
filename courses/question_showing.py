"""A question that is there, as the fields and rows in which it is changed."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from courses import gap_lines
from courses.gap_lines import digits, share
from courses.models import BankQuestion
from courses.question_forms import FORMS, QuestionForm
from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Essay,
    Files,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Ordering,
    ShortText,
    TextAnswer,
    TrueFalse,
    typed,
)


class Shown:
    """What `question.latest` says, for a form of `kind`."""

    def __init__(self, question: BankQuestion, kind: Kind) -> None:
        if question.latest is None:
            raise ValueError(question.pk)
        self.was, self.number, self.topic, self._kind = (
            question.latest.said,
            question.latest.number,
            question.topic,
            kind,
        )
        self.shown = list(self.was.pictures)
        self.known = {one.key: one.image for one in question.pictures.select_related("image")}

    def _typed(self, html: str) -> str:
        return typed.to_typed(html, pictures=self.shown)

    def fields(self) -> dict[str, Any]:
        """The form's initial values."""
        was, body = self.was, self.was.body
        gaps = [gap.key for gap in body.gaps] if isinstance(body, Cloze) else []
        initial = {
            "version": self.number,
            "text": typed.to_typed(was.text, gaps=gaps, pictures=self.shown),
            "name": was.name,
            "topic": self.topic,
            "points": digits(was.points),
            "tags": ", ".join(was.tags),
            **{name: self._typed(getattr(was.feedback, name)) for name in QuestionForm.CLOSING},
        }
        plain = body.model_dump(mode="python")
        for name in FORMS[self._kind].base_fields:
            if name in plain and name not in initial:
                initial[name] = plain[name]
        for name in ("if_true", "if_false", "wrong_feedback", "template", "marker_note"):
            if name in initial:
                initial[name] = self._typed(initial[name])
        if isinstance(body, TrueFalse):
            initial["is_true"] = "yes" if body.is_true else "no"
        if isinstance(body, Matching):
            initial["distractors"] = "\n".join(body.distractors)
        if isinstance(body, Numeric):
            initial["unit_penalty"] = digits(body.unit_penalty) if body.unit_penalty else ""
        return initial

    def rows(self) -> dict[str, list[dict]]:
        """The rows' initial values, by their names."""
        body = self.was.body
        rows: dict[str, list[dict]] = {
            "pictures": [
                {"key": one.key, "image": self.known[one.key], "alt": one.alt}
                for one in self.shown
                if one.key in self.known
            ]
        }
        match body:
            case Choices():
                rows["options"] = list(self._option_rows(body))
            case Numeric():
                rows["answers"] = [
                    {
                        "value": digits(one.value),
                        "tolerance": digits(one.tolerance) if one.tolerance else "",
                        **self._said(one),
                    }
                    for one in body.answers
                ]
                rows["units"] = [{"name": one.name, "factor": digits(one.factor)} for one in body.units]
            case ShortText():
                rows["answers"] = [{"text": one.text, **self._said(one)} for one in body.answers]
            case Matching():
                rows["pairs"] = [
                    {"key": one.key, "prompt": self._typed(one.prompt), "answer": one.answer} for one in body.pairs
                ]
            case Ordering():
                rows["items"] = [
                    {"key": one.key, "place": n, "text": self._typed(one.text)} for n, one in enumerate(body.items, 1)
                ]
            case Cloze():
                rows["gaps"] = [_gap_row(one) for one in body.gaps]
            case Essay() | Files():
                rows["rubric"] = [
                    {
                        "key": one.key,
                        "text": one.text,
                        "levels": "\n".join(f"{digits(level.points)}: {level.text}" for level in one.levels),
                    }
                    for one in body.rubric
                ]
        return rows

    def _said(self, one: NumberAnswer | TextAnswer) -> dict[str, str]:
        return {"percent": "" if one.percent == 100 else digits(one.percent), "feedback": self._typed(one.feedback)}

    def _option_rows(self, body: Choices) -> Iterable[dict]:
        right = [one for one in body.options if one.percent > 0]
        whole = share(len(right)) if body.kind == Kind.MULTIPLE and right else Decimal(100)
        is_equal = body.kind == Kind.SINGLE or all(one.percent == whole for one in right)
        for one in body.options:
            is_said = one.percent == 0 or (is_equal and one.percent == whole)
            yield {
                "key": one.key,
                "text": self._typed(one.text),
                "is_right": one.percent > 0,
                "percent": "" if is_said else digits(one.percent),
                "feedback": self._typed(one.feedback),
            }


def _gap_row(gap: ClozeGap) -> dict[str, str]:
    way, lines = gap_lines.write(gap.body) or ("kept", "")
    return {"key": gap.key, "way": way, "answers": lines, "weight": "" if gap.weight == 1 else digits(gap.weight)}
