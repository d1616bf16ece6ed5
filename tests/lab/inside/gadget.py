"""USB devices that this very machine plays to itself: dummy_hcd is a host whose ports its own gadgets are plugged into.

After the kernel's Documentation/usb/gadget_configfs.rst. Runs inside the virtual machine, on Python's own library alone.
"""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

GADGETS = Path("/sys/kernel/config/usb_gadget")

MODULES = ("dummy_hcd", "libcomposite", "usb_f_hid", "usb_f_fs", "usbhid", "hid-generic")


class Gadget:
    """One device with one function, not plugged in yet. `port` is which of dummy_hcd's it goes into."""

    def __init__(self, name: str, vendor: int, product: int, maker: str, called: str, function: str, port: int) -> None:
        self.folder = GADGETS / name
        self.function = self.folder / "functions" / function
        self._port = f"dummy_udc.{port}"
        strings = self.folder / "strings/0x409"
        for path in (strings, self.folder / "configs/c.1", self.function):
            path.mkdir(parents=True)
        for key, value in (("idVendor", vendor), ("idProduct", product), ("bcdDevice", 0x0100)):
            (self.folder / key).write_text(f"{value:#06x}")
        for key, text in (("manufacturer", maker), ("product", called), ("serialnumber", name)):
            (strings / key).write_text(text)

    def complete(self) -> None:
        """The function is described: it becomes part of the device."""
        (self.folder / "configs/c.1" / self.function.name).symlink_to(self.function)

    def plug(self) -> None:
        (self.folder / "UDC").write_text(self._port)

    def unplug(self) -> None:
        try:
            (self.folder / "UDC").write_text("\n")
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise


def load() -> None:
    """The ports, of which the disk's modprobe.d asks for three, and what the gadgets are made of."""
    subprocess.run(["modprobe", "-a", *MODULES], check=True)
    if not GADGETS.exists():
        subprocess.run(["mount", "-t", "configfs", "none", "/sys/kernel/config"], check=True)
