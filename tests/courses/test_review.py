"""Where ANAM reviews, what trainers write is looked at before it is published."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Page, Task, TaskState, Workflow

from courses.domain import review
from courses.models import CatalogueIndexPage, CoursePage, LessonPage, ToolIndexPage
from lms.domain import jobs, roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, RoleGrant
from tests.courses.test_authoring import add_address, course_form, lesson_form
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer():
    return somebody_with_role("administrator", email="revisora@example.org", given_names="Rosa", surnames="Revisora")


@pytest.fixture
def catalogue(reviewer):
    """The catalogue, under review."""
    catalogue = CatalogueIndexPage.objects.get()
    review.begin(catalogue, by=reviewer)
    return catalogue


@pytest.fixture
def trainer(client):
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


@pytest.fixture
def course(trainer, catalogue):
    return a_course(title="Propio", owner=trainer)


def page(name: str, *keys: object) -> str:
    return reverse(f"wagtailadmin_pages:{name}", args=keys)


def written(trainer, **fields) -> dict:
    return lesson_form(a_quiz(made_by=trainer), a_video(), **fields)


def submit(client, trainer, lesson: LessonPage, title: str = "Corregida") -> TaskState:
    client.post(page("edit", lesson.pk), written(trainer, title=title, slug=lesson.slug, **{"action-submit": "1"}))
    return TaskState.objects.get(status="in_progress")


def decide(client, reviewer, state: TaskState, action: str, comment: str = ""):
    client.force_login(reviewer)
    key = state.workflow_state.object_id
    return client.post(page("workflow_action", key, action, state.pk), {"comment": comment})


def title_of(one: Page) -> str:
    return Page.objects.get(pk=one.pk).title


def test_nothing_of_wagtails_own_is_asked():
    assert [one for one in Workflow.objects.all() if one.active] == []
    assert not Page.objects.get(depth=2).has_workflow


def test_where_it_is_off_trainers_publish(client, trainer):
    course = a_course(owner=trainer)
    client.post(add_address(LessonPage, course), written(trainer, **{"action-publish": "1"}))
    assert LessonPage.objects.get().live


def test_a_trainer_cannot_publish_past_it(client, trainer, course, catalogue):
    publish = {"action-publish": "1"}
    lesson = a_lesson(course, title="Como estaba")
    client.post(add_address(CoursePage, catalogue), course_form(title="Nuevo", **publish))
    client.post(add_address(LessonPage, course), written(trainer, slug="otra", title="Otra", **publish))
    client.post(page("edit", lesson.pk), written(trainer, title="Cambiada", slug=lesson.slug, **publish))
    client.post(page("edit", course.pk), course_form(title="Cambiado", slug=course.slug, **publish))
    made = CoursePage.objects.get(title="Nuevo")
    assert (made.live, LessonPage.objects.get(title="Otra").live) == (False, False)
    assert (title_of(lesson), title_of(course)) == ("Como estaba", "Propio")
    bulk = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    client.post(f"{bulk}?id={made.pk}", {"include_descendants": "on"})
    copied = {"new_title": "Copia", "new_slug": "copia", "new_parent_page": course.pk, "publish_copies": "on"}
    client.post(page("copy", lesson.pk), copied)
    for name in ("unpublish", "delete"):
        client.post(page(name, lesson.pk))
    assert list(Page.objects.live().filter(title__in=["Nuevo", "Copia"])) == []
    assert Page.objects.get(pk=lesson.pk).live
    html = client.get(page("edit", lesson.pk)).content.decode()
    assert "action-publish" not in html
    assert "action-submit" in html


def test_a_trainer_of_one_course_hands_in_too(client, catalogue):
    course, person = a_course(title="Encargado"), a_person()
    lesson = a_lesson(course, title="Como estaba")
    roles.grant(person=person, role="trainer", scope="course", course=course, by=None)
    client.force_login(person)
    client.post(page("edit", lesson.pk), written(person, title="Cambiada", **{"action-publish": "1"}))
    assert title_of(lesson) == "Como estaba"


def test_what_is_approved_is_live_and_was_not_before(client, trainer, course, reviewer):
    lesson = a_lesson(course, title="Como estaba")
    state = submit(client, trainer, lesson)
    assert title_of(lesson) == "Como estaba"
    assert "Como estaba" in client.get(lesson.url).content.decode()
    client.force_login(reviewer)
    waiting = client.get(reverse("courses_review")).content.decode()
    assert "Corregida" in waiting
    assert trainer.full_name in waiting
    assert "Corregida" in client.get("/cms/").content.decode()
    assert "Corregida" in client.get(page("workflow_preview", lesson.pk, state.task_id)).content.decode()
    decide(client, reviewer, state, "approve")
    assert title_of(lesson) == "Corregida"
    assert "Nada espera" in client.get(reverse("courses_review")).content.decode()


def test_what_goes_back_says_why_and_is_handed_in_again(client, trainer, course, reviewer):
    lesson = a_lesson(course, title="Como estaba")
    state = submit(client, trainer, lesson)
    decide(client, reviewer, state, "reject")
    state.refresh_from_db()
    assert state.status == "in_progress"  # nothing goes back without a word
    decide(client, reviewer, state, "reject", "Falta citar la ley.")
    assert title_of(lesson) == "Como estaba"
    client.force_login(trainer)
    told = page("workflow_history_detail", lesson.pk, state.workflow_state_id)
    assert "Falta citar la ley." in client.get(told).content.decode()
    html = client.get(page("edit", lesson.pk)).content.decode()
    assert "Falta citar la ley." in html
    again = submit(client, trainer, lesson, "Corregida otra vez")
    decide(client, reviewer, again, "approve")
    assert title_of(lesson) == "Corregida otra vez"


def test_a_trainer_approves_nothing(client, trainer, course):
    lesson = a_lesson(course, title="Como estaba")
    state = submit(client, trainer, lesson)
    decide(client, trainer, state, "approve")
    approved = {"action-workflow-action": "1", "workflow-action-name": "approve"}
    client.post(page("edit", lesson.pk), written(trainer, title="Colada", slug=lesson.slug, **approved))
    state.refresh_from_db()
    assert (state.status, title_of(lesson)) == ("in_progress", "Como estaba")
    assert client.get(reverse("courses_review")).status_code == 403


def test_what_waits_stays_as_it_was_handed_in(client, trainer, course):
    lesson = a_lesson(course)
    submit(client, trainer, lesson, "Entregada")
    client.post(page("edit", lesson.pk), written(trainer, title="Cambiada después", slug=lesson.slug))
    assert LessonPage.objects.get(pk=lesson.pk).get_latest_revision_as_object().title == "Entregada"


def test_a_role_that_ended_reviews_nothing_whatever_its_group(client, trainer, course):
    former = somebody_with_role("administrator")
    roles.grant(person=former, role="trainer", by=None)
    state = submit(client, trainer, a_lesson(course, title="Como estaba"))
    gone = {"starts_at": timezone.now() - timedelta(days=9), "ends_at": timezone.now() - timedelta(days=1)}
    RoleGrant.objects.filter(person=former, role="administrator").update(**gone)
    decide(client, former, state, "approve")
    state.refresh_from_db()
    assert state.status == "in_progress"


def test_who_has_an_address_is_written_to(client, trainer, course, reviewer, run_jobs):
    somebody_with_role("administrator")  # without an address: the screen tells them
    lesson = a_lesson(course)
    state = submit(client, trainer, lesson)
    assert run_jobs() == []
    decide(client, reviewer, state, "reject", "Falta citar la ley.")
    assert run_jobs() == []
    client.force_login(trainer)
    again = submit(client, trainer, lesson)
    assert run_jobs() == []
    decide(client, reviewer, again, "approve")
    assert run_jobs() == []
    told = [(one.to, one.subject) for one in mail.outbox]
    waits = (["revisora@example.org"], "«Corregida» espera su revisión")
    writer = ["facilitadora@example.org"]
    assert told == [waits, (writer, "«Corregida» necesita cambios"), waits, (writer, "«Corregida» fue aprobada")]
    assert "Falta citar la ley." in mail.outbox[1].body
    assert re.search(rf"/cms/pages/{lesson.pk}/edit/", mail.outbox[0].body)
    assert set(Job.objects.filter(kind=review.KIND).values_list("state", flat=True)) == {Job.State.DONE}


def test_a_refused_message_leaves_no_address_behind_and_goes_out_once(client, trainer, course, reviewer, settings):
    submit(client, trainer, a_lesson(course))
    job = Job.objects.get(kind=review.KIND)
    settings.EMAIL_BACKEND = "tests.courses.test_notices.RefusingBackend"
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.reason) == (Job.State.WAITING, "GatewayFailed: SMTPRecipientsRefused")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    jobs.run(job.pk)
    # Its worker died before it could say so.
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    assert [one.to for one in mail.outbox] == [["revisora@example.org"]]


def test_turning_it_on_and_off(client, reviewer, trainer):
    address, doors = reverse("courses_review"), [CatalogueIndexPage.objects.get(), ToolIndexPage.objects.get()]
    assert [tree.is_reviewed for tree in review.trees()] == [False, False]
    client.force_login(reviewer)
    for _twice in range(2):
        client.post(address, {"page": doors[0].pk, "is_reviewed": "1"})
    assert [tree.is_reviewed for tree in review.trees()] == [True, False]
    assert (Workflow.objects.filter(active=True).count(), Task.objects.filter(name=review.NAME).count()) == (1, 1)
    client.post(address, {"page": doors[0].pk, "is_reviewed": "0"})
    assert [tree.is_reviewed for tree in review.trees()] == [False, False]
    said = AuditEvent.objects.filter(action__startswith="review.").order_by("pk").values_list("action", "facts__title")
    assert list(said) == [("review.begun", "Cursos"), ("review.ended", "Cursos")]
    for strange in ("x", "1", "99999999999999999999"):
        assert client.post(address, {"page": strange, "is_reviewed": "1"}).status_code == 302
    assert AuditEvent.objects.filter(action__startswith="review.").count() == 2


def test_who_may_turn_it_and_over_what(reviewer, trainer):
    with pytest.raises(RuleBroken) as broken:
        review.begin(CatalogueIndexPage.objects.get(), by=trainer)
    assert broken.value.code == "review.not_allowed"
    with pytest.raises(RuleBroken) as broken:
        review.begin(a_course(), by=reviewer)
    assert broken.value.code == "review.not_a_tree"
