"""Questions of every kind, made at random, and what makes two of them the same."""

import re
from decimal import Decimal
from html import escape

from hypothesis import strategies as st

from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Essay,
    Feedback,
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
    Question,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
    prose,
)

LETTERS = "abcñéüʼK'ich7 0.5,?~=#{}:\\/%[]<>&\"-*$@_|+n"
lines = st.text(LETTERS, min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
plain = lines.map(lambda text: escape(text, quote=False))
written = st.one_of(
    plain,
    plain,
    plain.map("<p>{}</p>".format),
    st.tuples(plain, plain).map(lambda two: f"<p>{two[0]} <strong>{two[1]}</strong><br>H<sub>2</sub>O</p>"),
    st.tuples(plain, plain).map(lambda two: f"<ul><li>{two[0]}</li><li><em>{two[1]}</em></li></ul>"),
    plain.map(lambda text: f'<p>&nbsp;<a href="https://anam.gt/?a=1&amp;b=2#c">{text}</a></p>\n<pre>x\n  y</pre>'),
    plain.map("<table><tbody><tr><td>{}</td><td><code>a = b</code></td></tr></tbody></table>".format),
)
texts = written.map(prose.clean).filter(bool)
feedbacks = st.one_of(st.just(""), st.just(""), texts)
percents = st.sampled_from([Decimal(text) for text in ("0", "0", "-50", "33.33333", "75.5", "-100", "12.5", "100")])
numbers = st.decimals(-1000, 1000, places=3) | st.integers(-5, 5).map(Decimal)
SHARES = {1: "100", 2: "50", 3: "33.33333", 4: "25"}


@st.composite
def choices(draw, kind: Kind | None = None) -> Choices:
    kind = kind or draw(st.sampled_from([Kind.SINGLE, Kind.MULTIPLE]))
    said = draw(st.lists(texts, min_size=2, max_size=4))
    right = draw(st.integers(1, len(said) - 1))
    if kind == Kind.SINGLE:
        worth = [Decimal(100), *(draw(percents.filter(lambda one: one != 100)) for _text in said[1:])]
    else:
        rest = (draw(percents.filter(lambda one: one <= 0)) for _text in said[right:])
        worth = [Decimal(SHARES[right])] * right + list(rest)
    worth = draw(st.permutations(worth))
    options = tuple(
        Option(key=f"k{number}", text=text, percent=percent, feedback=draw(feedbacks))
        for number, (text, percent) in enumerate(zip(said, worth, strict=True))
    )
    scoring = draw(st.sampled_from(Scoring)) if kind == Kind.MULTIPLE else Scoring.ALL
    return Choices(kind=kind, options=options, is_shuffled=draw(st.booleans()), scoring=scoring)


@st.composite
def true_false(draw) -> TrueFalse:
    return TrueFalse(is_true=draw(st.booleans()), if_true=draw(feedbacks), if_false=draw(feedbacks))


@st.composite
def numeric(draw) -> Numeric:
    values = draw(st.lists(numbers, min_size=1, max_size=3, unique=True))
    tolerances = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal("2.25")])
    answers = tuple(
        NumberAnswer(
            value=value,
            tolerance=draw(tolerances),
            percent=draw(percents) if number else Decimal(100),
            feedback=draw(feedbacks),
        )
        for number, value in enumerate(values)
    )
    return Numeric(answers=answers, wrong_feedback=draw(feedbacks))


@st.composite
def short_text(draw) -> ShortText:
    said = draw(st.lists(lines, min_size=1, max_size=3, unique=True))
    answers = tuple(
        TextAnswer(text=text, percent=draw(percents) if number else Decimal(100), feedback=draw(feedbacks))
        for number, text in enumerate(said)
    )
    forgiving = {name: draw(st.booleans()) for name in ("forgives_case", "forgives_accents", "forgives_apostrophes")}
    return ShortText(answers=answers, wrong_feedback=draw(feedbacks), **forgiving)


@st.composite
def matching(draw) -> Matching:
    answers = draw(st.lists(lines, min_size=2, max_size=4, unique=True))
    pairs = tuple(Pair(key=f"k{number}", prompt=draw(texts), answer=answer) for number, answer in enumerate(answers))
    return Matching(
        pairs=pairs,
        distractors=tuple(draw(st.lists(lines, max_size=2))),
        is_shuffled=draw(st.booleans()),
        scoring=draw(st.sampled_from(Scoring)),
    )


@st.composite
def ordering(draw) -> Ordering:
    said = draw(st.lists(texts, min_size=2, max_size=4))
    items = tuple(Item(key=f"k{number}", text=text) for number, text in enumerate(said))
    return Ordering(items=items, scoring=draw(st.sampled_from(OrderingScore)))


essays = st.builds(Essay, template=feedbacks, marker_note=feedbacks, least_words=st.sampled_from([0, 0, 50]))
files = st.builds(Files, marker_note=feedbacks, extensions=st.sampled_from([(), ("pdf", "docx")]))
gap_bodies = st.one_of(choices(), numeric(), short_text())


@st.composite
def cloze(draw) -> tuple[Cloze, str]:
    """The body, and the text with its gaps."""
    bodies = draw(st.lists(gap_bodies, min_size=1, max_size=3))
    weights = st.sampled_from([Decimal(1), Decimal(1), Decimal(2)])
    gaps = tuple(ClozeGap(key=f"gap{number}", weight=draw(weights), body=body) for number, body in enumerate(bodies))
    pieces = [draw(plain), *(f' <span data-gap="{gap.key}"></span> {draw(plain)}' for gap in gaps)]
    html = "".join(pieces)
    html = draw(st.sampled_from([html, f"<p>{html}</p>"]))
    return Cloze(gaps=gaps), prose.clean(html, gaps=[gap.key for gap in gaps])


def paired(bodies) -> st.SearchStrategy:
    """Bodies, each with a text beside it."""
    return st.tuples(bodies, texts)


simple = st.one_of(choices(), true_false(), numeric(), short_text(), matching(), ordering(), essays, files)
bodies = st.one_of(paired(simple), cloze())


@st.composite
def questions(draw, bodies=bodies) -> Question:
    body, text = draw(bodies)
    said = draw(st.sampled_from([{}, {}, {"always": draw(feedbacks)}, dict.fromkeys(("right", "wrong"), draw(texts))]))
    return Question(
        name=draw(lines),
        text=text,
        body=body,
        points=draw(st.sampled_from([Decimal(1), Decimal(1), Decimal("2.5")])),
        feedback=Feedback(**said),
        tags=tuple(draw(st.lists(lines, max_size=2, unique=True))),
    )


def same(question: Question) -> Question:
    """The question with keys named in order, since no format need keep their names."""
    text = question.model_dump_json()
    keys = list(dict.fromkeys(re.findall(r'"key":"([^"]+)"', text)))
    names = {key: f"key{number}" for number, key in enumerate(keys)}
    text = re.sub(r'"key":"([^"]+)"', lambda match: f'"key":"{names[match[1]]}"', text)
    text = re.sub(r'data-(gap|picture)=\\"([^"\\]+)', lambda match: f'data-{match[1]}=\\"{names[match[2]]}', text)
    return Question.model_validate_json(text)
