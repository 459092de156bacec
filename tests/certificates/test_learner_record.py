"""The learner record (1EdTech CLR 2.0) is built as its schema asks, and is never too large to be proven.

The whole is held against the published schema (`portable.CLR_SCHEMA`), each credential in it against that of Open
Badges, too.
"""

import copy
import json
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.clr import bundled_clr_contexts
from openbadgeslib.ob3.ldp import verify_data_integrity_proof

from certificates.domain import credentials, portable, rendering
from certificates.models import Certificate
from tests.certificates.test_credentials import SCHEMA as OPEN_BADGES
from tests.certificates.test_credentials import leaves, public
from tests.certificates.test_pdf import a_paper
from tests.factories.certificates import a_certificate
from tests.factories.people import an_employee

pytestmark = [pytest.mark.once, pytest.mark.django_db]
DRAFT = jsonschema.Draft201909Validator
LEARNER_RECORD = json.loads((Path(__file__).parent / "open_badges" / "clrcredential.json").read_text())


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def record_of(person) -> dict:
    return json.loads(portable.as_clr(person))


def validate(document: dict) -> None:
    checker = jsonschema.FormatChecker()
    DRAFT(LEARNER_RECORD, format_checker=checker).validate(document)
    for member in document["credentialSubject"]["verifiableCredential"]:
        DRAFT(OPEN_BADGES, format_checker=checker).validate(member)


def test_the_schema_holds():
    person = an_employee(given_names="Xʼol Kꞌicheꞌ", surnames="<b>Sacẍaj")
    rendering.ensure_file(a_certificate(person=person))
    rendering.ensure_file(a_certificate(person=person, certificate_kind="constancia", score_percent=None))
    document = record_of(person)
    validate(document)
    assert document["partial"] is False
    assert LEARNER_RECORD["$id"] in {one["id"] for one in document["credentialSchema"]}


@pytest.mark.parametrize("lacking", ["name", "id", "credentialSubject", "issuer", "validFrom"])
def test_the_schema_can_refuse(lacking):
    person = an_employee()
    rendering.ensure_file(a_certificate(person=person))
    document = record_of(person)
    turned = copy.deepcopy(document)
    turned["@context"][1:] = reversed(turned["@context"][1:])
    del document[lacking]
    for wrong in (turned, document):
        with pytest.raises(jsonschema.ValidationError):
            validate(wrong)


def test_one_whose_file_is_on_its_way_makes_it_partial():
    person = an_employee()
    rendering.ensure_file(a_certificate(person=person))
    a_certificate(person=person)
    document = record_of(person)
    assert len(document["credentialSubject"]["verifiableCredential"]) == 1
    assert document["partial"] is True


def test_each_word_of_the_whole_is_proven():
    """Whatever no context defines would stand there unsigned."""
    person = an_employee()
    rendering.ensure_file(a_certificate(person=person))
    document = record_of(person)
    bare = {**document, "credentialSubject": {**document["credentialSubject"], "verifiableCredential": []}}
    ways = leaves({name: value for name, value in bare.items() if name != "@context"})
    assert len(ways) > 15
    for *outer, last in ways:
        twin = copy.deepcopy(document)
        inside = twin
        for step in outer:
            inside = inside[step]
        inside[last] = (not inside[last]) if isinstance(inside[last], bool) else f"{inside[last][:-1]}~"
        assert not holds(twin), f"{[*outer, last]} is not proven"


def holds(document: dict) -> bool:
    try:
        verify_data_integrity_proof(document, public(), extra_contexts=bundled_clr_contexts())
    except (LibOpenBadgesException, ValueError):
        return False
    return True


def test_whoever_has_very_many_takes_the_newest(monkeypatch):
    """A proven document has at most 256 KiB: with the longest titles fewer fit than with short ones."""
    title, name = ("Administración municipal " * 11)[:255], "Wenceslao " * 16
    text = credentials.issue(a_paper(course_title=title, person_name=name))
    rows = [a_standing(json.loads(text) | {"id": f"https://aula.example.org/{number}/"}) for number in range(120)]
    monkeypatch.setattr(portable.record, "find", lambda person: SimpleNamespace(certificates=rows))
    document = record_of(an_employee())
    ids = [one["id"] for one in document["credentialSubject"]["verifiableCredential"]]
    assert ids == [f"https://aula.example.org/{number}/" for number in range(len(ids))]
    assert 70 < len(ids) < 100
    assert document["partial"] is True
    assert holds(document)
    assert len(portable._fitting([{"id": str(number)} for number in range(120)])) == 100


def a_standing(credential: dict) -> SimpleNamespace:
    file = SimpleNamespace(credential=json.dumps(credential, ensure_ascii=False))
    return SimpleNamespace(state=Certificate.State.ISSUED, file=file)
