"""The register of certificates: what is owed, what was issued, what happened to it since, and the log over it all.

Rows of `Certificate`, `CertificateEvent` and `LogLeaf` are never updated or deleted: triggers on both databases refuse
it (migration `certificates.0004`). A change of state is a new `CertificateEvent`.
"""

import uuid
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.domain.texts import fold
from lms.models import Municipality, Person, Post


class Series(models.Model):
    """A run of certificate numbers: `ANAM-2026-`. `last_number` is taken under a row lock."""

    name = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("serie")
        constraints = [models.UniqueConstraint(fields=["name", "year"], name="series_name_year")]

    def __str__(self) -> str:
        return f"{self.name}-{self.year}"


class OwedCertificateQuerySet(models.QuerySet["OwedCertificate"]):
    """Sets of the outbox."""

    def due(self, at: datetime | None = None) -> "OwedCertificateQuerySet":
        """Not issued, and somebody stood behind the person already at the moment `at` (default now)."""
        may_have_it = Person.objects.certifiable(at).filter(pk=OuterRef("holder"))
        holder = Coalesce("completion__person__merged_into", "completion__person")
        return self.annotate(holder=holder).filter(Exists(may_have_it), issued_at=None)

    def standing(self) -> "OwedCertificateQuerySet":
        """What waits, and what was issued while it or what took its place is in force."""
        held = Certificate.objects.in_force().filter(
            person=OuterRef("certificate__person"),
            course_key=OuterRef("certificate__course_key"),
            edition=OuterRef("certificate__edition"),
        )
        return self.filter(Q(certificate=None) | Exists(held))

    def beside(self, completion, person) -> "OwedCertificateQuerySet":
        """What the human being behind `person` is owed for the edition of `completion`, by another completion of it.

        Of what was issued only what is in force counts.
        """
        same = self.filter(completion__course_key=completion.course_key, completion__edition=completion.edition)
        others = same.exclude(completion=completion).filter(completion__person__in=Person.objects.family(person))
        return others.standing()


class OwedCertificate(models.Model):
    """The outbox: a completion that must become a certificate. One row per completion, kept for ever.

    Written by the job that `course_completed` asks for, or by the sweeper when that was lost. It waits while nobody
    stands behind the person (`PersonQuerySet.certifiable`).
    """

    completion = models.OneToOneField("courses.Completion", models.PROTECT, related_name="owed_certificate")
    owed_at = models.DateTimeField(default=timezone.now)
    issued_at = models.DateTimeField(null=True, blank=True)

    objects = OwedCertificateQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["owed_at"], condition=Q(issued_at=None), name="owed_and_not_issued")]

    def __str__(self) -> str:
        return str(self.completion_id)


def state_on(day: date, *, said: str, expires_on: str) -> Case:
    """`Certificate.State` on a day, of the kind of the newest event and the last day, each named by its column."""
    holds = Q(**{f"{said}__in": (CertificateEvent.Kind.ISSUED, CertificateEvent.Kind.REINSTATED)})
    return Case(
        When(holds & Q(**{f"{expires_on}__lt": day}), then=Value(Certificate.State.EXPIRED)),
        When(holds, then=Value(Certificate.State.ISSUED)),
        default=F(said),
        output_field=models.CharField(),
    )


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Sets of certificates."""

    def for_person(self, person) -> "CertificateQuerySet":
        """Those of one human being, under whatever record they were issued."""
        return self.filter(person__in=Person.objects.family(person))

    def in_force(self) -> "CertificateQuerySet":
        """Neither revoked nor superseded, so that nothing takes its place; also what expired or is suspended."""
        ended = CertificateEvent.objects.filter(kind__in=CertificateEvent.ENDS)
        return self.exclude(Exists(ended.filter(certificate=OuterRef("pk"))))

    def suspended(self) -> "CertificateQuerySet":
        """Those whose suspension nobody lifted, whatever became of them besides."""
        kinds = (CertificateEvent.Kind.SUSPENDED, CertificateEvent.Kind.REINSTATED)
        last = CertificateEvent.objects.filter(certificate=OuterRef("pk"), kind__in=kinds).order_by("-pk")
        return self.alias(last_said=Subquery(last.values("kind")[:1])).filter(last_said=kinds[0])

    def of_edition(self, course_key: uuid.UUID, edition: int) -> "CertificateQuerySet":
        """Those of one edition of a course."""
        return self.filter(course_key=course_key, edition=edition)

    def with_holder(self) -> "models.QuerySet[Any]":
        """Each with `holder`, the key of the record that stands for its person today."""
        return self.annotate(holder=Coalesce("person__merged_into", "person"))

    def search_words(self, query: str) -> "CertificateQuerySet":
        """Those on whose paper every word of `query` stands as the name; lists find nobody whose data were erased."""
        found, words = self, fold(query).split()[:8]
        for word in words:
            found = found.filter(person_name_folded__contains=word)
        return found.filter(person__erased_at=None) if words else found

    def with_state(self, on: date | None = None) -> "CertificateQuerySet":
        """Each with `state` (`Certificate.State`) on a day (default today) and `state_at`, from its newest event."""
        newest = CertificateEvent.objects.filter(certificate=OuterRef("pk")).order_by("-pk")
        state = state_on(on or timezone.localdate(), said="said", expires_on="expires_on")
        said = self.alias(said=Subquery(newest.values("kind")[:1]))
        return said.annotate(state=state, state_at=Subquery(newest.values("at")[:1]))


class Certificate(models.Model):
    """One certificate as it was issued. Every printed word is in these frozen columns, none is looked up again.

    `code` is 128 random bits in Crockford base32 (26 characters), the only key of the public page. `owed` is what it
    was issued for; null where two people asked for it and certified it. `supersedes` is the one whose place it took.
    """

    class State(models.TextChoices):
        """What a certificate is worth on a day: its newest event, or that its last day is over."""

        ISSUED = "issued", _("Vigente")
        EXPIRED = "expired", _("Vencido")
        REVOKED = "revoked", _("Revocado")
        SUPERSEDED = "superseded", _("Sustituido")
        SUSPENDED = "suspended", _("Suspendido")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    series = models.ForeignKey(Series, models.PROTECT, related_name="certificates")
    number = models.PositiveIntegerField()
    reference = models.CharField(_("número"), max_length=40, unique=True)
    code = models.CharField(_("código"), max_length=26, unique=True)
    owed = models.OneToOneField(OwedCertificate, models.PROTECT, null=True, related_name="certificate")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="certificates")
    course_key = models.UUIDField()
    edition = models.PositiveSmallIntegerField(default=1)
    revision = models.PositiveSmallIntegerField(default=1)
    person_name = models.CharField(_("nombre"), max_length=170)
    person_name_folded = models.CharField(max_length=255, help_text="what a search by name compares")
    course_title = models.CharField(_("curso"), max_length=255)
    kind = models.CharField(_("clase"), max_length=20, default="diploma")
    hours = models.DecimalField(_("horas"), max_digits=6, decimal_places=1)
    started_on = models.DateField(_("inicio"))
    completed_on = models.DateField(_("finalización"))
    score_percent = models.PositiveSmallIntegerField(_("nota"), null=True)
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, related_name="+")
    municipality_name = models.CharField(_("municipalidad"), max_length=150, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="+")
    post_name = models.CharField(_("puesto"), max_length=130, blank=True)
    issuer = models.CharField(_("emisor"), max_length=160)
    issued_at = models.DateTimeField(_("emitido el"))
    expires_on = models.DateField(_("vence el"), null=True, help_text="the last day that it holds; null: for ever")
    facts = models.JSONField(help_text="signatories, programme and whatever else the paper says")

    objects = CertificateQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-issued_at", "-number"]
        verbose_name = _("certificado")
        verbose_name_plural = _("certificados")
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="certificate_number_in_series"),
            models.UniqueConstraint(
                fields=["person", "course_key", "edition", "revision"], name="certificate_once_per_edition"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="certificate_number_from_one"),
        ]
        indexes = [models.Index(fields=["municipality", "course_key"]), models.Index(fields=["issued_at"])]

    def __str__(self) -> str:
        return self.reference

    @property
    def grouped_code(self) -> str:
        """The code as people read it: four groups of five and one of six."""
        code = self.code
        return "-".join([code[0:5], code[5:10], code[10:15], code[15:20], code[20:]])

    @property
    def listed_name(self) -> str:
        """The name for lists and exports: that of the paper, unless whoever it names asked for erasure."""
        return self.person.full_name if self.person.erased_at else self.person_name

    def newest_event(self) -> "CertificateEvent":
        """The event that decides the state."""
        return self.events.order_by("-pk")[0]


class CertificateEvent(models.Model):
    """What happened to a certificate: issued, revoked, superseded, suspended, reinstated."""

    class Kind(models.TextChoices):
        """Kinds of event; the newest decides the state."""

        ISSUED = "issued", _("Emitido")
        REVOKED = "revoked", _("Revocado")
        SUPERSEDED = "superseded", _("Sustituido")
        SUSPENDED = "suspended", _("Suspendido")
        REINSTATED = "reinstated", _("Suspensión levantada")

    ENDS = (Kind.REVOKED, Kind.SUPERSEDED)  # for good

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.certificate}: {self.kind}"


class LogLeaf(models.Model):
    """A leaf of the append-only log: the digest of an event's frozen facts, chained to the leaf before it.

    It tells of what happened to a certificate, of an annotation of somebody's career record, or that the register came
    back from a backup.

    `digest` is SHA-256 over the previous digest and the canonical JSON of `entry` (RFC 8785 for the types used here).
    """

    index = models.PositiveBigIntegerField(unique=True)
    event = models.OneToOneField(CertificateEvent, models.PROTECT, null=True, related_name="leaf")
    annotation = models.OneToOneField("certificates.CareerAnnotation", models.PROTECT, null=True, related_name="leaf")
    restoration = models.OneToOneField("certificates.Restoration", models.PROTECT, null=True, related_name="leaf")
    entry = models.JSONField()
    previous_digest = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["index"]
        constraints = [
            models.CheckConstraint(
                condition=Q(event__isnull=False, annotation=None, restoration=None)
                | Q(event=None, annotation__isnull=False, restoration=None)
                | Q(event=None, annotation=None, restoration__isnull=False),
                name="log_leaf_tells_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.digest[:12]}"


class LogHead(models.Model):
    """The one row that is locked while a leaf is appended: how many leaves there are and the newest one's digest."""

    length = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.length} {self.digest[:12]}"


class CertificateFile(models.Model):
    """The sealed PDF of a certificate in the default storage: the file that was given out.

    `sha256` is that of the whole file, `unsigned_sha256` that of the same before its seal, which can be made again from
    the frozen facts, `credential`, the proven JSON inside, and `qr`, what the QR says, at any time. What is empty was
    not there yet when the file was made, and files stay as they were given out; their QR leads to the check page.
    `time_until` is how long the newest proof of time in it can be checked; null where none is kept up.
    """

    certificate = models.OneToOneField(Certificate, models.PROTECT, related_name="file")
    path = models.CharField(max_length=255)
    bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    unsigned_sha256 = models.CharField(max_length=64, blank=True, default="")
    sealed_with = models.CharField(max_length=43, blank=True, default="", help_text="thumbprint of the key")
    credential = models.TextField(blank=True, default="", help_text="the JSON inside the file")
    qr = models.TextField(blank=True, default="", help_text="the address of the signed facts, as printed")
    rendered_at = models.DateTimeField(default=timezone.now)
    time_until = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            models.Index(fields=["time_until"], condition=Q(time_until__isnull=False), name="file_keeps_proof_of_time")
        ]

    def __str__(self) -> str:
        return self.path


class EarlierFile(models.Model):
    """The digest of a file that was given out before another proof of time was added. It is good, too.

    Rows are never updated or deleted. What was lost and drawn anew is told by the trail alone.
    """

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="earlier_files")
    sha256 = models.CharField(max_length=64, unique=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.sha256[:12]
