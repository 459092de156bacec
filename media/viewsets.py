"""Back-office views of the video library, declared."""

from django.db.models import Q
from django.urls import path
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet

from lms.viewsets.base import Guarded, OfficeViewSet
from media.forms import UploadForm, VideoForm
from media.models import Video
from media.views import library


class VideoViewSet(OfficeViewSet):
    """The library: list, upload, edit, delete, where a video is used."""

    model = Video
    action = "upload_video"
    name = "media_videos"
    url_prefix = "videos"
    icon = "media"
    menu_label = _("Videos")
    menu_order = 210
    add_to_admin_menu = True
    opened = ("index", "index_results", "add", "edit", "delete", "usage")
    search_fields = None  # the model's own, in the search index
    index_view_class = library.VideoIndexView
    add_view_class = library.VideoAddView
    edit_view_class = library.VideoEditView
    delete_view_class = library.VideoDeleteView
    usage_view_class = library.VideoUsageView

    def get_form_class(self, for_update: bool = False):
        """A file is asked for once."""
        return VideoForm if for_update else UploadForm

    def get_urlpatterns(self) -> list:
        """And what the page of one video calls."""
        return [
            *super().get_urlpatterns(),
            path("estado/<int:pk>/", library.progress, name="progress"),
            path("reintentar/<int:pk>/", library.retry, name="retry"),
            path("subtitulos/<int:pk>/", library.captions_save, name="captions_save"),
            path("subtitulos/<int:pk>/quitar/<str:language>/", library.captions_remove, name="captions_remove"),
        ]


class _Offered:
    """Videos that play already or will soon; what failed is not offered."""

    def get_object_list(self):
        """In the order of the library."""
        return Video.objects.filter(~Q(state=Video.State.FAILED)).select_related("language")

    @property
    def columns(self) -> list[Column]:
        """Enough to tell two videos apart."""
        return [
            *super().columns,  # type: ignore[misc]
            Column("duration", label=_("Duración"), accessor=lambda video: library.clock(video.duration_seconds)),
            Column("state", label=_("Estado"), accessor=lambda video: video.get_state_display()),
        ]


class VideoChooseView(_Offered, chooser.ChooseView):
    """The dialogue."""


class VideoChooseResultsView(_Offered, chooser.ChooseResultsView):
    """Its list."""


class VideoChooserViewSet(Guarded, ChooserViewSet):
    """Choosing a video for a lesson."""

    action = "edit_course"
    model = "media.Video"
    icon = "media"
    choose_one_text = _("Elegir un video")
    choose_another_text = _("Elegir otro video")
    edit_item_text = _("Editar este video")
    choose_view_class = VideoChooseView
    choose_results_view_class = VideoChooseResultsView


video_chooser_viewset = VideoChooserViewSet("video_chooser")
video_viewset = VideoViewSet()
