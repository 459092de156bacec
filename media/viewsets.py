"""Back-office views of the video library, declared."""

from django import forms
from django.db.models import Q
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag
from wagtail.admin.forms.choosers import BaseFilterForm, CollectionFilterMixin
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.models import Collection

from lms.viewsets.base import Guarded, OfficeViewSet
from media.domain import access, finding
from media.forms import AllowanceForm, ChooserUploadForm, DescribeForm, UploadForm
from media.models import UploadAllowance, Video
from media.views import adding, captions, cuts, library, listing, storage, tracks


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
    index_view_class = listing.VideoIndexView
    filterset_class = listing.VideoFilterSet
    list_per_page = 24
    list_display = ("title",)
    add_view_class = adding.VideoAddView
    edit_view_class = library.VideoEditView
    delete_view_class = library.VideoDeleteView
    usage_view_class = library.VideoUsageView

    def get_form_class(self, for_update: bool = False):
        """A file is asked for once."""
        return DescribeForm if for_update else UploadForm

    def get_urlpatterns(self) -> list:
        """And what the page of one video calls."""
        return [
            *super().get_urlpatterns(),
            path("estado/<int:pk>/", library.progress, name="progress"),
            path("reintentar/<int:pk>/", library.retry, name="retry"),
            path("portada/<int:pk>/", library.poster, name="poster"),
            path("escenas/<int:pk>/", library.storyboard, name="storyboard"),
            path("subtitulos/<int:pk>/", captions.save, name="captions_save"),
            path("subtitulos/<int:pk>/voz/", captions.ask_machine, name="captions_ask_machine"),
            path("subtitulos/<int:pk>/onda/", captions.waveform, name="captions_waveform"),
            path("subtitulos/<int:pk>/en/<str:language>/", captions.edit, name="captions_edit"),
            path("subtitulos/<int:pk>/bajar/<str:language>/", captions.download, name="captions_download"),
            path("subtitulos/<int:pk>/quitar/<str:language>/", captions.remove, name="captions_remove"),
            path("cortes/<int:pk>/", cuts.cuts, name="cuts"),
            path("cortes/<int:pk>/estado/", cuts.progress, name="cuts_progress"),
            path("cortes/<int:pk>/reemplazar/", cuts.replace, name="cuts_replace"),
            path("cortes/<int:pk>/recortar/", cuts.trim, name="cuts_trim"),
            path("cortes/<int:pk>/deshacer/", cuts.undo, name="cuts_undo"),
            path("cortes/<int:pk>/reintentar/", cuts.retry, name="cuts_retry"),
            path("cortes/<int:pk>/quitar/", cuts.abandon, name="cuts_abandon"),
            path("pistas/<int:pk>/", tracks.tracks, name="tracks"),
            path("pistas/<int:pk>/estado/", tracks.progress, name="tracks_progress"),
            path("pistas/<int:pk>/<uuid:track>/reintentar/", tracks.retry, name="tracks_retry"),
            path("pistas/<int:pk>/<uuid:track>/quitar/", tracks.remove, name="tracks_remove"),
        ]


class VideoSearchForm(CollectionFilterMixin, BaseFilterForm):
    """The chooser's search: words, also those that are said; a tag; a collection."""

    q = forms.CharField(label=_("Buscar"), required=False, widget=forms.TextInput({"placeholder": _("Buscar")}))
    tag = forms.ModelChoiceField(
        label=_("Etiqueta"),
        queryset=Tag.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=_("Todas"),
        widget=forms.Select({"data-chooser-modal-search-filter": True}),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag"].queryset = listing.tags_of_videos()  # type: ignore[attr-defined]

    def filter(self, objects):
        """All that is asked for at once."""
        found = super().filter(objects)
        self.search_query = self.cleaned_data["q"]
        self.is_searching = bool(self.search_query or self.cleaned_data["tag"])
        if self.cleaned_data["tag"]:
            found = found.filter(tags=self.cleaned_data["tag"])
        return finding.search(found, self.search_query)


class _Offered:
    """Videos that play already or will soon; what failed is not offered."""

    filter_form_class = VideoSearchForm

    def get_filter_form(self):
        """With the collections in which something is offered, where there are several."""
        offered = access.choosable_by(self.request.user).order_by().values("collection")  # type: ignore[attr-defined]
        collections = Collection.objects.filter(pk__in=offered)
        return VideoSearchForm(self.request.GET, collections=collections if collections[1:] else None)  # type: ignore[attr-defined]

    def get_object_list(self):
        """In the order of the library."""
        mine = access.choosable_by(self.request.user)  # type: ignore[attr-defined]
        return mine.filter(~Q(state=Video.State.FAILED)).select_related("language")

    @property
    def columns(self) -> list[Column]:
        """Enough to tell two videos apart."""
        return [
            *super().columns,  # type: ignore[misc]
            Column("duration", label=_("Duración"), accessor=lambda video: listing.clock(video.duration_seconds)),
            Column("state", label=_("Estado"), accessor=lambda video: video.get_state_display()),
        ]


class VideoChooseView(adding.WithUploadForm, _Offered, chooser.ChooseView):
    """The dialogue."""


class VideoChooseResultsView(adding.WithUploadForm, _Offered, chooser.ChooseResultsView):
    """Its list."""


class VideoChosenView(chooser.ChosenView):
    """The one that was chosen."""

    def get_object(self, pk):
        """Another's that is not shared does not exist."""
        return access.choosable_by(self.request.user).get(pk=pk)


class VideoChosenMultipleView(chooser.ChosenMultipleView):
    """Several at once."""

    def get_objects(self, pks):
        """Those of them that one may place."""
        return access.choosable_by(self.request.user).filter(pk__in=pks)


class VideoChooserViewSet(Guarded, ChooserViewSet):
    """Choosing a video for a lesson."""

    action = "edit_course"
    model = "media.Video"
    icon = "media"
    choose_one_text = _("Elegir un video")
    choose_another_text = _("Elegir otro video")
    edit_item_text = _("Editar este video")
    creation_form_class = ChooserUploadForm
    creation_tab_label = _("Subir")
    create_action_label = _("Guardar y elegir")
    create_view_class = adding.VideoCreateView
    choose_view_class = VideoChooseView
    choose_results_view_class = VideoChooseResultsView
    chosen_view_class = VideoChosenView
    chosen_multiple_view_class = VideoChosenMultipleView


class AllowanceViewSet(OfficeViewSet):
    """What the storage holds, and who may keep more in it than others."""

    action = "manage_storage"
    model = UploadAllowance
    name = "media_allowances"
    url_prefix = "almacenamiento"
    icon = "folder-inverse"
    menu_label = _("Almacenamiento")
    menu_order = 220
    add_to_admin_menu = True
    opened = ("index", "index_results", "add", "edit", "delete")
    form_class = AllowanceForm
    index_view_class = storage.AllowanceIndexView
    add_view_class = storage.AllowanceCreateView
    edit_view_class = storage.AllowanceEditView
    delete_view_class = storage.AllowanceWithdrawView

    @cached_property
    def menu_url(self) -> str:
        """The account comes first."""
        return reverse(self.get_url_name("storage"))

    def get_urlpatterns(self) -> list:
        """With the account, and the same as a file."""
        return [
            *super().get_urlpatterns(),
            path("resumen/", self.construct_view(storage.StorageView), name="storage"),
            path("resumen.csv", self.construct_view(storage.StorageExportView), name="export"),
        ]


video_chooser_viewset = VideoChooserViewSet("video_chooser")
allowance_viewset = AllowanceViewSet()
video_viewset = VideoViewSet()
