"""Erasing somebody who worked in the back-office: nothing there leads to them any more."""

from io import BytesIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import ModelLogEntry
from wagtail.users.models import UserProfile

from lms.domain import imports, requests
from lms.models import DuplicatePair, Job, Language, Municipality, Person, PersonRequest, StaffImport
from tests.certificates.test_erasure import ask_and_wait
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    """Somebody who once had much to do here, and has no role any more."""
    person = an_employee()
    person.language = Language.objects.first()
    person.save()
    person.groups.add(Group.objects.first())
    person.user_permissions.add(Permission.objects.first())
    a_course(owner=person)
    get_image_model().objects.create(title="x", file="x.png", width=1, height=1, uploaded_by_user=person)
    get_document_model().objects.create(title="x", file="x.pdf", uploaded_by_user=person)
    kind = ContentType.objects.get_for_model(Person)
    ModelLogEntry.objects.create(
        content_type=kind,
        object_id=str(person.pk),
        label="Quien fue",
        action="wagtail.create",
        timestamp=timezone.now(),
    )
    Job.objects.create(kind="x", subject="y", state=Job.State.FAILED, requested_by=person)
    by, place = somebody_with_role("administrator"), Municipality.objects.get(code="1413")
    taken = imports.take(file_name="x.csv", content=b"CUI,Nombres\n1,Ana\n", municipality=place, by=by)
    StaffImport.objects.filter(pk=taken.pk).update(started_by=person)
    first, second = sorted([person, an_employee()], key=lambda one: one.pk)
    DuplicatePair.objects.create(first=first, second=second, score=80)
    return person


def who_refers_to(person: Person) -> set[str]:
    """Every column, of every model, that still leads to the row."""
    found = set()
    fields = Person._meta.get_fields(include_hidden=True)
    for relation in (one for one in fields if one.auto_created and not one.concrete and one.is_relation):
        name = relation.field.name
        if relation.related_model._base_manager.filter(**{name: person}).exists():
            found.add(f"{relation.related_model._meta.label}.{name}")
    return found


def test_everything_leads_to_them_before(person):
    """Or the next test would prove nothing."""
    assert {
        "lms.DuplicatePair.first",
        "lms.Job.requested_by",
        "lms.Person_groups.person",
        "lms.Person_user_permissions.person",
        "lms.StaffImport.started_by",
        "wagtailcore.Page.owner",
        "wagtaildocs.Document.uploaded_by_user",
        "wagtailimages.Image.uploaded_by_user",
    } <= who_refers_to(person)


def test_nothing_of_the_office_leads_to_whoever_was_erased(person):
    asked = ask_and_wait(person)
    PersonRequest.objects.filter(pk=asked.pk).update(text="Soy yo, la de Nebaj", answer="Está bien")
    requests.grant_erasure(request=asked, by=somebody_with_role("administrator"))

    # Why the record is gone, and that somebody once changed a page: by a row that has no name any more.
    assert who_refers_to(person) == {"lms.PersonRequest.person", "wagtailcore.PageLogEntry.user"}
    assert not ModelLogEntry.objects.filter(label="Quien fue").exists()
    asked.refresh_from_db()
    assert (asked.text, asked.answer, asked.proposed_sealed) == ("", "", "")
    person.refresh_from_db()
    assert (list(person.groups.all()), list(person.user_permissions.all()), person.language) == ([], [], None)


def test_their_picture_goes_with_its_file(person):
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    profile = UserProfile.get_for_user(person)
    profile.avatar = SimpleUploadedFile("cara.png", picture.getvalue(), "image/png")
    profile.save()
    storage, name = profile.avatar.storage, profile.avatar.name
    assert storage.exists(name)
    requests.grant_erasure(request=ask_and_wait(person), by=somebody_with_role("administrator"))
    assert not storage.exists(name)
