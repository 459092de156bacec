"""Why what a device told does not count, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.domain import grading

REASONS = {
    "clock.stopped": gettext_lazy("El reloj de su aparato no avanzó mientras se reproducía."),
    "clock.ahead": gettext_lazy("Dice haber visto más tiempo del que ha pasado."),
    "token.too_old": gettext_lazy("Se vio con una página abierta hace más de 30 días."),
    "token.unreadable": gettext_lazy("La página ya no es válida. Ábrala de nuevo."),
    "token.other_person": gettext_lazy("Es de otra persona que usó este aparato. Se enviará cuando ella entre."),
    "token.unknown_activity": gettext_lazy("Ese video ya no está en el curso."),
    "segment.too_fast": gettext_lazy("Se reprodujo a más del doble de la velocidad normal."),
    "segment.past_the_end": gettext_lazy("Está fuera de la duración del video."),
    "segment.not_visible": gettext_lazy("El video estaba en segundo plano."),
    "segment.elsewhere": gettext_lazy("A esa misma hora estaba viendo otro video."),
    "segment.backwards": gettext_lazy("El tramo termina antes de comenzar."),
    "segment.conflict": gettext_lazy("Ya se había recibido otro tramo con el mismo número."),
    "enrolment.withdrawn": gettext_lazy("Pasó después de retirarse del curso."),
    "event.unreadable": gettext_lazy("No se pudo leer. Abra la página de nuevo."),
    "event.conflict": gettext_lazy("Ya se había recibido otra cosa con el mismo número."),
    "activity.not_a_reading": gettext_lazy("Esto no se completa solo con leerlo."),
    "activity.retired": gettext_lazy("Esta lección ya no está publicada."),
    "attempt.unknown": gettext_lazy("Ese intento no es suyo o ya no existe."),
    "attempt.closed": gettext_lazy("El intento ya se había enviado cuando llegó esta respuesta."),
    "attempt.time_over": gettext_lazy(
        "El tiempo había terminado cuando llegó esta respuesta. Cuenta lo que llegó antes."
    ),
    "attempt.not_enrolled": gettext_lazy("Inscríbase de nuevo en el curso para responder."),
    "attempt.answers_missing": gettext_lazy("Faltan respuestas por llegar. Se enviará de nuevo solo."),
    "answer.unknown_question": gettext_lazy("Esa pregunta no es de este cuestionario."),
    "answer.newer_kept": gettext_lazy("Ya había una respuesta suya más nueva, y esa cuenta."),
    **grading.UNFIT,
}

AGAIN = gettext_lazy("Vea de nuevo esa parte.")
ADVICE = {
    "clock.stopped": gettext_lazy("Reinicie su aparato y vea de nuevo esa parte."),
    "clock.ahead": gettext_lazy("Revise que la hora de su aparato sea la correcta y vea de nuevo esa parte."),
    "token.too_old": gettext_lazy("Recargue la página de la lección y vea de nuevo esa parte."),
    "token.unreadable": gettext_lazy("Recargue la página de la lección y vea de nuevo esa parte."),
    "segment.too_fast": gettext_lazy("Véala de nuevo, al doble de velocidad como máximo."),
    "segment.not_visible": gettext_lazy("Véala de nuevo con el video a la vista, o escuche solo el sonido."),
    "segment.elsewhere": gettext_lazy("Véala de nuevo sin otro video al mismo tiempo."),
    "enrolment.withdrawn": gettext_lazy("Ya que volvió al curso, vea de nuevo esa parte."),
}


def what_to_do(code: str) -> str:
    """What makes it count."""
    return str(ADVICE.get(code, AGAIN))


def reason_words(code: str) -> str:
    """The reason in the reader's language; empty for no reason."""
    return str(REASONS.get(code, _("No se pudo contar."))) if code else ""
