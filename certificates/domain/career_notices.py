"""What reminds of the career record: whoever declared something, of the answer; whoever can look at it, that it waits.

An answer is told within the week in which it was given, in the one message of that week; a later step of the same entry
takes its place. Of what waits only a number goes out.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certificates.models import CareerAnnotation
from courses.domain.digests import AT_MOST_EVERY, Line, source
from lms import permissions
from lms.models import Person, RoleGrant

from . import career

Told = Iterable[tuple[int, Line]]
Step = CareerAnnotation.Step


@source("career_answered")
def answered(at: datetime) -> Told:
    """What others did about entries in the last week; of each entry the last step."""
    later = CareerAnnotation.objects.filter(about=OuterRef("about"), pk__gt=OuterRef("pk"))
    steps = CareerAnnotation.objects.filter(
        ~Exists(later),
        step__in=[Step.CHECKED, Step.CERTIFIED, Step.REFUSED, Step.ANNULLED],
        recorded_at__gt=at - AT_MOST_EVERY,
        recorded_at__lte=at,
        person__erased_at=None,
    ).annotate(holder=Coalesce("person__merged_into", "person"), texts=F("about__details__texts"))
    for one in steps.order_by("pk").values("holder", "step", "about", "texts").iterator():
        words = partial(_answer_words, one["step"], (one["texts"] or {}).get("title", ""))
        yield one["holder"], Line(words, reverse("certificates:record"), about=("career", one["about"]))


def _answer_words(step: str, title: str) -> str:
    words = {
        Step.CHECKED: _("Se cotejó con el original lo que declaró: «%(title)s»."),
        Step.CERTIFIED: _("ANAM certificó lo que declaró: «%(title)s»."),
        Step.REFUSED: _("No se aceptó lo que declaró: «%(title)s». En su expediente está el motivo."),
        Step.ANNULLED: _("Se anuló una anotación de su expediente: «%(title)s». Ahí está el motivo."),
    }
    return words[Step(step)] % {"title": title}


@source("career_waiting")
def waiting(at: datetime) -> Told:
    """Whoever may look at what was declared: how much waits for them. Names and titles stay out."""
    asked: tuple[str, ...] = (career.CHECK, career.CERTIFY)
    if not CareerAnnotation.objects.waiting_for().exists():
        asked = (career.CERTIFY,) if CareerAnnotation.objects.waiting_for(Step.CHECKED).exists() else ()
    roles = {role for action in asked for role in permissions.policy()["actions"][action]}
    people = Person.objects.active().filter(pk__in=RoleGrant.objects.in_force().filter(role__in=roles).values("person"))
    for person in people.order_by("pk").iterator(chunk_size=500):
        count = sum(queue(person).count() for queue in (career.to_check, career.to_certify))
        if count:
            words = partial(_waiting_words, count)
            yield person.pk, Line(words, reverse("certificates:career_queue"), about="career_waiting")


def _waiting_words(n: int) -> str:
    words = ngettext(
        "%(n)d anotación declarada por una persona espera que usted la revise.",
        "%(n)d anotaciones declaradas por personas esperan que usted las revise.",
        n,
    )
    return words % {"n": n}
