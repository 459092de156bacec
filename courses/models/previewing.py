"""As whom a trainer may look at a page before it is published (`courses.domain.imagining`)."""

from django.utils.translation import gettext_lazy as _

WRITER, STRANGER, NEWLY, HALF_WAY, THROUGH = "", "stranger", "newly", "half_way", "through"
MODES = [
    (WRITER, _("Todo a la vista")),
    (STRANGER, _("Sin estar en el curso")),
    (NEWLY, _("Recién inscrita")),
    (HALF_WAY, _("A la mitad")),
    (THROUGH, _("Curso completado")),
]


class SeenAs:
    """A page that shows what its reader has done: its preview asks who the reader is."""

    preview_modes = MODES
