"""QR codes for the panel (ISO/IEC 18004): dark modules on lit pixels, as a phone expects them."""

from __future__ import annotations

from dataclasses import dataclass

from display.glass import USUAL, Glass

SMALLEST_MODULE = 0.3
"""Millimetres: what cameras of phones tell apart at a hand's distance."""

_LONGEST = 230
"""Bytes: more than a code of a pixel a module holds at this height (version 10, level L: 271)."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code at the left edge of the panel, on a lit square as high as the panel: its own quiet zone.

    ISO/IEC 18004 asks for four light modules around it. There are 3.5 around a code of 25 modules and 1.5 around one of 29:
    phones read both, and `tests/display/test_qr.py` reads both out of the picture.
    """

    text: str
    modules: tuple[tuple[bool, ...], ...]
    """Rows from the top; True is dark."""
    side: int = USUAL.height
    """Pixels of the lit square."""

    @property
    def scale(self) -> int:
        """Pixels a module: as many as leave at least one light module around it."""
        return self.side // (len(self.modules) + 2)

    @property
    def margin(self) -> int:
        """Lit pixels above and at the left."""
        return (self.side - self.scale * len(self.modules)) // 2

    def __str__(self) -> str:
        return f"QR {self.text}"


def qr_code(text: str, glass: Glass = USUAL) -> QrCode | None:
    """The smallest code that holds `text`; None where it would not fit the glass or be too fine, or there is nothing to say."""
    if not text or len(text.encode("utf-8", "replace")) > _LONGEST:
        return None
    import segno  # late: 20 ms, and seen only where a terminal is paired

    made = segno.make_qr(text.encode("utf-8", "replace").decode(), error="l")
    modules = tuple(tuple(bool(module) for module in line) for line in made.matrix)
    code = QrCode(text, modules, glass.height)
    return code if code.scale * glass.pitch >= SMALLEST_MODULE else None
