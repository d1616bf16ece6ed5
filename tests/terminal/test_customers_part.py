"""The customer's panel beside the staff's: what is the customer's, and never a menu, a choice, a code or a button."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_table import GROUPS, JANA, LATER, MODES, NOW, PETER, PICTURE, before
from display import screens
from display.customers_page import customers_page
from display.draw import draw
from display.gallery import customers, samples
from display.glass import USUAL, Glass
from display.layout import lay_out
from display.page import Page, Text
from display.screens import Message, Money, Points
from display.words import LANGUAGES
from drivers.events import Button, ButtonHeld, ButtonPressed, DeviceBack, DeviceLost, PadKey
from terminal import faces, inputs, states
from terminal.customers_panel import CustomersPanel
from terminal.customers_part import NOT_TOLD, TOLD, Own, Part, part, shows_all
from terminal.effects import Show
from terminal.panel_news import STAFF_PANEL
from terminal.session import step

IDLE = screens.Idle("Bodka", offline=False, waiting=0)
POINTS = screens.Balance(Points(1_240_000), "Jana")
FULL_CARD = screens.StampCardFull("Jana", 10, 10, "Káva zadarmo")
WAS = Part(screens.Balance(Points(9_000), "Peter"), "sk")

PARTS: dict[str, screens.Screen] = {
    "Unpaired": screens.Unpaired(),
    "Idle": IDLE,
    "Typing a sum": IDLE,
    "Typing a number": IDLE,
    "Card": FULL_CARD,
    "Sum": screens.Sum(Money(1850, "EUR")),
    "Sum with card": screens.Sum(Money(1850, "EUR"), name="Jana", card=True),
    "Goods back": screens.Sum(Money(1850, "EUR"), back=True),
    "Armed +": screens.Armed(screens.Verb.AWARD, 10),
    "Armed −": screens.Armed(screens.Verb.REDEEM, 10),
    "New card": screens.NewCard(),
    "Choice": POINTS,
    "Confirm": screens.NewCard(),
    "Confirm sum": screens.NewCard(),
    "Asking": POINTS,
    "Saving": WAS.screen,
    "Done, a stamp": screens.DoneStamps("Jana", 10, 10, "Káva zadarmo", later=True),
    "Done": screens.DoneStamps("Jana", 10, 10, "Káva zadarmo", later=True),
    "Undo": WAS.screen,
    "Menu": WAS.screen,
    "Menu, stopped": WAS.screen,
    "Renewal": IDLE,
    "Renewing": IDLE,
    "Test, a button": IDLE,
    "Test, a reader": IDLE,
    "Test, the panel": screens.DeviceTest(screens.Task.BORDER, 3, 3, "panel"),
    "Test, its end": IDLE,
    "Info": WAS.screen,
    "Setup": IDLE,
    "Notice": screens.Notice(Message.NO_REWARD),
}

FOR_STAFF = (
    screens.Typing,
    screens.RewardChoice,
    screens.UndoQuestion,
    screens.Menu,
    screens.RenewQuestion,
    screens.Queue,
    screens.Network,
    screens.Devices,
    screens.DeviceTestDone,
    screens.Pairing,
    screens.PairingTrouble,
    screens.WifiJoined,
    screens.WifiTrouble,
)


@pytest.mark.parametrize("name", MODES)
def test_each_state_has_its_part(name: str) -> None:
    assert part(before(name), WAS).screen == PARTS[name]


def test_the_gallery_of_customers_has_all_that_they_are_shown_and_no_more() -> None:
    shown = customers("sk")
    assert {type(screen) for screen in PARTS.values()} <= {type(screen) for screen in shown}
    assert not [screen for screen in shown if isinstance(screen, FOR_STAFF)]
    assert {screen.message for screen in shown if isinstance(screen, screens.Notice)} == set(TOLD.values())


@pytest.mark.parametrize("message", Message)
def test_a_message_is_told_or_what_lies_under_it_stays(message: Message) -> None:
    assert (message in TOLD) != (message in NOT_TOLD)
    state = replace(before("Card"), mode=states.Notice(message, LATER, MODES["Card"]))
    told = screens.Notice(TOLD[message]) if message in TOLD else FULL_CARD
    assert part(state, None).screen == told


def test_of_a_full_disk_a_customer_hears_only_that_nothing_was_saved() -> None:
    state = replace(before("Card"), mode=states.Notice(Message.DISK_FULL, LATER, MODES["Card"]))
    assert part(state, None).screen == screens.Notice(Message.NOT_SAVED)


def test_under_a_menu_nothing_of_a_message_stays() -> None:
    """What was there is only kept where it was the customer's own."""
    refused = Part(screens.Notice(Message.CARD_BLOCKED), "sk")
    assert part(before("Menu"), refused).screen == IDLE
    assert part(before("Menu"), Part(PARTS["Sum"], "sk")).screen == IDLE, "the menu gives a bill up"
    assert part(before("Menu"), None).screen == IDLE


def test_a_typed_line_shows_what_lies_under_it() -> None:
    """The card, and the lines of the bill that are closed; never a digit of a number."""
    typing = states.Typing("905", LATER, states.Basket((("1", 1850),)), JANA, card=True)
    assert part(replace(before("Card"), mode=typing), None).screen == PARTS["Sum with card"]
    assert part(replace(before("Card"), mode=replace(typing, basket=states.EMPTY)), None).screen == FULL_CARD


def test_a_long_write_is_said_to_both() -> None:
    saving = replace(before("Saving"), now=LATER)
    assert part(saving, WAS).screen == faces.screen_of(saving) == screens.Wait()


def test_the_version_of_an_update_is_for_staff() -> None:
    state = states.with_desk(before("Idle"), updating="1.4.2")
    assert faces.screen_of(state) == screens.Updating("1.4.2")
    assert part(state, None).screen == screens.Updating()


def test_a_given_reward_is_what_it_cost() -> None:
    done = states.Done(JANA, LATER, screens.Done(Points(-500_000), Points(740_000), later=False, what="Koláč"))
    shown = part(replace(before("Done"), mode=done), None).screen
    assert shown == screens.Done(Points(-500_000), Points(740_000), later=False)


def test_signs_are_for_staff_and_the_clock_for_all() -> None:
    state = states.with_desk(
        before("Idle"), missing=("nfc", "panel"), cloud=inputs.CloudNews(online=False, waiting=3), clock="14:05"
    )
    assert part(state, None).screen == replace(IDLE, clock="14:05")


@pytest.mark.parametrize("glass", [Glass(), Glass(128, 64, 0.96), Glass(128, 32, 0.91), Glass(256, 64, 3.12)], ids=str)
@pytest.mark.parametrize("language", LANGUAGES)
def test_without_buttons_none_is_named_and_nothing_else_is_lost(language: str, glass: Glass) -> None:
    for screen in samples(language):
        if isinstance(screen, screens.Pairing):
            continue  # never a customer's
        page, bare = lay_out(screen, language, glass), customers_page(screen, language, glass)
        said = [row.text for face in bare.faces for row in face.all_rows if isinstance(row, Text)]
        assert not any(face.live for face in bare.faces)
        assert not [live for live in page.live if live.words in said]
        assert " ".join(live.words for live in page.live if not live.inside) not in said or not page.live
        assert draw(bare).size == (glass.width, glass.height)


EVENTS = [event for group in GROUPS.values() for event in group.values()]


@st.composite
def walks(draw_: st.DrawFn) -> list[inputs.Input]:
    """Events in any order; presses are made at what is there, and time goes on."""
    now, events = NOW, []
    for event in draw_(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=40)):
        now += draw_(st.sampled_from([0, 800, 4_000, 25_000]))
        changes = {"at": now} if hasattr(event, "at") else {}
        if isinstance(event, ButtonPressed | ButtonHeld | PadKey):
            changes |= {"picture": 10**6}
        events.append(replace(event, **changes))  # type: ignore[arg-type]
    return events


@given(name=st.sampled_from(sorted(MODES)), walk=walks())
def test_on_no_way_does_the_customer_see_what_is_not_theirs(name: str, walk: list[inputs.Input]) -> None:
    state, now = before(name), part(before(name), None)
    for event in walk:
        state, _ = step(state, event)
        was, now = now, part(state, now)
        assert not isinstance(now.screen, FOR_STAFF), state.mode
        page = customers_page(now.screen, now.language)
        assert not page.live
        assert "▸" not in page.text()
        assert page.spare >= 0
        whose = faces.account_of(state.mode)
        if isinstance(now.screen, Own) and now != was:
            assert getattr(now.screen, "name", "") in ("", whose.name if whose else "")
        looks_into_menu = isinstance(state.mode, states.Menu | states.Info | states.Undo)
        assert not looks_into_menu or now == was or now.screen == part(replace(state, mode=states.Idle()), None).screen


class Glasses:
    """Both panels as `CustomersPanel` and the staff's picture fill them."""

    def __init__(self, name: str) -> None:
        self.state = before(name)
        self.shown: list[tuple[int, str]] = []
        self.panel = CustomersPanel(lambda number, page: self.shown.append((number, page.text())), USUAL)
        self.follow()

    @property
    def picture(self) -> Show:
        screen = faces.screen_of(self.state)
        assert screen is not None
        return Show(self.state.picture, screen, faces.language_of(self.state, faces.account_of(self.state.mode)))

    @property
    def staffs(self) -> str:
        return lay_out(self.picture.screen, self.picture.language).text()

    def happens(self, event: inputs.Input) -> None:
        self.state, _ = step(self.state, event)
        self.follow()

    def follow(self) -> None:
        self.panel.follow(self.state, self.picture)


def pressed(button: Button) -> ButtonPressed:
    return ButtonPressed("buttons", button, 10**6, NOW)


def test_a_menu_leaves_the_customers_panel_as_it_is() -> None:
    glasses = Glasses("Card")
    assert len(glasses.shown) == 1
    glasses.happens(ButtonHeld("buttons", Button.NEXT, 10**6, NOW))
    glasses.happens(pressed(Button.NEXT))
    glasses.happens(inputs.CloudNews(online=False, waiting=3))
    assert isinstance(glasses.state.mode, states.Menu)
    assert len(glasses.shown) == 1, "not even the same picture again"
    glasses.happens(inputs.Tick(NOW + 60_000))
    assert glasses.shown[-1][1] == customers_page(IDLE, "sk").text(), "with the menu goes what stood under it"


def test_without_the_staffs_panel_the_customers_shows_everything_until_it_is_back() -> None:
    glasses = Glasses("Choice")
    glasses.happens(DeviceLost(STAFF_PANEL, "unplugged", NOW))
    assert shows_all(glasses.state)
    assert glasses.shown[-1] == (glasses.state.picture, glasses.staffs), "in the middle of a choice"
    glasses.happens(pressed(Button.NEXT))
    assert glasses.shown[-1] == (glasses.state.picture, glasses.staffs)
    assert "2/2" in glasses.shown[-1][1]
    glasses.happens(DeviceBack(STAFF_PANEL, NOW))
    assert glasses.shown[-1][1] == customers_page(POINTS, "sk").text()


def test_each_panel_has_pages_for_its_own_glass() -> None:
    """Also of what it shows in the other's place."""
    small = Glass(128, 32, 0.91)
    pages: list[Page] = []
    panel, state = CustomersPanel(lambda number, page: pages.append(page), small), before("Choice")
    shown = faces.screen_of(state)
    assert shown is not None
    panel.follow(state, Show(state.picture, shown, "sk"))
    assert pages == [customers_page(POINTS, "sk", small)]
    state, _ = step(state, DeviceLost(STAFF_PANEL, "unplugged", NOW))
    panel.follow(state, Show(state.picture, shown, "sk"))
    assert pages[1:] == [lay_out(shown, "sk", small)]


def test_what_was_kept_is_never_another_customers() -> None:
    """While the customer's panel shows everything, its part is still followed: what comes back is of now."""
    glasses = Glasses("Card")
    glasses.happens(DeviceLost(STAFF_PANEL, "unplugged", NOW))
    glasses.happens(inputs.Found(PETER, NOW))
    glasses.happens(inputs.Tick(NOW + 1_000))
    glasses.happens(ButtonHeld("buttons", Button.NEXT, 10**6, NOW))
    glasses.happens(DeviceBack(STAFF_PANEL, NOW))
    assert isinstance(glasses.state.mode, states.Menu)
    assert "Peter" in glasses.shown[-1][1]
    assert "Jana" not in glasses.shown[-1][1]


def test_a_part_has_the_number_it_came_up_with() -> None:
    """A press at a part that stands under a newer menu is stale."""
    glasses = Glasses("Idle")
    assert glasses.shown[-1][0] == PICTURE
    glasses.happens(ButtonHeld("buttons", Button.NEXT, 10**6, NOW))
    assert glasses.shown[-1][0] < glasses.state.since
