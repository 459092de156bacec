"""The fields in which a question is written, for each kind. An empty row says nothing, and is how one is removed."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.images.models import Image
from wagtail.images.widgets import AdminImageChooser

from courses.models import Topic
from courses.models.reach import topics_for
from courses.question_fields import line, percent, prose, tick
from courses.questions import Kind, OrderingScore, Scoring
from lms.forms import RuleForm
from lms.models import Person
from media.domain import access

KINDS = list(Kind)
ENDINGS = ("pdf", "jpg", "png", "webp", "docx", "odt", "xlsx", "ods", "pptx", "odp")
MOST_ROWS = 100
EXTRA_ROWS = 3


class QuestionForm(RuleForm):
    """What a question of any kind says."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = prose(
        _("Pregunta"),
        rows=5,
        help_text=_(
            "Deje una línea vacía entre párrafos. También puede usar HTML sencillo, como <strong>negrita</strong>."
        ),
    )
    name = line(
        _("Nombre en el banco"), longest=255, help_text=_("Opcional: si lo deja vacío, es el comienzo de la pregunta.")
    )
    topic = forms.ModelChoiceField(label=_("Tema"), queryset=Topic.objects.none(), required=False, empty_label="—")
    points = forms.DecimalField(
        label=_("Puntos"), min_value=Decimal("0.01"), max_value=1000, decimal_places=2, initial=1
    )
    tags = line(_("Etiquetas"), help_text=_("Sepárelas con comas. Sirven para buscar."))
    always = prose(_("Comentario para todos"), help_text=_("Lo leen al terminar el intento, hayan acertado o no."))
    right = prose(_("Si acierta"))
    partly = prose(_("Si acierta en parte"))
    wrong = prose(_("Si no acierta"))

    CLOSING = ("always", "right", "partly", "wrong")

    def __init__(self, *args: Any, person: Person, topic: Topic | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = topics_for(person, Topic.objects.all(), to_edit=True)
        kept = Topic.objects.filter(pk=topic.pk if topic else None)
        self.fields["topic"].queryset = Topic.objects.filter(
            pk__in=[*mine.values_list("pk", flat=True), *kept.values_list("pk", flat=True)]
        )  # type: ignore[attr-defined]
        self.fields["text"].required = True

    @property
    def opening(self) -> list[forms.BoundField]:
        """The fields above the rows."""
        return [field for field in self.visible_fields() if field.name not in self.CLOSING]

    @property
    def closing(self) -> list[forms.BoundField]:
        """What is said afterwards."""
        return [self[name] for name in self.CLOSING if name in self.fields]


class SingleForm(QuestionForm):
    """One right option."""

    is_shuffled = tick(_("Opciones en otro orden cada vez"), initial=True)


class MultipleForm(SingleForm):
    """Several right options."""

    scoring = forms.ChoiceField(
        label=_("Cómo se califica"),
        choices=[
            (Scoring.ALL.value, _("Todo o nada: hay que marcar exactamente las correctas")),
            (Scoring.PARTS.value, _("Por partes: se suma lo que vale cada opción marcada")),
        ],
    )


class TrueFalseForm(QuestionForm):
    """A claim."""

    is_true = forms.TypedChoiceField(
        label=_("La respuesta correcta"),
        choices=[("yes", _("Verdadero")), ("no", _("Falso"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    if_true = prose(_("A quien responde «verdadero»"))
    if_false = prose(_("A quien responde «falso»"))


class NumericForm(QuestionForm):
    """A number."""

    is_unit_required = tick(_("Hay que escribir la unidad"))
    unit_penalty = percent(_("Cuánto se pierde sin la unidad (%)"), least=0)
    wrong_feedback = prose(_("A quien escribe otro número"))


class ShortForm(QuestionForm):
    """A word or a few."""

    forgives_case = tick(_("No importan mayúsculas y minúsculas"), initial=True)
    forgives_accents = tick(_("No importan las tildes"), initial=True)
    forgives_apostrophes = tick(
        _("No importan los apóstrofos"),
        initial=True,
        help_text=_("En idiomas mayas: k'aslemal y kaslemal son lo mismo."),
    )
    wrong_feedback = prose(_("A quien escribe otra cosa"))


class MatchingForm(QuestionForm):
    """What belongs to what."""

    distractors = prose(
        _("Respuestas que sobran"),
        rows=3,
        help_text=_("Una por línea. Se ofrecen también, y no corresponden a ninguna."),
    )
    is_shuffled = tick(_("En otro orden cada vez"), initial=True)
    scoring = forms.ChoiceField(
        label=_("Cómo se califica"),
        choices=[
            (Scoring.PARTS.value, _("Por partes: cuenta cada pareja")),
            (Scoring.ALL.value, _("Todo o nada: todas las parejas")),
        ],
    )


class OrderingForm(QuestionForm):
    """What comes first."""

    scoring = forms.ChoiceField(
        label=_("Cómo se califica"),
        choices=[
            (OrderingScore.PLACES.value, _("Por partes: cuenta cada uno en su lugar")),
            (OrderingScore.NEIGHBOURS.value, _("Por partes: cuenta cada uno seguido del que le sigue")),
            (OrderingScore.ALL.value, _("Todo o nada: el orden completo")),
        ],
    )


class ClozeForm(QuestionForm):
    """A text with gaps."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("Texto con espacios")
        self.fields["text"].help_text = _("Escriba [[1]] donde va el primer espacio, [[2]] donde va el segundo…")


class EssayForm(QuestionForm):
    """A text of one's own."""

    least_words = forms.IntegerField(label=_("Palabras, al menos"), required=False, min_value=0, max_value=20_000)
    most_words = forms.IntegerField(label=_("Palabras, a lo sumo"), required=False, min_value=0, max_value=20_000)
    marker_note = prose(_("Nota para quien califica"), help_text=_("No la ve quien responde."))
    template = prose(_("Texto con el que empieza la respuesta"))


class FilesForm(QuestionForm):
    """Files to hand in."""

    most_files = forms.IntegerField(label=_("Archivos, a lo sumo"), min_value=1, max_value=10, initial=1)
    most_megabytes = forms.IntegerField(label=_("Megabytes de cada uno"), min_value=1, max_value=30, initial=10)
    extensions = forms.MultipleChoiceField(
        label=_("Clases de archivo"),
        choices=[(one, one.upper()) for one in ENDINGS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Si no marca ninguna, se aceptan todas."),
    )
    marker_note = prose(_("Nota para quien califica"), help_text=_("No la ve quien responde."))


FORMS: dict[Kind, type[QuestionForm]] = {
    Kind.SINGLE: SingleForm,
    Kind.MULTIPLE: MultipleForm,
    Kind.TRUE_FALSE: TrueFalseForm,
    Kind.NUMERIC: NumericForm,
    Kind.SHORT: ShortForm,
    Kind.MATCHING: MatchingForm,
    Kind.ORDERING: OrderingForm,
    Kind.CLOZE: ClozeForm,
    Kind.ESSAY: EssayForm,
    Kind.FILES: FilesForm,
}


# Rows ---------------------------------------------------------------------------------------------------------------


class Row(forms.Form):
    """One of several; nothing typed, nothing said."""

    key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    DEFAULTS: frozenset[str] = frozenset({"key"})
    refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["use_required_attribute"] = False
        super().__init__(*args, label_suffix="", **kwargs)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed."""
        typed = [value for name, value in self.cleaned_data.items() if name not in self.DEFAULTS]
        return all(value is None or value is False or value == "" for value in typed)


class OptionRow(Row):
    """An option."""

    text = prose(_("Opción"))
    is_right = tick(_("Correcta"))
    percent = percent(_("Vale (%)"), help_text=_("Solo si vale una parte. Un número negativo resta."))
    feedback = prose(_("A quien la elige"), rows=1)


class NumberRow(Row):
    """A number that is accepted."""

    value = forms.DecimalField(label=_("Número"), required=False)
    tolerance = forms.DecimalField(label=_("Más o menos"), required=False, min_value=0)
    percent = percent(_("Vale (%)"), help_text=_("Vacío: 100."))
    feedback = prose(_("A quien la escribe"), rows=1)


class UnitRow(Row):
    """A unit."""

    name = line(_("Unidad"), longest=40)
    factor = forms.DecimalField(
        label=_("Se multiplica por"),
        required=False,
        help_text=_("Vacío: 1. Si la respuesta va en m, «km» se multiplica por 1000."),
    )


class TextRow(Row):
    """A text that is accepted."""

    text = line(_("Respuesta"), help_text=_("Un * vale por cualquier texto."))
    percent = percent(_("Vale (%)"), help_text=_("Vacío: 100."))
    feedback = prose(_("A quien la escribe"), rows=1)


class PairRow(Row):
    """A pair."""

    prompt = prose(_("Esto"))
    answer = line(_("corresponde a"))


class ItemRow(Row):
    """One of those to put in order."""

    place = forms.IntegerField(label=_("Lugar"), required=False, min_value=1, max_value=999)
    text = prose(_("Elemento"))


class GapRow(Row):
    """A gap."""

    DEFAULTS = frozenset({"key", "way"})
    WAYS = [
        ("short", _("Se escribe")),
        ("numeric", _("Se escribe un número")),
        ("single", _("Se elige una")),
        ("multiple", _("Se eligen varias")),
    ]
    KEPT = ("kept", _("Como está: viene de un archivo"))
    way = forms.ChoiceField(label=_("Cómo se llena"), choices=WAYS, required=False)
    answers = prose(
        _("Respuestas, una por línea"),
        rows=3,
        help_text=_(
            "Al elegir, marque con * la correcta: * Concejo. Un número puede llevar tolerancia: 12.5 ± 0.1. "
            "Lo que vale una parte: 50% alcaldía. Un comentario va después de ##."
        ),
    )
    weight = forms.DecimalField(
        label=_("Peso"), required=False, min_value=Decimal("0.01"), max_value=1000, help_text=_("Vacío: 1.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self["way"].value() == "kept":
            self.fields["way"].choices = [self.KEPT, *self.WAYS]  # type: ignore[attr-defined]

    @property
    def is_blank(self) -> bool:
        """One that is kept says what it said."""
        return self.cleaned_data.get("way") != "kept" and super().is_blank


class CriterionRow(Row):
    """A criterion of a rubric."""

    text = line(_("Criterio"))
    levels = prose(
        _("Niveles, uno por línea"), rows=4, help_text=_("Puntos y descripción: 10: Cita la ley y la explica.")
    )


class PictureRow(Row):
    """An image of the question."""

    image = forms.ModelChoiceField(
        label=_("Imagen"), queryset=Image.objects.none(), required=False, widget=AdminImageChooser
    )
    alt = line(_("Qué se ve"), help_text=_("Para quien no puede verla."))


Shape = tuple[type[Row], Any, Any]
OPTIONS: dict[str, Shape] = {"options": (OptionRow, _("Opciones"), _("Opción"))}
RUBRIC: dict[str, Shape] = {"rubric": (CriterionRow, _("Rúbrica"), _("Criterio"))}
ROWS: dict[Kind, dict[str, Shape]] = {
    Kind.SINGLE: OPTIONS,
    Kind.MULTIPLE: OPTIONS,
    Kind.TRUE_FALSE: {},
    Kind.NUMERIC: {
        "answers": (NumberRow, _("Números que se aceptan"), _("Número")),
        "units": (UnitRow, _("Unidades"), _("Unidad")),
    },
    Kind.SHORT: {"answers": (TextRow, _("Respuestas que se aceptan"), _("Respuesta"))},
    Kind.MATCHING: {"pairs": (PairRow, _("Parejas"), _("Pareja"))},
    Kind.ORDERING: {"items": (ItemRow, _("Elementos, en su orden correcto"), _("Elemento"))},
    Kind.CLOZE: {"gaps": (GapRow, _("Espacios"), _("Espacio"))},
    Kind.ESSAY: RUBRIC,
    Kind.FILES: RUBRIC,
}
PICTURES: Shape = (PictureRow, _("Imágenes"), _("Imagen"))


class RowSet(forms.BaseFormSet):
    """Rows, with some empty ones below."""

    heading: Any = ""
    label: Any = ""

    def rows(self) -> list[Row]:
        """Those in which something was typed."""
        return [form for form in self.forms if not form.is_blank]


def row_set(
    name: str, shape: Shape, *, data=None, initial: list[dict] | None = None, person: Person, more: str = ""
) -> RowSet:
    """The rows of a name. `more` is the name of those of which some empty ones were asked for."""
    row, heading, label = shape
    factory = forms.formset_factory(row, formset=RowSet, extra=EXTRA_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS)
    if data is not None and more == name:
        data = data.copy()
        count = data.get(f"{name}-TOTAL_FORMS", "")
        data[f"{name}-TOTAL_FORMS"] = str(min(MOST_ROWS, int(count) + EXTRA_ROWS)) if count.isdecimal() else count
    made = factory(data, prefix=name, initial=initial)
    made.heading, made.label = heading, label
    if row is PictureRow:
        _offer(made, person, initial or [])
    return made


def _offer(made: RowSet, person: Person, known: list[dict]) -> None:
    """Pictures that somebody may place, and those that the question has; what is not among them is not drawn."""
    kept = [one["image"].pk for one in known]
    offered = Image.objects.filter(access.picture_policy.offered_to(person)) | Image.objects.filter(pk__in=kept)
    for form in made.forms:
        form.fields["image"].queryset = offered
        value = form["image"].value()
        if made.is_bound and value and not (str(value).isdecimal() and offered.filter(pk=value).exists()):
            form.data = form.data.copy()
            form.data[form.add_prefix("image")] = ""
            form.refused = True
