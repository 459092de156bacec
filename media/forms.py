"""Forms of the video library."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.models import Collection

from lms.forms import RuleForm
from lms.models import Language, Person
from media.domain import captions
from media.models import Upload, Video


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


class UploadForm(VideoForm):
    """A new video: an upload that is complete, or, without JavaScript, the file itself."""

    file = forms.FileField(label=_("Archivo de video"), required=False, allow_empty_file=True)
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    field_order = ["file", "title", "description", "language", "collection", "upload"]

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["file"].widget.attrs["accept"] = "video/*,.mkv,.avi,.mov,.wmv,.flv,.ts,.mpg,.3gp,.webm,.mp4"

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
            self.add_error("file", _("Elija el archivo de video que quiere subir."))
        return given


class CaptionForm(RuleForm):
    """Captions of one language, as a file or as text."""

    language = forms.ModelChoiceField(label=_("Idioma de los subtítulos"), queryset=Language.objects.all())
    file = forms.FileField(
        label=_("Archivo WebVTT o SRT"), required=False, widget=forms.FileInput(attrs={"accept": ".vtt,.srt"})
    )
    text = forms.CharField(
        label=_("O pegue aquí el texto"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6})
    )

    def clean(self) -> dict[str, Any]:
        """The text, wherever it came from."""
        given = super().clean()
        file = given.get("file")
        if file is not None:
            if file.size > captions.MAX_CHARACTERS:
                raise ValidationError(_("El archivo de subtítulos es demasiado grande."))
            given["text"] = captions.decode(file.read())
        elif not given.get("text", "").strip():
            self.add_error("file", _("Elija un archivo de subtítulos o pegue el texto."))
        return given


def initial_of(video: Video) -> dict[str, object]:
    """What the form shows of a video."""
    return {name: getattr(video, name) for name in ("title", "description", "language", "collection")}
