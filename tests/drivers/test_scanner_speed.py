"""200 scans at a millisecond a key, the other core busy: none is lost, none joined. `bench/readers_keys.py` does 10,000."""

from __future__ import annotations

import pytest

from emulators.keyboard import Keyboard
from emulators.listener import Listener
from emulators.scanning import busy_core, scan_many
from emulators.umockdev import Testbed


@pytest.mark.parametrize("match", ["name:ACME Scanner", "every"])
def test_no_scan_is_lost_or_joined_at_a_scanners_speed(match: str) -> None:
    bed = Testbed()
    scanner = Keyboard(bed, "ACME Scanner", "0c2e:0b61")
    scanner.plug()
    listener = Listener(bed, ("scanner", "scanner", match))
    try:
        listener.expect("DeviceBack")
        with busy_core():
            scans = scan_many(scanner, listener, 100)
        assert scans.spoilt == []
        assert len(scans.delays) == 100
    finally:
        listener.close()
        scanner.unplug()
        bed.close()
