"""A USB keyboard, as scanners and number pads are: the kernel's HID gadget (Documentation/usb/gadget_hid.rst)."""

from __future__ import annotations

import os
from pathlib import Path

from lab.inside.gadget import Gadget

DESCRIPTOR = (
    "05010906a101050719e029e7150025017501950881029501750881039505750105081901290591029501750391"
    "039506750815{0:02x}25{1:02x}050719{0:02x}29{1:02x}8100c0"
)
"""The boot keyboard of the HID specification 1.11, appendix B.1: a byte of modifiers, one reserved, six usages between two."""

WHOLE, KEYPAD = (0x00, 0x65), (0x53, 0x63)
"""Which keys there are: all, or those of a keypad."""

REPORT_BYTES = 8
LEFT_SHIFT = 0x02


class Keys:
    """A keyboard that types usages (HID Usage Tables, section 10)."""

    def __init__(self, name: str, vendor: int, product: int, called: str, port: int, keys: tuple[int, int]) -> None:
        self._gadget = Gadget(name, vendor, product, "ACME", called, "hid.keys", port)
        function = self._gadget.function
        for key, value in (("protocol", 1), ("subclass", 1), ("report_length", REPORT_BYTES)):
            (function / key).write_text(str(value))
        (function / "report_desc").write_bytes(bytes.fromhex(DESCRIPTOR.format(*keys)))
        self._gadget.complete()
        self._node = Path(f"/dev/hidg{(function / 'dev').read_text().strip().partition(':')[2]}")

    def plug(self) -> None:
        self._gadget.plug()

    def unplug(self) -> None:
        self._gadget.unplug()

    def press(self, keys: list[tuple[bool, int]]) -> None:
        """Each with Shift or without, one after the other."""
        node = os.open(self._node, os.O_WRONLY)
        try:
            for shifted, usage in keys:
                os.write(node, bytes([LEFT_SHIFT if shifted else 0, 0, usage, 0, 0, 0, 0, 0]))
                os.write(node, bytes(REPORT_BYTES))
        finally:
            os.close(node)
