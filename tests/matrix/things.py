"""The things that addresses name, made in a world: what belongs to somebody, and what stands on one of its sides."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData
from wagtail.contrib.redirects.models import Redirect
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Collection, CollectionViewRestriction, Site

from certificates.domain import rendering
from certificates.models import HandoverPackage
from courses.domain import digests, review
from courses.models import LessonPage, Topic
from lms.domain import audit, duplicates
from lms.models import Appointment, DuplicatePair, Job, Language, Membership, Person, PersonRequest, Post, RoleGrant
from lms.views.second_factor import key_of
from media.domain import addresses, delivery, uploads
from media.models import Caption, Track, UploadAllowance, Video
from tests.factories.career import a_declaration, a_paper
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_competency, a_course, a_path, a_question, a_quiz, a_term
from tests.factories.media import a_video
from tests.factories.people import a_consent, a_member, a_network, an_employee, born, somebody_with_role
from tests.factories.sessions import a_part
from tests.factories.staff_lists import a_staff_import
from tests.factories.templates import a_template

from . import learning, register
from .world import Found, Side, World, by_key

# Where Wagtail's forms are sent by a script, it refuses others.
BY_SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def _appointment(world: World, owner: Person) -> Found:
    """Those who only belong to a network have none yet."""
    held = owner.appointments.first() or Appointment.objects.create(
        person=owner,
        municipality=world.sides["home"].municipality,
        post=Post.objects.get(code="RECEP"),
        starts_on=timezone.localdate() - timedelta(days=30),
    )
    return by_key(held)


def _membership(world: World, owner: Person) -> Found:
    side = world.sides["abroad" if owner == world.sides["abroad"].somebody else "home"]
    current = Membership.objects.current().filter(person=owner, network=side.network)
    if not current.exists():
        Membership.objects.create(person=owner, network=side.network, municipality=side.municipality)
    return Found({"public_id": side.network.public_id})


def _join_request(world: World, owner: Person) -> Found:
    network = a_network(f"Red que espera a {owner.pk}", ())
    Membership.objects.create(
        person=owner, network=network, municipality=world.sides["home"].municipality, confirmed_at=None
    )
    return Found({"public_id": network.public_id})


def _playback(world: World, owner: Person) -> Found:
    video = a_video()
    video.poster_path = default_storage.save(f"video/{video.public_id}/cartel.jpg", ContentFile(b"x"))
    video.save()
    Caption.objects.create(video=video, language=Language.objects.get(key="es"), text="WEBVTT\n")
    token = delivery.make_token(video, owner)
    url = addresses.rendition_url(video.renditions.get(rung="144p"), owner)
    seal, ends, path = url.removeprefix("/video/f/").split("/", 2)
    track = Track.objects.create(video=video, kind=Track.Kind.SIGN, state=Track.State.READY)
    spoken = video.renditions.get(rung="144p")
    spoken.pk, spoken.track = None, track
    spoken.save()
    keys = {"token": token, "rung": "144p", "language": "es", "track": track.public_id}
    return Found(keys | {"seal": seal, "ends": ends, "path": path})


def _upload(world: World, owner: Person) -> Found:
    return by_key(uploads.begin(person=owner, file_name="clase.mp4", size=10))


def _own_request(world: World, owner: Person) -> Found:
    """One open of a kind, so the same one as long as it is not withdrawn."""
    asked, _created = PersonRequest.objects.get_or_create(person=owner, kind="correction", state="open")
    return by_key(asked)


def _passkey(world: World, owner: Person) -> Found:
    """As a telephone would make one."""
    name = owner.public_id.bytes
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    held = AuthenticatorData.create(b"0" * 32, 0x45, 0, AttestedCredentialData.create(Aaguid.NONE, name, public))
    said = {
        "attestationObject": websafe_encode(AttestationObject.create("none", held, {})),
        "clientDataJSON": websafe_encode(CollectedClientData.create("webauthn.create", b"0" * 32, "http://testserver")),
    }
    sent = {"id": websafe_encode(name), "rawId": websafe_encode(name), "type": "public-key", "response": said}
    return Found({"key": key_of(WebAuthn.add(owner, "Llave", sent).instance)})


def _page(world: World, side: Side) -> Found:
    revision = side.lesson.latest_revision
    keys = {
        "pk": side.lesson.pk,
        "page_id": side.lesson.pk,
        "page_to_move_id": side.lesson.pk,
        "parent_page_id": side.course.pk,
        "destination_id": side.course.pk,
        "content_type_app_name": "courses",
        "content_type_model_name": "lessonpage",
        "revision_id": revision.pk,
        "revision_id_a": revision.pk,
        "revision_id_b": revision.pk,
        "path": side.lesson.url.lstrip("/"),
    }
    # Wagtail's forms take their own blocks for granted.
    return Found(keys, data={"course": str(side.course.translation_key), "body-count": "0", "language": "quc"})


def _picture(world: World, owner: Person) -> Found:
    image = get_image_model().objects.create(title="Foto", file=get_test_image_file(), uploaded_by_user=owner)
    rendition = image.get_rendition("width-20")
    keys = {"image_id": image.pk, "pk": image.pk}
    keys |= {"path": rendition.file.name.removeprefix("images/"), "filter_spec": "width-20"}
    return Found(keys, headers=BY_SCRIPT)


def _document(world: World, owner: Person) -> Found:
    document = get_document_model().objects.create(
        title="Guía", file=ContentFile(b"x", "guia.pdf"), uploaded_by_user=owner
    )
    keys = {"document_id": document.pk, "doc_id": document.pk, "pk": document.pk}
    return Found({**keys, "file_name": document.filename}, headers=BY_SCRIPT)


def _grant(world: World, side: Side) -> Found:
    person = an_employee(side.municipality.code)
    return by_key(RoleGrant.objects.create(person=person, role="trainer"))


def _member(world: World, side: Side) -> Found:
    return by_key(a_member(side.network, municipality=side.municipality.code).memberships.get())


def _of_network(world: World, side: Side, *, is_asking: bool = False, is_minor: bool = False) -> Found:
    """Somebody new in the network each time; a minor with a guardian whose paper is missing."""
    person = a_member(side.network, municipality=side.municipality.code, born_on=born(15) if is_minor else None)
    if is_asking:
        person.memberships.update(confirmed_at=None)
    if is_minor:
        a_consent(person, is_confirmed=False)
    return Found({"public_id": side.network.public_id, "person_id": person.public_id})


def _network_course(world: World, side: Side) -> Found:
    course = a_course(network=side.network)
    return Found({"public_id": side.network.public_id, "course_key": course.translation_key})


def _video(world: World, owner: Person) -> Found:
    video = a_video(rungs=(), uploaded_by=owner)
    sheet = default_storage.save(f"video/{video.public_id}/escenas.jpg", ContentFile(b"x"))
    Video.objects.filter(pk=video.pk).update(storyboard_path=sheet)
    Caption.objects.create(video=video, language=Language.objects.get(key="es"), text="WEBVTT\n")
    track = Track.objects.create(video=video, kind=Track.Kind.SIGN, state=Track.State.READY)
    return by_key(video, language="es", track=track.public_id)


def _restriction(world: World, side: Side) -> Found:
    collection = Collection.get_first_root_node().add_child(name="Reservada")
    row = CollectionViewRestriction.objects.create(collection=collection, restriction_type="password", password="x")
    return Found({"restriction_id": row.pk})


def _alias(world: World, side: Side) -> Found:
    return Found({"page_id": side.text.create_alias(parent=side.course, update_slug=f"alias-{side.text.pk}").pk})


def _scheduled_page(world: World, side: Side) -> Found:
    revision = side.text.save_revision(approved_go_live_at=timezone.now() + timedelta(days=1))
    return Found({"page_id": side.text.pk, "revision_id": revision.pk})


def _page_in_review(world: World, side: Side) -> Found:
    """A page that is looked at already goes on being so."""
    state = side.text.current_workflow_state or review.ensure_workflow().start(side.text, side.somebody)
    task = state.current_task_state
    keys = {"page_id": side.text.pk, "action_name": "approve", "task_state_id": task.pk, "task_id": task.task_id}
    return Found(keys | {"pk": side.text.pk, "workflow_state_id": state.pk})


def _editing(world: World, side: Side) -> Found:
    """The session of an editor is its own; a ping without one begins it."""
    keys = {"app_label": "courses", "model_name": "lessonpage", "object_id": side.lesson.pk, "session_id": 0}
    return Found(keys)


def _block(world: World, side: Side) -> Found:
    blocks = LessonPage.body.field.stream_block.child_blocks
    return Found(query={"id": blocks["text"].definition_prefix})


def _two_people(world: World, side: Side) -> Found:
    first, second = an_employee(side.municipality.code), an_employee(side.municipality.code)
    return Found({"first": first.pk, "second": second.pk})


def _pair(world: World, side: Side) -> Found:
    first, second = an_employee(side.municipality.code), an_employee(side.municipality.code)
    return by_key(DuplicatePair.objects.create(first=first, second=second, score=60))


def _merge(world: World, side: Side) -> Found:
    first, second = an_employee(side.municipality.code), an_employee(side.municipality.code)
    return by_key(duplicates.merge(survivor=first, absorbed=second, reason="x", by=None))


# What belongs to one person, or was brought by one.
OWN: dict[str, Callable[[World, Person], Found]] = {
    "appointment": _appointment,
    "membership": _membership,
    "join_request": _join_request,
    "enrolment": lambda world, owner: by_key(learning.enrolled(world, owner)),
    "reading": learning.reading,
    "offered_session": learning.offered_session,
    "exercise": learning.exercise,
    "attempt": lambda world, owner: by_key(learning.attempt(world, owner), number=1),
    "closed_attempt": learning.closed_attempt,
    "handed_file": learning.handed_file,
    "arriving_file": lambda world, owner: by_key(learning.attempt(world, owner), number=1, file_id=uuid.uuid4()),
    "playback": _playback,
    "completed_on_request": lambda world, owner: by_key(a_completion(person=owner, certificate_on_request=True)),
    "own_career_entry": lambda world, owner: by_key(a_declaration(owner, evidence=a_paper())),
    "own_career_link": lambda world, owner: register.career_link(owner),
    "reminders": lambda world, owner: Found({"token": digests.token_of(owner)}),
    "upload": _upload,
    "own_request": _own_request,
    "passkey": _passkey,
    "batch": register.batch,
    "quiz": lambda world, owner: by_key(a_quiz(made_by=owner)),
    "bank_question": lambda world, owner: by_key(a_question(made_by=owner)),
    "spoken_quiz": lambda world, owner: by_key(a_quiz(made_by=owner), code="quc"),
    "spoken_question": lambda world, owner: by_key(a_question(made_by=owner), code="quc"),
    "bank_topic": lambda world, owner: by_key(Topic.objects.create(name="Agua", made_by=owner)),
    "video": _video,
    "picture": _picture,
    "document": _document,
}
MAKERS: dict[str, Callable[[World, Side], Found]] = {
    "person": lambda world, side: by_key(an_employee(side.municipality.code)),
    "municipality": lambda world, side: Found({"code": side.municipality.code}),
    "import": lambda world, side: by_key(a_staff_import(side.municipality.code)),
    "staff_appointment": lambda world, side: by_key(an_employee(side.municipality.code).appointments.get()),
    "awaiting_appointment": lambda world, side: by_key(
        an_employee(side.municipality.code, is_confirmed=False).appointments.get()
    ),
    "grant": _grant,
    "two_people": _two_people,
    "pair": _pair,
    "merge": _merge,
    "request": lambda world, side: by_key(
        PersonRequest.objects.create(person=an_employee(side.municipality.code), kind="correction", text="x")
    ),
    "certificate": register.certificate,
    "act": register.act,
    "handover_package": lambda world, side: by_key(
        HandoverPackage.objects.create(
            municipality=side.municipality,
            ready_at=timezone.now(),
            path=default_storage.save("entrega.zip", ContentFile(b"x")),
        )
    ),
    "career_link": lambda world, side: register.career_link(an_employee(side.municipality.code)),
    "career_entry": register.career_entry,
    "checked_career_entry": partial(register.career_entry, is_checked=True),
    "any_batch": lambda world, side: register.batch(world, somebody_with_role("administrator")),
    "bundle": register.bundle,
    "certificate_template": lambda world, side: by_key(a_template()),
    "checkpoint": register.checkpoint,
    "certificate_file": lambda world, side: Found({"digest": rendering.ensure_file(a_certificate()).sha256}),
    "signed_facts": lambda world, side: Found({"text": rendering.ensure_file(a_certificate()).qr.rpartition("/")[2]}),
    "status_list": lambda world, side: Found({"name": a_certificate().status_entry.list}),
    "network": lambda world, side: by_key(side.network),
    "member": _member,
    "network_course": _network_course,
    "network_assignment": partial(learning.assignment, kind="network"),
    "staff_assignment": partial(learning.assignment, kind="staff"),
    "national_assignment": partial(learning.assignment, kind="national"),
    "invitation": learning.invitation,
    "course_invitation": learning.invitation,
    "staff_invitation": partial(learning.invitation, is_of_staff=True),
    "path": lambda world, side: by_key(made := a_path(side.course, title=f"Ruta {uuid.uuid4()}"), slug=made.slug),
    "competency": lambda world, side: by_key(a_competency()),
    "term": lambda world, side: by_key(a_term()),
    "own_course": lambda world, side: Found({"course_key": side.course.translation_key}),
    "network_member": _of_network,
    "network_request": partial(_of_network, is_asking=True),
    "question_kind": lambda world, side: Found({"kind": "single"}),
    "waiting_answer": learning.waiting_answer,
    "written_course": lambda world, side: Found({"course_key": side.course.translation_key}),
    "changing_course": learning.changing_course,
    "pupil": lambda world, side: by_key(learning.pupil(side)),
    "waiver": learning.waiver,
    "in_person_part": lambda world, side: by_key(a_part(side.course)),
    "in_person_session": learning.in_person_session,
    "scan": learning.scan,
    "video_in_course": learning.video_in_course,
    "file_to_mark": learning.file_to_mark,
    "lesson_question": learning.lesson_question,
    "course_opinions": lambda world, side: Found({"pk": side.course.pk}),
    "practice": learning.practice,
    "worksheet": learning.worksheet,
    "minor_member": partial(_of_network, is_minor=True),
    "course_page": lambda world, side: Found({"page_id": side.course.pk}, data={"language": "quc"}),
    "page": _page,
    "pages": lambda world, side: Found(
        {"app_label": "wagtailcore", "model_name": "page", "action": "publish"}, query={"id": side.lesson.pk}
    ),
    "page_kind": lambda world, side: Found(
        {"app_label": "courses", "model_name": "coursepage"}
        | {"content_type_app_name": "courses", "content_type_model_name": "coursepage"}
    ),
    "alias": _alias,
    "scheduled_page": _scheduled_page,
    "page_in_review": _page_in_review,
    "editing": _editing,
    "editing_session": lambda world, side: Found({"session_id": 0}),
    "page_to_copy": lambda world, side: Found(
        {"page_id": side.lesson.pk}, data={"new_parent_page": side.course.pk, "new_title": "x", "new_slug": "copia"}
    ),
    "block": _block,
    "link": lambda world, side: Found(
        data={"external-link-chooser-url": "https://x.example", "external-link-chooser-link_text": "x"}
    ),
    "restriction": _restriction,
    "collection": lambda world, side: by_key(Collection.get_first_root_node().add_child(name="Otra")),
    "redirect": lambda world, side: by_key(
        row := Redirect.objects.create(old_path=f"/{uuid.uuid4()}", redirect_link="/"), redirect_id=row.pk
    ),
    "file_form": lambda world, side: Found({"form": "csv"}),
    "event": lambda world, side: by_key(audit.record("x", by=None, subject=f"lms.person:{side.somebody.public_id}")),
    "post": lambda world, side: by_key(Post.objects.create(code=f"X{side.municipality.code}", name="Otro", kind="x")),
    "site": lambda world, side: by_key(Site.objects.get()),
    "unfinished_job": lambda world, side: by_key(Job.objects.create(kind="media.transcode", subject=uuid.uuid4())),
    "allowance": lambda world, side: by_key(
        UploadAllowance.objects.create(person=an_employee(side.municipality.code), bytes=1, reason="x")
    ),
    "job": lambda world, side: by_key(Job.objects.create(kind="x", subject=uuid.uuid4(), state=Job.State.FAILED)),
}
