"""Lists of states as machines read them: by the words of the standard, and by a reader that is not ours."""

import base64
import gzip
import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.credential import OpenBadgeCredential
from openbadgeslib.ob3.ldp import verify_data_integrity_proof
from openbadgeslib.ob3.status import check_credential_status

from certificates import keyring
from certificates.domain import checking, credentials, status_lists
from certificates.domain.checking import find_faults
from certificates.models import Series, StatusEntry
from tests.factories.certificates import a_certificate, a_lifting, a_revocation, a_suspension

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def bits(document: dict) -> list[int]:
    """The set bits, by W3C Bitstring Status List 1.0: multibase base64url, GZIP, the first bit leftmost."""
    encoded = document["credentialSubject"]["encodedList"]
    assert encoded[0] == "u"
    plain = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))
    assert len(plain) * 8 >= 131_072
    text = "".join(f"{byte:08b}" for byte in plain)
    return [place for place, bit in enumerate(text) if bit == "1"]


def fetched(client, certificate, which: str = "list") -> dict:
    address = certificate.facts["status"][which]
    response = client.get("/" + address.split("/", 3)[3])
    assert response["Content-Type"] == "application/vc"
    assert response["Access-Control-Allow-Origin"] == "*"
    return json.loads(response.content)


def revoke(certificate) -> None:
    a_revocation(certificate, reason="Prueba")


def test_the_bit_of_a_revoked_certificate_is_set_and_no_other(client):
    kept, lost = a_certificate(), a_certificate()
    assert bits(fetched(client, kept)) == []
    revoke(lost)
    document = fetched(client, lost)
    assert bits(document) == [lost.facts["status"]["index"]]
    assert document["id"] == lost.facts["status"]["list"] == kept.facts["status"]["list"]
    public = keyring.current(keyring.Use.CREDENTIAL).certificate.public_key()
    verify_data_integrity_proof(document, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_a_reader_of_others_believes_the_one_and_refuses_the_other(client):
    kept, lost = a_certificate(), a_certificate()
    revoke(lost)

    def download(address: str) -> bytes:
        which = {said: name for name, said in kept.facts["status"].items()}[address]
        return json.dumps(fetched(client, kept, which)).encode()

    read = [OpenBadgeCredential.from_vc_document(json.loads(credentials.issue(one))) for one in (kept, lost)]
    check_credential_status(read[0], download)
    with pytest.raises(LibOpenBadgesException, match="revocation"):
        check_credential_status(read[1], download)


def test_the_bit_of_a_suspended_certificate_is_set_until_that_is_lifted(client):
    """By the words of the standard: in the list of suspensions, at the same place, and in no other list."""
    _kept, doubted, gone = a_certificate(), a_certificate(), a_certificate()
    assert bits(fetched(client, doubted, "suspension")) == []
    a_suspension(doubted)
    document = fetched(client, doubted, "suspension")
    assert document["credentialSubject"]["statusPurpose"] == "suspension"
    assert document["id"] == doubted.facts["status"]["suspension"] != doubted.facts["status"]["list"]
    assert bits(document) == [doubted.facts["status"]["index"]]
    assert bits(fetched(client, doubted)) == []
    public = keyring.current(keyring.Use.CREDENTIAL).certificate.public_key()
    verify_data_integrity_proof(document, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    a_suspension(gone)
    a_revocation(gone)
    assert sorted(bits(fetched(client, doubted, "suspension"))) == sorted(
        one.facts["status"]["index"] for one in (doubted, gone)
    )
    assert bits(fetched(client, doubted)) == [gone.facts["status"]["index"]]
    a_lifting(doubted)
    assert bits(fetched(client, doubted, "suspension")) == [gone.facts["status"]["index"]]


def test_a_reader_of_others_refuses_what_is_suspended_and_believes_it_again(client):
    one = a_certificate()
    read = OpenBadgeCredential.from_vc_document(json.loads(credentials.issue(one)))

    def download(address: str) -> bytes:
        which = {said: name for name, said in one.facts["status"].items()}[address]
        return json.dumps(fetched(client, one, which)).encode()

    check_credential_status(read, download)
    a_suspension(one)
    with pytest.raises(LibOpenBadgesException, match="suspension"):
        check_credential_status(read, download)
    a_lifting(one)
    check_credential_status(read, download)


def test_what_was_issued_before_there_were_suspensions_says_what_it_said(client):
    """Its credential has the one status that it was proven with, word for word; its page and the list say the rest."""
    one = a_certificate()
    one.facts["status"].pop("suspension")
    said = json.loads(credentials.issue(one))
    assert said["credentialStatus"]["statusPurpose"] == "revocation"
    assert said["credentialSchema"]
    a_suspension(one)
    name = one.status_entry.list
    document = json.loads(client.get(reverse("certificates:suspension_list", args=[name])).content)
    assert bits(document) == [one.facts["status"]["index"]]
    page = client.get(reverse("certificates:certificate", args=[one.code])).content.decode()
    assert "Certificado suspendido" in page


def test_a_list_of_suspensions_that_is_another_is_named():
    one = a_certificate()
    one.facts["status"]["suspension"] = one.facts["status"]["suspension"].replace("ANAM", "OTRA")
    assert [*checking._status_of(one)] == ["its list of suspensions is not the one beside its list of states"]


def test_a_list_that_was_changed_is_not_ours(client):
    one = a_certificate()
    revoke(one)
    document = fetched(client, one)
    empty = gzip.compress(bytes(131_072 // 8))
    document["credentialSubject"]["encodedList"] = "u" + base64.urlsafe_b64encode(empty).rstrip(b"=").decode()
    public = keyring.current(keyring.Use.CREDENTIAL).certificate.public_key()
    with pytest.raises(LibOpenBadgesException):
        verify_data_integrity_proof(document, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_a_list_is_signed_once_and_anew_as_soon_as_something_changed(client, monkeypatch):
    one, signed, sign = a_certificate(), [], status_lists._sign
    monkeypatch.setattr(status_lists, "FRESH", status_lists.timedelta(days=9000))
    monkeypatch.setattr(status_lists, "_sign", lambda *facts: signed.append(1) or sign(*facts))
    fetched(client, one)
    fetched(client, one)
    assert len(signed) == 1
    revoke(one)
    assert bits(fetched(client, one)) == [one.facts["status"]["index"]]
    assert len(signed) == 2


def test_a_list_tells_nothing_of_anybody(client):
    one = a_certificate()
    text = json.dumps(fetched(client, one), ensure_ascii=False)
    assert not [word for word in (one.person_name, one.course_title, one.code, str(one.public_id)) if word in text]


@pytest.mark.parametrize("name", ["ANAM-1999-1", "x", "ANAM-2026-99", "a b", "x" * 300])
def test_a_list_that_is_not_there(client, name):
    a_certificate()
    assert client.get(reverse("certificates:status_list", args=[name])).status_code == 404


def test_no_two_certificates_have_the_same_bit(monkeypatch):
    """Where others hold the first that fall, another is taken; the database refuses a double by itself."""
    one = a_certificate()
    falls = iter([one.facts["status"]["index"]] * status_lists.TRIES + [7] * status_lists.TRIES)
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _most: next(falls))
    other = a_certificate()
    assert other.facts["status"]["index"] == 7
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusEntry.objects.bulk_create([StatusEntry(certificate=other, list=one.status_entry.list, index=7)])


def test_a_new_list_is_begun_before_one_is_full():
    series = Series(name="ANAM", year=2026, last_number=status_lists.MOST)
    assert status_lists.take_place(series)[0] == "ANAM-2026-1"
    series.last_number += 1
    assert status_lists.take_place(series)[0] == "ANAM-2026-2"


def test_without_a_key_nothing_is_told(client, settings):
    one = a_certificate()
    name = one.status_entry.list
    settings.PRODUCTION, settings.SEAL_KEYS_DIR = True, settings.SEAL_KEYS_DIR / "none"
    assert client.get(reverse("certificates:status_list", args=[name])).status_code == 503


@pytest.mark.parametrize("change", ['"index" = 3', "list = 'ANAM-2026-2'"])
def test_a_bit_that_was_moved_is_named(change):
    one = a_certificate()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE certificates_statusentry DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER certificates_statusentry_no_update")
        cursor.execute(f"UPDATE certificates_statusentry SET {change}")  # noqa: S608 no input
    found = [fault for fault in find_faults() if "lists of states" in fault]
    assert found == [f"certificate {one.reference}: its bit in the lists of states is not the one that it says"]
