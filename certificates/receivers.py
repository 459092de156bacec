"""What this app hears from below."""

from certificates.domain import issuing
from courses.models import Completion


def owe_certificate(sender: object, completion: Completion, **kwargs: object) -> None:
    """A course was completed: its certificate is owed."""
    issuing.owe(completion)
