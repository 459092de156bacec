"""What the list of a session needs."""

from django import template

register = template.Library()


@register.filter
def of_key(found: dict, key: object) -> object:
    """The value of a key, None without one."""
    return found.get(key)
