"""Private files of this app that no row names any more, or never did: evidence, packages of handover, bundles."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Model

from certificates.models import AnnotationDetails, CertificateBundle, HandoverPackage
from lms.domain import strays

from . import bundles, evidence, handover

FOLDERS: dict[str, type[Model]] = {
    evidence.FOLDER: AnnotationDetails,
    handover.FOLDER: HandoverPackage,
    bundles.FOLDER: CertificateBundle,
}


def drop(at: datetime | None = None) -> int:
    """Delete them when they have lain there for a day: names of people are in them. How many files went."""
    return sum(strays.drop(folder, _named_by(model), at) for folder, model in FOLDERS.items())


def _named_by(model: type[Model]) -> Callable[[list[str]], set[str]]:
    return lambda paths: set(model._default_manager.filter(path__in=paths).values_list("path", flat=True))
