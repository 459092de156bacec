"""Templates of certificates: drafted, published as versions that never change, chosen by courses, frozen at issue."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import CertificateTemplate, TemplateUse, TemplateVersion
from courses.models import CoursePage
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

from . import designs, pictures

LAYOUT = 3  # how what is issued from now on is drawn; what was issued as 1 or 2 is drawn as it was


def newest_design(*, kind: str, course_key: UUID) -> dict[str, Any]:
    """What the facts of a new certificate say of its looks: all that the drawing needs, as published now.

    Of the template that the course chose, else of the one that stands for its kind, else ours with the signatories of
    the settings.
    """
    chosen = TemplateUse.objects.filter(course_key=course_key, template=OuterRef("template"))
    version = (
        TemplateVersion.objects.filter(template__kind=kind)
        .annotate(is_chosen=Exists(chosen))
        .filter(Q(is_chosen=True) | Q(template__is_default=True))
        .select_related("template")
        .order_by("-is_chosen", "-number")
        .first()
    )
    return facts_of(version.template, version.design, version.number) if version else _ours(kind)


def _ours(kind: str) -> dict[str, Any]:
    signatories = [{"name": one["name"], "role": one["role"], "sha256": ""} for one in settings.CERTIFICATE_SIGNATORIES]
    return _frozen(kind, designs.empty() | {"signatories": signatories})


def facts_of(template: CertificateTemplate, design: dict[str, Any], number: int) -> dict[str, Any]:
    """The facts that go with a design of a template."""
    frozen = _frozen(template.kind, design)
    frozen["design"]["template"] = {"key": str(template.public_id), "version": number}
    return frozen


def _frozen(kind: str, design: dict[str, Any]) -> dict[str, Any]:
    signatories = [{"name": one["name"], "role": one["role"]} for one in design["signatories"]]
    return {"layout": LAYOUT, "signatories": signatories, "design": designs.freeze(kind, design)}


def make(
    *, name: str, kind: str, design: dict[str, Any], by: Person, brought: Iterable[bytes] = ()
) -> CertificateTemplate:
    """A new template; nothing is issued with it before it is published. `brought` are pictures as we redrew them."""
    with transaction.atomic():
        _check(design, brought)
        _check_name(name, kind)
        template = CertificateTemplate(name=name, kind=kind, draft=design)
        _save(template)
        _tell("certificate_template.made", template, by)
    return template


def change(
    template: CertificateTemplate,
    *,
    name: str,
    kind: str,
    design: dict[str, Any],
    seen: int,
    by: Person,
    brought: Iterable[bytes] = (),
) -> CertificateTemplate:
    """Another draft. `seen` is the `draft_number` that was changed; raises `template.changed_meanwhile` if it is old.

    The kind stays once it was published: courses chose it for that.
    """
    with transaction.atomic():
        _check(design, brought)
        template = _locked(template)
        if template.draft_number != seen:
            said = _("Otra persona cambió esta plantilla mientras usted escribía. Ábrala en otra pestaña y compare.")
            raise RuleBroken("template.changed_meanwhile", said)
        if kind != template.kind and template.newest_version():
            raise RuleBroken("template.kind_stays", _("Ya se publicó: la clase no cambia. Haga otra plantilla."))
        _check_name(name, kind, template)
        template.name, template.kind, template.draft = name, kind, design
        template.draft_number += 1
        template.changed_at = timezone.now()
        _save(template)
        _tell("certificate_template.changed", template, by)
    return template


def publish(template: CertificateTemplate, *, by: Person) -> TemplateVersion:
    """Issue with the draft from now on. What was issued stays as it was. The same draft twice makes one version."""
    with transaction.atomic():
        template = _locked(template)
        newest = template.newest_version()
        if newest and newest.design == template.draft:
            return newest
        designs.check(template.draft)
        number = newest.number + 1 if newest else 1
        version = TemplateVersion.objects.create(template=template, number=number, design=template.draft)
        _tell("certificate_template.published", template, by, version=number)
    return version


def use(template: CertificateTemplate, *, is_default: bool, course_keys: Collection[UUID], by: Person) -> None:
    """Have it stand for its kind or not, and for exactly these courses. Raises `template.unpublished`, `.other_kind`.

    A course that had chosen another template leaves that one.
    """
    keys = set(course_keys)
    with transaction.atomic():
        template = _locked_of_kind(template)
        if (is_default or keys) and not template.newest_version():
            said = _("Publique la plantilla primero: los certificados se emiten con lo publicado.")
            raise RuleBroken("template.unpublished", said)
        fitting = CoursePage.objects.filter(translation_key__in=keys, certificate_kind=template.kind)
        if keys - set(fitting.values_list("translation_key", flat=True)):
            said = _("Uno de los cursos da otra clase de certificado. Elija solo los de la clase de esta plantilla.")
            raise RuleBroken("template.other_kind", said)
        if is_default:
            others = CertificateTemplate.objects.filter(kind=template.kind, is_default=True)
            others.exclude(pk=template.pk).update(is_default=False)
        template.is_default = is_default
        template.save(update_fields=["is_default"])
        template.uses.exclude(course_key__in=keys).delete()
        for key in sorted(keys):
            TemplateUse.objects.update_or_create(course_key=key, defaults={"template": template})
        _tell("certificate_template.chosen", template, by, is_default=is_default, courses=len(keys))


def remove(template: CertificateTemplate, *, by: Person) -> None:
    """Throw a draft away. What was published once stays: raises `template.published`."""
    with transaction.atomic():
        template = _locked(template)
        if template.newest_version():
            said = _("Ya se publicó: puede haber certificados emitidos con ella, y se queda. Puede dejar de usarla.")
            raise RuleBroken("template.published", said)
        _tell("certificate_template.removed", template, by)
        template.delete()


def _check(design: dict[str, Any], brought: Iterable[bytes]) -> None:
    for content in brought:
        pictures.keep(content)
    designs.check(design)


def _locked(template: CertificateTemplate) -> CertificateTemplate:
    return CertificateTemplate.objects.select_for_update(of=("self",), no_key=True).get(pk=template.pk)


def _locked_of_kind(template: CertificateTemplate) -> CertificateTemplate:
    """The row, with all of its kind locked: of them one is the default, and a course chooses one."""
    kind = CertificateTemplate.objects.filter(pk=template.pk).values("kind")
    rows = CertificateTemplate.objects.select_for_update(of=("self",), no_key=True).filter(kind__in=kind)
    return {row.pk: row for row in rows.order_by("pk")}[template.pk]


def _save(template: CertificateTemplate) -> None:
    """Write the row; somebody else may have taken its name this very moment."""
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as broken:
        raise _name_taken() from broken


def _name_taken() -> RuleBroken:
    return RuleBroken("template.name_taken", _("Ya hay una plantilla con ese nombre. Escriba otro."))


def _check_name(name: str, kind: str, template: CertificateTemplate | None = None) -> None:
    designs.check_letters(name, most=80)
    others = CertificateTemplate.objects.filter(name=name)
    if not name.strip() or kind not in dict(CertificateTemplate._meta.get_field("kind").flatchoices):
        raise RuleBroken("template.unnamed", _("Escriba un nombre y elija la clase."))
    if (others.exclude(pk=template.pk) if template else others).exists():
        raise _name_taken()


def _tell(action: str, template: CertificateTemplate, by: Person, **facts: Any) -> None:
    subject = f"certificates.CertificateTemplate:{template.public_id}"
    audit.record(action, by=by, subject=subject, facts={"title": template.name, **facts})
