"""What a change would do to those on the way, before it is made: who would complete, who has more to do, who less."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courses.domain import rules
from courses.domain.lacking import Lack
from courses.domain.progress import ActivityProgress, CourseProgress, build_each
from courses.domain.rule_changes import on_the_way
from courses.models import Activity, CoursePage, CourseRule, Enrolment, RuleEffect
from lms.domain import job_words, jobs
from lms.models import Job

KIND = "courses.preview_rule"
BATCH = 200
AT_ONCE = 300  # people for whom a page may be kept waiting
Kind = RuleEffect.Kind


@dataclass(frozen=True)
class Effect:
    """Somebody as they stand, and as they would."""

    now: CourseProgress
    then: CourseProgress

    @property
    def kind(self) -> str:
        """What it would be; empty for no difference."""
        before, after = _missing(self.now), _missing(self.then)
        if before == after:
            return ""
        if not after and self.then.is_asked:
            return Kind.GAINS if self.then.is_begun else ""
        return Kind.MORE if any(count > before.get(key, 0) for key, count in after.items()) else Kind.LESS

    @property
    def lacks(self) -> list[Lack]:
        """What would be missing, less that for which enough was done already."""
        then = self.then
        every = [lack for item in then.missing if _amount(item, then.asked) for lack in item.lacks]
        return [*every, *then.optional.lacks, *then.mean.lacks]


def _missing(progress: CourseProgress) -> dict[object, int]:
    """How much is missing, by what it is missing of: seconds of a video, points of a quiz, a reading."""
    asked = progress.asked
    found: dict[object, int] = {item.activity.block_key: _amount(item, asked) for item in progress.missing}
    ready = sum(not _amount(item, asked) for item in progress.optional.offers)
    found["optional"] = max(0, progress.optional.missing - ready)
    if progress.mean.needed and progress.mean.quizzes:
        found["mean"] = max(0, progress.mean.needed - (progress.mean.percent or 0))
    return {key: count for key, count in found.items() if count}


def _amount(item: ActivityProgress, asked: rules.Asked) -> int:
    """How much of one activity is missing; 0 where what was done suffices, and was not judged by it yet."""
    if item.coverage and item.coverage.is_enough:
        return 0
    if item.coverage:
        passages = sum(one.missing_seconds for one in item.coverage.passages)
        # Whoever sees a passage sees so much of the share; that it has to be that one is a little more.
        return max(item.coverage.missing_seconds, passages) + bool(passages)
    if item.activity.quiz_id:
        return 0 if (item.best_percent or 0) >= asked.pass_of(item.activity) else asked.pass_of(item.activity)
    return 1


def compare(
    enrolments: list[Enrolment],
    *,
    asked: rules.Asked | None = None,
    activities: Mapping[UUID, list[Activity]] | None = None,
) -> list[Effect]:
    """Each of them as they stand, and by another rule or another content. Flat in queries."""
    if not enrolments:
        return []
    now, then = build_each(enrolments), build_each(enrolments, asked=asked, activities=activities)
    return [Effect(*pair) for pair in zip(now, then, strict=True)]


def preview(*, course: CoursePage, rule: CourseRule) -> Job | None:
    """Count whom a draft would affect: at once where they are few, else by a job, which is returned."""
    if on_the_way(course)[: AT_ONCE + 1].count() > AT_ONCE:
        return jobs.request(KIND, _subject(rule))
    _write(rule, list(_found(course, rule)))
    return None


def under_way(rule: CourseRule) -> Job | None:
    """The job that counts, if there is one."""
    return Job.objects.filter(kind=KIND, subject=_subject(rule)).order_by("pk").last()


def _subject(rule: CourseRule) -> str:
    """A draft as it was written, in no more than a job has room for."""
    return f"{rule.public_id}/{_written(rule)}"


def _written(rule: CourseRule) -> str:
    return f"{rule.made_at.timestamp():.6f}"


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the courses of jobs are called."""
    ids = {subject: subject.partition("/")[0] for subject in subjects}
    keys = dict(CourseRule.objects.filter(public_id__in=ids.values()).values_list("public_id", "course_key"))
    titles = dict(CoursePage.objects.filter(translation_key__in=keys.values()).values_list("translation_key", "title"))
    return {subject: titles.get(keys.get(UUID(rule)), "") for subject, rule in ids.items()}


@jobs.performs(KIND)
def count_effects(claim: jobs.Claim) -> None:
    """Do the job `courses.preview_rule`. A draft that was written anew meanwhile, or has its day, needs nothing."""
    public_id, _sep, made_at = claim.job.subject.partition("/")
    rule = CourseRule.objects.filter(public_id=public_id, withdrawn_at=None, applies_from=None).first()
    course = CoursePage.objects.filter(translation_key=rule.course_key).order_by("pk").first() if rule else None
    if rule is None or course is None or _written(rule) != made_at:
        return
    total = on_the_way(course).count()
    rows: list[RuleEffect] = []
    for row in _found(course, rule, lambda done: claim.progress(done, max(done, total))):
        rows.append(row)
    with claim.publishing():
        _write(rule, rows)


def _found(course: CoursePage, rule: CourseRule, tell=lambda done: None) -> Iterator[RuleEffect]:
    asked, last, done = rules.read(rule), 0, 0
    while batch := list(on_the_way(course).filter(pk__gt=last)[:BATCH]):
        for effect in compare(batch, asked=asked):
            if effect.kind:
                yield RuleEffect(rule=rule, enrolment=effect.now.enrolment, kind=effect.kind)
        last, done = batch[-1].pk, done + len(batch)
        tell(done)


@transaction.atomic
def _write(rule: CourseRule, rows: list[RuleEffect]) -> None:
    locked = CourseRule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
    if not locked.is_draft or locked.made_at != rule.made_at:
        return
    locked.effects.all().delete()
    RuleEffect.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    locked.previewed_at = timezone.now()
    locked.save(update_fields=["previewed_at"])
    rule.previewed_at = locked.previewed_at
