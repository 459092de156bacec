"""What this app adds to Wagtail's back-office."""

from django.urls import include, path, reverse
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.permissions import register_permission_policy

from media.domain import access
from media.models import Video
from media.views import uploads
from media.viewsets import video_chooser_viewset, video_viewset

register_permission_policy(Video, access.policy)


@hooks.register("register_admin_viewset")
def register_viewsets():
    """The library and its chooser."""
    return [video_viewset, video_chooser_viewset]


@hooks.register("register_admin_urls")
def register_uploads():
    """Resumable uploads, behind Wagtail's sign-in."""
    patterns = [
        path("", uploads.collection, name="collection"),
        path("<uuid:public_id>/", uploads.upload, name="upload"),
    ]
    return [path("videos/subidas/", include((patterns, "media_uploads")))]


@hooks.register("describe_collection_contents")
def describe_videos(collection):
    """A collection with videos in it cannot be deleted."""
    count = Video.objects.filter(collection=collection).count()
    if not count:
        return None
    text = ngettext("%(count)s video", "%(count)s videos", count) % {"count": count}
    return {"count": count, "count_text": text, "url": reverse("media_videos:index")}
