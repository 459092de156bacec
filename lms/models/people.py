"""People, their appointments and their networks. One person, one record for life, with or without a login."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.domain.texts import fold, sound

from .networks import Network
from .places import Language, Municipality, Post

ADULT_YEARS = 18


def youngest_adult_birth(on: date) -> date:
    """The last day on which somebody who is grown up on the day `on` can have been born."""
    try:
        return on.replace(year=on.year - ADULT_YEARS)
    except ValueError:  # a 29th of February
        return on.replace(year=on.year - ADULT_YEARS, day=28)


class PersonQuerySet(models.QuerySet["Person"]):
    """Sets of people."""

    def active(self) -> "PersonQuerySet":
        """People whose record is open."""
        return self.filter(is_active=True)

    def standing(self) -> "PersonQuerySet":
        """Records that were not taken into another."""
        return self.filter(merged_into=None)

    def family(self, person: "Person") -> "PersonQuerySet":
        """Every record of the same human being: the one that stands, and those that it took in."""
        root = person.merged_into_id or person.pk
        return self.filter(Q(pk=root) | Q(merged_into=root))

    def families(self, keys: Iterable[int]) -> "PersonQuerySet":
        """The records that stand, of which `keys` are, and all that they took in."""
        return self.filter(Q(pk__in=keys) | Q(merged_into__in=keys))

    def in_municipality(self, municipality: Municipality) -> "PersonQuerySet":
        """People who hold an appointment there today."""
        return self.filter(pk__in=Appointment.objects.current().filter(municipality=municipality).values("person_id"))

    def search_words(self, query: str) -> "PersonQuerySet":
        """People whose name has every word of `query`, whatever its accents and apostrophes."""
        found = self
        for word in fold(query).split()[:8]:
            found = found.filter(search_text__contains=word)
        return found

    def certifiable(self, at: datetime | None = None) -> "PersonQuerySet":
        """Those in whose name a certificate may be issued, and might already have been at the moment `at`.

        Somebody stands behind them: a town hall or ANAM with a confirmed appointment, held or past, or a network with
        a confirmed membership, current or past. A minor also needs a guardian's consent that holds.
        """
        at = at or timezone.now()
        today = timezone.localdate(at)
        posts = Appointment.objects.filter(person=OuterRef("pk"), confirmed_at__lte=at, starts_on__lte=today)
        places = Membership.objects.filter(person=OuterRef("pk"), confirmed_at__lte=at)
        consent = GuardianConsent.objects.filter(person=OuterRef("pk"), confirmed_at__lte=at, withdrawn_at=None)
        is_of_age = Q(born_on=None) | Q(born_on__lte=youngest_adult_birth(today))
        return self.filter(Exists(posts) | Exists(places), is_of_age | Exists(consent))


class PersonManager(BaseUserManager.from_queryset(PersonQuerySet)):  # type: ignore[misc]
    """Makes people; verbs that register somebody live in `lms.domain.people`."""

    def create_superuser(self, public_id: str | None = None, password: str | None = None, **fields) -> "Person":
        """The first administrator of an installation, made from the command line."""
        fields.setdefault("given_names", "Administración")
        fields.setdefault("surnames", "del sistema")
        person = self.model(is_superuser=True, **fields)
        if public_id:
            person.public_id = public_id
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser, PermissionsMixin):
    """A human being known to the system, and the user model.

    The CUI (13 digits, text) is kept encrypted in `cui_encrypted` and found by `cui_digest`, an HMAC keyed outside
    the database; `lms.domain.identity` reads and writes both. E-mail and phone are optional and unique.
    `merged_into` names the record that absorbed this one (`lms.domain.duplicates`); `erased_at` says that the person
    asked for erasure and what need not be held is gone.
    """

    public_id = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True)
    given_names = models.CharField(_("nombres"), max_length=80)
    surnames = models.CharField(_("apellidos"), max_length=80)
    email = models.EmailField(_("correo electrónico"), null=True, blank=True, unique=True)
    phone = models.CharField(
        _("teléfono"), max_length=16, null=True, blank=True, unique=True, help_text=_("Ocho dígitos.")
    )
    cui_digest = models.CharField(max_length=64, null=True, editable=False, unique=True)
    cui_encrypted = models.TextField(blank=True, editable=False)
    born_on = models.DateField(_("fecha de nacimiento"), null=True, blank=True)
    language = models.ForeignKey(
        Language, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("primer idioma")
    )
    search_text = models.CharField(max_length=200, editable=False, default="")
    is_active = models.BooleanField(_("activo"), default=True)
    is_demo = models.BooleanField(_("de demostración"), default=False, editable=False)
    name_sound = models.CharField(max_length=200, editable=False, default="", db_index=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="absorbed"
    )
    erased_at = models.DateTimeField(_("borrado el"), null=True, blank=True, editable=False)
    session_epoch = models.PositiveIntegerField(null=True, editable=False)  # raising it ends every session
    joined_at = models.DateTimeField(_("registrado el"), default=timezone.now, editable=False)

    objects = PersonManager()

    USERNAME_FIELD = "public_id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["surnames", "given_names"]
        verbose_name = _("persona")
        verbose_name_plural = _("personas")

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args, **kwargs) -> None:
        """Keeps what people are found by: the folded name, its sound, and the e-mail in small letters."""
        self.keep_name_findable()
        self.email = self.email.lower() if self.email else self.email
        if (fields := kwargs.get("update_fields")) is not None and {"given_names", "surnames"} & set(fields):
            kwargs["update_fields"] = {*fields, "search_text", "name_sound"}
        super().save(*args, **kwargs)

    def keep_name_findable(self) -> None:
        """Bring the two columns in step with the names; for whoever saves in another way than `save`."""
        self.search_text = fold(self.full_name)[:200]
        self.name_sound = sound(self.full_name)[:200]

    @property
    def full_name(self) -> str:
        """Given names and surnames, as in the DPI."""
        return f"{self.given_names} {self.surnames}".strip()

    def get_full_name(self) -> str:
        """Django's and Wagtail's name for `full_name`."""
        return self.full_name

    def get_short_name(self) -> str:
        """The first given name."""
        return self.given_names.split(" ")[0]

    def get_username(self) -> str:
        """As text: Wagtail's menu packs it into JSON."""
        return str(self.public_id)

    @property
    def may_sign_in(self) -> bool:
        """Whether the record is open, its own, and not erased."""
        return self.is_active and self.merged_into_id is None and self.erased_at is None

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Django's, and the epoch: a session of an earlier epoch ends at its next request."""
        digest = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # the stubs leave it out
        return f"{digest}:{self.session_epoch}" if self.session_epoch else digest

    @property
    def first_name(self) -> str:
        """Wagtail's menu greets by it."""
        return self.get_short_name()

    @property
    def initials(self) -> str:
        """First letters of the first given name and the first surname."""
        return "".join(part[:1] for part in (self.given_names, self.surnames)).upper()

    @property
    def holder(self) -> "Person":
        """The record that stands for this human being: oneself, unless another took this one in."""
        return self.merged_into or self

    def current_appointment(self) -> "Appointment | None":
        """The appointment held today; the newest if there are several."""
        return self.appointments.current().select_related("municipality__department", "post").last()


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Sets of appointments."""

    def current(self, on=None) -> "AppointmentQuerySet":
        """Those in force on the day `on` (default today)."""
        on = on or timezone.localdate()
        return self.filter(Q(starts_on__lte=on), Q(ends_on__isnull=True) | Q(ends_on__gte=on), refused_at=None)

    def lasting(self, on=None) -> "AppointmentQuerySet":
        """Those in force on the day `on` (default today) or later: not refused and not over."""
        on = on or timezone.localdate()
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), refused_at=None)

    def confirmed(self) -> "AppointmentQuerySet":
        """Those that the town hall or ANAM stands behind, whether they last or not."""
        return self.filter(confirmed_at__isnull=False)

    def awaiting(self) -> "AppointmentQuerySet":
        """Declared by the person, and neither confirmed nor refused yet."""
        return self.filter(confirmed_at=None, refused_at=None)


class Appointment(models.Model):
    """A person's post in a municipality, from–to. `ends_on` is the last day, empty while it lasts.

    What a person declares of themselves waits until the town hall's HR delegate confirms or refuses it; what HR or ANAM
    enters is confirmed from the start. A refused one counts for nothing and is kept with its reason.
    """

    class Renglon(models.TextChoices):
        """Budget lines of employment."""

        PERMANENT = "011", _("011 Personal permanente")
        CONTRACT = "022", _("022 Personal por contrato")
        SERVICES = "029", _("029 Otras remuneraciones de personal temporal")
        DAILY = "031", _("031 Jornales")
        COUNCIL = "061", _("061 Dietas")
        NONE = "", _("Sin renglón")

    class EndReason(models.TextChoices):
        """Why an appointment ended; empty where nobody said."""

        RESIGNED = "resigned", _("Renuncia")
        CONTRACT = "contract", _("Fin del contrato o del período")
        DISMISSED = "dismissed", _("Despido o remoción")
        MOVED = "moved", _("Traslado a otra municipalidad")
        RETIRED = "retired", _("Jubilación")
        DIED = "died", _("Fallecimiento")
        OTHER = "other", _("Otro motivo")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="appointments", verbose_name=_("persona"))
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, related_name="appointments", verbose_name=_("municipalidad")
    )
    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments", verbose_name=_("puesto"))
    renglon = models.CharField(_("renglón"), max_length=3, choices=Renglon, blank=True)
    starts_on = models.DateField(_("desde"))
    ends_on = models.DateField(_("hasta"), null=True, blank=True)
    act = models.CharField(
        _("acta o acuerdo"), max_length=120, blank=True, help_text=_("Por ejemplo: Acuerdo de Alcaldía 12-2026.")
    )
    end_reason = models.CharField(_("motivo del final"), max_length=12, choices=EndReason, blank=True)
    end_act = models.CharField(_("acta o acuerdo del final"), max_length=120, blank=True)
    is_declared = models.BooleanField(_("declarado por la persona"), default=True)
    confirmed_at = models.DateTimeField(_("confirmado el"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("confirmado por")
    )
    refused_at = models.DateTimeField(_("rechazado el"), null=True, blank=True)
    refusal = models.CharField(_("motivo del rechazo"), max_length=300, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        verbose_name = _("nombramiento")
        verbose_name_plural = _("nombramientos")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="appointment_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(refused_at=None), name="appointment_not_confirmed_and_refused"
            ),
        ]
        indexes = [models.Index(fields=["municipality", "post"])]

    def __str__(self) -> str:
        return f"{self.post.name} · {self.municipality.name_common}"

    @property
    def is_awaiting(self) -> bool:
        """Whether HR has still to look at it."""
        return self.confirmed_at is None and self.refused_at is None


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Sets of memberships."""

    def current(self) -> "MembershipQuerySet":
        """Memberships that were confirmed and have not ended."""
        return self.filter(left_on__isnull=True, confirmed_at__isnull=False)

    def awaiting(self) -> "MembershipQuerySet":
        """Those who asked to join and have no answer yet."""
        return self.filter(left_on__isnull=True, confirmed_at=None, invited_at=None)

    def invited(self) -> "MembershipQuerySet":
        """Invitations that the person has not answered yet."""
        return self.filter(left_on__isnull=True, confirmed_at=None, invited_at__isnull=False)

    def open(self) -> "MembershipQuerySet":
        """Current ones and requests that wait for an answer: what whoever looks after the network sees."""
        return self.filter(Q(confirmed_at__isnull=False) | Q(invited_at=None), left_on__isnull=True)


class Membership(models.Model):
    """A person's place in a network, for one municipality; `confirmed_at` is empty until it is answered.

    What has an end and was never confirmed is a request that the network did not accept; or, where `invited_at` says
    when a coordinator invited the person, an invitation that they declined. Of those a person has at most one that did
    not end in a network, and nobody but the person sees an invitation.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships", verbose_name=_("persona"))
    network = models.ForeignKey(Network, models.CASCADE, related_name="memberships", verbose_name=_("red"))
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="+", verbose_name=_("municipio"))
    is_coordinator = models.BooleanField(_("coordina"), default=False)
    joined_on = models.DateField(_("desde"), default=timezone.localdate)
    left_on = models.DateField(_("hasta"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmado el"), null=True, blank=True, default=timezone.now)
    invited_at = models.DateTimeField(_("invitación del"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["network", "person"]
        verbose_name = _("integrante")
        verbose_name_plural = _("integrantes")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "network"], condition=Q(left_on__isnull=True), name="membership_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.network}"


class GuardianConsent(models.Model):
    """That a mother, father or guardian lets a minor take part.

    The minor names the guardian when registering; a coordinator of their network or ANAM confirms it when the signed
    paper is in their hands. Of the guardian nothing but a name and the relation is kept.
    """

    class Relation(models.TextChoices):
        """Who signs."""

        MOTHER = "mother", _("Madre")
        FATHER = "father", _("Padre")
        GUARDIAN = "guardian", _("Persona encargada")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.OneToOneField(Person, models.CASCADE, related_name="guardian_consent", verbose_name=_("persona"))
    guardian_name = models.CharField(_("nombre de quien autoriza"), max_length=160)
    relation = models.CharField(_("parentesco"), max_length=10, choices=Relation)
    declared_at = models.DateTimeField(_("declarado el"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmado el"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("confirmado por")
    )
    withdrawn_at = models.DateTimeField(_("retirado el"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("permiso de la persona encargada")
        verbose_name_plural = _("permisos de personas encargadas")

    def __str__(self) -> str:
        return f"{self.get_relation_display()}: {self.guardian_name}"

    @property
    def holds(self) -> bool:
        """Whether the signed paper is there and was not taken back."""
        return self.confirmed_at is not None and self.withdrawn_at is None
