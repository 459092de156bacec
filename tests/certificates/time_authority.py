"""A certification authority, its list of revocations and a time authority (RFC 3161), of the tests' own, over http."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

CONF = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def _name(said: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, said)])


@dataclass
class TimeAuthority:
    """Its `address`, and what it can be told: to answer nobody or nonsense, to revoke itself, to take a new key."""

    folder: Path
    address: str = ""
    is_away: bool = False
    is_broken: bool = False
    has_no_list: bool = False
    has_no_root: bool = False
    asked: list[str] = field(default_factory=list)
    revoked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self._is_asked = False
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._certificate("Autoridad", self._root_key.public_key(), timedelta(days=3000), is_root=True)
        (self.folder / "conf").write_text(CONF.format(folder=self.folder))
        (self.folder / "serial").write_text("01")

    def take_certificate(self, valid_for: timedelta, *, is_asked: bool = False) -> x509.Certificate:
        """Have it stamp with a new certificate, which ends after `valid_for`.

        `is_asked`: whether it was revoked is asked for (OCSP) instead of looked up in the list.
        """
        self._is_asked = is_asked
        key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certificate("Hora", key.public_key(), valid_for)
        (self.folder / "crt").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "key").write_bytes(secret)
        return self.certificate

    def certify(self, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """A certificate for somebody else's key, as an issuer buys one."""
        return self._certificate("Emisor", key, timedelta(days=700))

    def _certificate(self, name, key, valid_for, *, is_root=False) -> x509.Certificate:
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("Autoridad"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(days=3))
            .not_valid_after(self.now + valid_for)
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        )
        may = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        ) | {"decipher_only": False}
        usage = x509.KeyUsage(digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root, **may)
        made = made.add_extension(usage, critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        if not is_root:
            made = self._as_time_stamping(made)
        return made.sign(self._root_key, hashes.SHA256())

    def _as_time_stamping(self, made: x509.CertificateBuilder) -> x509.CertificateBuilder:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key())
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{self.address}lista.crl")], None, None, None)
        kinds = {AuthorityInformationAccessOID.CA_ISSUERS: "raiz.crt"}
        if self._is_asked:
            kinds[AuthorityInformationAccessOID.OCSP] = "estado"
        found = [
            x509.AccessDescription(kind, x509.UniformResourceIdentifier(f"{self.address}{path}"))
            for kind, path in kinds.items()
        ]
        for extension, critical in (
            (above, False),
            *([] if self._is_asked else [(x509.CRLDistributionPoints([place]), False)]),
            (x509.AuthorityInformationAccess(found), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
        ):
            made = made.add_extension(extension, critical=critical)
        return made

    def answer(self, path: str) -> tuple[str, bytes]:
        """What is fetched: the list of revocations, or the root, which no token brings along."""
        if path.endswith("raiz.crt"):
            return "application/pkix-cert", self.root.public_bytes(Encoding.DER)
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root.subject)
            .last_update(datetime.now(UTC) - timedelta(hours=1))
            .next_update(datetime.now(UTC) + timedelta(days=7))
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()), critical=False
            )
        )
        for serial in self.revoked:
            gone = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self.now)
            made = made.add_revoked_certificate(gone.build())
        return "application/pkix-crl", made.sign(self._root_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def say_state(self, query: bytes) -> bytes:
        """The answer to the question whether its certificate was revoked."""
        asked = ocsp.load_der_ocsp_request(query)
        is_revoked = asked.serial_number in self.revoked
        made = ocsp.OCSPResponseBuilder().add_response(
            self.certificate,
            self.root,
            asked.hash_algorithm,
            ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
            datetime.now(UTC) - timedelta(hours=1),
            datetime.now(UTC) + timedelta(days=7),
            self.now if is_revoked else None,
            None,
        )
        for extension in asked.extensions:
            made = made.add_extension(extension.value, critical=False)
        made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, self.root)
        return made.sign(self._root_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def stamp(self, query: bytes) -> bytes:
        """The answer to a question for the time."""
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", self.folder / "conf", "-queryfile", self.folder / "query"]
        command += ["-signer", self.folder / "crt", "-inkey", self.folder / "key", "-out", self.folder / "reply"]
        subprocess.run(command, check=True, capture_output=True)
        return (self.folder / "reply").read_bytes()


@contextmanager
def running(folder: Path) -> Iterator[TimeAuthority]:
    """One that answers, with a certificate for four years."""
    folder.mkdir()
    authority = TimeAuthority(folder)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            authority.asked.append(self.path)
            if (authority.has_no_list and self.path.endswith(".crl")) or authority.has_no_root:
                self.send_error(503)
            else:
                self._send(*authority.answer(self.path))

        def do_POST(self):
            authority.asked.append("estado" if self.path.endswith("estado") else "hora")
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("estado"):
                self._send("application/ocsp-response", authority.say_state(query))
            elif authority.is_broken:
                self._send("application/timestamp-reply", b"0")
            elif authority.is_away:
                self.send_error(503)
            else:
                self._send("application/timestamp-reply", authority.stamp(query))

        def _send(self, kind: str, content: bytes):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        authority.address = f"http://127.0.0.1:{server.server_port}/"
        authority.take_certificate(timedelta(days=1461))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()
