"""Competencies: what administrators keep, what a course proves, what a completion copies."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from courses.domain import competencies, completion
from courses.models import Activity, AskedLevel, Competency, Completion, CoursePage
from lms.domain import roles
from lms.models import AuditEvent, Post
from tests.courses.test_completion import a_learner
from tests.factories.courses import a_competency, a_course, a_lesson
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db
ADD = "wagtailsnippets_courses_competency:add"
EDIT = "wagtailsnippets_courses_competency:edit"
DELETE = "wagtailsnippets_courses_competency:delete"


def completed(course) -> Completion:
    enrolled = a_learner(course)
    for activity in Activity.objects.current().filter(course_key=course.translation_key):
        completion.complete_activity(enrolment=enrolled, activity=activity)
    return Completion.objects.get(enrolment=enrolled)


def form(name: str, *asked: tuple[str, int], initial: tuple[AskedLevel, ...] = (), **fields) -> dict[str, object]:
    """What the page of a competency sends; `asked` are (code of a post, level)."""
    sent: dict[str, object] = {"name": name, "description": "Hace lo que dice.", "level_4": ""}
    sent |= {"level_1": "básico", "level_2": "intermedio", "level_3": "avanzado"}
    sent |= {"asked-TOTAL_FORMS": len(asked), "asked-INITIAL_FORMS": len(initial)}
    sent |= {"asked-MIN_NUM_FORMS": 0, "asked-MAX_NUM_FORMS": 1000}
    for number, (code, level) in enumerate(asked):
        sent |= {f"asked-{number}-post": Post.objects.get(code=code).pk, f"asked-{number}-level": level}
        sent[f"asked-{number}-id"] = initial[number].pk if number < len(initial) else ""
    return sent | fields


@pytest.fixture
def administrator(client):
    person = somebody_with_role("administrator")
    roles.sync_groups(person)
    client.force_login(person)
    return person


def trail() -> list[tuple[str, dict]]:
    return list(
        AuditEvent.objects.filter(action__startswith="competency.").order_by("pk").values_list("action", "facts")
    )


def test_a_completion_copies_what_the_course_proves_that_day():
    able = a_competency("Presupuesto municipal")
    course = a_course(competency=able, competency_level=2, certificate_kind="competencia")
    a_lesson(course)
    done = completed(course)
    said = {"key": "presupuesto-municipal", "name": "Presupuesto municipal", "level": 2, "level_name": "intermedio"}
    assert done.competency == said
    able.name, able.level_2 = "Otra cosa", "medio"
    able.save()
    course.competency_level = 3
    course.save()
    done.refresh_from_db()
    assert done.competency == said


@pytest.mark.parametrize("kind", ["", "diploma"])
def test_without_a_competency_or_a_certificate_nothing_is_proven(kind):
    course = a_course(**({} if kind else {"competency": a_competency(), "competency_level": 1}))
    CoursePage.objects.filter(pk=course.pk).update(certificate_kind=kind)
    a_lesson(course)
    assert completed(course).competency == {}


def test_a_key_is_made_once_and_stays():
    able, other = a_competency("Compras y contrataciones"), a_competency("Compras y contrataciones ")
    assert (able.key, other.key) == ("compras-y-contrataciones", "compras-y-contrataciones-2")
    able.name = "Adquisiciones"
    able.save()
    able.refresh_from_db()
    assert able.key == "compras-y-contrataciones"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"competency_level": None}, "competency_level"),
        ({"competency_level": 4}, "competency_level"),
        ({"competency_level": 1, "certificate_kind": ""}, "competency"),
    ],
)
def test_a_course_proves_a_level_that_there_is_and_certifies_it(fields, name):
    course = a_course()
    course.competency = a_competency()
    for field, value in fields.items():
        setattr(course, field, value)
    with pytest.raises(ValidationError) as refused:
        course.full_clean()
    assert list(refused.value.message_dict) == [name]


def test_the_database_refuses_a_fifth_level_and_a_post_twice():
    able = a_competency(asked={"RECEP": 1})
    for fields in ({"post": Post.objects.get(code="DAFIM"), "level": 5}, {"post": Post.objects.get(code="RECEP")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AskedLevel.objects.create(competency=able, **fields)


def test_administrators_keep_them_and_the_trail_says_what_posts_ask(client, administrator):
    assert client.post(reverse(ADD), form("Presupuesto", ("RECEP", 1))).status_code == 302
    able = Competency.objects.get()
    assert [(row.post.code, row.level) for row in able.asked.all()] == [("RECEP", 1)]
    edit = reverse(EDIT, args=[able.pk])
    sent = form("Presupuesto", ("RECEP", 2), ("DAFIM", 3), initial=tuple(able.asked.all()))
    assert client.post(edit, sent).status_code == 302
    again = form("Presupuesto", ("RECEP", 2), ("DAFIM", 3), initial=tuple(able.asked.all()))
    assert client.post(edit, again).status_code == 302
    assert client.post(reverse(DELETE, args=[able.pk])).status_code == 302
    added, changed, removed = trail()
    assert (added[0], added[1]["posts"], added[1]["title"]) == ("competency.added", "RECEP: 1", "Presupuesto")
    facts = {"competency": "presupuesto", "posts": "DAFIM: 3, RECEP: 2", "before": {"posts": "RECEP: 1"}}
    assert changed == ("competency.changed", facts)
    assert (removed[0], removed[1]["before"]["posts"]) == ("competency.removed", "DAFIM: 3, RECEP: 2")
    assert {one.actor for one in AuditEvent.objects.filter(action__startswith="competency.")} == {
        str(administrator.public_id)
    }


def test_a_post_asks_for_a_level_that_there_is(client, administrator):
    answer = client.post(reverse(ADD), form("Presupuesto", ("RECEP", 4)))
    assert "no tiene ese nivel" in answer.content.decode()
    assert not Competency.objects.exists()
    assert client.post(reverse(ADD), form("Presupuesto", ("RECEP", 4), level_4="experto")).status_code == 302


def test_a_level_that_a_course_proves_keeps_its_name(client, administrator):
    able = a_competency("Presupuesto", level_4="experto")
    course = a_course(competency=able, competency_level=4)
    answer = client.post(reverse(EDIT, args=[able.pk]), form("Presupuesto"))
    assert course.title in answer.content.decode()
    able.refresh_from_db()
    assert able.level_4 == "experto"


def test_taking_one_away_leaves_the_course_without_it(client, administrator):
    course = a_course(competency=a_competency(asked={"RECEP": 1}), competency_level=1)
    assert client.post(reverse(DELETE, args=[course.competency_id])).status_code == 302
    course.refresh_from_db()
    assert (course.competency, course.proven) == (None, {})


def test_trainers_do_not_keep_them(client):
    trainer = somebody_with_role("trainer")
    roles.sync_groups(trainer)
    client.force_login(trainer)
    assert client.get(reverse(ADD)).status_code in {302, 403, 404}
    assert client.post(reverse(ADD), form("Presupuesto")).status_code in {302, 403, 404}
    assert not Competency.objects.exists()


def test_what_posts_ask_and_which_courses_prove_it():
    able, other = a_competency("B", asked={"RECEP": 2, "DAFIM": 3}), a_competency("A", asked={"RECEP": 1})
    high, low = (a_course(competency=able, competency_level=level) for level in (3, 2))
    uncertified = a_course(competency=other, competency_level=1)
    CoursePage.objects.filter(pk=uncertified.pk).update(certificate_kind="")
    a_course(competency=other, competency_level=1).unpublish()
    receiver, finance = (Post.objects.get(code=code) for code in ("RECEP", "DAFIM"))
    asked = competencies.asked_of([receiver.pk, finance.pk])
    assert {post: [(row.competency, row.level) for row in rows] for post, rows in asked.items()} == {
        receiver.pk: [(other, 1), (able, 2)],
        finance.pk: [(able, 3)],
    }
    assert competencies.courses_that_prove() == {"b": [low, high]}
