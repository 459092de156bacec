"""Forms of the video library."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from taggit.utils import edit_string_for_tags
from wagtail.admin.forms.tags import TagField
from wagtail.models import Collection

from lms.forms import RuleForm
from lms.models import Language, Person
from media.domain import captions, papers
from media.models import Track, Upload, Video

MEGABYTE = 1024**2
MOST_TAGS = 20
FILMS = "video/*,.mkv,.avi,.mov,.wmv,.flv,.ts,.mpg,.3gp,.webm,.mp4"
SOUNDS = "audio/*,.mp3,.m4a,.wav,.ogg,.oga,.opus,.flac,.amr"


class VideoForm(RuleForm):
    """What people write about a video. Collections are those in which this person may keep one."""

    title = forms.CharField(label=_("Título"), max_length=160)
    description = forms.CharField(
        label=_("Descripción"), required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Opcional.")
    )
    language = forms.ModelChoiceField(
        label=_("Idioma hablado"), queryset=Language.objects.all(), required=False, empty_label="—"
    )
    collection = forms.ModelChoiceField(label=_("Colección"), queryset=Collection.objects.none(), empty_label=None)

    def __init__(self, *args: Any, collections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["collection"].queryset = collections  # type: ignore[attr-defined]
        if not collections[1:]:
            self.fields["collection"].widget = forms.HiddenInput()
        self.initial.setdefault("collection", collections.first())


class DescribeForm(VideoForm):
    """What is written about a video that is there, its tags with it."""

    tags = TagField(label=_("Etiquetas"), required=False, help_text=_("Sepárelas con comas. Sirven para buscar."))
    field_order = ["title", "description", "tags", "language", "collection"]

    def clean_tags(self) -> list[str]:
        """No more than one can read."""
        tags = self.cleaned_data["tags"]
        if len(tags) > MOST_TAGS:
            raise ValidationError(_("Son demasiadas etiquetas. Deje las que más ayudan."))
        return tags


class PosterForm(RuleForm):
    """Which moment of the video is its poster: a still of the storyboard, or a time in minutes and seconds."""

    still = forms.FloatField(required=False, min_value=0)
    moment = forms.RegexField(
        r"^(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,3})?)$",
        label=_("O escriba el momento (minutos:segundos)"),
        required=False,
        error_messages={"invalid": _("Escriba el momento así: 1:25.")},
    )

    def clean(self) -> dict[str, Any]:
        """The second; what was written counts more than what was picked."""
        given = super().clean()
        if self.errors:
            return given
        if given.get("moment"):
            hours, minutes, seconds = self.fields["moment"].regex.match(given["moment"]).groups()  # type: ignore[attr-defined]
            given["second"] = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
        elif given.get("still") is not None:
            given["second"] = given["still"]
        else:
            raise ValidationError(_("Elija una imagen o escriba el momento."))
        return given


class AllowanceForm(RuleForm):
    """How much somebody may keep, and why."""

    person = forms.ModelChoiceField(label=_("Persona"), queryset=Person.objects.none())
    size = forms.IntegerField(
        label=_("Espacio en MB"), min_value=0, max_value=10_000_000, help_text=_("0 es sin límite.")
    )
    reason = forms.CharField(
        label=_("Motivo"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Queda en la bitácora."),
    )

    def clean_size(self) -> int:
        """In bytes."""
        return self.cleaned_data["size"] * MEGABYTE


def in_megabytes(size: int) -> int:
    """Bytes as the form of allowances says them."""
    return size // MEGABYTE


class UploadForm(VideoForm):
    """Something new: an upload that is complete, or, without JavaScript, the file itself."""

    file = forms.FileField(label=_("Archivo"), required=False, allow_empty_file=True)
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    field_order = ["file", "title", "description", "language", "collection", "upload"]
    accept = f"{FILMS},{SOUNDS},{','.join(papers.SUFFIXES)}"

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["file"].widget.attrs["accept"] = self.accept

    def clean_upload(self) -> Upload | None:
        """One's own complete upload."""
        public_id = self.cleaned_data["upload"]
        if not public_id:
            return None
        found = Upload.objects.filter(public_id=public_id, person=self.person, completed_at__isnull=False).first()
        if found is None:
            raise ValidationError(_("La subida no está completa. Elija el archivo de nuevo."))
        return found

    def clean(self) -> dict[str, Any]:
        """There must be a file, one way or the other."""
        given = super().clean()
        if not given.get("upload") and not given.get("file") and "upload" not in self.errors:
            self.add_error("file", _("Elija el archivo que quiere subir."))
        return given


class ChooserUploadForm(UploadForm):
    """A new video, from inside the editor of a lesson."""

    accept = f"{FILMS},{SOUNDS}"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("Archivo de video o de audio")
        del self.fields["description"]

    class Media:
        js = ["vendor/tus-js-client/tus.min.js", forms.Script("media/upload-one.js", type="module")]
        css = {"all": ["media/office.css"]}


class CaptionForm(RuleForm):
    """Captions of one language, as a file or as text; or the wish to write them beside the video."""

    language = forms.ModelChoiceField(label=_("Idioma de los subtítulos"), queryset=Language.objects.all())
    file = forms.FileField(
        label=_("Archivo WebVTT o SRT"), required=False, widget=forms.FileInput(attrs={"accept": ".vtt,.srt"})
    )
    text = forms.CharField(
        label=_("O pegue aquí el texto"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    replace = forms.BooleanField(label=_("Reemplazar los que ya hay en ese idioma"), required=False)
    is_to_be_written = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The text, wherever it came from."""
        given = super().clean()
        if given.get("is_to_be_written"):
            return given
        file = given.get("file")
        if file is not None:
            if file.size > captions.MAX_CHARACTERS:
                raise ValidationError(_("El archivo de subtítulos es demasiado grande."))
            given["text"] = captions.decode(file.read())
        elif not given.get("text", "").strip():
            self.add_error("file", _("Elija un archivo de subtítulos o pegue el texto."))
        return given


class SpeechForm(RuleForm):
    """Which language a machine should listen for."""

    language = forms.ModelChoiceField(label=_("Idioma que se habla"), queryset=Language.objects.all(), empty_label=None)


class ClockField(forms.CharField):
    """A moment as people read it off a player: `83`, `1:23`, `1:23.5` or `1:02:03`; its value is in seconds."""

    PATTERN = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5}(?:[.,]\d{1,3})?)")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=16, widget=forms.TextInput(attrs={"autocomplete": "off"}), **kwargs)

    def clean(self, value: Any) -> Any:
        """None for nothing."""
        text = super().clean(value).strip()
        if not text:
            return None
        found = self.PATTERN.fullmatch(text)
        if not found:
            raise ValidationError(_("Escriba minutos y segundos, por ejemplo 1:23."))
        hours, minutes, seconds = found.groups()
        return 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds.replace(",", "."))


class TrimForm(RuleForm):
    """New ends of a video."""

    start = ClockField(label=_("Empieza en"), required=False, help_text=_("Minutos y segundos, por ejemplo 0:04.5."))
    end = ClockField(label=_("Termina en"), required=False)


class FileForm(RuleForm):
    """A file that goes up resumably, or with the form where there is no JavaScript."""

    file = forms.FileField(label=_("Archivo"), required=False, allow_empty_file=True)
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["file"].widget.attrs["accept"] = f"{FILMS},{SOUNDS}"

    def clean_upload(self) -> Upload | None:
        """One's own complete upload."""
        public_id = self.cleaned_data["upload"]
        mine = Upload.objects.filter(person=self.person, completed_at__isnull=False)
        found = mine.filter(public_id=public_id).first() if public_id else None
        if public_id and found is None:
            raise ValidationError(_("La subida no está completa. Elija el archivo de nuevo."))
        return found

    def clean(self) -> dict[str, Any]:
        """There must be a file, one way or the other."""
        given = super().clean()
        if not given.get("upload") and not given.get("file") and "upload" not in self.errors:
            self.add_error("file", _("Elija el archivo que quiere subir."))
        return given


class ReplaceForm(FileForm):
    """Another file in the place of a video's own."""

    content = forms.ChoiceField(
        label=_("¿Qué trae el archivo nuevo?"),
        choices=[
            ("same", _("Es el mismo contenido, corregido: lo visto se conserva")),
            ("other", _("Es otro contenido: quien no haya terminado empieza de nuevo")),
        ],
        widget=forms.RadioSelect,
    )
    shift = forms.FloatField(
        label=_("Segundos de más al principio"),
        required=False,
        initial=0,
        min_value=-3600,
        max_value=3600,
        help_text=_("Si el archivo nuevo trae 5 segundos más antes de empezar, escriba 5; si trae menos, −5."),
    )
    field_order = ["file", "content", "shift", "upload"]


class TrackForm(FileForm):
    """A track beside the picture."""

    kind = forms.ChoiceField(label=_("¿Qué es?"), choices=Track.Kind.choices, widget=forms.RadioSelect)
    language = forms.ModelChoiceField(
        label=_("Idioma"),
        queryset=Language.objects.all(),
        required=False,
        empty_label="—",
        help_text=_("El que se habla en el archivo. En LENSEGUA no hace falta."),
    )
    field_order = ["kind", "language", "file", "upload"]

    def clean(self) -> dict[str, Any]:
        """A voice has a language."""
        given = super().clean()
        if given.get("kind") == Track.Kind.SOUND and not given.get("language"):
            self.add_error("language", _("Diga en qué idioma está el sonido."))
        return given


def initial_of(video: Video) -> dict[str, object]:
    """What the form shows of a video."""
    described = {name: getattr(video, name) for name in ("title", "description", "language", "collection")}
    return described | {"tags": edit_string_for_tags(video.tags.all())}
