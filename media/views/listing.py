"""The library's list: search, filters, and each video as a card with what it is, what it weighs and where it stands."""

import django_filters
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, QuerySet, Sum
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.models import Collection

from lms.models import Language
from lms.viewsets.base import IndexView
from media.domain import access, delivery, finding, places
from media.models import Rendition, Video

ORDERINGS = {
    "-created_at": _("Más nuevos"),
    "created_at": _("Más antiguos"),
    "title": _("Título"),
    "-duration_seconds": _("Más largos"),
}


def clock(seconds: float) -> str:
    """A length as `1:02:03` or `4:05`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def tags_of_videos(request=None) -> QuerySet[Tag]:
    """The tags that videos have."""
    kind = ContentType.objects.get_for_model(Video)
    return Tag.objects.filter(taggit_taggeditem_items__content_type=kind).distinct().order_by("name")


def languages_of_videos(request=None) -> QuerySet[Language]:
    """The languages that videos are in."""
    return Language.objects.filter(pk__in=Video.objects.order_by().values("language"))


def collections_of_videos(request) -> QuerySet[Collection]:
    """Those with a video that this person may change."""
    return Collection.objects.filter(pk__in=access.editable_by(request.user).order_by().values("collection"))


class VideoFilterSet(WagtailFilterSet):
    """By what a video is, how it is described, and whether it is used."""

    state = django_filters.ChoiceFilter(label=_("Estado"), choices=Video.State.choices)
    kind = django_filters.ChoiceFilter(label=_("Clase"), choices=Video.Kind.choices)
    tag = django_filters.ModelChoiceFilter(
        label=_("Etiqueta"), queryset=tags_of_videos, field_name="tags", to_field_name="slug"
    )
    language = django_filters.ModelChoiceFilter(
        label=_("Idioma hablado"), queryset=languages_of_videos, to_field_name="key"
    )
    collection = django_filters.ModelChoiceFilter(label=_("Colección"), queryset=collections_of_videos)
    use = django_filters.ChoiceFilter(
        label=_("Uso"), choices=[("unused", _("Sin usar")), ("used", _("En uso"))], method="by_use"
    )
    captions = django_filters.ChoiceFilter(
        label=_("Subtítulos"),
        choices=[("with", _("Con subtítulos")), ("without", _("Sin subtítulos"))],
        method="by_text",
    )
    whose = django_filters.ChoiceFilter(
        label=_("De quién"), choices=[("mine", _("Los que yo subí"))], method="by_owner"
    )

    class Meta:
        model = Video
        fields: list[str] = []

    def by_use(self, videos: QuerySet, name: str, value: str) -> QuerySet:
        """Whether a lesson names it, a draft's included."""
        used = places.used()
        return videos.exclude(pk__in=used) if value == "unused" else videos.filter(pk__in=used)

    def by_text(self, videos: QuerySet, name: str, value: str) -> QuerySet:
        """Whether it has captions."""
        return videos.filter(pk__in=Video.objects.filter(captions__isnull=value == "without").order_by().values("pk"))

    def by_owner(self, videos: QuerySet, name: str, value: str) -> QuerySet:
        """One's own."""
        return videos.filter(uploaded_by=self.request.user)


class VideoIndexView(IndexView):
    """All videos that this person may change, the newest first."""

    default_ordering = "-created_at"
    results_template_name = "wagtailadmin/media/index_results.html"
    template_name = "wagtailadmin/media/index.html"
    add_item_label = _("Subir archivos")

    @cached_property
    def columns(self) -> list[Column]:
        """By what they may be ordered; they are drawn as cards."""
        return [
            TitleColumn("title", label=_("Título"), sort_key="title"),
            DateColumn("created_at", label=_("Subido"), sort_key="created_at"),
            Column("duration_seconds", label=_("Duración"), sort_key="duration_seconds"),
        ]

    def get_base_queryset(self) -> QuerySet[Video]:
        """With what the cards say."""
        videos = access.editable_by(self.request.user).select_related("language", "collection", "uploaded_by")
        return videos.prefetch_related("tags", "captions__language")

    def search_queryset(self, queryset):
        """Also by what is said."""
        return finding.search(queryset, self.search_query) if self.is_searching else queryset

    def get_context_data(self, *args, **kwargs) -> dict:
        """The cards of the page, and the orders."""
        context = super().get_context_data(*args, **kwargs)
        context["cards"] = self._cards(list(context["object_list"]))
        query = self.request.GET.copy()
        query.pop("p", None)
        context["orders"] = []
        for key, label in ORDERINGS.items():
            query["ordering"] = key
            context["orders"].append({"label": label, "query": query.urlencode(), "is_chosen": key == self.ordering})
        return context

    def _cards(self, videos: list[Video]) -> list[dict]:
        person = self.request.user
        standing = places.of(videos, person)
        rows = Rendition.objects.filter(video__in=videos).order_by().values("video")
        made = {row["video"]: row for row in rows.annotate(sum=Sum("bytes"), count=Count("pk"))}
        return [
            {
                "video": video,
                "length": clock(video.duration_seconds),
                "made": made.get(video.pk, {"sum": 0, "count": 0}),
                "places": standing[video.pk],
                "poster": _poster(video, person),
            }
            for video in videos
        ]


def _poster(video: Video, person) -> str:
    return delivery.poster_url(video, delivery.make_token(video, person)) if video.poster_path else ""
