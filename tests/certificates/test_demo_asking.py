"""What the demo asks of people: loaded once, and plainly demo."""

import pytest

from certificates.demo import asking
from courses.models import AssignedPerson, Assignment, Enrolment, LearningPath
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
