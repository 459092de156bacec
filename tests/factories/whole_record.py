"""Somebody of whom everything is kept that can be, made by the verbs themselves wherever there is one."""

import uuid

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certificates.domain import acts, career, rendering, revocation, sharing
from courses.domain import attendance, digests, grading, invitations, sessions, talk
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models import (
    Activity,
    Answer,
    AssignedPerson,
    Assignment,
    CoursePage,
    Digest,
    Enrolment,
    Evaluation,
    FilledWorksheet,
    HandedFile,
    InvitationUse,
    LearningEvent,
    MarkChange,
    Waiver,
    WatchProgress,
    WatchSegment,
)
from courses.models.evaluation import SCORES
from lms.domain import networks, people, requests
from lms.models import AccessCode, GuardianConsent, Municipality, Person, Post, RoleGrant
from media.domain import uploads
from media.models import Delivered, UploadAllowance
from tests.factories.career import a_declaration, a_paper
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import PASSWORD, a_cui, a_member, a_network, a_person, somebody_with_role
from tests.factories.sessions import a_session, hold

PROVEN = {"key": "presupuesto", "name": "Presupuesto", "level": 2, "level_name": "intermedio"}


def a_whole_record(*, given_names: str, surnames: str, cui: str, phone: str, email: str, guardian_name: str) -> Person:
    """An employee of Nebaj in a network, with courses, a certificate, requests, roles that ended and ways in."""
    nebaj = Municipality.objects.get(code="1413")
    person = people.register(
        given_names=given_names,
        surnames=surnames,
        password=PASSWORD,
        cui=cui,
        email=email,
        phone=phone,
        born_on=timezone.localdate().replace(year=1990, day=1),
        municipality=nebaj,
        post=Post.objects.get(code="RECEP"),
    )
    networks.join(person=person, network=a_network(), municipality=nebaj, by=None)
    GuardianConsent.objects.create(person=person, guardian_name=guardian_name, relation="mother")
    now = timezone.now()
    RoleGrant.objects.create(person=person, role="trainer", starts_at=now, ends_at=now)
    _learn(person)
    rendering.ensure_file(certificate := a_certificate(person=person, competency=PROVEN))
    asked = {"reason_kind": "error", "reason": f"El papel de {given_names}", "by": somebody_with_role("administrator")}
    act = revocation.ask(certificate=certificate, **asked)
    acts.refuse(act=act, reason=f"{given_names} tiene razón", by=somebody_with_role("certifier"))
    a_completion(person=person, certificate_kind="")
    uploads.begin(person=person, file_name=f"{given_names}.mp4", size=10, fingerprint="x")
    video = a_video(uploaded_by=person, rungs=())
    Delivered.objects.create(person=person, video=video, day=timezone.localdate(), rung="240p", bytes=10, seconds=1)
    UploadAllowance.objects.create(person=person, bytes=10**9, reason=f"Lo pidió {given_names}")
    wrong = {"cui": a_cui(), "surnames": surnames}
    requests.ask_correction(person=person, by=person, proposed=wrong, text=given_names)
    _declare(person)
    _come_in(person)
    return person


def _declare(person: Person) -> None:
    """A training taken elsewhere, with its paper; a link to the record, which somebody opened."""
    a_declaration(person, title=f"Taller de {person.given_names}", evidence=a_paper(f"{person.given_names}.pdf"))
    refused = a_declaration(person, title=f"Curso de {person.given_names}")
    reason = f"Falta el sello en el papel de {person.given_names}"
    career.refuse(entry=refused, reason=reason, by=somebody_with_role("administrator"))
    made = sharing.share(person=person, parts="all", days=3, note=f"Para {person.given_names}", by=person)
    sharing.end(link=made.share, by=person)
    sharing.note_opening(made.share, device="phone")


def _learn(person: Person) -> None:
    course, video = a_course(), a_video(rungs=())
    quiz = ("quiz", {"quiz": a_quiz(questions=2), "is_required": True})
    sync_lesson(a_lesson(course, quiz, ("video", {"video": video, "is_required": True})))
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    Enrolment.objects.filter(pk=enrolment.pk).update(seated_at=timezone.now())
    _be_asked(person, course)
    activities = Activity.objects.filter(course_key=course.translation_key)
    attempt = grading.start(
        enrolment=enrolment,
        activity=activities.get(kind=Activity.Kind.QUIZ),
        attempt_id=uuid.uuid4(),
        language="quc",
    )
    first = attempt.answers.first()
    grading.answer(attempt=attempt, order=first.order, given={"chosen": [first.version.said.body.options[0].key]})
    grading.hand_in(attempt=attempt)
    _attend(person, course, enrolment)
    Answer.objects.filter(pk=first.pk).update(remark="Muy bien pensado")
    HandedFile.objects.create(answer=first, name="plan.pdf", suffix=".pdf", path=f"entregas/{first.pk}.pdf", bytes=9)
    MarkChange.objects.create(
        answer=first,
        version=first.version,
        percent_before=0,
        percent_after=100,
        score_before=50,
        score_after=50,
        was_passed=False,
        is_passed=False,
        remark="Lo que decía antes",
        reason="La clave estaba mal",
    )
    asked = talk.ask(enrolment=enrolment, lesson_key=activities[0].lesson_key, text="¿Cómo se cobra?")
    talk.refuse(question=asked, reason="Ya se respondió", by=somebody_with_role("administrator"))
    said = {name: 4 for name in SCORES}
    Evaluation.objects.create(
        person=person, enrolment=enrolment, course_key=course.translation_key, edition=1, sentence="Claro", **said
    )
    FilledWorksheet.objects.create(
        enrolment=enrolment,
        lesson_key=activities[0].lesson_key,
        block_key=uuid.uuid4(),
        lesson_title=activities[0].title,
        title="Ficha de trabajo",
        answers={"a": {"prompt": "¿Cuántos usuarios hay?", "text": "Doscientos"}},
        handed_in_at=timezone.now(),
    )
    Digest.objects.create(person=person, day=timezone.localdate(), channel="email", sent_at=timezone.now())
    digests.choose(person=person, is_wanted=True)
    watched = {"enrolment": enrolment, "activity": activities.get(kind=Activity.Kind.VIDEO), "video": video}
    Waiver.objects.create(
        enrolment=enrolment,
        activity=watched["activity"],
        kind=Waiver.Kind.ACCEPTED,
        reason="Lo vio en persona, en el taller.",
        made_by=a_person(),
    )
    WatchProgress.objects.create(**watched, length_seconds=100, covered_seconds=40)
    WatchSegment.objects.create(
        **watched,
        client_id=uuid.uuid4(),
        device=uuid.uuid4(),
        session=uuid.uuid4(),
        sequence=1,
        from_second=0,
        to_second=40,
        clock_from=0,
        clock_to=40,
        granted_at=timezone.now(),
        grade=WatchSegment.Grade.CREDITED,
    )
    LearningEvent.objects.create(
        client_id=uuid.uuid4(),
        enrolment=enrolment,
        activity=watched["activity"],
        kind=LearningEvent.Kind.POSITION,
        device=uuid.uuid4(),
        course_version="1.7",
        happened_at=enrolment.enrolled_at,
        digest="0" * 64,
        outcome=LearningEvent.Outcome.STORED,
    )


def _be_asked(person: Person, course: CoursePage) -> None:
    """A list on which they wait, a course assigned that they declined, and an invitation that they used."""
    full = a_course(seats=1)
    enrolments.enrol(person=a_member(a_network("Otra red")), course=full, by=None)
    enrolments.enrol(person=person, course=full, by=person)
    assignment = Assignment.objects.create(course=course, course_key=course.translation_key, reason="Por la auditoría")
    AssignedPerson.objects.create(
        assignment=assignment,
        person=person,
        due_on=timezone.localdate(),
        declined_at=timezone.now(),
        decline_reason="Ya lo sé",
    )
    invitation = invitations.make(course=course, by=None)
    InvitationUse.objects.create(invitation=invitation, person=person)


def _attend(person: Person, course, enrolment) -> None:
    sync_lesson(a_lesson(course, ("attendance", {"title": "Taller", "hours": 4, "min_percent": 80})))
    held = a_session(Activity.objects.get(course_key=course.translation_key, kind=Activity.Kind.ATTENDANCE))
    sessions.register(enrolment=enrolment, session=held, by=person)
    hold(held)
    for is_present, reason in [(True, ""), (False, "Se anotó a otra persona")]:
        mark = attendance.Mark(uuid.uuid4(), is_present, "list", reason=reason)
        attendance.note(session=held, enrolment=enrolment, mark=mark, by=a_person())


def _come_in(person: Person) -> None:
    """In every way there is."""
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": person.given_names})
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    SocialAccount.objects.create(
        user=person, provider="anam", uid=person.email, extra_data={"name": person.given_names}
    )
    AccessCode.objects.create(person=person, kind=AccessCode.Kind.SENT, expires_at=timezone.now())
    client = Client()
    client.force_login(person)
    client.get(reverse("lms:own_data"))
