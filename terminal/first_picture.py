"""What people see first: "One moment…" on the panel, before the rest of the terminal is loaded.

A Pi Zero needs some seconds to load everything, and a glass that stays dark so long looks broken. Only `[panel]` and the
language are read here, and only what a panel needs is imported (the list: `tests/terminal/test_first_picture.py`). Where there
is no panel, or the settings are wrong, nothing is shown or said: who reads them whole afterwards says what is wrong.

A panel on SPI waits for the rest: its pins are lent by the one owner of the board's pins.
"""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from display.controllers import SPI
from display.panel import Panel
from display.words import LANGUAGES
from loyalty import toml
from terminal import boards, panel_settings
from terminal.glass import glass
from terminal.panel_news import PanelNews
from terminal.settings_lines import Lines

NUMBER = -1
"""Of the first picture: no button means anything on it."""

PATIENCE_SECONDS = 0.5
"""A bus that hangs does not keep the shop closed."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A panel that is served already."""

    panel: Panel
    news: PanelNews


def begin(settings: Path) -> Begun | None:
    """Opens the panel and shows the first picture; returns once it can be seen, or cannot. Never raises."""
    try:
        text = settings.read_text(encoding="utf-8")
        tables = boards.add(tomllib.loads(text))
        table = _panel(tables, text)
        language = tables.get("terminal", {}).get("language", LANGUAGES[0])
        if table is None or table.bus == SPI or language not in LANGUAGES:
            return None
    except Exception:  # the same is met again by those who can say what is wrong
        return None
    return _show(table, language)


def _panel(tables: dict[str, Any], text: str) -> panel_settings.Panel | None:
    """The panel of the real terminal; raises for one that is none."""
    if "panel" not in tables or "virtual" in tables:
        return None
    table = toml.convert(tables["panel"], text, panel_settings.Panel, "terminal.toml")
    panel_settings.check("panel", table, Lines.of(text))
    return table


def _show(table: panel_settings.Panel, language: str) -> Begun:
    news = PanelNews()
    panel = Panel(glass(table), on_lost=news.lost, on_back=news.back)
    panel.start()
    with suppress(Exception):  # without texts or font: the same
        # Only now, while the panel's thread starts the controller.
        from display.draw import draw
        from display.starting import starting

        panel.show(NUMBER, draw(starting(language, table.glass)))
        # Whoever loads the rest takes turns with the panel's thread, and would make it late by far more than this wait.
        panel.wait_for(NUMBER, PATIENCE_SECONDS)
    return Begun(panel, news)
