"""Telling one person what became of something of theirs: a seat that came free, a session that changed or is cancelled.

No reminders, so they cannot be turned off: whoever waits for a seat, or has one, asked for it. (What was asked of them
by others can, see `assigned_notices`.) Each notice is a job,
owed in the transaction of what it tells. The job notes that the message goes out before it does: at most once, even if
the worker dies then. What the way out refused is tried again, for half a day. By night no telephone rings, unless the
session is near.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from courses.domain import calendar
from courses.models import Enrolment, InPersonSession, LessonPage
from lms import gateways
from lms.domain import jobs, letters
from lms.models import Person

SEATED = "courses.tell_seated"
CHANGED = "courses.session_changed"
SESSION = "courses.tell_session"
# With the pauses of the ledger, each three times as long as the one before: some thirteen hours.
TRIES = 9
NEAR = timedelta(hours=12)


@dataclass(frozen=True)
class Notice:
    """What is said, in the language in force. `short` is for a telephone; `path` leads there on this site.

    `stop` is the address that turns the likes of it off, where they may be.
    """

    subject: str
    lines: list[str]
    short: str
    path: str
    attached: list[tuple[str, bytes, str]] = field(default_factory=list)
    stop: str = ""


def ask_seated(enrolment: Enrolment) -> None:
    """Owe somebody the news that they moved up from the list."""
    jobs.request(SEATED, enrolment.public_id, max_attempts=TRIES)


@jobs.performs(SEATED)
def tell_seated(held: jobs.Claim) -> None:
    """Tell it, if it is still so."""
    enrolment = _find_enrolment(held.job.subject)
    if enrolment and enrolment.is_active:
        send(held, enrolment.person.holder, lambda: _seated(enrolment))


def _find_enrolment(key: str) -> Enrolment | None:
    """The enrolment, or the one that stands for it since two records were joined."""
    related = ("person__merged_into", "course", "joined_into__person__merged_into", "joined_into__course")
    found = Enrolment.objects.select_related(*related).filter(public_id=key).first()
    return found and (found.joined_into or found)


def _seated(enrolment: Enrolment) -> Notice:
    words = {"title": enrolment.course.title}
    said = _("Se liberó un cupo: ya está en «%(title)s».") % words
    return Notice(
        _("Aula Municipal: ya tiene un cupo"),
        [said, _("Puede comenzar cuando quiera. Si ya no puede llevarlo, retírese para que otra persona entre.")],
        said,
        reverse("courses:learning"),
    )


def ask_session(session: InPersonSession) -> None:
    """Owe everybody who has a seat what a session is now; it is told as of this sequence, or as of a later one."""
    jobs.request(CHANGED, f"{session.public_id}:{session.sequence}")


@jobs.performs(CHANGED)
def share_out(held: jobs.Claim) -> None:
    """Owe it to each of them, once: all in the transaction that ends the job."""
    with held.publishing():
        if session := _find_session(held.job.subject):
            seats = session.registrations.active().filter(enrolment__withdrawn_at=None)
            for key in seats.values_list("enrolment__public_id", flat=True):
                subject = f"{key.hex}:{session.code}:{session.sequence}"
                jobs.request(SESSION, subject, payload={"session": held.job.subject}, max_attempts=TRIES)
        held.finish()


def _find_session(named: str) -> InPersonSession | None:
    """The session, unless it changed again since, which has a job of its own, or is over."""
    key, _colon, sequence = named.partition(":")
    related = ("activity", "municipality__department", "trainer")
    found = InPersonSession.objects.select_related(*related).filter(public_id=key, sequence=int(sequence))
    return found.filter(ends_at__gt=timezone.now()).first()


@jobs.performs(SESSION)
def tell_session(held: jobs.Claim) -> None:
    """Tell one of them, if they still have a seat."""
    session = _find_session(held.job.payload["session"])
    enrolment = _find_enrolment(held.job.subject.partition(":")[0])
    if not (session and enrolment and session.registrations.active().filter(enrolment=enrolment).exists()):
        return
    is_near = session.starts_at < timezone.now() + NEAR
    send(held, enrolment.person.holder, lambda: _session(session), rings_by_night=is_near)


def _session(session: InPersonSession) -> Notice:
    path = _path_of(session)
    file = calendar.render(session, host=calendar.host(), url=_address(path))
    kind = f"text/calendar; method={calendar.method_of(session)}; charset=utf-8"
    words = {"title": session.activity.title, "day": _day(session), "hours": _hours(session), "place": _place(session)}
    if session.cancelled_at:
        said = _("Se canceló la sesión «%(title)s» del %(day)s, en la que tenía un lugar.") % words
        more = [
            _("Motivo: %(reason)s") % {"reason": session.cancel_reason},
            _("Si hay otra sesión, puede tomar un lugar en ella. El archivo adjunto la quita de su calendario."),
        ]
        subject, short = _("Aula Municipal: se canceló su sesión"), said
    else:
        said = _("Cambió la sesión «%(title)s», en la que tiene un lugar. Ahora es así:") % words
        more = [*_facts(session, words), _("El archivo adjunto la cambia en su calendario.")]
        subject = _("Aula Municipal: cambió su sesión")
        short = _("Su sesión «%(title)s» cambió: %(day)s, %(hours)s, %(place)s.") % words
    return Notice(subject, [said, *more], short, path, [(f"sesion-{session.code}.ics", file, kind)])


def _facts(session: InPersonSession, words: dict[str, str]) -> list[str]:
    facts = [_("Cuándo: %(day)s, %(hours)s") % words, _("Dónde: %(place)s") % words]
    if session.trainer:
        facts.append(_("Facilita: %(name)s") % {"name": session.trainer})
    if session.notes:
        facts.append(_("Qué llevar o saber: %(notes)s") % {"notes": session.notes})
    return facts


def _day(session: InPersonSession) -> str:
    return date_format(timezone.localtime(session.starts_at), "DATE_FORMAT")


def _hours(session: InPersonSession) -> str:
    moments = (session.starts_at, session.ends_at)
    return "–".join(time_format(timezone.localtime(at), "TIME_FORMAT") for at in moments)


def _place(session: InPersonSession) -> str:
    return f"{session.room}, {session.municipality}"


def _path_of(session: InPersonSession) -> str:
    lessons = LessonPage.objects.live().sources().filter(translation_key=session.activity.lesson_key)
    lesson = lessons.first()
    return (lesson and lesson.url) or reverse("courses:learning")


def _address(path: str) -> str:
    return path if path.startswith("http") else settings.PUBLIC_URL + path


def send(held: jobs.Claim, person: Person, say: Callable[[], Notice], *, rings_by_night: bool = False) -> None:
    """Send it once. Raises `jobs.NotYet` by night, `GatewayFailed` where it was not taken."""
    way = letters.way_to(person) if letters.may_be_told(person) and not person.is_demo else ""
    if not way or held.job.payload.get("is_out"):
        return
    now = timezone.now()
    if way == letters.SMS and not (rings_by_night or letters.is_day(now)):
        raise jobs.NotYet(letters.next_morning(now))
    held.note(is_out=True)
    try:
        with letters.in_language_of(person):
            _deliver(person, way, say())
    except letters.REFUSALS as problem:
        held.note(is_out=False)
        raise gateways.GatewayFailed(type(problem).__name__) from None


def _deliver(person: Person, way: str, notice: Notice) -> None:
    link = _address(notice.path)
    if way == letters.SMS:
        words = _("Aula Municipal: %(what)s %(link)s No recibir más: %(stop)s") if notice.stop else ""
        words = words or _("Aula Municipal: %(what)s %(link)s")
        gateways.send_text(str(person.phone), words % {"what": notice.short, "link": link, "stop": notice.stop})
        return
    context = {"name": person.get_short_name(), "lines": notice.lines, "link": link, "stop": notice.stop}
    body = render_to_string("emails/notice.txt", context)
    headers = letters.unsubscribing(notice.stop) if notice.stop else {}
    message = EmailMessage(notice.subject, body, None, [str(person.email)], headers=headers)
    for name, content, kind in notice.attached:
        message.attach(name, content, kind)
    message.send()
