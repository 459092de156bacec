"""What a course asks for, in the back-office: in words, changed after a look at whom it affects, from a day on."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from courses.blocks import Stage
from courses.domain import asking, editions, effects, rule_changes, rule_words, rules
from courses.domain.marking import courses_of
from courses.models import Activity, CoursePage, CourseRule, RuleEffect
from courses.models.reach import EDIT
from courses.rule_forms import DayForm, RuleForm
from lms.domain.errors import RuleBroken
from lms.permissions import needs

PER_PAGE = 50
NOTED = 20


def course_or_404(request: HttpRequest, course_key: UUID) -> CoursePage:
    """A course that one writes; any other does not exist."""
    found = courses_of(request.user).filter(translation_key=course_key).order_by("pk").first()
    return found or get_object_or_404(CoursePage.objects.none())


def frame(course: CoursePage, title: str) -> dict:
    """Where a page about what a course asks for stands."""
    home = reverse("courses_rules:index", args=[course.translation_key])
    crumbs = [
        {"url": reverse("wagtailadmin_explore", args=[course.pk]), "label": course.title},
        {"url": home, "label": _("Qué pide el curso")},
        {"url": "", "label": title},
    ]
    return {
        "course": course,
        "page_title": title,
        "header_title": title,
        "page_subtitle": course.title,
        "header_icon": "clipboard-list",
        "breadcrumbs_items": crumbs if title != _("Qué pide el curso") else [crumbs[0], {"url": "", "label": title}],
    }


def activities_of(course: CoursePage) -> list[Activity]:
    """What there is to do in a course today."""
    current = Activity.objects.current().exclude(stage=Stage.ENTRY).filter(course_key=course.translation_key)
    return list(current.select_related("video", "quiz"))


def _pending(course: CoursePage) -> CourseRule | None:
    return CourseRule.objects.pending().filter(course_key=course.translation_key).first()


@needs(EDIT)
@require_safe
def index(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """The rule in force, the change that is prepared, what drafts and publishing change, and the rules of before."""
    course = course_or_404(request, course_key)
    activities, pending = activities_of(course), _pending(course)
    rows = CourseRule.objects.filter(course_key=course_key, applies_from__isnull=False).order_by("-number")
    context = {
        "words": rule_words.in_words(rules.in_force(course), activities),
        "required": [one for one in activities if one.is_required],
        "optional": [one for one in activities if not one.is_required],
        "pending": pending,
        "pending_words": rule_words.in_words(rules.read(pending), activities) if pending else [],
        "history": [(row, rule_words.in_words(rules.read(row), activities)) for row in rows.select_related("made_by")],
        "first_words": rule_words.in_words(rules.of_page(course), activities),
        "drafts": asking.in_drafts(course),
        "new_edition": asking.new_edition(course),
        "ended": editions.ended_of(course),
        "noted": asking.noted(course)[:NOTED],
        "people": rule_changes.on_the_way(course).count(),
    }
    return render(request, "wagtailadmin/courses/rules.html", context | frame(course, _("Qué pide el curso")))


@needs(EDIT)
def edit(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """Prepare a change; it applies to nobody before it was looked at and has its day."""
    course = course_or_404(request, course_key)
    pending = _pending(course)
    asked = rules.read(pending) if pending and pending.is_draft else rules.in_force(course)
    form = RuleForm(request.POST or None, activities=activities_of(course), asked=asked)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("watch_percent", "optional_count", "mean_percent")}
        try:
            rule = rule_changes.draft(course=course, by=request.user, own=form.own, **given)
        except RuleBroken as broken:
            form.add_error(None, broken.message)
        else:
            effects.preview(course=course, rule=rule)
            return redirect("courses_rules:effect", course_key)
    status = 422 if request.method == "POST" else 200
    context = {"form": form} | frame(course, _("Preparar un cambio"))
    return render(request, "wagtailadmin/courses/rule_edit.html", context, status=status)


@needs(EDIT)
def effect(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """Who gains and who would have more to do, by person; then the day."""
    course = course_or_404(request, course_key)
    rule = _pending(course)
    if rule is None:
        return redirect("courses_rules:index", course_key)
    form = DayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rule_changes.confirm(rule=rule, by=request.user, on=form.cleaned_data["on"])
        except RuleBroken as broken:
            form.add_error(None, broken.message)
        else:
            messages.success(request, _("El cambio tiene su día. Nadie pierde lo que ya completó."))
            return redirect("courses_rules:index", course_key)
    context = _effect(request, course, rule) | {"form": form, "rule": rule} | frame(course, _("A quién afecta"))
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/rule_effect.html", context, status=status)


def _effect(request: HttpRequest, course: CoursePage, rule: CourseRule) -> dict:
    asked, activities = rules.read(rule), activities_of(course)
    kind = request.GET.get("que", "")
    rows = rule.effects.select_related("enrolment__course", "enrolment__person")
    rows = rows.filter(kind=kind) if kind in RuleEffect.Kind.values else rows
    page = Paginator(rows.order_by("enrolment__person__surnames", "pk"), PER_PAGE).get_page(request.GET.get("p"))
    people = [row.enrolment for row in page]
    compared = effects.compare(people, asked=asked)
    counts = {one: rule.effects.filter(kind=one).count() for one in RuleEffect.Kind.values}
    on_the_way = rule_changes.on_the_way(course).count()
    return {
        "words": rule_words.in_words(asked, activities),
        "page": page,
        "rows": list(zip(page, compared, strict=True)),
        "kind": kind,
        "kinds": [(one, label, counts[one]) for one, label in RuleEffect.Kind.choices],
        "same": max(0, on_the_way - sum(counts.values())),
        "completed": rule_changes.completed_count(course),
        "job": None if rule.previewed_at else effects.under_way(rule),
    }


@needs(EDIT)
@require_POST
def again(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """Count anew whom the draft would affect."""
    course = course_or_404(request, course_key)
    rule = _pending(course)
    if rule and rule.is_draft:
        effects.preview(course=course, rule=rule)
    return redirect("courses_rules:effect", course_key)


@needs(EDIT)
@require_POST
def withdraw(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """Drop the change that is prepared or planned."""
    course = course_or_404(request, course_key)
    if rule := _pending(course):
        try:
            rule_changes.withdraw(rule=rule, by=request.user)
        except RuleBroken as broken:
            messages.error(request, broken.message)
        else:
            messages.success(request, _("El cambio se retiró. Todo sigue como estaba."))
    return redirect("courses_rules:index", course_key)
