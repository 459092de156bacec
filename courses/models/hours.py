"""Hours by kind: held in person, and virtual. Together they are the hours that the certificate tells."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import Panel


@dataclass(frozen=True)
class HoursByKind:
    """The hours of a course, and of them those of each kind."""

    total: Decimal
    in_person: Decimal
    virtual: Decimal

    @classmethod
    def of(cls, total: Decimal, in_person: Decimal, virtual: Decimal | None) -> "HoursByKind":
        """Virtual hours that nobody wrote down are the rest."""
        return cls(total, in_person, max(total - in_person, Decimal(0)) if virtual is None else virtual)

    @property
    def add_up(self) -> bool:
        """Whether the certificate tells their sum."""
        return self.in_person + self.virtual == self.total

    def as_json(self) -> dict[str, str]:
        """As a completion keeps them."""
        return {"in_person": _one_place(self.in_person), "virtual": _one_place(self.virtual)}

    def in_words(self) -> str:
        """`8 presenciales y 4 virtuales`, without kinds of which there is nothing."""
        shown = {"in_person": _shown(self.in_person), "virtual": _shown(self.virtual)}
        if self.in_person and self.virtual:
            return _("%(in_person)s presenciales y %(virtual)s virtuales") % shown
        return (_("todas presenciales") if self.in_person else _("todas virtuales")) if self.add_up else ""

    def warning(self) -> str:
        """What to do when they do not add up; empty when they do."""
        if self.add_up:
            return ""
        shown = {
            "in_person": _shown(self.in_person),
            "virtual": _shown(self.virtual),
            "sum": _shown(self.in_person + self.virtual),
            "total": _shown(self.total),
        }
        return (
            _(
                "Las horas no cuadran: %(in_person)s presenciales y %(virtual)s virtuales suman %(sum)s, y el curso "
                "dice %(total)s, que es lo que dirá el certificado. Corrija las horas del curso, las virtuales, o las "
                "de la parte presencial en su lección."
            )
            % shown
        )


def _shown(hours: Decimal) -> str:
    return _one_place(hours).removesuffix(".0")


def _one_place(hours: Decimal) -> str:
    return f"{hours:.1f}"


class HoursPanel(Panel):
    """Says on the course's page how the hours stand, as it was saved last."""

    def __init__(self, **kwargs) -> None:
        kwargs.setdefault("heading", gettext_lazy("Horas por modalidad"))
        super().__init__(**kwargs)

    class BoundPanel(Panel.BoundPanel):
        """The panel on one course."""

        template_name = "wagtailadmin/courses/hours_panel.html"

        def is_shown(self) -> bool:
            """Not on a course that was never saved."""
            return super().is_shown() and self.instance.pk is not None

        def get_context_data(self, parent_context=None) -> dict:
            """The hours."""
            return {**super().get_context_data(parent_context), "hours": self.instance.hours_by_kind()}
