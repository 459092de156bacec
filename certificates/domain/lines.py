"""A record as lines: one for each certificate, each completed course without one, and each thing that was declared.

What pages that are shared, papers and files say of a record is read from here, so that all say the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from certificates.models import Certificate
from courses.models import Completion

from . import record, transcripts

HERE, ELSEWHERE = "here", "elsewhere"


@dataclass(frozen=True)
class Line:
    """One thing that was learnt. `state` is a word for people, `tone` one of `ok`, `wait`, `no`.

    `origin` is `here` or `elsewhere`; `counts` says whether its hours do; `place` and `post` are those held that day.
    """

    title: str
    institution: str
    hours: Decimal
    started_on: date
    ended_on: date
    modality: str
    state: str
    tone: str
    origin: str
    counts: bool
    place: str = ""
    post: str = ""
    reference: str = ""
    certificate: Certificate | None = None
    entry: transcripts.Entry | None = None

    @property
    def proven(self) -> dict[str, Any]:
        """The competency that its certificate froze; empty without one."""
        return self.certificate.facts.get("competency", {}) if self.certificate else {}


def lines_of(found: record.Record) -> list[Line]:
    """Every line of a record, the newest first; without what was withdrawn or not accepted."""
    rows = [line for one in found.entries if (line := _completed(one))]
    rows += [_declared(one) for one in found.declared if one.counts]
    return sorted(rows, key=lambda line: (line.ended_on, line.title), reverse=True)


def certified(lines: Iterable[Line]) -> list[Line]:
    """Those with a certificate of ours."""
    return [line for line in lines if line.certificate]


def sums(lines: Iterable[Line]) -> list[tuple[str, Decimal]]:
    """Hours by where they were learnt and who stands behind them; what counts, and of each kind that there is."""
    kinds: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.counts:
            kinds[_kind(line)] += line.hours
    order = [_("Formación de ANAM"), _("De otra parte, certificada"), _("De otra parte, cotejada")]
    order.append(_("De otra parte, declarada"))
    return [(kind, kinds[kind]) for kind in order if kind in kinds]


def by_modality(lines: Iterable[Line]) -> list[tuple[str, Decimal]]:
    """Hours in person and at a distance, of what counts and says which."""
    kinds: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.counts and line.modality:
            kinds[line.modality] += line.hours
    return sorted(kinds.items())


def _kind(line: Line) -> str:
    if line.origin == HERE:
        return _("Formación de ANAM")
    state = line.entry.state if line.entry else ""
    if state == transcripts.Step.CERTIFIED:
        return _("De otra parte, certificada")
    return _("De otra parte, cotejada") if state == transcripts.Step.CHECKED else _("De otra parte, declarada")


def _completed(one: record.Entry) -> Line | None:
    done, paper = one.completion, one.certificate
    modality = _modality(done.hours_by_kind) if done else ""
    if paper is None:
        return _uncertified(done, modality) if done else None
    state, tone = state_of(paper)
    return Line(
        title=paper.course_title,
        institution=paper.issuer,
        hours=paper.hours,
        started_on=paper.started_on,
        ended_on=paper.completed_on,
        modality=modality,
        state=state,
        tone=tone,
        origin=HERE,
        counts=is_standing(paper),
        place=paper.municipality_name,
        post=paper.post_name,
        reference=paper.reference,
        certificate=paper,
    )


def _uncertified(done: Completion, modality: str) -> Line:
    return Line(
        title=done.course_title,
        institution="ANAM",
        hours=done.hours,
        started_on=timezone.localdate(done.started_at),
        ended_on=timezone.localdate(done.completed_at),
        modality=modality,
        state=_("Completado"),
        tone="ok",
        origin=HERE,
        counts=True,
    )


def _declared(one: transcripts.Entry) -> Line:
    said = one.annotation
    return Line(
        title=one.title,
        institution=one.institution,
        hours=one.hours,
        started_on=one.started_on,
        ended_on=one.ended_on,
        modality=one.modality,
        state=one.state_name,
        tone="wait" if one.state == transcripts.Step.DECLARED else "ok",
        origin=ELSEWHERE,
        counts=True,
        place=said.municipality_name,
        post=said.post_name,
        entry=one,
    )


def _modality(hours: dict) -> str:
    in_person, virtual = Decimal(hours.get("in_person", "0")), Decimal(hours.get("virtual", "0"))
    if in_person and virtual:
        return str(transcripts.MODALITIES["mixed"])
    if in_person:
        return str(transcripts.MODALITIES["in_person"])
    return str(transcripts.MODALITIES["at_a_distance"]) if virtual else ""


def is_standing(paper: Certificate) -> bool:
    """Whether it is in force, or was until its day came: what was learnt was learnt."""
    return paper.state in {Certificate.State.ISSUED, Certificate.State.EXPIRED}  # type: ignore[attr-defined]


def state_of(paper: Certificate) -> tuple[str, str]:
    """What a certificate is today, in a word, and its tone."""
    state = paper.state  # type: ignore[attr-defined]  # `with_state` annotates it
    if state == Certificate.State.REVOKED:
        return _("Revocado"), "no"
    if state == Certificate.State.SUPERSEDED:
        return _("Sustituido"), "no"
    if state == Certificate.State.SUSPENDED:
        return _("Suspendido"), "no"
    if state == Certificate.State.EXPIRED:
        return _("Vencido"), "wait"
    return pgettext("entry of the record", "Certificado"), "ok"
