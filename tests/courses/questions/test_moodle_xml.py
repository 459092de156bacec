"""Moodle's XML: each type of question, the language of embedded answers, and options that have no place here."""

import base64
from decimal import Decimal

import pytest

from courses.interchange import moodle_xml
from courses.interchange.reading import Unreadable
from courses.questions import Kind, OrderingScore, Question, Scoring

pytestmark = pytest.mark.once
PNG = b"\x89PNG\r\n\x1a\nmap"
RIGHT = '<answer fraction="100"><text>{}</text><feedback><text>bien</text></feedback></answer>'
WRONG = '<answer fraction="0"><text>{}</text><feedback><text>mal</text></feedback></answer>'


def bank(*questions: str) -> bytes:
    return ("<?xml version='1.0' encoding='UTF-8'?>\n<quiz>\n" + "\n".join(questions) + "\n</quiz>").encode()


def question(kind: str, inner: str = "", text: str = "¿Cuál?", name: str = "n") -> str:
    asked = f'<questiontext format="html"><text><![CDATA[{text}]]></text></questiontext>'
    return f'<question type="{kind}"><name><text>{name}</text></name>{asked}{inner}</question>'


def one(kind: str, inner: str = "", text: str = "¿Cuál?") -> Question:
    reading = moodle_xml.read(bank(question(kind, inner, text)))
    assert len(reading.questions) == 1, reading.notes
    return reading.questions[0].question


def codes(kind: str, inner: str = "", text: str = "¿Cuál?") -> list[str]:
    return [note.code for note in moodle_xml.read(bank(question(kind, inner, text))).notes]


def test_single_and_multiple_choice():
    inner = RIGHT.format("a") + WRONG.format("b")
    said = "<correctfeedback><text>Sí</text></correctfeedback><incorrectfeedback><text>No</text></incorrectfeedback>"
    made = one("multichoice", f"<single>true</single><shuffleanswers>0</shuffleanswers>{inner}{said}")
    assert (made.kind, made.body.is_shuffled) == (Kind.SINGLE, False)
    assert [(option.percent, option.feedback) for option in made.body.options] == [(100, "bien"), (0, "mal")]
    assert (made.feedback.right, made.feedback.wrong) == ("Sí", "No")
    several = one("multichoice", "<single>false</single>" + inner.replace('"0"', '"-50"'))
    assert (several.kind, several.body.scoring) == (Kind.MULTIPLE, Scoring.PARTS)
    assert [option.percent for option in several.body.options] == [100, -50]


def test_true_or_false():
    made = one("truefalse", WRONG.format("true") + RIGHT.format("false"))
    assert (made.body.is_true, made.body.if_true, made.body.if_false) == (False, "mal", "bien")


def test_short_answers_with_case_and_what_is_said_to_the_rest():
    made = one("shortanswer", f"<usecase>1</usecase>{RIGHT.format('SAT')}{WRONG.format('*')}")
    assert ([answer.text for answer in made.body.answers], made.body.wrong_feedback) == (["SAT"], "mal")
    assert not made.body.forgives_case


def test_numbers_with_tolerance_and_units():
    answer = '<answer fraction="100"><text>3</text><tolerance>0.5</tolerance></answer>'
    units = "<units><unit><multiplier>1</multiplier><unit_name>m</unit_name></unit>"
    units += "<unit><multiplier>100</multiplier><unit_name>cm</unit_name></unit></units>"
    graded = "<unitgradingtype>1</unitgradingtype><unitpenalty>0.1</unitpenalty>"
    body = one("numerical", answer + units + graded).body
    assert (body.answers[0].value, body.answers[0].tolerance) == (Decimal(3), Decimal("0.5"))
    # 300 cm are 3 m: an answer is multiplied by the factor before it is compared.
    assert [(unit.name, unit.factor) for unit in body.units] == [("m", 1), ("cm", Decimal("0.01"))]
    assert (body.is_unit_required, body.unit_penalty) == (True, 10)


def test_pairs_and_answers_that_belong_to_none():
    pair = "<subquestion format='html'><text>{}</text><answer><text>{}</text></answer></subquestion>"
    inner = pair.format("IVA", "SAT") + pair.format("IUSI", "Muni") + pair.format("", "FIFA")
    body = one("matching", inner).body
    assert [(one_pair.prompt, one_pair.answer) for one_pair in body.pairs] == [("IVA", "SAT"), ("IUSI", "Muni")]
    assert body.distractors == ("FIFA",)


@pytest.mark.parametrize(
    ("grading", "scoring"),
    [
        ("ALL_OR_NOTHING", OrderingScore.ALL),
        ("ABSOLUTE_POSITION", OrderingScore.PLACES),
        ("RELATIVE_NEXT_EXCLUDE_LAST", OrderingScore.NEIGHBOURS),
        ("-1", OrderingScore.ALL),
    ],
)
def test_an_order_of_the_core_and_of_the_old_plugin(grading, scoring):
    items = "".join(f'<answer fraction="{place}"><text>{place}</text></answer>' for place in (1, 2, 3))
    body = one("ordering", f"<gradingtype>{grading}</gradingtype><selecttype>ALL</selecttype>{items}").body
    assert ([item.text for item in body.items], body.scoring) == (["1", "2", "3"], scoring)


def test_an_order_of_which_only_a_part_was_shown_is_noted():
    items = "".join(f'<answer fraction="{place}"><text>{place}</text></answer>' for place in (1, 2, 3))
    inner = f"<logical>RANDOM</logical><studentsee>2</studentsee><gradingtype>LONGEST</gradingtype>{items}"
    assert set(codes("ordering", inner)) == {"ordering.part", "ordering.scoring"}


def test_an_essay_with_all_that_it_says():
    inner = "<responsetemplate><text>Yo…</text></responsetemplate><graderinfo><text>Vea</text></graderinfo>"
    body = one("essay", f"{inner}<minwordlimit>5</minwordlimit><maxwordlimit>90</maxwordlimit>").body
    assert (body.template, body.marker_note, body.least_words, body.most_words) == ("Yo…", "Vea", 5, 90)


def test_an_essay_of_files_alone_asks_for_files():
    inner = "<responseformat>noinline</responseformat><attachments>3</attachments><attachmentsrequired>1"
    inner += "</attachmentsrequired><filetypeslist>.pdf,.docx</filetypeslist><maxbytes>5242880</maxbytes>"
    body = one("essay", inner).body
    assert (body.kind, body.most_files, body.extensions, body.most_megabytes) == (Kind.FILES, 3, ("pdf", "docx"), 5)
    with_text = "<responseformat>editor</responseformat><attachments>1</attachments>"
    assert codes("essay", with_text) == ["moodle.attachments"]
    required = with_text + "<attachmentsrequired>1</attachmentsrequired>"
    assert codes("essay", required) == ["moodle.essay_became_files"]


def test_words_to_select_or_to_drag_become_menus_of_their_group():
    words = "".join(
        f"<selectoption><text>{text}</text><group>{group}</group></selectoption>"
        for text, group in (("alcalde", 1), ("juez", 1), ("ley", 2), ("acta", 2))
    )
    made = one("gapselect", words, "El [[1]] firma el [[4]].")
    assert made.text == 'El <span data-gap="g1"></span> firma el <span data-gap="g2"></span>.'
    menus = [[(option.text, option.percent) for option in gap.body.options] for gap in made.body.gaps]
    assert menus == [[("alcalde", 100), ("juez", 0)], [("ley", 0), ("acta", 100)]]
    dragged = words.replace("selectoption", "dragbox")
    assert codes("ddwtos", dragged, "El [[1]].") == ["moodle.drag_became_menu"]
    assert codes("gapselect", words, "El [[9]].") == ["moodle.no_such_word"]


# Embedded answers ---------------------------------------------------------------------------------------------------


def gap(field: str):
    return one("cloze", text=f"<p>a {field} b</p>").body.gaps[0]


@pytest.mark.parametrize("name", ["MULTICHOICE", "MC", "MULTICHOICE_V", "MCV", "MULTICHOICE_H", "MCH", "MCS", "MCVS"])
def test_a_menu_within_a_text(name):
    made = gap(f"{{2:{name}:mal#no~=bien#s\\}}~%50%casi &amp; m&#225;s}}")
    assert (made.weight, made.body.kind, made.body.is_shuffled) == (2, Kind.SINGLE, name.endswith("S"))
    assert [(option.text, option.percent, option.feedback) for option in made.body.options] == [
        ("mal", 0, "no"),
        ("bien", 100, "s}"),
        ("casi &amp; más", 50, ""),
    ]


def test_several_boxes_within_a_text_count_as_moodle_counts_them():
    assert [option.percent for option in gap("{:MR:=a~=b~c}").body.options] == [50, 50, -50]
    assert [option.percent for option in gap("{1:MULTIRESPONSE_S:%75%a~%25%b~c}").body.options] == [75, 25, 0]


@pytest.mark.parametrize(("name", "forgives"), [("SHORTANSWER", True), ("SA", True), ("MW", True), ("SAC", False)])
def test_a_text_within_a_text(name, forgives):
    body = gap(f"{{1:{name}:=SAT~%50%S.A.T.~*#Era SAT}}").body
    assert [(answer.text, answer.percent) for answer in body.answers] == [("SAT", 100), ("S.A.T.", 50)]
    assert (body.wrong_feedback, body.forgives_case) == ("Era SAT", forgives)


def test_a_number_within_a_text():
    body = gap("{1:NUMERICAL:=3.14:0.01#bien~%50%3:0.5}").body
    assert [(answer.value, answer.tolerance, answer.percent) for answer in body.answers] == [
        (Decimal("3.14"), Decimal("0.01"), 100),
        (3, Decimal("0.5"), 50),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a {1:REGEXP:=b} c", "cloze.type"),
        ("a {1:SA:=b c", "cloze.unclosed"),
        ("nada", "cloze.no_gap"),
        ("a <!-- {1:SA:=b} --> c", "cloze.lost_gap"),
        ("{1:SA:=a}" * 101, "question.too_many"),
        ("a {1:MC:b~c} d", "answers.none_right"),
    ],
)
def test_a_text_whose_gaps_are_not_understood_is_named(text, code):
    assert [note.code for note in moodle_xml.read(bank(question("cloze", text=text))).dropped] == [code]


def test_a_question_counts_what_its_gaps_count_unless_it_says_otherwise():
    assert one("cloze", text="{2:SA:=a} {1:SA:=b}").points == 3
    assert one("cloze", "<defaultgrade>5</defaultgrade>", "{2:SA:=a} {1:SA:=b}").points == 5


# All around the questions -------------------------------------------------------------------------------------------


def test_pictures_come_along_and_other_files_are_named():
    picture = base64.b64encode(PNG).decode()
    text = '<img src="@@PLUGINFILE@@/un%20mapa.png" alt="mapa"> <img src="@@PLUGINFILE@@/otro.svg" alt="otro">'
    files = f'<file name="un mapa.png" path="/" encoding="base64">{picture}</file>'
    files += f'<file name="otro.svg" encoding="base64">{base64.b64encode(b"<svg onload=x>").decode()}</file>'
    files += '<file name="voz.mp3" encoding="base64">AAAA</file>'
    asked = f'<questiontext format="html"><text><![CDATA[{text}]]></text>{files}</questiontext>'
    reading = moodle_xml.read(bank(f'<question type="essay"><name><text>n</text></name>{asked}</question>'))
    found = reading.questions[0]
    assert found.question.text == '<img data-picture="f1" alt="mapa"> otro'
    assert dict(found.pictures) == {"f1": PNG}
    assert found.question.pictures[0].name == "un mapa.png"
    assert [note.code for note in reading.notes] == ["picture.kind", "moodle.file_unused"]


@pytest.mark.parametrize(
    ("form", "text", "made"),
    [
        ("html", "<p>a</p>", "<p>a</p>"),
        ("moodle_auto_format", "a\nb", "a<br>b"),
        ("plain_text", "a <b>", "a &lt;b&gt;"),
        ("markdown", "a **b**", "a <strong>b</strong>"),
    ],
)
def test_each_format_of_a_text(form, text, made):
    asked = f'<questiontext format="{form}"><text><![CDATA[{text}]]></text></questiontext>'
    reading = moodle_xml.read(bank(f'<question type="essay"><name><text>n</text></name>{asked}</question>'))
    assert reading.questions[0].question.text == made


def test_elements_that_stand_bare_in_a_text_are_read_as_html():
    asked = "<questiontext><text><p>a <b>b</b></p></text></questiontext>"
    reading = moodle_xml.read(bank(f'<question type="essay">{asked}</question>'))
    assert reading.questions[0].question.text == "<p>a <strong>b</strong></p>"


def test_categories_and_tags():
    category = '<question type="category"><category><text>$course$/top/Leyes/IVA</text></category></question>'
    tags = "<tags><tag><text>uno</text></tag><tag><text>dos</text></tag></tags>"
    found = moodle_xml.read(bank(category, question("essay", tags))).questions[0]
    assert (found.category, found.question.tags) == (("Leyes", "IVA"), ("uno", "dos"))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("description", "moodle.description"),
        ("random", "moodle.random"),
        ("calculated", "moodle.type"),
        ("calculatedmulti", "moodle.type"),
        ("ddmarker", "moodle.type"),
        ("coderunner", "moodle.type"),
        ("multichoice", "answers.none_right"),
        ("numerical", "answers.none_right"),
    ],
)
def test_what_becomes_no_question_is_named_by_its_line(kind, code):
    reading = moodle_xml.read(bank(question("essay"), question(kind), question("essay")))
    assert [(note.line, note.code) for note in reading.dropped] == [(4, code)]
    assert len(reading.questions) == 2


def test_each_option_that_has_no_place_here_is_named():
    inner = "<penalty>0.3333333</penalty><hidden>1</hidden><idnumber>A1</idnumber><answernumbering>123"
    inner += "</answernumbering><hint><text>Piense</text></hint><hint><text></text></hint><otro>x</otro>"
    reading = moodle_xml.read(bank(question("multichoice", inner + RIGHT.format("a") + WRONG.format("b"))))
    assert [note.facts.get("name", note.code) for note in reading.notes] == [
        "penalty: 0.3333333",
        "hidden: 1",
        "idnumber: A1",
        "answernumbering: 123",
        "moodle.hint",
        "otro: x",
    ]


def test_a_file_that_is_broken_somewhere_gives_the_questions_that_are_whole():
    broken = '<question type="essay"><name><text>roto<text></name></question>'
    reading = moodle_xml.read(bank(question("essay", name="uno"), broken, question("essay", name="dos")))
    assert [(found.line, found.question.name) for found in reading.questions] == [(3, "uno"), (5, "dos")]
    assert [(note.line, note.code) for note in reading.dropped] == [(4, "moodle.broken")]


def test_signs_that_only_html_knows_are_mended():
    text = bank('<question type="essay"><name><text>a&nbsp;b & c</text></name></question>')
    reading = moodle_xml.read(text)
    assert reading.questions[0].question.name == "a b & c"
    assert [note.code for note in reading.notes] == ["xml.mended"]


def test_what_is_no_bank_is_refused():
    with pytest.raises(Unreadable):
        moodle_xml.read(b"<html><body>x</body></html>")
