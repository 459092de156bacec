"""The database in force refuses by itself to change or remove rows of the register."""

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from certificates.domain import checking, checkpoints, restoring
from certificates.models import Certificate, CertificateEvent, EarlierFile, LogLeaf, Series
from tests.courses.edition_cases import begin_edition
from tests.factories.career import a_declaration
from tests.factories.certificates import a_certificate
from tests.factories.courses import a_course
from tests.factories.people import a_person
from tests.factories.templates import a_template

pytestmark = pytest.mark.django_db

CHANGES = {
    "certificates_certificate": "person_name = 'Otra persona'",
    "certificates_certificateevent": "kind = 'issued'",
    "certificates_logleaf": "digest = 'x'",
    "certificates_lognode": "digest = 'x'",
    "certificates_checkpoint": "size = 0",
    "certificates_statusentry": "list = 'x'",
    "certificates_careerannotation": "kind = 'merit'",
    "certificates_earlierfile": "sha256 = 'x'",
    "certificates_restoration": "leaves = 7",
    "certificates_voidnumber": "number = 7",
    "certificates_templatepicture": "sha256 = 'x'",
    "certificates_templateversion": "number = 7",
    "courses_courseedition": "number = 7",
}


@pytest.mark.parametrize("table", CHANGES)
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_raw_sql_is_refused(table, verb):
    a_template(logos=1)
    EarlierFile.objects.create(certificate=a_certificate(), sha256="0" * 64)
    a_declaration(a_person())
    checkpoints.publish()
    restoring.declare(restoring.Evidence(), {(settings.CERTIFICATE_SERIES, 2020): 1})
    begin_edition(a_course(), 2)
    sql = f"UPDATE {table} SET {CHANGES[table]}" if verb == "update" else f"DELETE FROM {table}"  # noqa: S608 no input
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert (Certificate.objects.count(), CertificateEvent.objects.count(), LogLeaf.objects.count()) == (1, 1, 3)


def test_the_orm_is_refused():
    certificate = a_certificate()
    certificate.person_name = "Otra persona"
    with pytest.raises(IntegrityError), transaction.atomic():
        certificate.save()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite empties a table row by row")
@pytest.mark.parametrize("table", CHANGES)
def test_emptying_a_table_at_once_is_refused(table):
    a_certificate()
    a_declaration(a_person())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing else stands in the way
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert (Certificate.objects.count(), CertificateEvent.objects.count(), LogLeaf.objects.count()) == (1, 1, 2)


def test_other_tables_still_change():
    a_certificate()
    Series.objects.update(last_number=7)


def test_missing_triggers_are_named():
    assert list(checking._unprotected_tables()) == []
    sql = {
        "sqlite": "DROP TRIGGER certificates_logleaf_no_update",
        "postgresql": "DROP TRIGGER certificates_logleaf_no_change ON certificates_logleaf",
    }
    with connection.cursor() as cursor:
        cursor.execute(sql[connection.vendor])
    assert list(checking._unprotected_tables()) == [
        "table certificates_logleaf: the triggers against change are missing"
    ]
