"""The package that a town hall hands over at a change of government: who was certified, in what, with which tools.

A ZIP of lists with a manifest of their digests, and a sealed act that says the same on paper. It is made by a job, may
be fetched for a while, and goes then: names should not lie about. Whoever is erased takes with them those they may be
in.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from certificates.models import Certificate, HandoverPackage
from certificates.pdf import paper, words
from certificates.pdf.finishing import Attachment
from certificates.pdf.metadata import Description
from certificates.pdf.paper import Piece
from courses.models import ToolPage
from lms import permissions
from lms.domain import audit, job_words, jobs, sheets
from lms.domain.errors import RuleBroken
from lms.domain.sheets import Cell
from lms.models import Appointment, Job, Municipality, Person

from . import lines, portable

KIND = "certificates.handover"
ACTION = "hand_over"
FOLDER = "entregas-de-gobierno"
KEPT = timedelta(days=30)
MANIFEST, ACT = "manifest.json", "acta-de-entrega.pdf"


class Outdated(Exception):
    """Somebody who may stand in it was erased while it was made: it is made anew."""


def ask(*, municipality: Municipality, by: Person) -> HandoverPackage:
    """Have a package made; one that is being made is given instead. Raises `handover.not_allowed`."""
    if not permissions.allows_in(by, ACTION, municipality):
        raise RuleBroken("handover.not_allowed", _("Su rol no le permite preparar este paquete."))
    with transaction.atomic():
        package, is_new = HandoverPackage.objects.get_or_create(
            municipality=municipality, ready_at=None, defaults={"asked_by": by}
        )
        jobs.request(KIND, package.public_id, by=by)
        if is_new:
            audit.record("handover.asked", by=by, subject=_subject(package), facts={"municipality": municipality.code})
    return package


def with_jobs(municipality: Municipality) -> list[tuple[HandoverPackage, Job | None]]:
    """The newest packages of a town hall, each with the job that makes it."""
    packages = list(HandoverPackage.objects.filter(municipality=municipality)[:10])
    asked = Job.objects.filter(kind=KIND, subject__in=[str(one.public_id) for one in packages]).order_by("pk")
    by_subject = {job.subject: job for job in asked}
    return [(one, by_subject.get(str(one.public_id))) for one in packages]


@job_words.names(KIND)
def names_of(subjects) -> dict[str, str]:
    """The municipalities of the packages that jobs make."""
    found = HandoverPackage.objects.filter(public_id__in=set(subjects)).select_related("municipality")
    return {str(one.public_id): str(one.municipality) for one in found}


@jobs.performs(KIND)
def perform(claim: jobs.Claim) -> None:
    """Make one package. Made already, nothing happens; what dies midway is made anew."""
    package = HandoverPackage.objects.select_related("municipality__department").get(public_id=claim.job.subject)
    if package.ready_at:
        return
    begun, path = timezone.now(), f"{FOLDER}/{package.public_id}-{claim.fence}.zip"
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as out, translation.override("es"):
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            _fill(archive, package, claim)
        out.seek(0)
        digest, size = sha256(out.read()).hexdigest(), out.tell()
        out.seek(0)
        if default_storage.exists(path):
            default_storage.delete(path)
        default_storage.save(path, File(out))
    try:
        with transaction.atomic():
            # Before the job's row, as an erasure takes them; what it erases meanwhile is seen once it has ended.
            HandoverPackage.objects.select_for_update(of=("self",), no_key=True).get(pk=package.pk)
            _publish(claim, package, begun, {"path": path, "bytes": size, "sha256": digest})
    except BaseException:
        default_storage.delete(path)
        raise


def _publish(claim: jobs.Claim, package: HandoverPackage, begun: datetime, facts: dict) -> None:
    with claim.publishing():
        erased = Person.objects.filter(erased_at__gte=begun, certificates__municipality=package.municipality)
        if erased.exists():
            raise Outdated(str(package.public_id))
        HandoverPackage.objects.filter(pk=package.pk, ready_at=None).update(**facts, ready_at=timezone.now())
        audit.record("handover.made", by=None, subject=_subject(package), facts={"sha256": facts["sha256"]})


def _fill(archive: zipfile.ZipFile, package: HandoverPackage, claim: jobs.Claim) -> None:
    """Each list, then the manifest of their digests, then the act that says them on paper."""
    place, at = package.municipality, timezone.localtime().replace(microsecond=0)
    papers = list(_certificates(place))
    posts = set(Appointment.objects.current().confirmed().filter(municipality=place).values_list("post", flat=True))
    parts = {
        "certificados.csv": lambda: _csv(_CERTIFICATES, _rows(papers)),
        "certificados.xlsx": lambda: _xlsx("Certificados", _CERTIFICATES, _rows(papers)),
        "vencimientos.csv": lambda: _csv(_CERTIFICATES, _rows(_ending(papers))),
        "herramientas.csv": lambda: _csv(_TOOLS, _tools(posts, papers)),
    }
    listed = []
    for number, (name, make) in enumerate(parts.items()):
        claim.progress(number, len(parts) + 1, name)
        content = make()
        archive.writestr(name, content)
        listed.append({"name": name, "sha256": sha256(content).hexdigest(), "bytes": len(content)})
    claim.progress(len(parts), len(parts) + 1, ACT)
    manifest = {
        "municipality": place.code,
        "name": str(place),
        "madeAt": at.isoformat(),
        "package": str(package.public_id),
        "files": listed,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    archive.writestr(MANIFEST, text)
    archive.writestr(ACT, _act(package, manifest, text, at))


def _certificates(place: Municipality) -> Iterator[Certificate]:
    """Every certificate that names the place, the newest first, whatever became of it; of nobody who was erased."""
    found = Certificate.objects.with_state().filter(municipality=place, person__erased_at=None)
    return found.select_related("person").iterator(chunk_size=2000)


_CERTIFICATES = [
    "Número",
    "Nombre",
    "Puesto",
    "Curso",
    "Horas",
    "Completado",
    "Emitido",
    "Estado",
    "Vence",
    "Se comprueba en",
]
_TOOLS = ["Código", "Herramienta", "Para los puestos", "Curso que la enseña", "Personas certificadas en él"]


def _rows(papers: list[Certificate]) -> Iterator[list[Cell]]:
    for one in papers:
        yield [
            one.reference,
            one.listed_name,
            one.post_name,
            one.course_title,
            one.hours,
            one.completed_on,
            timezone.localdate(one.issued_at),
            lines.state_of(one)[0],
            getattr(one, "expires_on", None),
            one.facts["verify_url"],
        ]


def _ending(papers: list[Certificate]) -> list[Certificate]:
    """Those in force that expire, the next one first."""
    found = [one for one in papers if lines.is_standing(one) and getattr(one, "expires_on", None)]
    return sorted(found, key=lambda one: (one.expires_on, one.reference))


def _tools(posts: set[int], papers: list[Certificate]) -> Iterator[list[Cell]]:
    """The tools that are meant for the posts of the town hall, or whose course somebody there was certified in."""
    people: dict = {}
    for one in papers:
        if lines.is_standing(one):
            people.setdefault(one.course_key, set()).add(one.person.merged_into_id or one.person_id)
    keys = Q(posts__in=posts) | Q(course__translation_key__in=list(people))
    found = ToolPage.objects.live().filter(keys).distinct().select_related("course").prefetch_related("posts")
    for tool in found.order_by("code"):
        held = [post.name for post in tool.posts.all() if post.pk in posts]
        certified = len(people.get(tool.course.translation_key, ())) if tool.course else 0
        yield [tool.code, tool.title, ", ".join(held), tool.course.title if tool.course else "", certified]


def _xlsx(title: str, headings: list[str], rows: Iterator[list[Cell]]) -> bytes:
    with sheets.write_xlsx(title, headings, rows) as book:
        return book.read()


def _csv(headings: list[str], rows: Iterator[list[Cell]]) -> bytes:
    return "".join(sheets.csv_lines(headings, rows)).encode()


def _act(package: HandoverPackage, manifest: dict, text: bytes, at: datetime) -> bytes:
    """The sealed act, with the manifest inside."""
    described = Description(
        title="Acta de entrega",
        author=portable.AUTHOR,
        subject=f"Formación y certificados de la Municipalidad de {package.municipality}",
        keyword=str(package.public_id),
        at=at,
    )
    inside = [Attachment(MANIFEST, "application/json", "Las huellas de cada archivo, para máquinas", text)]
    return portable.sealed(paper.render(described, _pieces(package, manifest, text, at), inside), at)


def _pieces(package: HandoverPackage, manifest: dict, text: bytes, at: datetime) -> Iterator[tuple[Piece, str]]:
    yield Piece.TITLE, "Acta de entrega"
    yield Piece.HEADING, f"Municipalidad de {package.municipality}"
    yield Piece.TEXT, f"Hecha el {words.day(at.date())}, a las {at:%H:%M}. Paquete {package.public_id}."
    yield (
        Piece.QUIET,
        "El paquete dice quién está certificado y en qué, qué herramientas se usan y qué vence después. Cada archivo "
        "es el que se entregó si su huella SHA-256 es la que está escrita aquí; el sello de este documento la ampara.",
    )
    own = {"name": MANIFEST, "sha256": sha256(text).hexdigest(), "bytes": len(text)}
    for one in (*manifest["files"], own):
        yield Piece.NAME, f"{one['name']} ({one['bytes']} bytes)"
        yield Piece.TEXT, one["sha256"]


def note_download(package: HandoverPackage, *, by: Person) -> None:
    """Tell the trail who fetched it."""
    with transaction.atomic():
        audit.record("handover.taken", by=by, subject=_subject(package), facts={"sha256": package.sha256})


# Letting go --------------------------------------------------------------------------------------------------------


def forget(at: datetime | None = None) -> int:
    """Let the files of packages go that have been ready for `KEPT`. Returns how many."""
    before = (at or timezone.now()) - KEPT
    return _drop(HandoverPackage.objects.filter(ready_at__lt=before).exclude(path=""))


def drop_with(person: Person) -> int:
    """Let go of those in which somebody who is being erased may stand. Returns how many."""
    places = Certificate.objects.filter(person=person, municipality__isnull=False).values("municipality")
    found = HandoverPackage.objects.filter(municipality__in=places).order_by("pk")
    return _drop(found.select_for_update(of=("self",), no_key=True))


def _drop(packages) -> int:
    with transaction.atomic():
        rows = [one for one in packages if one.path]
        HandoverPackage.objects.filter(pk__in=[one.pk for one in rows]).update(path="")
        for one in rows:
            transaction.on_commit(partial(default_storage.delete, one.path))
    return len(rows)


def _subject(package: HandoverPackage) -> str:
    return f"certificates.HandoverPackage:{package.public_id}"
