"""The buses to a panel's controller: which bytes are commands, and which go into its memory.

After the I2C and SPI sections of the SSD1306, SH1106 and SSD1322 data sheets, which agree: on I2C control bytes (Co: one byte
follows, else all that is left; D/C#: data), on SPI a wire of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class PanelBus(ABC):
    """`bytes` counts all that was written; what the data sheet does not allow is noted in `mistakes`."""

    def __init__(self) -> None:
        self.bytes = 0
        self.mistakes: list[str] = []

    @abstractmethod
    def _data(self, value: int) -> None:
        """A byte for the memory."""

    @abstractmethod
    def _command(self, value: int) -> None:
        """A byte of a command."""

    def write(self, message: bytes) -> None:
        """One transfer on I2C without its address: control bytes and what follows them."""
        self.bytes += len(message)
        at = 0
        while at < len(message):
            control = message[at]
            if control & 0x3F:
                self.mistakes.append(f"control byte {control:02X}h")
            end = at + 2 if control & 0x80 else len(message)
            self._take(message[at + 1 : end], data=bool(control & 0x40))
            at = end

    def spi(self, message: bytes, *, data: bool) -> None:
        """Bytes on SPI while D/C# is high (`data`) or low."""
        self.bytes += len(message)
        self._take(message, data=data)

    def _take(self, message: bytes, *, data: bool) -> None:
        for value in message:
            if data:
                self._data(value)
            else:
                self._command(value)
