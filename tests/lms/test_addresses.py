"""Every address of the house is named in `policy.yaml` with who may open it, and behaves so."""

import re
import uuid

import pytest
from django.urls import URLPattern, get_resolver

from lms.permissions import policy
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db
SAMPLES = {"int": "1", "uuid": str(uuid.UUID(int=1)), "str": "x", "slug": "x", "path": "a/b.jpg"}
REGULAR = {
    r"^(\d+)/(.*)$": "1/x.pdf",
    r"^((?:[\w\-]+/)*)$": "no-existe/",
    r"^cms/(account|password_reset)/": "cms/account/",
    r"^cms/(users|groups|bulk/lms)/": "cms/users/",
    r"^_util/(login|authenticate_with_password)/": "_util/login/",
    r"^.*/$": "no-existe/",
}
GUARDED_CMS = "open_back_office"


def _sample(pattern) -> str:
    text = str(pattern)
    if text in REGULAR:
        return REGULAR[text]
    if "/revisions/compare/" in text:
        return "1/revisions/compare/1...2/"
    text = text.removeprefix("^").removesuffix("$")
    return re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES[match[1] or "str"], text)


def _walk(patterns, namespace: str = "", prefix: str = ""):
    for entry in patterns:
        address = prefix + _sample(entry.pattern)
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name or ''}", f"/{address}"
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, inner, address)


ALL = list(_walk(get_resolver().url_patterns))
TABLE = policy()["urls"]
OURS = sorted((name, address) for name, address in ALL if name in TABLE)
CMS = sorted({(name, address) for name, address in ALL if address.startswith("/cms/") and name not in TABLE})


def to_sign_in(answer) -> bool:
    return answer.status_code == 401 or (answer.status_code == 302 and answer.url.startswith("/entrar/"))


def test_every_address_is_named():
    outside = {name for name, address in ALL if not address.startswith("/cms/")}
    assert outside - set(TABLE) == set()
    assert set(TABLE) - {name for name, _address in ALL} == set()
    assert len(CMS) > 200


def test_every_access_class_is_known():
    known = {"public", "signed_in", "owner", "token", "closed", *policy()["actions"]}
    assert set(TABLE.values()) - known == set()


@pytest.mark.parametrize(("name", "address"), OURS, ids=[name for name, _address in OURS])
def test_what_the_anonymous_may_open(client, name, address):
    access = TABLE[name]
    got, posted = client.get(address), client.post(address)
    if access == "public":
        assert [answer for answer in (got, posted) if to_sign_in(answer)] == []
        assert {got.status_code, posted.status_code} <= {200, 301, 302, 404, 405, 422}
    elif access == "token":
        assert {got.status_code, posted.status_code} <= {403, 404, 405}
    elif access == "closed":
        assert {got.status_code, posted.status_code} <= {302, 405}
    else:
        answers = [answer for answer in (got, posted) if answer.status_code != 405]
        assert answers
        assert all(to_sign_in(answer) for answer in answers)


@pytest.mark.parametrize(("name", "address"), OURS, ids=[name for name, _address in OURS])
def test_what_a_learner_may_open(client, name, address):
    access = TABLE[name]
    client.force_login(a_person())
    found = {client.get(address).status_code, client.post(address).status_code} - {405}
    if access == "owner":
        assert found == {404}
    elif access in policy()["actions"]:
        assert found <= {403, 404}
    elif access == "signed_in":
        assert found & {200, 302, 404, 422, 400}


def leads_away(answer) -> bool:
    """To sign in, or to our own door, which asks again; or the method is refused."""
    doors = ("/entrar/", "/cms/login/", "/mi-cuenta/", "/cms/personas/")
    return answer.status_code == 405 or (answer.status_code == 302 and answer.url.split("?")[0] in doors)


def test_the_anonymous_are_sent_away_from_the_whole_back_office(client):
    entered = [
        name for name, address in CMS if not (leads_away(client.get(address)) and leads_away(client.post(address)))
    ]
    assert [name for name in entered if name != "wagtailadmin_logout"] == []


@pytest.mark.parametrize("role", ["", "auditor", "hr_delegate"])
def test_the_whole_back_office_is_closed_to_those_without_the_action(client, role):
    assert role not in policy()["actions"][GUARDED_CMS]
    client.force_login(somebody_with_role(role) if role else a_person())
    entered = [name for name, address in CMS if client.get(address).status_code != 403]
    assert [name for name in entered if name != "wagtailadmin_logout"] == []
