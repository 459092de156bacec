"""People, their appointments and their networks. One person, one record for life, with or without a login."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.domain.texts import fold

from .places import Language, Municipality, Post


class PersonQuerySet(models.QuerySet["Person"]):
    """Sets of people."""

    def active(self) -> "PersonQuerySet":
        """People whose record is open."""
        return self.filter(is_active=True)

    def in_municipality(self, municipality: Municipality) -> "PersonQuerySet":
        """People who hold an appointment there today."""
        return self.filter(pk__in=Appointment.objects.current().filter(municipality=municipality).values("person_id"))

    def search_words(self, query: str) -> "PersonQuerySet":
        """People whose name has every word of `query`, whatever its accents and apostrophes."""
        found = self
        for word in fold(query).split()[:8]:
            found = found.filter(search_text__contains=word)
        return found


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
        """Keeps the folded name that lists search."""
        self.search_text = fold(self.full_name)[:200]
        if (fields := kwargs.get("update_fields")) is not None and {"given_names", "surnames"} & set(fields):
            kwargs["update_fields"] = {*fields, "search_text"}
        super().save(*args, **kwargs)

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
    def first_name(self) -> str:
        """Wagtail's menu greets by it."""
        return self.get_short_name()

    @property
    def initials(self) -> str:
        """First letters of the first given name and the first surname."""
        return "".join(part[:1] for part in (self.given_names, self.surnames)).upper()

    def current_appointment(self) -> "Appointment | None":
        """The appointment held today; the newest if there are several."""
        return self.appointments.current().select_related("municipality__department", "post").last()


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Sets of appointments."""

    def current(self, on=None) -> "AppointmentQuerySet":
        """Those in force on the day `on` (default today)."""
        on = on or timezone.localdate()
        return self.filter(Q(starts_on__lte=on), Q(ends_on__isnull=True) | Q(ends_on__gte=on))


class Appointment(models.Model):
    """A person's post in a municipality, from–to. `ends_on` is the last day, empty while it lasts."""

    class Renglon(models.TextChoices):
        """Budget lines of employment."""

        PERMANENT = "011", _("011 Personal permanente")
        CONTRACT = "022", _("022 Personal por contrato")
        SERVICES = "029", _("029 Otras remuneraciones de personal temporal")
        DAILY = "031", _("031 Jornales")
        COUNCIL = "061", _("061 Dietas")
        NONE = "", _("Sin renglón")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="appointments", verbose_name=_("persona"))
    municipality = models.ForeignKey(
        Municipality, models.PROTECT, related_name="appointments", verbose_name=_("municipalidad")
    )
    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments", verbose_name=_("puesto"))
    renglon = models.CharField(_("renglón"), max_length=3, choices=Renglon, blank=True)
    starts_on = models.DateField(_("desde"))
    ends_on = models.DateField(_("hasta"), null=True, blank=True)
    is_declared = models.BooleanField(_("declarado por la persona"), default=True)

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
        ]
        indexes = [models.Index(fields=["municipality", "post"])]

    def __str__(self) -> str:
        return f"{self.post.name} · {self.municipality.name_common}"


class Network(models.Model):
    """A network of people over several municipalities, such as the Youth Managers of Change Network."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("nombre"), max_length=120, unique=True)
    purpose = models.TextField(_("propósito"), blank=True)
    municipalities = models.ManyToManyField(
        Municipality, blank=True, related_name="networks", verbose_name=_("municipios")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("red")
        verbose_name_plural = _("redes")

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Sets of memberships."""

    def current(self) -> "MembershipQuerySet":
        """Memberships that have not ended."""
        return self.filter(left_on__isnull=True)


class Membership(models.Model):
    """A person's place in a network, for one municipality."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships", verbose_name=_("persona"))
    network = models.ForeignKey(Network, models.CASCADE, related_name="memberships", verbose_name=_("red"))
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="+", verbose_name=_("municipio"))
    is_coordinator = models.BooleanField(_("coordina"), default=False)
    joined_on = models.DateField(_("desde"), default=timezone.localdate)
    left_on = models.DateField(_("hasta"), null=True, blank=True)

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
