"""The net that canaries fall into: what is planted in each kind of place is caught, and what may be shown is not."""

import gzip
import io
import logging
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from celery import current_app
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import path as url
from reportlab.pdfgen import canvas

from lms.domain import audit, identity, jobs
from lms.permissions import policy
from tests import canaries
from tests.factories.people import a_cui, a_person
from tests.matrix.addresses import ALL
from tests.texts import look_at_database

pytestmark = pytest.mark.django_db


def answer(request, said: str = "") -> HttpResponse:
    """What a test put here."""
    return request.resolver_match.func.makes(request)


answer.makes = lambda request: HttpResponse("")  # type: ignore[attr-defined]
urlpatterns = [url("canario/", answer, name="canary"), url("canario/<str:said>/", answer)]


@pytest.fixture
def served(monkeypatch):
    """What the net catches when a page answers so: `served(make, **request)`."""

    def serve(makes, address: str = "/canario/", **posted: str) -> list[str]:
        monkeypatch.setattr(answer, "makes", makes)
        with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]), canaries.caught() as leaks:
            Client().post(address, posted) if posted else Client().get(address)
        return leaks

    return serve


def a_pdf(text: str) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(100, 700, text)
    page.save()
    return out.getvalue()


def a_workbook(text: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_string(0, 0, text)
    return out.getvalue()


def test_five_hundred_well_formed_numbers_that_nobody_has():
    assert len(set(canaries.CANARIES)) == 500
    numbers = [a_cui() for _each in range(500)]
    assert len(set(numbers)) == 500
    assert all(identity.cui_check_digit_holds(number) and len(number) == 13 for number in numbers)
    assert {number[:9] for number in numbers} == set(canaries.CANARIES)
    more = a_cui(place="0805")
    assert more[:9] not in canaries.CANARIES
    assert identity.cui_check_digit_holds(more)


@pytest.mark.parametrize(
    "written",
    [
        "{0}",
        "CUI{0}.",
        "<td>{0}</td>",
        "12 {0}",
        "{0} 12",
        "{1} {2} {3}",
        "{1}-{2}-{3}",
        "{1}&nbsp;{2}&nbsp;{3}",
        "{1}%20{2}%20{3}",
        "{1} . {2}_{3}",
    ],
)
def test_however_it_is_written_it_is_found(written):
    cui = a_cui()
    assert canaries.found_in(written.format(cui, cui[:4], cui[4:9], cui[9:])) == {cui}


@pytest.mark.parametrize("written", ["1{0}", "{0}1", "•••• ••••• 1401", "9700000000000", "1790000000000"])
def test_other_numbers_are_left_alone(written):
    assert canaries.found_in(written.format(a_cui())) == set()


def test_an_answer_is_looked_through(served):
    cui = a_cui()
    workbook, pdf, packed = a_workbook(cui), a_pdf(cui), gzip.compress(cui.encode())
    for makes in (
        lambda request: HttpResponse(f"<p>{cui[:4]} {cui[4:9]} {cui[9:]}</p>"),
        lambda request: HttpResponse(cui, status=404),
        lambda request: HttpResponse(workbook, content_type="application/vnd.ms-excel"),
        lambda request: HttpResponse(pdf, content_type="application/pdf"),
        lambda request: HttpResponse(packed, headers={"Content-Encoding": "gzip"}),
        lambda request: StreamingHttpResponse([cui[:5], cui[5:]]),
        lambda request: FileResponse(io.BytesIO(pdf), filename="x.pdf"),
    ):
        assert [leak for leak in served(makes) if leak.startswith(f"{cui} in the body of GET /canario/")]
    told = served(lambda request: HttpResponse("", headers={"Content-Disposition": f"attachment; filename={cui}.pdf"}))
    assert told == [f"{cui} in the header Content-Disposition of GET /canario/"]
    led = served(lambda request: HttpResponseRedirect(f"/x/?q={cui}"))
    assert led == [f"{cui} in the header Location of GET /canario/"]
    asked = served(lambda request: HttpResponse(""), f"/canario/?q={cui[:4]}+{cui[4:]}")
    assert asked == [f"{cui} in the address asked for, GET /canario/"]
    assert served(lambda request: HttpResponse(""), f"/canario/{cui}/")

    def with_cookie(request) -> HttpResponse:
        response = HttpResponse("")
        response.set_cookie("last", cui)
        return response

    assert served(with_cookie) == [f"{cui} in the cookie last of GET /canario/"]


def test_an_answer_that_was_looked_through_can_still_be_read(monkeypatch):
    monkeypatch.setattr(answer, "makes", lambda request: StreamingHttpResponse(["a", request.POST["said"]]))
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        assert b"".join(Client().post("/canario/", {"said": "b"})) == b"ab"


def test_a_form_that_comes_back_may_show_what_was_typed_and_a_named_screen_all(served, monkeypatch):
    typed, other = a_cui(), a_cui()
    echo = lambda request: HttpResponse(typed, status=422)  # noqa: E731
    assert served(echo, said=f"{typed[:4]} {typed[4:]}") == []
    assert served(echo, said=other)
    assert served(lambda request: HttpResponse(typed), said=typed)
    assert served(lambda request: HttpResponse(typed))
    monkeypatch.setitem(policy(), "shows_cui", ["canary"])
    assert served(lambda request: HttpResponse(typed)) == []
    assert served(lambda request: HttpResponseRedirect(f"/{typed}"))


def test_the_screens_that_may_show_one_are_few_and_exist():
    assert set(policy()["shows_cui"]) <= {address.view_name for address in ALL}
    assert len(policy()["shows_cui"]) <= 6


def test_a_log_line_is_read_with_its_error():
    cui = a_cui()
    with canaries.caught() as leaks:
        logging.getLogger("lms.domain.people").info("%s registered", cui)
        try:
            int(f"x{cui}")
        except ValueError:
            logging.getLogger("elsewhere").exception("Something broke")
    assert leaks == [f"{cui} in the log of lms.domain.people", f"{cui} in the log of elsewhere"]


def test_what_is_written_into_the_database_is_read():
    person = a_person(cui=a_cui())
    for plant in (
        lambda cui: type(person).objects.filter(pk=person.pk).update(given_names=cui),
        lambda cui: jobs.request("x", "y", payload={"rows": [{"cui": cui}]}),
        lambda cui: jobs.request("x", cui),
        lambda cui: audit.record("x", by=person, facts={"cui": cui}),
        lambda cui: audit.record_all("x", by=person, about=[("", {}), ("", {"cui": cui})]),
        lambda cui: type(person).objects.bulk_create([type(person)(surnames=cui, given_names="x")]),
    ):
        cui = a_cui()
        with canaries.caught() as leaks:
            plant(cui)
        assert leaks
        assert all(leak.startswith(f"{cui} in the database: ") for leak in leaks)


def test_sessions_caches_tasks_and_mails_are_read():
    session_cui, key_cui, value_cui, task_cui, mail_cui, pdf_cui = (a_cui() for _each in range(6))
    mail = EmailMultiAlternatives("Hola", f"Su CUI es {mail_cui}", to=["x@example.org"])
    mail.attach_alternative("<p>Hola</p>", "text/html")
    mail.attach("x.pdf", a_pdf(pdf_cui), "application/pdf")
    with canaries.caught() as leaks:
        session = SessionStore()
        session["last"] = session_cui
        session.save()
        cache.set(f"tries:{key_cui}", 1)
        cache.add("k", {"cui": value_cui})
        mail.send()
        current_app.send_task("lms.tasks.run_job", args=[task_cui], queue="aula-canarios")
    with current_app.connection_for_write() as connected:
        connected.default_channel.queue_purge("aula-canarios")
    caught = {leak.partition(" in ")[0]: leak.partition(" in ")[2] for leak in leaks}
    assert set(caught) == {session_cui, key_cui, value_cui, task_cui, mail_cui, pdf_cui}
    assert caught[task_cui] == "the task lms.tasks.run_job"
    assert caught[session_cui] == "a session"


def test_files_are_read_and_unpacked_once(tmp_path):
    net, (plain, packed, hidden) = canaries.Net(), (a_cui() for _each in range(3))
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "1.log").write_text(f"Su CUI: {plain}")
    (tmp_path / "lista.xlsx").write_bytes(a_workbook(packed))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x.csv", hidden)
    net.look_at_files(tmp_path)
    found = {leak.partition(" in ")[0] for leak in net.empty()}
    assert found == {plain, packed, hidden}
    net.look_at_files(tmp_path)
    assert net.empty() == []
    named = a_cui()
    (tmp_path / f"{named}.pdf").touch()
    net.look_at_files(tmp_path)
    assert net.empty() == [f"{named} in the file {named}.pdf"]


@pytest.mark.django_db(transaction=True)
def test_a_whole_database_is_read(settings):
    cui = a_cui()
    with canaries.caught():
        a_person(given_names=cui)
        jobs.request("x", "y", payload={"cui": cui})
    facts = connection.settings_dict
    url = f"sqlite:///{facts['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgresql://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    net = canaries.Net()
    look_at_database(url, net.look)
    assert {leak.partition(" in ")[2] for leak in net.empty()} == {"the table lms_person", "the table lms_job"}


PLANTED = """
import pytest
from django.core.cache import cache
from tests.factories.people import a_cui

def test_that_leaks():
    cache.set("x", a_cui())

def test_that_does_not():
    assert a_cui()
"""


def test_a_test_that_leaks_fails(tmp_path):
    """In a process of its own, with the plugins of the house."""
    root, file = Path(__file__).resolve().parents[2], tmp_path / "test_planted.py"
    file.write_text(PLANTED)
    options = ["-c", str(root / "pyproject.toml"), "--rootdir", str(root), "-p", "no:cacheprovider", "-n", "0"]
    command = [sys.executable, "-m", "pytest", *options, str(file)]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout
    assert "1 failed, 1 passed" in told
    assert "Canaries came to light" in told
    assert "in the cache, x" in told
