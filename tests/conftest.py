"""On an installed package the texts are compiled already; on the sources they are compiled here, beside their catalogues."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import HealthCheck, settings

import display
import terminal.counter

for source in (
    source
    for package in (display, terminal.counter)
    for source in Path(str(package.__file__)).parent.glob("locale/*/LC_MESSAGES/*.po")
):
    with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(text))

# Machines are shared: a slow moment is no failure. What an example does is judged, not how fast it was made.
settings.register_profile("bodka", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bodka")
