"""Changing what a course asks for: looked at first, from a day on, and nothing earned taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.domain import completion, effects, enrolment, rule_changes, rules, watching
from courses.domain.rules import Own, Passages
from courses.models import Activity, Completion, CourseRule, RuleEffect
from courses.tasks import apply_rules
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job
from tests.courses.watching_cases import a_viewer, stretch
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


def a_draft(course, **fields):
    return rule_changes.draft(course=course, by=a_person(), **({"watch_percent": 50} | fields))


def previewed(course, **fields):
    rule = a_draft(course, **fields)
    effects.preview(course=course, rule=rule)
    return rule


def another(viewer, seconds):
    person = a_person()
    enrolled = enrolment.enrol(person=person, course=viewer.course, by=person, at=viewer.at - timedelta(hours=2))
    token = watching.grant_session(enrolment=enrolled, activity=viewer.activity, at=viewer.granted_at)
    watching.record(person=person, batch=stretch(token, 0, seconds))
    return enrolled


def refuses(code, verb, **fields):
    with pytest.raises(RuleBroken) as broken:
        verb(**fields)
    assert broken.value.code == code


@pytest.fixture
def class_of_three():
    """One who completed the course, one at 60 s of 100 and one at 20, where 90 are asked for."""
    viewer = a_viewer()
    return viewer, another(viewer, 95), another(viewer, 60), another(viewer, 20)


def kinds(rule):
    return dict(rule.effects.values_list("enrolment", "kind"))


def test_a_lower_share_shows_who_completes_and_who_has_less_to_do(class_of_three):
    viewer, done, middle, begun = class_of_three
    rule = previewed(viewer.course)
    assert kinds(rule) == {middle.pk: "gains", begun.pk: "less", viewer.enrolment.pk: "less"}
    assert done.completions.exists()
    assert not CourseRule.objects.dated(timezone.now()).exists()


def test_a_higher_share_shows_who_has_more_to_do(class_of_three):
    viewer, _done, middle, begun = class_of_three
    rule = previewed(viewer.course, watch_percent=100)
    assert kinds(rule) == dict.fromkeys((middle.pk, begun.pk, viewer.enrolment.pk), "more")


def test_a_change_for_better_and_worse_counts_as_more(class_of_three):
    viewer, _done, middle, _begun = class_of_three
    passage = Own(passages=Passages(str(viewer.video.public_id), 1, ((90, 100),)))
    rule = previewed(viewer.course, watch_percent=80, own={str(viewer.activity.block_key): passage})
    assert set(kinds(rule).values()) == {"less"}
    rule = previewed(viewer.course, watch_percent=90, own={str(viewer.activity.block_key): passage})
    assert kinds(rule)[middle.pk] == "more"


def test_whoever_did_nothing_gains_nothing():
    viewer = a_viewer()
    assert viewer.enrolment.pk not in dict.fromkeys(
        key for key, kind in kinds(previewed(viewer.course, watch_percent=10)).items() if kind == "gains"
    )


def test_a_change_is_looked_at_before_it_gets_its_day():
    viewer = a_viewer()
    rule = a_draft(viewer.course)
    today = timezone.localdate()
    refuses("rule.not_previewed", rule_changes.confirm, rule=rule, by=a_person(), on=today)
    effects.preview(course=viewer.course, rule=rule)
    refuses("rule.in_the_past", rule_changes.confirm, rule=rule, by=a_person(), on=today - timedelta(days=1))
    # A draft that is written anew has to be looked at anew.
    rule = a_draft(viewer.course, watch_percent=60)
    refuses("rule.not_previewed", rule_changes.confirm, rule=rule, by=a_person(), on=today)


def test_a_change_that_changes_nothing_is_none():
    viewer = a_viewer()
    refuses("rule.no_change", a_draft, course=viewer.course, watch_percent=90)
    refuses("rule.no_change", a_draft, course=viewer.course, watch_percent=90, own={"x": Own()})


@pytest.mark.parametrize("span", [(5, 5), (9, 3), (90, 101), (-1, 4)])
def test_a_passage_lies_inside_its_video(span):
    viewer = a_viewer()
    own = {str(viewer.activity.block_key): Own(passages=Passages(str(viewer.video.public_id), 1, (span,)))}
    refuses("rule.bad_passage", a_draft, course=viewer.course, own=own)


def test_a_change_from_today_judges_everybody_and_takes_nothing_back(class_of_three, run_jobs):
    viewer, done, middle, begun = class_of_three
    by = a_person()
    rule_changes.confirm(rule=previewed(viewer.course), by=by, on=timezone.localdate())
    assert rules.in_force(viewer.course).watch_percent == 50
    assert not middle.completions.exists()
    assert run_jobs() == []
    assert {one.enrolment for one in Completion.objects.all()} == {done, middle}
    rule = CourseRule.objects.get()
    assert rule.applied_at
    told = {event.action: event for event in AuditEvent.objects.filter(action__startswith="rule.")}
    assert told["rule.confirmed"].actor == str(by.public_id)
    assert told["rule.confirmed"].facts["gains"] == 1
    assert told["rule.applied"].facts["judged"] == 3
    harder = previewed(viewer.course, watch_percent=100)
    rule_changes.confirm(rule=harder, by=by, on=timezone.localdate())
    assert run_jobs() == []
    assert Completion.objects.count() == 2
    assert completion.course_progress(begun).lacks[0].words == "Le faltan 1 min 20 s del video"


def test_a_change_waits_for_its_day(class_of_three, run_jobs, monkeypatch):
    viewer, _done, middle, _begun = class_of_three
    rule = previewed(viewer.course)
    tomorrow = timezone.localdate() + timedelta(days=1)
    rule_changes.confirm(rule=rule, by=a_person(), on=tomorrow)
    apply_rules()
    assert rules.in_force(viewer.course).watch_percent == 90
    assert not Job.objects.filter(kind=rule_changes.KIND).exists()
    refuses("rule.one_is_planned", a_draft, course=viewer.course, watch_percent=40)
    CourseRule.objects.update(made_at=timezone.now() - timedelta(days=3), applies_from=timezone.now())
    assert [rule_changes.apply_due(), rule_changes.apply_due()] == [1, 0]
    assert run_jobs() == []
    assert middle.completions.exists()
    assert CourseRule.objects.get().applied_at


def test_a_planned_change_can_be_taken_back_until_it_applies(class_of_three, run_jobs):
    viewer, *_others = class_of_three
    by = a_person()
    tomorrow = timezone.localdate() + timedelta(days=1)
    rule = rule_changes.confirm(rule=previewed(viewer.course), by=by, on=tomorrow)
    rule_changes.withdraw(rule=rule, by=by)
    assert AuditEvent.objects.filter(action="rule.withdrawn").count() == 1
    assert rules.in_force(viewer.course, timezone.now() + timedelta(days=9)).watch_percent == 90
    rule = rule_changes.confirm(rule=previewed(viewer.course), by=by, on=timezone.localdate())
    refuses("rule.applies", rule_changes.withdraw, rule=rule, by=by)


def test_many_are_counted_by_a_job_that_tells_how_far_it_is(class_of_three, run_jobs, monkeypatch):
    viewer, _done, middle, _begun = class_of_three
    monkeypatch.setattr(effects, "AT_ONCE", 2)
    monkeypatch.setattr(effects, "BATCH", 2)
    rule = a_draft(viewer.course)
    job = effects.preview(course=viewer.course, rule=rule)
    assert (rule.previewed_at, effects.under_way(rule)) == (None, job)
    assert run_jobs() == []
    rule.refresh_from_db()
    job.refresh_from_db()
    assert rule.previewed_at
    assert (job.done, job.total, job.state) == (3, 3, "done")
    assert RuleEffect.objects.get(kind="gains").enrolment == middle


def test_a_job_for_a_draft_that_was_written_anew_counts_nothing(class_of_three, run_jobs, monkeypatch):
    viewer, *_others = class_of_three
    monkeypatch.setattr(effects, "AT_ONCE", 0)
    rule = a_draft(viewer.course)
    effects.preview(course=viewer.course, rule=rule)
    a_draft(viewer.course, watch_percent=60)
    assert run_jobs() == []
    rule.refresh_from_db()
    assert rule.previewed_at is None


def test_effects_cost_the_same_for_many(class_of_three, django_assert_max_num_queries):
    viewer, *others = class_of_three
    asked = rules.Asked(50)
    with django_assert_max_num_queries(18):
        effects.compare(others, asked=asked)
    more = [another(viewer, 30) for _one in range(4)]
    with django_assert_max_num_queries(18):
        effects.compare(others + more, asked=asked)
    assert Activity.objects.count() == 1
