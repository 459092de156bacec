"""The country as the reference data has it."""

import pytest
from django.core.management import call_command

from lms.models import Department, Language, Municipality, Post

pytestmark = pytest.mark.django_db


def test_the_country_is_whole():
    assert Department.objects.count() == 22
    assert Municipality.objects.count() == 340
    assert Post.objects.count() == 50
    assert Language.objects.count() == 27
    assert Municipality.objects.get(code="0207").name == "Sanarate"


def test_loading_again_changes_nothing(capsys):
    before = list(Municipality.objects.values_list("pk", "code", "name", "search_text"))
    call_command("load_reference_data")
    assert list(Municipality.objects.values_list("pk", "code", "name", "search_text")) == before
    assert Municipality.languages.through.objects.count() > 340


def test_a_municipality_is_found_without_accents_or_apostrophes():
    assert Municipality.objects.get(search_text__contains="chiantla")
    assert not Municipality.objects.filter(search_text__regex="[áéíóúʼ'’]").exists()
