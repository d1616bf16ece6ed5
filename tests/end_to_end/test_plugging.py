"""Devices are pulled and put back at random: afterwards all of them work, and the daemon holds no more than before.

`python tests/plugging.py 200` is the long form.
"""

from __future__ import annotations

from random import Random

import pytest
from plugging import Plugging, everything_works, play

from shop import Shop, until

pytestmark = pytest.mark.xdist_group("end_to_end")


def test_after_forty_plugs_pulled_and_put_back_everything_works_and_nothing_is_left_behind(new_shop: Shop) -> None:
    play(new_shop, 40, seed=1)
    assert new_shop.daemon is not None
    assert new_shop.daemon.text.count("Traceback") == 0


def test_so_it_is_with_a_panel_for_staff(new_shop_with_two_panels: Shop) -> None:
    shop = new_shop_with_two_panels
    plugging = play(shop, 30, seed=4)
    assert {"panel out", "staff panel out"} <= set(plugging.story)
    shop.customer_sees_idle()
    assert shop.daemon is not None
    assert shop.daemon.text.count("Traceback") == 0


def test_a_terminal_that_starts_with_nothing_but_its_pad_takes_each_device_as_it_comes(new_shop: Shop) -> None:
    shop = new_shop
    assert shop.daemon is not None
    shop.daemon.kill()
    plugging = Plugging(shop, Random(1))
    for name in ("scanner", "nfc", "pcscd", "gpio", "panel"):
        plugging.pull(name)
    shop.start(devices=("pad",))
    daemon, missing = shop.daemon, ("scanner", "nfc", "chip", "buttons", "signals", "panel")
    until(lambda: all(map(daemon.lost, missing)), shop.story)
    plugging.all_in()
    everything_works(shop)
    assert {device: (daemon.lost(device), daemon.works(device)) for device in missing} == dict.fromkeys(missing, (1, 1))
