"""Editions that ended before they were kept are written down as far as the pages' revisions tell."""

import json

import pytest

from tests.system import installed

SCRIPT = """
import json
import django
django.setup()
from django.core.management import call_command
from django.db import connection

from courses.models import Activity, CourseEdition, CoursePage, LessonPage
from tests.courses.edition_cases import begin_edition
from tests.factories.courses import a_course, a_lesson

course = a_course(title="Antes", hours=4)
first, second = a_lesson(course, title="Uno"), a_lesson(course, title="Dos")
plain = a_course()
begin_edition(course, 2, title="Luego", hours=5)
begin_edition(course, 2, title="Luego, corregido", hours=6)
a_lesson(course, title="Tres")
second.unpublish()
page = LessonPage.objects.get(pk=first.pk)
page.title = "Uno, con otro nombre"
page.save_revision().publish()
begin_edition(course, 4, title="Ahora", hours=7)
lost = begin_edition(a_course(), 3)
lost.revisions.all().delete()

def told():
    return [
        [row.number, row.began_at and row.began_at.isoformat(), row.said["title"], row.said["hours"],
         row.said["programme"], [one["title"] for one in row.said["activities"]], len(row.asked["required"])]
        for row in CourseEdition.objects.filter(course_key=course.translation_key)
    ]

kept, ends = told(), [row.ended_at for row in CourseEdition.objects.filter(course_key=course.translation_key)]
call_command("migrate", "courses", "0029", verbosity=0)
call_command("migrate", "courses", verbosity=0)
found = [row.ended_at for row in CourseEdition.objects.filter(course_key=course.translation_key)]
apart = [abs((a - b).total_seconds()) for a, b in zip(ends, found, strict=True)]
print(json.dumps({"kept": kept, "found": told(), "apart": max(apart), "all": CourseEdition.objects.count()}))
"""


@pytest.mark.timeout(300)
def test_editions_of_before_are_found_in_the_revisions(django_db_setup):
    with installed(PYTHONPATH=".", DJANGO_SETTINGS_MODULE="lms.settings") as system:
        told = json.loads(system.python(SCRIPT).splitlines()[-1])
    (one, two), kept = told["found"], told["kept"]
    # The activities bear their titles of today; the rest is as it was kept when it happened.
    assert one[:5] == kept[0][:5] == [1, None, "Antes", "4.0", ["Uno", "Dos"]]
    assert one[6] == kept[0][6] == 2
    assert [two[0], *two[2:5]] == [2, "Luego, corregido", "6.0", ["Uno, con otro nombre", "Tres"]]
    assert two[2:5] == kept[1][2:5]
    assert two[5:] == kept[1][5:]
    assert told["apart"] < 5
    assert told["all"] == 2
