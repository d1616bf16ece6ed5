"""Whatever only people do wakes the panel; what comes by itself lets it rest."""

from __future__ import annotations

from pathlib import Path

from counter_desk import JANA, Counter

from drivers.events import CardGone, CardTrouble, Medium, Trouble
from terminal.inputs import CloudNews


def test_cards_buttons_and_keys_are_touches_and_news_is_none(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        touches: list[None] = []
        counter.daemon.on_touch = lambda: touches.append(None)
        counter.wait(60_000)
        counter.tell(CloudNews(online=False, waiting=3))
        assert not touches
        acts = (
            lambda: counter.scan(JANA),
            lambda: counter.press("▸"),
            lambda: counter.type("5"),
            lambda: counter.tell(CardTrouble("nfc", Medium.NFC, Trouble.TWO_CARDS, counter.now)),  # type: ignore[arg-type]
        )
        for number, act in enumerate(acts, 1):
            act()
            assert len(touches) == number
        counter.tell(CardGone("nfc", Medium.NFC, counter.now))
        assert len(touches) == len(acts)
