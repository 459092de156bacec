"""How many hours somebody was there, and how many a part held in person asks for."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.models import Activity, Attendance

Hours = dict[tuple[int, int], Decimal]  # by (enrolment id, activity id)


def needed_hours(activity: Activity) -> Decimal:
    """The hours that complete a part held in person."""
    return (activity.hours or Decimal(0)) * (activity.min_percent or 0) / 100


def hours_of(enrolment_ids: Iterable[int]) -> Hours:
    """The hours that some people attended, in one query. Who was in two parallel sessions was in the longer one."""
    rows = Attendance.objects.filter(enrolment__in=enrolment_ids).order_by("pk")
    told = rows.values_list(
        "enrolment", "session__activity", "session__meeting", "session", "session__hours", "is_present"
    )
    newest = {
        (enrolment, session): (activity, meeting, hours if is_present else Decimal(0))
        for enrolment, activity, meeting, session, hours, is_present in told
    }
    longest: dict[tuple[int, int, int], Decimal] = defaultdict(Decimal)
    for (enrolment, _session), (activity, meeting, hours) in newest.items():
        key = (enrolment, activity, meeting)
        longest[key] = max(longest[key], hours)
    found: Hours = defaultdict(Decimal)
    for (enrolment, activity, _meeting), hours in longest.items():
        found[enrolment, activity] += hours
    return dict(found)


def in_words(missing: Decimal) -> str:
    """What is missing of a part held in person; hours with one decimal at most."""
    shown = f"{missing:.2f}".rstrip("0").rstrip(".")
    said = ngettext("Le falta %(n)s hora presencial", "Le faltan %(n)s horas presenciales", 1 if missing == 1 else 2)
    return said % {"n": shown} if missing > 0 else _("Ya asistió lo suficiente: abra la lección para que cuente")
