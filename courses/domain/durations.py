"""Stretches of time as people read them."""

from django.utils.translation import gettext as _


def in_words(seconds: float) -> str:
    """`4 min 10 s`, `1 h 5 min`, `8 s`."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        parts = [_("%(n)d h") % {"n": hours}, _("%(n)d min") % {"n": minutes} if minutes else ""]
    else:
        parts = [
            _("%(n)d min") % {"n": minutes} if minutes else "",
            _("%(n)d s") % {"n": rest} if rest or not minutes else "",
        ]
    return " ".join(part for part in parts if part)


def on_the_clock(seconds: float) -> str:
    """`12:34`, `1:02:03`: a place in a video, rounded down."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
