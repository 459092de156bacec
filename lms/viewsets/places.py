"""The country's reference data: read here, kept by `manage.py load_reference_data`."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import BooleanColumn, Column

from lms.domain.texts import fold
from lms.models import Municipality, Post

from .base import IndexView, OfficeViewSet


class MunicipalityIndexView(IndexView):
    """The 340."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[Municipality]:
        return Municipality.objects.select_related("department").prefetch_related("languages")

    def search_queryset(self, queryset):
        for word in fold(self.search_query).split() if self.is_searching else []:
            queryset = queryset.filter(search_text__contains=word)
        return queryset


class MunicipalityViewSet(OfficeViewSet):
    """Municipios."""

    action = "manage_reference_data"
    model = Municipality
    name = "lms_municipalities"
    url_prefix = "municipios"
    icon = "site"
    index_view_class = MunicipalityIndexView
    search_fields = ("search_text",)
    list_filter = ["department", "languages"]
    list_display = [
        "name",
        Column("code", label=_("Código"), sort_key="code"),
        Column("department", label=_("Departamento"), sort_key="department__name"),
        Column(
            "languages", label=_("Idiomas"), accessor=lambda place: ", ".join(one.name for one in place.languages.all())
        ),
        Column("population", label=_("Población 2018"), sort_key="population"),
    ]


class PostViewSet(OfficeViewSet):
    """Puestos."""

    action = "manage_reference_data"
    model = Post
    name = "lms_posts"
    url_prefix = "puestos"
    icon = "tag"
    index_view_class = IndexView
    list_filter = ["kind", "is_elected"]
    list_display = [
        "name",
        Column("code", label=_("Código"), sort_key="code"),
        Column("abbreviation", label=_("Siglas")),
        Column("kind", label=_("Clase"), sort_key="kind"),
        BooleanColumn("is_elected", label=_("De elección")),
    ]


municipality_viewset = MunicipalityViewSet()
post_viewset = PostViewSet()
