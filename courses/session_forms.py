"""Forms of the back-office around sessions in person."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import InPersonSession
from courses.models.reach import EDIT
from lms import permissions
from lms.models import Municipality, Person, RoleGrant

MOMENT = "%Y-%m-%dT%H:%M"


class MomentField(forms.DateTimeField):
    """A day and an hour of Guatemala."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"], **kwargs)


class SessionForm(forms.ModelForm):
    """When, where, who holds it, for how many."""

    starts_at = MomentField(label=_("Empieza"))
    ends_at = MomentField(label=_("Termina"))

    class Meta:
        model = InPersonSession
        fields = (
            "starts_at", "ends_at", "hours", "municipality", "room", "trainer", "seats", "meeting", "notes",
        )  # fmt: skip
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["municipality"].queryset = Municipality.objects.select_related("department")  # type: ignore[attr-defined]
        held = RoleGrant.objects.in_force().filter(role__in=permissions.policy()["actions"][EDIT])
        offered = Q(pk__in=held.values("person"), is_active=True) | Q(pk=self.instance.trainer_id)
        self.fields["trainer"].queryset = Person.objects.filter(offered).order_by("surnames", "given_names")  # type: ignore[attr-defined]
        self.fields["trainer"].empty_label = _("Todavía no se sabe")  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why something is done that others will ask about."""

    reason = forms.CharField(label=_("¿Por qué?"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


class PersonForm(forms.Form):
    """Somebody who was found."""

    person = forms.UUIDField()


class FindForm(forms.Form):
    """Somebody of the course, or who could be, by whatever is known of them."""

    words = forms.CharField(
        label=_("CUI, teléfono o nombre"),
        max_length=100,
        help_text=_(
            "Entre las personas inscritas en este curso. Si el curso está abierto, también entre el personal "
            "municipal: con el CUI o el teléfono completos, o con nombre y apellido si es de este municipio."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
