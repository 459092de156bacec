"""What stays with the browser when the line is down."""

import json
import re

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def says(client, address: str, **headers) -> dict:
    script = client.get(address, **headers).content.decode()
    return json.loads(re.search(r"const SAYS = (.+);\n", script)[1])


@pytest.mark.parametrize(
    ("asked", "title"), [("es", "Sin conexión"), ("en", "Offline"), ("quc", "Sin conexión"), ("<x>", "Sin conexión")]
)
def test_the_worker_speaks_the_language_of_the_page_that_asks(client, asked, title):
    """Whatever the browser that fetches it prefers."""
    address = reverse("courses:service_worker") + f"?idioma={asked}"
    said = says(client, address, headers={"accept-language": "en" if asked == "es" else "es"})
    assert (said["title"], said["language"]) == (title, "en" if asked == "en" else "es")
