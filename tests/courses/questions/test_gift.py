"""GIFT: read as Moodle reads it and more forgivingly; nothing is dropped without a note."""

from decimal import Decimal

import pytest

from courses.interchange import gift
from courses.interchange.reading import Found
from courses.questions import Choices, Cloze, Essay, Item, Kind, Option, Ordering, OrderingScore, Question, Scoring

pytestmark = pytest.mark.once


def read(text: str, encoding: str = "utf-8"):
    return gift.read(text.encode(encoding))


def one(text: str) -> Question:
    reading = read(text)
    assert len(reading.questions) == 1, reading.notes
    return reading.questions[0].question


def codes(text: str) -> list[tuple[int, str]]:
    return [(note.line, note.code) for note in read(text).notes]


def percents(body: Choices) -> list[tuple[str, Decimal, str]]:
    return [(option.text, option.percent, option.feedback) for option in body.options]


def test_one_of_several_with_feedback_and_weights():
    question = one("::Capital:: ¿Cuál es la capital? {\n~Antigua#No.\n=Guatemala#Sí.\n~%50%Xela#Casi. ####Fin.\n}")
    assert (question.name, question.text, question.feedback.always) == ("Capital", "¿Cuál es la capital?", "Fin.")
    assert question.kind == Kind.SINGLE
    assert percents(question.body) == [("Antigua", 0, "No."), ("Guatemala", 100, "Sí."), ("Xela", 50, "Casi.")]


def test_several_that_are_right_together():
    body = one("¿Cuáles? {~%50%IVA ~%50%ISR ~%-100%FIFA}").body
    assert (body.kind, body.scoring) == (Kind.MULTIPLE, Scoring.PARTS)
    assert [option.percent for option in body.options] == [50, 50, -100]
    # Some write the right ones with a sign of equality and a weight.
    assert one("¿Cuáles? {=%50%IVA =%50%ISR ~%-100%FIFA}").body == body


@pytest.mark.parametrize("said", ["T", "TRUE", "true", "F", "FALSE"])
def test_true_or_false(said):
    question = one(f"El IVA es municipal. {{{said}#mal#bien}}")
    is_true = said.upper().startswith("T")
    assert question.body.is_true is is_true
    assert (question.body.if_true, question.body.if_false) == (("bien", "mal") if is_true else ("mal", "bien"))


def test_short_answers_with_weights_and_what_is_said_to_the_rest():
    body = one("¿Quién? {=Alcalde#Bien =%50%Concejal*#A medias =%0%*#No}").body
    assert [(answer.text, answer.percent, answer.feedback) for answer in body.answers] == [
        ("Alcalde", 100, "Bien"),
        ("Concejal*", 50, "A medias"),
    ]
    assert body.wrong_feedback == "No"


@pytest.mark.parametrize(
    ("said", "value", "tolerance"),
    [
        ("1822", "1822", "0"),
        ("1822:5", "1822", "5"),
        ("1..5", "3", "2"),
        ("3,14:0,01", "3.14", "0.01"),
        ("-2e2", "-200", "0"),
    ],
)
def test_numbers_with_ranges_and_tolerances(said, value, tolerance):
    answer = one(f"¿Cuánto? {{#{said}}}").body.answers[0]
    assert (answer.value, answer.tolerance) == (Decimal(value), Decimal(tolerance))


def test_several_numbers_with_what_is_said_back():
    body = one("¿Año? {#=1822:0#Exacto =%50%1822:2#Cerca\n~#Lejos}").body
    assert [(answer.percent, answer.feedback) for answer in body.answers] == [(100, "Exacto"), (50, "Cerca")]
    assert body.wrong_feedback == "Lejos"


def test_pairs_and_answers_that_belong_to_none():
    body = one("Una. {=IVA -> SAT\n=IUSI -> Municipalidad\n= -> FIFA}").body
    assert [(pair.prompt, pair.answer) for pair in body.pairs] == [("IVA", "SAT"), ("IUSI", "Municipalidad")]
    assert body.distractors == ("FIFA",)


def test_an_order_as_moodles_own_type_has_it():
    question = one("Ordene. {>3 ALL VERTICAL RELATIVE_NEXT_EXCLUDE_LAST SHOW none\nuno\ndos\ntres\n}")
    assert [item.text for item in question.body.items] == ["uno", "dos", "tres"]
    assert question.body.scoring == OrderingScore.NEIGHBOURS


def test_an_essay_and_one_with_general_feedback():
    assert one("Explique. {}").body == Essay()
    assert one("Explique. {####Lea el Código.}").feedback.always == "Lea el Código."


def test_a_missing_word_stays_in_its_sentence():
    question = one("El {~juez =alcalde} preside el concejo.")
    assert question.text == 'El <span data-gap="g1"></span> preside el concejo.'
    assert isinstance(question.body, Cloze)
    assert [option.text for option in question.body.gaps[0].body.options] == ["juez", "alcalde"]


def test_what_can_be_no_gap_leaves_a_line_in_the_text():
    assert one("Es {T} así.").text == "Es _____ así."


def test_several_groups_of_answers_become_a_text_to_complete():
    reading = read("El {=alcalde} preside el {~%100%concejo ~juzgado}.")
    assert [gap.body.kind for gap in reading.questions[0].question.body.gaps] == [Kind.SHORT, Kind.MULTIPLE]
    assert "gift.became_cloze" in {note.code for note in reading.notes}


def test_escaped_signs_are_no_signs():
    question = one(r"::a\:\:b:: 1 \= 1 \{x\} \# \~ C\:\\x {=\=2 \~ 3 ~4\#4 ~a\nb}")
    assert (question.name, question.text) == ("a::b", r"1 = 1 {x} # ~ C:\x")
    assert [option.text for option in question.body.options] == ["=2 ~ 3", "4#4", "a<br>b"]


def test_signs_within_html_are_no_signs():
    body = one('[html]¿Cuál? {=<a href="https://anam.gt/#x">ANAM</a> ~<span class="x">No</span> &#225;}').body
    assert [option.text for option in body.options] == ['<a href="https://anam.gt/#x">ANAM</a>', "No á"]


def test_formulas_in_braces_are_left_as_text():
    reading = read(r"¿Cuánto es $\frac{1}{2}$? {=0.5 =1/2}")
    assert reading.questions[0].question.text == r"¿Cuánto es $\frac{1}{2}$?"
    assert "gift.braces_in_text" in {note.code for note in reading.notes}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("[html]<p>a</p> b {}", "<p>a</p> b"),
        ("[plain]a <b> {}", "a &lt;b&gt;"),
        ("[markdown]a **b** {}", "a <strong>b</strong>"),
        ("[moodle]a\nb {}", "a<br>b"),
        ("a\nb <i>c</i> {}", "a<br>b <em>c</em>"),
    ],
)
def test_each_format_of_a_text(text, made):
    assert one(text).text == made


def test_categories_tags_and_identifiers():
    text = (
        "$CATEGORY: $course$/top/Leyes/IVA//ISR\n\n"
        "// question: 1\n// [id:7] [tag:uno] [tag:dos \\] tres]\n::A::a {T}\n\n"
        "$CATEGORY: $course$/top\n// [tag:suelta]\n\nb {F}"
    )
    reading = read(text)
    assert [(found.category, found.question.tags) for found in reading.questions] == [
        (("Leyes", "IVA/ISR"), ("uno", "dos ] tres")),
        ((), ()),
    ]
    assert [(note.line, note.code) for note in reading.notes] == [(5, "option.unused")]


def test_tags_beside_no_question_are_noted():
    assert codes("// [tag:suelta]\n\nb {F}") == [(1, "gift.stray_tags")]


def test_questions_without_an_empty_line_between_them_and_answers_with_one():
    reading = read("::A::a {T}\n::B::b {F}\nc {=x}\n\n::D:: d {\n\n=x\n\n~y\n}\n")
    assert [found.line for found in reading.questions] == [1, 2, 3, 5]


def test_code_may_have_empty_lines():
    reading = read("::A::[html]¿Qué imprime? <pre>\nif (x) \\{\n\n\\}\n</pre> {=1 ~2}\n")
    assert len(reading.questions) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_encoding_and_end_of_line(encoding, ending):
    text = "// uno\n::Año::¿Qué es la SEGEPLAN? {=Órgano ~Niño}\n\nb {T}\n".replace("\n", ending)
    reading = gift.read(text.encode(encoding))
    assert [found.line for found in reading.questions] == [2, 4]
    assert reading.questions[0].question.text == "¿Qué es la SEGEPLAN?"
    assert [note.code for note in reading.notes] == (["text.guessed"] if encoding == "cp1252" else [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Solo un texto.", "gift.description"),
        ("¿Cuál? {~a ~b}", "answers.none_right"),
        ("¿Cuánto? {#cinco}", "number.unclear"),
        ("¿Cuál? {=a ~b", "gift.unclosed"),
        ("Una. {=a -> b =c}", "matching.no_arrow"),
        ("Una. {=a -> b}", "question.too_few"),
        ("¿Cuál? {~%150%a ~b}", "percent.beyond"),
        ("$QUESTIONTITLE: x", "gift.directive"),
        ("a {T} b {=x} c", "gift.several_answers"),
        ("a {x} {y}", "gift.braces"),
        ("x {~" + "a ~" * 200 + "=b}", "question.too_many"),
        ("x" * 60_000 + " {T}", "question.too_long"),
    ],
)
def test_what_is_no_question_is_named_by_its_line(text, code):
    reading = read(f"a {{T}}\n\n{text}\n\nb {{F}}")
    assert [(note.line, note.code) for note in reading.dropped] == [(3, code)]
    assert len(reading.questions) == 2


def test_weights_that_do_not_add_up_are_made_to_and_noted():
    reading = read("¿Cuáles? {~%30%a ~%30%b ~c}\n\n¿Cuál? {=%50%a ~b}")
    several, single = (found.question.body for found in reading.questions)
    assert [option.percent for option in several.options] == [50, 50, 0]
    assert max(option.percent for option in single.options) == 100
    assert [note.code for note in reading.notes] == ["percent.shared", "percent.raised"]


def test_pictures_come_from_beside_the_file_or_are_missed():
    text = b'[html]<img src\\="@@PLUGINFILE@@/mapa.png" alt\\="mapa"> {T}'
    assert [note.code for note in gift.read(text).notes] == ["picture.missing"]
    found = gift.read(text, lambda address: b"\x89PNG\r\n\x1a\n").questions[0]
    assert found.question.text == '<img data-picture="f1" alt="mapa">'
    assert list(found.pictures) == ["f1"]


def test_what_gift_cannot_say_is_named():
    options = (Option(key="a", text="x", percent=Decimal(100)), Option(key="b", text="y"))
    several = Choices(kind=Kind.MULTIPLE, options=options, is_shuffled=False)
    items = (Item(key="a", text="x"), Item(key="b", text=""))
    written = gift.write(
        [
            Question(name="1", text="a", body=several, points=Decimal(2)),
            Question(name="2", text="b", body=Ordering(items=items)),
            Question(name="3", text="c", body=Essay(template="t", least_words=5)),
        ]
    )
    assert [(note.line, note.code, note.facts.get("name")) for note in written.notes] == [
        (1, "option.not_written", "points"),
        (1, "option.not_written", "is_shuffled"),
        (1, "option.not_written", "scoring"),
        (2, "gift.empty_option", None),
        (3, "option.not_written", "template"),
        (3, "option.not_written", "least_words"),
    ]
    assert [found.question.name for found in gift.read(written.content).questions] == ["1", "3"]


def test_categories_go_out_and_come_back():
    body = Essay()
    found = [
        Found(Question(name="a", text="x", body=body), category=("Leyes", "IVA/ISR")),
        Found(Question(name="b", text="x", body=body)),
    ]
    back = gift.read(gift.write(found).content).questions
    assert [one.category for one in back] == [("Leyes", "IVA/ISR"), ()]
