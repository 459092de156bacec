"""The storage in the back-office: what occupies it, and who may keep more than others."""

from django.http import HttpRequest, HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button, ListingButton

from lms.domain import audit, people
from lms.views.sheets import send
from lms.viewsets.base import AskFirstView, FormByVerb, IndexView
from lms.viewsets.people import person_chooser_viewset
from media.domain import allowances, occupied, quotas
from media.forms import in_megabytes
from media.models import UploadAllowance


class StorageView(WagtailAdminTemplateMixin, TemplateView):
    """Almacenamiento: totals, by course, by collection, by person, and what nobody uses."""

    template_name = "wagtailadmin/media/storage.html"
    page_title = _("Almacenamiento")
    header_icon = "folder-open-inverse"

    def get_breadcrumbs_items(self) -> list[dict]:
        """Its own name is what the header shows."""
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.page_title}]

    @cached_property
    def header_more_buttons(self) -> list:
        """The same as a file, and the exceptions."""
        return [
            Button(_("Espacio por persona"), url=reverse("media_allowances:index"), icon_name="user"),
            Button(_("Descargar CSV"), url=reverse("media_allowances:export"), icon_name="download"),
        ]

    def get_context_data(self, **kwargs) -> dict:
        """The account."""
        found = occupied.account()
        groups = [
            ("cursos", _("Por curso"), found.by_course),
            ("colecciones", _("Por colección"), found.by_collection),
            ("personas", _("Por persona que subió"), found.by_person),
        ]
        return super().get_context_data(account=found, groups=groups, **kwargs)


class StorageExportView(View):
    """One row a video, as a file; the trail knows who took it."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """CSV."""
        rows = list(occupied.rows())
        audit.record("storage.exported", by=request.user, facts={"rows": len(rows), "form": "csv"})
        return send("csv", "almacenamiento", "Almacenamiento", occupied.headings(), rows)


class AllowanceIndexView(IndexView):
    """Who may keep another amount than everybody."""

    page_title = _("Espacio por persona")
    add_item_label = _("Dar espacio a una persona")

    def get_base_queryset(self):
        """With the names."""
        return UploadAllowance.objects.select_related("person", "set_by")

    @cached_property
    def columns(self) -> list[Column]:
        """Who, how much, why."""
        title = self._get_title_column_class(TitleColumn)
        return [
            title("person", label=_("Persona"), accessor="person.full_name", get_url=self.get_edit_url),
            Column("bytes", label=_("Puede guardar"), accessor=lambda one: size_in_words(one.bytes), sort_key="bytes"),
            Column("used", label=_("Usa ahora"), accessor=lambda one: filesizeformat(quotas.used_by(one.person))),
            Column("reason", label=_("Motivo")),
            Column("set_by", label=_("Lo dio"), accessor=lambda one: one.set_by.full_name if one.set_by else "—"),
            DateColumn("set_at", label=_("Desde"), sort_key="set_at"),
        ]

    def get_list_more_buttons(self, instance: UploadAllowance) -> list:
        """Withdrawing it."""
        return [ListingButton(_("Quitar"), url=self.get_delete_url(instance), icon_name="cross")]


def size_in_words(size: int) -> str:
    """Bytes, or that there is no limit."""
    return filesizeformat(size) if size else str(_("sin límite"))


class AllowanceCreateView(FormByVerb, generic.CreateView):
    """Gives somebody another amount."""

    page_title = _("Dar espacio a una persona")
    submit_button_label = _("Guardar")
    success_message = _("El espacio de %(object)s quedó guardado.")
    error_message = _("No se guardó. Corrija lo que se indica.")

    def get_form(self, form_class=None):
        """Anybody whose record stands."""
        form = super().get_form(form_class)
        form.fields["person"].queryset = people.visible_to(self.request.user).active()
        form.fields["person"].widget = person_chooser_viewset.widget_class()
        return form

    def perform(self, given: dict) -> UploadAllowance:
        """Set it."""
        return allowances.set_for(by=self.request.user, **given)

    def get_success_buttons(self) -> list:
        """None: the list is there."""
        return []


class AllowanceEditView(FormByVerb, generic.EditView):
    """Changes the amount, with a reason of its own."""

    success_message = _("El espacio de %(object)s quedó guardado.")
    error_message = _("No se guardó. Corrija lo que se indica.")

    def get_form(self, form_class=None):
        """The person stays."""
        form = super().get_form(form_class)
        del form.fields["person"]
        return form

    def get_initial(self) -> dict:
        """What the row says; the reason is written anew."""
        return {"size": in_megabytes(self.object.bytes)}

    def perform(self, given: dict) -> UploadAllowance:
        """Set it again."""
        return allowances.set_for(person=self.object.person, by=self.request.user, **given)

    def get_success_buttons(self) -> list:
        """None: the list is there."""
        return []


class AllowanceWithdrawView(AskFirstView):
    """Back to what everybody may keep."""

    page_title = _("Quitar el espacio propio")
    question = _("La persona podrá guardar lo mismo que todas. Lo que ya subió se queda.")
    answer = _("Sí, quitarlo")
    success_message = _("%(object)s guarda desde ahora lo mismo que todas las personas.")

    def perform(self) -> None:
        """Withdraw it."""
        allowances.withdraw(allowance=self.object, by=self.request.user)
