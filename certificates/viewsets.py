"""The register in the back-office: a list to read and to filter; revoking is a page of its own."""

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin import menu
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.menus import MenuItem
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn

from certificates.domain import coverage
from certificates.filters import STATES
from certificates.models import Certificate, CertificateEvent
from lms import permissions
from lms.models import Department, Post
from lms.viewsets.base import IndexView, OfficeViewSet

READ, REVOKE, DESIGN = "read_tracking", "revoke_certificate", "design_certificates"


class TemplatesMenuItem(menu.MenuItem):
    """A door for those who draw the papers."""

    def is_shown(self, request: HttpRequest) -> bool:
        """ANAM's administrators."""
        return permissions.allows(request.user, DESIGN)


class CertificateFilterSet(WagtailFilterSet):
    """By place, post, day and state; Seguimiento has the rest."""

    department = django_filters.ModelChoiceFilter(
        label=_("Departamento"), field_name="municipality__department", queryset=Department.objects.all()
    )
    post = django_filters.ModelChoiceFilter(label=_("Puesto"), queryset=Post.objects.all())
    state = django_filters.ChoiceFilter(label=_("Estado"), choices=STATES, method="by_state")

    class Meta:
        model = Certificate
        fields: list[str] = []

    def by_state(self, certificates: QuerySet[Certificate], name: str, value: str) -> QuerySet[Certificate]:
        """In force, or no longer."""
        return (
            certificates.filter(coverage.IN_FORCE) if value == STATES[0][0] else certificates.exclude(coverage.IN_FORCE)
        )


class CertificateIndexView(IndexView):
    """The newest first, of the municipalities of whoever looks."""

    default_ordering = "-issued_at"
    is_searchable = True

    def get_base_queryset(self) -> QuerySet[Certificate]:
        return coverage.visible_to(self.request.user, READ).select_related("person")

    def search_queryset(self, queryset: QuerySet[Certificate]) -> QuerySet[Certificate]:
        """By words of the name."""
        return queryset.search_words(self.search_query or "")

    def get_list_more_buttons(self, instance: Certificate) -> list:
        public = reverse("certificates:certificate", args=[instance.code])
        buttons = [MenuItem(_("Ver página pública"), url=public, icon_name="view")]
        if instance.state == CertificateEvent.Kind.ISSUED and self.may_revoke:
            address = reverse("certificates:revoke", args=[instance.public_id])
            buttons.append(MenuItem(_("Revocar"), url=address, icon_name="cross"))
        return buttons

    @property
    def may_revoke(self) -> bool:
        """Asked once for a list."""
        if not hasattr(self, "_may_revoke"):
            self._may_revoke = permissions.allows(self.request.user, REVOKE)
        return self._may_revoke


def state_in_words(certificate: Certificate) -> str:
    """`Emitido` is in force."""
    in_force = certificate.state == CertificateEvent.Kind.ISSUED
    return _("Vigente") if in_force else CertificateEvent.Kind(certificate.state).label


class CertificateViewSet(OfficeViewSet):
    """Certificados."""

    action = READ
    model = Certificate
    name = "certificates_register"
    url_prefix = "certificados"
    icon = "doc-full"
    menu_label = _("Certificados")
    menu_order = 350
    add_to_admin_menu = True
    ordering = "-issued_at"
    index_view_class = CertificateIndexView
    filterset_class = CertificateFilterSet
    list_display = [
        "reference",
        Column("listed_name", label=_("Nombre")),
        Column("course_title", label=_("Curso")),
        Column("municipality_name", label=_("Municipio")),
        StatusTagColumn(
            "state",
            label=_("Estado"),
            accessor=state_in_words,
            primary=lambda certificate: certificate.state == CertificateEvent.Kind.ISSUED,
        ),
        DateColumn("issued_at", label=_("Emitido"), sort_key="issued_at"),
    ]


certificate_viewset = CertificateViewSet()
