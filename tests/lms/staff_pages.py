"""What the tests of the staff's pages share."""

import pytest
from django.urls import reverse

from lms.domain.errors import RuleBroken
from lms.models import Appointment, Municipality, Person, Post, RoleGrant
from tests.factories.people import an_employee

HOME, FOREIGN = "1413", "0101"
A_POST = {"post": "", "renglon": "011", "starts_on": "2026-02-01", "ends_on": "", "act": "Acuerdo 7-2026"}


def a_delegate() -> Person:
    """The HR delegate of Nebaj, who works there too."""
    person = an_employee(HOME, "RRHH", given_names="Clara", surnames="Delegada")
    RoleGrant.objects.create(
        person=person, role="hr_delegate", scope="municipality", municipality=Municipality.objects.get(code=HOME)
    )
    return person


def url(name: str, *args: object) -> str:
    return reverse(f"lms:staff_{name}", args=args)


def text_of(answer) -> str:
    return answer.content.decode()


def held(person: Person) -> Appointment:
    return person.appointments.get()


def code_of(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def names_on(client, **query) -> set[str]:
    answer = client.get(url("list", HOME), query)
    assert answer.status_code == 200
    return {person.given_names for person in answer.context["page_obj"]}


def post_of(code: str) -> Post:
    return Post.objects.get(code=code)


def a_post(code: str = "TES", **fields: object) -> dict:
    return {**A_POST, "post": post_of(code).pk, **fields}
