"""Networks and their members."""

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn
from wagtail.admin.views import generic
from wagtail.admin.widgets.button import HeaderButton, ListingButton

from lms.domain import networks
from lms.forms.networks import MembershipForm, NetworkForm
from lms.models import Membership, Network, Person

from .base import AskFirstView, FormByVerb, IndexView, OfficeViewSet
from .people import person_chooser_viewset

READ, WRITE = "read_networks", "manage_networks"
BELONGS = Q(memberships__left_on=None, memberships__confirmed_at__isnull=False)


class NetworkIndexView(IndexView):
    """Networks with how many belong to each."""

    def get_base_queryset(self) -> QuerySet[Network]:
        return Network.objects.annotate(
            members_count=Count("memberships", filter=BELONGS, distinct=True),
            municipalities_count=Count("municipalities", distinct=True),
        )


class NetworkCreateView(FormByVerb, generic.CreateView):
    """Founds a network."""

    asks_for = WRITE
    success_message = _("La red %(object)s está lista.")

    def perform(self, data: dict) -> Network:
        return networks.found(by=self.request.user, **data)


class NetworkEditView(FormByVerb, generic.EditView):
    """Changes a network; its members stand below."""

    asks_for = WRITE
    template_name = "wagtailadmin/lms/network_edit.html"
    success_message = _("La red %(object)s quedó guardada.")

    def get_initial(self) -> dict:
        network = self.object
        return {"name": network.name, "purpose": network.purpose, "municipalities": network.municipalities.all()}

    def get_context_data(self, **kwargs) -> dict:
        current = Membership.objects.current().filter(network=self.object)
        members = current.select_related("person", "municipality__department").order_by("-is_coordinator", "person")
        return super().get_context_data(members=members, **kwargs)

    @cached_property
    def header_buttons(self) -> list:
        url = f"{reverse('lms_memberships:add')}?network={self.object.pk}"
        own_page = reverse("lms:network_members", args=[self.object.public_id])
        return [
            HeaderButton(_("Agregar integrante"), url=url, icon_name="plus"),
            HeaderButton(_("Solicitudes y permisos"), url=own_page, icon_name="group"),
        ]

    def perform(self, data: dict) -> Network:
        return networks.change(network=self.object, by=self.request.user, **data)


class NetworkViewSet(OfficeViewSet):
    """Redes."""

    action = READ
    model = Network
    name = "lms_networks"
    url_prefix = "redes"
    icon = "group"
    opened = ("index", "index_results", "add", "edit")
    index_view_class = NetworkIndexView
    add_view_class = NetworkCreateView
    edit_view_class = NetworkEditView
    edit_template_name = NetworkEditView.template_name
    form_class = NetworkForm
    list_display = [
        "name",
        Column("members_count", label=_("Integrantes")),
        Column("municipalities_count", label=_("Municipios")),
    ]


class MembershipIndexView(IndexView):
    """Who belongs to which network."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[Membership]:
        confirmed = Membership.objects.filter(confirmed_at__isnull=False)
        return confirmed.select_related("person", "network", "municipality__department")

    def search_queryset(self, queryset):
        if not self.is_searching:
            return queryset
        return queryset.filter(person__in=Person.objects.search_words(self.search_query).values("pk"))

    def get_list_more_buttons(self, instance: Membership) -> list:
        if instance.left_on or not self.permission_policy.user_has_permission(self.request.user, "delete"):
            return []
        return [ListingButton(_("Sacar de la red"), url=self.get_delete_url(instance), icon_name="cross")]


class MembershipCreateView(FormByVerb, generic.CreateView):
    """Takes somebody into a network."""

    asks_for = WRITE
    success_message = _("%(object)s ya está en la red.")

    def get_initial(self) -> dict:
        return {"network": self.request.GET.get("network")}

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        form.fields["person"].widget = person_chooser_viewset.widget_class()
        return form

    def perform(self, data: dict) -> Membership:
        return networks.join(by=self.request.user, **data)

    def get_success_buttons(self) -> list:
        return []


class MembershipEndView(AskFirstView):
    """Takes somebody out of a network."""

    asks_for = WRITE
    page_title = _("Sacar de la red")
    question = _("La persona ya no verá los cursos de la red. Lo que aprendió y sus certificados se quedan con ella.")
    answer = _("Sí, sacar de la red")
    success_message = _("%(object)s: ya no es integrante.")

    def get_queryset(self):
        return Membership.objects.current()

    def perform(self) -> None:
        networks.leave(membership=self.object, by=self.request.user)


class MembershipViewSet(OfficeViewSet):
    """Integrantes: taken in and out, never edited."""

    action = READ
    model = Membership
    name = "lms_memberships"
    url_prefix = "integrantes"
    icon = "user"
    opened = ("index", "index_results", "add", "delete")
    index_view_class = MembershipIndexView
    add_view_class = MembershipCreateView
    delete_view_class = MembershipEndView
    form_class = MembershipForm
    search_fields = ("person__search_text",)
    list_filter = ["network", "is_coordinator"]
    list_display = [
        "person",
        Column("network", label=_("Red"), sort_key="network__name"),
        Column("municipality", label=_("Municipio")),
        BooleanColumn("is_coordinator", label=_("Coordina")),
        DateColumn("joined_on", label=_("Desde"), sort_key="joined_on"),
        DateColumn("left_on", label=_("Hasta"), sort_key="left_on"),
    ]


network_viewset = NetworkViewSet()
membership_viewset = MembershipViewSet()
