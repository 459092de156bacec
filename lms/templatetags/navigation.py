"""Template tags for finding one's way."""

from django import template
from django.urls import reverse
from django.utils.html import format_html

register = template.Library()


@register.simple_tag(takes_context=True)
def current(context: dict, url_name: str) -> str:
    """`aria-current` when the page lies at or under the named address."""
    request = context.get("request")
    if request is None:
        return ""
    here = request.path.startswith(reverse(url_name))
    return format_html(' aria-current="{}"', "page") if here else ""


@register.simple_tag(takes_context=True)
def nav_list(context: template.Context) -> str:
    """Where one can go; the header shows it twice, and draws it once."""
    return context.template.engine.get_template("components/nav_list.html").render(context)


@register.simple_tag(takes_context=True)
def query_with(context: dict, **changes: object) -> str:
    """The page's query string with some parameters changed; an empty value removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def query_without(context: dict, *names: str) -> str:
    """The page's query string less some parameters, from its first page on."""
    query = context["request"].GET.copy()
    for name in (*names, "page"):
        query.pop(name, None)
    return f"?{query.urlencode()}" if query else context["request"].path
