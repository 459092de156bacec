"""What learners and trainers have in a world: enrolments, attempts, sessions, answers, exceptions."""

import uuid

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from courses.domain import enrolment as enrolments
from courses.domain import grading, invitations, rotating, talk
from courses.domain.activities import sync_lesson
from courses.models import Activity, Answer, Assignment, CourseRule, Enrolment, HandedFile, Waiver
from courses.questions import Essay
from lms.models import Person
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.media import a_video
from tests.factories.people import an_employee
from tests.factories.sessions import a_part, a_session, hold

from .world import Found, Side, World, by_key


def enrolled(world: World, owner: Person):
    return enrolments.enrol(person=owner, course=world.sides["home"].course, by=owner)


def attempt(world: World, owner: Person):
    enrolment = enrolled(world, owner)
    return grading.start(enrolment=enrolment, activity=world.sides["home"].activity, attempt_id=uuid.uuid4())


def closed_attempt(world: World, owner: Person) -> Found:
    course = a_course()
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(questions=1), "is_required": True}))
    sync_lesson(lesson)
    activity = Activity.objects.get(course_key=course.translation_key)
    enrolment = enrolments.enrol(person=owner, course=course, by=owner)
    attempt = grading.start(enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())
    return by_key(grading.hand_in(attempt=attempt))


def exercise(world: World, owner: Person) -> Found:
    """One's own is a quiz of a course where one is enrolled, another's is one where one is not."""
    side = world.sides["abroad" if owner == world.sides["abroad"].somebody else "home"]
    enrolments.enrol(person=owner, course=side.course, by=owner)
    return Found({"public_id": side.activity.public_id}, data={"attempt_id": str(uuid.uuid4())})


def reading(world: World, owner: Person) -> Found:
    side = world.sides["abroad" if owner == world.sides["abroad"].somebody else "home"]
    enrolments.enrol(person=owner, course=side.course, by=owner)
    return by_key(side.reading)


def offered_session(world: World, owner: Person) -> Found:
    """One's own is of a course where one is enrolled, another's of one where one is not."""
    side = world.sides["abroad" if owner == world.sides["abroad"].somebody else "home"]
    enrolments.enrol(person=owner, course=side.course, by=owner)
    return by_key(a_session(a_part(side.course)))


def in_person_session(world: World, side: Side) -> Found:
    return by_key(a_session(a_part(side.course)))


def scan(world: World, side: Side) -> Found:
    session, step = hold(a_session(a_part(side.course))), rotating.step_at(timezone.now())
    return Found({"code": session.code, "step": step, "mac": rotating.mac_of(session, step)})


def practice(world: World, side: Side) -> Found:
    lesson = a_lesson(side.course, ("practice", {"question": a_question()}))
    keys = {"lesson_key": lesson.translation_key, "language": "es", "block_key": lesson.body[0].id}
    return Found(keys, data={f"q{lesson.body[0].id.replace('-', '')[:12]}": ""})


def worksheet(world: World, side: Side) -> Found:
    lesson = a_lesson(side.course, ("worksheet", {"title": "Ficha", "prompts": [{"prompt": "¿Qué?", "lines": 2}]}))
    return Found({"lesson_key": lesson.translation_key, "language": "es", "block_key": lesson.body[0].id})


def changing_course(world: World, side: Side) -> Found:
    key = side.course.translation_key
    CourseRule.objects.get_or_create(course_key=key, number=1, defaults={"watch_percent": 55})
    return Found({"course_key": key})


def pupil(side: Side) -> Enrolment:
    person = an_employee(side.municipality.code)
    return enrolments.enrol(person=person, course=side.course, by=person)


def waiver(world: World, side: Side) -> Found:
    made = Waiver.objects.create(
        enrolment=pupil(side), activity=side.activity, kind="excused", reason="Lo hizo en el taller."
    )
    return Found({"public_id": made.public_id}, data={"reason": "Se anotó a otra persona."})


def waiting_answer(world: World, side: Side) -> Found:
    person = an_employee(side.municipality.code)
    enrolment = enrolments.enrol(person=person, course=side.course, by=person)
    attempt = grading.hand_in(
        attempt=grading.start(enrolment=enrolment, activity=side.activity, attempt_id=uuid.uuid4())
    )
    essay = a_question(body=Essay())
    Answer.objects.create(attempt=attempt, version=essay.latest, order=99, given={"text": "x"})
    return Found({"public_id": attempt.public_id, "number": 99})


def handed(answer: Answer) -> Found:
    path = default_storage.save(f"entregas/{uuid.uuid4()}.pdf", ContentFile(b"x"))
    return by_key(HandedFile.objects.create(answer=answer, name="x.pdf", suffix=".pdf", path=path, bytes=1))


def handed_file(world: World, owner: Person) -> Found:
    return handed(attempt(world, owner).answers.first())


def file_to_mark(world: World, side: Side) -> Found:
    found = waiting_answer(world, side)
    return handed(Answer.objects.get(attempt__public_id=found.keys["public_id"], order=99))


def video_in_course(world: World, side: Side) -> Found:
    keys = {"course_key": side.course.translation_key, "lesson_key": uuid.uuid4(), "block_key": uuid.uuid4()}
    return by_key(Activity.objects.create(**keys, kind=Activity.Kind.VIDEO, title="x", video=a_video()))


def lesson_question(world: World, side: Side) -> Found:
    person = an_employee(side.municipality.code)
    enrolment = enrolments.enrol(person=person, course=side.course, by=person)
    return by_key(talk.ask(enrolment=enrolment, lesson_key=side.text.translation_key, text="¿Cómo?"))


def assignment(world: World, side: Side, kind: str) -> Found:
    """One of a town hall, a network or ANAM, with the keys of its addresses."""
    keys = {"staff": {"code": side.municipality.code}, "network": {"network_id": side.network.public_id}}.get(kind, {})
    whose = {"staff": {"municipality": side.municipality}, "network": {"network": side.network}}.get(kind, {})
    made = Assignment.objects.create(course=side.course, course_key=side.course.translation_key, **whose)
    return Found(keys | {"assignment_id": made.public_id})


def invitation(world: World, side: Side, *, is_of_staff: bool = False) -> Found:
    """A course's own, or a town hall's; home is within reach of those who may write the course there."""
    municipality = side.municipality if is_of_staff else None
    made = invitations.make(course=side.course, by=None, municipality=municipality, max_uses=99)
    code = side.municipality.code if is_of_staff else made.code
    return Found({"public_id": made.public_id, "course_key": side.course.translation_key, "code": code})
