"""What can be wrong with a row, in words. A message never holds somebody's number."""

from django.utils.translation import gettext_lazy as _

from lms.models import StaffImportFault

MESSAGES = {
    "cui.malformed": _("El CUI tiene 13 números. Revíselo en el DPI."),
    "cui.rounded": _("Excel recortó este número. Dé formato de texto a la columna y escriba el CUI otra vez."),
    "cui.zero_added": _("Al CUI le faltaba el cero del principio: se lo pusimos. Compárelo con el DPI."),
    "cui.doubtful": _("El CUI parece tener un número equivocado. Compárelo con el DPI."),
    "cui.of_another_name": _("Este CUI ya está registrado con un nombre distinto. Compárelo con el DPI."),
    "cui.differs": _("La persona con este correo o teléfono ya tiene otro CUI. Revise los tres datos."),
    "person.cui_taken": _("Este CUI ya es de otra persona."),
    "person.email_taken": _("Este correo ya es de otra persona."),
    "person.phone_taken": _("Este teléfono ya es de otra persona."),
    "person.two_people": _("El correo es de una persona y el teléfono es de otra. Revise los dos."),
    "person.ambiguous": _("Hay varias personas con este nombre aquí. Escriba el CUI o la fecha de nacimiento."),
    "person.namesake": _("Ya hay una persona con este nombre en la municipalidad. Si es la misma, escriba su CUI."),
    "person.not_allowed": _("Esta persona tiene un rol en el sistema: sus datos los cambia la administración de ANAM."),
    "person.closed": _("La cuenta de esta persona está cerrada. Escriba a la administración de ANAM."),
    "person.kept_own": _("La persona ya entra con su cuenta: su correo y su teléfono se quedan como ella los tiene."),
    "person.held_elsewhere": _("Está también en otra municipalidad o red: se anota su puesto, sus datos quedan igual."),
    "person.erased_meanwhile": _("Los datos de esta persona se borraron mientras la lista entraba."),
    "person.merged_meanwhile": _("Este registro se unió a otro mientras la lista entraba. Suba esta fila otra vez."),
    "person.changed_meanwhile": _("Los datos de esta persona cambiaron al entrar la lista. Suba esta fila otra vez."),
    "person.name_too_long": _("Escriba nombres y apellidos de 80 letras o menos."),
    "name.has_digits": _("Un nombre no lleva números. ¿Es la columna correcta?"),
    "given_names.missing": _("Faltan los nombres."),
    "surnames.missing": _("Faltan los apellidos."),
    "row.example": _("Es la fila de ejemplo de la plantilla. Bórrela."),
    "row.same_person": _("Esta persona ya está en la fila %(row)s."),
    "email.twice": _("Este correo ya está en la fila %(row)s."),
    "phone.twice": _("Este teléfono ya está en la fila %(row)s."),
    "date.unreadable": _("No entendemos esta fecha. Escríbala como día/mes/año, por ejemplo 31/12/1990."),
    "date.short_year": _("El año tiene solo dos números. Revise que se haya entendido bien."),
    "born_on.impossible": _("Revise la fecha de nacimiento."),
    "duty.impossible": _("Revise el año de esta fecha."),
    "starts_on.missing": _("Falta la fecha en que empezó."),
    "appointment.ends_before_it_starts": _("La fecha final es anterior a la inicial."),
    "appointment.over": _("Este nombramiento terminó o termina el %(day)s. Si volvió, escriba desde qué día."),
    "appointment.was_refused": _("Este nombramiento fue rechazado o anulado. Si es correcto, anótelo en su ficha."),
    "appointment.minor": _("Es menor de 18 años: su lugar es una red. Si trabaja aquí, escriba a ANAM."),
    "appointment.own": _("Su propio nombramiento lo confirma otra persona."),
    "email.malformed": _("Este correo no está bien escrito."),
    "phone.malformed": _("El teléfono tiene 8 números, por ejemplo 5555 1234. Escriba solo uno."),
    "post.missing": _("Falta el puesto."),
    "post.unknown": _("No conocemos el puesto «%(value)s». Escriba un código o un nombre de la hoja de puestos."),
    "post.unknown_near": _("No conocemos el puesto «%(value)s». ¿Será «%(near)s»?"),
    "post.ambiguous": _("«%(value)s» puede ser más de un puesto. Escriba el código de la hoja de puestos."),
    "post.closed": _("El puesto «%(value)s» ya no se ofrece. Elija otro."),
    "renglon.unknown": _("No conocemos el renglón «%(value)s». Escriba 011, 022, 029, 031 o 061, o déjelo vacío."),
    "municipality.missing": _("Falta la municipalidad."),
    "municipality.unknown": _("No conocemos la municipalidad «%(value)s». Escriba su código del INE o su nombre."),
    "municipality.ambiguous": _("Hay más de un municipio «%(value)s». Escriba el departamento o el código del INE."),
    "municipality.outside": _("Usted no lleva el personal de %(value)s. Quite esta fila."),
    "text.too_long": _("Escriba 120 letras o menos."),
    "text.has_number": _("Aquí hay un número de más de diez cifras. ¿Es la columna correcta?"),
}  # fmt: skip


def message(fault: StaffImportFault) -> str:
    """What to tell about a fault, in the reader's language."""
    return str(MESSAGES[fault.code]) % fault.facts
