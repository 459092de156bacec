"""Forms of this app."""

from django import forms
from django.utils.translation import gettext_lazy as _

from certificates.domain import career, transcripts
from certificates.models import CareerShare
from lms.forms import RuleForm
from lms.forms.days import DayField


class RevocationForm(forms.Form):
    """Why a certificate is taken out of force."""

    reason = forms.CharField(
        label=_("Motivo"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Queda en el registro, con su nombre y la fecha. No se publica."),
    )
    is_sure = forms.BooleanField(label=_("Entiendo que no se puede deshacer"))


def _day(label: str) -> DayField:
    return DayField(label=label, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class DeclarationForm(RuleForm):
    """Something that was studied elsewhere."""

    title = forms.CharField(label=_("¿Qué estudió?"), max_length=200, help_text=_("Como dice su diploma o constancia."))
    institution = forms.CharField(label=_("¿Dónde?"), max_length=200, help_text=_("Por ejemplo: INAP, INFOM, INTECAP."))
    hours = forms.DecimalField(
        label=_("Horas"),
        max_digits=5,
        decimal_places=1,
        min_value=0,
        widget=forms.NumberInput({"inputmode": "decimal"}),
    )
    started_on = _day(_("Empezó el"))
    ended_on = _day(_("Terminó el"))
    modality = forms.ChoiceField(
        label=_("¿De qué forma?"),
        choices=[(key, words) for key, words in transcripts.MODALITIES.items()],
        widget=forms.RadioSelect,
    )
    evidence = forms.FileField(
        label=_("Foto o PDF del papel"),
        required=False,
        help_text=_("PDF, JPG o PNG de 5 MB o menos. Con él, Recursos Humanos sabe qué original pedirle."),
        widget=forms.ClearableFileInput({"accept": "application/pdf,image/jpeg,image/png"}),
    )

    def said(self) -> career.Said:
        """What is declared."""
        given = self.cleaned_data
        return career.Said(
            title=" ".join(given["title"].split()),
            institution=" ".join(given["institution"].split()),
            hours=given["hours"],
            started_on=given["started_on"],
            ended_on=given["ended_on"],
            modality=given["modality"],
        )


class ReasonForm(RuleForm):
    """Why something is not accepted, or counts no longer."""

    reason = forms.CharField(
        label=_("Motivo"), max_length=300, widget=forms.Textarea({"rows": 3}), help_text=_("La persona lo lee.")
    )


class ShareForm(RuleForm):
    """A link to one's record."""

    parts = forms.ChoiceField(
        label=_("¿Qué quiere mostrar?"), choices=CareerShare.Parts.choices, widget=forms.RadioSelect
    )
    days = forms.TypedChoiceField(
        label=_("¿Por cuánto tiempo?"),
        coerce=int,
        choices=[(1, _("1 día")), (7, _("7 días")), (30, _("30 días")), (90, _("90 días"))],
        initial=7,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("¿Para quién es?"), max_length=80, required=False, help_text=_("Solo usted lo ve. Puede dejarlo vacío.")
    )
