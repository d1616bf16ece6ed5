"""Pictures of every screen: the golden ones, that the tests compare with, and enlarged ones for the documents.

A golden picture is one of a language and a glass: every sample in its own pixels, four in a row. The sheets for people are made
from them.
`scripts/screens` shows how the screens look now; `scripts/screens --accept` makes that the golden pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from textwrap import wrap
from typing import get_args

from PIL import Image, ImageDraw

from display.coming_gallery import coming
from display.coming_screens import ComingScreen, Refused
from display.customers_page import customers_page
from display.draw import draw, font
from display.glass import USUAL, Glass
from display.layout import lay_out
from display.letters import columns
from display.notices import NOT_TOLD
from display.screens import (
    Armed,
    Balance,
    CloudTrouble,
    CodeTrouble,
    Devices,
    DeviceTest,
    DeviceTestDone,
    Done,
    DonePaid,
    DoneStamps,
    Hint,
    Idle,
    Menu,
    MenuItem,
    Message,
    Money,
    Network,
    NewCard,
    Notice,
    Pairing,
    PairingTrouble,
    PayConfirm,
    PayLess,
    Points,
    Queue,
    RenewQuestion,
    ReturnConfirm,
    RewardChoice,
    Screen,
    StampCard,
    StampCardFull,
    Stamps,
    Starting,
    Sum,
    Task,
    Typing,
    Undone,
    UndoQuestion,
    Unpaired,
    Updating,
    Verb,
    Wait,
    WifiJoined,
    WifiProblem,
    WifiTrouble,
)
from display.words import LANGUAGES

_LIT = (214, 236, 255)
_DARK = (6, 12, 34)
_FRAME = (58, 72, 104)
_LABEL = (140, 156, 190)
_PAPER = (18, 24, 44)

ACROSS = 4
"""Pictures in a row."""

GLASSES = (USUAL, Glass(128, 64, 1.3), Glass(128, 64, 0.96), Glass(128, 32, 0.91), Glass(256, 64, 3.12))
"""Those with golden pictures: the ones that panels are sold with."""

SHEETS = ("sk", "en")
COLOURS = 8
"""A sheet has fewer."""


@dataclass(frozen=True, slots=True)
class _Shop:
    """What a shop would call things, in its language."""

    shop: str
    coffee: str
    gold: str
    meat: str
    cake: str
    until: str = ""


_SHOPS = {
    "sk": _Shop("Kaviareň Bodka", "káva zadarmo", "zlatá", "Mäso", "Koláč", until="kávy"),
    "cs": _Shop("Kavárna Bodka", "káva zdarma", "zlatá", "Maso", "Koláč", until="kávy"),
    "hu": _Shop("Bodka Kávézó", "ingyenkávé", "arany", "Hús", "Sütemény", until="a kávéig"),
    "de": _Shop("Café Bodka", "Gratiskaffee", "Gold", "Fleisch", "Kuchen"),
    "pl": _Shop("Kawiarnia Bodka", "kawa gratis", "złoty", "Mięso", "Ciasto", until="kawy"),
    "en": _Shop("Café Bodka", "free coffee", "gold", "Meat", "Cake"),
}


def samples(language: str) -> tuple[Screen, ...]:
    """Every kind of screen in its main forms, as a shop of that language would see them."""
    shop = _SHOPS[language]
    coffee, until, cake, meat = shop.coffee, shop.until, shop.cake, shop.meat
    jana = "Jana K."
    return (
        Idle(shop.shop, offline=False, waiting=0),
        Idle(shop.shop, offline=True, waiting=3, missing=("nfc",), clock="14:05"),
        StampCard(jana, 7, 10, coffee, until=until),
        StampCard("", 2, 6, cake, more=True),
        StampCardFull(jana, 10, 10, coffee),
        StampCardFull(jana, 10, 10, coffee, confirm=True),
        Balance(Points(1_240_000), jana, shop.gold, more=True),
        Balance(Points(42_000), jana, shop.gold, more=True, reward=cake, cost=Points(50_000)),
        Balance(Points(46_000), "", reward=cake, cost=Points(50_000)),
        Typing("18,5"),
        Typing("905123456", card=True),
        Sum(Money(1850, "EUR")),
        Sum(Money(1850, "EUR"), card=True),
        Sum(Money(1850, "EUR"), meat),
        Sum(Money(500, "EUR"), name=jana, preset=True),
        Sum(Money(840, "EUR"), name=jana, back=True),
        Sum(Money(25_000, "EUR"), name=jana, ask=True),
        PayConfirm(Money(1240, "EUR"), Money(610, "EUR")),
        PayLess(Money(800, "EUR"), Money(1050, "EUR")),
        PayLess(Money(800, "EUR"), Money(1050, "EUR"), soon=True),
        RewardChoice(2, 3, cake, Points(500_000), Points(740_000)),
        ReturnConfirm(Points(8_000), Points(1_232_000)),
        Done(Points(12_000), Points(1_252_000), later=False),
        Done(Points(12_000), Points(1_252_000), later=True),
        Done(Points(12_000), Points(1_252_000), later=False, bonus=Points(6_000), level=shop.gold),
        Done(Points(-500_000), Points(740_000), later=False, what=cake),
        Done(Stamps(-10), Stamps(0), later=True, what=coffee),
        DoneStamps(jana, 8, 10, coffee, later=False, until=until),
        DoneStamps(jana, 8, 10, coffee, later=True, until=until),
        DonePaid(Money(1240, "EUR"), Money(610, "EUR"), Points(6_000), later=False),
        UndoQuestion(Points(12_000), jana, 2),
        Undone(Points(-12_000), Points(1_240_000), later=False),
        NewCard(),
        *(Armed(verb, 14, sum_typed) for verb in Verb for sum_typed in (None, Money(1850, "EUR"))),
        *(Menu(item, number, len(MenuItem)) for number, item in enumerate(MenuItem, 1)),
        Idle(shop.shop, offline=True, waiting=3, missing=("nfc",), clock="14:05", stopped=True),
        Queue(3, 12, known=datetime(2026, 11, 26, 14, 5)),
        Queue(3, 4_320, stopped=True),
        Queue(0, 0, stuck=True),
        RenewQuestion(written_off=False),
        RenewQuestion(written_off=True),
        Network(online=True, minutes=0),
        *(Network(online=False, minutes=185, trouble=trouble) for trouble in CloudTrouble),
        Devices(("scanner",), ("nfc",)),
        Devices(("scanner", "nfc"), ()),
        DeviceTest(Task.PRESS, 1, 9, "+"),
        DeviceTest(Task.TAP, 6, 9, "nfc"),
        *(DeviceTest(Task.TAP, 6, 9, "nfc", hint) for hint in Hint),
        *(DeviceTest(task, 7, 9, "scanner") for task in (Task.TYPE, Task.SCAN, Task.INSERT, Task.BEEP)),
        DeviceTest(Task.BORDER, 8, 9, "panel"),
        DeviceTestDone(0),
        DeviceTestDone(2, "nfc", Hint.SWITCHES),
        Wait(),
        Wait(asking=True),
        Unpaired(),
        Unpaired("K7QX-42MB"),
        Pairing("K7QX-42MB", "HTTPS://BODKA.EXAMPLE/P/K7QX-42MB"),
        Pairing("4821-7730-12", "https://cloud.bodka.example/pair/4821773012"),
        *map(PairingTrouble, CodeTrouble),
        WifiJoined("Kaviaren 5G"),
        *(WifiTrouble(why, "Kaviaren 5G") for why in WifiProblem),
        Updating(),
        Updating("1.4.2", 60),
        *(Notice(message, name=jana, amount=_known(message)) for message in Message),
        Starting(),
    )


def _known(message: Message) -> Points | Money | None:
    if message is Message.SUM_TOO_LARGE:
        return Money(50_000, "EUR")
    known = (Message.NOT_ENOUGH, Message.NO_REWARD, Message.MORE_LATER, Message.MORE_SOON)
    return Points(5_000) if message in known else None


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of the gallery: a screen, or one of the two faces of its page."""

    title: str
    picture: Image.Image


def customers(language: str) -> tuple[Screen, ...]:
    """Those of them that a customer's panel shows beside the staff's: without choices, signs and menus."""
    return tuple(screen for screen in samples(language) if _is_for_customers(screen))


def _is_for_customers(screen: Screen) -> bool:
    match screen:
        case Idle():
            return not (screen.offline or screen.missing)
        case Sum():
            return not (screen.group or screen.preset or screen.ask)
        case StampCardFull():
            return not screen.confirm
        case DeviceTest():
            return screen.task is Task.BORDER
        case Notice():
            return screen.message not in NOT_TOLD | {Message.DISK_FULL}  # which they read as "Not saved"
        case Pairing():  # as on the staff's, code and all
            return False
        case _:
            return not isinstance(screen, _FOR_STAFF)


_FOR_STAFF = (
    Typing,
    RewardChoice,
    UndoQuestion,
    Menu,
    RenewQuestion,
    Queue,
    Network,
    Devices,
    DeviceTestDone,
    PairingTrouble,
    WifiJoined,
    WifiTrouble,
    Starting,
)

GALLERIES: dict[str, Callable[[str], Sequence[Screen | ComingScreen]]] = {
    "": samples,
    "coming": coming,
    "customer": customers,
}
"""What the terminal shows, what no feature shows yet, and what a customer's panel of its own shows."""


def cells(language: str, glass: Glass = USUAL, gallery: str = "") -> list[Cell]:
    """Every sample as it is on that glass, 1 bit a pixel; what takes turns stands side by side."""
    found: list[Cell] = []
    page_of = customers_page if gallery == "customer" else lay_out
    for screen in GALLERIES[gallery](language):
        faces = page_of(screen, language, glass).faces
        found += [Cell(title(screen) + ", then" * turn, draw(face)) for turn, face in enumerate(faces)]
    return found


def golden(pictures: list[Cell]) -> Image.Image:
    """All of them in one picture, `ACROSS` in a row."""
    width, height = pictures[0].picture.size
    whole = Image.new("1", (ACROSS * width, -(-len(pictures) // ACROSS) * height))
    for index, one in enumerate(pictures):
        whole.paste(one.picture, (index % ACROSS * width, index // ACROSS * height))
    return whole


def name(language: str, glass: Glass = USUAL, gallery: str = "") -> str:
    """Of a golden picture's file, without its ending."""
    size = "" if glass == USUAL else f"{glass.width}x{glass.height}-{glass.inches:g}"
    return "-".join(part for part in (gallery, size, language) if part)


def framed(small: Image.Image, scale: int) -> Image.Image:
    """One picture of the panel enlarged, in a thin frame, as it glows on the counter."""
    large = small.convert("L").resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)
    glass = Image.new("RGB", large.size, _DARK)
    glass.paste(_LIT, mask=large)
    margin = 3 * scale
    frame = Image.new("RGB", (large.width + 2 * margin, large.height + 2 * margin), _DARK)
    frame.paste(glass, (margin, margin))
    ImageDraw.Draw(frame).rectangle((0, 0, frame.width - 1, frame.height - 1), outline=_FRAME, width=max(1, scale // 3))
    return frame


def sheet(pictures: list[Cell], *, scale: int = 3) -> Image.Image:
    """A golden picture for people: enlarged, with the screens' names under them, in as many lines as the longest needs."""
    tiles = [framed(one.picture, scale) for one in pictures]
    gap, line = 12, 16
    width, height = tiles[0].size
    names = [wrap(one.title, columns(line, width)) for one in pictures]
    below = height + max(map(len, names)) * line
    rows = -(-len(tiles) // ACROSS)
    picture = Image.new("RGB", (gap + ACROSS * (width + gap), gap + rows * (below + gap)), _PAPER)
    pen = ImageDraw.Draw(picture)
    for index, (tile, lines) in enumerate(zip(tiles, names, strict=True)):
        left, top = gap + index % ACROSS * (width + gap), gap + index // ACROSS * (below + gap)
        picture.paste(tile, (left, top))
        for number, words in enumerate(lines):
            pen.text((left, top + height + number * line), words, fill=_LABEL, font=font(line))
    return picture


def title(screen: Screen | ComingScreen) -> str:
    """A screen's name, in the sheets and where a golden picture differs."""
    kind = type(screen).__name__
    match screen:
        case Notice(message=message):
            return f"{kind} {message.name}"
        case Refused(why=why):
            return f"{kind} {why.name}: not yet reachable"
    return f"{kind}: not yet reachable" if isinstance(screen, get_args(ComingScreen)) else kind


def main(pictures: Path, accepted: Path | None) -> None:
    """Draws screens-sk.png and the like, and first-tap.png, into `pictures`; the golden pictures into `accepted`.

    Other sheets than those of the usual glass are made in `SHEETS` only: the golden pictures have them all.
    """
    for folder in (pictures, accepted):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    for glass, language, gallery in product(GLASSES, LANGUAGES, GALLERIES):
        drawn, called = cells(language, glass, gallery), name(language, glass, gallery)
        if accepted is not None:
            golden(drawn).save(accepted / f"{called}.png", optimize=True)
        if called == language:
            sheet(drawn).save(pictures / f"screens-{called}.png", optimize=True)
        elif language in SHEETS and (gallery != "customer" or glass == USUAL):
            sheet(drawn, scale=2).quantize(COLOURS).save(pictures / f"screens-{called}.png", optimize=True)
    first = StampCard("Jana K.", 7, 10, _SHOPS["sk"].coffee, until=_SHOPS["sk"].until)
    framed(draw(lay_out(first, "sk")), 6).save(pictures / "first-tap.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
