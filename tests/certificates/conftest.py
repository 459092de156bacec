"""A key, a time authority, and a file that was sealed with both and got one proof of time more, and two."""

import pytest

from certificates import keyring
from certificates.keyring import Use
from certificates.pdf import extend
from tests.certificates.seals import sealed_by
from tests.certificates.time_authority import running


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with running(tmp_path_factory.mktemp("hora") / "tsa") as one:
        yield one


@pytest.fixture
def own_authority(tmp_path):
    """One that a test may tell to be away."""
    with running(tmp_path / "tsa") as one:
        yield one


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> keyring.Key:
    """One key for all of them: what is sealed with it differs in nothing."""
    private, _ending, _secret = keyring._generate(Use.SEAL)
    certificate = keyring._certify(private, keyring.datetime.now(keyring.UTC).replace(microsecond=0))
    return keyring.Key("one", Use.SEAL, certificate, private)


@pytest.fixture(scope="module")
def sealed(key, authority) -> bytes:
    return sealed_by(key, authority)


@pytest.fixture(scope="module")
def once(sealed, authority) -> bytes:
    return extend(sealed, time_authority=authority.address)


@pytest.fixture(scope="module")
def twice(once, authority) -> bytes:
    return extend(once, time_authority=authority.address)
