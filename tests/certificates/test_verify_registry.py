"""`manage.py verify_registry` names every row at fault, and each kind of fault makes it fail."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from certificates.domain import rendering
from certificates.domain.checking import find_faults
from certificates.models import CertificateFile, LogHead, OwedCertificate, Series
from tests.factories.certificates import a_certificate, a_revocation

pytestmark = pytest.mark.django_db


@pytest.fixture
def register():
    """Three certificates with their files, the second revoked."""
    certificates = [a_certificate() for _ in range(3)]
    for certificate in certificates:
        rendering.ensure_file(certificate)
    a_revocation(certificates[1], reason="Prueba")
    return certificates


@pytest.fixture
def tamper():
    """Change the register as somebody would who took its triggers away."""

    def execute(sql: str, *values: object) -> None:
        tables = ("certificate", "certificateact", "certificateevent", "logleaf")
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or pending checks keep the tables busy
            for table in tables:
                if connection.vendor == "postgresql":
                    cursor.execute(f"ALTER TABLE certificates_{table} DISABLE TRIGGER USER")
                else:
                    cursor.execute(f"DROP TRIGGER IF EXISTS certificates_{table}_no_update")
                    cursor.execute(f"DROP TRIGGER IF EXISTS certificates_{table}_no_delete")
            cursor.execute(sql, values)

    return execute


def faults() -> list[str]:
    """What is found, less the triggers that a test took away itself."""
    return [fault for fault in find_faults() if "triggers" not in fault]


def test_a_whole_register_holds(register, capsys):
    call_command("verify_registry")
    assert capsys.readouterr().out == "3 certificates, 4 leaves: all hold\n"


def test_an_empty_register_holds():
    assert faults() == []


def test_it_exits_with_one(register, capsys):
    CertificateFile.objects.all()[0].delete()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_registry")
    assert ended.value.code == 1
    assert "has no PDF yet" in capsys.readouterr().out


def test_a_changed_name_is_named(register, tamper):
    named = "person_name = %s, person_name_folded = 'otra'"
    tamper(f"UPDATE certificates_certificate SET {named} WHERE number = %s", "Otra", 2)  # noqa: S608 no input
    assert faults() == [f"certificate {register[1].reference}: differs from leaf 1 in person_name"]


def test_a_changed_code_is_named(register, tamper):
    tamper("UPDATE certificates_certificate SET code = %s WHERE number = %s", "0" * 26, 3)
    assert faults() == [
        f"certificate {register[2].reference}: differs from leaf 2 in code_sha256",
        f"certificate {register[2].reference}: its number was given out before, to another",
    ]


def test_a_gap_is_named(register, tamper):
    tamper("UPDATE certificates_certificate SET number = %s WHERE number = %s", 9, 2)
    series = Series.objects.get()
    assert f"series {series}: numbers [2, 4, 5, 6, 7, 8] are missing" in faults()


def test_a_counter_that_ran_ahead_is_named(register):
    Series.objects.update(last_number=4)
    assert faults() == [f"series {Series.objects.get()}: 3 certificates, but the counter stands at 4"]


def test_a_removed_revocation_is_named(register, tamper):
    tamper("DELETE FROM certificates_logleaf WHERE index = 3".replace("index", '"index"'))
    tamper("DELETE FROM certificates_certificateact")
    tamper("DELETE FROM certificates_certificateevent WHERE kind = 'revoked'")
    assert faults() == ["head of the log: does not stand at leaf 2", "node 0/3: node none should come here"]


def test_a_leaf_written_anew_is_named(register, tamper):
    tamper('UPDATE certificates_logleaf SET digest = %s WHERE "index" = 1', "f" * 64)
    assert faults() == [
        "leaf 1: its digest is not that of its entry",
        "leaf 2: does not chain to the leaf before it",
    ]


def test_an_event_without_leaf_is_named(register, tamper):
    tamper('DELETE FROM certificates_logleaf WHERE "index" = 3')
    found = faults()
    assert any("(revoked) has no leaf in the log" in fault for fault in found)


def test_another_file_is_named(register):
    path = register[0].file.path
    default_storage.delete(path)
    default_storage.save(path, ContentFile(b"%PDF-1.7 of somebody else"))
    assert faults() == [f"certificate {register[0].reference}: its file {path} is not the one that was drawn"]


def test_a_missing_file_is_named(register):
    path = register[0].file.path
    default_storage.delete(path)
    assert faults() == [f"certificate {register[0].reference}: its file {path} is not in the storage"]


def test_an_owed_row_that_forgot_is_named(register):
    owed = OwedCertificate.objects.first()
    OwedCertificate.objects.filter(pk=owed.pk).update(issued_at=None)
    assert faults() == [f"owed row {owed.pk}: has a certificate but no moment of issue"]


def test_a_lost_head_is_named(register):
    LogHead.objects.all().delete()
    assert faults() == ["head of the log: does not stand at leaf 3"]
