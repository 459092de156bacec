"""What a player offers beside the film: downloads, captions, tracks, keys, and what was used this month."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from lms.domain.errors import RuleBroken
from media.domain import delivered, delivery
from media.models import Video


@require_safe
def options(request: HttpRequest, token: str) -> HttpResponse:
    """A page without JavaScript; with it, `?parte=1` is the part that the player puts under the film."""
    try:
        video = get_object_or_404(Video, public_id=delivery.open_token(token, request.user))
    except RuleBroken as broken:
        raise Http404 from broken
    context = {
        "playback": delivery.playback(video, person=request.user),
        "is_counted": delivered.is_counted(),
        "month_megabytes": round(delivered.month_of(request.user) / 1_000_000, 1),
    }
    name = "player_options" if "parte" in request.GET else "player_options_page"
    return render(request, f"media/{name}.html", context)
