"""What is said of everything in a file that did not become part of a question. Codes are stable; tests compare them."""

from django.utils.translation import gettext_lazy as _

TOO_MANY = _("El archivo tiene demasiadas preguntas: el máximo es 5,000. Divídalo en varios.")

# These are no questions now.
DROPPED = {
    "answers.none_right": _("Ninguna respuesta estaba marcada como correcta: no se importó."),
    "number.unclear": _("«%(number)s» no es un número: no se importó."),
    "percent.beyond": _("«%(number)s» pasa de 100 %%: no se importó."),
    "matching.no_arrow": _("Falta «->» entre «%(part)s» y su pareja: no se importó."),
    "cloze.lost_gap": _("Un espacio para completar estaba donde no puede ir (un enlace o una imagen): no se importó."),
    "question.too_long": _("Un texto de la pregunta es demasiado largo: no se importó."),
    "question.too_many": _("La pregunta tiene demasiadas partes: no se importó."),
    "question.too_few": _("A la pregunta le faltan opciones, parejas o respuestas: no se importó."),
    "question.unfit": _("Lo que la pregunta da por correcto no tiene sentido: no se importó."),
    "gift.description": _("Es un texto sin respuestas, no una pregunta: no se importó."),
    "gift.braces": _("No se entiende lo que hay entre las llaves { }: no se importó."),
    "gift.unclosed": _("Falta una llave { o }: no se importó."),
    "gift.several_answers": _("Tiene varios grupos de respuestas que no se pueden juntar: no se importó."),
    "gift.several_gaps": _("GIFT solo puede decir un texto con un espacio por completar: no se exportó."),
    "gift.empty_option": _("GIFT no puede decir una opción o pareja sin texto: no se exportó."),
    "gift.all_right": _("GIFT no puede decir que todas las opciones son correctas por sí solas: no se exportó."),
    "gift.answer": _("GIFT no puede decir la respuesta «%(answer)s»: no se exportó."),
    "gift.number": _("Un número tiene demasiadas cifras: no se exportó."),
    "kind.not_written": _("El formato no tiene preguntas de este tipo (%(kind)s): no se exportó."),
    "gift.directive": _("Esta instrucción no se conoce: no se importó."),
}
# The question came in without this, or with something else instead.
CHANGED = {
    "text.guessed": _("El archivo no dice en qué codificación está; se leyó como de Windows. Revise tildes y eñes."),
    "text.controls": _("Había caracteres que no se ven; se cambiaron por espacios."),
    "text.became_plain": _("Aquí solo cabe texto sin formato: se quitaron formato e imágenes."),
    "name.cut": _("El nombre era demasiado largo: se cortó."),
    "prose.element": _("Se quitó «%(element)s» del texto: aquí no se puede mostrar."),
    "prose.link": _("Se quitó un enlace que solo funcionaba en el otro sistema; quedó su texto."),
    "prose.style": _("Se quitaron colores, tamaños o alineación del texto."),
    "prose.deep": _("El texto tenía demasiados elementos anidados: quedó sin formato."),
    "prose.long": _("El texto era demasiado largo: se cortó."),
    "picture.missing": _("La imagen «%(file)s» no viene en el archivo; quedó su descripción."),
    "picture.kind": _("La imagen «%(file)s» no es PNG, JPEG, GIF ni WebP, o pasa de 10 MB; quedó su descripción."),
    "picture.many": _("La pregunta tiene más de 50 imágenes: las demás no se importaron."),
    "percent.raised": _("La mejor respuesta valía %(best)s %%: ahora vale 100 %% y las demás en proporción."),
    "percent.shared": _("Las opciones correctas sumaban %(whole)s %%: ahora suman 100 %% en proporción."),
    "choices.empty": _("Una opción no decía nada: se quitó."),
    "short.forgiving": _("Aquí se perdonan tildes y apóstrofos; si deben contar, cámbielo en la pregunta."),
    "ordering.scoring": _("La forma de calificar el orden no se conoce: cuenta cada elemento en su lugar."),
    "ordering.part": _("Se mostraba solo una parte de los elementos por ordenar: ahora se muestran todos."),
    "option.unused": _("«%(name)s» no se usa aquí."),
    "option.not_written": _("El formato no puede decir «%(name)s»: no se exportó."),
    "picture.not_written": _("El formato no lleva imágenes: quedó su descripción."),
    "gift.stray_tags": _("Estas etiquetas no están junto a ninguna pregunta: no se importaron."),
    "gift.braces_in_text": _("Hay llaves { } dentro del texto: quedaron como texto."),
    "gift.became_cloze": _("Tiene varios grupos de respuestas: quedó como texto para completar."),
}
