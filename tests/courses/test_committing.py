"""A batch is committed by the message that writes it, if nothing is left to do; else all of it or nothing."""

import pytest
from django.db import connection, transaction

from courses.domain import completion
from courses.models import ActivityCompletion, LearningEvent, WatchProgress, WatchSegment
from lms.models.line import Line
from tests.courses.event_cases import a_learner, read, send, told, watched

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ends(monkeypatch):
    """Of each message to the database, whether it committed."""
    said, real = [], Line.send

    def note(self, asked, *, ends=False):
        said.append(ends)
        return real(self, asked, ends=ends)

    monkeypatch.setattr(Line, "send", note)
    return said


def test_an_ordinary_batch_is_two_messages_and_the_second_commits(ends):
    learner = a_learner()
    ends.clear()
    assert told(send(learner, watched(learner, 0, 15))) == [("stored", "")]
    assert ends == ([False, True] if connection.vendor == "postgresql" else [])
    assert not connection.in_atomic_block
    assert (WatchSegment.objects.count(), LearningEvent.objects.count()) == (1, 1)


def test_what_is_known_is_undone_whole_and_told_again():
    learner = a_learner()
    first, second = watched(learner, 0, 15), watched(learner, 15, 30)
    send(learner, first)
    verdicts = send(learner, second, first)
    assert [one.is_repeated for one in verdicts] == [False, True]
    assert (WatchSegment.objects.count(), LearningEvent.objects.count()) == (2, 2)


def test_inside_another_transaction_nothing_is_committed_early(ends):
    learner = a_learner()
    ends.clear()
    with transaction.atomic():
        send(learner, watched(learner, 0, 15))
        transaction.set_rollback(True)
    assert not any(ends)
    assert not WatchSegment.objects.exists()


@pytest.mark.parametrize("what", ["complete_watched", "mark_read"])
def test_what_is_left_to_do_is_done_together_with_the_write(monkeypatch, what):
    learner = a_learner()

    def fail(**_facts):
        raise ZeroDivisionError

    monkeypatch.setattr(completion, what, fail)
    others = [read(learner)] if what == "mark_read" else []
    with pytest.raises(ZeroDivisionError):
        send(learner, watched(learner, 0, 30 if others else 60), *others)
    assert not WatchSegment.objects.exists()
    assert not WatchProgress.objects.exists()
    assert not LearningEvent.objects.exists()
    assert not ActivityCompletion.objects.exists()
