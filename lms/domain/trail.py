"""Reading the trail of events: who did what, on whom, when, from where, in words; searching it, taking it away."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address

from django.apps import apps
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import AuditEvent, Department, Municipality, Person, Post, Role, RoleGrant

from . import audit
from .sheets import Cell
from .trail_words import ACTIONS, FACTS

NAMED = ("lms.person", "lms.network", "media.video", "certificates.certificate")
# A name that fits more people than this has to be written more fully.
MOST_PEOPLE = 500
STRETCH = 2000  # events that are read at once for a file
EXCEL_ROWS = 1_000_000
# By the moment, not by the key: the indexes end with it, so that a page of any days is read without sorting them.
NEWEST_FIRST = ("-at", "-pk")


@dataclass(frozen=True)
class Line:
    """One event in words. `actor_id` and `subject_id` are keys of people whose sheet may be opened, or None."""

    event: AuditEvent
    who: str
    actor_id: int | None
    what: str
    on_whom: str
    subject_id: int | None
    facts: str


def find(
    *,
    person: str = "",
    action: str = "",
    since: date | None = None,
    until: date | None = None,
    origin: str = "",
    subject: str = "",
) -> QuerySet[AuditEvent]:
    """Events, the newest first. `person` is words of a name, of who acted or on whom; days are Guatemala's, inclusive;
    `origin` the beginning of an address; `subject` whole, `app.model:key` or the key of a person.
    """
    found = AuditEvent.objects.order_by(*NEWEST_FIRST)
    if person:
        ids = [str(key) for key in people_named(person)]
        found = found.filter(Q(actor__in=ids) | Q(subject__in=[f"lms.person:{key}" for key in ids]))
    if action:
        found = found.filter(action=action)
    if since:
        found = found.filter(at__gte=_midnight(since))
    if until:
        found = found.filter(at__lt=_midnight(until + timedelta(days=1)))
    if origin:
        found = found.filter(origin=origin) if _is_address(origin) else found.filter(origin__startswith=origin)
    if subject:
        found = found.filter(subject__in=[subject, f"lms.person:{subject}"])
    return found


def people_named(words: str) -> list:
    """The public ids of those whose name has these words, at most `MOST_PEOPLE`."""
    return list(Person.objects.search_words(words).order_by("pk").values_list("public_id", flat=True)[:MOST_PEOPLE])


def is_vague(words: str) -> bool:
    """Whether a name fits more people than are looked for."""
    return bool(words) and Person.objects.search_words(words).count() > MOST_PEOPLE


def neighbours(event: AuditEvent) -> tuple[AuditEvent | None, AuditEvent | None]:
    """The events just before and just after."""
    before = AuditEvent.objects.filter(pk__lt=event.pk).order_by("-pk").first()
    return before, AuditEvent.objects.filter(pk__gt=event.pk).order_by("pk").first()


def in_words(events: Iterable[AuditEvent]) -> list[Line]:
    """Events as lines; as many queries for a thousand as for one."""
    events = list(events)
    named = _names({kind_and_key(event.subject) for event in events if ":" in event.subject} | _actors(events))
    places = _places(events)
    return [_line(event, named, places) for event in events]


def kind_and_key(subject: str) -> tuple[str, str]:
    """`lms.person:<key>` taken apart."""
    kind, _colon, key = subject.partition(":")
    return kind.lower(), key


def headings() -> list[str]:
    """The first row of the file."""
    return [_("Suceso"), _("Cuándo"), _("Quién"), _("Qué"), _("Sobre"), _("Datos"), _("Desde dónde"), _("Huella")]


def rows(events: QuerySet[AuditEvent]) -> Iterator[list[Cell]]:
    """One row an event, read in stretches."""
    for stretch in _stretches(events):
        for line in in_words(stretch):
            at = f"{timezone.localtime(line.event.at):%Y-%m-%d %H:%M:%S}"
            said = [line.who, line.what, line.on_whom, line.facts, line.event.origin, line.event.digest]
            yield [line.event.pk, at, *said]


def record_export(events: QuerySet[AuditEvent], *, by: Person, form: str, filters: dict[str, str]) -> None:
    """Tell the trail who took which part of it away. A name that was searched for is not told."""
    told = {key: value for key, value in filters.items() if key != "person" and value}
    facts = {"form": form, "filters": told, "by_name": bool(filters.get("person")), "rows": events.count()}
    with transaction.atomic():
        audit.record("audit.exported", by=by, facts=facts)


def _stretches(events: QuerySet[AuditEvent]) -> Iterator[list[AuditEvent]]:
    """Each from where the one before ended: for a cursor that stays open PostgreSQL writes all rows down first."""
    rest = events.order_by(*NEWEST_FIRST)
    while stretch := list(rest[:STRETCH]):
        yield stretch
        if len(stretch) < STRETCH:
            return
        last = stretch[-1]
        rest = events.filter(at__lte=last.at).exclude(at=last.at, pk__gte=last.pk).order_by(*NEWEST_FIRST)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _actors(events: list[AuditEvent]) -> set[tuple[str, str]]:
    return {("lms.person", event.actor) for event in events if event.actor}


def _names(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, int]]:
    """What the rows of these keys are called, and their primary keys; what is gone is left out."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for kind in NAMED:
        keys = [key for one, key in wanted if one == kind and _is_uuid(key)]
        for row in apps.get_model(kind)._default_manager.filter(public_id__in=keys) if keys else []:
            found[kind, str(row.public_id)] = (str(row), row.pk)
    return found


def _moment(text: str) -> str:
    try:
        return f"{timezone.localtime(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
    except ValueError:
        return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _places(events: list[AuditEvent]) -> dict[tuple[str, str], str]:
    wanted = {(name, str(event.facts.get(name))) for event in events for name in ("municipality", "department", "post")}
    tables = {"municipality": Municipality, "department": Department, "post": Post}
    found = {}
    for name, model in tables.items():
        codes = [code for one, code in wanted if one == name and code != "None"]
        if codes:
            rows = model._default_manager.filter(code__in=codes)
            for row in rows.select_related("department") if name == "municipality" else rows:
                found[name, row.code] = str(row)  # type: ignore[attr-defined]  # all three tables have codes
    return found


def _line(event: AuditEvent, named: dict, places: dict) -> Line:
    who, actor_id = named.get(("lms.person", event.actor), ("", None))
    kind, key = kind_and_key(event.subject)
    on_whom, subject_id = named.get((kind, key), ("", None))
    return Line(
        event=event,
        who=who or (_("una persona que ya no está") if event.actor else _("el sistema")),
        actor_id=actor_id,
        what=str(ACTIONS.get(event.action, event.action)),
        on_whom=on_whom or _kind_in_words(kind),
        subject_id=subject_id if kind == "lms.person" else None,
        facts=" · ".join(_fact(name, value, places) for name, value in event.facts.items()),
    )


def _kind_in_words(kind: str) -> str:
    try:
        return str(apps.get_model(kind)._meta.verbose_name) if kind else ""
    except (LookupError, ValueError):
        return kind


def _fact(name: str, value: object, places: dict) -> str:
    said: object = value
    if isinstance(value, str):
        said = {"role": dict(Role.choices), "scope": dict(RoleGrant.Scope.choices)}.get(name, {}).get(value, value)
        said = places.get((name, value), said)
        if name.endswith("_at"):
            said = _moment(value)
    elif isinstance(value, bool):
        said = _("sí") if value else _("no")
    elif isinstance(value, list):
        said = ", ".join(str(one) for one in value)
    elif isinstance(value, dict):
        said = ", ".join(f"{key}: {one}" for key, one in value.items())
    return f"{FACTS.get(name, name)}: {said}"
