"""What is signed of a credential is what pyld makes of its JSON by the contexts, over made-up facts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbadgeslib.ob3 import ldp

from certificates import keyring
from certificates.domain import credentials, quads
from certificates.keyring import Use
from tests.certificates.test_pdf import a_paper

pytestmark = pytest.mark.once
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
STATUS = st.integers(0, 131071).map(
    lambda bit: {"list": "https://aula.example.org/estados/A-2026-1.json", "index": bit}
)

COMPETENCY = st.fixed_dictionaries(
    {"key": st.uuids().map(str), "name": TEXTS, "level": st.integers(1, 4), "level_name": TEXTS}
)


def by_pyld(document: dict) -> str:
    return ldp._canonize(document, ldp.document_loader(None))


@settings(max_examples=60, deadline=None)
@given(
    person_name=TEXTS,
    course_title=TEXTS,
    post_name=st.just("") | TEXTS,
    municipality_name=st.just("") | TEXTS,
    issuer=TEXTS,
    kind=st.sampled_from(["diploma", "constancia", "competencia"]),
    score_percent=st.none() | st.decimals(0, 100, places=1),
    hours=st.decimals(Decimal("0.1"), 9999, places=1),
    course_key=st.uuids(),
    issued_at=MOMENTS,
    expires_on=st.none() | st.dates(date(2026, 1, 1), date(2040, 1, 1)),
    status=st.none() | STATUS,
    competency=st.none() | COMPETENCY,
)
def test_as_pyld_has_it(status, competency, **fields):
    paper = a_paper(**fields)
    paper.facts |= {"status": status} | ({"competency": competency} if competency else {})
    document = credentials.build(paper)
    assert ("credentialStatus" in document) is (status is not None)
    assert quads.canonical(document) == by_pyld(document)


def test_the_options_of_a_proof():
    method = "did:web:aula.example.org#key"
    options = {
        "@context": credentials.CONTEXT,
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-05-16T04:03:02Z",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    assert quads.canonical_proof("2026-05-16T04:03:02Z", method) == by_pyld(options)


@pytest.mark.parametrize("way", [(), ("credentialSubject",), ("credentialSubject", "achievement")])
def test_a_term_that_the_table_does_not_know_is_never_left_unsigned(way):
    document = credentials.build(a_paper())
    inside = document
    for step in way:
        inside = inside[step]
    inside["newTerm"] = "something"
    with pytest.raises(KeyError, match="newTerm"):
        quads.canonical(document)


@pytest.mark.parametrize("seconds", [0, 1, 86_400 * 400])
def test_the_credential_is_the_library_s_own(settings, tmp_path, seconds):
    """The same proof, to the letter, as it makes."""
    from json import loads  # noqa: PLC0415

    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    settings.SEAL_KEYS_DIR = tmp_path / "seal"
    key = keyring.current(Use.CREDENTIAL)
    paper = a_paper(issued_at=key.since + timedelta(seconds=seconds, microseconds=7), course_key=UUID(int=seconds))
    ours = loads(credentials.issue(paper))
    (proof,) = ours.pop("proof")
    secret = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    at = paper.issued_at.replace(microsecond=0)
    theirs = ldp.add_data_integrity_proof(ours, secret, proof["verificationMethod"], created=at)
    assert theirs == {**ours, "proof": proof}


@pytest.mark.parametrize("content", [b"\0\0a", b"\0", b"", sha256(b"x").digest()])
def test_base58_keeps_zeros(content):
    assert keyring.multibase(content) == f"z{ldp._b58btc_encode(content)}"
