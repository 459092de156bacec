"""What a lesson's and a course's page show to whom."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import RequestFactory
from django.urls import reverse

from courses.domain import completion, enrolment, watching
from courses.models import Activity, ActivityCompletion, Attempt, Enrolment, WatchSegment
from lms.domain.errors import RuleBroken
from lms.models import Language
from media.domain import captions, library
from tests.courses.watching_cases import a_viewer, stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_member, a_network, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def a_full_lesson(course=None, **fields):
    video = a_video(title="Cómo se cobra el IUSI", duration_seconds=600)
    captions.save(
        video=video,
        language=Language.objects.get(key="es"),
        text="WEBVTT\n\n00:00.000 --> 00:04.000\nBuenos días a <b>todas</b> y todos.\n",
        by=None,
    )
    return a_lesson(
        course or a_course(),
        ("video", {"video": video, "is_required": True}),
        ("heading", "Antes de empezar"),
        ("text", "<p>El <b>IUSI</b> es un impuesto.</p>"),
        ("note", {"title": "Para recordar", "text": "<p>Se paga cada trimestre.</p>"}),
        ("example", {"title": "En Nebaj", "text": "<p>Así lo hicieron.</p>"}),
        ("quiz", {"quiz": a_quiz(title="Repaso del IUSI"), "is_required": True}),
        **fields,
    )


def page(client, address, **fields):
    answer = client.get(address, **fields)
    assert answer.status_code == 200
    return answer.content.decode()


def enrolled_in(course, client):
    person = an_employee()
    client.force_login(person)
    return enrolment.enrol(person=person, course=course, by=person)


def test_anybody_reads_the_text_but_sees_neither_video_nor_questions(client):
    lesson = a_full_lesson()
    for somebody in (None, an_employee()):
        if somebody:
            client.force_login(somebody)
        html = page(client, lesson.url)
        assert "El <b>IUSI</b> es un impuesto." in html
        assert "Inscríbase para ver el video" in html
        assert "Inscríbase para responder el cuestionario." in html
        assert "Buenos días" not in html
        for hidden in ("/video/", "data-watch", "recorder.js", "/intentos/", "¿Pregunta 1?", "Correcta"):
            assert hidden not in html, hidden


def test_who_withdrew_sees_no_video_any_longer(client):
    lesson = a_full_lesson()
    enrolled = enrolled_in(lesson.course, client)
    assert "data-watch" in page(client, lesson.url)
    enrolment.withdraw(enrolment=enrolled, by=enrolled.person)
    assert "data-watch" not in page(client, lesson.url)


def test_who_is_enrolled_finds_video_transcript_quiz_and_what_is_missing(client):
    lesson = a_full_lesson()
    enrolled_in(lesson.course, client)
    html = page(client, lesson.url)
    assert re.search(r'<video[^>]+src="/video/[^"]+/240p.mp4', html)
    words = re.search(r'href="(/video/[^"]+/es/texto/)"', html)[1]
    assert "Buenos días" not in html  # it costs nothing until it is opened
    assert "Buenos días a todas y todos." in page(client, words)
    assert html.count("Le faltan 9 min del video") == 2
    assert "Apruebe el cuestionario: necesita 70 %" in html
    assert "Responder el cuestionario" in html
    assert 'role="status"' in html
    assert "<noscript>" in html
    assert "¿Pregunta 1?" not in html
    assert "style=" not in html
    assert "<script>" not in html


def test_the_token_on_the_page_opens_the_recording_and_the_bar_is_painted(client):
    viewer = a_viewer(length=600)
    client.force_login(viewer.person)
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 120), at=viewer.at)
    html = page(client, viewer.lesson.url)
    assert '<rect x="0" width="120" height="10"/>' in html
    assert 'aria-label="20 % visto: 0:00–2:00"' in html
    assert 'data-position="120"' in html
    assert "Continuar en 2:00" in html
    assert "Le faltan 7 min del video" in html
    token = re.search(r'data-token="([^"]+)"', html)[1]
    verdicts = watching.record(person=viewer.person, batch=stretch(token, 0, 1))
    assert [verdict.outcome for verdict in verdicts] == ["stored"]


def test_showing_a_page_records_nothing_but_the_visit(client):
    lesson = a_full_lesson()
    enrolled = enrolled_in(lesson.course, client)
    before = enrolled.last_seen_at
    page(client, lesson.url)
    enrolled.refresh_from_db()
    assert enrolled.last_lesson_key == lesson.translation_key
    assert enrolled.last_seen_at > before
    assert not any(model.objects.exists() for model in (ActivityCompletion, WatchSegment, Attempt))


def test_a_trainer_previews_a_draft_as_a_learner_sees_it_and_nothing_is_recorded(client):
    course = a_course()
    lesson = a_full_lesson(course)
    lesson.unpublish()
    trainer = somebody_with_role("trainer")
    client.force_login(trainer)

    original = RequestFactory().get("/cms/")
    original.user = trainer
    original.META["HTTP_COOKIE"] = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
    html = lesson.make_preview_request(original, "").render().content.decode()
    assert re.search(r'<video[^>]+src="/video/', html)
    assert "Vista previa" in html
    assert "En la vista previa no se puede responder." in html
    for recorded in ("data-watch", "recorder.js", "/intentos/"):
        assert recorded not in html
    assert not Enrolment.objects.exists()


def test_a_lesson_of_text_is_marked_as_read_without_javascript(client):
    course = a_course()
    first, second = a_lesson(course, title="Uno"), a_lesson(course, title="Dos")
    enrolled = enrolled_in(course, client)
    html = page(client, first.url)
    assert "Marcar como leída" in html
    address = re.search(r'action="(/actividades/[^"]+/leida/)"', html)[1]
    answer = client.post(address, follow=True)
    assert answer.redirect_chain == [(first.url, 302)]
    html = answer.content.decode()
    assert "Lección completada" in html
    assert "Marcar como leída" not in html
    assert f'href="{second.url}"' in html
    assert completion.course_progress(enrolled).percent == 50


def test_marking_as_read_asks_for_sign_in_enrolment_and_a_reading(client):
    lesson = a_full_lesson()
    reading = a_lesson(lesson.course)
    activities = {activity.kind: activity for activity in Activity.objects.all()}
    address = reverse("courses:mark_read", args=[activities["reading"].public_id])
    assert client.post(address).url.startswith(reverse("lms:sign_in"))
    client.force_login(an_employee())
    assert client.post(address).status_code == 404
    enrolled_in(lesson.course, client)
    assert client.get(address).status_code == 405
    assert client.post(reverse("courses:mark_read", args=[activities["video"].public_id])).status_code == 404
    reading.unpublish()
    assert "ya no está publicada" in client.post(address, follow=True).content.decode()
    assert not ActivityCompletion.objects.exists()


# The course


def test_a_course_shows_what_it_gives_and_costs_and_one_button(client):
    course = a_course(title="Ingresos propios", hours=4, taught_by="ANAM", summary="Cómo cobrar mejor.")
    lesson = a_full_lesson(course, title="El IUSI")
    html = page(client, course.url)
    for words in ("Ingresos propios", "Cómo cobrar mejor.", "4 horas", "ANAM", "Probar", "El IUSI", "Inscribirme"):
        assert words in html, words
    assert "0.1 MB video" in html
    enrolled = enrolled_in(course, client)
    html = page(client, course.url)
    assert "Comenzar" in html
    assert "Inscribirme" not in html
    assert "0 de 2 actividades" in html
    assert f'href="{lesson.url}#a-' in html
    for activity in Activity.objects.all():
        completion.complete_activity(enrolment=enrolled, activity=activity)
    html = page(client, course.url)
    assert "Curso completado" in html
    assert "Ver mi certificado" in html
    assert reverse("certificates:record") in html


def test_when_the_course_asks_for_less_it_can_be_finished_by_hand(client):
    course = a_course()
    kept, dropped = a_lesson(course), a_lesson(course)
    enrolled = enrolled_in(course, client)
    completion.mark_read(enrolment=enrolled, activity=Activity.objects.get(lesson_key=kept.translation_key))
    dropped.unpublish()
    assert "Terminar el curso" in page(client, course.url)
    client.post(reverse("courses:enrol"), {"course": course.translation_key})
    assert "Curso completado" in page(client, course.url)


def test_a_networks_course_says_whom_it_is_for(client):
    network = a_network("Red de Gestores Jóvenes")
    course = a_course(network=network)
    client.force_login(an_employee())
    html = page(client, course.url)
    assert "Este curso es para integrantes de «Red de Gestores Jóvenes»." in html
    assert "Inscribirme" not in html
    client.force_login(a_member(network))
    assert "Inscribirme" in page(client, course.url)


def test_pages_ask_the_same_number_of_queries_for_any_number_of_lessons(client, keeping, django_assert_max_num_queries):
    course = a_course()
    first = a_full_lesson(course)
    enrolled_in(course, client)
    counts = []
    for _round in range(2):
        for address, most in ((course.url, 7), (first.url, 20)):
            page(client, address)
            with django_assert_max_num_queries(most) as asked:
                page(client, address)
            counts.append(len(asked))
        for _number in range(3):
            a_full_lesson(course)
    assert counts[:2] == counts[2:]


# Weight


def weight(*parts: bytes) -> int:
    return sum(len(gzip.compress(part, 6)) for part in parts)


def test_a_lesson_page_weighs_little(client):
    course = a_course()
    lesson = a_full_lesson(course)
    enrolled_in(course, client)
    html = page(client, lesson.url)
    names = set(re.findall(rf"{re.escape(settings.STATIC_URL)}([\w/.-]+\.(?:css|js))", html))
    assert {"lms/aula.css", "courses/lesson.css", "courses/recorder.js"} <= names
    assets = [Path(finders.find(name)).read_bytes() for name in sorted(names)]
    assert weight(html.encode()) <= 15_000
    assert weight(html.encode(), *assets) <= 100_000


def test_the_recorder_is_small():
    assert Path(finders.find("courses/recorder.js")).stat().st_size <= 8 * 1024


def test_what_was_deleted_is_said_in_the_lesson_and_is_no_error(client):
    trainer = somebody_with_role("trainer")
    course = a_course(owner=trainer)
    lesson = a_lesson(course, owner=trainer)
    blocks = (
        ("video", {"video": None}),
        ("quiz", {"quiz": None}),
        ("file", {"document": None}),
        ("image", {"image": None}),
    )
    lesson.body = list(blocks)
    lesson.save_revision().publish()
    words = {
        "Este video ya no está disponible.",
        "Este cuestionario ya no está en el curso.",
        "Este archivo ya no está disponible.",
        "Esta imagen ya no está disponible.",
    }
    html = page(client, lesson.url)
    assert {text for text in words if text in html} == words
    enrolled_in(course, client)
    html = page(client, lesson.url)
    assert {text for text in words if text in html} == words
    client.force_login(trainer)
    preview = client.get(reverse("wagtailadmin_pages:view_draft", args=[lesson.pk]))
    html = preview.content.decode()
    assert {text for text in words if text in html} == words


def test_a_lowered_threshold_completes_what_was_watched_already(client):
    viewers = [a_viewer(length=100), a_viewer(length=100)]
    for viewer in viewers:
        watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 60), at=viewer.at)
        viewer.course.watch_threshold_percent = 60
        viewer.course.save_revision().publish()
    opens, finishes = viewers
    progress = completion.course_progress(Enrolment.objects.get(pk=opens.enrolment.pk))
    assert progress.next.words == "Ya vio lo suficiente: abra la lección para que cuente"
    client.force_login(opens.person)
    page(client, opens.lesson.url)
    page(client, opens.lesson.url)
    enrolment.enrol(person=finishes.person, course=finishes.course, by=finishes.person)
    done = ActivityCompletion.objects.order_by("pk")
    assert [(one.enrolment, one.facts["needed_seconds"]) for one in done] == [(v.enrolment, 60) for v in viewers]


def test_opening_a_lesson_completes_nothing_that_was_not_watched_enough(client):
    viewer = a_viewer(length=100)
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 60), at=viewer.at)
    client.force_login(viewer.person)
    page(client, viewer.lesson.url)
    assert not ActivityCompletion.objects.exists()


def test_a_video_that_only_a_draft_names_is_in_use():
    """The index of references knows of saved rows only."""
    video, lesson = a_video(), a_lesson(a_course())
    lesson.body.append(("video", {"video": video, "is_required": True}))
    lesson.save_revision()
    assert library.uses(video) == 1
    with pytest.raises(RuleBroken) as refusal:
        library.remove(video=video, by=None)
    assert refusal.value.code == "video.in_use"
    lesson.save_revision().publish()
    assert library.uses(video) == 1
