"""Changing what a course asks for: drafted, looked at, given a day, and applied on it. Nothing earned is taken back."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import rules, settling
from courses.domain.rules import Own
from courses.models import Activity, Completion, CoursePage, CourseRule, Enrolment
from lms.domain import audit, job_words, jobs, kept
from lms.domain.errors import RuleBroken
from lms.models import Job, Person

KIND = "courses.judge_course"
BATCH = 200


def on_the_way(course: CoursePage) -> QuerySet[Enrolment]:
    """Those who take part in a course and have not completed this edition of it, in whatever record."""
    done = Completion.objects.with_holder().filter(
        holder=OuterRef("person"), course_key=course.translation_key, edition=course.edition
    )
    active = Enrolment.objects.active().filter(course_key=course.translation_key)
    return active.exclude(Exists(done)).select_related("course", "person").order_by("pk")


@transaction.atomic
def draft(
    *,
    course: CoursePage,
    by: Person,
    watch_percent: int,
    optional_count: int = 0,
    mean_percent: int | None = None,
    own: Mapping[str, Own] | None = None,
) -> CourseRule:
    """Write down what the course should ask for, or write the draft anew. It applies to nobody yet.

    Raises `rule.one_is_planned`, `rule.no_change`, `rule.bad_passage`.
    """
    course = _locked(course)
    pending = CourseRule.objects.pending().filter(course_key=course.translation_key).first()
    if pending and not pending.is_draft:
        raise RuleBroken("rule.one_is_planned", _("Ya hay un cambio con fecha. Retírelo antes de preparar otro."))
    own = dict(own or {})
    _assert_passages(course, own)
    asked = rules.Asked(watch_percent, optional_count, mean_percent, own)
    said = rules.plain(asked)
    if said == rules.plain(rules.in_force(course)):
        raise RuleBroken("rule.no_change", _("Eso es lo que el curso ya pide. Cambie algo para seguir."))
    numbers = CourseRule.objects.filter(course_key=course.translation_key).order_by("-number")
    row = pending or CourseRule(
        course_key=course.translation_key, number=(numbers.values_list("number", flat=True).first() or 0) + 1
    )
    row.watch_percent, row.optional_count, row.mean_percent = watch_percent, optional_count, mean_percent
    row.own = said["own"]
    row.made_by, row.made_at, row.previewed_at = by, timezone.now(), None
    row.save()
    row.effects.all().delete()
    return row


def _assert_passages(course: CoursePage, own: Mapping[str, Own]) -> None:
    videos = Activity.objects.current().filter(course_key=course.translation_key, video__isnull=False)
    lengths = {str(one.block_key): one.video.length_seconds for one in videos.select_related("video") if one.video}
    for key, one in own.items():
        for first, after in one.passages.spans if one.passages else ():
            if not 0 <= first < after <= lengths.get(key, 0):
                raise RuleBroken("rule.bad_passage", _("Un pasaje debe empezar antes de terminar, dentro del video."))


@transaction.atomic
def confirm(*, rule: CourseRule, by: Person, on: date, at: datetime | None = None) -> CourseRule:
    """Give a draft its day, today or later; from the first minute of it, today from now. Audited.

    Raises `rule.not_a_draft`, `rule.not_previewed`, `rule.in_the_past`.
    """
    at = at or timezone.now()
    rule = _locked_rule(rule)
    if not rule.is_draft:
        raise RuleBroken("rule.not_a_draft", _("Este cambio ya tiene fecha, o se retiró."))
    if rule.previewed_at is None:
        raise RuleBroken("rule.not_previewed", _("Vea primero quién gana y quién tendría más por hacer."))
    if on < timezone.localdate(at):
        raise RuleBroken("rule.in_the_past", _("Un cambio no se aplica hacia atrás. Elija hoy o un día que viene."))
    midnight = timezone.make_aware(datetime.combine(on, time.min))
    rule.applies_from, rule.confirmed_by = max(midnight, at), by
    rule.save(update_fields=["applies_from", "confirmed_by"])
    counts = {one: rule.effects.filter(kind=one).count() for one in ("gains", "more", "less")}
    facts = {"course": str(rule.course_key), "version": rule.number, "from": rule.applies_from.isoformat()}
    audit.record("rule.confirmed", by=by, subject=_subject(rule), facts=facts | counts)
    kept.forget()
    if rule.applies_from <= at:
        request(rule.course_key, f"r{rule.number}", by=by)
    return rule


@transaction.atomic
def withdraw(*, rule: CourseRule, by: Person, at: datetime | None = None) -> CourseRule:
    """Take back a change that does not apply yet. Raises `rule.applies`."""
    at = at or timezone.now()
    rule = _locked_rule(rule)
    if rule.withdrawn_at:
        return rule
    if rule.applies_from and rule.applies_from <= at:
        raise RuleBroken("rule.applies", _("Este cambio ya se aplica. Para volver atrás, prepare otro."))
    had_a_day = rule.applies_from is not None
    rule.withdrawn_at = at
    rule.save(update_fields=["withdrawn_at"])
    rule.effects.all().delete()
    if had_a_day:
        facts = {"course": str(rule.course_key), "version": rule.number}
        audit.record("rule.withdrawn", by=by, subject=_subject(rule), facts=facts)
    return rule


def apply_due(at: datetime | None = None) -> int:
    """Ask once for the judging by each rule whose day has come; returns how many. A sweeper's work."""
    due = {f"{rule.course_key}/r{rule.number}": rule for rule in CourseRule.objects.due(at or timezone.now())}
    asked = set(Job.objects.filter(kind=KIND, subject__in=due).values_list("subject", flat=True))
    for subject in due.keys() - asked:
        request(due[subject].course_key, f"r{due[subject].number}")
    return len(due.keys() - asked)


def request(course_key: UUID, why: str, *, by: Person | None = None) -> Job:
    """Ask for everybody on the way to be judged anew; one job for each reason."""
    return jobs.request(KIND, f"{course_key}/{why}", by=by)


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the courses of jobs are called."""
    keys = {subject: subject.partition("/")[0] for subject in subjects}
    found = CoursePage.objects.filter(translation_key__in=set(keys.values())).values_list("translation_key", "title")
    titles = {str(key): title for key, title in found}
    return {subject: titles.get(key, "") for subject, key in keys.items()}


@jobs.performs(KIND)
def judge_everybody(claim: jobs.Claim) -> None:
    """Do the job `courses.judge_course`: complete whatever suffices by now, for everybody on the way, in batches."""
    key = claim.job.subject.partition("/")[0]
    courses = CoursePage.objects.live().filter(translation_key=key).order_by("pk")
    course = courses.first()
    last, done = 0, 0
    total = on_the_way(course).count() if course else 0
    while course and (batch := list(on_the_way(course).filter(pk__gt=last)[:BATCH])):
        for enrolment in batch:
            settling.settle_one(enrolment)
        last, done = batch[-1].pk, done + len(batch)
        claim.progress(done, max(done, total))
    with claim.publishing():
        _note_applied(UUID(key), total)


def _note_applied(course_key: UUID, count: int) -> None:
    now = timezone.now()
    for rule in CourseRule.objects.due(now).filter(course_key=course_key):
        rule.applied_at = now
        rule.save(update_fields=["applied_at"])
        completed = Completion.objects.filter(course_key=course_key, completed_at__gte=rule.applies_from).count()
        facts = {"course": str(course_key), "version": rule.number, "judged": count, "completed": completed}
        audit.record("rule.applied", by=None, subject=_subject(rule), facts=facts)


def _locked(course: CoursePage) -> CoursePage:
    return CoursePage.objects.select_for_update(of=("self",), no_key=True).get(pk=course.pk)


def _locked_rule(rule: CourseRule) -> CourseRule:
    return CourseRule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)


def _subject(rule: CourseRule) -> str:
    return f"courses.courserule:{rule.public_id}"


def completed_count(course: CoursePage) -> int:
    """How many have completed this edition: a change is nothing to them."""
    made = Completion.objects.filter(course_key=course.translation_key, edition=course.edition)
    return made.with_holder().values("holder").distinct().count()
