"""What the kernel hears."""

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from lms.domain import access, audit
from lms.models import Person
from lms.views import devices, gate, recent


@receiver(user_logged_in)
def remember_the_proof(request: HttpRequest | None = None, **facts: object) -> None:
    """Signing in, in whatever way, proves who one is."""
    if request is not None and hasattr(request, "session"):
        recent.remember(request)
        devices.settle(request)


# In the place of Django's own, which has this name: that one would follow the event, whose lock has to be the last.
@receiver(user_logged_in, dispatch_uid="update_last_login")
def note_who_came(user: Person, request: HttpRequest | None = None, **facts: object) -> None:
    """On the record, and in the trail, which keeps where from; what signs in without a page of ours is no visit."""
    user.last_login = timezone.now()
    with transaction.atomic(savepoint=False):
        Person.objects.filter(pk=user.pk).update(last_login=user.last_login)
        if request is not None and request.path:
            audit.record("session.opened", by=user, subject=f"lms.person:{user.public_id}")


@receiver(user_logged_out)
def note_who_left(user: Person | None, request: HttpRequest | None = None, **facts: object) -> None:
    """In the trail, if anybody was there."""
    if user is not None and request is not None and request.path:
        audit.record("session.closed", by=user, subject=f"lms.person:{user.public_id}")


@receiver(user_login_failed)
def note_a_refusal(request: HttpRequest | None = None, **facts: object) -> None:
    """In the trail, with where from and never whose: what was typed may be anybody's number."""
    if request is not None and request.path:
        audit.record("session.refused", by=None)


@receiver([authenticator_added, authenticator_reset, authenticator_removed])
def note_a_change_of_factors(signal, request: HttpRequest, user: Person, authenticator: Authenticator, **facts) -> None:
    """In the trail; the last one that goes takes away that it was given."""
    verbs = {authenticator_added: "added", authenticator_reset: "renewed", authenticator_removed: "removed"}
    action, subject = f"access.factor_{verbs[signal]}", f"lms.person:{user.public_id}"
    audit.record(action, by=user, subject=subject, facts={"type": authenticator.type})
    if signal is authenticator_removed and not access.has_second_factor(user):
        gate.forget(request)
