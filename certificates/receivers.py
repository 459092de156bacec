"""What this app hears from below."""

from certificates.domain import issuing, renewals
from courses.models import Completion
from lms.models import Person


def ask_for_certificate(sender: object, completion: Completion, **kwargs: object) -> None:
    """A course was completed: its certificate is owed, and the one that it renews."""
    issuing.ask_for(completion)
    renewals.ask_for(completion)


def ask_for_waiting(sender: object, person: Person, **kwargs: object) -> None:
    """Somebody stands behind a person: what waited for it is asked for."""
    issuing.ask_for_waiting(person)
