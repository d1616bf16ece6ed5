"""A person's name in the order of the screen's language.

Members are kept as they are shown: a given name and the initial of the family name. Hungarian puts the family name first. A
name that was written in full stays as it is: whoever wrote it knew its order.
"""

from __future__ import annotations

import re

FAMILY_FIRST = frozenset({"hu"})

_INITIAL = r"(?:[^\W\d_]|Ch|Cs|Dz|Dzs|Gy|Ly|Ny|Sz|Ty|Zs)\."
"""A letter, or several that count as one: "K.", "Sz."."""

_GIVEN_AND_INITIAL = re.compile(rf"(?P<given>.*\S)\s+(?P<family>{_INITIAL}(?:\s*-\s*{_INITIAL})?)", re.DOTALL)


def in_order(name: str, language: str) -> str:
    """`name` with its family name where the language has it.

    >>> in_order("Zoltán K.", "hu")
    'K. Zoltán'
    >>> in_order("Zoltán K.", "sk")
    'Zoltán K.'
    """
    found = _GIVEN_AND_INITIAL.fullmatch(name.strip()) if language in FAMILY_FIRST else None
    return f"{found['family']} {found['given']}" if found else name
