"""People in the back-office."""

import django_filters
from django import forms
from django.contrib.admin.utils import unquote
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import FormView
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column, StatusTagColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic import chooser
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.widgets.button import Button

from lms import permissions
from lms.backends import find_person
from lms.domain import access, identity, people
from lms.forms import FindForm, PersonForm
from lms.models import Appointment, Department, Municipality, Person, Post, Role, RoleGrant

from .base import FormByVerb, Guarded, IndexView, OfficeViewSet

READ, WRITE = "read_people", "manage_people"


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
    """The people whom the one who looks may see."""

    is_searchable = True

    def get_base_queryset(self) -> QuerySet[Person]:
        current = Appointment.objects.current().select_related("post", "municipality__department")
        return (
            people.visible_to(self.request.user, READ)
            .filter(erased_at=None)
            .prefetch_related(Prefetch("appointments", queryset=current, to_attr="current_appointments"))
        )

    def search_queryset(self, queryset):
        """By words of the name alone: what is searched for stands in the address, where no number belongs."""
        return queryset.search_words(self.search_query) if self.is_searching else queryset

    @cached_property
    def header_more_buttons(self) -> list:
        if not self.permission_policy.user_has_permission(self.request.user, "change"):
            return super().header_more_buttons
        find = Button(_("Buscar por CUI, correo o teléfono"), url=reverse("lms_people:find"), icon_name="search")
        return [*super().header_more_buttons, find]


class PersonFindView(WagtailAdminTemplateMixin, FormView):
    """Finds one person by a whole CUI, e-mail or phone, which travel in the body and not in the address."""

    asks_for = WRITE
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

    asks_for = WRITE
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

    asks_for = WRITE
    success_message = _("El registro de %(object)s quedó guardado.")

    def get_queryset(self):
        return people.visible_to(self.request.user)

    @cached_property
    def header_more_buttons(self) -> list:
        if not access.may_remove_factors(person=self.object, by=self.request.user):
            return super().header_more_buttons
        page = reverse("lms:remove_factors", args=[self.object.public_id])
        return [*super().header_more_buttons, Button(_("Segundo paso"), url=page, icon_name="key")]

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


class PersonSheetView(generic.InspectView):
    """Who somebody is, to read: posts, roles, networks; every number masked."""

    template_name = "wagtailadmin/lms/person_sheet.html"
    page_title = _("Ficha")

    def get_queryset(self) -> QuerySet[Person]:
        return people.visible_to(self.request.user, READ)

    def get_object(self, queryset=None) -> Person:
        return get_object_or_404(self.get_queryset(), pk=unquote(str(self.kwargs["pk"])))

    def get_context_data(self, **kwargs) -> dict:
        person = self.object
        table = permissions.Abilities(self.request.user)
        return super().get_context_data(**kwargs) | {
            "cui": identity.masked_cui(person.cui_encrypted),
            "email": identity.masked_email(person.email),
            "phone": identity.masked_phone(person.phone),
            "appointments": person.appointments.select_related("post", "municipality__department"),
            "grants": person.role_grants.select_related("granted_by", "department", "municipality__department"),
            "memberships": person.memberships.select_related("network", "municipality__department"),
            "may_read_trail": table.read_audit,
            "may_read_grants": table.read_grants,
        }


class PersonViewSet(OfficeViewSet):
    """Personas: found, opened, corrected, closed; never deleted. Who may only read sees a sheet with masks."""

    action = READ
    model = Person
    name = "lms_people"
    url_prefix = "personas"
    icon = "user"
    opened = ("index", "index_results", "add", "edit", "inspect")
    inspect_view_enabled = True
    inspect_view_class = PersonSheetView
    inspect_template_name = PersonSheetView.template_name
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
            label=pgettext_lazy("account", "Cuenta"),
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
