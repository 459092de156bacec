"""Two records side by side, and the merge."""

from functools import cached_property

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from lms.domain import belongings, duplicates, identity, likeness, people, suggesting
from lms.domain.duplicates import ACTION, COLUMNS
from lms.domain.errors import RuleBroken
from lms.forms.duplicates import FIRST, LABELS, SECOND, MergeForm
from lms.models import DuplicatePair, Person, RoleGrant

REASONS = {
    "cui_near": _("El CUI difiere en un número, o en dos cambiados de lugar"),
    "name_same": _("El nombre suena igual"),
    "name_near": _("El nombre se parece"),
    "name_rare": _("Casi nadie más se llama así"),
    "born_same": _("Nacieron el mismo día"),
    "born_near": _("La fecha de nacimiento se parece"),
    "place_same": _("Trabajan o trabajaron en la misma municipalidad"),
    "phone_near": _("El teléfono se parece"),
    "email_near": _("El correo es casi el mismo"),
    "born_differs": _("En contra: nacieron en fechas distintas"),
    "cui_differs": _("En contra: sus CUI son distintos"),
}


def reasons_in_words(pair: DuplicatePair) -> str:
    """What speaks for it and against it, heaviest first."""
    return " · ".join(str(REASONS[code]) for code in pair.reasons if code in REASONS)


class Page(WagtailAdminTemplateMixin):
    """A page below the list of duplicates."""

    header_icon = "group"

    def get_breadcrumbs_items(self) -> list[dict]:
        every = {"url": reverse("lms_duplicates:index"), "label": _("Posibles duplicados")}
        return [*super().get_breadcrumbs_items(), every, {"url": "", "label": self.page_title}]

    def one(self, pk: int) -> Person:
        """A person within reach, or 404."""
        return get_object_or_404(people.visible_to(self.request.user, ACTION), pk=pk)  # type: ignore[attr-defined]


class RuleFormView(Page, FormView):
    """A form whose broken rule comes back with status 422 and what was typed."""

    def form_invalid(self, form) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class CompareView(RuleFormView):
    """Two records side by side, what one record of both will look like, and the merge itself."""

    template_name = "wagtailadmin/lms/duplicates_compare.html"
    page_title = _("Comparar registros")
    form_class = MergeForm

    @cached_property
    def two(self) -> dict[str, Person]:
        """Both people of the address."""
        return {FIRST: self.one(self.kwargs["first"]), SECOND: self.one(self.kwargs["second"])}

    @cached_property
    def pair(self) -> DuplicatePair | None:
        """What was suggested or decided of them."""
        first, second = sorted(person.pk for person in self.two.values())
        return DuplicatePair.objects.filter(first=first, second=second).select_related("decided_by").first()

    def get_initial(self) -> dict:
        """The fuller record stays, and of each field what there is."""
        first, second = self.two[FIRST], self.two[SECOND]
        kept = FIRST if _weight(first) >= _weight(second) else SECOND
        other = SECOND if kept == FIRST else FIRST
        chosen = duplicates.choose(self.two[kept], self.two[other], {})
        return {"survivor": kept} | {
            name: kept if side == duplicates.SURVIVOR else other for name, side in chosen.items()
        }

    def get_context_data(self, **kwargs) -> dict:
        context = super().get_context_data(**kwargs)
        form: MergeForm = context["form"]
        traits = suggesting.read(Person.objects.filter(pk__in=[person.pk for person in self.two.values()]))
        score, codes = likeness.compare(*traits) if len(traits) == 2 else (0, [])
        context |= {
            "rows": [self._row(form, name) for name in COLUMNS],
            "sides": [_side(name, person, form) for name, person in self.two.items()],
            "stays": self.two[form.chosen["survivor"]],
            "score": score,
            "reasons": [REASONS[code] for code in codes],
            "obstacle": self._obstacle(),
            "pair": self.pair,
            "days": duplicates.UNDO_DAYS,
        }
        return context

    def _row(self, form: MergeForm, name: str) -> dict:
        chosen = form.chosen[name]
        cells = [
            {"side": side, "value": shown(person, name), "is_chosen": side == chosen}
            for side, person in self.two.items()
        ]
        differs = len({getattr(person, COLUMNS[name][0]) for person in self.two.values()}) > 1
        return {
            "name": name,
            "label": LABELS[name],
            "cells": cells,
            "differs": differs,
            "result": shown(self.two[chosen], name),
        }

    def _obstacle(self) -> str:
        try:
            duplicates.assert_may_merge(self.two[FIRST], self.two[SECOND], self.request.user)
        except RuleBroken as broken:
            return broken.message
        return ""

    def post(self, request, *args, **kwargs) -> HttpResponse:
        if "preview" in request.POST:
            form = self.get_form()
            form.full_clean()
            form.errors.clear()
            return self.render_to_response(self.get_context_data(form=form))
        return super().post(request, *args, **kwargs)

    def form_valid(self, form) -> HttpResponse:
        stays = form.chosen["survivor"]
        survivor, absorbed = self.two[stays], self.two[SECOND if stays == FIRST else FIRST]
        try:
            duplicates.merge(
                survivor=survivor,
                absorbed=absorbed,
                keep=form.keep(),
                reason=form.cleaned_data["reason"],
                by=self.request.user,
            )
        except RuleBroken as broken:
            form.add_broken(broken)
            return self.form_invalid(form)
        words = _("Los dos registros son uno. Puede deshacerlo durante %(days)d días.")
        messages.success(self.request, words % {"days": duplicates.UNDO_DAYS})
        return redirect("lms_merges:index")


def shown(person: Person, name: str) -> str:
    """A field as the page shows it; of a CUI only its end."""
    if name == "cui":
        return identity.masked_cui(person.cui_encrypted)
    value = getattr(person, name)
    return f"{value:%d/%m/%Y}" if name == "born_on" and value else str(value or "")


def _weight(person: Person) -> tuple:
    """Which of two records one would rather keep: open, able to sign in, with a CUI, the older."""
    return person.is_active, person.has_usable_password(), bool(person.cui_digest), -person.pk


def _side(name: str, person: Person, form: MergeForm) -> dict:
    """What hangs on one of the two."""
    held = person.appointments.select_related("post", "municipality__department")
    roles = RoleGrant.objects.not_over().filter(person=person).select_related("department", "municipality")
    return {
        "name": name,
        "person": person,
        "label": _("Primer registro") if name == FIRST else _("Segundo registro"),
        "stays": form.chosen["survivor"] == name,
        "appointments": held,
        "roles": roles,
        "counts": [words for entry in belongings.all_of_them() for words in entry.count(person)],
    }
