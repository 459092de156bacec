"""Wagtail's pages and what stands around them: every role, reading and writing, at home and abroad."""

import pytest

from .addresses import groups, of_group
from .cells import differences
from .world import QUIET

PART = "pages"
pytestmark = [QUIET, pytest.mark.once]  # the other engine is asked by the pages of the site and the office


@pytest.mark.parametrize("group", groups(PART))
def test_every_cell_is_as_the_table_says(world, group):
    wrong = differences(world, of_group(PART, group))
    assert not wrong, "\n" + "\n".join(wrong)
