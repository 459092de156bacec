"""Ten thousand guesses at certificates find none, whatever is guessed: numbers are no keys, and codes are 128 bits."""

import secrets
from itertools import islice
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.urls import reverse

from certificates.domain import codes
from certificates.models import Certificate
from certificates.views import verification
from tests.certificates.test_verification import shape
from tests.factories.certificates import a_certificate
from tests.factories.people import an_employee

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NAME = "Canaria Secretísima"
GUESSES = 10_000
SHOWN = 300  # of them as whole answers; the others as what the page asks the register


@pytest.fixture(autouse=True)
def _from_a_thousand_lines(monkeypatch):
    """Whoever guesses has as many addresses as it takes: nobody slows them down."""
    cache.clear()
    monkeypatch.setattr(verification, "MISSES", SimpleNamespace(take=lambda _line: True))


@pytest.fixture
def issued() -> list[Certificate]:
    return [a_certificate(person=an_employee(given_names=NAME)) for _number in range(3)]


def guesses(issued: list[Certificate]):
    """What somebody tries who knows how numbers and codes are made, and one of the certificates."""
    known = issued[0]
    year = known.series.year
    for number in range(1, 2000):
        yield f"ANAM-{year}-{number:06d}"
        yield f"{number:06d}"
        yield str(number).rjust(26, "0")  # a code that was counted
    for one in issued:
        yield from (str(one.public_id), one.public_id.hex, str(one.pk), str(one.person.public_id), str(one.course_key))
    for place in range(26):  # codes beside one that is known
        for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            near = known.code[:place] + letter + known.code[place + 1 :]
            if near != known.code:
                yield near
    while True:
        yield codes.new_code()
        yield secrets.token_hex(13)


def test_ten_thousand_guesses_find_nothing(issued):
    tried = list(islice(guesses(issued), GUESSES))
    assert len(set(tried)) > GUESSES * 0.99
    asked = [codes.normalise(one) or "-" for one in tried]  # as `find` asks, many at once
    for start in range(0, GUESSES, 500):
        assert not Certificate.objects.filter(code__in=asked[start : start + 500]).exists()
    assert [one for one in tried[:: GUESSES // SHOWN] if verification.find(one)] == []
    assert verification.find(issued[0].code) == issued[0]  # the question finds what there is


def test_every_answer_is_the_same_and_says_nothing(client, issued):
    tried = list(islice(guesses(issued), 0, GUESSES, GUESSES // SHOWN))
    bodies = set()
    for one in tried:
        for response in (
            client.get(reverse("certificates:verify"), {"codigo": one}),
            client.get(reverse("certificates:certificate", args=[one])),
        ):
            assert response.status_code == 404
            assert NAME not in response.content.decode()
            bodies.add(shape(response).replace(one, ""))
    assert len(bodies) == 1


@pytest.mark.parametrize("name", ["proof", "credential_token", "download", "file_by_digest", "shared"])
def test_no_other_address_answers_guesses(client, issued, name):
    tried = {
        "download": [issued[0].public_id, issued[0].course_key],
        "file_by_digest": ["0" * 64, issued[0].code.ljust(64, "0")],
    }.get(name) or [issued[0].reference, str(issued[0].pk), *islice(guesses(issued), 20)]
    for one in tried:
        response = client.get(reverse(f"certificates:{name}", args=[one]))
        assert response.status_code in {302, 403, 404}
        assert response.status_code != 302 or "/entrar/" in response["Location"]
        assert NAME not in response.content.decode()
