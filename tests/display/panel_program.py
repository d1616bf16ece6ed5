"""Runs the panel as the daemon does; a part of test_panel.py and test_spi.py, not a test.

Lines: "show 7", "all", "at 600" (the panel's clock, in seconds, stands there from now on) and "touch". Its argument are the
keys of `[panel]` as JSON; without it an SSD1306 on I2C.
"""

from __future__ import annotations

import json
import sys
import time

from PIL import Image

from display import panel as thread
from display.burn_in import Care
from display.panel import Panel
from terminal.devices import equip
from terminal.panel_settings import Panel as PanelTable
from terminal.settings import Cloud, Settings


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")  # in one piece: two threads speak
    sys.stdout.flush()


def main() -> None:
    table = PanelTable(**json.loads(sys.argv[1] if len(sys.argv) > 1 else '{"controller": "ssd1306"}'))
    glass = equip(Settings(cloud=Cloud(url=""), panel=table), lambda: time.monotonic_ns() // 1_000_000, lambda: 0).glass
    assert glass is not None
    now = 0.0
    thread.IDLE_SECONDS = 0.1  # the clock of this program does not wait for a second to go by
    panel = Panel(
        glass,
        on_lost=lambda why: say(lost=True, why=why),
        on_back=lambda: say(back=True),
        care=Care(),
        clock=lambda: now,
    )
    panel.start()
    for line in sys.stdin:
        if line.startswith("at "):
            now = float(line.split()[1])
            continue
        if line == "touch\n":
            panel.touch()
            continue
        if line.startswith("show "):
            number = int(line.split()[1])
            image = Image.new("1", table.pixels)
            image.putpixel((number % 128, number // 128), 1)
        else:
            number, image = 9999, Image.new("1", table.pixels, 1)
        began = time.perf_counter()
        panel.show(number, image)
        while panel.picture() != number:
            time.sleep(0.0001)
        say(picture=number, took=time.perf_counter() - began)
    panel.stop()


if __name__ == "__main__":
    main()
