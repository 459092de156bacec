"""What every template keeps to."""

import re

import pytest
from django.template import engines
from django.template.loader import get_template

from tests.repository import tree

TEMPLATES = tree.files(".html", ".txt", under=("templates", *[f"{app}/templates" for app in tree.APPS]))
LINES_AT_MOST = 120
NAMES = [pytest.param(path, id=tree.name(path)) for path in TEMPLATES]
COMMENT = re.compile(r"{#.*?#}|{% comment.*?%}.*?{% endcomment %}|<!--.*?-->", re.DOTALL)
INLINE = re.compile(
    r"""<script(?![^>]*\bsrc=)(?![^>]*type="application/json")[^>]*>|<style\b|\sstyle=|\son[a-z]+=["']|="javascript:""",
    re.IGNORECASE,
)


def template_name(path) -> str:
    """What the loader calls it."""
    return tree.name(path).partition("templates/")[2]


@pytest.mark.parametrize("path", NAMES)
def test_a_template_compiles(path):
    assert get_template(template_name(path))


@pytest.mark.parametrize("path", NAMES)
def test_a_template_has_no_inline_script_or_style(path):
    """The content security policy would refuse it in silence."""
    assert INLINE.findall(COMMENT.sub("", path.read_text())) == []


@pytest.mark.parametrize("path", NAMES)
def test_a_template_is_short(path):
    assert len(path.read_text().splitlines()) <= LINES_AT_MOST


def test_components_say_what_they_need():
    silent = {
        tree.name(path)
        for path in TEMPLATES
        if "components" in path.parts and not path.read_text().startswith(("{#", "{% comment"))
    }
    assert silent == set()


def test_the_rule_about_inline_scripts_can_fail():
    for bad in ("<script>x()</script>", '<p style="color:red">', '<a onclick="x()">', "<style>p{}</style>"):
        assert INLINE.search(bad), bad
    for good in ('<script type="module" src="/a.js"></script>', '<script type="application/json">{}</script>'):
        assert not INLINE.search(good), good
    with pytest.raises(Exception, match="Invalid block tag"):
        engines["django"].from_string("{% no_such_tag %}")
