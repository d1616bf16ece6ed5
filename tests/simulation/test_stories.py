"""Stories told to the simulator: what each is about stands in its docstring, in `stories.py`."""

from __future__ import annotations

import pytest

from simulation import stories, stories_of_people, stories_of_time
from simulation.scene import Story, tell

ALL = (*stories.ALL, *stories_of_time.ALL, *stories_of_people.ALL)


@pytest.mark.parametrize("story", ALL, ids=lambda story: story.__name__)
def test_every_invariant_holds_in(story: Story) -> None:
    assert tell(story).checks > 0
