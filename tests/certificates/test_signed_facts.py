"""The signed facts in the QR: read by an independent library, refused when anything of them is another's."""

import re
from base64 import b32decode, b32encode
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace

import cbor2
import cwt
import pypdfium2
import pytest
import zxingcpp
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from certificates import keyring
from certificates.domain import cbor, codes, rendering, signed_facts
from certificates.models import Certificate, CertificateFile
from certificates.pdf import render
from certificates.views.verification import MISSES
from lms.domain import tries
from tests.certificates.test_pdf import EIGHTY, a_paper
from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.people import an_employee

LONGEST = [EIGHTY, "W" * 170, "Xʼol Kꞌicheꞌ Sacẍaj Ꞌaq ʻEwa " * 6, ("Wenceslao " * 17)[:161], "ẍ" * 170]
STATUS = {"list": "https://aula.example.org/estados/ANAM-2026-1.json", "index": 131_071}


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    cache.clear()
    settings.SEAL_KEYS_DIR = tmp_path / "keys"
    return settings.SEAL_KEYS_DIR


def signed_paper(**fields) -> Certificate:
    paper = a_paper(**fields)
    paper.facts["status"] = STATUS
    return paper


def letters_of(certificate: Certificate) -> str:
    return signed_facts.address_for(certificate).rpartition("/")[2]


def bytes_of(letters: str) -> bytes:
    return b32decode(letters + "=" * (-len(letters) % 8))


def letters(content: bytes) -> str:
    return b32encode(content).decode().rstrip("=")


def refused(text: str) -> str:
    with pytest.raises(signed_facts.NotOurs) as why:
        signed_facts.read(text)
    return str(why.value)


class TestFacts:
    def test_they_say_what_the_paper_says(self):
        facts = signed_facts.read(letters_of(signed_paper()))
        assert facts == signed_facts.Facts(
            code="3Q7WZ1K9M4X0TBV6HG2RDN8PSE",
            reference="ANAM-2026-000123",
            kind="diploma",
            person_name="María Xʼol",
            course_title="Cobro y registro de usuarios de agua",
            hours=Decimal("4.5"),
            completed_on=date(2026, 5, 15),
            issued_at=datetime(2026, 5, 16, 4, 3, 2, tzinfo=UTC),
            expires_on=None,
            list="ANAM-2026-1",
            index=131_071,
        )

    def test_an_independent_library_reads_them(self):
        """By RFC 8392 and RFC 9052, with the public half as it is published."""
        paper = signed_paper()
        paper.facts["expires_on"] = "2099-05-15"
        key = keyring.current(keyring.Use.QR)
        public = key.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        content = bytes_of(letters_of(paper))
        kid = cbor2.loads(cbor2.loads(content).value[0])[4]
        said = cwt.decode(content, cwt.COSEKey.from_pem(public, kid=kid, alg="ES256"))
        assert said[7] == int(paper_number(paper.code)).to_bytes(16, "big")
        assert said[6] == int(paper.issued_at.timestamp())
        assert datetime.fromtimestamp(said[4], UTC) == datetime(2099, 5, 16, 6, tzinfo=UTC)
        assert said[-65537] == [
            *("ANAM-2026-000123", 2, "María Xʼol", "Cobro y registro de usuarios de agua"),
            *(45, (date(2026, 5, 15) - date(1970, 1, 1)).days, 1, 131_071),
        ]
        with pytest.raises(cwt.VerifyError):
            cwt.decode(content[:-1] + b"\x00", cwt.COSEKey.from_pem(public, kid=kid, alg="ES256"))

    def test_the_same_facts_and_key_give_the_same_text(self):
        assert letters_of(signed_paper()) == letters_of(signed_paper())

    def test_expiry_is_the_last_day_in_guatemala(self):
        paper = signed_paper()
        paper.expires_on = date(2028, 12, 31)  # as a column
        assert signed_facts.read(letters_of(paper)).expires_on == date(2028, 12, 31)

    def test_a_usual_one_is_short(self):
        usual = signed_paper(
            person_name="María Candelaria Xʼol Tzunux", course_title="Gestión del agua en el municipio"
        )
        assert len(bytes_of(letters_of(usual))) <= 220
        assert (
            max(len(bytes_of(letters_of(signed_paper(person_name=name, course_title="Á" * 255)))) for name in LONGEST)
            <= 320
        )

    @pytest.mark.parametrize("name", LONGEST[1:])
    def test_what_is_too_long_is_shortened_and_bound_by_a_digest(self, name):
        facts = signed_facts.read(letters_of(signed_paper(person_name=name)))
        assert name.startswith(facts.person_name.removesuffix("…").rstrip())
        assert facts.person_name.endswith("…")
        twin = signed_paper(person_name=name[:-1] + "Z")
        assert signed_facts.read(letters_of(twin)).person_name == facts.person_name
        with pytest.raises(signed_facts.NotOurs, match="something else"):
            signed_facts.check(letters_of(signed_paper(person_name=name)), twin)
        assert not signed_facts.says(facts, twin)

    def test_one_from_before_there_were_lists_names_none(self):
        facts = signed_facts.read(letters_of(a_paper()))
        assert (facts.list, facts.index) == ("", None)

    def test_a_list_of_another_name_is_named_whole(self):
        paper = signed_paper()
        paper.facts["status"] = {"list": "https://x/estados/OTRA-2026-01.json", "index": 0}
        assert signed_facts.read(letters_of(paper)).list == "OTRA-2026-01"


def paper_number(code: str) -> int:
    number = 0
    for letter in code:
        number = number * 32 + codes.ALPHABET.index(letter)
    return number


class TestTwins:
    def test_another_letter_anywhere(self):
        good = letters_of(signed_paper())
        for place in range(len(good)):
            other = "A" if good[place] != "A" else "B"
            assert refused(good[:place] + other + good[place + 1 :])

    def test_a_last_letter_that_means_the_same(self):
        """Of the bits that fill it up nothing is said, so they may not differ."""
        spare = 0
        for name in ("A", "AB", "ABC", "ABCD", "ABCDE"):
            good = letters_of(signed_paper(person_name=name))
            for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567":
                if other != good[-1]:
                    twin = good[:-1] + other
                    spare += bytes_of(twin) == bytes_of(good)
                    assert refused(twin)
        assert spare

    def test_another_key(self, settings, tmp_path):
        good = letters_of(signed_paper())
        settings.SEAL_KEYS_DIR = tmp_path / "theirs"
        theirs = letters_of(signed_paper())
        settings.SEAL_KEYS_DIR = tmp_path / "keys"
        assert signed_facts.read(good)
        assert refused(theirs) == "it was signed with a key of somebody else"

    def test_another_key_that_claims_to_be_ours(self, settings, tmp_path):
        kid = signed_facts.key_id(keyring.current(keyring.Use.QR))
        settings.SEAL_KEYS_DIR = tmp_path / "theirs"
        forged = letters_of(signed_paper()), signed_facts.key_id(keyring.current(keyring.Use.QR))
        settings.SEAL_KEYS_DIR = tmp_path / "keys"
        assert refused(letters(bytes_of(forged[0]).replace(forged[1], kid))) == "its signature does not hold"

    def test_a_key_of_another_use(self, monkeypatch):
        seal = keyring.current(keyring.Use.SEAL)
        made = signed_facts._sign(signed_facts._payload(signed_paper()), seal)
        assert refused(letters(made)) == "it was signed with a key of somebody else"

    def test_pieces_of_two(self):
        one, two = (cbor2.loads(bytes_of(letters_of(signed_paper(person_name=name)))).value for name in ("Ana", "Eva"))
        mixed = cbor2.dumps(cbor2.CBORTag(18, [one[0], {}, two[2], one[3]]))
        assert refused(letters(mixed)) == "its signature does not hold"

    @pytest.mark.parametrize("cut", [1, 2, 8, 100, 300])
    def test_cut_off_and_too_long(self, cut):
        good = letters_of(signed_paper())
        assert refused(good[:-cut])
        assert refused(good + "A" * cut)
        assert refused(good * 10)

    @pytest.mark.parametrize("text", ["", "=", "1", "ÁA", "ſ" * 30, "A" * 1201, "/", "\x00"])
    def test_what_is_no_such_text(self, text):
        assert refused(text)

    def test_a_signature_that_says_nothing(self):
        """CVE-2022-21449: zeros must not pass."""
        content = bytes_of(letters_of(signed_paper()))
        assert refused(letters(content[:-64] + bytes(64))) == "its signature does not hold"

    def test_an_old_key_goes_on_being_ours(self):
        good = letters_of(signed_paper())
        keyring.ensure(anew=True)
        assert letters_of(signed_paper()) != good
        signed_facts.check(good, signed_paper())

    @given(st.binary(max_size=400))
    def test_no_bytes_break_the_reader(self, content):
        assert refused(letters(content) or "A")
        assert refused(letters(signed_facts.TAG + content))


VALUES = st.recursive(
    st.none() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(-(2**64), 2**64 - 1), inner, max_size=4),
    max_leaves=6,
)


class TestCbor:
    @given(VALUES)
    def test_it_is_what_another_library_writes(self, value):
        with suppress(cbor.NotCbor):  # what is deeper than anything of ours
            assert cbor.decode(cbor.encode(value)) == value
        assert cbor2.loads(cbor.encode(value)) == value

    @given(st.binary(max_size=60))
    def test_every_value_has_one_form(self, content):
        try:
            value = cbor.decode(content)
        except cbor.NotCbor:
            return
        assert cbor.encode(value) == content
        assert cbor2.loads(content) == value

    @pytest.mark.parametrize(
        "hexed",
        [
            *("", "1800", "5f40ff", "9fff", "a200000000", "a20000ff00", "f5", "f97c00", "c000", "9bffffffffffffffff"),
            *("61ff", "5b7fffffffffffffff00", "0000", "818181818180", "a14000"),
        ],
    )
    def test_what_is_not_in_the_form_is_refused(self, hexed):
        with pytest.raises(cbor.NotCbor):
            cbor.decode(bytes.fromhex(hexed))


def read_from_print(content: bytes, grayscale: bool = True) -> list[str]:
    """As a QR: to a reader of every kind of bars, a row of its squares is now and then a code of four letters."""
    page = pypdfium2.PdfDocument(BytesIO(content))[0]
    image = page.render(scale=200 / 72, grayscale=grayscale).to_pil().convert("L")
    return [found.text for found in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.parametrize("host", ["aula.example.org", "capacitaciones.asociacion-nacional-de-municipalidades.org.gt"])
@pytest.mark.parametrize("name", ["Ana", *LONGEST])
def test_the_qr_is_read_from_a_print_of_200_dpi(name, host):
    paper = signed_paper(person_name=name, course_title=("MUNICIPALIDAD " * 19)[:255])
    paper.facts["verify_url"] = paper.facts["verify_url"].replace("aula.example.org", host)
    paper.facts["expires_on"] = "2030-01-01"
    address = signed_facts.address_for(paper)
    assert read_from_print(render(paper, "", address)) == [address]
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", address), "a QR writes other letters larger"


def test_without_signed_facts_the_paper_is_as_it_was():
    assert render(a_paper(), "", "") == render(a_paper())
    assert read_from_print(render(a_paper())) == [a_paper().facts["verify_url"]]


@pytest.mark.django_db
class TestFiles:
    def test_a_new_file_holds_them_and_is_made_again_with_them(self, own_keys):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        with default_storage.open(file.path) as stored:
            content = stored.read()
        assert read_from_print(content) == [file.qr]
        signed_facts.check(file.qr, certificate)
        default_storage.delete(file.path)
        keyring.ensure(anew=True)
        for path in own_keys.glob("qr-*.key"):
            path.unlink()  # what was signed once needs no key any more
        again = rendering.ensure_file(certificate)
        assert (again.qr, again.unsigned_sha256) == (file.qr, file.unsigned_sha256)

    def test_a_file_from_before_keeps_its_qr(self):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        # As it was made before: no row knew of a QR, and the drawing led to the check page.
        CertificateFile.objects.update(qr="")
        default_storage.delete(file.path)
        again = rendering.ensure_file(certificate)
        assert again.qr == ""
        with default_storage.open(again.path) as stored:
            assert read_from_print(stored.read()) == [certificate.facts["verify_url"]]

    def test_it_weighs_little(self):
        assert rendering.ensure_file(a_certificate()).bytes < 60_000


@pytest.mark.django_db
class TestAddress:
    def ask(self, client, text):
        return client.get(f"/O/{text}")

    def qr_of(self, certificate) -> str:
        return rendering.ensure_file(certificate).qr

    @pytest.mark.parametrize("change", [str, str.lower, str.title])
    def test_it_leads_to_the_check_page(self, client, change):
        certificate = a_certificate()
        address = self.qr_of(certificate)
        assert address == address.upper()
        response = client.get(change(address[address.index("/O/") :]))
        assert (response.status_code, response["Location"]) == (302, f"/verificar/{certificate.code}/")
        assert "no-store" in response["Cache-Control"]

    def test_it_may_be_pasted_where_codes_are_typed(self, client):
        certificate = a_certificate()
        for pasted in (self.qr_of(certificate), self.qr_of(certificate).lower() + " \n"):
            response = client.get(reverse("certificates:verify"), {"codigo": pasted}, follow=True)
            assert response.redirect_chain[-1][0] == f"/verificar/{certificate.code}/"

    def test_what_we_did_not_sign_is_said_so(self, client):
        good = self.qr_of(a_certificate()).rpartition("/")[2]
        for text in (good[:-2] + ("AA" if good[-2:] != "AA" else "BA"), "MFWGC", good[:200]):
            response = self.ask(client, text)
            assert response.status_code == 404
            body = response.content.decode()
            assert "Esto no lo emitimos" in body
            assert "Qué dice el QR" not in body

    def test_what_is_no_such_text_is_absent(self, client):
        for text in ("A" * 1201, "a1", "%C5%BF", "%0A"):
            response = self.ask(client, text)
            assert (response.status_code, "Esto no lo emitimos" in response.content.decode()) == (404, True)

    def test_a_register_that_forgot_it_is_said_so(self, client):
        """As after a backup was restored: signed, and issued to nobody as far as we know."""
        text = letters_of(signed_paper(code=codes.new_code(), person_name="Ana <b>"))
        response = self.ask(client, text)
        body = response.content.decode()
        assert response.status_code == 404
        assert "pero no está en el registro" in body
        assert "Ana &lt;b&gt;" in body
        assert "auténtico y vigente" not in body

    def test_a_register_that_says_something_else_is_said_so(self, client):
        certificate = a_certificate()
        text = self.qr_of(certificate).rpartition("/")[2]
        changed = Certificate.objects.get(pk=certificate.pk)
        changed.person_name = "Otra Persona"
        response = self.ask(client, letters_of(changed))
        assert response.status_code == 404
        assert "el registro dice otra cosa" in response.content.decode()
        assert self.ask(client, text).status_code == 302

    def test_a_revoked_one_leads_to_where_that_is_said(self, client):
        certificate = a_certificate()
        qr = self.qr_of(certificate)
        a_revocation(certificate)
        response = client.get(qr[qr.index("/O/") :], follow=True)
        assert "Certificado revocado el" in response.content.decode()

    def test_whoever_guesses_is_slowed_down(self, client, monkeypatch):
        monkeypatch.setattr(tries, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))
        certificate = a_certificate(person=an_employee())
        good = self.qr_of(certificate).rpartition("/")[2]
        assert {self.ask(client, "MFWGC").status_code for _ in range(MISSES.most)} == {404}
        assert self.ask(client, "MFWGC").status_code == 429
        assert self.ask(client, good).status_code == 302
