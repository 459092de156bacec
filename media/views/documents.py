"""The form of Wagtail's documents. Not in `media.forms`: Wagtail's forms ask for models that are not there yet then."""

import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from wagtail.documents.forms import BaseDocumentForm

from lms.domain.errors import RuleBroken
from media.domain import papers, scanning

SCAN_LATER = _("No pudimos revisar el archivo en este momento. Elíjalo de nuevo en unos minutos.")


class DocumentForm(BaseDocumentForm):
    """Wagtail's own form for a document, which believes names: here the bytes decide, as for what comes by tus."""

    def clean_file(self) -> File:
        """A paper that we know, without programs in it; its name says what it is."""
        file = self.cleaned_data["file"]
        if "file" not in self.changed_data or not isinstance(file, UploadedFile):
            return file
        try:
            with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".upload") as copy:
                shutil.copyfileobj(file, copy, 1024 * 1024)
                copy.flush()
                scanning.check(Path(copy.name), by=self.instance.uploaded_by_user)
                suffix = papers.look(Path(copy.name))
        except RuleBroken as broken:
            raise ValidationError(broken.message, code=broken.code) from broken
        except scanning.Failed as failed:
            raise ValidationError(SCAN_LATER) from failed
        file.seek(0)
        file.name = papers.clean_name(file.name or "", suffix)
        return file
