"""Forms of the town hall's staff."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lms.domain import people
from lms.domain.appointments import REASON_LENGTH
from lms.domain.staff import RevealReason
from lms.models import Appointment, Municipality, Person, Post

from . import AppointmentForm, IdentityForm, RuleForm, _date


def open_posts(*, besides: Post | None = None):
    """The posts that are given today, and the one that an appointment already has."""
    return Post.objects.filter(Q(is_open=True) | Q(pk=besides.pk if besides else None))


def _act() -> forms.CharField:
    help_text = _("Por ejemplo: Acuerdo de Alcaldía 12-2026.")
    return forms.CharField(label=_("Acta o acuerdo (opcional)"), required=False, max_length=120, help_text=help_text)


class StaffAppointmentForm(AppointmentForm):
    """A post that the town hall gives: from–to, by which act."""

    ends_on = _date(_("Último día (opcional)"), required=False, help_text=_("Vacío mientras dure."))
    act = _act()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["post"].queryset = open_posts()
        self.fields["renglon"].label = _("Renglón presupuestario")
        self.fields["starts_on"].help_text = _("Primer día en el puesto.")


class CorrectionForm(StaffAppointmentForm):
    """Writing anew what was entered wrongly."""

    def __init__(self, *args: Any, appointment: Appointment, **kwargs: Any) -> None:
        names = ("post", "renglon", "starts_on", "ends_on", "act")
        kwargs.setdefault("initial", {name: getattr(appointment, name) for name in names})
        super().__init__(*args, **kwargs)
        self.fields["post"].queryset = open_posts(besides=appointment.post)


class NewPersonForm(IdentityForm):
    """A person who has no record yet, and their post."""

    post = forms.ModelChoiceField(label=_("Puesto u oficina"), queryset=Post.objects.none(), empty_label=_("Elija uno"))
    renglon = forms.ChoiceField(
        label=_("Renglón presupuestario"), choices=Appointment.Renglon.choices, required=False, initial=""
    )
    starts_on = _date(_("Desde"), help_text=_("Primer día en el puesto."))
    act = _act()
    is_another = forms.BooleanField(label=_("No es ninguna de estas personas: es alguien nuevo"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["post"].queryset = open_posts()
        for name in ("given_names", "surnames", "phone", "email", "born_on"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.fields["given_names"].help_text = _("Como están en el DPI.")
        self.fields["cui"].label = _("CUI (número del DPI)")
        self.fields["cui"].help_text = _("13 números. Si la persona no tiene DPI, déjelo vacío.")
        if "cui_confirmed" in self.fields:
            self.fields["cui_confirmed"].label = _("El número es correcto: así está en el DPI")
        else:
            self._doubt.label = _("El número es correcto: así está en el DPI")


class StaffDetailsForm(IdentityForm):
    """Correcting somebody's details; the CUI only while there is none, and without what is kept from `by`."""

    def __init__(self, *args: Any, person: Person, by: Person, **kwargs: Any) -> None:
        names = ("given_names", "surnames", "phone", "email", "born_on", "language")
        kwargs.setdefault("initial", {name: getattr(person, name) for name in names})
        super().__init__(*args, **kwargs)
        for name in ("given_names", "surnames", "phone", "email", "born_on"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.fields["given_names"].help_text = _("Como están en el DPI.")
        self.fields["cui"].label = _("CUI (número del DPI)")
        self.fields["cui"].help_text = _("13 números. Si la persona no tiene DPI, déjelo vacío.")
        kept = people.kept_from(by, person)
        self.is_contact_kept = "phone" in kept
        for name in kept | ({"cui"} if person.cui_digest else set()):
            del self.fields[name]


class StaffEndForm(RuleForm):
    """The last day, why, and by which act."""

    ends_on = _date(_("Último día"))
    end_reason = forms.ChoiceField(
        label=_("Motivo"), choices=[("", _("Elija uno")), *Appointment.EndReason.choices], initial=""
    )
    end_act = _act()


class ReasonForm(RuleForm):
    """Why an appointment is refused or annulled; the person reads it."""

    reason = forms.CharField(
        label=_("Motivo"),
        max_length=REASON_LENGTH,
        help_text=_("La persona lo va a leer en su cuenta."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class MoveForm(RuleForm):
    """Ending here and proposing there."""

    last_day = _date(_("Último día aquí"))
    municipality = forms.ModelChoiceField(
        label=_("Municipalidad a la que pasa"),
        queryset=Municipality.objects.select_related("department").order_by("department__name", "name_common"),
        to_field_name="code",
        empty_label=_("Elija una"),
    )
    post = forms.ModelChoiceField(label=_("Puesto allá"), queryset=Post.objects.none(), empty_label=_("Elija uno"))
    renglon = forms.ChoiceField(
        label=_("Renglón presupuestario"), choices=Appointment.Renglon.choices, required=False, initial=""
    )
    starts_on = _date(_("Primer día allá"))
    act = _act()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["post"].queryset = open_posts()


class RevealForm(RuleForm):
    """What a whole CUI is needed for."""

    reason = forms.ChoiceField(
        label=_("¿Para qué necesita el CUI?"), choices=RevealReason.choices, widget=forms.RadioSelect
    )
