"""Data Integrity proofs (`eddsa-rdfc-2022`, W3C) over documents of the library, with whatever key is ours.

The library signs with a secret that it is handed. One in a token cannot be handed over: the same is then made here of
the library's own digests, and the library checks what came of it.
"""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from openbadgeslib.ob3 import ldp
from openbadgeslib.ob3.contexts import document_loader

from certificates import keyring, token_keys

Contexts = Mapping[str, dict[str, Any]] | None


def prove(
    document: dict[str, Any], key: keyring.Key, method: str, *, created: datetime | None = None, more: Contexts = None
) -> dict[str, Any]:
    """A copy of the document with a proof. `more` are contexts that the library does not know by itself.

    `created` is now unless it is said. Raises `keyring.KeyMissing`, and what the library raises over a document that
    nobody would take.
    """
    if not token_keys.is_in_token(key.private):
        secret = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return ldp.add_data_integrity_proof(document, secret, method, created=created, extra_contexts=more)
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": (created or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    options = {**proof, "@context": document["@context"]}
    digests = ldp._hash_data(document, options, document_loader(more))
    proven = copy.deepcopy(document) | {"proof": proof | {"proofValue": keyring.multibase(key.private.sign(digests))}}
    public = key.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ldp.verify_data_integrity_proof(proven, public, extra_contexts=more)
    return proven
