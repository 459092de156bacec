"""What reminds of certificates that end: whoever holds one, and their town hall in counts.

There is one message a week at most, so each certificate is told of three times before its last day and once after it,
in stretches of a week; nothing is told of what was renewed, since that is no longer in force.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certificates.models import Certificate
from courses.domain.digests import AT_MOST_EVERY, Line, source
from lms import permissions
from lms.models import Appointment, RoleGrant

# So many days before the last one each stretch of a week ends.
BEFORE = (timedelta(days=84), timedelta(days=28), timedelta(days=0))
STAFF_ACTION = "read_tracking"
Told = Iterable[tuple[int, Line]]


def _ending(today: date) -> QuerySet[Any]:
    """Neither revoked nor superseded, and in one of the weeks in which that is told; each with `holder`."""
    weeks = Q(expires_on__lt=today, expires_on__gte=today - AT_MOST_EVERY)
    for rest in BEFORE:
        weeks |= Q(expires_on__gte=today + rest, expires_on__lt=today + rest + AT_MOST_EVERY)
    standing = [Certificate.State.ISSUED, Certificate.State.EXPIRED]
    found: Any = Certificate.objects.filter(weeks).with_state(today).with_holder()
    return found.filter(state__in=standing)


@source("expiring")
def expiring(at: datetime) -> Told:
    """Certificates that end soon, or ended just now; of one course what ends first."""
    today = timezone.localdate(at)
    for one in _ending(today).order_by("expires_on", "pk").iterator():
        words = partial(_ended_words if one.expires_on < today else _ending_words, one.course_title, one.expires_on)
        yield one.holder, Line(words, reverse("certificates:record"), about=one.course_key)


def _ending_words(title: str, day: date) -> str:
    words = _("Su certificado de «%(title)s» vence el %(day)s. Vea en su expediente cómo renovarlo.")
    return words % {"title": title, "day": date_format(day, "DATE_FORMAT")}


def _ended_words(title: str, day: date) -> str:
    words = _("Su certificado de «%(title)s» venció el %(day)s. Vea en su expediente si todavía puede renovarlo.")
    return words % {"title": title, "day": date_format(day, "DATE_FORMAT")}


@source("expiring_staff")
def staff(at: datetime) -> Told:
    """For delegates of a town hall: how many of its people hold one that ends within four weeks. No names."""
    today = timezone.localdate(at)
    soon = Certificate.objects.filter(expires_on__gte=today, expires_on__lt=today + timedelta(days=28))
    found: Any = soon.with_state(today).with_holder()
    holders = found.filter(state=Certificate.State.ISSUED).order_by().values("holder")
    at_work: dict[int, set[int]] = defaultdict(set)
    present = Appointment.objects.current().confirmed().filter(person__in=holders)
    for municipality, person in present.values_list("municipality", "person"):
        at_work[municipality].add(person)
    roles = permissions.policy()["actions"][STAFF_ACTION]
    grants = RoleGrant.objects.in_force().filter(role__in=roles, municipality__in=list(at_work))
    for person, municipality, name in grants.values_list("person", "municipality", "municipality__name_common"):
        words = partial(_staff_words, len(at_work[municipality]), name)
        yield person, Line(words, reverse("certificates:staff_overview"), about=("expiring", municipality))


def _staff_words(n: int, name: str) -> str:
    words = ngettext(
        "A %(n)d persona de %(name)s le vence un certificado en las próximas cuatro semanas.",
        "A %(n)d personas de %(name)s les vence un certificado en las próximas cuatro semanas.",
        n,
    )
    return words % {"n": n, "name": name}
