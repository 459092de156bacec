"""What the kernel knows about a person, for the person."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from lms.models import AuditEvent, Person, PersonRequest

from . import identity, own_trail, requests


def tell(person: Person) -> dict[str, Any]:
    """The kernel's part of the download; the CUI is in clear, since it goes to its owner."""
    return {
        "identity": _identity(person),
        "contact": {"email": person.email, "phone": person.phone},
        "signing_in": _signing_in(person),
        "appointments": _appointments(person),
        "memberships": _memberships(person),
        "guardian_consent": _consent(person),
        "roles": _roles(person),
        "requests": [_request(one) for one in person.requests.all()],
        "trail": _trail(person),
        "acts": _acts(person),
    }


def moment(at) -> str | None:
    """A moment in the country's time, ISO 8601 with its offset."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def day(on) -> str | None:
    """A day, ISO 8601."""
    return on.isoformat() if on else None


def _identity(person: Person) -> dict:
    return {
        "id": str(person.public_id),
        "given_names": person.given_names,
        "surnames": person.surnames,
        "cui": identity.decrypt_cui(person.cui_encrypted) if person.cui_encrypted else None,
        "born_on": day(person.born_on),
        "first_language": person.language.name if person.language else None,
        "registered_at": moment(person.joined_at),
        "is_open": person.is_active,
    }


def _signing_in(person: Person) -> dict:
    """The ways in; of what is secret in them, nothing."""
    return {
        "has_password": person.has_usable_password(),
        "last_signed_in_at": moment(person.last_login),
        "second_factors": [
            {
                "kind": str(one.get_type_display()),
                "created_at": moment(one.created_at),
                "last_used_at": moment(one.last_used_at),
            }
            for one in Authenticator.objects.filter(user=person).order_by("pk")
        ],
        "email_addresses": [
            {"address": one.email, "is_verified": one.verified}
            for one in EmailAddress.objects.filter(user=person).order_by("pk")
        ],
        "outside_accounts": [
            {"provider": one.provider, "id": one.uid, "last_used_at": moment(one.last_login)}
            for one in SocialAccount.objects.filter(user=person).order_by("pk")
        ],
    }


def _appointments(person: Person) -> list[dict]:
    return [
        {
            "post": one.post.name,
            "municipality": str(one.municipality),
            "renglon": one.renglon or None,
            "starts_on": day(one.starts_on),
            "ends_on": day(one.ends_on),
            "act": one.act or None,
            "is_declared": one.is_declared,
            "confirmed_at": moment(one.confirmed_at),
            "refused_at": moment(one.refused_at),
            "refusal": one.refusal or None,
        }
        for one in person.appointments.select_related("post", "municipality__department")
    ]


def _memberships(person: Person) -> list[dict]:
    return [
        {
            "network": one.network.name,
            "municipality": str(one.municipality),
            "is_coordinator": one.is_coordinator,
            "joined_on": day(one.joined_on),
            "invited_at": moment(one.invited_at),
            "confirmed_at": moment(one.confirmed_at),
            "left_on": day(one.left_on),
        }
        for one in person.memberships.select_related("network", "municipality__department")
    ]


def _consent(person: Person) -> dict | None:
    consent = getattr(person, "guardian_consent", None)
    return consent and {
        "guardian_name": consent.guardian_name,
        "relation": str(consent.get_relation_display()),
        "declared_at": moment(consent.declared_at),
        "confirmed_at": moment(consent.confirmed_at),
        "withdrawn_at": moment(consent.withdrawn_at),
    }


def _roles(person: Person) -> list[dict]:
    return [
        {
            "role": str(one.get_role_display()),
            "scope": str(one.municipality or one.department or one.course_title or one.get_scope_display()),
            "starts_at": moment(one.starts_at),
            "ends_at": moment(one.ends_at),
        }
        for one in person.role_grants.select_related("department", "municipality__department")
    ]


def _request(request: PersonRequest) -> dict:
    return {
        "kind": str(request.get_kind_display()),
        "text": request.text or None,
        "proposed": requests.proposal(request) or None,
        "state": str(request.get_state_display()),
        "asked_at": moment(request.asked_at),
        "answered_at": moment(request.answered_at),
        "answer": request.answer or None,
    }


def _trail(person: Person) -> list[dict]:
    """What was done to the record, the newest first."""
    lines = own_trail.in_words(list(own_trail.events_about([person])), [person])
    return [{"at": moment(line.at), "what": line.what, "detail": line.detail or None, "by": line.who} for line in lines]


def _acts(person: Person) -> list[dict]:
    """What the person did themselves, and from which network address; on whom is not theirs to take away."""
    done = AuditEvent.objects.filter(actor=str(person.public_id)).order_by("-pk")
    return [
        {"at": moment(at), "action": action, "network_address": origin or None}
        for at, action, origin in done.values_list("at", "action", "origin").iterator(chunk_size=2000)
    ]
