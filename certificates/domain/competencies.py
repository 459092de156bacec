"""What somebody is proven able to do: a fold over their certificates, never stored, so that it cannot be out of date.

A certificate froze which competency it proves, and at what level: {"key", "name", "level", "level_name"}. Of each
competency the highest level counts that a certificate in force today says; what has expired is told, and counts not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from certificates.models import Certificate


def facts(proven: dict[str, Any]) -> dict[str, dict]:
    """What the register freezes of a competency; nothing where none is proven."""
    return {"competency": proven} if proven else {}


@dataclass(frozen=True)
class Proof:
    """A certificate that says what its holder is able to do; it carries `state`."""

    certificate: Certificate

    @property
    def said(self) -> dict[str, Any]:
        """What was frozen."""
        return self.certificate.facts["competency"]

    @property
    def key(self) -> str:
        """Of the competency."""
        return self.said["key"]

    @property
    def name(self) -> str:
        """Of the competency, as it was called that day."""
        return self.said["name"]

    @property
    def level(self) -> int:
        """From 1."""
        return self.said["level"]

    @property
    def level_name(self) -> str:
        """As it was called that day."""
        return self.said["level_name"]

    @property
    def until(self) -> date | None:
        """The last day; none: for ever."""
        return self.certificate.expires_on

    @property
    def worth(self) -> tuple[int, date, int]:
        """The higher level, then the later end, then the newer paper."""
        return self.level, self.until or date.max, self.certificate.pk


@dataclass(frozen=True)
class Held:
    """A competency of somebody: `proof` is what counts today, `lapsed` what has expired and was more than that."""

    proof: Proof | None
    lapsed: Proof | None

    @property
    def shown(self) -> Proof:
        """What it is called by: what counts, else what has expired."""
        found = self.proof or self.lapsed
        if found is None:
            raise ValueError("a competency that nobody proved")
        return found

    @property
    def key(self) -> str:
        """Of the competency."""
        return self.shown.key

    @property
    def name(self) -> str:
        """As its paper calls it."""
        return self.shown.name

    @property
    def level(self) -> int:
        """What counts today; 0 where all has expired."""
        return self.proof.level if self.proof else 0


def fold(certificates: Iterable[Certificate]) -> list[Held]:
    """The competencies that some certificates of one person prove, by name. Each carries `state`, of today."""
    best: dict[tuple[str, str], Proof] = {}
    for one in certificates:
        state = one.state  # type: ignore[attr-defined]  # `with_state` annotates it
        if "competency" in one.facts and state in {Certificate.State.ISSUED, Certificate.State.EXPIRED}:
            proof, place = Proof(one), (one.facts["competency"]["key"], state)
            if place not in best or proof.worth > best[place].worth:
                best[place] = proof
    found = [_held(best, key) for key in {key for key, _state in best}]
    return sorted(found, key=lambda held: (held.name, held.key))


def _held(best: dict[tuple[str, str], Proof], key: str) -> Held:
    counts, over = best.get((key, Certificate.State.ISSUED)), best.get((key, Certificate.State.EXPIRED))
    return Held(counts, over if over and (counts is None or over.level > counts.level) else None)
