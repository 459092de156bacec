"""Forms of this app."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from certificates.domain import career, transcripts
from certificates.domain.asking import REASON_LENGTH
from certificates.models import CareerShare, Certificate, CertificateAct
from lms.forms import RuleForm
from lms.forms.days import DayField
from lms.models import Municipality, Post


def _day(label: str) -> DayField:
    return DayField(label=label, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class AskForm(RuleForm):
    """Why something is asked of the register."""

    reason_kind = forms.ChoiceField(
        label=_("Motivo"),
        choices=[("", _("Elija uno")), *CertificateAct.Reason.choices],
        help_text=_("Es lo único que la página pública dice de por qué."),
    )
    reason = forms.CharField(
        label=_("Explicación"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Qué pasó y cómo lo comprobó. La lee quien lo certifica; no se publica."),
    )


class RevocationForm(AskForm):
    """Why a certificate should be taken out of force."""

    is_sure = forms.BooleanField(label=_("Entiendo que, una vez certificado, no se puede deshacer"))


class CorrectionForm(AskForm):
    """What a certificate should say; begins with what it says."""

    person_name = forms.CharField(label=_("Nombre"), max_length=170)
    course_title = forms.CharField(label=_("Curso"), max_length=255)
    hours = forms.DecimalField(label=_("Horas"), max_digits=6, decimal_places=1)
    started_on = _day(_("Inicio"))
    completed_on = _day(_("Finalización"))
    post = forms.ModelChoiceField(label=_("Puesto"), queryset=Post.objects.all(), to_field_name="code", required=False)
    municipality = forms.ModelChoiceField(
        label=_("Municipio"),
        queryset=Municipality.objects.select_related("department"),
        to_field_name="code",
        required=False,
    )
    columns = ("person_name", "course_title", "hours", "started_on", "completed_on", "post", "municipality")
    field_order = [*columns, "reason_kind", "reason"]

    def __init__(self, *args: Any, certificate: Certificate, **kwargs: Any) -> None:
        said = {name: getattr(certificate, name) for name in self.columns}
        codes = {name: said[name].code for name in ("post", "municipality") if said[name]}
        super().__init__(*args, initial=said | codes, **kwargs)
        self.order_fields(self.field_order)

    def wanted(self) -> dict[str, Any]:
        """What the paper should say, by column."""
        return {name: self.cleaned_data[name] for name in self.columns}


class DecisionForm(RuleForm):
    """Certified or refused, by the button that was pressed; refused with a reason."""

    decision = forms.ChoiceField(choices=CertificateAct.Decision.choices, widget=forms.HiddenInput, required=False)
    answer = forms.CharField(
        label=_("Motivo, si lo rechaza"),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Lo lee quien lo pidió."),
    )


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
