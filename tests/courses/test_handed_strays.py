"""Handed-in files without a row go after a day; rows without a file are told of and stay."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from courses import tasks
from courses.domain import handed_strays
from courses.models import HandedFile
from tests.courses.test_handing_in import an_attempt, handed, trainer

pytestmark = pytest.mark.django_db
__all__ = ["trainer"]


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    """A storage of its own: other tests leave files in theirs."""
    settings.MEDIA_ROOT = tmp_path


def a_stray(folder: str = "") -> str:
    return default_storage.save(f"entregas/{folder}{uuid.uuid4()}.pdf", ContentFile(b"x"))


def tomorrow():
    return timezone.now() + timedelta(days=1, minutes=1)


def test_strays_go_after_a_day_and_what_has_a_row_stays(trainer, tmp_path):
    kept = handed(an_attempt(trainer))
    beside = a_stray(f"{kept.answer.attempt.public_id}/")
    alone, flat = a_stray(f"{uuid.uuid4()}/"), a_stray()
    assert handed_strays.drop_strays() == 0
    assert handed_strays.drop_strays(tomorrow()) == 3
    assert default_storage.exists(kept.path)
    assert not [one for one in (beside, alone, flat) if default_storage.exists(one)]
    assert [one.name for one in (tmp_path / "entregas").iterdir()] == [str(kept.answer.attempt.public_id)]
    assert handed_strays.drop_strays(tomorrow()) == 0


def test_nothing_was_ever_handed_in():
    assert handed_strays.sweep(tomorrow()) == (0, 0)


def test_a_row_without_its_file_is_told_of_and_stays(trainer, caplog):
    attempt = an_attempt(trainer)
    lost, _kept = handed(attempt), handed(attempt)
    default_storage.delete(lost.path)
    tasks.sweep_handed()
    (said,) = [one.getMessage() for one in caplog.records if one.name == handed_strays.log.name]
    assert str(lost.public_id) in said
    assert lost.name not in said
    assert HandedFile.objects.count() == 2


def test_it_asks_the_database_no_more_for_more_files(trainer, django_assert_num_queries):
    for count in (1, 3):
        for _each in range(count):
            a_stray(f"{uuid.uuid4()}/")
        with django_assert_num_queries(1):
            handed_strays.drop_strays()


def test_the_clock_asks_for_it(settings):
    assert settings.CELERY_BEAT_SCHEDULE["sweep-handed-files"]["task"] == tasks.sweep_handed.name
