"""The public page is drawn once in each shape and filled for each certificate: it is the page that would be drawn."""

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse

from certificates.models import Certificate
from lms.domain import kept
from lms.views import filling
from tests.certificates.test_shown import EACH
from tests.factories.certificates import a_certificate, a_completion, a_lifting, a_revocation, a_suspension, issuing
from tests.factories.courses import a_course
from tests.factories.people import an_employee

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("keeping")]
AWKWARD = ["<b>Ana</b>", "Xʼol & \"Co.\" 'S'", "{{ person }} %(person)s", "{% now %} 100 %", "\\1 $1 \x1a"]


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


def read(certificate: Certificate, *, query: str = "", **headers) -> str:
    answer = Client().get(reverse("certificates:certificate", args=[certificate.code]) + query, headers=headers)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    return answer.content.decode()


def plain(settings, certificate: Certificate, **headers) -> str:
    """As it is where nothing is kept."""
    settings.KEPT_SECONDS = 0
    try:
        return read(certificate, **headers)
    finally:
        settings.KEPT_SECONDS = 60


@pytest.mark.parametrize("make", EACH.values(), ids=EACH)
def test_it_is_the_page_that_would_be_drawn(settings, make):
    each = [make(), make()]
    for language in ("es", "en"):
        for one in each * 2:
            said = read(one, **{"accept-language": language})
            assert said == plain(settings, one, **{"accept-language": language})
            assert filling._WORD not in said
            assert f'<html lang="{language}">' in said


@pytest.mark.parametrize("name", AWKWARD)
def test_whatever_stands_in_it_is_escaped_and_stays_as_it_is(settings, name):
    read(a_certificate())
    title = f"Curso {name}"
    one = a_certificate(
        person=an_employee(given_names=name), course=a_course(title=title), programme=[name, f"{name} 2"]
    )
    assert read(one) == plain(settings, one)


def test_what_is_there_and_what_is_not_has_a_shape_of_its_own(settings):
    """Each of these would show what stands in the others, or lack what stands in its own."""
    whole = {"score_percent": 90, "programme": ["Una", "Dos"]}
    others = [{}, {"score_percent": None}, {"programme": []}, {"programme": ["Una"]}, {"programme": ["Una", ""]}]
    others += [{"municipality": None}, {"post": None}, {"certificate_months": 12, "grace_days": 30}]
    others += [{"certificate_kind": "constancia"}, {"hours": 1}]
    each = [a_certificate(**{**whole, **fields}) for fields in others]
    completion = a_completion()
    completion.started_at = completion.completed_at
    completion.save()
    issuing.owe(completion)
    each.append(issuing.issue(completion.public_id))
    for one in [*each, *reversed(each)]:
        assert read(one) == plain(settings, one)


def test_what_becomes_of_it_is_seen_at_the_next_request():
    certificate, other = a_certificate(), a_certificate()
    assert "auténtico y vigente" in read(certificate)
    a_suspension(certificate)
    assert "Certificado suspendido desde el" in read(certificate)
    a_lifting(certificate)
    assert "auténtico y vigente" in read(certificate)
    a_revocation(certificate)
    assert "Certificado revocado el" in read(certificate)
    assert "auténtico y vigente" in read(other)


def test_nothing_that_is_kept_names_anybody():
    certificate = a_certificate()
    read(certificate)
    (text,) = [str(row) for row in kept.drawn._rows.items()]
    assert "auténtico y vigente" in text
    told = [certificate.code, certificate.reference, certificate.person_name, certificate.course_title]
    assert [one for one in [*told, certificate.issuer, "Primera lección"] if one in text] == []


def test_who_is_signed_in_and_who_asks_for_more_is_drawn_a_page_of_their_own(client):
    certificate = a_certificate()
    assert "Entrar</a>" in read(certificate)
    client.force_login(an_employee())
    own = client.get(reverse("certificates:certificate", args=[certificate.code])).content.decode()
    assert ("Entrar</a>" in own, "Salir</button>" in own) == (False, True)
    assert "Salir</button>" not in read(certificate)
    assert f'value="/verificar/{certificate.code}/?a=%3Cb%3E"' in read(certificate, query="?a=<b>")
    assert f'value="/verificar/{certificate.code}/"' in read(certificate)
    assert len(kept.drawn._rows) == 1


def test_a_page_with_a_mark_against_forgery_is_not_kept(monkeypatch):
    marked = engines["django"].from_string("{{ code }} {% csrf_token %}")
    monkeypatch.setattr(filling, "render_to_string", lambda _name, context, request: marked.render(context, request))

    def show(code: str) -> HttpResponse:
        request = RequestFactory().get(f"/{code}/")
        return filling.render_filled(request, "any", {}, {"code": code}, named_by="code")

    assert show("A").content.startswith(b"A <input")
    assert not kept.drawn._rows
