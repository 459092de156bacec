"""Leaving a network in the very moment in which somebody else ends the membership."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from lms.models import AuditEvent, Membership
from tests.factories.people import a_member, a_network, somebody_with_role

pytestmark = pytest.mark.django_db


def own_page(membership: Membership) -> str:
    return reverse("lms:network_leave", args=[membership.network.public_id])


def page_of_who_coordinates(membership: Membership) -> str:
    return reverse("lms:network_end", args=[membership.network.public_id, membership.person.public_id])


def office(membership: Membership) -> str:
    return reverse("lms_memberships:delete", args=[membership.pk])


@pytest.mark.parametrize("door", [own_page, page_of_who_coordinates, office])
def test_it_is_said_that_they_are_no_longer_in(client, door):
    membership = a_member(a_network()).memberships.get()
    by = membership.person if door is own_page else somebody_with_role("administrator")
    client.force_login(by)
    ended = []

    def end_it_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "lms_membership" in sql and not ended:
            ended.append(membership.pk)
            Membership.objects.filter(pk=membership.pk).update(left_on=timezone.localdate())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end_it_first):
        answer = client.post(door(membership))
    assert ended
    assert answer.status_code == 302
    assert [str(one).strip() for one in get_messages(answer.wsgi_request)] == [
        "Esta persona ya no es integrante de la red."
    ]
    assert not AuditEvent.objects.filter(action="network.left").exists()
