"""The career record: annotations that are added and never changed, what can be erased of them, and links to share it.

Rows of `CareerAnnotation` are never updated or deleted: triggers on both databases refuse it (migration
`certificates.0014`). Everything that is shown is a fold over them (`certificates.domain.transcripts`).
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lms.models import Municipality, Person, Post


class CareerAnnotationQuerySet(models.QuerySet["CareerAnnotation"]):
    """Sets of annotations."""

    def for_person(self, person) -> "CareerAnnotationQuerySet":
        """Those of one human being, under whatever record they were made."""
        return self.filter(person__in=Person.objects.family(person))

    def entries(self) -> "CareerAnnotationQuerySet":
        """What was declared; without the steps that were taken since."""
        return self.filter(about=None)

    def waiting_for(self, *steps: str) -> "CareerAnnotationQuerySet":
        """Entries of which exactly these steps were taken since they were declared, and no other."""
        found = self.entries().filter(person__erased_at=None)
        for step in CareerAnnotation.Step.values[1:]:
            taken = CareerAnnotation.objects.filter(about=models.OuterRef("pk"), step=step)
            found = found.filter(models.Exists(taken) if step in steps else ~models.Exists(taken))
        return found


class CareerAnnotation(models.Model):
    """One line of the ledger: something that was declared of a person, or a step about such an entry.

    `municipality` and `post` are those held on `occurred_on`; `asked` is the town hall whose Human Resources are to
    compare it with the original, none where only ANAM can. `facts` holds no free text: what somebody wrote is in
    `AnnotationDetails`, of which `details_sha256` is the digest. The log holds a digest of the whole row, with `salt`
    (128 random bits in hex), so that a leaf tells a stranger nothing.
    """

    class Kind(models.TextChoices):
        """What an entry is about."""

        MOVEMENT = "movement", _("Nombramiento o movimiento")
        TRAINING = "training", _("Formación en otra parte")
        COMPETENCY = "competency", _("Competencia")
        EVALUATION = "evaluation", _("Evaluación del desempeño")
        MERIT = "merit", _("Mérito")
        CERTIFICATE = "certificate", _("Certificado de otra parte")
        CORRECTION = "correction", _("Corrección")

    class Step(models.TextChoices):
        """What happened to an entry, in the order in which it can; the last one counts."""

        DECLARED = "declared", pgettext_lazy("entry of the record", "Declarado")
        CHECKED = "checked", pgettext_lazy("entry of the record", "Cotejado")
        CERTIFIED = "certified", pgettext_lazy("entry of the record", "Certificado")
        REFUSED = "refused", pgettext_lazy("entry of the record", "No aceptado")
        WITHDRAWN = "withdrawn", pgettext_lazy("entry of the record", "Retirado")
        ANNULLED = "annulled", pgettext_lazy("entry of the record", "Anulado")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="career_annotations")
    kind = models.CharField(max_length=12, choices=Kind)
    step = models.CharField(max_length=12, choices=Step, default=Step.DECLARED)
    about = models.ForeignKey("self", models.PROTECT, null=True, related_name="steps")
    asked = models.ForeignKey(Municipality, models.PROTECT, null=True, related_name="+")
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, related_name="+")
    municipality_name = models.CharField(max_length=150, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="+")
    post_name = models.CharField(max_length=130, blank=True)
    facts = models.JSONField(default=dict, help_text="hours, modality, days, digest of the evidence")
    occurred_on = models.DateField()
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    salt = models.CharField(max_length=32)
    details_sha256 = models.CharField(max_length=64, blank=True)

    objects = CareerAnnotationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "movement",
                        "training",
                        "competency",
                        "evaluation",
                        "merit",
                        "certificate",
                        "correction",
                    ]
                ),
                name="career_annotation_kind",
            ),
            models.CheckConstraint(
                condition=Q(step="declared", about=None)
                | Q(
                    step__in=["checked", "certified", "refused", "withdrawn", "annulled"],
                    about__isnull=False,
                ),
                name="career_annotation_step",
            ),
            models.CheckConstraint(
                condition=Q(step__in=["declared", "withdrawn"]) | ~Q(recorded_by=F("person")),
                name="career_annotation_never_of_oneself",
            ),
            models.UniqueConstraint(fields=["about", "step"], name="career_annotation_step_once"),
            models.UniqueConstraint(
                fields=["about"],
                condition=Q(step__in=["refused", "withdrawn", "annulled"]),
                name="career_annotation_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["asked"], condition=Q(about=None), name="career_annotation_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.step}"


class AnnotationDetails(models.Model):
    """What was written in an annotation, and its evidence: what goes when the person is erased; the digest stays.

    `texts` is {"title": …, "institution": …} of an entry, {"reason": …} of a step. `salt` goes with it, so that nobody
    can find out from the digest by guessing what was there. `path` is in the default storage, empty without evidence.
    """

    annotation = models.OneToOneField(CareerAnnotation, models.PROTECT, related_name="details")
    texts = models.JSONField(default=dict)
    salt = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=200, blank=True)
    suffix = models.CharField(max_length=8, blank=True)
    path = models.CharField(max_length=200, blank=True)
    bytes = models.PositiveIntegerField(default=0)
    erased_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["path"], condition=~Q(path=""), name="annotation_details_path"),
        ]

    def __str__(self) -> str:
        return str(self.annotation_id)


class CareerShareQuerySet(models.QuerySet["CareerShare"]):
    """Sets of links."""

    def open(self) -> "CareerShareQuerySet":
        """Those that still lead somewhere: of people whose record is open."""
        return self.filter(ended_at=None, expires_at__gt=timezone.now(), person__is_active=True, person__erased_at=None)


class CareerShare(models.Model):
    """A link to (a part of) somebody's record, until `expires_at`. Of its code, 128 random bits, a digest is kept."""

    class Parts(models.TextChoices):
        """What is shown."""

        ALL = "all", _("Todo: puestos, formación y certificados")
        TRAINING = "training", _("La formación y los certificados, sin los puestos")
        CERTIFICATES = "certificates", _("Solo los certificados")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="career_shares")
    code_sha256 = models.CharField(max_length=64, unique=True)
    parts = models.CharField(max_length=12, choices=Parts, default=Parts.CERTIFICATES)
    note = models.CharField(max_length=80, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = CareerShareQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parts__in=["all", "training", "certificates"]), name="career_share_parts"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="career_share_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def is_open(self) -> bool:
        """Whether it still leads somewhere."""
        return self.ended_at is None and self.expires_at > timezone.now()


class ShareOpening(models.Model):
    """That a link was opened: in which hour, and on what, in one word. No address is kept."""

    class Device(models.TextChoices):
        """What it was opened with."""

        PHONE = "phone", _("un teléfono")
        COMPUTER = "computer", _("una computadora")
        OTHER = "other", _("otro aparato")

    share = models.ForeignKey(CareerShare, models.CASCADE, related_name="openings")
    hour = models.DateTimeField()
    device = models.CharField(max_length=8, choices=Device)
    count = models.PositiveIntegerField(default=1)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-hour"]
        constraints = [models.UniqueConstraint(fields=["share", "hour", "device"], name="share_opening_once_an_hour")]

    def __str__(self) -> str:
        return f"{self.share_id} {self.hour:%Y-%m-%d %H}"
