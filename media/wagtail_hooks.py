"""What this app adds to Wagtail's back-office."""

from django.urls import include, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.permissions import register_permission_policy

from lms import permissions
from lms.viewsets.base import TablePolicy
from media.domain import access, allowances
from media.domain.consumption import ACTION
from media.models import UploadAllowance, Video
from media.views import adding, uploads
from media.views.consumption import ConsumptionExportView, ConsumptionView
from media.viewsets import allowance_viewset, video_chooser_viewset, video_viewset

register_permission_policy(Video, access.policy)
register_permission_policy(UploadAllowance, TablePolicy(UploadAllowance, allowances.ACTION))
# Exactly these: Wagtail registers its own for the same classes, perhaps after us.
register_permission_policy(Image, access.picture_policy, exact_class=True)
register_permission_policy(Document, access.document_policy, exact_class=True)


@hooks.register("register_admin_viewset")
def register_viewsets():
    """The library, its chooser, and the storage."""
    return [video_viewset, video_chooser_viewset, allowance_viewset]


@hooks.register("register_admin_urls")
def register_uploads():
    """Resumable uploads, behind Wagtail's sign-in."""
    patterns = [
        path("", uploads.collection, name="collection"),
        path("<uuid:public_id>/", uploads.upload, name="upload"),
        path("<uuid:public_id>/cancelar/", adding.cancel, name="cancel"),
    ]
    return [path("videos/subidas/", include((patterns, "media_uploads")))]


@hooks.register("register_admin_urls")
def register_consumption():
    """What viewing cost."""
    patterns = [
        path("", ConsumptionView.as_view(), name="index"),
        path("csv/", ConsumptionExportView.as_view(), name="export"),
    ]
    return [path("consumo/", include((patterns, "media_consumption")))]


@hooks.register("register_reports_menu_item")
def consumption_in_menu():
    """Among the reports, for those who may read it."""
    return ConsumptionMenuItem(_("Consumo de datos"), reverse("media_consumption:index"), icon_name="download")


class ConsumptionMenuItem(MenuItem):
    """Shown to those whom the table lets in."""

    def is_shown(self, request):
        """By today's roles."""
        return permissions.allows(request.user, ACTION)


@hooks.register("describe_collection_contents")
def describe_videos(collection):
    """A collection with videos in it cannot be deleted."""
    count = Video.objects.filter(collection=collection).count()
    if not count:
        return None
    text = ngettext("%(count)s video", "%(count)s videos", count) % {"count": count}
    return {"count": count, "count_text": text, "url": reverse("media_videos:index")}
