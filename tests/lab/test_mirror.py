"""Where Debian's packages come from: the mirror that this machine itself uses, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.container_tree import NoMirror, mirror


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.list", "# ours\ndeb [arch=amd64] https://mirror.example/debian/ bookworm main\n"),
        ("sources.list.d/debian.sources", "Types: deb\nURIs: https://mirror.example/debian\nSuites: bookworm\n"),
    ],
)
def test_it_is_this_machines_own(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/other.list").write_text("deb https://packages.example/tool stable main\n")
    (tmp_path / "sources.list.d/off.list.disabled").write_text("deb https://wrong.example/debian bookworm main\n")
    with pytest.raises(NoMirror):
        mirror(tmp_path)
    (tmp_path / name).write_text(text)
    assert mirror(tmp_path) == "https://mirror.example/debian"
