"""Lesson blocks, named by what they mean to a learner. Each has a template in `templates/courses/blocks/`."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail.snippets.blocks import SnippetChooserBlock

from media.blocks import VideoChooserBlock

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


class QuizBlock(blocks.StructBlock):
    """A quiz to pass; an activity of its own."""

    quiz = SnippetChooserBlock("courses.Quiz", label=_("Cuestionario"))
    is_required = blocks.BooleanBlock(
        label=_("Hay que aprobarlo para completar el curso"), required=False, default=True
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


LESSON_BLOCKS = [
    ("video", VideoBlock()),
    ("heading", HeadingBlock()),
    ("text", TextBlock()),
    ("image", ImageBlock()),
    ("note", NoteBlock()),
    ("example", ExampleBlock()),
    ("file", FileBlock()),
    ("quiz", QuizBlock()),
    ("attendance", AttendanceBlock()),
]
