"""A morning at the café, played by a script: everything that the first terminal can do, and what it says to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from morning_page import Page

Restart: TypeAlias = Callable[[], Awaitable[Page]]
"""Kills the terminal, starts it again without network, and opens its new page."""

IDLE = "Tap your card"


async def play(page: Page, restart: Restart) -> None:
    """From signing in to the undo; raises `NotSeen` where a screen does not come."""
    await page.shows(IDLE)
    await page.until(lambda page: page.online, "the cloud")
    say("The terminal waits", page)
    await sign_in(page)
    await points(page)
    await stamps(page)
    await part_payment(page)
    await refusals(page)
    page = await outage(page, restart)
    await undo(page)
    await page.until(lambda page: page.online and page.waiting == 0, "everything to be sent")
    await page.close()


async def sign_in(page: Page) -> None:
    """Staff show their card."""
    await page.card("staff-eva")
    await page.shows("Eva", "signed in")
    say("Eva shows her staff card", page)


async def points(page: Page) -> None:
    """Points for a bill, the sum before the card."""
    await page.keys("18,50 ")
    await page.shows("18.50 €")
    say("18,50 Enter", page)
    await page.card("jana-sticker")
    await page.shows("18,50 €", "Jana K.")
    say("Jana taps her sticker: the screen goes on in her language", page)
    await page.press("award")
    await page.shows("+18", "1 258")
    say("+  (18.5 points; the screen shows whole ones)", page)


async def stamps(page: Page) -> None:
    """Two coffees, a third that fills the card, and the one that it gives."""
    await page.card("jana-printed")
    await page.shows("Jana K.", "7 z 10")
    say("Jana's printed card is scanned", page)
    for count in (8, 9):
        await page.press("award")
        await page.shows(f"{count} z 10")
        say(f"+  ({count} stamps)", page)
    await page.card("jana-phone")
    await page.shows("9 z 10", "Ešte 1", "▸")
    say("Another coffee: the code on her phone is scanned", page)
    await page.press("award")
    await page.shows("10 z 10")
    say("+  (a full card)", page)
    await page.press("redeem")
    await page.shows("KÁVA ZADARMO", "Potvrdiť")
    say("−  (the reward is shown first)", page)
    await page.press("redeem")
    await page.shows("Vydajte", "ostane 0")
    say("−  (a second time: it is given)", page)


async def part_payment(page: Page) -> None:
    """Points pay as far as they reach, and the rest earns."""
    await page.keys("7,30 ")
    await page.shows("7.30 €")
    say("7,30 Enter", page)
    await page.card("zoltan-chip")
    await page.shows("7,30 €", "Zoltán")
    say("Zoltán's chip card is inserted: the screen goes on in Hungarian", page)
    await page.press("redeem")
    await page.shows("−3,10 €", "4,20 €", "Megerősít")
    say("−  (what his points pay)", page)
    await page.press("redeem")
    await page.shows("−3,10 €", "4,20 €", "Tévedés")
    say("−  (a second time: it is paid, and the rest has earned)", page)


async def refusals(page: Page) -> None:
    """What is refused, and why."""
    for card, words, title in (
        ("bank-card", "bank card", "A bank card is tapped: its number is not read"),
        ("misread", "try again", "A worn card is scanned: its check digit is wrong"),
        ("milk", "not one of ours", "A milk carton is scanned"),
    ):
        await page.card(card)
        await page.shows(words)
        say(title, page)
    await page.card("peter-printed")
    await page.shows("Peter N.", "2 z 10")
    await page.press("redeem")
    await page.shows("Ešte chvíľku", "2 pečiatky")
    say("Peter wants a coffee for two stamps  (scan, −)", page)
    await page.press("cancel")
    await page.shows("Peter N.", "2 z 10")
    await page.press("cancel")
    await page.shows(IDLE)


async def outage(page: Page, restart: Restart) -> Page:
    """Without network, through a pulled plug, and back: the page of the terminal that goes on."""
    await page.until(lambda page: page.waiting == 0, "what came before to be sent")
    await page.network(on=False)
    await page.until(lambda page: not page.online, "the network to go")
    await page.shows(IDLE, "☁×")
    say("The network goes", page)
    await page.keys("9,90 ")
    await page.shows("9.90 €")
    await page.card("zoltan-mifare")
    await page.shows("9,90 €", "Zoltán")
    await page.press("award")
    await page.shows("+9", "Később elküldjük")
    say("9,90 Enter, Zoltán taps his transport card, +", page)
    await page.until(lambda page: page.waiting == 1, "one entry to wait")
    await page.close()
    page = await restart()
    await page.until(lambda page: page.waiting == 1 and any(row["waiting"] for row in page.rows), "the entry that waits")
    await page.shows(IDLE, "☁× 1")
    say("The plug is pulled (SIGKILL) and put back: the entry is still there", page)
    await page.network(on=True)
    await page.until(lambda page: page.online and page.waiting == 0, "the entry to be sent")
    await page.until(lambda page: page.drawn and "☁" not in page.screen, "the sign for no network to go")
    say("The network is back, and the entry is sent", page)
    return page


async def undo(page: Page) -> None:
    """The last entry is taken back, without the card; staff must be signed in."""
    await page.card("staff-eva")
    await page.shows("Eva", "signed in")
    say("Eva signs in again", page)
    await page.press("cancel")
    await page.shows(IDLE)
    await page.hold("cancel", "−9", "törölve")
    say("× is held for two seconds: Zoltán's points are taken back", page)


def say(what: str, page: Page) -> None:
    """A heading and the screen below it."""
    print(f"\n{what}\n{page.framed()}", flush=True)
