"""QTI: items of every kind in versions 2 and 3, what their processing makes of answers, and packages."""

import io
import zipfile
from decimal import Decimal

import pytest

from courses.interchange import qti
from courses.interchange.qti import patterns
from courses.interchange.reading import Unreadable
from courses.questions import Kind, OrderingScore, Question, Scoring

pytestmark = pytest.mark.once
SCORE = '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>'
SAID = '<outcomeDeclaration identifier="F" cardinality="single" baseType="identifier"/>'
MATCH = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>'
MAP = MATCH.replace("match_correct", "map_response")


def declared(cardinality: str, base: str, correct: str = "", mapping: str = "", name: str = "R") -> str:
    values = "".join(f"<value>{value}</value>" for value in correct.split("|") if value)
    right = f"<correctResponse>{values}</correctResponse>" if values else ""
    head = f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" baseType="{base}">'
    return f"{head}{right}{mapping}</responseDeclaration>"


def mapping(**worth: str) -> str:
    entries = "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"/>' for key, value in worth.items())
    return f'<mapping defaultValue="0">{entries}</mapping>'


def item(declarations: str, body: str, processing: str = "", after: str = "") -> bytes:
    head = '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="i" title="t" adaptive="false">'
    return f"{head}{declarations}{SCORE}{SAID}<itemBody>{body}</itemBody>{processing}{after}</assessmentItem>".encode()


def choice(*names: str, most: int = 1, shuffle: str = "false") -> str:
    options = "".join(f'<simpleChoice identifier="{name}">{name.lower()}</simpleChoice>' for name in names)
    return (
        f'<choiceInteraction responseIdentifier="R" shuffle="{shuffle}" maxChoices="{most}"><prompt>¿Cuál?</prompt>'
        f"{options}</choiceInteraction>"
    )


def one(content: bytes) -> Question:
    reading = qti.read(content)
    assert len(reading.questions) == 1, reading.notes
    return reading.questions[0].question


def codes(content: bytes) -> list[str]:
    return [note.code for note in qti.read(content).notes]


def percents(question: Question) -> list[Decimal]:
    return [option.percent for option in question.body.options]


def test_one_of_several_by_the_right_answer_and_by_what_each_is_worth():
    by_answer = one(item(declared("single", "identifier", "B"), choice("A", "B", shuffle="true"), MATCH))
    assert (by_answer.text, percents(by_answer), by_answer.body.is_shuffled) == ("<p>¿Cuál?</p>", [0, 100], True)
    worth = declared("single", "identifier", "B", mapping(A="-1", B="4", C="1"))
    by_worth = one(item(worth, choice("A", "B", "C"), MAP))
    assert (percents(by_worth), by_worth.points) == ([-25, 100, 25], 4)


def test_several_right_ones_count_in_part_or_only_together():
    together = one(item(declared("multiple", "identifier", "A|B"), choice("A", "B", "C", most=0), MATCH))
    assert (percents(together), together.body.scoring) == ([50, 50, 0], Scoring.ALL)
    worth = declared("multiple", "identifier", "A|B", mapping(A="1", B="3", C="-2"))
    in_part = one(item(worth, choice("A", "B", "C", most=0), MAP))
    assert (percents(in_part), in_part.body.scoring) == ([25, 75, -50], Scoring.PARTS)


def test_processing_that_is_written_out_is_run():
    def rule(name: str, score: str) -> str:
        condition = f'<match><variable identifier="R"/><baseValue baseType="identifier">{name}</baseValue></match>'
        worth = f'<baseValue baseType="float">{score}</baseValue>'
        return f'{condition}<setOutcomeValue identifier="SCORE">{worth}</setOutcomeValue>'

    written = (
        f"<responseProcessing><responseCondition><responseIf>{rule('B', '2')}</responseIf>"
        f"<responseElseIf>{rule('C', '0.5')}</responseElseIf></responseCondition></responseProcessing>"
    )
    made = one(item(declared("single", "identifier", "B"), choice("A", "B", "C"), written))
    assert (percents(made), made.points) == ([0, 100, 25], 2)


def test_processing_that_is_not_known_leaves_what_is_declared_right_and_says_so():
    strange = '<responseProcessing><customOperator class="x"/></responseProcessing>'
    content = item(declared("single", "identifier", "B"), choice("A", "B"), strange)
    assert percents(one(content)) == [0, 100]
    assert "qti.processing" in codes(content)


def test_true_and_false_are_known_by_what_they_say():
    def made(first: str, second: str) -> Kind:
        options = f'<simpleChoice identifier="true">{first}</simpleChoice>'
        options += f'<simpleChoice identifier="false">{second}</simpleChoice>'
        body = f'<choiceInteraction responseIdentifier="R" maxChoices="1">{options}</choiceInteraction>'
        return one(item(declared("single", "identifier", "true"), body, MATCH)).kind

    assert made("Verdadero", "Falso") == Kind.TRUE_FALSE
    assert made("Siempre", "Nunca") == Kind.SINGLE


def test_feedback_is_sorted_by_when_it_is_said():
    say = '<setOutcomeValue identifier="F"><variable identifier="R"/></setOutcomeValue>'
    right = '<match><variable identifier="R"/><correct identifier="R"/></match>'
    worth = '<setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue></setOutcomeValue>'
    rules = f"<responseCondition><responseIf>{right}{worth}</responseIf></responseCondition>{say}"
    feedback = "".join(
        f'<modalFeedback outcomeIdentifier="{outcome}" identifier="{name}" showHide="show">{text}</modalFeedback>'
        for outcome, name, text in (("F", "A", "no es a"), ("F", "B", "sí es b"), ("F", "Z", "nunca"))
    )
    content = item(
        declared("single", "identifier", "B"),
        choice("A", "B", "C"),
        f"<responseProcessing>{rules}</responseProcessing>",
        feedback,
    )
    assert [option.feedback for option in one(content).body.options] == ["no es a", "sí es b", ""]
    assert codes(content) == ["qti.feedback_lost"]


def test_an_order_and_what_one_that_is_right_in_part_is_worth():
    options = "".join(f'<simpleChoice identifier="{name}">{name}</simpleChoice>' for name in "BAC")
    body = f'<orderInteraction responseIdentifier="R" shuffle="true">{options}</orderInteraction>'
    places = "".join(
        f'<responseCondition><responseIf><match><index n="{place}"><variable identifier="R"/></index>'
        f'<baseValue baseType="identifier">{name}</baseValue></match><setOutcomeValue identifier="SCORE"><sum>'
        '<variable identifier="SCORE"/><baseValue baseType="float">1</baseValue></sum></setOutcomeValue>'
        "</responseIf></responseCondition>"
        for place, name in ((1, "A"), (2, "B"), (3, "C"))
    )
    whole = one(item(declared("ordered", "identifier", "A|B|C"), body, MATCH)).body
    assert ([one_item.text for one_item in whole.items], whole.scoring) == (["A", "B", "C"], OrderingScore.ALL)
    in_part = item(
        declared("ordered", "identifier", "A|B|C"), body, f"<responseProcessing>{places}</responseProcessing>"
    )
    assert one(in_part).body.scoring == OrderingScore.PLACES


def sets(first: str, second: str) -> str:
    def options(names: str) -> str:
        return "".join(f'<simpleAssociableChoice identifier="{name}">{name}</simpleAssociableChoice>' for name in names)

    both = f"<simpleMatchSet>{options(first)}</simpleMatchSet><simpleMatchSet>{options(second)}</simpleMatchSet>"
    return f'<matchInteraction responseIdentifier="R" shuffle="false">{both}</matchInteraction>'


def test_pairs_whichever_side_asks():
    body = one(item(declared("multiple", "directedPair", "A X|B Y"), sets("AB", "XYZ"), MATCH)).body
    assert [(pair.prompt, pair.answer) for pair in body.pairs] == [("A", "X"), ("B", "Y")]
    assert (body.distractors, body.scoring) == (("Z",), Scoring.ALL)
    turned = one(item(declared("multiple", "directedPair", "A X|A Y|B Z"), sets("AB", "XYZ"), MATCH)).body
    assert [(pair.prompt, pair.answer) for pair in turned.pairs] == [("X", "A"), ("Y", "A"), ("Z", "B")]
    crossed = item(declared("multiple", "directedPair", "A X|A Y|B X"), sets("AB", "XY"), MATCH)
    assert codes(crossed) == ["qti.not_one_to_one"]


FIELD = '<textEntryInteraction responseIdentifier="R"/>'


def test_a_field_after_the_question_and_a_field_within_a_sentence():
    worth = declared("single", "string", "SAT", mapping(SAT="2", FIFA="1"))
    alone = one(item(worth, f"<p>¿Quién?</p><p>{FIELD}</p>", MAP))
    assert (alone.kind, alone.text, alone.points) == (Kind.SHORT, "<p>¿Quién?</p>", 2)
    assert [(answer.text, answer.percent) for answer in alone.body.answers] == [("SAT", 100), ("FIFA", 50)]
    within = one(item(worth, f"<p>La {FIELD} cobra.</p>", MAP))
    assert (within.kind, within.text) == (Kind.CLOZE, '<p>La <span data-gap="g1"></span> cobra.</p>')


@pytest.mark.parametrize(
    ("test", "value", "tolerance"),
    [
        ('<equal toleranceMode="exact"><variable identifier="R"/><correct identifier="R"/></equal>', "12", "0"),
        (
            '<equal toleranceMode="absolute" tolerance="0.5 0.5"><variable identifier="R"/>'
            '<baseValue baseType="float">3</baseValue></equal>',
            "3",
            "0.5",
        ),
        (
            '<equal toleranceMode="relative" tolerance="5"><variable identifier="R"/><correct identifier="R"/></equal>',
            "12",
            "0.6",
        ),
        (
            '<and><gte><variable identifier="R"/><baseValue baseType="float">1</baseValue></gte>'
            '<lte><variable identifier="R"/><baseValue baseType="float">5</baseValue></lte></and>',
            "3",
            "2",
        ),
        ('<equalRounded figures="1"><variable identifier="R"/><correct identifier="R"/></equalRounded>', "12", "0.05"),
    ],
)
def test_numbers_by_each_way_to_compare_them(test, value, tolerance):
    worth = '<setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue></setOutcomeValue>'
    rules = f"<responseCondition><responseIf>{test}{worth}</responseIf></responseCondition>"
    content = item(
        declared("single", "float", "12"),
        f"<p>x</p><p>{FIELD}</p>",
        f"<responseProcessing>{rules}</responseProcessing>",
    )
    answer = one(content).body.answers[0]
    assert (answer.value, answer.tolerance, answer.percent) == (Decimal(value), Decimal(tolerance), 100)


def test_several_interactions_become_one_text_to_complete():
    menu = '<inlineChoiceInteraction responseIdentifier="M"><inlineChoice identifier="X">x</inlineChoice>'
    menu += '<inlineChoice identifier="Y">y</inlineChoice></inlineChoiceInteraction>'
    both = declared("single", "string", "SAT") + declared("single", "identifier", "Y", name="M")
    content = item(both, f"<p>La {FIELD} y {menu}.</p>", MATCH)
    body = one(content).body
    assert [gap.body.kind for gap in body.gaps] == [Kind.SHORT, Kind.SINGLE]
    assert [option.percent for option in body.gaps[1].body.options] == [0, 100]
    assert "qti.all_or_nothing" in codes(content)


def test_words_that_are_dragged_or_pointed_at():
    words = '<gapText identifier="W" matchMax="1">acta</gapText><gapText identifier="V" matchMax="1">ley</gapText>'
    drag = f'<gapMatchInteraction responseIdentifier="R">{words}<p>El <gap identifier="G"/>.</p></gapMatchInteraction>'
    dragged = one(item(declared("multiple", "directedPair", "W G"), drag, MATCH))
    assert dragged.text == '<p>El <span data-gap="g1"></span>.</p>'
    assert [option.percent for option in dragged.body.gaps[0].body.options] == [100, 0]
    hot = '<hottext identifier="A">Ana</hottext> y <hottext identifier="B">Beto</hottext>'
    point = f'<hottextInteraction responseIdentifier="R" maxChoices="1"><p>{hot}.</p></hottextInteraction>'
    pointed = one(item(declared("single", "identifier", "B"), point, MATCH))
    assert ("Ana y Beto." in pointed.text, percents(pointed)) == (True, [0, 100])


def test_what_a_person_marks():
    essay = '<extendedTextInteraction responseIdentifier="R"/>'
    note = '<rubricBlock view="scorer"><p>Vea la ley</p></rubricBlock>'
    made = one(item(declared("single", "string"), f"<p>Explique</p>{note}{essay}"))
    assert (made.kind, made.text, made.body.marker_note) == (Kind.ESSAY, "<p>Explique</p>", "<p>Vea la ley</p>")
    upload = '<p>Suba</p><uploadInteraction responseIdentifier="R" type="application/pdf"/>'
    assert one(item(declared("single", "file"), upload)).body.extensions == ("pdf",)


def test_version_3_says_the_same_in_other_words():
    text = """<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="i" title="t"
      adaptive="false" time-dependent="false">
      <qti-response-declaration identifier="R" cardinality="single" base-type="identifier">
        <qti-correct-response><qti-value>B</qti-value></qti-correct-response></qti-response-declaration>
      <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
      <qti-item-body><qti-choice-interaction response-identifier="R" max-choices="1" shuffle="true">
        <qti-prompt>¿Cuál?</qti-prompt><qti-simple-choice identifier="A">a</qti-simple-choice>
        <qti-simple-choice identifier="B">b</qti-simple-choice></qti-choice-interaction></qti-item-body>
      <qti-response-processing
        template="https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml"/>
    </qti-assessment-item>"""
    made = one(text.encode())
    assert (percents(made), made.body.is_shuffled) == ([0, 100], True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (item("", "<p>Solo un texto</p>"), "qti.no_interaction"),
        (item("", '<hotspotInteraction responseIdentifier="R"/>'), "qti.interaction"),
        (item("", choice("A", "B")), "qti.no_response"),
        (item(declared("single", "identifier"), choice("A", "B")), "answers.none_right"),
        (item(declared("single", "identifier", "A"), choice("A", "A")), "qti.twice"),
        (item('<templateDeclaration identifier="X"/>', choice("A", "B")), "qti.template"),
        (item("", "<p/>").replace(b'adaptive="false"', b'adaptive="true"'), "qti.adaptive"),
        (item(declared("single", "string"), "<extendedTextInteraction responseIdentifier='R'/>" * 2), "qti.several"),
        (b'<questestinterop>\n<item title="x"/></questestinterop>', "qti.version_1"),
    ],
)
def test_what_becomes_no_question_is_named(content, code):
    assert [note.code for note in qti.read(content).dropped] == [code]


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_package_with_pictures_shared_texts_and_what_it_lacks():
    picture = b"\x89PNG\r\n\x1a\nmap"
    stimulus = b"<qti-assessment-stimulus><qti-stimulus-body><p>Lea.</p></qti-stimulus-body></qti-assessment-stimulus>"
    asked = '<p>Mire <img src="../img/m%20a.png" alt="mapa"/></p>' + choice("A", "B")
    with_picture = item(declared("single", "identifier", "B"), asked, MATCH).replace(
        b"<itemBody>", b'<assessmentStimulusRef href="../s.xml"/><itemBody>'
    )
    resources = "".join(
        f'<resource identifier="{name}" type="imsqti_item_xmlv2p1" href="items/{name}.xml"/>'
        for name in ("uno", "roto", "falta")
    )
    test = b'<assessmentTest title="Examen"/>'
    content = packed(
        {
            "imsmanifest.xml": f"<manifest><resources>{resources}</resources></manifest>".encode(),
            "items/uno.xml": with_picture,
            "items/roto.xml": b"<assessmentItem><itemBody>",
            "items/suelto.xml": item(declared("single", "identifier", "A"), choice("A", "B"), MATCH),
            "img/m a.png": picture,
            "s.xml": stimulus,
            "test.xml": test,
        }
    )
    reading = qti.read(content)
    assert [found.source for found in reading.questions] == ["items/uno.xml", "items/suelto.xml"]
    first = reading.questions[0]
    assert first.question.text.startswith('<p>Lea.</p><p>Mire <img data-picture="f1" alt="mapa"></p>')
    assert list(first.pictures.values()) == [picture]
    assert [(note.source, note.code) for note in reading.notes if note.code.startswith("qti.")] == [
        ("items/uno.xml", "qti.stimulus_copied"),
        ("items/roto.xml", "qti.broken_item"),
        ("items/falta.xml", "qti.missing_file"),
        ("test.xml", "qti.test"),
    ]


def test_what_only_names_questions_is_refused():
    for content in (b"<manifest/>", b"<assessmentTest/>", b"<html/>", packed({"a.txt": b"x"})):
        with pytest.raises(Unreadable):
            qti.read(content)


@pytest.mark.parametrize(
    ("text", "said", "fits"),
    [
        ("a*c", "abc", True),
        ("a*c", "ac", True),
        ("a*c", "abd", False),
        ("*", "", True),
        ("*a*b*", "xaybz", True),
        ("a*a", "a", False),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("SAT", "sat", True),
    ],
)
def test_a_star_stands_for_any_letters(text, said, fits):
    assert patterns.matches(text, said, is_strict=False) is fits
    made = patterns.of_pattern(patterns.pattern_of(text, is_forgiving=False))
    assert made == (text, True)


def test_patterns_that_say_more_are_not_understood():
    assert patterns.of_pattern("(a+)+$") is None
    assert patterns.of_pattern("[0-9]") is None
