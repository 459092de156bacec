"""The addresses of our part of the back-office, for every role, reading and writing, on things at home and abroad."""

import pytest

from .addresses import groups, of_group
from .cells import differences
from .world import QUIET

PART = "office"
pytestmark = QUIET


@pytest.mark.parametrize("group", groups(PART))
def test_every_cell_is_as_the_table_says(world, group):
    wrong = differences(world, of_group(PART, group))
    assert not wrong, "\n" + "\n".join(wrong)
