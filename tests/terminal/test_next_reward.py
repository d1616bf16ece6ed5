"""A card alone shows what is next: the reward that takes the fewest points, while none can be had yet."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from counter_table import LATER, NOW, PROGRAMME, account
from display import screens
from display.layout import lay_out
from display.screens import Points
from loyalty.programme import Programme, Reward
from terminal import faces, states
from terminal.states import Desk, State

costs = st.lists(st.decimals(min_value=Decimal("0.001"), max_value=5_000, places=3), max_size=6)
balances = st.integers(-100_000, 5_000_000)
POINTS_FACE = len(PROGRAMME.stamps)


def with_rewards(costs: list[Decimal]) -> Programme:
    assert PROGRAMME.points is not None
    rewards = tuple(Reward(f"r{index}", f"Odmena {index}", cost) for index, cost in enumerate(costs))
    points = msgspec.structs.replace(PROGRAMME.points, rewards=rewards)
    return msgspec.structs.replace(PROGRAMME, document=msgspec.structs.replace(PROGRAMME.document, points=points))


def shown(programme: Programme, points: int) -> screens.Balance:
    state = State("b", Desk("Bodka", programme=programme), states.Card(account(points=points), LATER, POINTS_FACE), NOW)
    screen = faces.screen_of(state)
    assert isinstance(screen, screens.Balance)
    return screen


@given(costs=costs, points=balances)
def test_the_nearest_reward_is_named_while_none_can_be_had(costs: list[Decimal], points: int) -> None:
    screen = shown(with_rewards(costs), points)
    assert screen.points == Points(points)
    thousandths = [int(cost * 1000) for cost in costs]
    if not costs or min(thousandths) <= points:
        assert (screen.cost, screen.reward) == (None, "")
        return
    assert screen.cost == Points(min(thousandths))
    assert costs[int(screen.reward.removeprefix("Odmena "))] == min(costs)


@given(cost=st.integers(1, 5_000), points=balances)
def test_what_is_missing_and_what_there_is_make_the_cost(cost: int, points: int) -> None:
    """As they are shown: whole points, and no more is promised than there is."""
    screen = shown(with_rewards([Decimal(cost)]), points)
    if screen.cost is None or abs(points) < 1000:
        return
    rows = lay_out(screen, "sk").text().replace(" ", "").splitlines()
    there = next(row.strip("[]{}") for row in rows if row.strip("[]{}").endswith("b"))
    missing = next(row for row in rows if row.startswith("Ešte")).removeprefix("Ešte").partition("b:")[0]
    more = int(there.removesuffix("b").replace("−", "-")) + int(missing) - cost
    assert more == 0 if points >= 0 else more in (0, 1)  # a debt is rounded toward zero too


def test_a_member_reads_it_in_their_language() -> None:
    programme = with_rewards([Decimal(900), Decimal(500)])
    assert PROGRAMME.points is not None
    named = Reward("cake", {"sk": "Koláč", "en": "Cake"}, Decimal(500))
    points = msgspec.structs.replace(PROGRAMME.points, rewards=(named,))
    programme = msgspec.structs.replace(PROGRAMME, document=msgspec.structs.replace(PROGRAMME.document, points=points))
    mode = states.Card(account(points=420_500, language="en"), LATER, POINTS_FACE)
    screen = faces.screen_of(State("b", Desk("Bodka", programme=programme), mode, NOW))
    assert screen == screens.Balance(Points(420_500), "Jana", more=True, reward="Cake", cost=Points(500_000))
    assert lay_out(screen, "en").text().splitlines() == [
        "Jana",
        "●" * 17 + "○" * 4,
        "[420 p]",
        "80 p more: Cake",
        "+Add −Use ▸More",
    ]
