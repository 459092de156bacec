"""The toolbox and the page of a tool."""

import itertools

import pytest
from django.core.files.base import ContentFile
from wagtail.documents import get_document_model

from courses.domain.tree import ensure_tree
from courses.models import ToolPage
from lms.models import Post
from tests.factories.courses import a_course
from tests.factories.people import a_member, a_network

pytestmark = pytest.mark.django_db
_serial = itertools.count(1)


def a_tool(*, posts: tuple[str, ...] = ("DAFIM",), files=(), **fields) -> ToolPage:
    """A published tool."""
    number = next(_serial)
    fields.setdefault("title", f"Herramienta de prueba {number}")
    fields.setdefault("code", f"X{number:02d}")
    fields.setdefault("family", "FI")
    fields.setdefault("summary", "Sirve para probar.")
    _catalogue, index = ensure_tree()
    tool = index.add_child(instance=ToolPage(slug=f"herramienta-{number}", locale=index.locale, **fields))
    tool.posts.set(Post.objects.filter(code__in=posts))
    tool.files = list(files)
    tool.save_revision().publish()
    return ToolPage.objects.get(pk=tool.pk)


def titles(response) -> list[list[str]]:
    return [[tool.title for tool in tools] for _family, tools in response.context["families"]]


def test_tools_stand_by_family_and_code(client):
    a_tool(title="Segunda", family="FI", code="FI02")
    a_tool(title="Primera", family="FI", code="FI01")
    a_tool(title="Concejo", family="AC", code="AC01")
    assert titles(client.get("/herramientas/")) == [["Concejo"], ["Primera", "Segunda"]]


def test_family_and_post_filter_add_up_and_nonsense_is_left_out(client):
    a_tool(title="A", family="FI", posts=("DAFIM", "ALC"))
    a_tool(title="B", family="FI", posts=("FONT",))
    a_tool(title="C", family="AC", posts=("ALC",))
    assert titles(client.get("/herramientas/?family=FI")) == [["A", "B"]]
    assert titles(client.get("/herramientas/?post=ALC")) == [["C"], ["A"]]
    assert titles(client.get("/herramientas/?post=ALC&family=FI")) == [["A"]]
    assert titles(client.get("/herramientas/?post=NADIE&family=ZZ")) == [["C"], ["A", "B"]]


def test_drafts_are_not_shown(client):
    a_tool(title="Borrador").unpublish()
    assert titles(client.get("/herramientas/")) == []


@pytest.mark.parametrize("count", [1, 12])
def test_queries_do_not_grow_with_tools(client, count, django_assert_max_num_queries):
    for _number in range(count):
        a_tool(posts=("DAFIM", "ALC"))
    client.get("/herramientas/")
    with django_assert_max_num_queries(9):
        client.get("/herramientas/")


def test_a_tools_page_says_everything(client):
    document = get_document_model()(title="Plantilla de metas")
    document.file.save("metas.xlsx", ContentFile(b"x" * 2048))
    document.save()
    course = a_course(title="Ingresos propios")
    tool = a_tool(
        title="Estrategia de ingresos",
        outcome="<ul><li>Un plan de metas</li></ul>",
        steps="<ol><li>Revisar la mora</li></ol>",
        files=[("file", {"document": document, "description": "Para la DAFIM"})],
        course=course,
        is_derived=True,
    )
    html = client.get(tool.url).content.decode()
    for words in (
        "Estrategia de ingresos",
        "Sirve para probar.",
        "Un plan de metas",
        "Revisar la mora",
        "Plantilla de metas",
        "XLSX",
        "Para la DAFIM",
        "Curso: Ingresos propios",
        "Título por confirmar con ANAM",
    ):
        assert words in html
    assert course.url in html
    assert Post.objects.get(code="DAFIM").name in html


def test_a_confirmed_title_bears_no_mark(client):
    assert "por confirmar" not in client.get(a_tool().url).content.decode()


def test_a_course_the_reader_may_not_see_is_not_named(client):
    network = a_network()
    tool = a_tool(course=a_course(title="Solo para la red", network=network))
    assert "Solo para la red" not in client.get(tool.url).content.decode()
    client.force_login(a_member(network))
    assert "Solo para la red" in client.get(tool.url).content.decode()
