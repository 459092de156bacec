"""What the kernel lets go of when a person is erased."""

from collections.abc import Iterable
from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone
from wagtail.admin.models import EditingSession, FormState
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import APIToken, ModelLogEntry, Page, PageSubscription, UploadedFile
from wagtail.users.models import UserProfile

from lms.models import AccessCode, DuplicatePair, GuardianConsent, Job, Merge, Person, PersonRequest, StaffImport

# What lists show where the name was.
GIVEN_NAMES, SURNAMES = "Registro", "borrado"


def erase(person: Person) -> dict[str, int]:
    """The identity, and everything that hangs on it in the kernel; returns counts by kind.

    Roles that ended stay, so that it is known what could be done on which day, but by nobody with a name.
    """
    gone = {
        "appointments": _delete(person.appointments.all()),
        "memberships": _delete(person.memberships.all()),
        "guardian_consents": _delete(GuardianConsent.objects.filter(person=person)),
        "requests": _requests(person),
        "ways_in": _ways_in(person),
        "duplicates": _duplicates(person),
        "office": _office(person),
    }
    Job.objects.filter(requested_by=person).update(requested_by=None)
    StaffImport.objects.filter(started_by=person).update(started_by=None)
    _make_nameless(person)
    return gone


def _delete(rows) -> int:
    return rows.delete()[0]


def _requests(person: Person) -> int:
    """The granted erasure stays, empty: it is why the record is. What else was asked for goes."""
    granted = PersonRequest.objects.filter(
        person=person, kind=PersonRequest.Kind.ERASURE, state=PersonRequest.State.GRANTED
    )
    granted.update(text="", answer="", proposed_sealed="")
    return _delete(PersonRequest.objects.filter(person=person).exclude(pk__in=granted.values("pk")))


def _duplicates(person: Person) -> int:
    """Suspicions go. That records were joined stays, with nothing by which it could be undone."""
    Merge.objects.filter(Q(survivor=person) | Q(absorbed=person)).update(journal={}, kept={}, reason="")
    return _delete(DuplicatePair.objects.filter(Q(first=person) | Q(second=person)))


def sessions_of(people: Iterable[Person]) -> list[str]:
    """The keys of every session, signed in on whatever device: they do not say whose they are until they are opened.

    That takes long where there are many; nothing others wait for should be locked meanwhile.
    """
    wanted = {str(person.pk) for person in people}
    sessions = Session.objects.iterator(chunk_size=1000)
    return [one.session_key for one in sessions if one.get_decoded().get(SESSION_KEY) in wanted]


def end_sessions(keys: Iterable[str]) -> None:
    """Let sessions go, wherever they are kept."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store(key).delete()


def _ways_in(person: Person) -> int:
    """Second steps, codes, addresses and accounts of other systems by which the person came in."""
    owned = (Authenticator, EmailAddress, SocialAccount)
    codes = _delete(AccessCode.objects.filter(person=person))
    return codes + sum(_delete(model.objects.filter(user=person)) for model in owned)


def _office(person: Person) -> int:
    """What Wagtail keeps of somebody who worked in the back-office; pages, pictures and files are ANAM's and stay."""
    for profile in UserProfile.objects.filter(user=person).exclude(avatar=""):
        profile.avatar.delete(save=False)
    for made, column in (
        (Page, "owner"),
        (get_image_model(), "uploaded_by_user"),
        (get_document_model(), "uploaded_by_user"),
    ):
        made.objects.filter(**{column: person}).update(**{column: None})
    labelled = ModelLogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Person), object_id=str(person.pk)
    )
    owned = (UserProfile, EditingSession, FormState, APIToken, PageSubscription)
    return (
        _delete(labelled)
        + _delete(UploadedFile.objects.filter(uploaded_by_user=person))
        + sum(_delete(model.objects.filter(user=person)) for model in owned)
    )


def _make_nameless(person: Person) -> None:
    """The row that stays: it says that somebody was erased, and when."""
    person.given_names, person.surnames = GIVEN_NAMES, SURNAMES
    person.email = person.phone = person.cui_digest = person.born_on = person.language = person.last_login = None
    person.cui_encrypted = ""
    person.is_active = False
    person.set_unusable_password()
    person.erased_at = timezone.now()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
