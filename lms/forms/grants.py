"""The forms of roles: granting one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lms import permissions
from lms.domain import roles
from lms.models import Department, Municipality, Person, Role, RoleGrant

from . import RuleForm, _date

SCOPES = RoleGrant.Scope
# How each scope is asked for in the list of roles, and which field names its place.
PLACES = {SCOPES.DEPARTMENT: "department", SCOPES.MUNICIPALITY: "municipality", SCOPES.COURSE: "course"}


def roles_on_offer() -> list[tuple[str, str]]:
    """Each role with each scope that the table of policy accepts for it: `trainer.course`, and how it is said."""
    return [
        (
            f"{role}.{scope}",
            _("%(role)s · %(scope)s") % {"role": Role(role).label, "scope": SCOPES(scope).label.lower()},
        )
        for role in permissions.policy()["roles"]
        for scope in permissions.scopes_of(role)
    ]


class GrantForm(RuleForm):
    """Who, as what, over what, from when, until when. `office.css` shows the field of the chosen scope alone."""

    person = forms.ModelChoiceField(label=_("¿A quién?"), queryset=Person.objects.active())
    role = forms.ChoiceField(label=_("¿Qué rol, y hasta dónde llega?"), choices=list)
    department = forms.ModelChoiceField(
        label=_("¿En qué departamento?"),
        queryset=Department.objects.order_by("name"),
        required=False,
        help_text=_("Solo para un rol de departamento."),
    )
    municipality = forms.ModelChoiceField(
        label=_("¿En qué municipalidad?"),
        queryset=Municipality.objects.select_related("department"),
        required=False,
        help_text=_("Solo para un rol de municipalidad."),
    )
    course = forms.ModelChoiceField(
        label=_("¿De qué curso?"),
        queryset=Person.objects.none(),
        required=False,
        help_text=_("Solo para un rol de curso."),
    )
    starts_on = _date(_("Desde (opcional)"), required=False, help_text=_("Vacío: desde ahora. Nunca una fecha pasada."))
    ends_on = _date(
        _("Último día (opcional)"), required=False, help_text=_("Ese día todavía vale. Vacío: hasta que se retire.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role, course = self.fields["role"], self.fields["course"]
        role.choices = [("", "—"), *roles_on_offer()]  # type: ignore[attr-defined]
        course.queryset = roles.course_pages()  # type: ignore[attr-defined]

    def clean(self) -> dict:
        """The role and the scope apart; the place that the scope asks for, and no other."""
        data = super().clean()
        role, _dot, scope = data.pop("role", "").partition(".")
        for other, name in PLACES.items():
            if scope and other == scope and not data.get(name) and name not in self.errors:
                self.add_error(name, forms.ValidationError(_("Elija hasta dónde llega el rol."), "role.scope_unnamed"))
            elif scope and other != scope and data.get(name):
                message = _("Este rol no lo abarca. Déjelo vacío o elija otro rol.")
                self.add_error(name, forms.ValidationError(message, "role.scope_unnamed"))
        return {**data, "role": role, "scope": scope}


class OnDayForm(forms.Form):
    """Which day, and whose roles. Every field may be left empty: today, everybody's."""

    day = _date(_("Día"), required=False)
    hour = forms.TimeField(
        label=_("Hora (opcional)"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text=_("Vacía: en cualquier momento de ese día."),
    )
    role = forms.ChoiceField(label=_("Rol"), required=False, choices=[("", "—"), *Role.choices])
    department = forms.ModelChoiceField(
        label=_("Que alcance al departamento"), queryset=Department.objects.order_by("name"), required=False
    )
    municipality = forms.ModelChoiceField(
        label=_("Que alcance a la municipalidad"),
        queryset=Municipality.objects.select_related("department"),
        required=False,
    )
    name = forms.CharField(label=_("Nombre"), required=False, max_length=160)
