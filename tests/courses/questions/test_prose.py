"""Prose: what nobody can be harmed by, and nothing of what was said."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.questions import prose

pytestmark = pytest.mark.once
TAG = re.compile(r"<(/?)([a-z]+)((?:\s[a-z-]+=\"[^\"<]*\")*)>")
pieces = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<div>",
            "</div>",
            "<b>",
            "</b>",
            "<ul>",
            "<li>",
            "</ul>",
            "<table>",
            "<tr>",
            "<td colspan='2'>",
        ),
        *(
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            '<a href="javascript:x()">',
            "</a>",
            "<hr>",
            "<br>",
        ),
        *(
            "<span data-gap='g1'>",
            "</span>",
            "<h2>",
            "</h2>",
            "<pre>",
            "</pre>",
            "a<b",
            "&lt;",
            "&amp;nbsp;",
            "\n  ",
            "<",
        ),
        *('<a href="https://anam.gt/?a=1&b=2">', "<style>p{}</style>", "<!-- x -->", "<iframe src=//x>", "]]>", "\xa0"),
        *("<img data-picture='f1' alt='a > b'>", "<center>", "<font color=red>", "</font>", "<math><mi>x</mi></math>"),
        *("é", "<svg onload=x>"),
    ]
)


def taken(html: str) -> prose.TakenIn:
    return prose.take_in(html, picture=lambda address, alternative: "f1" if address == "a.png" else None, gaps=["g1"])


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join))
def test_only_the_named_elements_and_attributes_are_left_and_cleaning_twice_changes_nothing(html):
    once = prose.clean(html, pictures=["f1"], gaps=["g1"])
    assert prose.clean(once, pictures=["f1"], gaps=["g1"]) == once
    rest = TAG.sub("", once)
    assert "<" not in rest
    for _slash, element, attributes in TAG.findall(once):
        assert element in prose.ELEMENTS
        names = set(re.findall(r"\s([a-z-]+)=", re.sub(r'"[^"]*"', '""', attributes)))
        assert names <= prose.ATTRIBUTES.get(element, set())
    assert all(address.startswith(("http://", "https://")) for address in re.findall(r'href="([^"]*)', once))


@pytest.mark.parametrize(
    ("html", "made"),
    [
        ("<div>a</div>b", "<p>a</p><p>b</p>"),
        ("a<div>b</div>", "a<p>b</p>"),
        ("<div><b>a<div>c</div></b></div>", "<p><strong>a</strong></p><p><strong>c</strong></p>"),
        ("<h2>T</h2><p>x</p>", "<p><strong>T</strong></p><p>x</p>"),
        ("<dl><dt>t</dt><dd>d</dd></dl>", "<p><strong>t</strong></p><p>d</p>"),
        ("<i>a</i> <tt>b</tt> <ins>c</ins>", "<em>a</em> <code>b</code> <u>c</u>"),
        ("<td>x</td>", "x"),
        ("a<script>alert(1)</script><style>p{}</style>z", "az"),
        ("<ol><li>a<li>b</ol>", "<ol><li>a</li><li>b</li></ol>"),
        ("<p>a\n      b</p>\n\n  <pre>x\n  y</pre>", "<p>a\nb</p>\n<pre>x\n  y</pre>"),
    ],
)
def test_other_elements_become_those_of_the_same_meaning(html, made):
    assert prose.clean(html) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("if a<b && c>d", "if a&lt;b &amp;&amp; c&gt;d"),
        ("vector<int> v;", "vector&lt;int&gt; v;"),
        ("#include <iostream>", "#include &lt;iostream&gt;"),
        ("x <- 3", "x &lt;- 3"),
        ("1 < 2 <b>bold</b>", "1 &lt; 2 <strong>bold</strong>"),
    ],
)
def test_what_only_looks_like_an_element_stays_as_text(text, made):
    assert prose.clean(text) == made


@pytest.mark.parametrize(
    ("html", "lost"),
    [
        ("<video src=x>film</video>", ("video",)),
        ('<span style="color:red">x</span>', ("style",)),
        ('<a href="/aula/1">x</a>', ("link",)),
        ('<img src="b.png" alt="mapa">', ("picture",)),
        ("<script>x</script>y", ("script",)),
        ('<a name="x"></a><a href="#x">y</a>', ()),
        ("<p>all is well</p>", ()),
    ],
)
def test_what_had_no_place_is_named(html, lost):
    assert taken(html).lost == lost


def test_a_picture_stands_by_its_key_and_one_without_leaves_its_words():
    assert taken('<img src="a.png" alt="x > y">').html == '<img data-picture="f1" alt="x &gt; y">'
    assert taken('<img src="b.png" alt="mapa <1>">').html == "mapa &lt;1&gt;"


def test_each_gap_stands_once_and_only_where_it_is_expected():
    html = '<span data-gap="g1"></span> <span data-gap="g1"></span> <span data-gap="g2">x</span>'
    assert taken(html).html == '<span data-gap="g1"></span>  x'


def test_cells_may_span_others_within_reason():
    row = prose.clean('<table><tr><td colspan="3" rowspan="999" onclick="x()">a</td></tr></table>')
    assert row == '<table><tbody><tr><td colspan="3">a</td></tr></tbody></table>'


def test_what_is_nested_too_deeply_keeps_its_words_alone():
    made = taken("<div>" * 150 + "palabras" + "</div>" * 150)
    assert (made.html, made.lost) == ("palabras", ("deep",))


def test_what_is_too_long_is_cut_and_said_to_be():
    made = taken("<b>x</b>" * 40_000)
    assert len(made.html) < 500_000
    assert made.lost == ("long",)


def test_plain_texts_become_prose_and_prose_plain_text():
    assert prose.from_plain("una línea, a<b") == "una línea, a&lt;b"
    assert prose.from_plain("uno\ndos\n\n tres ") == "<p>uno<br>dos</p><p>tres</p>"
    html = '<p>¿Cuál?<br>Mire <img data-picture="f1" alt="el mapa"></p><ul><li>a &lt; b</li></ul><p>x '
    html += '<span data-gap="g1"></span></p><table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>'
    assert prose.to_plain(html) == "¿Cuál?\nMire [el mapa]\n- a < b\nx _____\n1 2"


def test_a_single_paragraph_may_stand_without_one():
    assert prose.without_paragraph("<p>a <em>b</em></p>") == "a <em>b</em>"
    assert prose.without_paragraph("<p>a</p><p>b</p>") == "<p>a</p><p>b</p>"
