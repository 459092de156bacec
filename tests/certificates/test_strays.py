"""Private files without a row go after a day; what a row names stays."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from certificates import tasks
from certificates.domain import career, strays
from certificates.models import AnnotationDetails, CertificateBundle, HandoverPackage
from lms.domain import strays as any_strays
from lms.models import Municipality
from tests.factories.career import a_declaration, a_paper
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    """A storage of its own: other tests leave files in theirs."""
    settings.MEDIA_ROOT = tmp_path


def later():
    return timezone.now() + any_strays.REST + timedelta(minutes=1)


def a_file(path: str) -> str:
    return default_storage.save(path, ContentFile(b"x"))


def test_what_a_row_names_stays():
    a_declaration(an_employee(), evidence=a_paper())
    boss, soon = somebody_with_role("administrator"), timezone.now() + timedelta(days=9)
    place = Municipality.objects.get(code="1413")
    HandoverPackage.objects.create(municipality=place, asked_by=boss, path=a_file("entregas-de-gobierno/a.zip"))
    CertificateBundle.objects.create(
        form="zip", certificates=[], asked_by=boss, expires_at=soon, path=a_file("certificates/paquetes/a.zip")
    )
    assert strays.drop(later()) == 0


@pytest.mark.parametrize("folder", ["expedientes/x", "entregas-de-gobierno", "certificates/paquetes"])
def test_what_none_names_goes_after_a_day(folder, settings, tmp_path):
    path = a_file(f"{folder}/{uuid.uuid4()}.zip")
    assert strays.drop() == 0
    assert strays.drop(later()) == 1
    assert not default_storage.exists(path)


def test_evidence_that_outlived_its_erasure_goes():
    """The worker died after the database was sure, before the file was let go."""
    person = an_employee()
    a_declaration(person, evidence=a_paper())
    path = AnnotationDetails.objects.exclude(path="").get().path
    career.erase(person)  # what it does once the transaction ends never happens here
    assert default_storage.exists(path)
    assert strays.drop(later()) == 1
    assert not default_storage.exists(path)


def test_the_clock_asks_for_it(settings):
    assert settings.CELERY_BEAT_SCHEDULE["sweep-private-strays"]["task"] == tasks.sweep_strays.name
