"""Reminders, gathered once a day and sent in one message: by e-mail, or else as a text to the telephone.

What there is to say comes from sources that register here (`courses.domain.digest_sources`, or an app above). Nobody
gets more than one message a week, by night, or by two ways; whoever opted out gets none, nor does a minor without a
guardian's consent that holds. Each is claimed before it is sent (`Digest`): at most once, never twice.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Digest, DigestChoice
from lms import gateways
from lms.domain import handing, jobs, letters
from lms.models import Job, Person

log = logging.getLogger(__name__)
KIND = "courses.digest"
AT_MOST_EVERY = timedelta(days=7)
KEPT_FOR = timedelta(days=90)
AT_A_TIME = 200
SALT = "courses.digests.stop"


@dataclass(frozen=True)
class Line:
    """One thing to remind of. `words()` says it in the language in force; `path` is where it leads on this site.

    Of the lines of one person `about` the same thing (a course) the first stands, from whichever source; None is
    about nothing else.
    """

    words: Callable[[], str]
    path: str
    about: Hashable | None = None


# A source tells, for a moment, what it reminds whom of: keys of people and their lines.
Source = Callable[[datetime], Iterable[tuple[int, Line]]]


@dataclass
class _Register:
    sources: dict[str, Source] = field(default_factory=dict)


_register = _Register()


def source(name: str) -> Callable[[Source], Source]:
    """Register a source under a name; lines stand in the message in the order of registration."""

    def register(tells: Source) -> Source:
        _register.sources[name] = tells
        return tells

    return register


def ask(at: datetime | None = None) -> Job:
    """Put the day's round into the ledger, unless it was held already; asked every hour, it comes once a day."""
    day = timezone.localdate(at).isoformat()
    held = Job.objects.for_subject(KIND, day).filter(state=Job.State.DONE).first()
    return held or jobs.request(KIND, day)


@jobs.performs(KIND)
def perform(held: jobs.Claim) -> None:
    """Send the round of a day; by night nothing, since the next day's says what still holds.

    After its day (no worker was there) it asks for today's, so that of all that were missed one is held.
    """
    if held.job.subject == timezone.localdate().isoformat():
        send_all(on_each=held.renew)
    elif letters.is_day(timezone.now()):
        ask()
    Digest.objects.filter(day__lt=timezone.localdate() - KEPT_FOR).delete()


def send_all(at: datetime | None = None, *, on_each: Callable[[], None] = lambda: None) -> int:
    """Send everybody what there is to remind them of at the moment `at`; how many messages went out."""
    begun = at or timezone.now()
    lines: dict[int, dict[Hashable, Line]] = defaultdict(dict)
    for tells in _register.sources.values():
        for key, line in tells(begun):
            lines[key].setdefault(len(lines[key]) if line.about is None else line.about, line)
    keys, sent = sorted(lines), 0
    for start in range(0, len(keys), AT_A_TIME):
        for person in _reachable(keys[start : start + AT_A_TIME], begun):
            if not letters.is_day(at or timezone.now()):
                return sent
            on_each()
            sent += send(person, list(lines[person.pk].values()), begun)
    return sent


def _reachable(keys: list[int], at: datetime) -> list[Person]:
    """Those of them who may be written to and were not in the last week."""
    lately = Digest.objects.filter(day__gt=timezone.localdate(at) - AT_MOST_EVERY, has_failed=False)
    found = Person.objects.active().standing().filter(pk__in=keys, erased_at=None, is_demo=False)
    found = found.exclude(digest_choice__is_wanted=False).exclude(pk__in=lately.values("person"))
    return [
        one for one in found.select_related("language", "guardian_consent").order_by("pk") if letters.may_be_told(one)
    ]


def send(person: Person, lines: list[Line], at: datetime) -> bool:
    """Claim the person's day, then send; whether it went out. A claim that is taken sends nothing."""
    channel = letters.way_to(person)
    if not channel:
        return False
    try:
        with transaction.atomic():
            claim = Digest.objects.create(person=person, day=timezone.localdate(at), channel=channel)
    except IntegrityError:
        return False
    try:
        with letters.in_language_of(person):
            _deliver(person, channel, lines)
    except letters.REFUSALS as problem:
        log.warning("A digest was not taken: %s", type(problem).__name__)
        Digest.objects.filter(pk=claim.pk).update(has_failed=True)
        return False
    Digest.objects.filter(pk=claim.pk).update(sent_at=timezone.now())
    return True


def _deliver(person: Person, channel: str, lines: list[Line]) -> None:
    stop = stop_address(person)
    told = [(line.words(), settings.PUBLIC_URL + line.path) for line in lines]
    context = {"name": person.get_short_name(), "lines": told, "stop": stop}
    if channel == Digest.Channel.SMS:
        link = settings.PUBLIC_URL + reverse("courses:learning")
        text = _("Aula Municipal: %(what)s %(link)s No recibir más: %(stop)s")
        gateways.send_text(str(person.phone), text % {"what": told[0][0], "link": link, "stop": stop})
        return
    body = render_to_string("emails/digest.txt", context)
    headers = letters.unsubscribing(stop)
    EmailMessage(_("Aula Municipal: sus recordatorios"), body, None, [str(person.email)], headers=headers).send()


def stop_address(person: Person) -> str:
    """Where somebody opts out without signing in."""
    return settings.PUBLIC_URL + reverse("courses:reminders_stop", args=[token_of(person)])


def token_of(person: Person) -> str:
    """What stands in the address that opts out: whose it is, signed; it opens nothing else and does not expire."""
    return signing.Signer(salt=SALT).sign(person.public_id.hex)


def find_by_token(token: str) -> Person | None:
    """Whose reminders an address stops; None for one that we did not sign. Of joined records, the one that stands."""
    try:
        key = signing.Signer(salt=SALT).unsign(token)
    except signing.BadSignature:
        return None
    found = Person.objects.filter(public_id=key).select_related("merged_into").first()
    return found.holder if found else None


def is_wanted(person: Person) -> bool:
    """Whether somebody gets reminders."""
    return not DigestChoice.objects.filter(person=person, is_wanted=False).exists()


def choose(*, person: Person, is_wanted: bool) -> None:
    """Want reminders, or none; repeating it changes nothing."""
    DigestChoice.objects.update_or_create(
        person=person, defaults={"is_wanted": is_wanted, "changed_at": timezone.now()}
    )


def hand_over(survivor: Person, absorbed: Person) -> dict:
    """Whoever wanted no reminders in one of two records wants none in the one that stands."""
    theirs = DigestChoice.objects.filter(person=absorbed, is_wanted=False).exists()
    mine = DigestChoice.objects.filter(person=survivor).first()
    if not theirs:
        return {}
    if mine is None:
        return {"made": DigestChoice.objects.create(person=survivor, is_wanted=False).pk}
    return {"key": mine.pk, "columns": handing.write(mine, is_wanted=False)}


def hand_back(journal: dict) -> None:
    """Undo `hand_over`."""
    if "made" in journal:
        DigestChoice.objects.filter(pk=journal["made"], is_wanted=False).delete()
    elif "key" in journal and (row := DigestChoice.objects.filter(pk=journal["key"]).first()):
        handing.rewrite(row, journal["columns"])
