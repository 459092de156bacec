"""That no row which names a person is forgotten when two records become one."""

import pytest

from lms.domain import belongings
from lms.models import Person


def relations() -> list[tuple[str, str]]:
    """Every foreign key and one-to-one to a person, hidden ones too: (model, column)."""
    found = [
        field for field in Person._meta.get_fields(include_hidden=True) if field.auto_created and not field.concrete
    ]
    return sorted((one.related_model._meta.label, one.field.name) for one in found if one.one_to_many or one.one_to_one)


@pytest.mark.parametrize(("model", "column"), relations())
def test_every_row_that_names_a_person_is_claimed_once_or_stays_as_history(model, column):
    parts = belongings.all_of_them()
    stays = [part.name for part in parts if f"{model}.{column}" in part.history]
    claimed = [part.name for part in parts if model in part.claims]
    assert len(stays) == 1 if stays else len(claimed) == 1


def test_nothing_is_claimed_that_does_not_name_a_person():
    models = {model for model, _column in relations()}
    columns = {f"{model}.{column}" for model, column in relations()}
    for part in belongings.all_of_them():
        assert part.claims <= models
        assert part.history <= columns


def test_the_parts_come_from_the_kernel_upward():
    assert [part.name for part in belongings.all_of_them()] == ["kernel", "media", "courses", "certificates"]
