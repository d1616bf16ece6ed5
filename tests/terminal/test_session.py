"""What must hold on every walk through the conversation, whoever presses what and however the house answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace as replace_account

from counter_table import EVA, ID, JANA, NOW, PETER, PROGRAMME, before, held, press
from display import screens
from display.screens import Message
from drivers.events import PAD_KEYS, Button, ButtonHeld, ButtonPressed, PadKey
from loyalty.account import Account, Holding, Staff
from loyalty.entry import Cause, Entry, Moment, check, entry_from
from terminal import inputs, session, states
from terminal.effects import Ask, Effect, Identify, Look, Recall, Record, Show
from terminal.inputs import CloudNews, Identification
from terminal.states import Desk, State

LEAN = replace_account(JANA, holdings=(Holding("points", 1_240_000, 550_000), Holding("coffee", 10, 4)))
"""Jana, where the rest of what is hers is leased elsewhere."""

PROMISES = (screens.Done, screens.DoneStamps, screens.DonePaid, screens.Undone)


class Walk(RuleBasedStateMachine):
    """A session and a house that answers, sometimes no, sometimes late."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.on_glass = 0
        self.asked: list[Record] = []
        self.answers: list[inputs.Input] = []
        self.recorded: list[Entry] = []
        self.screen: object = None
        self.promises = 0
        self.keys: list[str] = []
        self.jana = JANA

    @initialize(staff=st.booleans(), online=st.booleans())
    def begin(self, staff: bool, online: bool) -> None:
        desk = Desk("Bodka", programme=PROGRAMME, staff=EVA if staff else None, cloud=CloudNews(online=online, waiting=0))
        self.state, effects = session.show(session.begin("b", desk, NOW))
        self.run_effects(effects)

    def happen(self, event: inputs.Input) -> None:
        self.state, effects = session.step(self.state, event)
        self.run_effects(effects)

    def run_effects(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Show(number=number, screen=screen):
                    assert number == self.state.picture
                    if isinstance(screen, PROMISES) and screen != self.screen:
                        self.promises += 1
                    self.screen = screen
                case Record(key=key, draft=draft):
                    check(draft.cause, draft.postings, draft.refers)
                    assert draft.staff == (self.state.desk.staff.id if self.state.desk.staff else "")
                    self.keys.append(key)
                    self.asked.append(effect)
                case Look():
                    self.answers.append(inputs.Found(self.jana if effect.card.tokens[0] == b"jana" else PETER, self.now))
                case Recall():
                    last = self.recorded[-1] if self.recorded else None
                    self.answers.append(
                        inputs.Recalled(last, JANA, 1000, self.now) if last else inputs.NothingToRecall(self.now)
                    )
                case Ask():
                    self.answers.append(inputs.Granted(self.jana, self.now, coming=self.jana is LEAN))
                case Identify():
                    self.answers.append(inputs.CardRefused(Message.NOT_OUR_CARD, self.now))

    @rule(button=st.sampled_from(Button), late=st.integers(0, 2), held=st.booleans())
    def press(self, button: Button, late: int, held: bool) -> None:
        picture = max(0, self.on_glass - late)
        self.happen(ButtonPressed("b", button, picture, self.now))
        if held:
            self.now += 2_000
            self.happen(ButtonHeld("b", button, self.on_glass, self.now))

    @rule(key=st.sampled_from(sorted(PAD_KEYS)))
    def type(self, key: str) -> None:
        self.happen(PadKey("p", key, self.on_glass, self.now))

    @rule(who=st.sampled_from([b"jana", b"peter"]), typed=st.booleans())
    def card(self, who: bytes, typed: bool) -> None:
        from loyalty.entry import TokenKind

        self.happen(inputs.CardShown(Identification(TokenKind.CARD, (who,), typed=typed), self.now))

    @rule(staff=st.sampled_from([EVA, Staff("jana", "Jana", JANA.whose.account)]))
    def staff(self, staff: Staff) -> None:
        self.happen(inputs.StaffFound(staff, self.now))

    @rule()
    def the_house_answers(self) -> None:
        if self.answers:
            self.happen(self.answers.pop(0))

    @rule(well=st.booleans())
    def the_journal_answers(self, well: bool) -> None:
        if not self.asked:
            return
        effect = self.asked.pop(0)
        if not well:
            self.happen(inputs.NotRecorded(effect.key, Message.DISK_FULL, self.now))
            return
        entry = entry_from(effect.draft, ID, Moment(ID, self.now, self.now, True), "shop", 1)
        if entry.cause is not Cause.ISSUE:
            self.recorded.append(entry)
        self.happen(inputs.Recorded(effect.key, entry, JANA, self.now))

    @rule(milliseconds=st.sampled_from([10, 700, 3_000, 30_000]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.happen(inputs.Tick(self.now))

    @rule()
    def the_panel_catches_up(self) -> None:
        self.on_glass = self.state.picture

    @rule(jana=st.sampled_from([JANA, LEAN]))
    def the_cloud_brings_news_of_a_lease(self, jana: Account) -> None:
        self.jana = jana
        self.happen(inputs.Refreshed(jana))

    @rule(online=st.booleans(), stopped=st.booleans())
    def network(self, online: bool, stopped: bool) -> None:
        self.happen(CloudNews(online=online, waiting=1, stopped=stopped))

    @invariant()
    def one_record_at_a_time_and_each_key_once(self) -> None:
        assert len(self.asked) <= 1
        assert len(set(self.keys)) == len(self.keys)
        assert bool(self.asked) == isinstance(self.state.mode, states.Saving)

    @invariant()
    def done_is_shown_only_after_the_journal_has_answered(self) -> None:
        assert self.promises <= len(self.recorded)

    @invariant()
    def nobody_serves_themselves_and_spending_is_signed_for(self) -> None:
        for effect in self.asked:
            draft = effect.draft
            assert not (draft.staff == "jana" and draft.whose.account == JANA.whose.account)
            assert draft.staff or draft.cause in (Cause.AWARD, Cause.ISSUE)
            assert not (draft.typed and draft.cause is Cause.REDEEM)

    @invariant()
    def what_is_on_the_screen_can_be_had(self) -> None:
        """Never more is recorded than what the account on the screen may spend here."""
        mode = self.state.mode
        if isinstance(mode, states.Saving) and mode.account is not None and mode.draft.cause is Cause.REDEEM:
            for posting in mode.draft.postings:
                assert posting.used <= mode.account.holding(posting.purse).spendable

    @invariant()
    def time_is_asked_for_and_never_in_the_past_for_ever(self) -> None:
        wake = self.state.wake_at()
        if wake is not None and wake <= self.now:
            after, _ = session.step(replace(self.state), inputs.Tick(max(wake, self.now)))
            again = after.wake_at()
            assert again is None or again > wake or after.mode != self.state.mode


Walk.TestCase.settings = settings(max_examples=80, stateful_step_count=40)
TestWalk = Walk.TestCase


@pytest.mark.parametrize("mode", ["Card", "Sum with card", "Goods back", "Undo"])
def test_staff_cannot_serve_their_own_card(mode: str) -> None:
    """Not add, not take off, not take goods back, and not undo what a colleague did for them."""
    jana = Staff("jana", "Jana", JANA.whose.account)
    state = before(mode)
    state = replace(state, desk=replace(state.desk, staff=jana))
    events: list[inputs.Input] = [press(Button.AWARD), press(Button.REDEEM), inputs.Found(JANA, NOW), held(Button.CANCEL)]
    for event in events:
        _, effects = session.step(state, event)
        assert not [effect for effect in effects if isinstance(effect, Record)]


def test_the_first_picture_is_the_first() -> None:
    state, effects = session.show(session.begin("b", Desk("Bodka", programme=PROGRAMME)))
    assert [effect.number for effect in effects if isinstance(effect, Show)] == [1]
    assert isinstance(state, State)
