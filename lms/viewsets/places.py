"""The country's reference data: municipalities, read here; posts, which ANAM keeps."""

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from django_filters.fields import ModelMultipleChoiceField
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import ListingButton

from lms.domain import posts
from lms.domain.texts import fold
from lms.forms.posts import PostForm
from lms.models import Department, Language, Municipality, Post

from .base import AskFirstView, FormByVerb, IndexView, OfficeViewSet

LONGEST_KEY = 9


class _LanguagesField(ModelMultipleChoiceField):
    """Some languages; a key longer than any key of ours is no choice, and not asked of the database."""

    def _check_values(self, value):
        if any(len(str(one)) > LONGEST_KEY for one in value):
            raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice", {"value": value[0]})
        return super()._check_values(value)


class _LanguagesFilter(django_filters.ModelMultipleChoiceFilter):
    field_class = _LanguagesField


class MunicipalityFilterSet(WagtailFilterSet):
    """By department and by the languages that are spoken there."""

    department = django_filters.ModelChoiceFilter(label=_("Departamento"), queryset=Department.objects.all())
    languages = _LanguagesFilter(
        label=_("Idiomas"), queryset=Language.objects.all(), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Municipality
        fields: list[str] = []


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
    filterset_class = MunicipalityFilterSet
    list_display = [
        "name",
        Column("code", label=_("Código"), sort_key="code"),
        Column("department", label=_("Departamento"), sort_key="department__name"),
        Column(
            "languages", label=_("Idiomas"), accessor=lambda place: ", ".join(one.name for one in place.languages.all())
        ),
        Column("population", label=_("Población 2018"), sort_key="population"),
    ]


class PostIndexView(IndexView):
    """In the order in which they are offered."""

    default_ordering = ("order", "pk")

    def get_list_more_buttons(self, instance: Post) -> list:
        toggle = _("Dejar de ofrecerlo") if instance.is_open else _("Ofrecerlo de nuevo")
        move = reverse("lms_posts:move", args=[instance.pk])
        return [
            ListingButton(
                toggle, url=self.get_delete_url(instance), icon_name="lock" if instance.is_open else "lock-open"
            ),
            ListingButton(_("Cambiar de lugar"), url=move, icon_name="order"),
        ]


class PostCreateView(FormByVerb, generic.CreateView):
    """Adds a post of ANAM's own."""

    success_message = _("El puesto %(object)s está en el catálogo.")

    def perform(self, data: dict) -> Post:
        return posts.add(by=self.request.user, **data)


class PostEditView(FormByVerb, generic.EditView):
    """Renames a post; its code and its class stay."""

    success_message = _("El puesto %(object)s quedó guardado.")

    def get_initial(self) -> dict:
        return {name: getattr(self.object, name) for name in ("name", "abbreviation", "name_en")}

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        del form.fields["kind"]
        if not self.object.is_own:
            form.fields["name"].help_text = _(
                "Este puesto viene de su fuente. Si lo cambia, queda anotado que es otro."
            )
        return form

    def perform(self, data: dict) -> Post:
        return posts.change(post=self.object, by=self.request.user, **data)


class PostToggleView(AskFirstView):
    """Offers a post no more, or again."""

    page_title = _("Ofrecer o dejar de ofrecer un puesto")
    success_message = _("El puesto %(object)s quedó guardado.")

    @property
    def confirmation_message(self) -> str:
        if self.object.is_open:
            return _("Ya nadie podrá elegir este puesto. Los nombramientos hechos se quedan como están.")
        return _("Este puesto se podrá elegir de nuevo.")

    @property
    def answer(self) -> str:
        return _("Sí, dejar de ofrecerlo") if self.object.is_open else _("Sí, ofrecerlo de nuevo")

    def perform(self) -> None:
        posts.set_open(post=self.object, is_open=not self.object.is_open, by=self.request.user)


class PostMoveView(WagtailAdminTemplateMixin, TemplateView):
    """Moves a post one place up or down, as often as one likes."""

    template_name = "wagtailadmin/lms/post_move.html"
    page_title = _("Cambiar de lugar")
    header_icon = "order"

    def get_breadcrumbs_items(self) -> list[dict]:
        """Puestos › this page."""
        listing = {"url": reverse("lms_posts:index"), "label": _("Puestos")}
        return [*super().get_breadcrumbs_items(), listing, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs) -> dict:
        """The post among its neighbours."""
        post = get_object_or_404(Post, pk=self.kwargs["pk"])
        ordered = list(Post.objects.all())
        here = ordered.index(post)
        near = ordered[max(0, here - 3) : here + 4]
        return super().get_context_data(
            post=post, near=near, is_first=here == 0, is_last=here == len(ordered) - 1, **kwargs
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One place, then the same page."""
        posts.move(post=get_object_or_404(Post, pk=pk), up=request.POST.get("to") == "up", by=request.user)
        return redirect("lms_posts:move", pk)


def source_in_words(post: Post) -> str:
    """Whether it is ANAM's own, as its source has it, or derived from it."""
    if post.is_own:
        return _("de ANAM")
    return _("derivado de la fuente") if post.changed_at else _("de la fuente")


class PostViewSet(OfficeViewSet):
    """Puestos: added, renamed, put in order, closed; never deleted."""

    action = posts.ACTION
    model = Post
    name = "lms_posts"
    url_prefix = "puestos"
    icon = "tag"
    opened = ("index", "index_results", "add", "edit", "delete")
    index_view_class = PostIndexView
    add_view_class = PostCreateView
    edit_view_class = PostEditView
    delete_view_class = PostToggleView
    form_class = PostForm
    ordering = ("order", "pk")
    list_filter = ["kind", "is_elected", "is_open", "is_own"]
    list_display = [
        "name",
        Column("code", label=_("Código"), sort_key="code"),
        Column("abbreviation", label=_("Siglas")),
        Column("kind", label=_("Clase"), accessor=lambda post: posts.KINDS.get(post.kind, post.kind), sort_key="kind"),
        Column("source", label=_("Origen"), accessor=source_in_words),
        BooleanColumn("is_open", label=_("Se ofrece")),
    ]

    def get_urlpatterns(self) -> list:
        """With the page that moves one."""
        move = path("lugar/<int:pk>/", self.construct_view(PostMoveView), name="move")
        return [*super().get_urlpatterns(), move]


municipality_viewset = MunicipalityViewSet()
post_viewset = PostViewSet()
