"""Certificates in templates."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certificates.domain import waiting
from certificates.domain.shown import Shown
from certificates.models import Certificate
from courses.models import CoursePage
from lms.models import Person

register = template.Library()


@register.filter
def kind_name(certificate: Certificate | Shown) -> str:
    """`Diploma`, `Constancia de participación`, in the reader's language."""
    names = {
        CoursePage.CertificateKind.ATTENDANCE: _("Constancia de participación"),
        CoursePage.CertificateKind.COMPETENCE: _("Certificación"),
    }
    return names.get(certificate.kind, _("Diploma"))


@register.filter
def hours(value: Decimal) -> str:
    """`1 hora`, `40 horas`, `4.5 horas`."""
    figures = number_format(value.normalize() if value % 1 else int(value))
    return ngettext("%(hours)s hora", "%(hours)s horas", 1 if value == 1 else 2) % {"hours": figures}


@register.filter
def kilobytes(size: int) -> int:
    """Bytes as whole kilobytes, rounded up."""
    return -(-size // 1000)


@register.simple_tag
def waiting_of(person: Person) -> waiting.Waiting:
    """Which of somebody's completed courses wait for a confirmation, and for which."""
    return waiting.find(person)
