"""What the demo asks of people: loaded once, and plainly demo."""

import pytest

from certificates.demo import asking
from courses.models import AskedLevel, AssignedPerson, Assignment, Competency, CoursePage, Enrolment, LearningPath
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def test_a_path_and_an_assignment_are_there_once_and_say_what_they_are():
    taught = {"FI01": a_course(), "FI02": a_course()}
    cashier, by = an_employee("1413"), somebody_with_role("administrator")
    an_employee("0101")
    for _twice in range(2):
        asking.ensure_path(taught)
        asking.ensure_assignment(taught["FI02"], by=by)
    path, made = LearningPath.objects.get(), Assignment.objects.get()
    assert "demostración" in path.title
    assert "demostración" in made.reason
    assert [item.course.pk for item in path.items.all()] == [course.pk for course in taught.values()]
    assert [row.person for row in AssignedPerson.objects.all()] == [cashier]
    assert Enrolment.objects.get().person == cashier


def test_competencies_are_there_once_are_derived_and_what_somebody_changed_stays():
    taught = {"FI01": a_course(), "FI02": a_course()}
    for _twice in range(2):
        asking.ensure_competencies(taught)
        CoursePage.objects.filter(pk=taught["FI01"].pk).update(competency_level=3)
    assert {one.is_derived for one in Competency.objects.all()} == {True}
    assert all("demostración" in one.name and "ficticia" in one.description for one in Competency.objects.all())
    assert {(row.post.code, row.level) for row in AskedLevel.objects.all()} == {
        ("DIRDAFIM", 3),
        ("TES", 2),
        ("RECEP", 1),
    }
    levels = [CoursePage.objects.get(pk=course.pk).competency_level for course in taught.values()]
    assert levels == [3, 1]
