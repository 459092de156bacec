"""Reading lists of staff: files, headings, cells. Nothing here asks about people."""

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from cryptography.exceptions import InvalidTag
from django.utils.translation import override

from lms.domain import imports
from lms.domain.errors import RuleBroken
from lms.domain.imports import cells, columns, files, papers
from lms.domain.imports.catalogue import Catalogue
from lms.models import Municipality, Post
from tests.factories import staff_lists
from tests.factories.people import somebody_with_role

GOOD = "2456789051401"  # its check digit holds
LIST = "Nombres;Apellidos;Cargo;Teléfono\nMaría;Núñez Peña;Cajero;55551234\n"


def broken_code(verb, *arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        list(verb(*arguments) or ())
    return caught.value.code


def fault_of(widget, cell, **more) -> str:
    with pytest.raises(cells.CellFault) as caught:
        widget.clean(cell, **more)
    return caught.value.code


def clean(widget, cell, **more) -> tuple:
    doubts: list[str] = []
    return widget.clean(cell, doubt=doubts.append, **more), doubts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_a_csv_of_any_encoding_and_delimiter_keeps_its_columns_and_accents(encoding, delimiter):
    content = LIST.replace(";", delimiter).encode(encoding)
    assert files.find_heading(content) == (1, ["Nombres", "Apellidos", "Cargo", "Teléfono"])
    assert list(files.rows_of(content))[1] == (2, ("María", "Núñez Peña", "Cajero", "55551234"))


def test_a_comma_within_a_name_does_not_win_over_the_semicolon():
    content = "Nombres;Apellidos;Cargo\nAna, María;De León, Coc;Cajero, primero\n".encode("cp1252")
    assert list(files.rows_of(content))[1][1] == ("Ana, María", "De León, Coc", "Cajero, primero")


def test_the_delimiter_that_excel_declares_is_believed_and_its_line_not_counted():
    assert list(files.rows_of(b"sep=|\r\nNombres|Apellidos\r\nAna|Coc\r\n"))[1] == (2, ("Ana", "Coc"))


def test_rows_have_the_numbers_that_the_spreadsheet_shows():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "MUNICIPALIDAD DE NEBAJ"
    sheet["A2"] = "Nómina de enero, preparada por Recursos Humanos"
    for column, text in enumerate(["Nombres", "Apellidos", "Puesto"], start=1):
        sheet.cell(4, column, text)
    sheet.cell(7, 1, "Ana")
    sheet.cell(9, 1, "Rosa")
    out = io.BytesIO()
    book.save(out)
    assert files.find_heading(out.getvalue()) == (4, ["Nombres", "Apellidos", "Puesto"])
    assert [number for number, _row in files.rows_of(out.getvalue())] == [1, 2, 4, 7, 9]


def test_the_first_sheet_that_can_be_seen_is_read():
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    book.active.append(["Otra", "cosa"])
    book.create_sheet("Nómina").append(["Nombres", "Apellidos"])
    out = io.BytesIO()
    book.save(out)
    assert next(files.rows_of(out.getvalue()))[1][:2] == ("Nombres", "Apellidos")


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


def test_what_a_file_unpacks_to_is_bounded():
    assert broken_code(files.rows_of, zipped(xl__workbook=b"0" * (files.MAX_UNPACKED_BYTES + 1))) == "import.too_large"
    assert broken_code(files.rows_of, zipped(xl__workbook=b"<" * (files.MAX_TAGS + 1))) == "import.too_large"
    assert broken_code(files.rows_of, b"a" * (files.MAX_BYTES + 1)) == "import.too_large"


def test_entities_of_xml_are_not_unfolded():
    content = staff_lists.as_xlsx([["Ana"]], ["Nombres"])
    laughs = b'<!DOCTYPE l [<!ENTITY a "ja"><!ENTITY b "&a;&a;&a;">]>'
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "xl/worksheets/sheet1.xml":
                head, rest = data.split(b"?>", 1)
                data = head + b"?>" + laughs + rest.replace(b"Ana", b"&b;")
            new.writestr(member, data)
    assert broken_code(files.rows_of, out.getvalue()) == "import.unreadable"


def test_a_list_has_at_most_fifty_thousand_rows(monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 20)
    content = "Nombres,Apellidos\n" + "Ana,Coc\n" * 40
    assert broken_code(files.rows_of, content.encode()) == "import.too_many_rows"


def test_what_cannot_be_read_is_told_in_words():
    assert broken_code(files.rows_of, files.OLD_EXCEL + b"x" * 50) == "import.old_excel"
    assert broken_code(files.rows_of, b"PK\x03\x04 not really") == "import.unreadable"
    assert broken_code(files.rows_of, zipped(content=b"<office/>")) == "import.unreadable"


@pytest.mark.parametrize("first", [f"Ana;Coc;Cajero;{GOOD}", "Ana;Coc;Cajero;ana@example.org", ";;;", "solo una cosa"])
def test_a_list_without_headings_is_refused(first):
    assert broken_code(files.find_heading, f"{first}\nRosa;Chel;Cajero;x\n".encode()) == "import.no_heading"


def test_a_kept_file_is_sealed_and_bound_to_its_import():
    sealed = files.seal(LIST.encode(), "one")
    assert b"Mar" not in sealed
    assert files.unseal(sealed, "one") == LIST.encode()
    with pytest.raises(InvalidTag):
        files.unseal(sealed, "another")


@pytest.mark.django_db
def test_headings_are_guessed_however_they_are_written():
    headings = [
        "No. DPI", "PRIMER NOMBRE", "Segundo Nombre", "1er. Apellido", "Apellido de casada", "e-mail", "Celular",
        "CARGO", "Renglón presupuestario", "Fec. Nac.", "Fecha de ingreso", "Observaciones", "Teléfonoo",
    ]  # fmt: skip
    assert columns.guess(headings) == {
        "cui": 0, "given_names": 1, "more_given_names": 2, "surnames": 3, "married_surname": 4, "email": 5, "phone": 6,
        "post": 7, "renglon": 8, "born_on": 9, "starts_on": 10,
    }  # fmt: skip
    assert columns.guess(["CUI/DPI", "Nombre(s)", "Apellido(s)", "Puesto nominal"]) == {
        "cui": 0, "given_names": 1, "surnames": 2, "post": 3,
    }  # fmt: skip
    assert columns.guess(["Nombress", "Apelidos"]) == {"given_names": 0, "surnames": 1}


@pytest.mark.django_db
def test_what_headings_meant_is_remembered_by_municipality():
    headings = ["Nombres", "Apellidos", "Encargo", "Cargo"]
    columns.remember({"given_names": 0, "surnames": 1, "post": 2}, headings, "1413")
    assert columns.guess(["CARGO", "encargo", "nombres", "apellidos"], "1413") == {
        "post": 1, "given_names": 2, "surnames": 3,
    }  # fmt: skip
    assert columns.guess(headings, "0101") == {"given_names": 0, "surnames": 1, "post": 3}


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        (int(GOOD), GOOD),
        (float(GOOD), GOOD),
        (f"{GOOD}.0", GOOD),
        (f" '{GOOD}", GOOD),
        ("2456 78905 1401", GOOD),
        ("2456-78905-1401", GOOD),
        ("2,456,789,051,401", GOOD),
        ("2.456789051401E+12", GOOD),
        ("2,456789051401e12", GOOD),
        (None, ""), ("", ""), ("sin DPI", ""), ("S/D", ""), ("-", ""), ("SIN CUI", ""), ("N/A", ""), (0, ""),
    ],
)  # fmt: skip
def test_a_cui_is_read_as_excel_and_people_leave_it(cell, digits):
    assert clean(cells.CuiWidget(), cell) == (digits, [])


def test_a_cui_that_lost_its_zero_gets_it_back_and_one_that_looks_wrong_is_doubted():
    with_zero = next(cui for cui in (f"0{n:07d}{check}0101" for n in range(1234567, 1234600) for check in range(10))
                     if cells.identity.cui_check_digit_holds(cui))  # fmt: skip
    assert clean(cells.CuiWidget(), int(with_zero)) == (with_zero, ["cui.zero_added"])
    assert clean(cells.CuiWidget(), with_zero[1:]) == (with_zero, ["cui.zero_added"])
    assert clean(cells.CuiWidget(), "2456789011401") == ("2456789011401", ["cui.doubtful"])


def test_a_cui_that_is_lost_is_a_fault():
    for cell in ("2.45679E+12", "2,45679E+12", "2.45678905141E+12"):
        assert fault_of(cells.CuiWidget(), cell) == "cui.rounded"
    for cell in ("12345", "24567890514011", "A456789051401", 245678905140):
        assert fault_of(cells.CuiWidget(), cell) == "cui.malformed"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("MARÍA DE LOS ÁNGELES", "María de los Ángeles"),
        ("DE LEÓN", "De León"),
        ("PÉREZ DE LEÓN Y COC", "Pérez de León y Coc"),
        ("josé", "José"),
        ("KʼANIL", "Kʼanil"),
        ("Q'EQCHI'", "Q'eqchi'"),
        ("KꞌUBꞌUL", "Kꞌubꞌul"),
        ("ꞌAJPOP", "ꞌAjpop"),
        ("MAẌ", "Maẍ"),
        ("O'CONNOR", "O'Connor"),
        ("CHʼOC-PÉREZ", "Chʼoc-Pérez"),
        ("McArthur de la O", "McArthur de la O"),
        ("  Ana\u00a0 Lucía ", "Ana Lucía"),
        ("Jose\u0301", "José"),
    ],
)
def test_names_come_in_proper_case_and_keep_their_signs(written, read):
    assert cells.NameWidget().clean(written) == read


def test_a_name_has_no_digits():
    assert fault_of(cells.NameWidget(), "2456 78905 1401") == "name.has_digits"
    assert fault_of(cells.NameWidget(), "A" * 81) == "person.name_too_long"


@pytest.mark.parametrize(
    "cell",
    ["31/12/1990", "31-12-1990", "31.12.1990", "1990-12-31", "1990-12-31 00:00:00", "31 de diciembre de 1990",
     "31-dic-1990", 33238, 33238.0, "33238", datetime(1990, 12, 31), date(1990, 12, 31)],
)  # fmt: skip
def test_a_date_is_read_in_every_usual_way(cell):
    assert clean(cells.DateWidget(), cell) == (date(1990, 12, 31), [])


def test_dates_that_cannot_be():
    assert clean(cells.DateWidget(), "5/3/85") == (date(1985, 3, 5), ["date.short_year"])
    for cell in ("12/31/1990", "ayer", "31/02/1990", 5, True):
        assert fault_of(cells.DateWidget(), cell) == "date.unreadable"
    today = date(2026, 11, 20)
    assert fault_of(cells.BirthWidget(), "01/01/2027", today=today) == "born_on.impossible"
    assert fault_of(cells.BirthWidget(), "01/01/1850", today=today) == "born_on.impossible"
    assert fault_of(cells.DutyWidget(), "01/01/1024", today=today) == "duty.impossible"
    assert cells.DateWidget().clean("vigente") is None


def test_phones_addresses_and_lines():
    phone = cells.PhoneWidget()
    assert [phone.clean(cell) for cell in (55551234, 55551234.0, "5555-1234", "+502 5555 1234", "sin teléfono")] == [
        "55551234", "55551234", "55551234", "55551234", "",
    ]  # fmt: skip
    assert fault_of(phone, "5555 1234 / 5555 4321") == "phone.malformed"
    assert fault_of(phone, "555") == "phone.malformed"
    assert cells.EmailWidget().clean(" Ana@Example.ORG ") == "ana@example.org"
    assert fault_of(cells.EmailWidget(), "ana@@example") == "email.malformed"
    line = cells.RenglonWidget()
    assert [line.clean(cell) for cell in (11, "11", 11.0, "011", "Renglón 022", "029 Otras remuneraciones", "-")] == [
        "011", "011", "011", "011", "022", "029", "",
    ]  # fmt: skip
    assert fault_of(line, "999") == "renglon.unknown"
    assert fault_of(cells.LineWidget(), "2456 78905 1401") == "text.has_number"
    assert fault_of(cells.LineWidget(), "a" * 121) == "text.too_long"


@pytest.fixture
def catalogue(db):
    return Catalogue(somebody_with_role("administrator"), None)


@pytest.mark.parametrize(
    ("written", "code"),
    [("recep", "RECEP"), ("D.A.F.I.M.", "DAFIM"), ("Fontanera Municipal", "FONT"), ("FONTANERO", "FONT"),
     ("secretaria municipal", "SECM"), ("Encargada de Presupuesto", "PRESUP"), ("Cajero", "RECEP"),
     ("Alcaldesa municipal", "ALC"), ("Direccion Municipal de la Mujer", "DMM"), ("Síndico", "SIN")],
)  # fmt: skip
def test_posts_are_known_by_code_name_and_abbreviation_for_women_and_men(catalogue, written, code):
    assert catalogue.post(written).code == code


def test_posts_that_are_not_known(catalogue):
    assert fault_of_call(catalogue.post, "Astronauta") == "post.unknown"
    assert fault_of_call(catalogue.post, "Fontanero muncipal") == "post.unknown_near"
    Post.objects.filter(code="FONT").update(is_open=False)
    closed = Catalogue(somebody_with_role("administrator"), None)
    assert fault_of_call(closed.post, "FONT") == "post.closed"


def fault_of_call(verb, *arguments) -> str:
    with pytest.raises(cells.CellFault) as caught:
        verb(*arguments)
    return caught.value.code


def test_municipalities_are_known_by_code_and_name(catalogue):
    find = catalogue.municipality
    assert find(101, None).code == find("0101", None).code == find(101.0, None).code == "0101"
    assert find("NEBAJ", None).code == find("Municipalidad de Nebaj", None).code == "1413"
    assert find("La Libertad", "Petén").code == find("La Libertad, Petén", None).code == "1705"
    assert fault_of_call(find, "La Libertad", None) == "municipality.ambiguous"
    assert fault_of_call(find, "Atlántida", None) == "municipality.unknown"
    assert fault_of_call(find, "9999", None) == "municipality.unknown"


@pytest.mark.django_db
def test_a_town_hall_names_only_its_own():
    own = Catalogue(somebody_with_role("hr_delegate", municipality="1705"), Municipality.objects.get(code="1705"))
    assert own.municipality("La Libertad", None).code == "1705"
    assert fault_of_call(own.municipality, "1413", None) == "municipality.outside"


def test_no_message_quotes_somebodys_number():
    assert cells.quotable("Jefe de 3 oficinas") == "Jefe de 3 oficinas"
    assert cells.quotable("2456 78905 1401") == "…"


@pytest.mark.django_db
def test_the_template_is_a_list_that_can_be_handed_in_and_whose_example_stays_out():
    with papers.template_xlsx() as file:
        content = file.read()
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.worksheets) == 3
    sheet = book.worksheets[0]
    assert {sheet.cell(2, column).number_format for column in range(1, len(papers.ASKED) + 1)} == {"@"}
    assert sheet.column_dimensions["A"].number_format == "@" or sheet["A2"].number_format == "@"
    assert [row[0].value for row in book.worksheets[2].iter_rows(min_row=2, max_row=2)] == ["0101"]
    for made in (content, "".join(papers.template_csv()).encode()):
        taken = imports.take(
            file_name="x.xlsx",
            content=made,
            municipality=Municipality.objects.get(code="1413"),
            by=somebody_with_role("administrator"),
        )
        assert set(taken.mapping) >= {"cui", "given_names", "surnames", "post", "renglon", "starts_on", "act"}
        assert taken.rows == 1


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["es", "en"])
def test_the_template_is_recognised_in_whichever_language_it_was_given_out(language):
    with override(language):
        headings = "".join(papers.template_csv()).splitlines()[0].lstrip("\ufeff").split(",")
    assert set(columns.guess(headings)) == {column.key for column in papers.ASKED}
