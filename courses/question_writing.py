"""From what was typed to a `Question`, and back, for each kind. What is not fit is said beside its field."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError
from wagtail.images.models import Image

from courses import gap_lines
from courses.gap_lines import digits, share
from courses.models import BankQuestion
from courses.question_forms import FORMS, PICTURES, ROWS, QuestionForm, Row, RowSet, row_set
from courses.question_showing import Shown
from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Criterion,
    Essay,
    Feedback,
    Files,
    Item,
    Kind,
    Level,
    Matching,
    NumberAnswer,
    Numeric,
    Option,
    Ordering,
    Pair,
    Picture,
    Question,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
    Unit,
    prose,
    typed,
)
from lms.models import Person

KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
NAME_LENGTH = 80
WORDS = {
    "string_too_long": gettext_lazy("Este texto es demasiado largo."),
    "string_too_short": gettext_lazy("Escriba algo aquí."),
    "too_long": gettext_lazy("Son demasiados."),
    "too_short": gettext_lazy("Faltan renglones."),
    "less_than_equal": gettext_lazy("Este número es demasiado grande."),
    "greater_than_equal": gettext_lazy("Este número es demasiado pequeño."),
    "greater_than": gettext_lazy("Escriba un número mayor que cero."),
}
Hold = tuple[forms.Form | None, str | None]


class Editor:
    """A question of a kind while it is written: its form and its rows. `question` is the one that is there already."""

    def __init__(
        self, kind: Kind, person: Person, *, question: BankQuestion | None = None, data: Any = None, more: str = ""
    ) -> None:
        self.kind, self.question = kind, question
        self.was: Question | None = question.latest.said if question and question.latest else None
        self.shown = list(self.was.pictures) if self.was else []
        self.known = {one.key: one.image for one in question.pictures.select_related("image")} if question else {}
        topic = question.topic if question else None
        shown = Shown(question, kind) if question and self.was else None
        initial = shown.fields() if shown and data is None else None
        self.form: QuestionForm = FORMS[kind](data, initial=initial, person=person, topic=topic)
        rows = shown.rows() if shown else {}
        self.rows: dict[str, RowSet] = {
            name: row_set(
                name,
                shape,
                data=data,
                person=person,
                more=more,
                initial=rows.get(name) if self._needs(name, data) else None,
            )
            for name, shape in {**ROWS[kind], "pictures": PICTURES}.items()
        }
        self.pictures: dict[str, Image] = {}
        self.said: Question | None = None

    @staticmethod
    def _needs(name: str, data: Any) -> bool:
        return data is None or name == "pictures"

    @property
    def groups(self) -> list[tuple[str, RowSet]]:
        """The rows with their names, in their order on the page."""
        return list(self.rows.items())

    def is_valid(self) -> bool:
        """Whether it is a question; then `said` is it, and `pictures` are the images that are new."""
        parts = [self.form, *self.rows.values()]
        if not all([part.is_valid() for part in parts]):
            return False
        if any(_refuse(row) for row in self.rows["pictures"].forms):
            return False
        try:
            self.said = self._question()
        except gap_lines.Unclear as unclear:
            self.form.add_error(None, str(unclear))
        except ValidationError as error:
            self._tell(error)
        return self.said is not None and all(part.is_valid() for part in parts) and not self._has_errors()

    def _has_errors(self) -> bool:
        return bool(self.form.errors) or any(form.errors for rows in self.rows.values() for form in rows.forms)

    # To a question --------------------------------------------------------------------------------------------------

    def _question(self) -> Question | None:
        given = self.form.cleaned_data
        images = self._images()
        body = getattr(self, f"_{self.kind.value}")(given, images)
        if body is None or self._has_errors():
            return None
        gaps = [gap.key for gap in body.gaps] if isinstance(body, Cloze) else []
        text = typed.to_prose(given["text"], gaps=gaps, pictures=images)
        texts = {name: self._prose(given.get(name, ""), images) for name in QuestionForm.CLOSING}
        said = Question(
            name=given["name"] or self._name(text),
            text=text,
            body=body,
            points=given["points"],
            feedback=Feedback(**texts),
            pictures=images,
            tags=_parts(given["tags"]),
        )
        shown = typed.shown_in(said.model_dump_json().replace('\\"', '"'))
        missing = "".join(f"<p>{typed.image_of(one)}</p>" for one in images if one.key not in shown)
        return said.model_copy(update={"text": said.text + missing}) if missing else said

    def _name(self, text: str) -> str:
        words = " ".join(prose.to_plain(text).split())
        return words if 0 < len(words) <= NAME_LENGTH else f"{words[:NAME_LENGTH]}…" if words else _("Sin nombre")

    def _prose(self, text: str, images: list[Picture]) -> str:
        return typed.to_prose(text or "", pictures=images)

    def _images(self) -> list[Picture]:
        """A changed image gets a new key: what others answered shows the one that they saw."""
        found: list[Picture] = []
        taken = set(self.known)
        for row in self.rows["pictures"].rows():
            data = row.cleaned_data
            if data["image"] is None:
                row.add_error("image", _("Elija la imagen."))
                continue
            key = data["key"]
            if key in {one.key for one in found} or self.known.get(key) != data["image"]:
                key = next(name for n in range(1, 1000) if (name := f"f{n}") not in taken)
                self.pictures[key] = data["image"]
            taken.add(key)
            names = {one.key: one.name for one in self.shown}
            found.append(Picture(key=key, alt=data["alt"], name=names.get(key, "")))
        return found

    def _options(self, given: dict, images: list[Picture]) -> list[Option] | None:
        rows = self.rows["options"].rows()
        right = sum(row.cleaned_data["is_right"] and row.cleaned_data["percent"] is None for row in rows)
        whole = share(max(1, right)) if self.kind == Kind.MULTIPLE else Decimal(100)
        made = []
        for key, row in _keyed(rows, "o"):
            data = row.cleaned_data
            if not data["text"]:
                row.add_error("text", _("Escriba la opción."))
            worth = data["percent"] if data["percent"] is not None else whole if data["is_right"] else Decimal(0)
            text, said = self._prose(data["text"], images), self._prose(data["feedback"], images)
            made.append(Option(key=key, text=text, percent=worth, feedback=said))
        if len(made) < 2:
            return self._lacks(_("Escriba al menos dos opciones."))
        positive = sum((one.percent for one in made if one.percent > 0), Decimal(0))
        if self.kind == Kind.SINGLE and max(one.percent for one in made) != 100:
            return self._lacks(_("Marque cuál opción es la correcta."))
        if self.kind == Kind.MULTIPLE and abs(positive - 100) > Decimal("0.1"):
            return self._lacks(
                _("Lo que valen las opciones correctas debe sumar 100 %%; ahora suma %(sum)s %%.")
                % {"sum": digits(positive)}
                if positive
                else _("Marque cuáles opciones son correctas.")
            )
        return made

    def _lacks(self, words: str) -> None:
        self.form.add_error(None, words)

    def _single(self, given: dict, images: list[Picture]) -> Choices | None:
        options = self._options(given, images)
        scoring = Scoring(given.get("scoring", Scoring.ALL))
        return options and Choices(kind=self.kind, options=options, is_shuffled=given["is_shuffled"], scoring=scoring)

    _multiple = _single

    def _true_false(self, given: dict, images: list[Picture]) -> TrueFalse:
        told = {name: self._prose(given[name], images) for name in ("if_true", "if_false")}
        return TrueFalse(is_true=given["is_true"], **told)

    def _numeric(self, given: dict, images: list[Picture]) -> Numeric | None:
        answers = []
        for row in self.rows["answers"].rows():
            data = row.cleaned_data
            if data["value"] is None:
                row.add_error("value", _("Escriba el número."))
                continue
            answers.append(
                NumberAnswer(
                    value=data["value"],
                    tolerance=data["tolerance"] or 0,
                    percent=_worth(data),
                    feedback=self._prose(data["feedback"], images),
                )
            )
        units = []
        for row in self.rows["units"].rows():
            data = row.cleaned_data
            if not data["name"]:
                row.add_error("name", _("Escriba la unidad."))
                continue
            units.append(Unit(name=data["name"], factor=1 if data["factor"] is None else data["factor"]))
        if not self._has_whole(answers):
            return None
        wrong = self._prose(given["wrong_feedback"], images)
        penalty = given["unit_penalty"] or Decimal(0)
        return Numeric(
            answers=answers,
            units=units,
            is_unit_required=given["is_unit_required"],
            unit_penalty=penalty,
            wrong_feedback=wrong,
        )

    def _has_whole(self, answers: list) -> bool:
        if not answers:
            self._lacks(_("Escriba al menos una respuesta."))
        elif max(one.percent for one in answers) != 100:
            self._lacks(_("Alguna respuesta debe valer 100 %."))
        return bool(answers) and max(one.percent for one in answers) == 100

    def _short(self, given: dict, images: list[Picture]) -> ShortText | None:
        answers = []
        for row in self.rows["answers"].rows():
            data = row.cleaned_data
            if not data["text"]:
                row.add_error("text", _("Escriba la respuesta."))
                continue
            answers.append(
                TextAnswer(text=data["text"], percent=_worth(data), feedback=self._prose(data["feedback"], images))
            )
        if not self._has_whole(answers):
            return None
        forgiven = {name: given[name] for name in ("forgives_case", "forgives_accents", "forgives_apostrophes")}
        return ShortText(answers=answers, wrong_feedback=self._prose(given["wrong_feedback"], images), **forgiven)

    def _matching(self, given: dict, images: list[Picture]) -> Matching | None:
        pairs = []
        for key, row in _keyed(self.rows["pairs"].rows(), "p"):
            data = row.cleaned_data
            if not data["prompt"]:
                row.add_error("prompt", _("Escriba a qué corresponde."))
            elif not data["answer"]:
                row.add_error("answer", _("Escriba lo que corresponde."))
            else:
                pairs.append(Pair(key=key, prompt=self._prose(data["prompt"], images), answer=data["answer"]))
        others = [one.strip() for one in given["distractors"].splitlines() if one.strip()]
        if len(pairs) < 2:
            return self._lacks(_("Escriba al menos dos parejas."))
        if len({one.answer for one in pairs} | set(others)) < 2:
            return self._lacks(_("Debe haber al menos dos respuestas distintas entre las que elegir."))
        return Matching(pairs=pairs, distractors=others, is_shuffled=given["is_shuffled"], scoring=given["scoring"])

    def _ordering(self, given: dict, images: list[Picture]) -> Ordering | None:
        rows = list(enumerate(self.rows["items"].rows()))
        rows.sort(key=lambda one: (one[1].cleaned_data["place"] or one[0] + 1, one[0]))
        items = []
        for key, row in _keyed([row for _number, row in rows], "i"):
            if not row.cleaned_data["text"]:
                row.add_error("text", _("Escriba el elemento, o borre su lugar."))
            items.append(Item(key=key, text=self._prose(row.cleaned_data["text"], images)))
        if len(items) < 2:
            return self._lacks(_("Escriba al menos dos elementos."))
        return Ordering(items=items, scoring=given["scoring"])

    def _cloze(self, given: dict, images: list[Picture]) -> Cloze | None:
        before = {gap.key: gap for gap in self.was.body.gaps} if self.was and isinstance(self.was.body, Cloze) else {}
        gaps = []
        for key, row in _keyed(self.rows["gaps"].rows(), "g"):
            data = row.cleaned_data
            weight = 1 if data["weight"] is None else data["weight"]
            known = before.get(key)
            try:
                kept = known.body if data["way"] == "kept" and known else None
                body = kept or gap_lines.read(data["way"] or "short", data["answers"], known)
                gaps.append(ClozeGap(key=key, weight=weight, body=body))
            except gap_lines.Unclear as unclear:
                row.add_error("answers", str(unclear))
        named = typed.numbers_in(given["text"])
        if sorted(named) != list(range(1, len(self.rows["gaps"].rows()) + 1)):
            self.form.add_error(
                "text", _("Cada espacio de abajo debe estar una vez en el texto: [[1]] el primero, [[2]] el segundo…")
            )
        return Cloze(gaps=gaps) if gaps else None

    def _rubric(self) -> list[Criterion]:
        rubric = []
        for key, row in _keyed(self.rows["rubric"].rows(), "c"):
            levels = _levels(row)
            if not row.cleaned_data["text"]:
                row.add_error("text", _("Escriba qué se mira."))
            elif levels:
                rubric.append(Criterion(key=key, text=row.cleaned_data["text"], levels=levels))
        return rubric

    def _files(self, given: dict, images: list[Picture]) -> Files:
        limits = {name: given[name] for name in ("most_files", "most_megabytes", "extensions")}
        return Files(rubric=self._rubric(), marker_note=self._prose(given["marker_note"], images), **limits)

    def _essay(self, given: dict, images: list[Picture]) -> Essay | None:
        least, most = given["least_words"] or 0, given["most_words"] or 0
        if most and most < least:
            self.form.add_error("most_words", _("Debe ser igual o mayor que el mínimo."))
        told = {name: self._prose(given[name], images) for name in ("template", "marker_note")}
        return Essay(rubric=self._rubric(), least_words=least, most_words=most, **told)

    def _tell(self, error: ValidationError) -> None:
        """Whatever is left, in words; beside the field where its name is one of the form's."""
        for detail in error.errors(include_url=False, include_context=False, include_input=False):
            names = [str(part) for part in detail["loc"] if str(part) in self.form.fields]
            words = WORDS.get(detail["type"], _("Algo de la pregunta no se pudo entender. Revise lo que escribió."))
            self.form.add_error(names[-1] if names else None, words)


def _worth(data: dict) -> Decimal:
    return Decimal(100) if data["percent"] is None else data["percent"]


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(one.strip()[:100] for one in text.split(",") if one.strip()))


def _keyed(rows: list[Row], letter: str) -> Iterable[tuple[str, Row]]:
    """Rows with their keys: the one they had, else the next that is free."""
    taken = {row.cleaned_data["key"] for row in rows}
    seen: set[str] = set()
    for row in rows:
        key = row.cleaned_data["key"]
        if not KEY.fullmatch(key) or key in seen:
            key = next(name for n in range(1, 1000) if (name := f"{letter}{n}") not in taken | seen)
        seen.add(key)
        yield key, row


def _levels(row: Row) -> list[Level]:
    made = []
    for number, text in enumerate(filter(str.strip, row.cleaned_data["levels"].splitlines()), start=1):
        points, _colon, words = text.strip().partition(":")
        try:
            made.append(Level(key=f"l{number}", text=words.strip(), points=Decimal(points.strip().replace(",", "."))))
        except (InvalidOperation, ValidationError):
            row.add_error("levels", _unclear_level(text))
            return []
    if len(made) < 2 or max(level.points for level in made) <= 0:
        row.add_error("levels", _("Escriba al menos dos niveles; el mejor debe valer más que cero."))
        return []
    return made


def _refuse(row: Row) -> bool:
    if row.refused:
        row.add_error("image", _("Esa imagen no la puede usar usted. Elija otra."))
    return row.refused


def _unclear_level(text: str) -> str:
    said = _("No se entiende «%(line)s». Escriba los puntos, dos puntos y la descripción.")
    return said % {"line": text[:60]}
