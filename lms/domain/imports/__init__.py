"""Lists of staff on their way in: handed in, mapped, tried out, taken in.

`files` reads XLSX and CSV, `columns` knows headings, `cells` and `rows` read a row, `known` finds whom it speaks of,
`plans` what it asks for, `working` does it as jobs, `papers` makes the files that go out. This module has the verbs.
"""

import re
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.domain import audit, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Municipality, Person, StaffImport, StaffImportFault, StaffImportFile

from . import columns, files
from .catalogue import ACTION
from .working import CHECK, RUN, State, subject_of

KEEP_DAYS = 7
MOST_OPEN = 10  # of one person, so that nobody fills the database with files
JOB_OF_STATE = {State.CHECKING: CHECK, State.RUNNING: RUN}


def visible_to(by: Person) -> QuerySet[StaffImport]:
    """The lists of the municipalities whose staff `by` imports; those over the country only for the nation."""
    found = StaffImport.objects.select_related("municipality__department", "started_by")
    if permissions.nationwide(by, ACTION):
        return found
    return found.filter(municipality__in=permissions.municipalities_for(by, ACTION).values("pk"))


def take(*, file_name: str, content: bytes, municipality: Municipality | None, by: Person) -> StaffImport:
    """Keep a list, sealed, with the headings that it has.

    Raises `import.not_allowed`, `import.too_many`, `import.empty` when there is no row under the headings, and as
    `files.rows_of` and `files.find_heading`.
    """
    _assert_allowed(by, municipality)
    files.assert_small(content)
    heading_row, headings = files.find_heading(content)
    if StaffImport.objects.filter(started_by=by, file__isnull=False).count() >= MOST_OPEN:
        raise RuleBroken("import.too_many", _("Usted tiene diez listas sin terminar. Termine o cancele alguna."))
    rows = sum(number > heading_row for number, _cells in files.rows_of(content))
    if not rows:
        raise RuleBroken("import.empty", _("La lista no tiene filas debajo de los nombres de las columnas."))
    staff_import = StaffImport(
        municipality=municipality,
        started_by=by,
        file_name=_harmless(file_name),
        rows=rows,
        heading_row=heading_row,
        columns=headings,
        mapping=columns.guess(headings, _owner(municipality)),
        next_row=heading_row + 1,
    )
    with transaction.atomic():
        staff_import.save()
        sealed = files.seal(content, str(staff_import.public_id))
        StaffImportFile.objects.create(staff_import=staff_import, sealed=sealed)
        facts = {"rows": rows, "municipality": municipality.code if municipality else ""}
        audit.record("import.taken", by=by, subject=subject_of(staff_import), facts=facts)
    return staff_import


def start_check(*, staff_import: StaffImport, mapping: dict[str, int], by: Person) -> Job:
    """Say which column is which, and try the list out as a job. May be said again until the run begins.

    Raises `import.not_allowed`, `import.closed`, and as `columns.assert_enough`.
    """
    with transaction.atomic():
        locked = _lock(staff_import, by, {State.MAPPING, State.CHECKED, State.CHECKING})
        columns.assert_enough(mapping, locked.columns, locked.municipality)
        if locked.state == State.CHECKING and _unfinished(locked).exists():
            raise RuleBroken("import.at_work", _("La revisión todavía no termina. Espere un momento."))
        columns.remember(mapping, locked.columns, _owner(locked.municipality))
        locked.mapping, locked.state, locked.foreseen, locked.started_by = mapping, State.CHECKING, {}, by
        locked.save(update_fields=["mapping", "state", "foreseen", "started_by"])
        return jobs.request(CHECK, locked.public_id, by=by)


def start_run(*, staff_import: StaffImport, by: Person) -> Job:
    """Take the good rows in as a job; of a run that failed, the rows that are left.

    Raises `import.not_allowed`, `import.closed`, and `import.another_runs` while the same town hall's list is going in.
    """
    with transaction.atomic():
        _take_turns(staff_import.municipality_id)
        locked = _lock(staff_import, by, {State.CHECKED, State.RUNNING})
        others = StaffImport.objects.filter(state=State.RUNNING, municipality=locked.municipality_id)
        if any(_unfinished(other).exists() for other in others.exclude(pk=locked.pk)):
            message = _("Otra lista de esta municipalidad está entrando. Espere a que termine.")
            raise RuleBroken("import.another_runs", message)
        locked.state, locked.started_by = State.RUNNING, by
        locked.save(update_fields=["state", "started_by"])
        audit.record("import.started", by=by, subject=subject_of(locked), facts={"from_row": locked.next_row})
        return jobs.request(RUN, locked.public_id, by=by)


def cancel(*, staff_import: StaffImport, by: Person) -> None:
    """Stop; the file goes, what is in stays. Raises `import.not_allowed` and `import.closed`."""
    with transaction.atomic():
        locked = _lock(staff_import, by, set(State) - {State.DONE, State.CANCELLED, State.EXPIRED})
        _close(locked, State.CANCELLED)
        audit.record("import.cancelled", by=by, subject=subject_of(locked), facts=dict(locked.counts))


def job_of(staff_import: StaffImport) -> Job | None:
    """The job that the list waits for, or that failed on it; None when it waits for a person."""
    kind = JOB_OF_STATE.get(State(staff_import.state))
    return Job.objects.for_subject(kind, staff_import.public_id).order_by("pk").last() if kind else None


def sweep() -> int:
    """Let go of files that were kept for a week, and of the names in what a list left behind once it was closed.

    Somebody may be named in a cell that was read wrongly, or in the name of the file. Returns how many files went.
    Called by the clock.
    """
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    closed = StaffImport.objects.filter(finished_at__lt=before)
    StaffImportFault.objects.filter(staff_import__in=closed).delete()
    closed.exclude(file_name="").update(file_name="")
    old = StaffImport.objects.filter(created_at__lt=before, file__isnull=False)
    gone = 0
    for staff_import in old:
        with transaction.atomic():
            locked = StaffImport.objects.select_for_update().get(pk=staff_import.pk)
            if locked.is_open:
                _close(locked, State.EXPIRED)
            StaffImportFile.objects.filter(staff_import=locked).delete()
            gone += 1
    return gone


def _close(locked: StaffImport, state: str) -> None:
    locked.state, locked.finished_at = state, timezone.now()
    locked.save(update_fields=["state", "finished_at"])
    StaffImportFile.objects.filter(staff_import=locked).delete()


def _lock(staff_import: StaffImport, by: Person, states: set) -> StaffImport:
    _assert_allowed(by, staff_import.municipality)
    locked = StaffImport.objects.select_for_update().get(pk=staff_import.pk)
    if locked.state not in states:
        raise RuleBroken("import.closed", _("Esta lista ya no está en ese paso. Vea cómo quedó."))
    return locked


def _take_turns(municipality_id: int | None) -> None:
    """Whoever starts a list of this town hall meanwhile waits; those over the country wait at the first row."""
    places = Municipality.objects.order_by("pk")
    places = places.filter(pk=municipality_id) if municipality_id else places
    places.select_for_update(no_key=True).values_list("pk", flat=True).first()


def _unfinished(staff_import: StaffImport) -> QuerySet[Job]:
    return Job.objects.unfinished().filter(subject=str(staff_import.public_id), kind__in=[CHECK, RUN])


def _assert_allowed(by: Person, municipality: Municipality | None) -> None:
    if municipality is None and permissions.nationwide(by, ACTION):
        return
    if municipality is None or not permissions.allows_in(by, ACTION, municipality):
        raise RuleBroken("import.not_allowed", _("Usted no puede importar el personal de esa municipalidad."))


def _owner(municipality: Municipality | None) -> str:
    return municipality.code if municipality else ""


def _harmless(file_name: str) -> str:
    """The name of the file without anybody's number in it."""
    clean = "".join(letter for letter in file_name if letter.isprintable())
    return re.sub(r"[0-9](?:[\s.\-]?[0-9]){10,}", "…", clean)[-120:] or "lista"
