"""Amounts as people say them."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def megabytes(count: int | None) -> str:
    """Bytes as a data plan counts them: `12 MB`."""
    if not count:
        return ""
    if count < 1_000_000:
        return _("menos de 1 MB")
    return f"{round(count / 1_000_000)} MB"


@register.filter
def data_amount(count: int) -> str:
    """Bytes as small as words are: `0.1 MB`, `3.4 MB`, `14 MB`; never 0 for something."""
    tenths = max(1, round(count / 100_000))
    return f"{number_format(Decimal(tenths) / 10, 1) if tenths < 100 else round(count / 1_000_000)} MB"


@register.filter
def hours_in_words(hours: Decimal) -> str:
    """`4 horas`, `1.5 horas`, `30 minutos`."""
    if hours < 1:
        return _("%(n)s minutos") % {"n": round(hours * 60)}
    text = number_format(Decimal(hours).normalize(), use_l10n=True) if hours % 1 else str(int(hours))
    return ngettext("%(n)s hora", "%(n)s horas", 1 if hours == 1 else 2) % {"n": text}


@register.filter
def clock(seconds: float) -> str:
    """A place in a video, rounded down: `12:34`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
