"""The table of states and events: one example of each, and what follows in the words of `docs/conversation.md`.

`python tests/counter_table.py` prints the table as the code has it, for whoever changes the conversation on purpose.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from display.screens import MenuItem, Message, Task, Verb
from display.screens import NewCard as NewCardScreen
from drivers.events import Button, ButtonHeld, ButtonPressed, ButtonReleased, CardGone, DeviceBack, DeviceLost, Medium, PadKey
from loyalty import rules
from loyalty.account import Account, Holding, Staff, Status
from loyalty.entry import Cause, Draft, Entry, Moment, Personal, Posting, TokenKind, entry_from
from loyalty.programme import read
from sync.messages import Standing
from terminal import inputs, states
from terminal.effects import Effect, Show, Signal
from terminal.session import show, step
from terminal.states import Basket, Desk, Mode, State

PROGRAMME = read("""
[programme]
key = "p"
version = 1
name = "Kaviareň Bodka"
ask_above = "100"
presets = ["2.50", "5"]
[points]
per_unit = "1"
worth = "0.01"
groups = [{key = "1", name = "Mäso"}, {key = "2", name = "Údeniny"}]
rewards = [{key = "cake", name = "Koláč", cost = "500"}, {key = "mug", name = "Hrnček", cost = "900"}]
[[stamps]]
purse = "coffee"
name = "Káva"
goal = 10
reward = "Káva zadarmo"
""")
ID = UUID("018f0000-0000-7000-8000-000000000001")
EVA = Staff("eva", "Eva", account=b"eva")
NOW = 1_000_000
PICTURE = 7


def account(name: bytes = b"jana", points: int = 1_240_000, stamps: int = 10, **more: object) -> Account:
    holdings = (Holding("points", points, points), Holding("coffee", stamps, stamps))
    return Account(Personal(name, name), name.decode().capitalize(), holdings=holdings, **more)  # type: ignore[arg-type]


def entry(cause: Cause, *postings: Posting, refers: UUID | None = None) -> Entry:
    draft = Draft(cause, Personal(b"jana", b"jana"), postings, refers=refers)
    return entry_from(draft, ID, Moment(ID, NOW, NOW, True), "shop", 1)


REWARDS = PROGRAMME.points.rewards if PROGRAMME.points else ()
JANA, PETER = account(), account(b"peter")
STAMPED = entry(Cause.AWARD, Posting("coffee", 1))
SUM = Basket((("1", 1850),))
LATER = NOW + 10_000
RECALLED = inputs.Recalled(STAMPED, JANA, 60_000, NOW)
CARD = states.Card(JANA, LATER)
FULL = PROGRAMME.stamps[0]
AWARDED = Draft(Cause.AWARD, JANA.whose, rules.stamp(FULL))
GIVEN = Draft(Cause.REDEEM, JANA.whose, rules.full_card(FULL), reward="coffee")
DONE_STATE = step(
    State("b", Desk("Bodka", programme=PROGRAMME, staff=EVA), states.Saving("b:1", AWARDED, JANA, LATER), NOW),
    inputs.Recorded("b:1", STAMPED, JANA, NOW),
)[0]

FITTED = (states.Step(Task.PRESS, "buttons", "+"), states.Step(Task.TAP, "nfc"), states.Step(Task.BORDER, "panel"))

MODES: dict[str, Mode] = {
    "Unpaired": states.Unpaired(),
    "Idle": states.Idle(),
    "Typing a sum": states.Typing("18,5", LATER),
    "Typing a number": states.Typing("905123456", LATER, card=True),
    "Card": CARD,
    "Sum": states.Sum(SUM, LATER),
    "Sum with card": states.Sum(SUM, LATER, JANA),
    "Goods back": states.Sum(replace(SUM, returning=True), LATER),
    "Armed +": states.Armed(Verb.AWARD, LATER),
    "Armed −": states.Armed(Verb.REDEEM, LATER),
    "New card": states.NewCard(Personal(b"blank", b"blank"), LATER),
    "Choice": states.Choice(JANA, LATER, REWARDS),
    "Confirm": states.Confirm(JANA, LATER, GIVEN, NewCardScreen(), Verb.REDEEM, CARD),
    "Confirm sum": states.Confirm(JANA, LATER, AWARDED, NewCardScreen(), Verb.AWARD, states.Sum(SUM, LATER, JANA)),
    "Asking": states.Asking(JANA, LATER, states.Choice(JANA, LATER, REWARDS)),
    "Saving": states.Saving("b:1", AWARDED, JANA, LATER),
    "Done, a stamp": replace(DONE_STATE.mode, until=LATER),
    "Done": replace(DONE_STATE.mode, until=LATER, recalled=None, stamps=None),  # type: ignore[call-arg]
    "Undo": states.Undo(LATER, RECALLED),
    "Menu": states.Menu(LATER),
    "Menu, stopped": states.Menu(LATER, MenuItem.RENEW),
    "Renewal": states.Renewal(LATER),
    "Renewing": states.Renewing(LATER),
    "Test, a button": states.DeviceTest(FITTED, LATER, NOW + 5_000),
    "Test, a reader": states.DeviceTest(FITTED, LATER, NOW + 5_000, index=1),
    "Test, the panel": states.DeviceTest(FITTED, LATER, NOW + 5_000, index=2),
    "Test, its end": states.DeviceTest(FITTED, LATER, NOW + 5_000, index=3, failed=FITTED[:2]),
    "Info": states.Info(MenuItem.QUEUE, LATER),
    "Setup": states.Setup(LATER),
    "Notice": states.Notice(Message.NO_REWARD, LATER, CARD),
}


STOPPED = ("Menu, stopped", "Renewal", "Renewing")
"""States of a terminal that the cloud takes for a copy."""


def press(button: Button, picture: int = PICTURE) -> ButtonPressed:
    return ButtonPressed("buttons", button, picture, NOW)


def pad(key: str) -> PadKey:
    return PadKey("pad", key, PICTURE, NOW)


def held(button: Button) -> ButtonHeld:
    return ButtonHeld("buttons", button, PICTURE, NOW)


GROUPS: dict[str, dict[str, inputs.Input]] = {
    "The buttons": {
        "+": press(Button.AWARD),
        "−": press(Button.REDEEM),
        "▸": press(Button.NEXT),
        "×": press(Button.CANCEL),
        "hold ×": held(Button.CANCEL),
        "hold ▸": held(Button.NEXT),
        "stale press": press(Button.AWARD, picture=PICTURE - 1),
        "button up": ButtonReleased("buttons", Button.AWARD, NOW),
    },
    "The number pad": {
        "digit": pad("2"),
        ",": pad(","),
        "*": pad("*"),
        "/": pad("/"),
        "Enter": pad("enter"),
        "back": pad("back"),
    },
    "Cards": {
        "card read": inputs.CardShown(inputs.Identification(TokenKind.CARD, (b"jana",)), NOW, "nfc"),
        "Found": inputs.Found(JANA, NOW),
        "Found another": inputs.Found(PETER, NOW),
        "Found blocked": inputs.Found(account(b"stolen", status=Status.BLOCKED), NOW),
        "Unknown": inputs.Unknown(Personal(b"new", b"new"), False, True, NOW),
        "Stranger's": inputs.Unknown(Personal(b"new", b"new"), False, False, NOW),
        "Staff's": inputs.StaffFound(Staff("adam", "Adam"), NOW),
        "unusable": inputs.CardRefused(Message.READ_AGAIN, NOW, "nfc"),
        "taken away": CardGone("nfc", Medium.NFC, NOW),
    },
    "Answers, time and news": {
        "Recorded": inputs.Recorded("b:1", STAMPED, JANA, NOW),
        "NotRecorded": inputs.NotRecorded("b:1", Message.DISK_FULL, NOW),
        "Recalled": RECALLED,
        "nothing to recall": inputs.NothingToRecall(NOW),
        "Granted": inputs.Granted(JANA, NOW),
        "NoAnswer": inputs.NoAnswer(NOW),
        "Refreshed": inputs.Refreshed(JANA),
        "Renewed": inputs.Renewed(NOW),
        "NotRenewed": inputs.NotRenewed(Message.RENEW_LATER, NOW),
        "time is up": inputs.Tick(LATER),
        "cloud": inputs.CloudNews(online=False, waiting=3),
        "programme": inputs.ProgrammeNews(PROGRAMME),
        "shop": inputs.ShopNews("Bodka"),
        "set up": inputs.SetUp(NewCardScreen(), NOW),
        "update": inputs.UpdateNews("1.4.2"),
        "device lost": DeviceLost("nfc", "unplugged", NOW),
        "device back": DeviceBack("nfc", NOW),
    },
}


def before(name: str) -> State:
    """An example of a state, with its picture on the panel and Eva at the desk."""
    cloud = inputs.CloudNews(online=True, waiting=0)
    desk = Desk("Bodka", programme=PROGRAMME, staff=EVA, cloud=cloud, working=("nfc",))
    if name in STOPPED:
        desk = replace(desk, cloud=replace(desk.cloud, stands=Standing.OFF_HEAD))
    if name == "Unpaired":
        desk = replace(desk, shop="")
    return replace(show(State("b", desk, MODES[name], NOW, PICTURE - 1))[0], since=PICTURE, picture=PICTURE, records=1)


def name_of(mode: Mode) -> str:
    """A state in the table's words."""
    match mode:
        case states.Typing():
            return "Typing a number" if mode.card else "Typing a sum"
        case states.Sum(basket=basket):
            return "Goods back" if basket.returning else "Sum with card" if mode.account else "Sum"
        case states.Armed():
            return "Armed +" if mode.verb is Verb.AWARD else "Armed −"
        case states.NewCard():
            return "New card"
        case states.Confirm():
            return "Confirm" if mode.verb is Verb.REDEEM else "Confirm sum"
        case states.Done():
            return "Done, a stamp" if mode.stamps else "Done"
        case states.DeviceTest():
            return ("Test, a button", "Test, a reader", "Test, the panel", "Test, its end")[mode.index]
        case states.Menu():
            return "Menu, stopped" if mode.item is MenuItem.RENEW else "Menu"
        case states.Notice():
            return f'"{mode.message.value}"'
        case _:
            return type(mode).__name__


def words(effect: Effect) -> str:
    """An effect in the table's words; pictures are left out, they follow from the state."""
    return f"♪ {effect.sign.value}" if isinstance(effect, Signal) else type(effect).__name__


def outcome(state_name: str, event: inputs.Input) -> str:
    """What follows from an event in a state: "·" nothing, else the state it leads to (where it is another) and the effects."""
    state = before(state_name)
    after, effects = step(state, event)
    said = [words(effect) for effect in effects if not isinstance(effect, Show)]
    moved = [] if after.mode == state.mode else [name_of(after.mode)]
    return " ".join([*moved, *said]) or "·"


def table() -> str:
    """All of it, in Markdown: a table for each group, a row for each state."""
    parts = []
    for group, events in GROUPS.items():
        rows = [f"### {group}", "", "| state | " + " | ".join(events) + " |", "|---" * (len(events) + 1) + "|"]
        rows += [f"| {name} | " + " | ".join(outcome(name, event) for event in events.values()) + " |" for name in MODES]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


if __name__ == "__main__":
    print(table())
