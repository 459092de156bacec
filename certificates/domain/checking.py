"""Reading the whole register and naming every row that is not as it must be. Nothing is written."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from certificates import keyring
from certificates.models import (
    CareerAnnotation,
    Certificate,
    CertificateAct,
    CertificateEvent,
    CertificateFile,
    Checkpoint,
    EarlierFile,
    LogHead,
    LogLeaf,
    LogNode,
    OwedCertificate,
    Renewal,
    Restoration,
    Series,
    StatusEntry,
    TemplatePicture,
    TemplateVersion,
    VoidNumber,
)
from certificates.pdf import SealBroken, check, good_until
from courses.models import CourseEdition
from lms.domain.audit import GENESIS, chain_digest
from lms.domain.texts import fold
from lms.models import AuditEvent, Job, Merge, Person

from . import (
    act_checking,
    career_checking,
    credentials,
    issuing,
    pictures,
    rendering,
    renewal_checking,
    restoring,
    signed_facts,
    status_checking,
    status_lists,
    sweeping,
    time_proofs,
    tree_checking,
)
from .log import build_entry

# How long a working system takes at most for what may be issued.
ISSUED_WITHIN = timedelta(minutes=2)
STANDING = (Certificate.State.ISSUED, Certificate.State.SUSPENDED)
_OF_ACTS = ("certificate", "person", "municipality", "asked_by", "decided_by")
PROTECTED = [
    model._meta.db_table
    for model in (
        Certificate,
        CertificateAct,
        CertificateEvent,
        EarlierFile,
        LogLeaf,
        LogNode,
        Checkpoint,
        Renewal,
        StatusEntry,
        CareerAnnotation,
        TemplatePicture,
        TemplateVersion,
        Restoration,
        VoidNumber,
        CourseEdition,
    )
]


def find_faults() -> Iterator[str]:
    """Each fault as a sentence that names its row. An empty run means that the register holds."""
    yield from _unprotected_tables()
    yield from _numbers()
    yield from _doubles()
    yield from _certificates()
    yield from _owed()
    yield from _log()
    yield from tree_checking.find_faults()
    yield from act_checking.find_faults()
    yield from restoring.find_faults()
    yield from status_checking.find_faults()
    yield from renewal_checking.find_faults()
    yield from career_checking.find_faults()
    yield from pictures.find_faults()


def _unprotected_tables() -> Iterator[str]:
    """The triggers that refuse changes must stand."""
    sql = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' GROUP BY name, tbl_name",
        "postgresql": "SELECT event_object_table FROM information_schema.triggers "
        "WHERE event_manipulation IN ('UPDATE', 'DELETE')",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        tables = [row[0] for row in cursor.fetchall()]
    for table in PROTECTED:
        if tables.count(table) < 2:
            yield f"table {table}: the triggers against change are missing"


def _numbers() -> Iterator[str]:
    """Every series is 1..N without gap: a certificate for each number, or that it is void since a restore."""
    for series in Series.objects.order_by("pk"):
        void = set(series.void_numbers.values_list("number", flat=True))
        present = set(series.certificates.values_list("number", flat=True)) | void
        if len(present) != series.last_number:
            besides = f" and {len(void)} void numbers" if void else ""
            count = len(present) - len(void)
            yield f"series {series}: {count} certificates{besides}, but the counter stands at {series.last_number}"
        if missing := sorted(set(range(1, max(present, default=0) + 1)) - present):
            yield f"series {series}: numbers {missing[:20]} are missing"


def _doubles() -> Iterator[str]:
    """One certificate in force for each person, course and edition."""
    doubles = (
        Certificate.objects.with_state()
        .filter(state__in=STANDING)  # type: ignore[misc]  # `with_state` annotates it
        .order_by()
        .values("person__public_id", "course_key", "edition")
        .annotate(count=Count("pk"))
        .filter(count__gt=1)
    )
    for row in doubles:
        yield f"person {row['person__public_id']}: {row['count']} certificates in force of course {row['course_key']}"
    yield from _doubles_since_a_merge()


def _doubles_since_a_merge() -> Iterator[str]:
    """Nobody was given a second one after their records were made one. Two from before stay, and are no fault."""
    in_force = Certificate.objects.with_state().filter(state__in=STANDING)  # type: ignore[misc]
    for merge in Merge.objects.filter(undone_at=None).select_related("survivor").order_by("pk").iterator():
        mine = in_force.filter(person__in=Person.objects.family(merge.survivor))
        counted: dict[tuple, list[Certificate]] = defaultdict(list)
        for one in mine.select_related("owed__completion"):
            counted[one.course_key, one.edition].append(one)
        for (course_key, _edition), ones in counted.items():
            late = [one for one in ones if one.issued_at > merge.merged_at]
            if late and len(ones) > 1:
                yield f"certificate {late[0].reference}: is a second one of course {course_key} for a merged record"


def _certificates() -> Iterator[str]:
    """Each has its reference, its events, its leaves with the same facts, and its file."""
    rows = (
        Certificate.objects.select_related(
            *("series", "person", "municipality", "post", "file", "status_entry", "supersedes", "superseded_by"),
            *("owed__completion__person",),
        )
        .prefetch_related("earlier_files", "events__leaf", "events__by", *(f"events__act__{name}" for name in _OF_ACTS))
        .order_by("pk")
    )
    for certificate in rows.iterator(chunk_size=500):
        changed = [*_events_of(certificate)]  # then its QR says something else as well, and need not be named
        qr = [] if changed else _qr_of(certificate)
        for fault in (*changed, *_file_of(certificate), *qr, *_status_of(certificate)):
            yield f"certificate {certificate.reference}: {fault}"
        expected = f"{certificate.series.name}-{certificate.series.year}-{certificate.number:06d}"
        if certificate.reference != expected:
            yield f"certificate {certificate.reference}: its series and number say {expected}"
        if certificate.person_name_folded != fold(certificate.person_name)[:255]:
            yield f"certificate {certificate.reference}: is not found by its name"
        if certificate.owed and not _is_of(certificate, certificate.owed):
            yield f"certificate {certificate.reference}: is not for the completion that it was owed for"


def _is_of(certificate: Certificate, owed: OwedCertificate) -> bool:
    """Whether what it was issued for is of the same person, course and edition."""
    done = owed.completion
    said = (certificate.person_id, certificate.course_key, certificate.edition)
    return said == (done.person_id, done.course_key, done.edition)


def _events_of(certificate: Certificate) -> Iterator[str]:
    kinds = [event.kind for event in certificate.events.all()]
    if kinds.count(CertificateEvent.Kind.ISSUED) != 1 or kinds[0] != CertificateEvent.Kind.ISSUED:
        yield f"its events are {kinds}, not one issue before all others"
    for event in certificate.events.all():
        leaf = getattr(event, "leaf", None)
        event.certificate = certificate
        if leaf is None:
            yield f"event {event.pk} ({event.kind}) has no leaf in the log"
            continue
        now = build_entry(event)
        changed = sorted(key for key in {*now, *leaf.entry} if now.get(key) != leaf.entry.get(key))
        if changed:
            yield f"differs from leaf {leaf.index} in {', '.join(changed)}"


def _status_of(certificate: Certificate) -> Iterator[str]:
    """The bit that it says is its own is the one that the lists are made from."""
    entry, said = getattr(certificate, "status_entry", None), certificate.facts.get("status")
    kept = (status_lists.path_of(entry.list), entry.index) if entry else None
    if kept != ((urlsplit(said["list"]).path, said["index"]) if said else None):
        yield "its bit in the lists of states is not the one that it says"
    beside = urlsplit((said or {}).get("suspension", "")).path
    if entry and beside not in {"", status_lists.path_of(entry.list, status_lists.SUSPENSION)}:
        yield "its list of suspensions is not the one beside its list of states"


def _qr_of(certificate: Certificate) -> Iterator[str]:
    """What its QR holds is signed by us and says the same. QRs from before hold nothing."""
    file = getattr(certificate, "file", None)
    try:
        if file and file.qr:
            signed_facts.check(file.qr, certificate)
    except signed_facts.NotOurs as problem:
        yield f"its QR: {problem}"


def _file_of(certificate: Certificate) -> Iterator[str]:
    file = getattr(certificate, "file", None)
    if file is None:
        yield "has no PDF yet"
    elif not default_storage.exists(file.path):
        yield f"its file {file.path} is not in the storage"
    else:
        with default_storage.open(file.path) as stored:
            content = stored.read()
        if sha256(content).hexdigest() != file.sha256 or len(content) != file.bytes:
            yield f"its file {file.path} is not the one that was drawn"
        else:
            yield from _seal_of(certificate, file, content)


def _seal_of(certificate: Certificate, file: CertificateFile, content: bytes) -> Iterator[str]:
    """The trail tells of the same file; its seal holds, over the same drawing. Files from before have neither."""
    told = AuditEvent.objects.filter(
        action__in=["certificate.sealed", "certificate.drawn_anew", time_proofs.EXTENDED],
        subject=f"certificates.Certificate:{certificate.public_id}",
        facts__has_key="key",
    )
    facts = list(told.order_by("pk").values_list("facts", flat=True))
    if not facts and not file.sealed_with:
        return
    newest = facts[-1] if facts else {}
    if rendering.told_of(file) != {name: newest[name] for name in rendering.TOLD if name in newest}:
        yield f"its file {file.path} is not the one that the trail tells of"
        return
    if [one["before"] for one in facts if "before" in one] != [one.sha256 for one in certificate.earlier_files.all()]:
        yield "the files that it had earlier are not those that the trail tells of"
    keys = {key.name: key.certificate for key in keyring.history(keyring.Use.SEAL)}
    if file.sealed_with not in keys:
        yield f"its file {file.path} was sealed with the key {file.sealed_with}, which is not there"
        return
    try:
        if check(content, [keys[file.sealed_with]]) != file.unsigned_sha256:
            yield f"its file {file.path} has a seal over another drawing"
        if file.time_until and good_until(content) != file.time_until:
            yield f"its file {file.path} proves its time until another day"
        credentials.check(file.credential, certificate)
    except SealBroken as problem:
        yield f"its file {file.path}: {problem}"
    except credentials.CredentialBroken as problem:
        yield f"its credential: {problem}"


def _owed() -> Iterator[str]:
    """What was issued says so, nothing says so that was not, and nothing waits that could have been issued."""
    for owed in OwedCertificate.objects.filter(issued_at=None, certificate__isnull=False):
        yield f"owed row {owed.pk}: has a certificate but no moment of issue"
    for owed in OwedCertificate.objects.filter(issued_at__isnull=False, certificate=None):
        yield f"owed row {owed.pk}: was issued but has no certificate"
    limit = timezone.now() - ISSUED_WITHIN
    # Whoever stands behind one record stands behind the other from the moment of the merge, or no more since its undo.
    lately = Merge.objects.filter(Q(merged_at__gte=limit) | Q(undone_at__gte=limit))
    in_change = {key for pair in lately.values_list("survivor", "absorbed") for key in pair}
    waiting = OwedCertificate.objects.due(limit).filter(owed_at__lt=limit, certificate=None)
    for owed in waiting.exclude(holder__in=in_change).order_by("pk"):  # type: ignore[misc]  # `due` annotates it
        yield f"owed row {owed.pk}: nothing is missing for it, but it was not issued"
    # What arrived late is asked for later than it was completed.
    asked_lately = set(Job.objects.filter(kind=issuing.ISSUE, created_at__gte=limit).values_list("subject", flat=True))
    unheard = sweeping.unheard().filter(completed_at__lt=limit, holder__in=Person.objects.certifiable(limit))
    for completion in unheard.exclude(holder__in=in_change):
        if str(completion.public_id) not in asked_lately:
            yield f"completion {completion.pk}: nothing is missing for its certificate, but it is not owed"


def _log() -> Iterator[str]:
    """The leaves are one chain from the first to the head, each the digest of what it says."""
    previous, expected = GENESIS, 0
    for leaf in LogLeaf.objects.order_by("index").iterator(chunk_size=1000):
        if leaf.index != expected:
            yield f"leaf {leaf.index}: leaf {expected} should come here"
        if leaf.previous_digest != previous:
            yield f"leaf {leaf.index}: does not chain to the leaf before it"
        if leaf.digest != chain_digest(leaf.previous_digest, leaf.entry):
            yield f"leaf {leaf.index}: its digest is not that of its entry"
        previous, expected = leaf.digest, leaf.index + 1
    head = LogHead.objects.filter(pk=1).first()
    if (head.length, head.digest) != (expected, previous) if head else expected:
        yield f"head of the log: does not stand at leaf {expected - 1}"
