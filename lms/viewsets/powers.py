"""Who could do what on any day, in the back-office."""

from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from lms.domain import audit, people, powers
from lms.forms.grants import OnDayForm
from lms.models import RoleGrant
from lms.views.sheets import send

READ = "read_grants"
PAGE = 50
FORMS = ("xlsx", "csv")


def asked(request: HttpRequest) -> tuple[OnDayForm, powers.Span | None, QuerySet[RoleGrant]]:
    """The form, the stretch of time and the grants that an address asks for; today's where it says nothing."""
    form = OnDayForm({"day": timezone.localdate().isoformat(), **request.GET.dict()})
    if not form.is_valid():
        return form, None, RoleGrant.objects.none()
    given = form.cleaned_data
    span = powers.Span.of(given.pop("day") or timezone.localdate(), given.pop("hour"))
    visible = people.visible_to(request.user, READ).values("pk")
    return form, span, powers.held_in(span, **given).filter(person__in=visible)


class _Page(WagtailAdminTemplateMixin, TemplateView):
    header_icon = "key"

    def get_breadcrumbs_items(self) -> list[dict]:
        """Roles › this page."""
        roles_list = {"url": reverse("lms_grants:index"), "label": _("Roles otorgados")}
        return [*super().get_breadcrumbs_items(), roles_list, {"url": "", "label": self.page_title}]


class OnDayView(_Page):
    """The roles in force on a day, with what each carried."""

    template_name = "wagtailadmin/lms/powers_on_day.html"
    page_title = _("Quién podía hacer qué")

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        """A day that is none comes back with what was typed."""
        form, span, found = asked(request)
        page = Paginator(found, PAGE).get_page(request.GET.get("page"))
        given = request.GET.copy()
        given.pop("page", None)
        context = self.get_context_data(
            form=form,
            span=span,
            page_obj=page,
            powers=powers.as_powers(page, span) if span else [],
            query=given.urlencode(),
        )
        return self.render_to_response(context, status=200 if span else 422)


class OnDayExportView(View):
    """The same as a file."""

    def get(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """What is filtered; the trail keeps who took it."""
        if form not in FORMS:
            raise Http404
        asked_for, span, found = asked(request)
        if span is None:
            return HttpResponse(str(asked_for.errors), status=422)
        facts = {name: request.GET.get(name, "") for name in ("day", "hour", "role", "department", "municipality")}
        told = {"form": form, "filters": {name: value for name, value in facts.items() if value}}
        with transaction.atomic():
            audit.record("grants.exported", by=request.user, facts={**told, "rows": found.count()})
        return send(form, "roles", str(_("Roles")), powers.headings(), powers.rows(found, span))


class TimelineView(_Page):
    """All that one person was ever granted, and when their account was closed."""

    template_name = "wagtailadmin/lms/powers_timeline.html"
    page_title = _("Lo que pudo hacer, en el tiempo")

    def get_context_data(self, **kwargs) -> dict:
        """The oldest first."""
        person = get_object_or_404(people.visible_to(self.request.user, READ), pk=self.kwargs["pk"])
        grants = person.role_grants.select_related(
            "granted_by", "withdrawn_by", "department", "municipality__department"
        )
        told = [(grant, powers.actions_in_words(grant.role)) for grant in grants.order_by("starts_at", "pk")]
        closings = [
            (event.at, _("Se abrió de nuevo la cuenta") if event.action in powers.OPENS else _("Se cerró la cuenta"))
            for event in powers.closings(person)
        ]
        return super().get_context_data(person=person, told=told, closings=closings, now=timezone.now(), **kwargs)
