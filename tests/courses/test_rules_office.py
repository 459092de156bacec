"""What a course asks for, in the back-office and on the learner's page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.domain import completion, enrolment, rules, watching
from courses.models import Activity, Completion, CourseRule, Waiver
from courses.rule_forms import read_spans
from tests.courses.rule_cases import a_rule, passages_of
from tests.courses.test_asking import drafted
from tests.courses.test_completion import a_learner
from tests.courses.watching_cases import a_viewer, segment, stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
WHY = "Lo vio en persona, en el taller de mayo."


@pytest.fixture
def trainer(client):
    person = somebody_with_role("trainer")
    client.force_login(person)
    return person


@pytest.fixture
def viewer(trainer):
    viewer = a_viewer(length=200, course=a_course(title="Ingresos", owner=trainer))
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 120))
    return viewer


def at(name, course):
    return reverse(f"courses_rules:{name}", args=[course.translation_key])


def text(response):
    return " ".join(response.content.decode().split())


def fields(viewer, **changed):
    key = viewer.activity.block_key
    said = {"watch_percent": "90", "optional_count": "0", "mean_percent": "", f"watch-{key}": "", f"passages-{key}": ""}
    return said | {name.replace("KEY", str(key)): value for name, value in changed.items()}


def test_a_change_is_written_looked_at_and_dated(client, viewer, run_jobs):
    course = viewer.course
    assert "De cada video hay que ver 90 %." in text(client.get(at("index", course)))
    assert client.get(at("edit", course)).status_code == 200
    response = client.post(at("edit", course), fields(viewer, **{"passages-KEY": "0:10 a 0:30", "watch_percent": "50"}))
    assert response.url == at("effect", course)
    page = text(client.get(response.url))
    assert "Completaría ya: 1" in page
    assert viewer.person.full_name in page
    assert "sin saltarse 0:10–0:30" in page
    assert rules.in_force(course).watch_percent == 90
    assert "Nadie pierde" in text(
        client.post(at("effect", course), {"on": timezone.localdate().isoformat()}, follow=True)
    )
    assert run_jobs() == []
    assert Completion.objects.get().person == viewer.person
    assert rules.in_force(course).own[str(viewer.activity.block_key)].passages.spans == ((10, 30),)


def test_what_cannot_be_is_said_beside_its_field(client, viewer):
    response = client.post(at("edit", viewer.course), fields(viewer, **{"passages-KEY": "diez"}))
    assert response.status_code == 422
    assert "«diez» no se entiende" in text(response)
    response = client.post(at("edit", viewer.course), fields(viewer, **{"passages-KEY": "2:00-9:00"}))
    assert "dentro del video" in text(response)
    assert "ya pide" in text(client.post(at("edit", viewer.course), fields(viewer)))
    assert not CourseRule.objects.exists()


def test_a_day_that_is_gone_is_refused_and_a_change_can_be_dropped(client, viewer):
    client.post(at("edit", viewer.course), fields(viewer, watch_percent="100"))
    yesterday = timezone.localdate() - timedelta(days=1)
    response = client.post(at("effect", viewer.course), {"on": yesterday.isoformat()})
    assert (response.status_code, "hacia atrás" in text(response)) == (422, True)
    assert "Tendría más por hacer: 1" in text(response)
    client.post(at("withdraw", viewer.course))
    assert CourseRule.objects.get().withdrawn_at
    assert client.get(at("effect", viewer.course)).url == at("index", viewer.course)


def test_spans_are_read_as_people_write_them():
    assert read_spans("2:10-2:50, 1:00:00–1:00:05; 0:00 a 0:09") == ((0, 9), (130, 170), (3600, 3605))
    assert read_spans(" ") == ()


def test_another_trainers_course_does_not_exist(client, viewer):
    client.force_login(somebody_with_role("trainer"))
    for name in ("index", "edit", "effect"):
        assert client.get(at(name, viewer.course)).status_code == 404
    assert client.get(reverse("courses_people:index", args=[viewer.course.translation_key])).status_code == 404
    person = reverse("courses_people:person", args=[viewer.enrolment.public_id])
    assert client.post(person, {"reason": WHY}).status_code == 404


def test_what_publishing_would_change_and_changed_is_on_the_page(client, trainer):
    course = a_course(owner=trainer)
    a_lesson(course)
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(title="Repaso"), "is_required": True}))
    a_learner(course)
    revision = drafted(lesson, is_required=False)
    page = text(client.get(at("index", course)))
    assert "Ya no se pedirá: Repaso" in page
    assert "1 persona tendría menos por hacer" in page
    revision.publish()
    page = text(client.get(at("index", course)))
    assert "Se dejó de pedir: Repaso" in page
    assert "Ya no se pedirá" not in page


def test_the_page_of_a_course_leads_to_what_it_asks_for(client, viewer):
    page = client.get(reverse("wagtailadmin_pages:edit", args=[viewer.course.pk])).content.decode()
    assert at("index", viewer.course) in page
    assert 'name="watch_threshold_percent"' not in page


def test_an_exception_is_made_told_and_taken_back(client, trainer, viewer):
    a_lesson(viewer.course, title="Otra")
    address = reverse("courses_people:person", args=[viewer.enrolment.public_id])
    people = text(client.get(reverse("courses_people:index", args=[viewer.course.translation_key])))
    assert address in people
    said = {"activity": str(viewer.activity.public_id), "kind": "accepted"}
    refused = client.post(address, said | {"reason": "corto"})
    assert (refused.status_code, "diez letras" in text(refused)) == (422, True)
    client.post(address, said | {"reason": WHY})
    waiver = Waiver.objects.get()
    client.force_login(viewer.person)
    page = text(client.get(viewer.course.url))
    assert f"La hizo por otro medio. {WHY}" in page
    assert trainer.full_name in page
    client.force_login(trainer)
    client.post(reverse("courses_people:withdraw", args=[waiver.public_id]), {"reason": "Se anotó a otra persona."})
    waiver.refresh_from_db()
    assert waiver.withdrawn_reason == "Se anotó a otra persona."
    assert "Retirada por" in text(client.get(address))


def test_the_learner_reads_what_is_missing_with_the_way_to_it(client, viewer):
    key = str(viewer.activity.block_key)
    a_rule(viewer.course, watch_percent=50, own={key: passages_of(viewer.video, (130, 170))})
    client.force_login(viewer.person)
    page = text(client.get(viewer.course.url))
    place = f"{viewer.lesson.url}?video={key}&amp;segundo=130#a-{key}"
    assert f'<a href="{place}">Le faltan 40 s del pasaje obligatorio 2:10–2:50</a>' in page
    lesson = text(client.get(viewer.lesson.url, {"video": key, "segundo": "130"}))
    assert "Le faltan 40 s del pasaje obligatorio" in lesson


def test_what_was_done_and_does_not_count_is_said_with_why_and_what_to_do(client, viewer):
    hidden = [segment(viewer.token, 120, 180, clock=200, is_visible=False)]
    watching.record(person=viewer.person, batch=hidden)
    client.force_login(viewer.person)
    page = text(client.get(viewer.course.url))
    assert "No se contaron 1 min. El video estaba en segundo plano." in page
    assert "Véala de nuevo con el video a la vista" in page
    # Seen again, it is no matter any more.
    watching.record(person=viewer.person, batch=[segment(viewer.token, 120, 179.6, clock=400)])
    assert "No se contaron" not in text(client.get(viewer.course.url))


def test_trainer_and_human_resources_read_the_same_words(client, trainer):
    viewer = a_viewer(length=200, course=a_course(owner=trainer), person=an_employee("1413"))
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 100))
    watching.record(person=viewer.person, batch=[segment(viewer.token, 120, 150, clock=200, is_visible=False)])
    words = ["Le faltan 1 min 20 s del video", "No se contaron 30 s", "El video estaba en segundo plano."]
    pages = [text(client.get(reverse("courses_people:person", args=[viewer.enrolment.public_id])))]
    staff = reverse("courses:staff_progress", args=[viewer.person.public_id])
    client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
    pages.append(text(client.get(staff)))
    client.force_login(viewer.person)
    pages.append(text(client.get(viewer.course.url)))
    assert [[one for one in words if one in page] for page in pages] == [words] * 3
    client.force_login(somebody_with_role("hr_delegate", municipality="0101"))
    assert client.get(staff).status_code == 404


def test_nothing_of_this_is_shown_to_somebody_who_completed(client, trainer):
    course = a_course(owner=trainer)
    a_lesson(course)
    person = a_person()
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    completion.complete_activity(enrolment=enrolled, activity=Activity.objects.get())
    a_rule(course, optional_count=0, watch_percent=100)
    client.force_login(person)
    assert "Lo que le falta" not in text(client.get(course.url))
