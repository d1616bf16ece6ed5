"""Who comes to a counter and what hands do there: small habits, carried out token by token, with pauses and mistakes."""

from __future__ import annotations

import random as pseudo
from collections import deque
from collections.abc import Iterator, Sequence

from drivers.events import Button, ButtonHeld, ButtonPressed, CardSeen, Form, Medium, PadKey
from loyalty.numbers import Check, with_check
from simulation.cloud import GIFT, MONEY, VISITS
from simulation.counter import Counter
from simulation.world import World

JANA, PETER, ZOLTAN = "2100000000012", "2100000000029", "2100000000043"
MEMBERS = (JANA, JANA, JANA, PETER, PETER, ZOLTAN, "#04a1b2c3d4e5f6", "#5a3c19e7")
"""Some come more often than others; the last two are Jana's sticker and Zoltán's."""
BLANK = tuple(with_check(f"2100{n:08d}", Check.EAN13) for n in (501, 502))
STRANGER = "8586000000018"
"""The number of a carton of milk."""
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
    "a second thought": (3, "hold-x"),
    "a carton of milk": (1, f"card={STRANGER} +"),
    "a gift card is loaded": (2, "card load"),
    "paid with a gift card": (4, "card take"),
    "paid twice with a gift card": (2, "card take take"),
    "a visit by mistake": (1, "card take wait x wait hold-x"),
    "somebody plays": (2, "card key key key key card key key"),
}
MOVES = {GIFT: (500, 1_990, 3_000), MONEY: (240, 1_000), VISITS: (1, 1, 3)}
"""What staff load or take of a purse at once."""
GONE: Iterator[str] = iter(())
"""What somebody still does whose next move came a night late: the shop has closed meanwhile."""
SUMS = ("2", "3,5", "4,80", "12,5", "30", "75")


class People:
    """The people of one counter, in the hours in which the shop is open: (begin, end) of each, by the agenda."""

    def __init__(self, counter: Counter, world: World, hours: Sequence[tuple[int, int]] = (), gap_ms: int = 1) -> None:
        self._counter, self._world = counter, world
        chance = world.chance("people", counter.name)
        self._haste = chance.choice([0.05, 0.3, 0.8]) if hours else 0.0
        self._mistakes = 0.03 if hours else 0.0
        self._waiting: deque[Iterator[str]] = deque()
        self._served = False
        visits = 0
        for begin, end in hours:
            at = max(begin, world.agenda.now) + chance.expovariate(1 / gap_ms)
            while at < end:
                visits += 1
                self._plan(int(at), f"{counter.name}: visit {visits}")
                at += chance.expovariate(1 / gap_ms)

    def _plan(self, at: int, visit: str) -> None:
        agenda, history = self._world.agenda, self._world.history
        chance = self._world.chance(visit)
        agenda.after(at - agenda.now, lambda: self._comes(chance) if history.happens(visit) else None)

    def _comes(self, chance: pseudo.Random) -> None:
        if self._counter.running:
            self._waiting.append(self._tokens(chance))
            if not self._served:
                self._next(chance)

    def visit(self, habit: str, member: str) -> None:
        """Somebody comes now, with a habit of `HABITS` or tokens of one's own: for a story."""
        chance = self._world.chance(habit, member, self._world.agenda.now)
        self._waiting.append(self._hands(habit, member, chance))
        if not self._served:
            self._next(chance)

    def _next(self, chance: pseudo.Random) -> None:
        self._served = bool(self._waiting)
        if self._served:
            self._carry_on(self._waiting.popleft(), chance)

    def _carry_on(self, tokens: Iterator[str], chance: pseudo.Random) -> None:
        token = next(tokens, None)
        if token is None or not self._counter.running:
            self._next(chance)
            return
        self._do(token, chance)
        pause = chance.randrange(5, 200) if chance.random() < self._haste else chance.randrange(400, 2_500)
        pause = 4_000 if token == "wait" else pause
        due = self._world.agenda.now + pause
        self._world.agenda.after(pause, lambda: self._carry_on(tokens if self._world.agenda.now <= due else GONE, chance))

    def _tokens(self, chance: pseudo.Random) -> Iterator[str]:
        if self._counter.state.desk.staff is None and chance.random() < 0.95:
            yield f"card {chance.choice(STAFF)}"
        name = chance.choices(list(HABITS), [weight for weight, _ in HABITS.values()])[0]
        member = chance.choice(MEMBERS) if chance.random() < 0.93 else chance.choice(BLANK)
        self._world.history.note(f"{self._counter.name}: {name}")
        yield from self._hands(HABITS[name][1], member, chance)

    def _hands(self, tokens: str, member: str, chance: pseudo.Random) -> Iterator[str]:
        for token in tokens.split():
            if token == "card":
                yield f"card {member}"
            elif token.startswith("card="):
                yield f"card {token.removeprefix('card=')}"
            elif token == "staff":
                yield f"card {STAFF[0]}"
            elif token == "sum":
                yield from chance.choice(SUMS)
            elif token == "key":
                yield chance.choice([*BUTTONS, "hold-x", "hold->", "enter", "5"])
            elif token.startswith("sum="):
                yield from token.removeprefix("sum=")
            else:
                yield token

    def _do(self, token: str, chance: pseudo.Random) -> None:
        now, counter = self._world.agenda.now, self._counter
        picture = counter.state.picture
        if chance.random() < self._mistakes:
            picture -= 1  # pressed at what was there before
        if token != "wait":
            self._world.history.tap(f"{counter.name}: {token}")
        match token.split():
            case ["wait"]:
                pass
            case ["card", number] if number.startswith("#"):
                counter.tell(CardSeen("nfc", Medium.NFC, Form.UID, number[1:], now))
            case ["card", number]:
                counter.tell(CardSeen("scanner", Medium.BARCODE, Form.NUMBER, number, now))
            case ["load" | "take" as verb]:
                purse = chance.choice([*MOVES])
                counter.move(purse, chance.choice(MOVES[purse]) * (1 if verb == "load" else -1))
            case [name] if name in BUTTONS:
                counter.tell(ButtonPressed("buttons", BUTTONS[name], picture, now))
            case [name] if name.startswith("hold-"):
                button = BUTTONS[name.removeprefix("hold-")]
                counter.tell(ButtonPressed("buttons", button, picture, now))
                counter.tell(ButtonHeld("buttons", button, counter.state.picture, now + 2_000))
            case [key]:
                counter.tell(PadKey("pad", key, picture, now))
