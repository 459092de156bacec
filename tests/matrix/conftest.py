"""The world, once for a module; requests that cost as little as they can without being others."""

import pytest
from django.db import transaction
from django.template.backends import django as engine
from django.test import override_settings
from django.utils.safestring import mark_safe

from .things import MAKERS, OWN
from .world import World


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Everybody and everything, in a transaction that is thrown away.

    Pages are not drawn, for only the answer's class is asked; nothing is counted against limits, for thousands of
    requests come from one address.
    """
    dummy = {"default": {"BACKEND": "tests.matrix.caches.ForgetfulCache"}}
    draw, engine.Template.render = engine.Template.render, lambda *_args, **_kwargs: mark_safe("")
    with django_db_blocker.unblock(), override_settings(CACHES=dummy), transaction.atomic():
        try:
            yield World(OWN, MAKERS)
        finally:
            engine.Template.render = draw
            transaction.set_rollback(True)
