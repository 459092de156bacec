"""Entering, leaving and coming back."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from courses.domain import completion, enrolment, grading, watching
from courses.models import Activity, Completion, Enrolment
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Membership
from tests.courses.watching_cases import a_viewer, progress_of, stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_member, a_network, an_employee

pytestmark = pytest.mark.django_db


def refusal(**call) -> str:
    with pytest.raises(RuleBroken) as broken:
        enrolment.enrol(**call)
    return broken.value.code


def actions():
    return list(AuditEvent.objects.values_list("action", flat=True))


def test_enrolling_twice_is_enrolling_once():
    person, course = an_employee(), a_course()
    first = enrolment.enrol(person=person, course=course, by=person)
    assert enrolment.enrol(person=person, course=course, by=person) == first
    assert first.course_key == course.translation_key
    assert actions() == ["enrolment.made"]
    event = AuditEvent.objects.get()
    assert (event.actor, event.subject) == (str(person.public_id), f"courses.enrolment:{first.public_id}")


def test_coming_back_finds_everything_that_was_learnt():
    person, course = an_employee(), a_course()
    lessons = [a_lesson(course), a_lesson(course)]
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    completion.mark_read(enrolment=enrolled, activity=Activity.objects.get(lesson_key=lessons[0].translation_key))
    enrolment.withdraw(enrolment=enrolled, by=person)
    enrolment.withdraw(enrolment=enrolled, by=person)
    assert enrolment.find_active(person, course) is None
    again = enrolment.enrol(person=person, course=course, by=person)
    assert (again.pk, again.is_active) == (enrolled.pk, True)
    assert completion.course_progress(again).percent == 50
    assert actions() == ["enrolment.made", "enrolment.withdrawn", "enrolment.resumed"]


def test_a_course_that_is_not_published_takes_nobody():
    course = a_course()
    course.unpublish()
    assert refusal(person=an_employee(), course=course, by=None) == "enrolment.course_not_published"


def test_a_networks_course_takes_its_members_only():
    network = a_network()
    course = a_course(network=network)
    outsider, member, former = an_employee(), a_member(network), a_member(network)
    Membership.objects.filter(person=former).update(left_on=timezone.localdate())
    assert refusal(person=outsider, course=course, by=outsider) == "enrolment.not_a_member"
    assert refusal(person=former, course=course, by=former) == "enrolment.not_a_member"
    assert enrolment.enrol(person=member, course=course, by=member).is_active
    assert set(Enrolment.objects.values_list("person", flat=True)) == {member.pk}


def test_who_left_the_network_is_out_of_its_course_until_they_are_back():
    network = a_network()
    member = a_member(network)
    viewer = a_viewer(person=member, course=a_course(network=network))
    a_lesson(viewer.course)
    quiz = a_lesson(viewer.course, ("quiz", {"quiz": a_quiz(), "is_required": True}))
    enrolled, course, person = viewer.enrolment, viewer.course, viewer.person
    reading, quiz = Activity.objects.get(kind="reading"), Activity.objects.get(lesson_key=quiz.translation_key)
    watching.record(person=person, batch=stretch(viewer.token, 0, 30), at=viewer.at)
    Membership.objects.update(left_on=timezone.localdate() - timedelta(days=1))
    enrolled = Enrolment.objects.get(pk=enrolled.pk)
    assert (enrolment.find_active(person, course), enrolled.is_active) == (None, False)
    calls = (
        lambda: watching.grant_session(enrolment=enrolled, activity=viewer.activity),
        lambda: grading.start(enrolment=enrolled, activity=quiz, attempt_id=uuid.uuid4()),
        lambda: completion.mark_read(enrolment=enrolled, activity=reading),
    )
    codes = []
    for call in calls:
        with pytest.raises(RuleBroken) as broken:
            call()
        codes.append(broken.value.code)
    assert codes == ["watching.nothing_to_watch", "attempt.not_enrolled", "activity.not_enrolled"]
    later = watching.record(person=person, batch=stretch(viewer.token, 30, 45, clock=30), at=viewer.at)
    assert [item.code for item in later] == ["enrolment.withdrawn"]
    Membership.objects.update(left_on=None)
    assert enrolment.find_active(person, course) == enrolled
    watching.record(person=person, batch=stretch(viewer.token, 45, 60, clock=45), at=viewer.at)
    assert progress_of(viewer).covered_seconds == 45


def test_what_was_watched_before_leaving_the_network_counts_though_it_arrives_later():
    network = a_network()
    viewer = a_viewer(person=a_member(network), course=a_course(network=network))
    Membership.objects.update(left_on=timezone.localdate() + timedelta(days=1))
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 30), at=viewer.at)
    assert progress_of(viewer).covered_seconds == 30


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_are_one():
    person, course = an_employee(), a_course()

    def enter(_number):
        try:
            return enrolment.enrol(person=person, course=course, by=person).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        rows = set(pool.map(enter, range(50)))
    assert rows == {Enrolment.objects.get().pk}
    assert actions() == ["enrolment.made"]


def test_coming_back_completes_what_the_course_no_longer_asks_more_of():
    person, course = an_employee(), a_course()
    kept, dropped = a_lesson(course), a_lesson(course)
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    completion.mark_read(enrolment=enrolled, activity=Activity.objects.get(lesson_key=kept.translation_key))
    dropped.unpublish()
    assert not Completion.objects.exists()
    enrolment.enrol(person=person, course=course, by=person)
    assert Completion.objects.get().enrolment == enrolled


def test_a_visit_is_noted_at_most_once_a_minute():
    person, course = an_employee(), a_course()
    first, second = a_lesson(course), a_lesson(course)
    start = timezone.now()
    enrolled = enrolment.enrol(person=person, course=course, by=person, at=start)

    def seen():
        enrolled.refresh_from_db()
        return (enrolled.last_seen_at - start).total_seconds(), enrolled.last_lesson_key

    for lesson, after, expected in [
        (first, 10, (10, first.translation_key)),
        (first, 50, (10, first.translation_key)),
        (second, 51, (51, second.translation_key)),
        (second, 112, (112, second.translation_key)),
    ]:
        enrolment.note_visit(person=person, lesson=lesson, at=start + timedelta(seconds=after))
        assert seen() == expected


# The views


def test_a_visitor_is_sent_to_sign_in_and_back(client):
    course = a_course()
    answer = client.post(reverse("courses:enrol"), {"course": course.translation_key})
    assert answer.status_code == 302
    assert answer.url == f"{reverse('lms:sign_in')}?next={course.url}"


def test_enrolling_leads_to_the_first_lesson(client):
    person, course = an_employee(), a_course()
    lesson = a_lesson(course)
    a_lesson(course)
    client.force_login(person)
    answer = client.post(reverse("courses:enrol"), {"course": course.translation_key})
    assert answer.url == lesson.url
    assert enrolment.find_active(person, course)


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_enrolling_never_leads_outside(client, address):
    course = a_course()
    client.force_login(an_employee())
    for _twice in range(2):
        answer = client.post(reverse("courses:enrol"), {"course": course.translation_key, "next": address})
        assert answer.url == course.url


@pytest.mark.parametrize("key", ["", "x", "0b6f8a52-6a0c-4f0e-9a3e-3f2f6f8f9c11"])
def test_an_unknown_course_is_not_found(client, key):
    client.force_login(an_employee())
    assert client.post(reverse("courses:enrol"), {"course": key}).status_code == 404


def test_the_refusal_of_a_networks_course_is_told_on_its_page(client):
    course = a_course(network=a_network())
    client.force_login(an_employee())
    answer = client.post(reverse("courses:enrol"), {"course": course.translation_key}, follow=True)
    assert "Este curso es para integrantes de una red." in answer.content.decode()
    assert not Enrolment.objects.exists()


def test_only_the_person_can_withdraw(client):
    person, course = an_employee(), a_course()
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    address = reverse("courses:withdraw", args=[enrolled.public_id])
    client.force_login(an_employee())
    assert client.post(address).status_code == 404
    client.force_login(person)
    assert client.get(address).status_code == 405
    # Where they may say what they think of it, and need not.
    assert client.post(address).url == reverse("courses:evaluate", args=[enrolled.public_id])
    assert enrolment.find_active(person, course) is None
    assert client.post(address).status_code == 404
