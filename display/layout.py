"""From a screen to a page: which words stand in which row, how high, and which buttons are live.

Each kind of screen has a function that drafts it, in a module for its subject; `display.fitting` fits the draft to the glass.
Words, and sizes on the usual glass, are those of docs/conversation.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from display import (
    card_pages,
    device_test_pages,
    done_pages,
    joining_pages,
    screens,
    staff_pages,
    starting,
    sum_pages,
)
from display.draft import Draft
from display.fitting import fitted
from display.glass import USUAL, Glass
from display.page import Page
from display.screens import Screen
from display.words import Words, speak

if TYPE_CHECKING:
    from display.coming_screens import ComingScreen

_DRAFTS: dict[type, Callable[[Any, Words], Draft]] = {
    screens.Idle: card_pages.idle,
    screens.StampCard: card_pages.stamp_card,
    screens.StampCardFull: card_pages.stamp_card_full,
    screens.Balance: card_pages.balance,
    screens.NewCard: card_pages.new_card,
    screens.Typing: sum_pages.typing,
    screens.Sum: sum_pages.sum_entry,
    screens.PayConfirm: sum_pages.pay_confirm,
    screens.PayLess: sum_pages.pay_less,
    screens.RewardChoice: sum_pages.reward_choice,
    screens.ReturnConfirm: sum_pages.return_confirm,
    screens.Done: done_pages.done,
    screens.DoneStamps: done_pages.done_stamps,
    screens.DonePaid: done_pages.done_paid,
    screens.UndoQuestion: done_pages.undo_question,
    screens.Undone: done_pages.undone,
    screens.Armed: staff_pages.armed,
    screens.Menu: staff_pages.menu,
    screens.Queue: staff_pages.queue,
    screens.RenewQuestion: staff_pages.renew_question,
    screens.Network: staff_pages.network,
    screens.Devices: staff_pages.devices,
    screens.DeviceTest: device_test_pages.task,
    screens.DeviceTestDone: device_test_pages.done,
    screens.Notice: staff_pages.notice,
    screens.Wait: staff_pages.wait,
    screens.Starting: starting.draft,
    screens.Unpaired: joining_pages.unpaired,
    screens.PairingTrouble: joining_pages.pairing_trouble,
    screens.WifiJoined: joining_pages.wifi_joined,
    screens.WifiTrouble: joining_pages.wifi_trouble,
    screens.Updating: joining_pages.updating,
}


def lay_out(screen: Screen | ComingScreen, language: str, glass: Glass = USUAL) -> Page:
    """The page for `screen` in `language` ("sk", "en") on `glass`. Every row fits.

    Raises `display.words.TextsMissing` for a language without texts; never for anything in the screen.

    >>> print(lay_out(StampCard("Jana K.", 7, 10, "káva zadarmo", until="kávy"), "sk").text())
    Jana K.
    ●●●●●●●○○○
    [7 z 10]
    Ešte 3 do kávy
    +Pečiatka
    """
    words = speak(language)
    if isinstance(screen, screens.Pairing):
        return joining_pages.pairing(screen, words, glass)
    return fitted(drafted(screen, words), glass)


def drafted(screen: Screen | ComingScreen, words: Words) -> Draft:
    """What a screen has to say, on whatever glass; the pairing page has no draft."""
    draft = _DRAFTS.get(type(screen)) or _coming(type(screen))
    return draft(screen, words)


def _coming(kind: type) -> Callable[[Any, Words], Draft]:
    from display.coming_pages import DRAFTS  # late: nothing at the counter shows them yet

    if kind not in DRAFTS:
        raise NotImplementedError(f"No layout for {kind.__name__}: add one to display/layout.py")
    return DRAFTS[kind]
