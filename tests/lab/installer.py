"""What an installer does on a machine of the lab, and a shop's first sales."""

from __future__ import annotations

from lab.container import Container

HOME = "/usr/lib/bodka-terminal"
NEWER = "99.0"
"""The version of a second package, for upgrades."""


def install(machine: Container, folder: str = "/packages", *options: str) -> str:
    """`apt install ./bodka-terminal_*.deb`, as its installer does, and without a network."""
    package = machine.run("sh", "-c", f"ls {folder}/bodka-terminal_*_$(dpkg --print-architecture).deb").strip()
    return machine.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q", *options, package)


def as_terminal(machine: Container, *words: str) -> str:
    """Runs a program as the terminal's user."""
    return machine.run("setpriv", "--reuid=bodka", "--regid=bodka", "--init-groups", "--", *words)


def pair_and_record(machine: Container, entries: int) -> None:
    """A terminal that is paired, and whose cloud does not answer: what it recorded waits."""
    machine.run("systemctl", "stop", "bodka-terminal")
    said = as_terminal(machine, f"{HOME}/bin/python3", "-I", "/lab/fill_state.py", str(entries))
    assert said.count("Entry(") == entries, said
    machine.run("systemctl", "start", "bodka-terminal")
