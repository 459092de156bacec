"""Reading the ledger of careers anew: what does not stand in the log, what was altered, steps that nobody may take."""

from collections.abc import Iterator
from hashlib import sha256

from django.core.files.storage import default_storage

from certificates.models import AnnotationDetails, CareerAnnotation, LogLeaf

from . import career

Step = CareerAnnotation.Step
SOUND = [
    set(),
    {Step.CHECKED},
    {Step.CHECKED, Step.CERTIFIED},
    {Step.REFUSED},
    {Step.CHECKED, Step.REFUSED},
    {Step.WITHDRAWN},
    {Step.CHECKED, Step.ANNULLED},
    {Step.CHECKED, Step.CERTIFIED, Step.ANNULLED},
]


def find_faults() -> Iterator[str]:
    """Each fault as a sentence that names its row."""
    rows = CareerAnnotation.objects.select_related(
        "person", "about__person", "asked", "municipality", "post", "recorded_by", "details", "leaf"
    ).prefetch_related("steps")
    for annotation in rows.order_by("pk").iterator(chunk_size=500):
        for fault in (*_log_of(annotation), *_details_of(annotation), *_steps_of(annotation)):
            yield f"annotation {annotation.public_id}: {fault}"
    known = CareerAnnotation.objects.values("pk")
    for leaf in LogLeaf.objects.filter(annotation_id__isnull=False).exclude(annotation_id__in=known):
        yield f"leaf {leaf.index}: its annotation {leaf.entry.get('annotation')} is not there"


def _log_of(annotation: CareerAnnotation) -> Iterator[str]:
    leaf = getattr(annotation, "leaf", None)
    if leaf is None:
        yield "has no leaf in the log"
    elif leaf.entry != career.build_entry(annotation):
        yield f"is not what leaf {leaf.index} was made of"


def _details_of(annotation: CareerAnnotation) -> Iterator[str]:
    """What was written is what was signed, or went with the person; the evidence is the file that was looked at."""
    details: AnnotationDetails | None = getattr(annotation, "details", None)
    if details is None:
        yield "its details are not there"
    elif details.erased_at:
        if annotation.person.erased_at is None:
            yield "its details were erased, but not the person"
        if details.texts or details.salt or details.name or details.path:
            yield "its details say that they were erased, and are there"
    elif career.digest_of_details(details) != annotation.details_sha256:
        yield "its details are not those that were written"
    else:
        yield from _evidence_of(annotation, details)


def _evidence_of(annotation: CareerAnnotation, details: AnnotationDetails) -> Iterator[str]:
    wanted = annotation.facts.get("evidence_sha256", "")
    if not wanted and not details.path:
        return
    if not details.path or not default_storage.exists(details.path):
        yield "its evidence is not in the storage"
        return
    with default_storage.open(details.path) as stored:
        if sha256(stored.read()).hexdigest() != wanted:
            yield "its evidence is not the file that was handed in"


def _steps_of(annotation: CareerAnnotation) -> Iterator[str]:
    if annotation.about:
        if annotation.about.person_id != annotation.person_id or annotation.about.about_id:
            yield "is a step about something else"
        return
    steps = list(annotation.steps.all())
    kinds = {one.step for one in steps}
    if kinds not in SOUND or len(kinds) != len(steps):
        yield f"its steps are {sorted(kinds)}, which nobody can take"
    by = {one.step: one.recorded_by_id for one in steps}
    if Step.CERTIFIED in by and by[Step.CERTIFIED] == by.get(Step.CHECKED):
        yield "was certified by whoever checked it"
