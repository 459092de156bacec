"""Wagtail's pictures, documents, quizzes and settings: every role, reading and writing, at home and abroad."""

import pytest

from .addresses import groups, of_group
from .cells import differences
from .world import QUIET

PART = "files"
pytestmark = QUIET


@pytest.mark.parametrize("group", groups(PART))
def test_every_cell_is_as_the_table_says(world, group):
    wrong = differences(world, of_group(PART, group))
    assert not wrong, "\n" + "\n".join(wrong)
