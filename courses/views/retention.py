"""Where people stop watching, in the back-office: by video, with the video beside it."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.domain import retention
from courses.domain.durations import on_the_clock
from courses.models import Activity, CoursePage
from courses.models.reach import EDIT
from lms import permissions
from lms.permissions import needs
from media.domain import consumption, delivery

PER_PAGE = 50
IN_THE_TABLE, IN_THE_DRAWING = 20, 160
LEFT, RIGHT, TOP, BOTTOM = 76, 708, 16, 260  # of a picture of 720 × 300


def _frame(subtitle: str = "") -> dict:
    title, home = _("Dónde dejan de ver"), reverse("courses_retention:index")
    crumbs = [{"url": home if subtitle else "", "label": title}]
    if subtitle:
        crumbs.append({"url": "", "label": subtitle})
    return {
        "page_title": title,
        "page_subtitle": subtitle,
        "header_title": f"{title}: {subtitle}" if subtitle else title,
        "header_icon": "media",
        "breadcrumbs_items": crumbs,
    }


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The videos of one's courses, those that most people began first."""
    found = retention.videos_of(request.user).order_by("-learners", "title", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    keys = {one.course_key for one in page}
    titles = dict(CoursePage.objects.filter(translation_key__in=keys).values_list("translation_key", "title"))
    context = {
        "page": page,
        "rows": [{"activity": one, "course": titles.get(one.course_key, "")} for one in page],
        "least": retention.LEAST,
        "sees_consumption": permissions.allows(request.user, consumption.ACTION),
    }
    return render(request, "wagtailadmin/courses/retention.html", context | _frame())


@needs(EDIT)
@require_safe
def of_video(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The curve of one video in one lesson, the video, and the same in a table."""
    activity: Activity = get_object_or_404(retention.videos_of(request.user), public_id=public_id)
    curve = retention.curve_of(activity)
    rows = retention.stretches(curve, IN_THE_TABLE)
    context = {
        "activity": activity,
        "course": CoursePage.objects.filter(translation_key=activity.course_key).first(),
        "curve": curve,
        "least": retention.LEAST,
        "rows": [_told(one) for one in rows],
        "worst": [_told(one) for one in retention.worst(rows)],
        "drawing": _drawing(curve) if curve.is_told else None,
        "playback": delivery.playback(activity.video, person=request.user),
        "position": _second(request, curve.length),
    }
    return render(request, "wagtailadmin/courses/retention_video.html", context | _frame(activity.title))


def _second(request: HttpRequest, length: int) -> int:
    asked = request.GET.get("segundo", "")
    return min(int(asked), length - 1) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 0


def _told(one: retention.Stretch) -> dict:
    return {"stretch": one, "start": on_the_clock(one.first), "end": on_the_clock(one.after), "second": str(one.first)}


def _drawing(curve: retention.Curve) -> dict:
    """The curve as SVG writes it: a line, bars for those who stop, times below, and where a click leads."""
    pieces = retention.stretches(curve, IN_THE_DRAWING)
    scale = (RIGHT - LEFT) / curve.length
    most = max(one.stopped for one in pieces) or 1

    def x(second: float) -> str:
        return f"{LEFT + second * scale:.1f}"

    def y(percent: float) -> str:
        return f"{BOTTOM - percent / 100 * (BOTTOM - TOP):.1f}"

    line = " ".join(f"{x((one.first + one.after) / 2)},{y(one.percent)}" for one in pieces)
    bars = [
        {
            "x": x(one.first),
            "width": f"{max(1.0, (one.after - one.first) * scale - 1):.1f}",
            "y": f"{BOTTOM - 60 * one.stopped / most:.1f}",
            "height": f"{60 * one.stopped / most:.1f}",
        }
        for one in pieces
        if one.stopped
    ]
    links = [
        {
            "x": x(one.first),
            "width": f"{(one.after - one.first) * scale:.1f}",
            "second": str(one.first),
            "words": f"{on_the_clock(one.first)} · {one.percent:.0f} %",
        }
        for one in pieces
    ]
    times = [{"x": x(second), "words": on_the_clock(second)} for second in (curve.length * n // 4 for n in range(5))]
    ends = f"{x(curve.length)},{BOTTOM} {x(0)},{BOTTOM}"
    return {"line": line, "bars": bars, "links": links, "times": times, "ends": ends}
