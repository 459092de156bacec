"""Private keys that live in a token (PKCS #11): a smart card, a hardware security module, a service that speaks it.

What is in `settings.SEAL_KEYS_DIR` of such a key is its `.crt` and, in place of the `.key`, a `.token` with its
identifier (CKA_ID) in the token, in letters of hexadecimal. The keys here answer as those of `cryptography` do, but
nothing takes their secret out. A process opens one session, when it first signs, and opens it anew after a fork and
after the token was taken out. One thread at a time speaks with it: the library of a token need not bear more.

PKCS #11 3.0: ECDSA over P-256 (CKM_ECDSA) and Ed25519 (CKM_EDDSA), which older tokens do not have.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from django.conf import settings

_P256_OID, _ED25519_OID = "1.2.840.10045.3.1.7", "1.3.101.112"
_POINT = 0x04  # the number of an OCTET STRING (X.690), and of an uncompressed point (SEC 1)
_ED25519_BYTES, _P256_BYTES = 32, 65
Answer = TypeVar("Answer")


class KeyMissing(RuntimeError):
    """There is no key to seal with, and in production none is made unasked."""


class TokenAway(KeyMissing):
    """The token of the keys cannot be reached, does not know the key, or refused. Says why, never the PIN."""


class TokenUnable(KeyMissing):
    """The token cannot make keys of a kind that was asked of it. Says of which uses."""


def holds(use: str) -> bool:
    """Whether new keys of a use are made in the token."""
    return bool(settings.PKCS11_MODULE) and use in settings.PKCS11_USES


def assert_able(uses: Iterable[tuple[str, bool]]) -> None:
    """Raises `TokenUnable` unless the token can make and use a key for each: its use, and whether it is a P-256."""
    uses = list(uses)
    if not uses:
        return
    mechanisms = _here().do(lambda session: session.token.slot.get_mechanisms())
    for is_p256, needed in ((True, _p256_mechanisms()), (False, _ed25519_mechanisms())):
        unable = [use for use, wants_p256 in uses if wants_p256 is is_p256]
        if unable and not set(needed) <= mechanisms:
            names = ", ".join(f"CKM_{one.name}" for one in needed)
            raise TokenUnable(
                f"the token {settings.PKCS11_TOKEN} has no {names}, which keys of use {', '.join(unable)} need: leave "
                "these out of AULA_PKCS11_USES, and they are files"
            )


def make(use: str, *, p256: bool) -> tuple["P256InToken | Ed25519InToken", str]:
    """Make a key in the token, where it stays; the second is what its `.token` says. Raises `TokenAway`.

    Whoever is killed before that is written leaves a key that nobody uses.
    """
    identifier = os.urandom(16)
    point = _here().do(lambda session: _generate(session, use, identifier, p256), writes=True)
    if p256:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _unwrapped(point, _P256_BYTES))
        return P256InToken(identifier, public), identifier.hex()
    return Ed25519InToken(identifier, Ed25519PublicKey.from_public_bytes(_unwrapped(point, _ED25519_BYTES))), (
        identifier.hex()
    )


def load(path: Path, public: Any) -> "P256InToken | Ed25519InToken":
    """The key of a `.token`, whose certificate has `public`. The token itself is not asked before something is signed.

    Raises `ValueError` where the file is no identifier.
    """
    kind = Ed25519InToken if isinstance(public, Ed25519PublicKey) else P256InToken
    return kind(bytes.fromhex(path.read_text().strip()), public)


def is_in_token(private: object) -> bool:
    """Whether a private key is one of these."""
    return isinstance(private, P256InToken | Ed25519InToken)


def forget() -> None:
    """Let go of the session; the next use opens another, and loads what the token has now."""
    for token in _tokens.values():
        token.leave()


# The keys ------------------------------------------------------------------------------------------------------------


class _InToken:
    """What both kinds have in common: where they are, and that they stay there."""

    def __init__(self, identifier: bytes, public: Any):
        self._identifier, self._public = identifier, public

    def public_key(self) -> Any:
        """The public half, from the certificate."""
        return self._public

    def assert_there(self) -> None:
        """Raises `TokenAway` unless the token is within reach and has the key."""
        token = _here()
        token.do(lambda session: token.key(session, self._identifier))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._identifier.hex()}>"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def _stays(self, *args, **kwargs) -> NoReturn:
        raise TypeError("a key in a token does not leave it")

    def _signed(self, content: bytes, mechanism: str) -> bytes:
        from pkcs11 import Mechanism  # noqa: PLC0415 only those who have a token need it

        token, how = _here(), Mechanism[mechanism]
        return token.do(lambda session: token.key(session, self._identifier).sign(content, mechanism=how))


class P256InToken(_InToken, ec.EllipticCurvePrivateKey):
    """Signs ES256. Two signatures of the same differ: a token draws at random what RFC 6979 calculates."""

    curve = ec.SECP256R1()
    key_size = 256

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """The signature as DER. Raises `TokenAway`."""
        if not isinstance(signature_algorithm, ec.ECDSA) or not isinstance(
            signature_algorithm.algorithm, hashes.SHA256
        ):
            raise TypeError("keys of ours sign ECDSA over SHA-256 alone")
        raw = self._signed(sha256(data).digest(), "ECDSA")
        half = len(raw) // 2
        made = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        with _distrusting():
            self._public.verify(made, data, ec.ECDSA(hashes.SHA256()))
        return made

    exchange = private_numbers = private_bytes = _InToken._stays


class Ed25519InToken(_InToken, Ed25519PrivateKey):
    """Signs EdDSA (RFC 8032): the same signature of the same content, as out of a file."""

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes. Raises `TokenAway`."""
        made = self._signed(bytes(data), "EDDSA")
        with _distrusting():
            self._public.verify(made, data)
        return made

    private_bytes = private_bytes_raw = _InToken._stays


@contextlib.contextmanager
def _distrusting():
    """Nothing goes out that does not hold: another key may stand at the same place in a token that was set up anew."""
    try:
        yield
    except InvalidSignature as problem:
        raise TokenAway("what the token signed does not hold: it has another key than the certificate") from problem


# The token -----------------------------------------------------------------------------------------------------------


class _Token:
    """The token of this process: one session, and the keys that were found in it."""

    def __init__(self, module: str, label: str):
        self._module, self._label = module, label
        self._lock = threading.Lock()
        self._session: Any = None
        self._keys: dict[bytes, Any] = {}
        self._refused: tuple[int, int] | None = None

    def do(self, work: Callable[[Any], Answer], *, writes: bool = False) -> Answer:
        """What `work` makes of the session. It is called again, with another, where the first was lost.

        With `writes` the session is one that may change the token, and ends. Raises `TokenAway`.
        """
        from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415

        with self._lock:
            if self._session and not writes:
                with contextlib.suppress(PKCS11Error):  # taken out and put in, closed by another, restarted
                    return work(self._session)
            try:
                self._session = self._opened(writes)
                return work(self._session)
            except PKCS11Error as problem:
                writes = True
                said = f"{type(problem).__name__} {problem}".strip()
                raise TokenAway(f"the token {self._label}: {said}") from problem
            finally:
                if writes:
                    self._close()

    def key(self, session: Any, identifier: bytes) -> Any:
        """A private key, looked for once in a session. Raises `PKCS11Error`; called within `do`."""
        from pkcs11 import ObjectClass  # noqa: PLC0415

        if identifier not in self._keys:
            self._keys[identifier] = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=identifier)
        return self._keys[identifier]

    def leave(self) -> None:
        """Close the session and unload what was read."""
        with self._lock:
            self._close()

    def after_fork(self) -> None:
        """In the child: neither the lock nor the session of the parent is ours."""
        self._lock = threading.Lock()
        self._session, self._keys = None, {}

    def _opened(self, writes: bool) -> Any:
        """Loaded anew each time, so that a child, and a token that came back, begin at the beginning."""
        import pkcs11  # noqa: PLC0415

        self._close()
        if self._refused and self._refused == _stamp():
            raise TokenAway(f"the token {self._label} refused the PIN: it is not tried again before its file changes")
        token = pkcs11.lib(self._module).get_token(token_label=self._label)
        try:
            return token.open(rw=writes, user_pin=_pin())
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinExpired):
            self._refused = _stamp()  # after a few tries a token locks itself
            raise

    def _close(self) -> None:
        import pkcs11  # noqa: PLC0415

        self._session, self._keys = None, {}
        if loaded := pkcs11._loaded.get(self._module):
            with contextlib.suppress(pkcs11.PKCS11Error):  # gone, or the parent's
                loaded.finalize()


_tokens: dict[tuple[str, str], _Token] = {}


def _after_fork() -> None:
    for token in _tokens.values():
        token.after_fork()


os.register_at_fork(after_in_child=_after_fork)


def _here() -> _Token:
    """The token of the settings. Raises `TokenAway` where they name none."""
    if not settings.PKCS11_MODULE:
        raise TokenAway("the key lies in a token, and AULA_PKCS11_MODULE is not set")
    return _tokens.setdefault(
        (settings.PKCS11_MODULE, settings.PKCS11_TOKEN), _Token(settings.PKCS11_MODULE, settings.PKCS11_TOKEN)
    )


def _pin() -> str:
    """Read each time, and kept by nobody."""
    try:
        return Path(settings.PKCS11_PIN_FILE).read_text().strip()
    except OSError as problem:
        raise TokenAway(f"the file of the PIN, {settings.PKCS11_PIN_FILE}: {problem.strerror}") from problem


def _stamp() -> tuple[int, int] | None:
    """By what the file of the PIN is told from an earlier one."""
    with contextlib.suppress(OSError):
        found = os.stat(settings.PKCS11_PIN_FILE)
        return found.st_mtime_ns, found.st_ino
    return None


def _generate(session: Any, use: str, identifier: bytes, p256: bool) -> bytes:
    """Make a pair that nothing takes out and that signs, and nothing else; returns its CKA_EC_POINT."""
    from pkcs11 import Attribute, KeyType, MechanismFlag  # noqa: PLC0415
    from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415

    curve = encode_named_curve_parameters(_P256_OID if p256 else _ED25519_OID)
    kind, how = (KeyType.EC, _p256_mechanisms()) if p256 else (KeyType.EC_EDWARDS, _ed25519_mechanisms())
    parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    public, _private = parameters.generate_keypair(
        mechanism=how[0],
        id=identifier,
        label=f"aula {use}",
        store=True,
        capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )
    return public[Attribute.EC_POINT]


def _p256_mechanisms() -> tuple[Any, Any]:
    from pkcs11 import Mechanism  # noqa: PLC0415

    return Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA


def _ed25519_mechanisms() -> tuple[Any, Any]:
    from pkcs11 import Mechanism  # noqa: PLC0415

    return Mechanism.EC_EDWARDS_KEY_PAIR_GEN, Mechanism.EDDSA


def _unwrapped(point: bytes, length: int) -> bytes:
    """A CKA_EC_POINT without the OCTET STRING that most tokens put around it."""
    is_wrapped = len(point) == length + 2 and point[:2] == bytes([_POINT, length])
    return point[2:] if is_wrapped else point
