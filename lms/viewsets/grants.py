"""Roles in the back-office: who was granted what, granting, withdrawing."""

import django_filters
from django.db.models import QuerySet
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn
from wagtail.admin.views import generic
from wagtail.admin.widgets.button import Button, ListingButton

from lms.domain import people, roles
from lms.forms.grants import GrantForm
from lms.models import Person, Role, RoleGrant

from .base import AskFirstView, FormByVerb, IndexView, OfficeViewSet
from .people import person_chooser_viewset
from .powers import OnDayExportView, OnDayView, TimelineView

READ, WRITE = "read_grants", "grant_role"


class GrantFilterSet(WagtailFilterSet):
    """By role, and whether it still holds."""

    role = django_filters.ChoiceFilter(label=_("Rol"), choices=Role.choices)
    in_force = django_filters.BooleanFilter(label=_("Vigente"), method="by_force")

    class Meta:
        model = RoleGrant
        fields: list[str] = []

    def by_force(self, found: QuerySet, name: str, value: bool) -> QuerySet:
        """Those that hold now, or those that ended or have yet to begin."""
        now = RoleGrant.objects.in_force().values("pk")
        return found.filter(pk__in=now) if value else found.exclude(pk__in=now)


class GrantIndexView(IndexView):
    """Who was granted what."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[RoleGrant]:
        visible = people.visible_to(self.request.user, READ).values("pk")
        rows = RoleGrant.objects.filter(person__in=visible)
        return rows.select_related("person", "granted_by", "department", "municipality__department")

    def search_queryset(self, queryset):
        if not self.is_searching:
            return queryset
        return queryset.filter(person__in=Person.objects.search_words(self.search_query).values("pk"))

    def get_list_more_buttons(self, instance: RoleGrant) -> list:
        if instance.is_over or not self.may_withdraw:
            return []
        return [ListingButton(_("Retirar el rol"), url=self.get_delete_url(instance), icon_name="cross")]

    @cached_property
    def header_more_buttons(self) -> list:
        """And who held what on another day."""
        on_day = Button(_("Quién podía hacer qué"), url=reverse("lms_grants:on_day"), icon_name="calendar")
        return [*super().header_more_buttons, on_day]

    @property
    def may_withdraw(self) -> bool:
        """Asked once for a list."""
        return self.permission_policy.user_has_permission(self.request.user, "delete")


class GrantCreateView(FormByVerb, generic.CreateView):
    """Grants a role."""

    asks_for = WRITE
    page_title = _("Otorgar un rol")
    submit_button_label = _("Otorgar el rol")
    success_message = _("Rol otorgado: %(object)s")
    error_message = _("El rol no se otorgó. Corrija lo que se indica.")

    def get_page_subtitle(self) -> str:
        return self.page_title

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        form.fields["person"].queryset = people.visible_to(self.request.user).active()
        form.fields["person"].widget = person_chooser_viewset.widget_class()
        return form

    def perform(self, data: dict) -> RoleGrant:
        return roles.grant(by=self.request.user, **data)

    def get_success_buttons(self) -> list:
        return []


class GrantWithdrawView(AskFirstView):
    """Withdraws a role."""

    asks_for = WRITE
    page_title = _("Retirar un rol")
    question = _("La persona pierde este rol desde su siguiente clic. Lo que hizo con él queda en la bitácora.")
    answer = _("Sí, retirar el rol")
    success_message = _("Rol retirado: %(object)s")

    def get_queryset(self):
        visible = people.visible_to(self.request.user, WRITE).values("pk")
        return RoleGrant.objects.not_over().filter(person__in=visible)

    def perform(self) -> None:
        roles.withdraw(grant=self.object, by=self.request.user)


def state_in_words(grant: RoleGrant) -> str:
    """Whether it holds, has yet to begin, or is over."""
    if grant.is_over:
        return _("retirado") if grant.withdrawn_by_id else _("terminado")
    return _("vigente") if grant.starts_at <= timezone.now() else _("por empezar")


class GrantViewSet(OfficeViewSet):
    """Roles otorgados: granted and withdrawn, never edited."""

    action = READ
    model = RoleGrant
    name = "lms_grants"
    url_prefix = "roles"
    icon = "key"
    opened = ("index", "index_results", "add", "delete")
    index_view_class = GrantIndexView
    add_view_class = GrantCreateView
    delete_view_class = GrantWithdrawView
    filterset_class = GrantFilterSet
    search_fields = ("person__search_text",)
    form_class = GrantForm
    list_display = [
        "person",
        Column("role", label=_("Rol"), accessor="get_role_display", sort_key="role"),
        Column("scope", label=_("Alcance"), accessor="scope_in_words"),
        StatusTagColumn(
            "state",
            label=_("Estado"),
            accessor=state_in_words,
            primary=lambda grant: not grant.is_over and grant.starts_at <= timezone.now(),
        ),
        DateColumn("starts_at", label=_("Desde"), sort_key="starts_at"),
        Column("last_day", label=_("Último día"), accessor=lambda grant: grant.last_day or "—", sort_key="ends_at"),
        Column("granted_by", label=_("Otorgado por"), accessor=lambda grant: grant.granted_by or _("instalación")),
    ]

    def get_urlpatterns(self) -> list:
        """With what was in force on another day."""
        return [
            *super().get_urlpatterns(),
            path("en-un-dia/", self.construct_view(OnDayView), name="on_day"),
            path("en-un-dia/<str:form>/", self.construct_view(OnDayExportView), name="on_day_export"),
            path("en-el-tiempo/<int:pk>/", self.construct_view(TimelineView), name="timeline"),
        ]


grant_viewset = GrantViewSet()
