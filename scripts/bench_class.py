"""Learners to measure with: a class with sessions of its own, and a crowd that only fills the tables."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

from scripts.bench_load import request

SEGMENT_SECONDS = 5
MARK = "a" * 32


class Class:
    """A course of some lessons with a video each, and its learners with a session each."""

    def __init__(self, lessons: int, learners: int) -> None:
        from django.test import Client  # noqa: PLC0415 Django is set up by now

        from courses.domain import enrolment, watching  # noqa: PLC0415
        from courses.models import Activity  # noqa: PLC0415
        from tests.factories.courses import a_course, a_lesson  # noqa: PLC0415
        from tests.factories.media import a_video  # noqa: PLC0415
        from tests.factories.people import an_employee  # noqa: PLC0415

        self.granted_at = steps_ago(days=20)
        self.course = a_course()
        for _number in range(lessons):
            a_lesson(self.course, ("video", {"video": a_video(duration_seconds=3600), "is_required": True}))
        self.activities = list(Activity.objects.filter(course_key=self.course.translation_key).order_by("order"))
        self.clocks: dict[int, int] = {}
        self.cookies, self.tokens, self.people, self.enrolments = [], [], [], []
        for _number in range(learners):
            person = an_employee()
            enrolled = enrolment.enrol(person=person, course=self.course, by=person, at=steps_ago(days=25))
            client = Client()
            client.force_login(person)
            self.people.append(person)
            self.enrolments.append(enrolled)
            self.cookies.append(client.cookies["sessionid"].value)
            self.tokens.append(
                watching.grant_session(enrolment=enrolled, activity=self.activities[0], at=self.granted_at)
            )

    def tells(self, number: int) -> Iterator[bytes]:
        """One learner's page, which tells every few seconds what was played and where the player is."""
        device, token = uuid.uuid4(), self.tokens[number]
        for clock in self._clocks(number):
            second, until = clock % 3000, clock + SEGMENT_SECONDS
            each = f'"token":"{token}","device":"{device}","course_version":"1.1","clock":{until}'
            played = f'{{"kind":"watched","id":"{uuid.uuid4()}",{each},"sequence":{clock},"clock_from":{clock},'
            played += f'"from":{second},"to":{second + SEGMENT_SECONDS},"rate":1,"visible":true,"audio":false}}'
            place = f'{{"kind":"position","id":"{uuid.uuid4()}",{each},"second":{second + SEGMENT_SECONDS}}}'
            yield self._request(number, "/api/v1/events", f'{{"events":[{played},{place}]}}')

    def writes(self, number: int) -> Iterator[bytes]:
        """The same as pages of before said it."""
        device, token = uuid.uuid4(), self.tokens[number]
        for clock in self._clocks(number):
            second, until = clock % 3000, clock + SEGMENT_SECONDS
            segment = f'{{"id":"{uuid.uuid4()}","token":"{token}","device":"{device}","sequence":{clock},'
            segment += f'"from":{second},"to":{second + SEGMENT_SECONDS},"clock_from":{clock},"clock_to":{until}}}'
            place = f'{{"token":"{token}","second":{second + SEGMENT_SECONDS},"clock":{until}}}'
            yield self._request(number, "/api/v1/watch", f'{{"segments":[{segment}],"position":{place}}}')

    def _clocks(self, number: int) -> Iterator[int]:
        """When stretches begin, on from the last, whoever asks."""
        while True:
            clock = self.clocks.get(number, 0)
            self.clocks[number] = clock + SEGMENT_SECONDS
            yield clock

    def _request(self, number: int, path: str, body: str) -> bytes:
        cookie = f"sessionid={self.cookies[number]}; csrftoken={MARK}"
        return request("POST", path, cookie=cookie, mark=MARK, body=body, kind="application/json")


def steps_ago(**time_ago: float):
    """A moment in the past."""
    from django.utils import timezone  # noqa: PLC0415

    return timezone.now() - timedelta(**time_ago)


def crowd(group: Class, many: int) -> None:
    """Bring the enrolments up to so many: copies of the class's first learner, with what they watched and finished."""
    from django.db import connection  # noqa: PLC0415 Django is set up by now

    from courses.models import ActivityCompletion, Enrolment, WatchProgress  # noqa: PLC0415
    from lms.models import Person  # noqa: PLC0415

    missing = many - Enrolment.objects.count()
    if missing <= 0:
        return
    last = Person.objects.latest("pk").pk, Enrolment.objects.latest("pk").pk
    first, enrolled = group.people[0].pk, group.enrolments[0].pk
    with connection.cursor() as cursor:
        numbers = f"generate_series(1, {missing}) AS number"
        cursor.execute(_copies(Person, f"id = {first}", numbers, id=f"{last[0]} + number"))
        keys = {"id": f"{last[1]} + number", "person_id": f"{last[0]} + number"}
        cursor.execute(_copies(Enrolment, f"id = {enrolled}", numbers, **keys))
        for model in (WatchProgress, ActivityCompletion):
            row = model.objects.filter(enrolment=enrolled).first()
            cursor.execute(_copies(model, f"id = {row.pk}", numbers, enrolment_id=f"{last[1]} + number"))
        for model in (Person, Enrolment):
            table = model._meta.db_table
            last_number = f"(SELECT max(id) FROM {table})"  # noqa: S608 a table of ours
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last_number})")
        cursor.execute("ANALYZE")


def _copies(model, which: str, numbers: str, **instead: str) -> str:
    """The statement that copies a row; what may be there only once is new in each, or empty."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and "id" not in instead:
            continue
        columns.append(f'"{field.column}"')
        fresh = "gen_random_uuid()" if field.get_internal_type() == "UUIDField" else "NULL"
        values.append(instead.get(field.column) or (fresh if field.unique else f'"{field.column}"'))
    table = model._meta.db_table
    chosen = ", ".join(values)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table}, {numbers} WHERE {which}"  # noqa: S608
