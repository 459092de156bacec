"""Every address of the resolver, Wagtail's included, as the row of `policy.yaml` that speaks of it sees it."""

import re
from dataclasses import dataclass

from django.urls import URLPattern, get_resolver, resolve
from django.utils.http import urlencode

from lms.permissions import Rule, rule_key, rule_of

# Patterns that are regular expressions, as routes with names.
REGULAR = {
    r"^(\d+)/(.*)$": "<int:document_id>/<str:file_name>",
    r"^((?:[\w\-]+/)*)$": "<path:path>",
    r"^cms/(account|password_reset)/": "cms/account/",
    r"^cms/(users|groups|bulk/lms)/": "cms/users/",
    r"^_util/(login|authenticate_with_password)/": "_util/login/",
    r"^.*/$": "no-existe/",
    r"^(?P<pk>\d+)/revisions/compare/(?P<revision_id_a>live|earliest|\d+)\.\.\.(?P<revision_id_b>live|latest|\d+)/$": (
        "<int:pk>/revisions/compare/<int:revision_id_a>...<int:revision_id_b>/"
    ),
}
PLACEHOLDER = re.compile(r"<(?:(\w+):)?(\w+)>")
# What stands in an address that leads nowhere, whatever it says.
ANYTHING = {
    "int": "1",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "str": "x",
    "slug": "x",
    "path": "x/",
    "municipality": "0101",
}


@dataclass(frozen=True)
class Address:
    """One pattern: `name` is the name it was given, `route` has `<converter:name>` where a key belongs."""

    name: str
    route: str

    def sample(self) -> str:
        """The address with anything in the place of keys."""
        return PLACEHOLDER.sub(lambda found: ANYTHING[found[1] or "str"], self.route)

    @property
    def view_name(self) -> str:
        """The name of the view that really answers here: Wagtail's users and sign-in are covered by doors of ours."""
        return resolve(self.sample()).view_name

    @property
    def rule(self) -> Rule | None:
        """The row of the table for what answers here."""
        return rule_of(self.view_name)

    @property
    def names(self) -> list[str]:
        """The keys that the address asks for."""
        return [name for _converter, name in PLACEHOLDER.findall(self.route)]

    def filled(self, keys: dict[str, object], query: dict[str, object]) -> str:
        """With an object's keys. Raises `KeyError` for a key that its maker does not know."""
        path = PLACEHOLDER.sub(lambda found: str(keys[found[2]]), self.route)
        return f"{path}?{urlencode(query, doseq=True)}" if query else path


def _route(pattern) -> str:
    text = str(pattern)
    return REGULAR[text] if text in REGULAR else text.removeprefix("^").removesuffix("$")


def _walk(patterns, namespace: str = "", prefix: str = "/"):
    for entry in patterns:
        route = prefix + _route(entry.pattern)
        if isinstance(entry, URLPattern):
            yield Address(f"{namespace}{entry.name}" if entry.name else "", route)
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, inner, route)


ALL = list(dict.fromkeys(_walk(get_resolver().url_patterns)))


def group_of(address: Address) -> str:
    """The app or the part of Wagtail that an address belongs to: one test each."""
    return (rule_key(address.view_name) or "unnamed").partition(":")[0].rstrip("*")


def part_of(address: Address) -> str:
    """The module that walks an address: about as much work for each, for each goes to one process."""
    if not address.route.startswith("/cms/"):
        return "site"
    if not group_of(address).startswith("wagtail"):
        return "office"
    return "pages" if group_of(address).startswith("wagtailadmin_") else "files"


def groups(part: str) -> list[str]:
    """The groups of one module."""
    return sorted({group_of(address) for address in ALL if part_of(address) == part})


def of_group(part: str, group: str) -> list[Address]:
    """The addresses of one test."""
    return [address for address in ALL if part_of(address) == part and group_of(address) == group]
