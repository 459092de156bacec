"""Records that may be of one person: suggested or chosen by hand, dismissed, and parted again after a merge."""

from functools import cached_property

import django_filters
from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button, ListingButton

from lms.domain import duplicates, people, suggesting
from lms.domain.duplicates import ACTION
from lms.domain.errors import RuleBroken
from lms.forms.duplicates import ReasonForm, TwoPeopleForm
from lms.models import Appointment, DuplicatePair, Job, Merge, Municipality, Person

from .base import IndexView, OfficeViewSet
from .comparing import REASONS, CompareView, Page, RuleFormView, reasons_in_words
from .people import person_chooser_viewset


class PairFilterSet(WagtailFilterSet):
    """By where it stands, why it was suggested, and where one of them works."""

    state = django_filters.ChoiceFilter(label=_("Estado"), choices=DuplicatePair.State.choices)
    reason = django_filters.ChoiceFilter(label=_("Por qué"), choices=list(REASONS.items()), method="by_reason")
    municipality = django_filters.ModelChoiceFilter(
        label=_("Municipalidad"), queryset=Municipality.objects.select_related("department"), method="by_place"
    )

    class Meta:
        model = DuplicatePair
        fields: list[str] = []

    def by_reason(self, found: QuerySet, name: str, value: str) -> QuerySet:
        """Those that name it; as text, for not every database looks into a list."""
        return found.annotate(said=Cast("reasons", CharField())).filter(said__contains=f'"{value}"')

    def by_place(self, found: QuerySet, name: str, value: Municipality) -> QuerySet:
        """Those of which one works there."""
        there = Appointment.objects.lasting().filter(municipality=value).values("person")
        return found.filter(Q(first__in=there) | Q(second__in=there))


class PairIndexView(IndexView):
    """What waits first, the likeliest on top."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[DuplicatePair]:
        visible = people.visible_to(self.request.user, ACTION).values("pk")
        waits = Case(When(state=DuplicatePair.State.OPEN, then=Value(0)), default=Value(1))
        undecided_and_standing = Q(first__in=visible, second__in=visible) | ~Q(state=DuplicatePair.State.OPEN)
        rows = DuplicatePair.objects.filter(undecided_and_standing).select_related("first", "second", "decided_by")
        return rows.annotate(waits=waits).order_by("waits", "-score", "pk")

    def search_queryset(self, queryset):
        """By words of either name."""
        if not self.is_searching:
            return queryset
        called = Person.objects.search_words(self.search_query).values("pk")
        return queryset.filter(Q(first__in=called) | Q(second__in=called))

    @cached_property
    def header_more_buttons(self) -> list:
        choose = Button(_("Comparar a mano"), url=reverse("lms_duplicates:choose"), icon_name="user")
        search = Button(_("Buscar duplicados ahora"), url=reverse("lms_duplicates:search"), icon_name="search")
        return [*super().header_more_buttons, choose, search]

    def get_list_more_buttons(self, instance: DuplicatePair) -> list:
        if instance.state != DuplicatePair.State.OPEN:
            return []
        dismiss = reverse("lms_duplicates:dismiss", args=[instance.pk])
        return [
            ListingButton(_("Comparar"), url=compare_url(instance), icon_name="view"),
            ListingButton(_("Son personas distintas"), url=dismiss, icon_name="cross"),
        ]


def compare_url(pair: DuplicatePair) -> str:
    """The page of the two side by side."""
    return reverse("lms_duplicates:compare", args=[pair.first_id, pair.second_id])


class SearchView(Page, TemplateView):
    """Asks for a search over the whole country, and tells how the last one went."""

    template_name = "wagtailadmin/lms/duplicates_search.html"
    page_title = _("Buscar duplicados")
    header_icon = "search"

    def get_context_data(self, **kwargs) -> dict:
        last = Job.objects.for_subject(suggesting.FIND, suggesting.EVERYBODY).first()
        return super().get_context_data(last=last, **kwargs)

    def post(self, request, **kwargs) -> HttpResponse:
        suggesting.ask(by=request.user)
        messages.success(request, _("La búsqueda está en marcha. Lo que encuentre aparece en la lista."))
        return redirect("lms_duplicates:search")


class ChooseView(RuleFormView):
    """Two people chosen by hand, or one whose likes are looked for."""

    template_name = "wagtailadmin/lms/duplicates_choose.html"
    page_title = _("Comparar a mano")
    form_class = TwoPeopleForm

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        for name in ("first", "second"):
            form.fields[name].queryset = people.visible_to(self.request.user, ACTION)
            form.fields[name].widget = person_chooser_viewset.widget_class()
        return form

    def form_valid(self, form) -> HttpResponse:
        first, second = form.cleaned_data["first"], form.cleaned_data["second"]
        if second is None:
            return redirect("lms_duplicates:alike", first.pk)
        if first == second:
            form.add_error("second", _("Es el mismo registro. Elija dos distintos."))
            return self.form_invalid(form)
        return redirect("lms_duplicates:compare", first.pk, second.pk)


class AlikeView(Page, TemplateView):
    """Records like one person's: those that are suggested, and a search for this one alone, done at once."""

    template_name = "wagtailadmin/lms/duplicates_alike.html"
    page_title = _("Registros parecidos")

    @cached_property
    def person(self) -> Person:
        """The one of the address."""
        return self.one(self.kwargs["pk"])

    def get_context_data(self, **kwargs) -> dict:
        either = DuplicatePair.objects.filter(Q(first=self.person) | Q(second=self.person))
        standing = either.filter(first__merged_into=None, second__merged_into=None).select_related("first", "second")
        pairs = [
            {
                "other": pair.second if pair.first_id == self.person.pk else pair.first,
                "score": pair.score,
                "words": reasons_in_words(pair),
                "url": compare_url(pair),
                "state": pair.get_state_display() if pair.state != DuplicatePair.State.OPEN else "",
            }
            for pair in standing[:50]
        ]
        return super().get_context_data(person=self.person, pairs=pairs, **kwargs)

    def post(self, request, **kwargs) -> HttpResponse:
        try:
            found = suggesting.suggest_for(person=self.person, by=request.user)
        except RuleBroken as broken:
            messages.error(request, broken.message)
        else:
            words = ngettext("Se encontró %(n)d parecido.", "Se encontraron %(n)d parecidos.", len(found))
            messages.success(request, words % {"n": len(found)})
        return redirect("lms_duplicates:alike", self.person.pk)


class DismissView(RuleFormView):
    """Notes that they are two people."""

    template_name = "wagtailadmin/lms/duplicates_dismiss.html"
    page_title = _("Son personas distintas")
    form_class = ReasonForm

    @cached_property
    def pair(self) -> DuplicatePair:
        """An open one, of people within reach."""
        visible = people.visible_to(self.request.user, ACTION).values("pk")
        rows = DuplicatePair.objects.filter(first__in=visible, second__in=visible, state=DuplicatePair.State.OPEN)
        return get_object_or_404(rows.select_related("first", "second"), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(pair=self.pair, words=reasons_in_words(self.pair), **kwargs)

    def form_valid(self, form) -> HttpResponse:
        try:
            duplicates.dismiss(pair=self.pair, reason=form.cleaned_data["reason"], by=self.request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
            return self.form_invalid(form)
        messages.success(self.request, _("Quedó anotado que son dos personas. No se volverán a sugerir."))
        return redirect("lms_duplicates:index")


class PairViewSet(OfficeViewSet):
    """Posibles duplicados: compared, merged or dismissed."""

    action = ACTION
    model = DuplicatePair
    name = "lms_duplicates"
    url_prefix = "duplicados"
    icon = "group"
    menu_label = _("Duplicados")
    opened = ("index", "index_results")
    index_view_class = PairIndexView
    filterset_class = PairFilterSet
    search_fields = ("first__search_text", "second__search_text")
    list_display = [
        TitleColumn("first", label=_("Primer registro"), get_url=compare_url),
        Column("second", label=_("Segundo registro")),
        Column("score", label=_("Parecido"), accessor=lambda pair: f"{pair.score} %", sort_key="score"),
        Column("reasons", label=_("Por qué"), accessor=reasons_in_words),
        StatusTagColumn(
            "state",
            label=_("Estado"),
            accessor="get_state_display",
            primary=lambda pair: pair.state == DuplicatePair.State.OPEN,
        ),
        DateColumn("found_at", label=_("Encontrado"), sort_key="found_at"),
    ]

    def get_urlpatterns(self) -> list:
        """With what is done to a pair."""
        return [
            *super().get_urlpatterns(),
            path("buscar/", self.construct_view(SearchView), name="search"),
            path("elegir/", self.construct_view(ChooseView), name="choose"),
            path("parecidos/<int:pk>/", self.construct_view(AlikeView), name="alike"),
            path("comparar/<int:first>/<int:second>/", self.construct_view(CompareView), name="compare"),
            path("descartar/<int:pk>/", self.construct_view(DismissView), name="dismiss"),
        ]


class MergeFilterSet(WagtailFilterSet):
    """Whether it still stands."""

    is_undone = django_filters.BooleanFilter(
        label=_("Deshecha"), field_name="undone_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = Merge
        fields: list[str] = []


class MergeIndexView(IndexView):
    """The newest first."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[Merge]:
        return Merge.objects.select_related("survivor", "absorbed", "merged_by", "undone_by")

    def search_queryset(self, queryset):
        """By words of either name."""
        if not self.is_searching:
            return queryset
        called = Person.objects.search_words(self.search_query).values("pk")
        return queryset.filter(Q(survivor__in=called) | Q(absorbed__in=called))

    def get_list_more_buttons(self, instance: Merge) -> list:
        if instance.undone_at or not instance.journal:
            return []
        return [ListingButton(_("Deshacer"), url=reverse("lms_merges:undo", args=[instance.pk]), icon_name="undo")]


class UndoView(WagtailAdminTemplateMixin, View):
    """Says what an undo does, and does it."""

    page_title = _("Deshacer una unión")
    header_icon = "undo"
    template_name = "wagtailadmin/lms/merge_undo.html"

    def get_breadcrumbs_items(self) -> list[dict]:
        every = {"url": reverse("lms_merges:index"), "label": _("Uniones de registros")}
        return [*super().get_breadcrumbs_items(), every, {"url": "", "label": self.page_title}]

    @cached_property
    def merge(self) -> Merge:
        """The one of the address."""
        rows = Merge.objects.select_related("survivor", "absorbed", "merged_by", "undone_by")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get(self, request, **kwargs) -> HttpResponse:
        context = self.get_context_data(merge=self.merge, undoing=duplicates.undoing(self.merge))
        return self.render_to_response(context)

    def post(self, request, **kwargs) -> HttpResponse:
        try:
            duplicates.undo(merge=self.merge, by=request.user)
        except RuleBroken as broken:
            messages.error(request, broken.message)
        else:
            messages.success(request, _("La unión está deshecha: cada registro tiene otra vez lo suyo."))
        return redirect("lms_merges:index")


class MergeViewSet(OfficeViewSet):
    """Uniones de registros: read, and undone within thirty days."""

    action = ACTION
    model = Merge
    name = "lms_merges"
    url_prefix = "uniones"
    icon = "undo"
    menu_label = _("Uniones")
    opened = ("index", "index_results")
    index_view_class = MergeIndexView
    filterset_class = MergeFilterSet
    search_fields = ("survivor__search_text", "absorbed__search_text")
    list_display = [
        TitleColumn(
            "survivor", label=_("Registro que quedó"), get_url=lambda merge: reverse("lms_merges:undo", args=[merge.pk])
        ),
        Column("absorbed", label=_("Registro absorbido")),
        Column("reason", label=_("Motivo")),
        Column("merged_by", label=_("Unidos por"), accessor=lambda merge: merge.merged_by or _("instalación")),
        DateColumn("merged_at", label=_("Unidos"), sort_key="merged_at"),
        DateColumn("undone_at", label=_("Deshecha"), sort_key="undone_at"),
    ]

    def get_urlpatterns(self) -> list:
        """With the undo."""
        return [*super().get_urlpatterns(), path("deshacer/<int:pk>/", self.construct_view(UndoView), name="undo")]


pair_viewset = PairViewSet()
merge_viewset = MergeViewSet()
