"""The two jobs on a list: the dry run, which writes nothing but what it found, and the run.

Both read the file a stretch at a time. The run takes new people in by groups, each in one transaction, which also moves
`next_row` under the import's fence; if anything in a group does not hold, all of it is undone and its rows go one by
one, in a transaction each, as do the rows that change somebody. So a row is in whole or not at all, a bad one keeps no
other out, a worker that is killed leaves off between two rows, and one that was thought dead cannot go on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.domain import audit, jobs, people
from lms.domain.errors import RuleBroken
from lms.models import Person, StaffImport, StaffImportFault, StaffImportFile

from . import faults, files, taking
from .again import CHANGED, kept_out, look_again, with_namesakes
from .catalogue import ACTION, Catalogue
from .known import Seen
from .plans import Kind, Plan, Planner
from .rows import Reader

STRETCH = 500
CHECK, RUN = "imports.check", "imports.run"
State = StaffImport.State
Counts = dict[str, int]
# Which column a rule of `people.taken` is about.
FIELD_OF_RULE = {"person.cui_taken": "cui", "person.email_taken": "email", "person.phone_taken": "phone"}


class _Stopped(Exception):
    """Somebody cancelled the list: there is nothing left to do."""


class _Namesakes(Exception):
    """Rows of somebody new whose name somebody bears here already: they are looked at one by one."""

    def __init__(self, rows: set[int]) -> None:
        super().__init__(rows)
        self.rows = rows


class _Work:
    """One worker's hold on one list."""

    def __init__(self, claim: jobs.Claim, state: str) -> None:
        self._claim = claim
        self._state = state
        with transaction.atomic():
            claim.assert_held()
            found = StaffImport.objects.select_for_update(of=("self",)).select_related("municipality", "started_by")
            self.list = found.get(public_id=claim.job.subject)
            if self.list.state != state:
                raise _Stopped
            self.list.fence += 1
            self.list.save(update_fields=["fence"])
        self.by = self._assert_still_allowed()
        self.seen = Seen()
        self._headings = self.list.columns

    def _assert_still_allowed(self) -> Person:
        """Asked anew for every stretch: a role that was withdrawn ends its imports."""
        by = Person.objects.filter(pk=self.list.started_by_id).first()
        place = self.list.municipality
        allowed = by is not None and (
            permissions.allows_in(by, ACTION, place) if place else permissions.nationwide(by, ACTION)
        )
        if by is None or not allowed:
            message = _("Quien subió esta lista ya no puede importar personal. Lo que ya entró se queda.")
            raise RuleBroken("import.not_allowed", message)
        return by

    def stretches(self) -> Iterator[list[Plan]]:
        """The rows of the file with what is to be done about each, `STRETCH` at a time; tells how far it is."""
        sealed = StaffImportFile.objects.filter(staff_import=self.list).values_list("sealed", flat=True).first()
        if sealed is None:
            raise RuleBroken("import.file_gone", _("El archivo ya no está. Súbalo de nuevo."))
        content = files.unseal(bytes(sealed), str(self.list.public_id))
        del sealed
        today = timezone.localdate(self.list.created_at)
        reader = Reader(Catalogue(self.by, self.list.municipality), self.list.mapping, today)
        rows = (
            reader.read(number, cells) for number, cells in files.rows_of(content) if number > self.list.heading_row
        )
        done = 0
        while stretch := list(islice(rows, STRETCH)):
            self._assert_still_allowed()
            self.planner = Planner(self.by, self.seen)
            yield self.planner.plan(stretch)
            done += len(stretch)
            self._claim.progress(done, max(self.list.rows, done))

    def write(self, **values: object) -> None:
        """Change the list's row. Raises `LeaseLost` when another worker has it, `_Stopped` when it was cancelled."""
        held = StaffImport.objects.filter(pk=self.list.pk, fence=self.list.fence, state=self._state)
        if held.update(**values):
            return
        if StaffImport.objects.filter(pk=self.list.pk, fence=self.list.fence).exists():
            raise _Stopped
        raise jobs.LeaseLost(str(self.list.public_id))

    def move_on(self, next_row: int, counts: Counter) -> None:
        """`write` for every row or group, at the price of the statement alone."""
        sql = (
            f"UPDATE {StaffImport._meta.db_table} SET next_row = %s, counts = %s "  # noqa: S608 own names
            "WHERE id = %s AND fence = %s AND state = %s"
        )
        kept = StaffImport._meta.get_field("counts").get_db_prep_save(dict(counts), connection)
        with connection.cursor() as cursor:
            cursor.execute(sql, [next_row, kept, self.list.pk, self.list.fence, self._state])
            if cursor.rowcount != 1:
                self.write(next_row=next_row)  # says why

    def keep_faults(self, plans: Iterable[Plan]) -> None:
        """Write down what is wrong with these rows."""
        StaffImportFault.objects.bulk_create(
            self._fault(plan, one.field, one.code, one.facts, is_warning=one.is_warning)
            for plan in plans
            for one in plan.row.faults
        )

    def _fault(self, plan: Plan, field: str, code: str, facts: dict, *, is_warning: bool = False) -> StaffImportFault:
        index = self.list.mapping.get(field)
        return StaffImportFault(
            staff_import=self.list,
            row=plan.row.number,
            field=field,
            column=self._headings[index] if index is not None else "",
            code=code,
            facts=facts,
            is_warning=is_warning,
        )

    def correct(self, plan: Plan, counts: Counter) -> None:
        """What only showed when the row was written, instead of what was foreseen."""
        self.write(next_row=plan.row.number + 1, counts=dict(counts))
        self.list.faults.filter(row=plan.row.number).delete()
        self.keep_faults([plan])


def _tally(plan: Plan) -> Counts:
    """What one row adds to the counts."""
    warnings = sum(one.is_warning for one in plan.row.faults)
    told = {"rows": 1, "warnings": warnings, "faults": len(plan.row.faults) - warnings}
    if plan.kind is Kind.OUT:
        return {**told, "out": 1}
    return {
        **told,
        "new_people" if plan.kind is Kind.NEW else "known_people": 1,
        "new_appointments": int(plan.appoints),
        "completed": int(plan.kind is Kind.CHANGE and not plan.appoints),
        "unchanged": int(plan.kind is Kind.SAME),
    }


@jobs.performs(CHECK)
def check(claim: jobs.Claim) -> None:
    """The dry run: read every row, and write down what would happen and what is wrong."""
    with suppress(_Stopped):
        _check(claim)


def _check(claim: jobs.Claim) -> None:
    work = _Work(claim, State.CHECKING)
    work.list.faults.all().delete()
    counts: Counter = Counter()
    for plans in work.stretches():
        for plan in plans:
            counts.update(_tally(plan))
        with transaction.atomic():
            work.write(foreseen=dict(counts))
            work.keep_faults(plans)
    with transaction.atomic():
        claim.assert_held()
        work.write(state=State.CHECKED, foreseen=dict(counts))


@jobs.performs(RUN)
def run(claim: jobs.Claim) -> None:
    """Take the good rows in; go on where a killed worker left off."""
    with suppress(_Stopped):
        _run(claim)


def _run(claim: jobs.Claim) -> None:
    work = _Work(claim, State.RUNNING)
    first = work.list.next_row
    work.list.faults.filter(row__gte=first).delete()
    counts = Counter(work.list.counts)
    for plans in work.stretches():
        # Rows that are in already are read all the same: later ones may speak of the same people.
        ahead = [plan for plan in plans if plan.row.number >= first]
        if ahead:
            _do(work, ahead, counts)
    _finish(work, claim, counts)


@contextmanager
def written_soon() -> Iterator[None]:
    """Commits that do not wait for the disk one by one: the next ordinary one, of anybody, carries them along.

    They stay in their order. A power cut can only take the newest rows back, together with `next_row`; the run then
    does them again. PostgreSQL calls it an asynchronous commit, SQLite `synchronous=NORMAL` with its WAL.
    """
    if connection.in_atomic_block:  # it may only be said between two transactions
        yield
        return
    is_postgres = connection.vendor == "postgresql"
    soon, again = (
        ("SET synchronous_commit TO off", "SET synchronous_commit TO DEFAULT")
        if is_postgres
        else ("PRAGMA synchronous=NORMAL", "PRAGMA synchronous=FULL")
    )
    with connection.cursor() as cursor:
        cursor.execute(soon)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(again)


def _do(work: _Work, plans: list[Plan], counts: Counter) -> None:
    with transaction.atomic():
        work.write(next_row=plans[0].row.number)
        work.list.faults.filter(row__gte=plans[0].row.number).delete()
        work.keep_faults(plans)
    with written_soon():
        for group in taking.together(plans):
            _do_group(work, group, counts)
    work.write(next_row=plans[-1].row.number + 1, counts=dict(counts))


def _do_group(work: _Work, group: list[Plan], counts: Counter) -> None:
    """Take the group in at once; if anything does not hold, its rows go one by one, and each says for itself why."""
    alone: set[int] = set()
    if sum(plan.kind is Kind.NEW for plan in group) > 1:
        try:
            return _do_at_once(work, group, counts)
        except _Namesakes as found:
            alone = found.rows
        except (DatabaseError, RuleBroken, ObjectDoesNotExist):
            pass  # such as a number that somebody got meanwhile, or a deadlock over one
    if alone:
        for part in taking.apart(group, alone):
            _do_group(work, part, counts)
        return
    for plan in group:
        counts.update(_tally(plan))
        if plan.kind in {Kind.NEW, Kind.CHANGE}:
            _do_row(work, plan, counts)


def _do_at_once(work: _Work, group: list[Plan], counts: Counter) -> None:
    new = [plan for plan in group if plan.kind is Kind.NEW]
    ahead = Counter(counts)
    for plan in group:
        ahead.update(_tally(plan))
    with transaction.atomic():
        work.move_on(group[-1].row.number + 1, ahead)
        if found := with_namesakes([plan.row for plan in new]):
            raise _Namesakes(found)
        taking.take_in_new(new, work.list, work.by)
    counts.clear()
    counts.update(ahead)


def _do_row(work: _Work, plan: Plan, counts: Counter) -> None:
    foreseen, said = _tally(plan), list(plan.row.faults)
    try:
        with transaction.atomic():
            work.move_on(plan.row.number + 1, counts)
            plan = look_again(work.planner, plan)
            if (_tally(plan), plan.row.faults) != (foreseen, said):
                _recount(counts, foreseen, plan)
                foreseen = _tally(plan)
                work.correct(plan, counts)
            if plan.kind in {Kind.NEW, Kind.CHANGE}:
                taking.take_in(plan, work.list, work.by)
    except (IntegrityError, RuleBroken, ObjectDoesNotExist) as error:
        _step_back(work, plan, counts, foreseen, error)


def _recount(counts: Counter, foreseen: Counts, plan: Plan) -> None:
    counts.subtract(foreseen)
    counts.update(_tally(plan))


def _step_back(work: _Work, plan: Plan, counts: Counter, foreseen: Counts, error: Exception) -> None:
    """What the row rests on changed since it was looked at: it stays out, and the others go on."""
    broken = people.taken(plan.person) if isinstance(error, IntegrityError) and plan.person else error
    if broken is None or isinstance(broken, IntegrityError):
        raise error
    code = broken.code if isinstance(broken, RuleBroken) and broken.code in faults.MESSAGES else CHANGED
    plan = kept_out(plan, code, FIELD_OF_RULE.get(code, ""))
    _recount(counts, foreseen, plan)
    with transaction.atomic():
        work.correct(plan, counts)


def _finish(work: _Work, claim: jobs.Claim, counts: Counter) -> None:
    with transaction.atomic():
        claim.assert_held()
        work.write(state=State.DONE, counts=dict(counts), finished_at=timezone.now())
        StaffImportFile.objects.filter(staff_import=work.list).delete()
        audit.record("import.ended", by=work.by, subject=subject_of(work.list), facts=dict(counts))


def subject_of(staff_import: StaffImport) -> str:
    """The list as the trail names it."""
    return f"lms.staffimport:{staff_import.public_id}"
