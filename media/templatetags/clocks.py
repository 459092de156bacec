"""Times in a video as people read them."""

from django import template

register = template.Library()


@register.filter
def clock_of_ms(milliseconds: int) -> str:
    """A place in a video, rounded down: `12:34`, `1:02:03`."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
