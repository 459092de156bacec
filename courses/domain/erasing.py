"""What learning lets go of when a person is erased."""

from django.db.models import ProtectedError

from courses.domain import handing_in
from courses.models import (
    AssignedPerson,
    Completion,
    Digest,
    DigestChoice,
    Enrolment,
    Evaluation,
    HandedFile,
    InvitationUse,
    LessonQuestion,
)
from lms.models import Person


def assert_erasable(person: Person) -> None:
    """Nothing keeps learning from being erased; what completes a course at this moment is waited for.

    After this nobody completes one of these any more: completing locks the enrolment before it names the person.
    """
    own = Enrolment.objects.filter(person__in=Person.objects.family(person)).order_by("pk")
    list(own.select_for_update(of=("self",)).values_list("pk", flat=True))


def erase(person: Person) -> dict[str, int]:
    """Enrolments with progress, attempts and answers; what was asked under lessons, published too, and evaluations.

    A completion that something above still points to (a certificate) stays as a bare link: what it says of the person
    goes, for the certificate says it itself. Its enrolment stays with it, empty.
    """
    completions = _completions(person)
    handing_in.drop(HandedFile.objects.filter(answer__attempt__enrolment__person=person))
    kept = Enrolment.objects.for_person(person).filter(completions__isnull=False)
    enrolments = Enrolment.objects.for_person(person).exclude(pk__in=kept.values("pk"))
    gone = {"completions": completions, "enrolments": enrolments.count()}
    AssignedPerson.objects.filter(person=person).delete()
    InvitationUse.objects.filter(person=person).delete()  # it stays counted
    every = {"lesson_questions": LessonQuestion, "evaluations": Evaluation, "reminders": Digest}
    for kind, model in (every | {"reminder_choices": DigestChoice}).items():
        gone[kind], _by_model = model._base_manager.filter(person=person).delete()
    enrolments.delete()
    for enrolment in kept.distinct():
        for rows in (
            "attempts",
            "watch_segments",
            "watch_progress",
            "activity_completions",
            "registrations",
            "attendance",
            "waivers",
            "rule_effects",
            "learning_events",
            "worksheets",
        ):
            getattr(enrolment, rows).all().delete()
        enrolment.last_lesson_key = None
        enrolment.save(update_fields=["last_lesson_key"])
    return gone


def _completions(person: Person) -> int:
    gone = 0
    for completion in Completion.objects.filter(person=person):
        try:
            completion.delete()
            gone += 1
        except ProtectedError:
            completion.score_percent = completion.municipality = completion.post = None
            completion.rule, completion.programme = {}, []
            completion.save(update_fields=["score_percent", "municipality", "post", "rule", "programme"])
    return gone
