"""Who comes to a counter and what hands do there: small habits, carried out token by token, with pauses and mistakes."""

from __future__ import annotations

import random as pseudo
from collections.abc import Iterator

from drivers.events import Button, ButtonHeld, ButtonPressed, CardSeen, Form, Medium, PadKey
from loyalty.numbers import Check, with_check
from simulation.agenda import Agenda
from simulation.counter import Counter
from simulation.history import History

JANA, PETER, ZOLTAN = "2100000000012", "2100000000029", "2100000000043"
MEMBERS = (JANA, JANA, JANA, PETER, PETER, ZOLTAN, "#04a1b2c3d4e5f6", "#5a3c19e7")
"""Some come more often than others; the last two are Jana's sticker and Zoltán's."""
BLANK = tuple(with_check(f"2100{n:08d}", Check.EAN13) for n in (501, 502))
STAFF = ("#04e7a0b1c2d380", "#04ada0b1c2d380")

BUTTONS = {"+": Button.AWARD, "-": Button.REDEEM, ">": Button.NEXT, "x": Button.CANCEL}
HABITS = {
    "a coffee": (8, "card +"),
    "coffees": (4, "card + + +"),
    "a coffee before the card": (2, "+ card"),
    "a free coffee": (6, "card - -"),
    "a bill": (6, "sum enter card +"),
    "a bill before the sum": (2, "card sum +"),
    "a bill paid with points": (5, "sum enter card - -"),
    "a reward": (4, "card > - > -"),
    "two of a reward": (1, "card > - - card > - -"),
    "another thought": (4, "card - x +"),
    "another thought of a bill": (2, "sum enter card - x +"),
    "a stamp too much": (2, "card + x"),
    "a mistake": (4, "card + wait x wait hold-x"),
    "a bill by mistake": (2, "sum enter card + wait x wait hold-x"),
    "a free coffee by mistake": (2, "card - - wait x wait hold-x"),
    "a reward by mistake": (2, "card > - - wait x wait hold-x"),
    "paid with points by mistake": (3, "sum enter card - - wait x wait hold-x"),
    "goods come back": (2, "hold-> + sum enter card -"),
    "a ready sum": (1, "card > + > +"),
    "somebody plays": (2, "card key key key key card key key"),
}
SUMS = ("2", "3,5", "4,80", "12,5", "30", "75")


class People:
    """The people of one counter, one after another for as long as the shop is open."""

    def __init__(self, counter: Counter, agenda: Agenda, chance: pseudo.Random, history: History, gap_ms: int) -> None:
        self._counter, self._agenda, self._chance, self._history, self._gap_ms = counter, agenda, chance, history, gap_ms
        self._haste = chance.choice([0.05, 0.3, 0.8])
        self.open = True
        self._plan_next()

    def _plan_next(self) -> None:
        self._agenda.after(int(self._chance.expovariate(1 / self._gap_ms)), self._somebody_comes)

    def _somebody_comes(self) -> None:
        if self.open:
            self._carry_on(self._tokens())

    def _carry_on(self, tokens: Iterator[str]) -> None:
        token = next(tokens, None)
        if token is None:
            self._plan_next()
            return
        self._do(token)
        hasty = self._chance.random() < self._haste
        pause = self._chance.randrange(5, 200) if hasty else self._chance.randrange(400, 2_500)
        self._agenda.after(4_000 if token == "wait" else pause, lambda: self._carry_on(tokens))

    def _tokens(self) -> Iterator[str]:
        chance = self._chance
        if self._counter.state.desk.staff is None and chance.random() < 0.95:
            yield f"card {chance.choice(STAFF)}"
        name = chance.choices(list(HABITS), [weight for weight, _ in HABITS.values()])[0]
        member = chance.choice(MEMBERS) if chance.random() < 0.93 else chance.choice(BLANK)
        self._history.note(f"{self._counter.name}: {name}")
        for token in HABITS[name][1].split():
            if token == "card":
                yield f"card {member}"
            elif token == "sum":
                yield from chance.choice(SUMS)
            elif token == "key":
                yield chance.choice([*BUTTONS, "hold-x", "hold->", "enter", "5"])
            else:
                yield token

    def _do(self, token: str) -> None:
        now, counter = self._agenda.now, self._counter
        picture = counter.state.picture
        if self._chance.random() < 0.03:
            picture -= 1  # pressed at what was there before
        if token != "wait":
            self._history.tap(f"{counter.name}: {token}")
        match token.split():
            case ["wait"]:
                pass
            case ["card", number] if number.startswith("#"):
                counter.tell(CardSeen("nfc", Medium.NFC, Form.UID, number[1:], now))
            case ["card", number]:
                counter.tell(CardSeen("scanner", Medium.BARCODE, Form.NUMBER, number, now))
            case [name] if name in BUTTONS:
                counter.tell(ButtonPressed("buttons", BUTTONS[name], picture, now))
            case [name] if name.startswith("hold-"):
                button = BUTTONS[name.removeprefix("hold-")]
                counter.tell(ButtonPressed("buttons", button, picture, now))
                counter.tell(ButtonHeld("buttons", button, counter.state.picture, now + 2_000))
            case [key]:
                counter.tell(PadKey("pad", key, picture, now))
