"""Scenes of which few seeds dream: told step by step to the same terminals, cloud and invariants as the days of a seed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from backend import changes, epochs
from display.screens import Message
from loyalty.entry import Cause, Draft, Personal, Posting
from simulation.counter import Counter
from simulation.faults import DAY, HOUR, MINUTE, SECOND, merge, publish_levels
from simulation.people import JANA, PETER
from simulation.scene import Scene, Story
from simulation.visits import BUYS, LOOKS, PAYS, RETURNS, TAKES_BACK
from sync import applying, journal
from sync.messages import Ask, Standing


async def two_terminals_offline(scene: Scene) -> None:
    """Both are cut off. The member pays with points at the one that holds a lease, and cannot at the other."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    await scene.cut_off(first, second)
    await scene.visit(first, PAYS)
    await scene.visit(second, PAYS)
    assert (scene.spends(first), scene.spends(second)) == (1, 0)
    await scene.reconnect(first, second)
    await scene.visit(second, LOOKS)
    await scene.visit(second, PAYS)
    assert scene.spends(second) == 1


async def a_lost_acknowledgement(scene: Scene) -> None:
    """The cloud has an award, and its answer is lost; then another terminal leases all that is free and spends what it can.

    What was just earned is not free: the terminal that earned it spends that, without knowing that the cloud has it.
    """
    first, second = scene[0], scene[1]
    await scene.visit(second, LOOKS)
    whose = Personal(scene.jana_account(first), scene.jana_account(first))
    lost = f"{first.name}: the answer to /v1/push is lost"
    scene.day.network.must.add(lost)
    await scene.record(first, Draft(Cause.AWARD, whose, (Posting("points", 30_000),)))
    await scene.cut_off(first)
    scene.day.network.must.discard(lost)
    for _ in range(3):
        await scene.visit(second, PAYS)
    await scene.visit(first, "sum=0,2 enter card - wait -")
    await scene.reconnect(first)
    assert (scene.spends(first), scene.spends(second)) == (1, 3)
    assert scene.overdraft() == 0


async def two_copies_serve(scene: Scene) -> None:
    """A terminal and a copy of its card each go on with lines of their own, and the copy has more of them."""
    first = scene[0]
    await scene.visit(first, BUYS)
    await scene.visit(first, LOOKS)
    copy = await scene.copy(first)
    await scene.visit(first, PAYS)
    await scene.visit(copy, PAYS)
    await scene.visit(copy, BUYS)
    await scene.reconnect(copy)
    await scene.wait(5 * MINUTE)


async def a_cloned_card(scene: Scene) -> None:
    """A terminal's SD card is copied. Both serve; the one that the cloud meets second is found out and begins anew."""
    old = scene[0].identity
    await two_copies_serve(scene)
    assert scene[0].identity == old
    assert scene[2].identity != old
    assert scene.overdraft() == 500_000
    await scene.visit(scene[2], BUYS)


async def a_doubled_entry(scene: Scene) -> None:
    """Both copies hold a spend that nobody has sent yet."""
    first = scene[0]
    await scene.visit(first, LOOKS)
    await scene.cut_off(first)
    await scene.visit(first, PAYS)
    copy = await scene.copy(first)
    await scene.visit(copy, BUYS)
    await scene.reconnect(first)
    await scene.visit(first, BUYS)
    await scene.reconnect(copy)
    await scene.wait(5 * MINUTE)


async def both_copies_undo(scene: Scene) -> None:
    """A spend is undone on the terminal and on the copy of its card."""
    first = scene[0]
    await scene.visit(first, PAYS)
    copy = await scene.copy(first)
    await scene.visit(first, TAKES_BACK)
    await scene.visit(copy, TAKES_BACK)
    await scene.reconnect(copy)
    await scene.wait(5 * MINUTE)


async def a_restored_backup(scene: Scene) -> None:
    """Yesterday's files are put back: the terminal is behind the cloud, stops, and begins anew.

    What was leased to it before stays with its old identity, until the merchant gives that up: somebody might still have it.
    """
    first = scene[0]
    await scene.visit(first, BUYS)
    card = scene.day.fleet.copy(first)
    await scene.visit(first, BUYS)
    await scene.leap(DAY)
    old = first.identity
    await scene.day.fleet.restore(first, card)
    await scene.wait(5 * MINUTE)
    assert first.identity != old
    await scene.visit(first, PAYS)
    assert scene.spends(first) == 0, "the lease went to the identity that nobody has any more"
    await scene.write_off(first, old)
    await scene.visit(first, PAYS)
    assert scene.spends(first) == 1


async def a_write_off_and_return(scene: Scene) -> None:
    """A terminal that was given up still serves, without a network; then it comes back, sends everything and begins anew."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    await scene.cut_off(first)
    await scene.write_off(first)
    for _ in range(3):
        await scene.visit(second, PAYS)
    await scene.visit(first, PAYS)
    await scene.visit(first, BUYS)
    old = first.identity
    await scene.reconnect(first)
    await scene.wait(5 * MINUTE)
    assert first.identity != old
    assert scene.overdraft() == 500_000
    await scene.visit(first, BUYS)


async def a_written_off_terminal_earns(scene: Scene) -> None:
    """What a given-up terminal earns for a member is spent there, before it hears of anything."""
    first = scene[0]
    await scene.cut_off(first)
    await scene.write_off(first)
    await scene.visit(first, "sum=30 enter card +")
    await scene.visit(first, "sum=0,2 enter card - wait -")
    assert scene.spends(first) == 1
    await scene.reconnect(first)
    await scene.wait(5 * MINUTE)
    assert scene.overdraft() == 0


async def a_cloud_too_old(scene: Scene) -> None:
    """The cloud cannot read what comes; it keeps it, posts nothing behind it, and reads it after its update."""
    first = scene[0]
    await scene.visit(first, LOOKS)
    scene.day.fleet.invariants.cloud.could_not_read = True
    scene.day.cloud.unreadable = 1.0
    await scene.visit(first, PAYS)
    await scene.visit(first, BUYS)
    scene.day.update_cloud()
    await scene.wait()


async def undo_here_return_there(scene: Scene) -> None:
    """An award is undone where it was made, and its goods come back to another counter."""
    first, second = scene[0], scene[1]
    await scene.visit(first, BUYS)
    await scene.cut_off(second)
    award = max(first.promised.values())
    whose = Personal(scene.jana_account(second), scene.jana_account(second))
    await scene.record(second, Draft(Cause.RETURN, whose, (Posting("points", -5_000),), refers=award))
    await scene.visit(first, TAKES_BACK)
    await scene.reconnect(second)


async def goods_come_back_without_a_lease(scene: Scene) -> None:
    """At a counter that holds no lease: the member's debt is listed, and nothing is overdrawn."""
    second = scene[1]
    await scene.cut_off(second)
    await scene.visit(second, RETURNS)
    await scene.reconnect(second)
    assert scene.overdraft() == 0


async def a_hundred_days_without_an_answer(scene: Scene) -> None:
    """What is pushed arrives, and no pull is ever answered: nothing may be forgotten that the rows do not include."""
    first = scene[0]
    lost = f"{first.name}: /v1/pull is lost"
    scene.day.network.must.add(lost)
    for _ in range(3):
        await scene.visit(first, BUYS)
    await scene.leap(100 * DAY)
    await scene.visit(first, BUYS)
    scene.day.network.must.discard(lost)


async def a_very_late_answer(scene: Scene) -> None:
    """An answer from before the lines that were pruned reaches a terminal that has lost its mirror."""
    first = scene[0]
    await scene.visit(first, BUYS)
    mine = scene.jana_account(first)
    with scene.day.cloud.writing() as connection:
        question = Ask(first.identity, journal.head(first.store.reader.journal), mine, "points", "", 0)
        answer = changes.ask(connection, first.identity, question, scene.day.agenda.wall_ms)
    for _ in range(3):
        await scene.visit(first, BUYS)
    await scene.leap(100 * DAY)
    assert journal.pruned(first.store.reader.journal) > 0
    await scene.cut_off(first)
    await first.restart(without_mirror=True)
    await scene.wait()

    def arrives() -> None:
        with suppress(applying.Misplaced):
            applying.apply_answer(first.store.writer.mirror, first.store.writer.journal, first.identity, answer)

    arriving = asyncio.ensure_future(first.store.run_blocking(arrives))
    await scene.wait()
    arriving.result()
    await scene.reconnect(first)


async def a_lease_is_waited_for(scene: Scene) -> None:
    """A terminal holds a lease without a network for minutes; another wants everything meanwhile."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    await scene.cut_off(first)
    await scene.wait(5 * MINUTE)
    for _ in range(3):
        await scene.visit(second, PAYS)
    await scene.visit(first, PAYS)
    await scene.reconnect(first)
    assert (scene.spends(first), scene.spends(second)) == (1, 0)


async def power_cuts_one_after_the_other(scene: Scene) -> None:
    """The power fails before the first statement of what follows a press, then before the second, and so on."""
    first = scene[0]
    await scene.cut_off(first)
    for statements in range(25):
        await scene.visit(first, "card")
        first.power.cut_after(statements)
        await scene.visit(first, "card +")
    await scene.reconnect(first)


async def a_lease_is_given_back_before_the_undo(scene: Scene) -> None:
    """What an award earned went to another terminal, which is cut off with it; then staff want to undo the award."""
    first, second = scene[0], scene[1]
    await scene.visit(first, BUYS)
    award = max(first.promised.values())
    await scene.visit(second, LOOKS)
    await scene.hear(first, second)
    await scene.visit(second, LOOKS)
    await scene.cut_off(second)
    assert scene.jana(first).spendable == 0
    assert scene.jana(second).spendable == scene.jana(second).balance
    whose = Personal(scene.jana_account(first), scene.jana_account(first))
    undo = Draft(Cause.UNDO, whose, (Posting("points", -5_000, 5_000),), refers=award)
    assert await scene.attempt(first, undo) is Message.NOT_ENOUGH
    await scene.visit(second, PAYS)
    await scene.reconnect(second)


async def a_lease_is_called_back(scene: Scene) -> None:
    """One terminal holds all, and another asks for it; whatever the first answers has to be sent again."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    lost = [f"{first.name}: the answer to {path} is lost" for path in ("/v1/push", "/v1/ask")]
    scene.day.network.must.update(lost)
    await scene.visit(second, LOOKS)
    await scene.wait(MINUTE)
    scene.day.network.must.difference_update(lost)
    await scene.hear(first, second)
    await scene.visit(second, PAYS)
    assert scene.spends(second) == 1


async def a_bonus_is_leased_elsewhere(scene: Scene) -> None:
    """An award is undone when the bonus that followed from it may be spent at another counter already."""
    first, second = scene[0], scene[1]
    publish_levels(scene.day, first)
    await scene.hear(first, second)
    await scene.visit(first, BUYS)
    await scene.visit(first, "sum=30 enter card +")
    bonus = [purse.balance for purse in scene.day.fleet.invariants.cloud.purses.values()]
    await scene.cut_off(first)
    await scene.visit(second, LOOKS)
    await scene.cut_off(second)
    await scene.visit(first, TAKES_BACK)
    await scene.reconnect(first)
    assert sum(bonus) - sum(purse.balance for purse in scene.day.fleet.invariants.cloud.purses.values()) == 30_000
    await scene.visit(second, PAYS)
    await scene.reconnect(second)


async def two_accounts_become_one(scene: Scene) -> None:
    """A terminal holds a lease without a network while the member's account is merged into another."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    await scene.cut_off(first)
    merge(scene.day, first, JANA, PETER)
    await scene.hear(second)
    await scene.visit(second, PAYS)
    await scene.visit(first, PAYS)
    assert (scene.spends(first), scene.spends(second)) == (1, 1), "Jana's points, and what was Peter's already"
    await scene.reconnect(first)
    await scene.hear(first, second)
    await scene.visit(second, PAYS)
    assert scene.spends(second) == 2, "what came back went on to Peter's account"
    assert scene.overdraft() == 0


async def a_written_off_terminal_sends_first(scene: Scene) -> None:
    """What a written-off terminal earned has arrived, without an answer; what it spent of that has not, when it is renewed."""
    first, old = scene[0], scene[0].identity
    push = await _is_written_off_between_earning_and_spending(scene, first)
    await scene.wait(3 * MINUTE)
    assert first.identity == old, "it is not renewed while it has something to send"
    scene.day.network.must.discard(push)
    await scene.wait(10 * MINUTE)
    assert first.identity != old
    assert scene.overdraft() == 0


async def a_written_off_terminal_is_renewed_at_once(scene: Scene) -> None:
    """The cloud has what a written-off terminal earned, and not what it spent of that. Before the terminal knows of it, the
    answer to a card that was shown meanwhile says it: written off. Staff renew it while it cannot send."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    await scene.visit(second, LOOKS)
    await scene.write_off(first)
    push, answer = f"{first.name}: /v1/push is lost", f"{first.name}: the answer to /v1/push is lost"
    whose, must = Personal(scene.jana_account(first), scene.jana_account(first)), scene.day.network.must
    must.add(answer)
    await scene.record(first, Draft(Cause.AWARD, whose, (Posting("points", 5_000),)), SECOND)
    must.discard(answer)
    must.add(push)
    await scene.record(first, Draft(Cause.REDEEM, whose, (Posting("points", -5_000, 5_000),)), SECOND)
    showing = asyncio.ensure_future(first.courier.lending.present(whose.account))
    await scene.wait(5 * SECOND)
    assert showing.done()
    assert first.standing is Standing.WRITTEN_OFF
    await scene.wait(2 * MINUTE)
    must.discard(push)
    await scene.wait(10 * MINUTE)
    assert scene.overdraft() == 0


async def _is_written_off_between_earning_and_spending(scene: Scene, first: Counter) -> str:
    """Returns the fault that keeps it from sending what it spent."""
    await scene.cut_off(first)
    await scene.write_off(first)
    await scene.visit(first, "sum=30 enter card +")
    push, answer = f"{first.name}: /v1/push is lost", f"{first.name}: the answer to /v1/push is lost"
    scene.day.network.must.add(answer)
    await scene.reconnect(first)
    await scene.cut_off(first)
    scene.day.network.must.discard(answer)
    await scene.visit(first, "sum=0,2 enter card - wait -")
    assert scene.spends(first) == 1
    scene.day.network.must.add(push)
    await scene.reconnect(first)
    await scene.visit(first, LOOKS)
    return push


async def a_copy_of_a_written_off_terminal(scene: Scene) -> None:
    """A terminal and a copy of its card are both told that they are written off. Before staff can renew them, each sells
    something: the cloud takes the first one's, and finds the other off its head. Both are renewed, and nothing is lost."""
    first, old = scene[0], scene[0].identity
    await scene.visit(first, LOOKS)
    copy = await scene.copy(first)
    renewals = {f"{counter.name}: /v1/renew is lost" for counter in (first, copy)}
    scene.day.network.must |= renewals
    await scene.write_off(first)
    await scene.reconnect(copy)
    await scene.hear(first, copy)
    assert (first.standing, copy.standing) == (Standing.WRITTEN_OFF, Standing.WRITTEN_OFF)
    await scene.visit(first, BUYS)
    await scene.visit(copy, BUYS)
    scene.day.network.must -= renewals
    await scene.wait(10 * MINUTE)
    assert old not in (first.identity, copy.identity)


async def a_card_is_copied_with_its_next_key(scene: Scene) -> None:
    """A terminal asks for a new identity in vain, and its card is copied with the key that was made for it: both are given the
    same identity. Both serve under it; the one that the cloud meets second is found out once more and begins anew."""
    first, old = scene[0], scene[0].identity
    await scene.visit(first, BUYS)
    lost = f"{first.name}: /v1/renew is lost"
    scene.day.network.must.add(lost)
    await scene.write_off(first)
    await scene.hear(first)
    await scene.wait(2 * MINUTE)
    copy = await scene.copy(first)
    scene.day.network.must.discard(lost)
    await scene.reconnect(copy)
    await scene.wait(3 * MINUTE)
    assert first.identity == copy.identity != old
    for counter in (first, copy, first, copy):
        await scene.visit(counter, PAYS)
    await scene.wait(10 * MINUTE)
    assert first.identity != copy.identity
    assert scene.spends(first) + scene.spends(copy) > 1


async def a_backup_of_the_cloud_is_put_back(scene: Scene) -> None:
    """All rows are fetched anew over those that are there, and the power fails before one statement of it after the other."""
    first = scene[0]
    await scene.visit(first, LOOKS)
    for statements in range(0, 60, 2):
        with scene.day.cloud.writing() as connection:
            epochs.begin_anew(connection, scene.day.agenda.wall_ms, scene.day.cloud.random)
        first.power.cut_after(statements)
        await scene.hear(first)


async def nobody_is_switched_on(scene: Scene) -> None:
    """All plugs are pulled, to be put back in a month; when the shop closes for good, somebody puts them back at once.

    Nothing is due but the month's end then. What starts up comes before it all the same: everything arrives within hours.
    """
    first, second = scene[0], scene[1]
    await scene.cut_off(first, second)
    await scene.visit(first, BUYS)
    for counter in (first, second):
        scene.day.switch_off(counter)
        scene.day.later(30 * DAY, lambda plugged=counter: scene.day.switch_on(plugged))  # type: ignore[misc]
    await scene.wait(HOUR)


async def the_cloud_is_updated_last(scene: Scene) -> None:
    """Lines that the cloud could not read are posted only when the shop has closed for good: that too is pulled."""
    first, second = scene[0], scene[1]
    await scene.visit(first, LOOKS)
    scene.day.fleet.invariants.cloud.could_not_read = True
    scene.day.cloud.unreadable = 1.0
    await scene.visit(first, PAYS)
    await scene.visit(first, BUYS)
    await scene.hear(first, second)


async def renewed_by_two_at_once(scene: Scene) -> None:
    """Two of the staff give a stopped terminal a new identity, and no answer comes; a third one, later, gets through.

    From then on nothing speaks for the new identity with the old one's key.
    """
    first = scene[0]
    await scene.visit(first, BUYS)
    await scene.cut_off(first)
    await scene.write_off(first)
    lost = f"{first.name}: /v1/renew is lost"
    scene.day.network.must.add(lost)
    await scene.reconnect(first)
    old = first.identity
    for _ in range(2):
        first.renew()
        await scene.wait(SECOND)
    await scene.wait(MINUTE)
    scene.day.network.must.discard(lost)
    await scene.wait(5 * MINUTE)
    assert first.identity != old
    await scene.visit(first, BUYS)
    await scene.wait(HOUR)


ALL: tuple[Story, ...] = (
    two_terminals_offline,
    a_lost_acknowledgement,
    two_copies_serve,
    a_cloned_card,
    a_doubled_entry,
    both_copies_undo,
    a_restored_backup,
    a_write_off_and_return,
    a_written_off_terminal_earns,
    a_cloud_too_old,
    undo_here_return_there,
    goods_come_back_without_a_lease,
    a_hundred_days_without_an_answer,
    a_very_late_answer,
    a_lease_is_waited_for,
    power_cuts_one_after_the_other,
    a_lease_is_given_back_before_the_undo,
    a_lease_is_called_back,
    a_bonus_is_leased_elsewhere,
    two_accounts_become_one,
    a_written_off_terminal_sends_first,
    a_written_off_terminal_is_renewed_at_once,
    a_copy_of_a_written_off_terminal,
    a_card_is_copied_with_its_next_key,
    a_backup_of_the_cloud_is_put_back,
    nobody_is_switched_on,
    the_cloud_is_updated_last,
    renewed_by_two_at_once,
)
