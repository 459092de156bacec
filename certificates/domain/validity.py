"""Until when a certificate holds, and until when it may be renewed: frozen when it is issued, and never looked up."""

from calendar import monthrange
from datetime import date, timedelta

from certificates.models import Certificate
from courses.models import Completion, CoursePage


def last_day(first: date, months: int | None) -> date | None:
    """The last day of so many months, counted from `first`; None where it never ends.

    In a shorter month it is that month's last: two years from 29 February end on 28 February.
    """
    if not months:
        return None
    years, month = divmod(first.month - 1 + months, 12)
    year = first.year + years
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))


def facts(source: Completion | CoursePage) -> dict[str, int]:
    """What the register freezes beside the last day, of a certificate that ends."""
    if not source.certificate_months:
        return {}
    return {"months": source.certificate_months, "grace_days": source.grace_days or 0}


def corrected(certificate: Certificate, completed_on: date) -> date | None:
    """The last day if the course was completed on another day; that of a renewal stays, which began at the old end."""
    if "months" not in certificate.facts or "renewal" in certificate.facts:
        return certificate.expires_on
    return last_day(completed_on, certificate.facts["months"])


def renewable_until(certificate: Certificate) -> date | None:
    """The last day on which it may be renewed; None where it never ends."""
    if certificate.expires_on is None:
        return None
    return certificate.expires_on + timedelta(days=certificate.facts.get("grace_days", 0))
