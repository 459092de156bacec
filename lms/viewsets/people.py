"""People, and the roles they were granted."""

import django_filters
from django import forms
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic import chooser
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.widgets.button import Button, ListingButton

from lms.backends import find_person
from lms.domain import identity, people, roles
from lms.forms import FindForm, GrantForm, PersonForm
from lms.models import Appointment, Department, Municipality, Person, Post, Role, RoleGrant

from .base import AskFirstView, FormByVerb, Guarded, IndexView, OfficeViewSet


class PersonFilterSet(WagtailFilterSet):
    """By where people work today, as what, and by role."""

    department = django_filters.ModelChoiceFilter(
        label=_("Departamento"), queryset=Department.objects.order_by("name"), method="by_appointment"
    )
    municipality = django_filters.ModelChoiceFilter(
        label=_("Municipalidad"), queryset=Municipality.objects.select_related("department"), method="by_appointment"
    )
    post = django_filters.ModelChoiceFilter(label=_("Puesto"), queryset=Post.objects.all(), method="by_appointment")
    role = django_filters.ChoiceFilter(label=_("Rol"), choices=Role.choices, method="by_role")
    is_active = django_filters.BooleanFilter(label=_("Cuenta abierta"))

    class Meta:
        model = Person
        fields: list[str] = []

    def by_appointment(self, found: QuerySet, name: str, value) -> QuerySet:
        """Those who hold such an appointment today."""
        lookup = "municipality__department" if name == "department" else name
        return found.filter(pk__in=Appointment.objects.current().filter(**{lookup: value}).values("person_id"))

    def by_role(self, found: QuerySet, name: str, value: str) -> QuerySet:
        """Those who hold the role today."""
        return found.filter(pk__in=RoleGrant.objects.in_force().filter(role=value).values("person_id"))


def current_post(person: Person) -> str:
    """Today's post, from the rows that the list fetched at once."""
    return person.current_appointments[-1].post.name if person.current_appointments else ""


def current_place(person: Person) -> str:
    """Today's municipality."""
    return str(person.current_appointments[-1].municipality) if person.current_appointments else ""


class PersonIndexView(IndexView):
    """The people whom the one who looks may manage."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[Person]:
        current = Appointment.objects.current().select_related("post", "municipality__department")
        return people.visible_to(self.request.user).prefetch_related(
            Prefetch("appointments", queryset=current, to_attr="current_appointments")
        )

    def search_queryset(self, queryset):
        """By words of the name alone: what is searched for stands in the address, where no number belongs."""
        return queryset.search_words(self.search_query) if self.is_searching else queryset

    @cached_property
    def header_more_buttons(self) -> list:
        find = Button(_("Buscar por CUI, correo o teléfono"), url=reverse("lms_people:find"), icon_name="search")
        return [*super().header_more_buttons, find]


class PersonFindView(WagtailAdminTemplateMixin, FormView):
    """Finds one person by a whole CUI, e-mail or phone, which travel in the body and not in the address."""

    template_name = "wagtailadmin/lms/find_person.html"
    page_title = _("Buscar a una persona")
    header_icon = "search"
    form_class = FindForm

    def get_breadcrumbs_items(self) -> list[dict]:
        people_list = {"url": reverse("lms_people:index"), "label": _("Personas")}
        return [*super().get_breadcrumbs_items(), people_list, {"url": "", "label": self.page_title}]

    def form_valid(self, form) -> HttpResponse:
        person = find_person(form.cleaned_data["identifier"])
        if person and people.visible_to(self.request.user).filter(pk=person.pk).exists():
            return redirect("lms_people:edit", person.pk)
        form.add_error("identifier", _("Nadie tiene ese CUI, correo o teléfono."))
        return self.form_invalid(form)

    def form_invalid(self, form) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class PersonCreateView(FormByVerb, generic.CreateView):
    """Opens a record."""

    success_message = _("El registro de %(object)s está abierto.")

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        for name in ("is_active", "starts_on"):
            del form.fields[name]
        return form

    def perform(self, data: dict) -> Person:
        data.pop("cui_confirmed", None)
        return people.register(by=self.request.user, **data)


class PersonEditView(FormByVerb, generic.EditView):
    """Corrects a record, appoints, sets a password, closes or reopens it."""

    success_message = _("El registro de %(object)s quedó guardado.")

    def get_queryset(self):
        return people.visible_to(self.request.user)

    def get_initial(self) -> dict:
        names = ("given_names", "surnames", "phone", "email", "born_on", "language", "is_active")
        return {name: getattr(self.object, name) for name in names}

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        if masked := identity.masked_cui(self.object.cui_encrypted):
            form.fields["cui"].help_text = _("Anotado: %(cui)s. Vacío: se queda como está.") % {"cui": masked}
        return form

    def perform(self, data: dict) -> Person:
        """One verb for each thing that changed."""
        by, person = self.request.user, self.object
        details = {key: data[key] for key in ("given_names", "surnames", "phone", "email", "born_on", "language")}
        if data["cui"]:
            details["cui"] = data["cui"]
        person = people.change_details(person=person, by=by, **details)
        if data["password"]:
            people.change_password(person=person, new=data["password"], by=by, old="")
        if data["post"] and data["municipality"]:
            keys = ("post", "municipality", "renglon", "starts_on")
            people.appoint(person=person, by=by, **{key: data[key] for key in keys})
        if data["is_active"] != person.is_active:
            people.set_active(person=person, is_active=data["is_active"], by=by)
        return person


class PersonViewSet(OfficeViewSet):
    """Personas: found, opened, corrected, closed; never deleted."""

    action = "manage_people"
    model = Person
    name = "lms_people"
    url_prefix = "personas"
    icon = "user"
    opened = ("index", "index_results", "add", "edit")
    index_view_class = PersonIndexView
    add_view_class = PersonCreateView
    edit_view_class = PersonEditView
    filterset_class = PersonFilterSet
    form_class = PersonForm
    search_fields = ("search_text",)
    list_display = [
        "__str__",
        Column("cui", label="CUI", accessor=lambda person: identity.masked_cui(person.cui_encrypted)),
        Column("post", label=_("Puesto"), accessor=current_post),
        Column("place", label=_("Municipalidad"), accessor=current_place),
        StatusTagColumn(
            "state",
            label=_("Cuenta"),
            accessor=lambda person: _("abierta") if person.is_active else _("cerrada"),
            primary=lambda person: person.is_active,
        ),
    ]

    def get_urlpatterns(self) -> list:
        """With the search that shows no number."""
        return [*super().get_urlpatterns(), path("buscar/", self.construct_view(PersonFindView), name="find")]


class PersonSearchForm(BaseFilterForm):
    """The chooser's search."""

    q = forms.CharField(label=_("Buscar por nombre"), required=False)

    def filter(self, objects):
        self.search_query = self.cleaned_data["q"]
        self.is_searching = bool(self.search_query)
        return super().filter(objects).search_words(self.search_query or "")


class ChoosesVisiblePeople:
    """A chooser offers only those whom the one who chooses may manage."""

    filter_form_class = PersonSearchForm

    def get_object_list(self) -> QuerySet[Person]:
        return people.visible_to(self.request.user).active()


class PersonChooseView(ChoosesVisiblePeople, chooser.ChooseView):
    """The chooser."""


class PersonChooseResultsView(ChoosesVisiblePeople, chooser.ChooseResultsView):
    """Its results."""


class PersonChosenView(chooser.ChosenView):
    """The one that was chosen."""

    def get_object(self, pk):
        person = people.visible_to(self.request.user).filter(pk=pk).first()
        if person is None:
            raise Http404
        return person


class PersonChooserViewSet(Guarded, ChooserViewSet):
    """Choosing a person for a role or a network."""

    action = "manage_people"
    model = Person
    icon = "user"
    choose_one_text = _("Elegir una persona")
    choose_another_text = _("Elegir otra persona")
    edit_item_text = _("Ver esta persona")
    register_widget = False
    choose_view_class = PersonChooseView
    choose_results_view_class = PersonChooseResultsView
    chosen_view_class = PersonChosenView

    def get_urlpatterns(self) -> list:
        """One at a time, and none is made here."""
        return [pattern for pattern in super().get_urlpatterns() if pattern.name not in {"create", "chosen_multiple"}]


person_viewset = PersonViewSet()
person_chooser_viewset = PersonChooserViewSet("lms_person_chooser", url_prefix="personas/elegir")


class GrantFilterSet(WagtailFilterSet):
    """By role, and whether it still holds."""

    role = django_filters.ChoiceFilter(label=_("Rol"), choices=Role.choices)
    in_force = django_filters.BooleanFilter(label=_("Vigente"), method="by_force")

    class Meta:
        model = RoleGrant
        fields: list[str] = []

    def by_force(self, found: QuerySet, name: str, value: bool) -> QuerySet:
        """Those that hold now, or those that ended."""
        now = RoleGrant.objects.in_force().values("pk")
        return found.filter(pk__in=now) if value else found.exclude(pk__in=now)


class GrantIndexView(IndexView):
    """Who was granted what."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[RoleGrant]:
        visible = people.visible_to(self.request.user).values("pk")
        rows = RoleGrant.objects.filter(person__in=visible)
        return rows.select_related("person", "granted_by", "department", "municipality__department")

    def search_queryset(self, queryset):
        if not self.is_searching:
            return queryset
        return queryset.filter(person__in=Person.objects.search_words(self.search_query).values("pk"))

    def get_list_more_buttons(self, instance: RoleGrant) -> list:
        if instance.ends_at and instance.ends_at <= timezone.now():
            return []
        return [ListingButton(_("Retirar el rol"), url=self.get_delete_url(instance), icon_name="cross")]


class GrantCreateView(FormByVerb, generic.CreateView):
    """Grants a role."""

    success_message = _("Rol otorgado: %(object)s")

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

    page_title = _("Retirar un rol")
    question = _("La persona pierde este rol desde su siguiente clic. Lo que hizo con él queda en la bitácora.")
    answer = _("Sí, retirar el rol")
    success_message = _("Rol retirado: %(object)s")

    def get_queryset(self):
        return RoleGrant.objects.in_force().filter(person__in=people.visible_to(self.request.user).values("pk"))

    def perform(self) -> None:
        roles.withdraw(grant=self.object, by=self.request.user)


def scope_in_words(grant: RoleGrant) -> str:
    """The department, the municipality, or the whole country."""
    return str(grant.municipality or grant.department or grant.get_scope_display())


class GrantViewSet(OfficeViewSet):
    """Roles otorgados: granted and withdrawn, never edited."""

    action = "grant_role"
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
        Column("scope", label=_("Alcance"), accessor=scope_in_words),
        Column("granted_by", label=_("Otorgado por"), accessor=lambda grant: grant.granted_by or _("instalación")),
        DateColumn("granted_at", label=_("Desde"), sort_key="granted_at"),
        DateColumn("ends_at", label=_("Hasta"), sort_key="ends_at"),
    ]


grant_viewset = GrantViewSet()
