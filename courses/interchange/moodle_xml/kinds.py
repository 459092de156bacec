"""Bodies of Moodle's types of questions. Each maker gives the body, what is asked, and the elements it used."""

import re
from decimal import Decimal

from courses.questions import (
    Body,
    Choices,
    Cloze,
    Essay,
    Files,
    Item,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Option,
    Ordering,
    OrderingScore,
    Pair,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
    Unit,
    prose,
)

from ..drafting import Draft, NotUnderstood, assert_few
from ..markup import Node
from ..worth import number_of, of_one, of_several
from .parts import TRUE, Answer, answers_of, prose_of, source_of, value_of

Made = tuple[Body, str, set[str]]
GRADED_UNITS = {"1", "2"}
UNIT_PLACES = Decimal("1e-20")
ORDERING_SCORES = {
    "ALL_OR_NOTHING": OrderingScore.ALL,
    "ABSOLUTE_POSITION": OrderingScore.PLACES,
    "ABSOLUTE": OrderingScore.PLACES,
    "RELATIVE_NEXT_EXCLUDE_LAST": OrderingScore.NEIGHBOURS,
    "-1": OrderingScore.ALL,
    "0": OrderingScore.PLACES,
    "1": OrderingScore.NEIGHBOURS,
}
MOST_FILES = 10
MEGABYTE = 1024**2


def _asked(draft: Draft, question: Node) -> str:
    return prose_of(draft, question.find("questiontext"))


def weight_of(body: Body) -> Decimal:
    """What a question counts for that does not say so itself."""
    if isinstance(body, Cloze):
        return min(Decimal(1000), sum((gap.weight for gap in body.gaps), Decimal(0)))
    return Decimal(1)


def is_true(question: Node, name: str, otherwise: str = "true") -> bool:
    """Whether an option is on."""
    return value_of(question, name, otherwise).lower() in TRUE


def choices(draft: Draft, question: Node) -> Made:
    """Single and multiple choice."""
    is_single = is_true(question, "single")
    answers = answers_of(draft, question)
    percents = [answer.percent for answer in answers]
    percents = of_one(draft, percents) if is_single else of_several(draft, percents)
    options = tuple(
        Option(key=f"o{number}", text=prose_of(draft, answer.node), percent=percent, feedback=answer.feedback)
        for number, (answer, percent) in enumerate(zip(answers, percents, strict=True), start=1)
    )
    body = Choices(
        kind=Kind.SINGLE if is_single else Kind.MULTIPLE,
        options=options,
        is_shuffled=is_true(question, "shuffleanswers", "true"),
        scoring=Scoring.ALL if is_single else Scoring.PARTS,
    )
    return body, _asked(draft, question), {"single", "shuffleanswers", "answer"}


def true_false(draft: Draft, question: Node) -> Made:
    """True or false."""
    answers = answers_of(draft, question)
    if len(answers) != 2:
        raise NotUnderstood("question.too_few")
    names = [answer.text.lower() for answer in answers]
    if set(names) != {"true", "false"}:
        draft.note("moodle.true_first", line=answers[0].node.line)
        names = ["true", "false"]
    if max(answer.percent for answer in answers) <= 0 or answers[0].percent == answers[1].percent:
        raise NotUnderstood("answers.none_right")
    by_name = dict(zip(names, answers, strict=True))
    body = TrueFalse(
        is_true=by_name["true"].percent > by_name["false"].percent,
        if_true=by_name["true"].feedback,
        if_false=by_name["false"].feedback,
    )
    # It is 1 in every question of this type.
    return body, _asked(draft, question), {"answer", "penalty"}


def _without_star(answers: list[Answer]) -> tuple[list[Answer], str]:
    """The answers, and what is said back to all others: Moodle has it at an answer of `*` that is worth nothing."""
    wrong = next((answer.feedback for answer in answers if answer.text == "*" and answer.percent == 0), "")
    return [answer for answer in answers if answer.text != "*" or answer.percent != 0], wrong


def plain_of(draft: Draft, node: Node) -> str:
    """An answer where ours is plain text, with spaces as they count."""
    written, form = source_of(node)
    return " ".join((draft.plain(written) if form == "html" and re.search(r"<\w|&\w+;", written) else written).split())


def short_text(draft: Draft, question: Node) -> Made:
    """A word or a few."""
    draft.note("short.forgiving")
    answers, wrong = _without_star(answers_of(draft, question))
    percents = of_one(draft, [answer.percent for answer in answers])
    body = ShortText(
        answers=tuple(
            TextAnswer(text=plain_of(draft, answer.node), percent=percent, feedback=answer.feedback)
            for answer, percent in zip(answers, percents, strict=True)
        ),
        forgives_case=not is_true(question, "usecase", "0"),
        wrong_feedback=wrong,
    )
    return body, _asked(draft, question), {"usecase", "answer"}


def numeric(draft: Draft, question: Node) -> Made:
    """A number with its tolerance and units."""
    answers, wrong = _without_star(answers_of(draft, question))
    percents = of_one(draft, [answer.percent for answer in answers])
    units = _units(draft, question)
    is_graded = bool(units) and value_of(question, "unitgradingtype", "0") in GRADED_UNITS
    penalty = number_of(value_of(question, "unitpenalty", "0")) if is_graded else Decimal(0)
    body = Numeric(
        answers=tuple(
            NumberAnswer(
                value=number_of(answer.text),
                tolerance=abs(number_of(value_of(answer.node, "tolerance", "0"))),
                percent=percent,
                feedback=answer.feedback,
            )
            for answer, percent in zip(answers, percents, strict=True)
        ),
        units=units,
        is_unit_required=is_graded,
        unit_penalty=min(Decimal(100), penalty * 100),
        wrong_feedback=wrong,
    )
    used = {"answer", "units", "unitgradingtype", "unitpenalty", "showunits"}
    if not is_true(question, "unitsleft", "0"):
        used.add("unitsleft")
    return body, _asked(draft, question), used


def _units(draft: Draft, question: Node) -> tuple[Unit, ...]:
    units = []
    for node in (unit for group in question.elements("units") for unit in group.elements("unit")):
        multiplier, name = number_of(value_of(node, "multiplier", "1")), value_of(node, "unit_name")
        if multiplier <= 0 or not name:
            draft.note("option.unused", line=node.line, name=f"unit: {name[:40]}")
            continue
        # Moodle divides by it: `100` at `cm` says that 100 cm are one of the first unit.
        units.append(Unit(name=name, factor=(1 / multiplier).quantize(UNIT_PLACES).normalize()))
    return tuple(units)


def matching(draft: Draft, question: Node) -> Made:
    """Pairs; an answer whose prompt is empty belongs to none."""
    pairs, distractors = [], []
    assert_few(question.elements("subquestion"))
    for number, node in enumerate(question.elements("subquestion"), start=1):
        prompt = prose_of(draft, node)
        said = node.find("answer")
        answer = plain_of(draft, said) if said else ""
        if prompt:
            pairs.append(Pair(key=f"p{number}", prompt=prompt, answer=answer))
        elif answer:
            distractors.append(answer)
    body = Matching(
        pairs=tuple(pairs), distractors=tuple(distractors), is_shuffled=is_true(question, "shuffleanswers", "true")
    )
    return body, _asked(draft, question), {"subquestion", "shuffleanswers"}


def ordering(draft: Draft, question: Node) -> Made:
    """Items in their right order, of Moodle 4.4 and of the plugin before it."""
    answers = question.elements("answer")
    assert_few(answers)
    items = tuple(Item(key=f"i{number}", text=prose_of(draft, node)) for number, node in enumerate(answers, start=1))
    if any(prose_of(draft, node.find("feedback")) for node in answers):
        draft.note("ordering.feedback")
    scoring = ORDERING_SCORES.get(value_of(question, "gradingtype").upper())
    if scoring is None:
        draft.note("ordering.scoring")
    count = value_of(question, "selectcount") or value_of(question, "studentsee") or "0"
    kind = value_of(question, "selecttype") or value_of(question, "logical") or "ALL"
    if kind.upper() not in {"ALL", "0"} and count not in {"0", str(len(items))}:
        draft.note("ordering.part")
    used = {"answer", "gradingtype", "selectcount", "selecttype", "logical", "studentsee"}
    used |= {name for name in ("layouttype", "numberingstyle") if value_of(question, name).upper() in _PLAIN_LAYOUTS}
    return Ordering(items=items, scoring=scoring or OrderingScore.PLACES), _asked(draft, question), used


_PLAIN_LAYOUTS = {"", "VERTICAL", "0", "NONE"}


def essay(draft: Draft, question: Node) -> Made:
    """A text of one's own, or files where no text is asked for."""
    template = prose_of(draft, question.find("responsetemplate"))
    note = prose_of(draft, question.find("graderinfo"))
    files = int(number_of(value_of(question, "attachments", "0")))
    required = int(number_of(value_of(question, "attachmentsrequired", "0")))
    used = {"responsetemplate", "graderinfo", "attachments", "attachmentsrequired", "responseformat"}
    used |= {"minwordlimit", "maxwordlimit", "filetypeslist", "maxbytes"}
    if value_of(question, "responseformat") == "noinline" or (required and files and not prose.to_plain(template)):
        if value_of(question, "responseformat") not in {"noinline", ""}:
            draft.note("moodle.essay_became_files")
        return _files(draft, question, note, files), _asked(draft, question), used
    if files:
        draft.note("moodle.attachments")
    body = Essay(
        template=template,
        marker_note=note,
        least_words=int(number_of(value_of(question, "minwordlimit", "0"))),
        most_words=int(number_of(value_of(question, "maxwordlimit", "0"))),
    )
    return body, _asked(draft, question), used


def _files(draft: Draft, question: Node, note: str, count: int) -> Files:
    if not 1 <= count <= MOST_FILES:
        draft.note("files.count")
    said = re.split(r"[\s,;]+", value_of(question, "filetypeslist").lower())
    kinds = [kind for kind in said if kind and kind != "*"]
    extensions = tuple(dict.fromkeys(kind[1:] for kind in kinds if re.fullmatch(r"\.[a-z0-9]{1,8}", kind)))[:20]
    if len(extensions) < len(set(kinds)):
        draft.note("files.kinds", kinds=" ".join(kinds)[:80])
    size = int(number_of(value_of(question, "maxbytes", "0")))
    return Files(
        marker_note=note,
        extensions=extensions,
        most_files=count if 1 <= count <= MOST_FILES else MOST_FILES,
        most_megabytes=min(100, max(1, size // MEGABYTE)) if size else 10,
    )
