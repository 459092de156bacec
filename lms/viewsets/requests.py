"""What people asked about their own records, and ANAM's answers."""

from functools import cached_property

import django_filters
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import FormView, View
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from lms.domain import identity, requests
from lms.domain.errors import RuleBroken
from lms.domain.own_trail import FIELDS
from lms.forms.own_data import GRANT, AnswerForm
from lms.models import PersonRequest

from .base import IndexView, OfficeViewSet

ACTION = "answer_requests"


class RequestFilterSet(WagtailFilterSet):
    """By kind, and where it stands."""

    kind = django_filters.ChoiceFilter(label=_("Clase"), choices=PersonRequest.Kind.choices)
    state = django_filters.ChoiceFilter(label=_("Estado"), choices=PersonRequest.State.choices)

    class Meta:
        model = PersonRequest
        fields: list[str] = []


class RequestIndexView(IndexView):
    """The oldest that waits first; how many wait stands in the title."""

    is_searchable = True

    def get_base_queryset(self):
        waiting_first = PersonRequest.objects.waiting_first()
        return waiting_first.filter(pk__in=requests.visible_to(self.request.user).values("pk")).select_related("person")

    def search_queryset(self, queryset):
        """By words of the name."""
        return queryset.of_people_called(self.search_query) if self.is_searching else queryset

    def get_page_subtitle(self) -> str:
        count = requests.visible_to(self.request.user).filter(state=PersonRequest.State.OPEN).count()
        return ngettext("%(n)d en espera", "%(n)d en espera", count) % {"n": count}


def asked_in_words(request: PersonRequest) -> str:
    """Which data are to be put right; never what they are."""
    return ", ".join(str(FIELDS[name]) for name in requests.proposal(request))


class OneRequest:
    """Views about one request that may be answered by whoever looks."""

    @cached_property
    def asked(self) -> PersonRequest:
        """The request of the address."""
        visible = requests.visible_to(self.request.user).select_related("person", "answered_by")  # type: ignore[attr-defined]
        return get_object_or_404(visible, pk=self.kwargs["pk"])  # type: ignore[attr-defined]


class RequestAnswerView(OneRequest, WagtailAdminTemplateMixin, FormView):
    """Grants or refuses. Of a correction, what stands in the form is what the record will say."""

    template_name = "wagtailadmin/lms/request_answer.html"
    page_title = _("Responder una solicitud")
    header_icon = "mail"
    form_class = AnswerForm

    def get_breadcrumbs_items(self) -> list[dict]:
        every = {"url": reverse("lms_requests:index"), "label": _("Solicitudes")}
        return [*super().get_breadcrumbs_items(), every, {"url": "", "label": self.page_title}]

    def get_form_kwargs(self) -> dict:
        return {**super().get_form_kwargs(), "request": self.asked}

    def get_context_data(self, **kwargs) -> dict:
        open_from = requests.open_from(self.asked)
        mine = {
            "asked": self.asked,
            "fields": asked_in_words(self.asked),
            "is_own": self.asked.person_id == self.request.user.pk,
            "is_open": self.asked.state == PersonRequest.State.OPEN,
            "open_from": open_from if open_from > timezone.now() else None,
            "asks_cui": "cui" in requests.proposal(self.asked),
        }
        return super().get_context_data(**mine, **kwargs)

    def form_valid(self, form) -> HttpResponse:
        try:
            self._answer(form)
        except RuleBroken as broken:
            form.add_broken(broken)
            return self.form_invalid(form)
        messages.success(self.request, _("La respuesta quedó guardada. La persona la ve en su cuenta."))
        return redirect("lms_requests:index")

    def form_invalid(self, form) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def _answer(self, form) -> None:
        """One verb for each answer."""
        by, answer = self.request.user, form.cleaned_data["answer"]
        if form.cleaned_data["decision"] != GRANT:
            requests.refuse(request=self.asked, by=by, answer=answer)
        elif self.asked.kind == PersonRequest.Kind.ERASURE:
            requests.grant_erasure(request=self.asked, by=by)
        else:
            changes = form.changes(self.asked)
            requests.grant_correction(request=self.asked, by=by, changes=changes, answer=answer)


class RequestRevealView(OneRequest, WagtailAdminTemplateMixin, View):
    """The CUI that a correction asks for, after a tap, to compare it with the paper; the person reads who saw it."""

    page_title = _("El CUI que la persona pide")
    header_icon = "view"

    def get(self, request, **kwargs) -> HttpResponse:
        return redirect("lms_requests:edit", self.asked.pk)

    def post(self, request, **kwargs) -> HttpResponse:
        try:
            cui = requests.see_proposed_cui(request=self.asked, by=request.user)
        except RuleBroken as broken:
            messages.error(request, broken.message)
            return redirect("lms_requests:edit", self.asked.pk)
        holds = bool(cui) and identity.cui_check_digit_holds(cui)
        context = self.get_context_data(asked=self.asked, cui=cui, check_digit_holds=holds)
        return TemplateResponse(request, "wagtailadmin/lms/request_cui.html", context)


class RequestViewSet(OfficeViewSet):
    """Solicitudes: read and answered."""

    action = ACTION
    model = PersonRequest
    name = "lms_requests"
    url_prefix = "solicitudes"
    icon = "mail"
    menu_label = _("Solicitudes")
    opened = ("index", "index_results", "edit")
    index_view_class = RequestIndexView
    edit_view_class = RequestAnswerView
    filterset_class = RequestFilterSet
    search_fields = ("person__search_text",)
    list_display = [
        "person",
        Column("kind", label=_("Clase"), accessor="get_kind_display"),
        Column("asked", label=_("Qué pide"), accessor=asked_in_words),
        StatusTagColumn(
            "state",
            label=_("Estado"),
            accessor="get_state_display",
            primary=lambda request: request.state == PersonRequest.State.OPEN,
        ),
        DateColumn("asked_at", label=_("Pedida"), sort_key="asked_at"),
        DateColumn("answered_at", label=_("Respondida"), sort_key="answered_at"),
    ]

    @property
    def edit_view(self):
        """No model form: the answer is a form of its own."""
        return self.construct_view(self.edit_view_class)

    def get_urlpatterns(self) -> list:
        """With the audited look at the number that is asked for."""
        reveal = path("edit/<str:pk>/cui/", self.construct_view(RequestRevealView), name="reveal")
        return [*super().get_urlpatterns(), reveal]


request_viewset = RequestViewSet()
