"""Stories of clocks that are wrong, told as those of `stories.py` are."""

from __future__ import annotations

from itertools import pairwise

from loyalty.entry import Cause
from simulation.agenda import DAWN_MS
from simulation.faults import DAY, HOUR, MINUTE, SECOND
from simulation.scene import Scene, Story
from simulation.visits import BUYS, TAKES_BACK


async def a_month_without_time(scene: Scene) -> None:
    """No time server for a month, and each morning the terminal wakes up in 1970; every second day without a network.

    Nothing is lost, and no time is made up. An entry that the cloud's answer came before bears the cloud's time; any other says
    that its clock is not to be trusted. What was recorded yesterday is too old to be undone, whatever the clock says. And in
    the evening, with the network, the cloud knows of each entry when it was really made.
    """
    first = scene[0]
    for day in range(31):
        if day % 2:
            await scene.cut_off(first)
        first.clock.set(MINUTE - scene.day.agenda.wall_ms, trusted=False)
        await first.restart()
        await scene.wait()
        await scene.visit(first, TAKES_BACK)
        await scene.visit(first, BUYS)
        await scene.wait(2 * HOUR)
        await scene.reconnect(first)
        await scene.leap(DAY)
    lines = scene.day.fleet.invariants.books[first.name].lines
    assert [line.cause for line in lines] == [Cause.AWARD] * 31
    made = "SELECT made_ms, sure FROM entry WHERE id = ?"
    for day, line in enumerate(lines):
        true = DAWN_MS + scene.day.network.boots.true(line.entry.moment)
        assert line.entry.moment.trusted == (day % 2 == 0)
        assert line.entry.moment.trusted or line.entry.moment.wall_ms < HOUR, "it says what its clock says"
        assert not line.entry.moment.trusted or true - 2 * SECOND < line.entry.moment.wall_ms <= true
        dated, sure = scene.day.cloud.database.execute(made, (line.id.hex,)).fetchone()
        assert sure
        assert true <= dated < true + 2 * SECOND


async def an_undo_comes_too_late(scene: Scene) -> None:
    """An award is taken back after four minutes; the next one not after six, and one not after a power cut without a clock."""
    first = scene[0]
    await scene.visit(first, BUYS)
    await scene.wait(4 * MINUTE)
    await scene.visit(first, TAKES_BACK)
    assert _undone(scene) == 1
    await scene.visit(first, BUYS)
    await scene.wait(6 * MINUTE)
    await scene.visit(first, TAKES_BACK)
    assert _undone(scene) == 1
    await scene.visit(first, BUYS)
    await scene.cut_off(first)
    first.clock.set(MINUTE - scene.day.agenda.wall_ms, trusted=False)
    await first.restart()
    await scene.wait()
    await scene.visit(first, TAKES_BACK)
    assert _undone(scene) == 1, "nobody can say how old it is"


def _undone(scene: Scene) -> int:
    lines = scene.day.fleet.invariants.books[scene[0].name].lines
    return sum(line.cause is Cause.UNDO for line in lines)


async def a_power_cut_moves_no_entry(scene: Scene) -> None:
    """A terminal without a network is switched off and on between its entries; then all of them come at once."""
    first = scene[0]
    await scene.cut_off(first)
    for _ in range(3):
        await scene.visit(first, BUYS)
        await scene.leap(3 * HOUR)
        await first.restart()
        await scene.wait()
    await scene.reconnect(first)
    dated = scene.day.cloud.database.execute("SELECT made_ms FROM entry WHERE identity = ?", (first.identity.hex,)).fetchall()
    assert len(dated) == 3
    assert all(later - earlier > HOUR for (earlier,), (later,) in pairwise(dated))


ALL: tuple[Story, ...] = (a_month_without_time, an_undo_comes_too_late, a_power_cut_moves_no_entry)
