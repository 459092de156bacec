"""What a course asks for, in sentences."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain.durations import on_the_clock
from courses.domain.rules import Asked, Own
from courses.models import Activity


def in_words(asked: Asked, activities: Iterable[Activity]) -> list[str]:
    """A rule in sentences; of single activities those that are in the course today."""
    lines = [
        _("Hay que hacer todas las actividades obligatorias."),
        _("De cada video hay que ver %(n)s %%.") % {"n": asked.watch_percent},
    ]
    if asked.optional_count:
        words = ngettext(
            "Además hay que hacer %(n)d actividad opcional, a elección.",
            "Además hay que hacer %(n)d actividades opcionales, a elección.",
            asked.optional_count,
        )
        lines.append(words % {"n": asked.optional_count})
    if asked.mean_percent:
        lines.append(_("El promedio de los cuestionarios ha de ser %(n)s %% o más.") % {"n": asked.mean_percent})
    return lines + [f"«{one.title}»: {words}" for one in activities if (words := own_in_words(asked.of(one)))]


def own_in_words(own: Own) -> str:
    """What one activity asks for by itself; empty for nothing."""
    parts = []
    if own.watch_percent:
        parts.append(_("hay que ver %(n)s %%") % {"n": own.watch_percent})
    if own.passages:
        spans = ", ".join(f"{on_the_clock(first)}–{on_the_clock(after)}" for first, after in own.passages.spans)
        parts.append(_("sin saltarse %(spans)s") % {"spans": spans})
    if own.pass_percent:
        parts.append(_("se aprueba con %(n)s %%") % {"n": own.pass_percent})
    return ", ".join(parts)
