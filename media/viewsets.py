"""Back-office views of the video library, declared."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.viewsets.chooser import ChooserViewSet


class VideoChooserViewSet(ChooserViewSet):
    """Choosing a video for a lesson."""

    model = "media.Video"
    icon = "media"
    choose_one_text = _("Elegir un video")
    choose_another_text = _("Elegir otro video")
    edit_item_text = _("Editar este video")


video_chooser_viewset = VideoChooserViewSet("video_chooser")
