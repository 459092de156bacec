"""What a stranger with a telephone sees first."""

import pytest

pytestmark = pytest.mark.journey

PAGES = {
    "/": 200,
    "/cursos/": 200,
    "/herramientas/": 200,
    "/verificar/": 200,
    "/entrar/": 200,
    "/registro/": 200,
    "/no-existe/": 404,
}


@pytest.mark.parametrize(("path", "status"), PAGES.items())
def test_a_stranger_finds_a_page_that_works_on_a_telephone(visit, path, status):
    visitor = visit(width=360)
    response = visitor.goto(path)
    assert response.status == status
    assert visitor.page.locator("h1").count() == 1
    assert "default-src 'none'" in response.headers["content-security-policy"]
    expected = [] if status == 200 else [complaint for complaint in visitor.complaints if "404" in complaint]
    assert visitor.complaints == expected
    assert visitor.what_scrolls_sideways() == []
    assert visitor.barriers() == []


def test_a_demo_account_signs_in(visit):
    visitor = visit("employee")
    visitor.goto("/mi-aprendizaje/")
    assert visitor.page.locator("h1").count() == 1
    assert visitor.complaints == []
