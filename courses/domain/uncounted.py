"""What was done and does not count, why, and what to do about it."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain import bitmap
from courses.domain.durations import in_words
from courses.domain.progress import CourseProgress
from courses.domain.reasons import reason_words, what_to_do
from courses.models import Attempt, WatchSegment


@dataclass(frozen=True)
class Uncounted:
    """Something that was done and is still missing: `what` was done, `why` it does not count, what to do, where."""

    title: str
    url: str
    what: str
    why: str
    advice: str


def of_progress(progress: CourseProgress) -> list[Uncounted]:
    """Of one person in one course, in its order; two queries."""
    if progress.enrolment is None or progress.is_complete:
        return []
    watched = _watched(progress) if getattr(progress.enrolment, "has_uncounted", True) else []
    return [*watched, *(_tried(progress) if getattr(progress.enrolment, "has_attempts", True) else [])]


def _watched(progress: CourseProgress) -> list[Uncounted]:
    """Stretches that were played, do not count and were not seen again since; by their reasons."""
    missing = {item.activity.pk: item for item in progress.missing if item.coverage}
    kept = WatchSegment.objects.filter(
        enrolment=progress.enrolment, activity__in=missing, grade=WatchSegment.Grade.KEPT
    )
    lost: dict[tuple[int, str], bytes] = defaultdict(bytes)
    for row in kept.only("activity_id", "video_id", "cut", "from_second", "to_second", "reason"):
        item = missing[row.activity_id]
        cut = item.watch.cut if item.watch else 1
        length = item.coverage.length_seconds if item.coverage else 0
        if row.video_id == item.activity.video_id and row.cut == cut:
            key = row.activity_id, row.reason
            run = bitmap.seconds_of(row.from_second, row.to_second, length)
            lost[key] = bitmap.with_runs(lost[key], [run], length)
    found = []
    for (activity, reason), bits in lost.items():
        item = missing[activity]
        seen = int.from_bytes(bytes(item.watch.bitmap), "little") if item.watch else 0
        seconds = (int.from_bytes(bits, "little") & ~seen).bit_count()
        if seconds:
            what = _("No se contaron %(time)s") % {"time": in_words(seconds)}
            found.append(Uncounted(item.activity.title, item.url, what, reason_words(reason), what_to_do(reason)))
    return found


def _tried(progress: CourseProgress) -> list[Uncounted]:
    """Attempts that wait for a person, and those that did not suffice."""
    missing = {item.activity.pk: item for item in progress.missing if item.activity.quiz_id}
    closed = Attempt.objects.of_their_stage().filter(
        enrolment=progress.enrolment, activity__in=missing, closed_at__isnull=False
    )
    by_quiz: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in closed.order_by("number"):
        by_quiz[attempt.activity_id].append(attempt)
    found = []
    for activity, attempts in by_quiz.items():
        item = missing[activity]
        last = attempts[-1]
        many = ngettext("Hizo %(n)d intento", "Hizo %(n)d intentos", len(attempts)) % {"n": len(attempts)}
        if last.awaits_marking:
            why, advice = (
                _("Falta que una persona lo califique."),
                _("No tiene que hacer nada: se contará al calificarlo."),
            )
        else:
            best = max(attempt.score_percent or 0 for attempt in attempts)
            why = _("Su mejor nota es %(best)s %% y se aprueba con %(pass)s %%.") % {
                "best": best,
                "pass": progress.asked.pass_of(item.activity),
            }
            advice = _(
                "Repase la lección e inténtelo de nuevo; si no le quedan intentos, hable con quien imparte el curso."
            )
        found.append(Uncounted(item.activity.title, item.url, many, why, advice))
    return found
