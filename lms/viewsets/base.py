"""What all our viewsets share: one table of policy asked at every door, and verbs instead of saving rows.

Wagtail's generic views ask a model-level question at most, and some (history, usage, choosers) none. So every view of
a viewset is wrapped in `needs(action)`, and only the views that are named in `opened` exist.
"""

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from wagtail.admin import messages
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies.base import BasePermissionPolicy

from lms import permissions
from lms.domain.errors import RuleBroken
from lms.models import Person, RoleGrant


class TablePolicy(BasePermissionPolicy):
    """Wagtail's questions about a model, answered by `policy.yaml`. `verbs` are the ones that make sense for it.

    `read` is the action that lets one see it, where that is not the one that lets one change it.
    """

    def __init__(
        self, model, action: str, *, verbs: tuple[str, ...] = ("add", "change", "delete", "view"), read: str = ""
    ) -> None:
        super().__init__(model)
        self.action = action
        self.verbs = verbs
        self.read = read or action

    def user_has_permission(self, user, action: str) -> bool:
        """Asked for every row of a list, so answered once for a request's person."""
        if action not in self.verbs:
            return False
        needed = self.read if action == "view" else self.action
        answers = user.__dict__.setdefault("_office_answers", permissions.Abilities(user))
        return getattr(answers, needed)

    def users_with_any_permission(self, actions) -> QuerySet[Person]:
        """Those who hold a role that the table names."""
        asked = set(actions) & set(self.verbs)
        table = permissions.policy()["actions"]
        roles = {role for one in asked for role in table[self.read if one == "view" else self.action]}
        holders = RoleGrant.objects.in_force().filter(role__in=roles).values("person_id")
        return Person.objects.active().filter(pk__in=holders) | Person.objects.active().filter(is_superuser=True)


class Guarded:
    """A viewset whose every view asks for `action`, or for what the view itself names in `asks_for`."""

    action = ""

    def construct_view(self, view_class, **kwargs):
        """The view behind the guard."""
        action = getattr(view_class, "asks_for", "") or self.action
        return permissions.needs(action)(super().construct_view(view_class, **kwargs))  # type: ignore[misc]


class OfficeViewSet(Guarded, ModelViewSet):
    """A guarded viewset that has only the views named in `opened`."""

    opened: tuple[str, ...] = ("index", "index_results")
    copy_view_enabled = False
    add_to_reference_index = False
    list_per_page = 50
    form_class: type[forms.Form] | None = None
    search_fields: tuple[str, ...] = ()

    def get_common_view_kwargs(self, **kwargs) -> dict:
        """Addresses of views that do not exist are not offered."""
        given = super().get_common_view_kwargs(**kwargs)
        for key in [name for name in given if name.endswith("_url_name")]:
            if key.removesuffix("_url_name") not in self.opened:
                given[key] = None
        return given

    def get_form_class(self, for_update: bool = False):
        """Our form, drawn by Wagtail."""
        return self.form_class or forms.Form

    def get_edit_handler(self) -> None:
        """No panels: the forms belong to verbs, not to models."""

    def get_urlpatterns(self) -> list:
        """The opened views alone."""
        return [pattern for pattern in super().get_urlpatterns() if pattern.name in self.opened]

    def register_admin_url_finder(self) -> None:
        """Only where there is a page to edit one."""
        if "edit" in self.opened:
            super().register_admin_url_finder()


class IndexView(generic.IndexView):
    """A list without the buttons that would repeat what the title does."""

    def get_list_more_buttons(self, instance) -> list:
        """None, unless a viewset says so."""
        return []


class FormByVerb:
    """Create and edit views that hand a plain form's data to a verb, and show the rule it found broken."""

    def get_form_kwargs(self) -> dict:
        """A plain form knows no instance."""
        kwargs = super().get_form_kwargs()  # type: ignore[misc]
        kwargs.pop("instance", None)
        kwargs.pop("for_user", None)
        return kwargs

    def save_instance(self):
        """Call the verb; return what it made."""
        return self.perform(self.form.cleaned_data)  # type: ignore[attr-defined]

    def form_valid(self, form) -> HttpResponse:
        """A broken rule is an error of the form."""
        try:
            return super().form_valid(form)  # type: ignore[misc]
        except RuleBroken as broken:
            form.add_broken(broken)
            self.produced_error_code = "validation_error"
            self.produced_error_message = self.get_error_message()  # type: ignore[attr-defined]
            return self.form_invalid(form)  # type: ignore[attr-defined]

    def form_invalid(self, form) -> HttpResponse:
        """What was typed, with status 422."""
        response = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        return response


class AskFirstView(generic.DeleteView):
    """A page that asks once and then calls a verb. Nothing is deleted."""

    template_name = "wagtailadmin/lms/ask_first.html"
    question = ""
    answer = ""

    @property
    def confirmation_message(self) -> str:
        """What is about to happen."""
        return self.question

    def perform(self) -> None:
        """Call the verb."""
        raise NotImplementedError

    def delete_action(self) -> None:
        """Wagtail's name for `perform`."""
        self.perform()

    def form_valid(self, form) -> HttpResponse:
        """A broken rule is told on the list."""
        try:
            return super().form_valid(form)
        except RuleBroken as broken:
            messages.error(self.request, broken.message)
            return redirect(self.get_success_url())

    def get_usage(self) -> None:
        """Nothing disappears, so nothing has to be warned of."""
