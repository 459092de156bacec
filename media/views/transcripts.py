"""The words of a video as text: a page for browsers without JavaScript, at an address signed for one person."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from lms.domain.errors import RuleBroken
from media.domain import captions, delivery
from media.models import Caption


@require_safe
def transcript(request: HttpRequest, token: str, language: str) -> HttpResponse:
    """All that is said, line by line with the times."""
    try:
        video_id = delivery.open_token(token, request.user)
    except RuleBroken as broken:
        raise Http404 from broken
    found = get_object_or_404(
        Caption.objects.select_related("language", "video"), video__public_id=video_id, language__key=language
    )
    context = {"caption": found, "label": captions.label(found), "cues": captions.cues_of(found)}
    return render(request, "media/transcript_page.html", context)
