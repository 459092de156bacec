"""Forms of this app."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from certificates.domain import batches, by_hand, career, revocation, suspension, transcripts
from certificates.domain.asking import REASON_LENGTH
from certificates.models import CareerShare, Certificate, CertificateAct
from courses.models import CoursePage
from lms.domain.imports.files import decode
from lms.forms import RuleForm
from lms.forms.days import DayField
from lms.models import Municipality, Person, Post

BIGGEST_LIST = 60_000


def _day(label: str) -> DayField:
    return DayField(label=label, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class AskForm(RuleForm):
    """Why something is asked of the register."""

    reasons: ClassVar[tuple[CertificateAct.Reason, ...]] = revocation.REASONS
    reason_kind = forms.ChoiceField(
        label=_("Motivo"),
        choices=[],
        help_text=_("Es lo único que la página pública dice de por qué."),
    )
    reason = forms.CharField(
        label=_("Explicación"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Qué pasó y cómo lo comprobó. La lee quien lo certifica; no se publica."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_kind"].choices = [("", _("Elija uno")), *((one.value, one.label) for one in self.reasons)]


class RevocationForm(AskForm):
    """Why a certificate should be taken out of force."""

    is_sure = forms.BooleanField(label=_("Entiendo que, una vez certificado, no se puede deshacer"))


class SuspensionForm(AskForm):
    """Why a certificate should be suspended."""

    reasons = suspension.REASONS


class LiftingForm(AskForm):
    """Why a suspension should be lifted."""

    reasons = suspension.REASONS_TO_LIFT


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


class SaidForm(RuleForm):
    """What a certificate says that follows from no completion."""

    kind = forms.ChoiceField(
        label=_("Clase"), choices=[one for one in CoursePage.CertificateKind.choices if one[0]], initial="constancia"
    )
    course = forms.ModelChoiceField(
        label=_("Curso de la plataforma (opcional)"),
        queryset=CoursePage.objects.none(),
        to_field_name="translation_key",
        required=False,
        empty_label=_("Ninguno: es otra formación"),
        help_text=_("Si elige uno, el certificado dice su nombre y sus horas."),
    )
    title = forms.CharField(label=_("Nombre de la formación"), max_length=255, required=False)
    hours = forms.DecimalField(label=_("Horas"), max_digits=6, decimal_places=1, required=False)
    started_on = _day(_("Inicio"))
    completed_on = _day(_("Finalización"))
    reason = forms.CharField(
        label=_("Por qué se emite a mano"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Por ejemplo: acta 12-2026 del taller, con las firmas de asistencia. No se publica."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = CoursePage.objects.live().sources().order_by("title")

    def said(self) -> dict[str, Any]:
        """What the paper should say."""
        names = ("kind", "course", "title", "hours", "started_on", "completed_on")
        return {name: self.cleaned_data[name] for name in names}


class ByHandForm(SaidForm):
    """One such certificate."""

    identifier = forms.CharField(
        label=_("CUI, teléfono o correo de la persona"), max_length=254, widget=forms.TextInput({"autocomplete": "off"})
    )
    field_order = ["identifier"]


class BatchForm(SaidForm):
    """The same for a list of people: pasted, in a file, or those who were at a session."""

    people = forms.CharField(
        label=_("Lista de personas"),
        required=False,
        max_length=60_000,
        widget=forms.Textarea({"rows": 8, "autocomplete": "off"}),
        help_text=_("Un CUI, teléfono o correo en cada línea. Lo que siga a una coma no se lee."),
    )
    file = forms.FileField(label=_("O un archivo de texto o CSV"), required=False)
    session = forms.CharField(
        label=_("O el código de una sesión presencial"),
        required=False,
        max_length=8,
        help_text=_("Se toma a quienes estuvieron en ella."),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ["people", "file", "session"]

    def clean_file(self) -> Any:
        """A list of people is small."""
        file = self.cleaned_data["file"]
        if file and file.size > BIGGEST_LIST:
            raise forms.ValidationError(_("El archivo pesa demasiado: 60 KB bastan para 500 personas."))
        return file

    def clean(self) -> dict[str, Any]:
        """One list, of one kind; that of a file goes on in the field, where it can be put right."""
        data = super().clean() or self.cleaned_data
        if data.get("file"):
            self.data = self.data.copy()
            data["people"] = self.data["people"] = decode(data["file"].read())
        if bool(data.get("people", "").strip()) == bool(data.get("session", "").strip()):
            self.add_error(None, _("Ponga una lista de personas, o el código de una sesión."))
        return data

    def text(self) -> str:
        """The list."""
        return self.cleaned_data["people"]

    def read(self, by: Person) -> batches.Reading:
        """Who is on it. Raises as `batches.read` and `by_hand.facts_of`."""
        facts = by_hand.facts_of(**self.said())
        if self.cleaned_data["session"].strip():
            return batches.read_session(self.cleaned_data["session"], by, facts)
        return batches.read(self.text(), by, facts)


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
