"""The register in the back-office: a list to read and to filter, and what two people do to it."""

import django_filters
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import FormView
from wagtail.admin import menu, messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.menus import MenuItem
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from certificates.domain import acts, asking, by_hand, correction, coverage
from certificates.filters import STATE_OF, STATES
from certificates.forms import DecisionForm
from certificates.models import Certificate, CertificateAct
from lms import permissions
from lms.domain.errors import RuleBroken
from lms.models import Department, Person, Post
from lms.viewsets.base import IndexView, OfficeViewSet

READ, DESIGN = "read_tracking", "design_certificates"
_REVOKE = ("certificates:revoke", _("Pedir revocación"), "cross")
# What may be asked of a certificate, by its state.
DOORS = {
    Certificate.State.ISSUED: [
        ("certificates:correct", _("Corregir"), "edit"),
        ("certificates:suspend", _("Pedir suspensión"), "time"),
        _REVOKE,
    ],
    Certificate.State.SUSPENDED: [("certificates:lift", _("Levantar la suspensión"), "tick"), _REVOKE],
}


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
        """In force, or out of force for one reason or another."""
        return certificates.filter(state__in=STATE_OF[value])


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
        doors = DOORS.get(instance.state, []) if self.may_ask else []
        for name, label, icon in doors:
            buttons.append(MenuItem(label, url=reverse(name, args=[instance.public_id]), icon_name=icon))
        return buttons

    @cached_property
    def may_ask(self) -> bool:
        """Asked once for a list."""
        return permissions.allows(self.request.user, asking.ACTION)


def state_in_words(certificate: Certificate) -> str:
    """Of today."""
    return str(Certificate.State(certificate.state).label)


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
            primary=lambda certificate: certificate.state == Certificate.State.ISSUED,
        ),
        DateColumn("issued_at", label=_("Emitido"), sort_key="issued_at"),
    ]


certificate_viewset = CertificateViewSet()


class ActFilterSet(WagtailFilterSet):
    """By what is asked, and what was said."""

    kind = django_filters.ChoiceFilter(label=_("Acto"), choices=CertificateAct.Kind.choices)
    decision = django_filters.ChoiceFilter(
        label=_("Decisión"),
        choices=[("-", _("Por certificar")), *CertificateAct.Decision.choices],
        method="by_decision",
    )

    class Meta:
        model = CertificateAct
        fields: list[str] = []

    def by_decision(self, found: QuerySet[CertificateAct], name: str, value: str) -> QuerySet[CertificateAct]:
        """What waits has none."""
        return found.filter(decision="" if value == "-" else value)


class ActIndexView(IndexView):
    """What waits first, the oldest on top; how many wait stands in the title."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[CertificateAct]:
        rows = (
            acts.visible_to(self.request.user, acts.CERTIFY)
            .filter(batch=None)
            .select_related("person", "asked_by", "decided_by", "certificate", "municipality__department")
        )
        waits = Case(When(decided_at=None, then=Value(0)), default=Value(1))
        return rows.annotate(waits=waits).order_by("waits", "asked_at", "pk")

    def search_queryset(self, queryset: QuerySet[CertificateAct]) -> QuerySet[CertificateAct]:
        """By words of the name."""
        if not self.is_searching:
            return queryset
        return queryset.filter(person__in=Person.objects.search_words(self.search_query).values("pk"))

    def get_page_subtitle(self) -> str:
        count = acts.visible_to(self.request.user, acts.CERTIFY).filter(batch=None).waiting().count()
        return ngettext("%(n)d por certificar", "%(n)d por certificar", count) % {"n": count}


class ActDecisionView(WagtailAdminTemplateMixin, FormView):
    """Everything that is asked, who asks it and why; certified or refused by somebody else."""

    template_name = "wagtailadmin/certificates/act.html"
    page_title = _("Decidir un acto")
    header_icon = "doc-full"
    form_class = DecisionForm

    @cached_property
    def act(self) -> CertificateAct:
        """The one of the address, within reach."""
        rows = (
            acts.visible_to(self.request.user, acts.CERTIFY)
            .filter(batch=None)
            .select_related("person__merged_into", "asked_by", "decided_by", "certificate", "event__certificate")
        )
        return get_object_or_404(rows, public_id=self.kwargs["public_id"])

    def get_breadcrumbs_items(self) -> list[dict]:
        every = {"url": reverse("certificates_acts:index"), "label": _("Actos por certificar")}
        return [*super().get_breadcrumbs_items(), every, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs) -> dict:
        act = self.act
        is_correction = act.kind == CertificateAct.Kind.CORRECTION
        name = act.facts.get("after", {}).get("person_name", act.certificate.person_name if act.certificate else "")
        mine = {
            "act": act,
            "changes": list(correction.changes(act)) if is_correction else [],
            "issues": list(by_hand.changes(act)) if act.kind == CertificateAct.Kind.ISSUE else [],
            "differs": is_correction and correction.differs_from_record(name, act.person),
            "obstacle": acts.obstacle(act, self.request.user),
        }
        return super().get_context_data(**mine, **kwargs)

    def form_valid(self, form: DecisionForm) -> HttpResponse:
        try:
            if form.cleaned_data["decision"] == CertificateAct.Decision.CERTIFIED:
                acts.certify(act=self.act, by=self.request.user)
                messages.success(self.request, _("Quedó certificado y está en el registro."))
            else:
                acts.refuse(act=self.act, reason=form.cleaned_data["answer"], by=self.request.user)
                messages.success(self.request, _("Quedó rechazado. Quien lo pidió lee el motivo."))
        except RuleBroken as broken:
            form.add_broken(broken)
            return self.form_invalid(form)
        return redirect("certificates_acts:index")

    def form_invalid(self, form: DecisionForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class ActViewSet(OfficeViewSet):
    """Actos por certificar."""

    action = acts.CERTIFY
    model = CertificateAct
    name = "certificates_acts"
    url_prefix = "actos"
    icon = "tasks"
    menu_label = _("Actos por certificar")
    menu_order = 351
    add_to_admin_menu = True
    index_view_class = ActIndexView
    filterset_class = ActFilterSet
    search_fields = ("person__search_text",)
    list_display = [
        TitleColumn(
            "person",
            label=_("Persona"),
            get_url=lambda act: reverse("certificates_acts:decide", args=[act.public_id]),
        ),
        Column("kind", label=_("Acto"), accessor="get_kind_display"),
        Column("certificate", label=_("Certificado"), accessor=lambda act: act.certificate or ""),
        Column("municipality", label=_("Municipio"), accessor=lambda act: act.municipality or ""),
        Column("asked_by", label=_("Pedido por")),
        DateColumn("asked_at", label=_("Pedido"), sort_key="asked_at"),
        StatusTagColumn(
            "decision",
            label=_("Estado"),
            accessor=lambda act: _("Por certificar") if act.is_open else act.get_decision_display(),
            primary=lambda act: act.is_open,
        ),
    ]

    def get_urlpatterns(self) -> list:
        """With the decision."""
        decide = path("<uuid:public_id>/", self.construct_view(ActDecisionView), name="decide")
        return [*super().get_urlpatterns(), decide]


act_viewset = ActViewSet()
