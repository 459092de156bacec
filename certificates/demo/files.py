"""The demo's files to take away: two spreadsheets and a sheet to print."""

from io import BytesIO

import xlsxwriter

from certificates.pdf.worksheet import render_worksheet

INCOME_HELP = (
    "Esta plantilla acompaña el curso «Estrategia de ingresos propios».",
    "Hoja «Brecha»: escriba una fuente por fila. Las columnas grises se calculan solas.",
    "Anote siempre de dónde sale cada dato. Un dato aproximado con su fuente vale más que una casilla vacía.",
    "Hoja «Plan»: una acción por fila, con su mes, su costo y la persona que responde.",
    "Los montos van en quetzales.",
)
WATER_HELP = (
    "Esta plantilla acompaña el curso «Registro de usuarios de agua y cobro con código de barras».",
    "Cada fila es una conexión, no una persona. El código no cambia aunque cambie el titular.",
    "No deje casillas vacías: escriba «no tiene» o «no dio».",
    "El código se guarda como texto, para que no se pierdan los ceros.",
    "Este archivo tiene datos personales: guárdelo con contraseña y no lo envíe por mensajes.",
)
WATER_COLUMNS = (
    ("Código", 14),
    ("Sector", 10),
    ("Dirección y referencia", 38),
    ("Titular", 30),
    ("Ocupante", 26),
    ("Teléfono", 14),
    ("Uso", 16),
    ("Estado", 16),
    ("Medidor", 14),
    ("Saldo anterior (Q)", 18),
    ("Actualizado el", 16),
    ("Actualizó", 22),
    ("Observaciones", 36),
)
WATER_USES = ["Domiciliar", "Comercial", "Institucional"]
WATER_STATES = ["Activa", "Suspendida", "Clausurada", "Sin contrato"]
ROWS = 200


class _Workbook:
    """A workbook in our hand: dark headings, frozen first row, letter paper."""

    def __init__(self) -> None:
        self._buffer = BytesIO()
        self.book = xlsxwriter.Workbook(self._buffer, {"in_memory": True})
        self.heading = self.book.add_format(
            {"bold": True, "font_color": "#ffffff", "bg_color": "#243b7a", "text_wrap": True, "valign": "vcenter"}
        )
        self.money = self.book.add_format({"num_format": "#,##0.00"})
        self.computed = self.book.add_format({"num_format": "#,##0.00", "bg_color": "#eeeeee"})
        self.text = self.book.add_format({"num_format": "@"})
        self.day = self.book.add_format({"num_format": "dd/mm/yyyy"})

    def add_help(self, lines: tuple[str, ...]) -> None:
        """The first sheet: how to use the others."""
        sheet = self.book.add_worksheet("Instrucciones")
        sheet.set_column(0, 0, 100, self.book.add_format({"text_wrap": True, "valign": "top"}))
        for row, line in enumerate(lines):
            sheet.write_string(row, 0, line)

    def add_table(self, name: str, columns: tuple[tuple[str, int], ...]):
        """A sheet with its headings."""
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, 32)
        for place, (title, width) in enumerate(columns):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, self.heading)
        return sheet

    def content(self) -> bytes:
        """The file."""
        self.book.close()
        return self._buffer.getvalue()


def make_income_plan() -> bytes:
    """The gap table and the twelve-month plan."""
    workbook = _Workbook()
    workbook.add_help(INCOME_HELP)
    gap = workbook.add_table(
        "Brecha",
        (
            ("Fuente", 26), ("Usuarios que deberían pagar", 18), ("Tarifa mensual (Q)", 14), ("Meses", 8),
            ("Lo posible (Q)", 16), ("Facturado (Q)", 16), ("Cobrado (Q)", 16), ("Brecha de registro (Q)", 16),
            ("Brecha de mora (Q)", 16), ("De dónde sale el dato", 36),
        ),
    )  # fmt: skip
    for row in range(1, 13):
        line = row + 1
        gap.write_formula(row, 4, f"=B{line}*C{line}*D{line}", workbook.computed, 0)
        gap.write_formula(row, 7, f"=E{line}-F{line}", workbook.computed, 0)
        gap.write_formula(row, 8, f"=F{line}-G{line}", workbook.computed, 0)
    plan = workbook.add_table(
        "Plan",
        (("Meta", 40), ("Fuente", 20), ("Monto (Q)", 14), ("Acción", 44), ("Mes", 14), ("Costo (Q)", 14),
         ("Responde", 26), ("Cómo va", 30)),
    )  # fmt: skip
    plan.set_column(2, 2, 14, workbook.money)
    plan.set_column(5, 5, 14, workbook.money)
    return workbook.content()


def make_water_register() -> bytes:
    """The register of connections, with lists of choices."""
    workbook = _Workbook()
    workbook.add_help(WATER_HELP)
    sheet = workbook.add_table("Padrón", WATER_COLUMNS)
    sheet.set_column(0, 0, 14, workbook.text)
    sheet.set_column(5, 5, 14, workbook.text)
    sheet.set_column(9, 9, 18, workbook.money)
    sheet.set_column(10, 10, 16, workbook.day)
    sheet.data_validation(1, 6, ROWS, 6, {"validate": "list", "source": WATER_USES})
    sheet.data_validation(1, 7, ROWS, 7, {"validate": "list", "source": WATER_STATES})
    sheet.autofilter(0, 0, ROWS, len(WATER_COLUMNS) - 1)
    return workbook.content()


def make_youth_agenda() -> bytes:
    """A page with the six questions of a proposal."""
    return render_worksheet(
        title="Agenda juvenil: hoja de trabajo",
        lead="Una hoja por propuesta. Escriba con letra clara y léala en voz alta antes de terminar.",
        questions=[
            ("¿Cuál es el problema y a quiénes afecta?", 4),
            ("¿Qué proponemos, exactamente?", 4),
            ("¿A quién le toca?", 2),
            ("¿Cuánto puede costar, más o menos? ¿Cómo lo sabemos?", 2),
            ("¿Qué ponemos nosotras y nosotros?", 3),
            ("¿Cómo sabremos que se cumplió?", 2),
        ],
        foot="Aula Municipal. Curso «Organización e incidencia juvenil».",
    )


FILES = {
    "income_plan": ("plan-de-ingresos-propios.xlsx", make_income_plan),
    "water_register": ("padron-de-usuarios-de-agua.xlsx", make_water_register),
    "youth_agenda": ("agenda-juvenil.pdf", make_youth_agenda),
}
