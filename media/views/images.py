"""The form of Wagtail's images. Not in `media.forms`: Wagtail's forms ask for models that are not there yet then."""

import io
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.forms import FileField
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm

from lms.domain.errors import RuleBroken
from media.domain import pictures


class PictureField(WagtailImageField):
    """A picture that Wagtail takes, drawn anew first: Willow opens all of it before it asks how large it is."""

    def to_python(self, data: Any) -> Any:
        """As Wagtail's; what is kept has the pixels alone."""
        given = FileField.to_python(self, data)
        if given is None:
            return None
        self.check_image_file_size(given)
        try:
            content = pictures.redraw(given, max_pixels=self.max_image_pixels)
        except RuleBroken as broken:
            raise ValidationError(broken.message, code=broken.code) from broken
        file = io.BytesIO(content)
        return super().to_python(
            InMemoryUploadedFile(file, given.field_name, given.name, given.content_type, len(content), None)
        )


class ImageForm(BaseImageForm):
    """Wagtail's own form for an image, with our field for the file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if given := self.fields.get("file"):
            self.fields["file"] = PictureField(label=given.label, widget=given.widget, required=given.required)
