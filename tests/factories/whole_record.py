"""Somebody of whom everything is kept that can be, made by the verbs themselves wherever there is one."""

import uuid

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certificates.domain import rendering
from courses.domain import digests, grading, talk
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models import Activity, Answer, Digest, Evaluation, WatchProgress, WatchSegment
from courses.models.evaluation import SCORES
from lms.domain import networks, people, requests
from lms.models import AccessCode, GuardianConsent, Municipality, Person, Post, RoleGrant
from media.domain import uploads
from media.models import Delivered, UploadAllowance
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import PASSWORD, a_cui, a_network, somebody_with_role


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
    rendering.ensure_file(a_certificate(person=person))
    a_completion(person=person, certificate_kind="")
    uploads.begin(person=person, file_name=f"{given_names}.mp4", size=10, fingerprint="x")
    video = a_video(uploaded_by=person, rungs=())
    Delivered.objects.create(person=person, video=video, day=timezone.localdate(), rung="240p", bytes=10, seconds=1)
    UploadAllowance.objects.create(person=person, bytes=10**9, reason=f"Lo pidió {given_names}")
    wrong = {"cui": a_cui(), "surnames": surnames}
    requests.ask_correction(person=person, by=person, proposed=wrong, text=given_names)
    _come_in(person)
    return person


def _learn(person: Person) -> None:
    course, video = a_course(), a_video(rungs=())
    quiz = ("quiz", {"quiz": a_quiz(questions=2), "is_required": True})
    sync_lesson(a_lesson(course, quiz, ("video", {"video": video, "is_required": True})))
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    activities = Activity.objects.filter(course_key=course.translation_key)
    attempt = grading.start(
        enrolment=enrolment, activity=activities.get(kind=Activity.Kind.QUIZ), attempt_id=uuid.uuid4()
    )
    first = attempt.answers.first()
    grading.answer(attempt=attempt, order=first.order, given={"chosen": [first.version.said.body.options[0].key]})
    grading.hand_in(attempt=attempt)
    Answer.objects.filter(pk=first.pk).update(remark="Muy bien pensado")
    asked = talk.ask(enrolment=enrolment, lesson_key=activities[0].lesson_key, text="¿Cómo se cobra?")
    talk.refuse(question=asked, reason="Ya se respondió", by=somebody_with_role("administrator"))
    said = {name: 4 for name in SCORES}
    Evaluation.objects.create(
        person=person, enrolment=enrolment, course_key=course.translation_key, edition=1, sentence="Claro", **said
    )
    Digest.objects.create(person=person, day=timezone.localdate(), channel="email", sent_at=timezone.now())
    digests.choose(person=person, is_wanted=True)
    watched = {"enrolment": enrolment, "activity": activities.get(kind=Activity.Kind.VIDEO), "video": video}
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
