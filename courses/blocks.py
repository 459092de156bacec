"""Lesson blocks, named by what they mean to a learner. Each has a template in `templates/courses/blocks/`."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.admin.widgets import BaseChooser
from wagtail.contrib.typed_table_block.blocks import TypedTable, TypedTableBlock, TypedTableBlockValidationError
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail.snippets.blocks import SnippetChooserBlock

from courses.questions import Kind
from media.blocks import VideoChooserBlock

MARKED_BY_A_PERSON = {Kind.ESSAY, Kind.FILES}
TEXT_FEATURES = ["bold", "italic", "ol", "ul", "link", "document-link"]


class HeadingBlock(blocks.CharBlock):
    """A heading inside a lesson; the lesson's title is the level above it."""

    class Meta:
        icon = "title"
        label = _("Subtítulo")
        template = "courses/blocks/heading.html"


class TextBlock(blocks.RichTextBlock):
    """Running text."""

    def __init__(self, **kwargs):
        kwargs.setdefault("features", TEXT_FEATURES)
        super().__init__(**kwargs)

    class Meta:
        icon = "pilcrow"
        label = _("Texto")
        template = "courses/blocks/text.html"


class VideoBlock(blocks.StructBlock):
    """A video to watch; an activity of its own."""

    video = VideoChooserBlock(label=_("Video"))
    is_required = blocks.BooleanBlock(label=_("Hay que verlo para completar el curso"), required=False, default=True)

    class Meta:
        icon = "media"
        label = _("Video")
        template = "courses/blocks/video.html"


class ImageBlock(blocks.StructBlock):
    """A picture with its description for those who cannot see it."""

    image = ImageChooserBlock(label=_("Imagen"))
    description = blocks.CharBlock(label=_("Qué se ve (para quien no puede verla)"), max_length=250)
    caption = blocks.CharBlock(label=_("Pie de imagen"), required=False, max_length=250)

    class Meta:
        icon = "image"
        label = _("Imagen")
        template = "courses/blocks/image.html"


class FileBlock(blocks.StructBlock):
    """A file to take away."""

    document = DocumentChooserBlock(label=_("Archivo"))
    description = blocks.CharBlock(label=_("Para qué sirve"), required=False, max_length=250)

    class Meta:
        icon = "doc-full"
        label = _("Archivo")
        template = "courses/blocks/file.html"


class NoteBlock(blocks.StructBlock):
    """Something to remember."""

    title = blocks.CharBlock(label=_("Título"), max_length=120, default="Para recordar")
    text = blocks.RichTextBlock(label=_("Texto"), features=TEXT_FEATURES)

    class Meta:
        icon = "info-circle"
        label = _("Recuadro")
        template = "courses/blocks/note.html"


class ExampleBlock(blocks.StructBlock):
    """A case from a town hall."""

    title = blocks.CharBlock(label=_("Título"), max_length=120, default="Ejemplo")
    text = blocks.RichTextBlock(label=_("Texto"), features=TEXT_FEATURES)

    class Meta:
        icon = "openquote"
        label = _("Ejemplo")
        template = "courses/blocks/example.html"


class Stage(TextChoices):
    """What a quiz is for. The one of entry says where somebody stands; nothing is passed or asked for with it."""

    ORDINARY = "", _("Durante el curso")
    ENTRY = "entry", _("De entrada: dice dónde está cada quien antes de empezar")
    FINAL = "final", _("Final: se compara con el de entrada")


class QuizBlock(blocks.StructBlock):
    """A quiz to pass, or one of entry; an activity of its own."""

    quiz = SnippetChooserBlock("courses.Quiz", label=_("Cuestionario"))
    is_required = blocks.BooleanBlock(
        label=_("Hay que aprobarlo para completar el curso"), required=False, default=True
    )
    stage = blocks.ChoiceBlock(
        label=_("Cuándo se responde"),
        choices=Stage.choices,
        required=False,
        help_text=_(
            "El de entrada se responde una vez, no se aprueba ni se exige. Con uno de entrada y uno final que"
            " repitan preguntas, la evaluación del curso dice cuánto se aprendió."
        ),
    )

    class Meta:
        icon = "tasks"
        label = _("Cuestionario")
        template = "courses/blocks/quiz.html"


class AttendanceBlock(blocks.StructBlock):
    """Learning in one room; an activity of its own, whose sessions are kept beside the course."""

    title = blocks.CharBlock(label=_("Título"), max_length=255, default="Parte presencial")
    hours = blocks.DecimalBlock(
        label=_("Horas presenciales"), min_value=Decimal("0.5"), max_value=999, max_digits=5, decimal_places=1
    )
    min_percent = blocks.IntegerBlock(
        label=_("Porcentaje de las horas al que hay que asistir"), min_value=1, max_value=100, default=80
    )
    is_required = blocks.BooleanBlock(label=_("Hay que asistir para completar el curso"), required=False, default=True)

    class Meta:
        icon = "group"
        label = _("Parte presencial")
        template = "courses/blocks/attendance.html"


class AudioBlock(blocks.StructBlock):
    """A recording to listen to; an activity of its own, heard as a video is watched."""

    audio = VideoChooserBlock(label=_("Grabación de la mediateca"))
    is_required = blocks.BooleanBlock(label=_("Hay que oírla para completar el curso"), required=False, default=True)

    class Meta:
        icon = "volume"
        label = _("Audio")
        template = "courses/blocks/audio.html"


class TableBlock(TypedTableBlock):
    """Rows under headings. Its caption says what it shows, also to who hears it read aloud."""

    def __init__(self, local_blocks=None, **kwargs) -> None:
        super().__init__(local_blocks or [("text", blocks.CharBlock(label=_("Texto"), required=False))], **kwargs)

    def clean(self, value: TypedTable) -> TypedTable:
        """With a caption, and a heading over each column."""
        value = super().clean(value)
        wrong = []
        if not value.caption.strip():
            wrong.append(_("Escriba el título de la tabla: dice qué muestra."))
        if not value.columns or not all(column["heading"].strip() for column in value.columns):
            wrong.append(_("Ponga un encabezado a cada columna."))
        if wrong:
            raise TypedTableBlockValidationError(non_block_errors=wrong)
        return value

    class Meta:
        icon = "table"
        label = _("Tabla")
        template = "courses/blocks/table.html"


class QuestionChooser(BaseChooser):
    """Leads to the bank, which offers what the writer may place."""

    choose_one_text = _("Elegir una pregunta")
    choose_another_text = _("Elegir otra pregunta")
    link_to_chosen_text = _("Cambiar esta pregunta")
    chooser_modal_url_name = "bank_question_chooser:choose"
    model = "courses.BankQuestion"
    icon = "help"


class QuestionChooserBlock(blocks.ChooserBlock):
    """A question of the bank that is marked by itself."""

    target_model = "courses.BankQuestion"
    widget = QuestionChooser()

    def clean(self, value):
        """Nobody stands ready to mark what is only practised."""
        value = super().clean(value)
        if value is not None and value.kind in MARKED_BY_A_PERSON:
            raise ValidationError(_("Esa pregunta la califica una persona: aquí no se puede practicar."))
        return value


class PracticeBlock(blocks.StructBlock):
    """A question to try oneself, as often as one likes and without a mark."""

    question = QuestionChooserBlock(
        label=_("Pregunta del banco"),
        help_text=_("Quien la responde ve enseguida si acertó. No ponga aquí una que también cuenta para la nota."),
    )

    class Meta:
        icon = "help"
        label = _("Pregunta para practicar")
        template = "courses/blocks/practice.html"


class WordsBlock(blocks.StructBlock):
    """Words that the lesson uses, with what they mean: from the glossary of all lessons, or of this one alone."""

    terms = blocks.ListBlock(
        SnippetChooserBlock("courses.Term"),
        label=_("Del glosario"),
        help_text=_("Lo que significan se escribe una vez, para todas las lecciones."),
        min_num=0,
        default=[],
    )
    words = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("word", blocks.CharBlock(label=_("Palabra"), max_length=120)),
                ("meaning", blocks.TextBlock(label=_("Qué significa"), max_length=600, rows=2)),
            ]
        ),
        label=_("Solo de esta lección"),
        min_num=0,
        default=[],
    )

    def clean(self, value):
        """An empty list explains nothing."""
        value = super().clean(value)
        if not value["terms"] and not value["words"]:
            raise ValidationError(_("Elija palabras del glosario o escriba alguna."))
        return value

    class Meta:
        icon = "list-ul"
        label = _("Glosario")
        template = "courses/blocks/words.html"


class WorksheetBlock(blocks.StructBlock):
    """A sheet to print and fill in by hand, or to fill in here; it counts for nothing."""

    title = blocks.CharBlock(label=_("Título"), max_length=120, default="Ficha de trabajo")
    instructions = blocks.RichTextBlock(label=_("Instrucciones"), features=TEXT_FEATURES, required=False)
    prompts = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("prompt", blocks.CharBlock(label=_("Qué hay que escribir"), max_length=300)),
                ("lines", blocks.IntegerBlock(label=_("Renglones"), min_value=1, max_value=20, default=3)),
            ]
        ),
        label=_("Preguntas de la ficha"),
        min_num=1,
        max_num=30,
    )

    class Meta:
        icon = "form"
        label = _("Ficha de trabajo")
        template = "courses/blocks/worksheet.html"


LESSON_BLOCKS = [
    ("video", VideoBlock()),
    ("audio", AudioBlock()),
    ("heading", HeadingBlock()),
    ("text", TextBlock()),
    ("image", ImageBlock()),
    ("note", NoteBlock()),
    ("example", ExampleBlock()),
    ("table", TableBlock()),
    ("words", WordsBlock()),
    ("file", FileBlock()),
    ("practice", PracticeBlock()),
    ("worksheet", WorksheetBlock()),
    ("quiz", QuizBlock()),
    ("attendance", AttendanceBlock()),
]
