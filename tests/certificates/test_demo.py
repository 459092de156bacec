"""The demo: its content is well formed, and loading it for real ends with everything in place, once."""

import csv
import io
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certificates.demo import courses, drawings, files, people, progress
from certificates.models import AnnotationDetails, CareerAnnotation, Certificate, CertificateEvent, CertificateFile
from courses.domain import tools
from courses.domain.prose import render_list, render_prose
from courses.management.commands.load_tools import read_tools
from courses.models import Activity, CatalogueIndexPage, Completion, CoursePage, LessonPage, ToolIndexPage, ToolPage
from courses.questions import grading, solving
from lms.models import Job, Membership, Person, RoleGrant
from media import recording
from media.domain import captions
from media.models import Caption, Video

DATA = Path(apps.get_app_config("lms").path) / "data"


def codes(table: str) -> set[str]:
    """The codes of one of the reference tables."""
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        return {row["code"] for row in csv.DictReader(handle)}


def quiet(command: str, *args: str) -> str:
    """What a command prints."""
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


# Texts ------------------------------------------------------------------------------------------------------------
def test_prose_is_paragraphs_lists_and_bold_and_nothing_else():
    text = "Uno\ndos **tres** <b>no</b>\n\n- a\n- b\n  sigue\n\n1. x\n2. y"
    assert render_prose(text) == (
        "<p>Uno dos <b>tres</b> &lt;b&gt;no&lt;/b&gt;</p>"
        "<ul><li>a</li><li>b sigue</li></ul><ol><li>x</li><li>y</li></ol>"
    )
    assert render_list(["a & b"], tag="ol") == "<ol><li>a &amp; b</li></ol>"


def test_every_tool_has_its_texts_and_names_posts_that_exist():
    rows = list(read_tools())
    assert {row["code"] for row in rows} == codes("tools")
    assert len(rows) == 24
    posts = codes("posts")
    for row in rows:
        assert set(row["posts"]) <= posts
        assert len(row["summary"]) <= 400
        assert 3 <= row["outcome"].count("<li>") <= 4, row["code"]
        assert 5 <= row["steps"].count("<li>") <= 8, row["code"]
    assert len({row["slug"] for row in rows}) == 24


@pytest.mark.parametrize("name", courses.COURSES)
def test_a_course_is_well_formed(name):
    spec = courses.course_data(name)
    assert set(spec["posts"]) <= codes("posts")
    assert spec["tool"] in codes("tools")
    assert len(spec["summary"]) <= 400
    assert 4 <= len(spec["lessons"]) <= 5
    used = [next(iter(row.items())) for lesson in spec["lessons"] for row in lesson["blocks"]]
    kinds = [kind for kind, _value in used]
    held = {"ingresos": {"attendance"}, "agua": {"words"}}.get(name, set())
    assert set(kinds) == {"video", "heading", "text", "note", "example", "file", "image", "quiz"} | held
    assert {value for kind, value in used if kind == "video"} == set(spec["videos"])
    assert {value["image"] for kind, value in used if kind == "image"} == set(spec["images"])
    assert {value["file"] for kind, value in used if kind == "file"} == set(spec["files"])
    assert {row["kind"] for row in spec["images"].values()} <= set(drawings.IMAGES)
    assert {row["kind"] for row in spec["files"].values()} <= set(files.FILES)
    assert all(value["description"] for kind, value in used if kind == "image")
    assert kinds.count("quiz") == 1


@pytest.mark.parametrize("name", courses.COURSES)
def test_each_lesson_is_worth_reading(name):
    for lesson in courses.course_data(name)["lessons"]:
        assert len(lesson["summary"]) <= 300
        words = 0
        for row in lesson["blocks"]:
            kind, value = next(iter(row.items()))
            if kind in {"heading", "text", "note", "example"}:
                words += len((value if isinstance(value, str) else " ".join(value.values())).split())
        assert 230 <= words <= 450, lesson["title"]


@pytest.mark.parametrize("name", courses.COURSES)
def test_a_quiz_has_right_choices_and_reasons(name):
    questions = courses.course_data(name)["quiz"]["questions"]
    assert 4 <= len(questions) <= 8
    kinds = [row.get("kind", "single") for row in questions if "choices" in row]
    assert kinds == ["single", "single", "multiple", "single", "single"]
    for row in questions:
        assert row["explanation"]
        said = courses.said(row)
        assert grading.grade(said, solving.right(said.body)).percent == 100
        assert grading.grade(said, solving.wrong(said.body)).percent < 100
        if "choices" in row:
            assert len(set(row["choices"])) == len(row["choices"]) >= 3


def test_people_are_plainly_fictitious_and_well_spread():
    specs = people.wanted_people()
    assert all(spec["surnames"].endswith(" Demo") for spec in specs)
    names = [people.identifier(spec) for spec in specs]
    assert len(set(names)) == len(names) >= 36
    places = {spec.get("municipality") or spec.get("network") for spec in specs} - {None}
    assert len(places) >= 10
    assert len({place[:2] for place in places}) >= 5
    assert places <= codes("municipalities")
    assert {spec["post"] for spec in specs if "post" in spec} <= codes("posts")
    plans = [progress.Plan(**plan) for spec in specs for plan in spec.get("courses", {}).values()]
    assert {plan.state for plan in plans} == set(progress.STATES)
    assert all(plan.took < plan.days or plan.state in {"enrolled", "half"} for plan in plans)
    joined = "".join(spec["given"] + spec["surnames"] for spec in specs)
    assert "ʼ" in joined
    assert "ẍ" in joined


def test_captions_have_the_times_of_the_sentences():
    cues = [
        recording.Cue(0.6, 3.0049, "Hola."),
        recording.Cue(3661.5, 3663, "Una frase que no cabe en una línea de teléfono."),
    ]
    parsed = captions.parse(recording.render_vtt(cues))
    assert [(cue.start, cue.end) for cue in parsed] == [(600, 3005), (3_661_500, 3_663_000)]
    assert parsed[1].text == "Una frase que no cabe en\nuna línea de teléfono."


@pytest.mark.parametrize("kind", sorted(files.FILES))
def test_files_are_what_their_names_say(kind):
    name, make = files.FILES[kind]
    content = make()
    assert content.startswith(b"%PDF-" if name.endswith(".pdf") else b"PK\x03\x04")


def test_pictures_fit_a_phone():
    for draw in drawings.IMAGES.values():
        assert draw().width == 640


# Tools ------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_tools_are_loaded_once_and_what_a_person_wrote_is_kept():
    assert "24 written" in quiet("load_tools")
    assert ToolPage.objects.live().count() == 24
    assert ToolIndexPage.objects.get().introduction
    assert CatalogueIndexPage.objects.get().introduction
    assert "0 written" in quiet("load_tools")

    edited, stale = ToolPage.objects.get(code="AC01"), ToolPage.objects.get(code="AC02")
    author = Person.objects.create(given_names="Ana", surnames="De Prueba")
    edited.title = "Otro título"
    edited.save_revision(user=author, log_action=True).publish()
    stale.steps = "<p>viejo</p>"
    stale.save_revision().publish()
    ToolIndexPage.objects.update(introduction="Nuestra")

    assert tools.was_touched(edited)
    assert "1 written" in quiet("load_tools")
    assert ToolPage.objects.get(code="AC01").title == "Otro título"
    assert "<ol>" in ToolPage.objects.get(code="AC02").steps
    assert ToolIndexPage.objects.get().introduction == "Nuestra"


# The whole load ---------------------------------------------------------------------------------------------------
def counts() -> dict[str, int]:
    """How many rows every table has."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_production_does_not_want_it(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError):
        call_command("load_demo")


@pytest.mark.django_db
def test_accounts_are_printed_only_where_the_demo_is():
    assert quiet("demo_accounts") == ""


@pytest.mark.once  # the journeys load it on both engines
@pytest.mark.django_db(transaction=True)
def test_the_demo_is_loaded_once_and_everything_is_there():
    assert {"load_demo", "demo_accounts"} <= set(get_commands())
    quiet("load_demo", "--small")
    before = counts()
    with CaptureQueriesContext(connection) as second:
        quiet("load_demo", "--small")
    writes = [query["sql"] for query in second if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert writes == []
    assert counts() == before

    assert CoursePage.objects.live().count() == 3
    assert LessonPage.objects.live().count() == 14
    assert all(tool.files for tool in ToolPage.objects.exclude(course=None))
    assert set(ToolPage.objects.exclude(course=None).values_list("code", flat=True)) == {"FI01", "FI02", "OP01"}
    assert Video.objects.filter(state=Video.State.READY).count() == Video.objects.count() == 6
    assert Caption.objects.count() == 6
    assert set(Activity.objects.values_list("kind", flat=True)) == set(Activity.Kind.values)
    # What was assigned with a day is told some minutes later, with whatever else is assigned by then.
    assert set(Job.objects.exclude(state=Job.State.DONE).values_list("kind", flat=True)) == {"courses.tell_assigned"}
    assert not Person.objects.filter(is_demo=False).exists()
    assert set(RoleGrant.objects.values_list("role", flat=True)) == {
        "administrator", "trainer", "certifier", "auditor", "department_delegate", "hr_delegate",
    }  # fmt: skip
    assert Membership.objects.filter(is_coordinator=True).count() == 1

    completions = set(Completion.objects.values_list("person__surnames", "course_title"))
    water, income = "Registro de usuarios de agua y cobro con código de barras", "Estrategia de ingresos propios"
    assert completions == {
        ("Portón Demo", income),
        ("Encino Demo", income),
        ("Encino Demo", water),
        ("Maẍ Demo", water),
        ("Espejo Demo", water),
        ("Puente Demo", "Organización e incidencia juvenil"),
    }
    assert set(Certificate.objects.values_list("person__surnames", "course_title")) == completions
    assert CertificateFile.objects.count() == len(completions)
    revoked = CertificateEvent.objects.filter(kind=CertificateEvent.Kind.REVOKED)
    assert [event.certificate.person.surnames for event in revoked] == ["Espejo Demo"]
    steps = CareerAnnotation.objects.values_list("person__surnames", "step")
    assert sorted(steps) == [
        ("Encino Demo", "declared"),
        ("Portón Demo", "certified"),
        ("Portón Demo", "checked"),
        ("Portón Demo", "declared"),
        ("Portón Demo", "declared"),
    ]
    assert all("(demostración)" in one.texts["title"] for one in AnnotationDetails.objects.exclude(texts={}))

    printed = quiet("demo_accounts")
    for spec in people.people_data()["accounts"]:
        assert people.identifier(spec) in printed
        assert people.find(spec).check_password(people.people_data()["password"])
