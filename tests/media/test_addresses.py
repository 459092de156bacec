"""Addresses by the setting that says who sends: where they lead, whom they are given to, what does not go together."""

import os
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from media.domain import addresses
from media.middleware import ViewerMiddleware
from tests.factories.media import a_video
from tests.factories.people import a_person
from tests.system import ROOT


@pytest.mark.django_db
def test_nobody_gets_the_key_of_another():
    """Even where a page was made that carries another's address."""
    film, viewer, other = a_video().renditions.get(rung="240p"), a_person(), a_person()

    def answer_for(person):
        def answer(request):
            addresses.rendition_url(film, person)
            return HttpResponse()

        request = RequestFactory().get("/")
        request.user = viewer
        with override_settings(MEDIA_DELIVERY="nginx"):
            return ViewerMiddleware(answer)(request).cookies

    assert answer_for(viewer)[addresses.COOKIE].value == addresses.viewer_key(viewer)
    assert answer_for(other) == {}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"AULA_MEDIA_DELIVERY": "apache"}, "AULA_MEDIA_DELIVERY must be"),
        ({"AULA_MEDIA_DELIVERY": "storage"}, "goes with AULA_S3_BUCKET"),
        (
            {"AULA_MEDIA_DELIVERY": "nginx", "AULA_S3_BUCKET": "b", "AULA_S3_ENDPOINT": "https://s3.example.org"},
            "goes with AULA_S3_BUCKET",
        ),
        ({"AULA_DELIVERY_SECRET": "short"}, "AULA_DELIVERY_SECRET must be"),
        ({"AULA_DELIVERY_SECRET": 'x" break; "' + "x" * 40}, "AULA_DELIVERY_SECRET must be"),
    ],
)
def test_what_does_not_go_together_is_said_at_the_start(given, complaint, tmp_path):
    environment = {**os.environ, "AULA_VAR_DIR": str(tmp_path), **given}
    command = [sys.executable, "-c", "import lms.settings"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    said = answer.stderr.splitlines()[-1]
    assert "ImproperlyConfigured" in said
    assert complaint in said
