"""The demo: a cloud and a terminal as processes of their own, in a folder that goes when they end. Started by scripts/demo."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from morning import play
from morning_page import Page

from display.words import LANGUAGES

COMMANDS = Path(sys.executable).parent
START_SECONDS = 60
"""How long a program may take to say that it is ready: a small machine, everything read from a cold disk."""

STOP_SECONDS = 10

SETTINGS = """\
[cloud]
url = "{url}"
poll_seconds = 2

[terminal]
state = "{folder}/terminal"
language = "{language}"
log = "{log}"

[virtual]
network = {network}
"""
STAFF_PANEL = "\n[staff_panel]\n"


class DemoFailed(Exception):
    """Something did not work; the text says what, and what the program said of it."""


class Program:
    """One of our commands, running. What it prints is kept, and the line that says it is ready is waited for."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self.name = command[0]
        self._lines: list[str] = []
        self._news = threading.Condition()
        # A session of its own: Ctrl-C is ours, and the programs are then stopped in their order.
        self.process = subprocess.Popen(
            [COMMANDS / command[0], *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def said(self, beginning: str) -> str:
        """The rest of the first line that begins so; raises `DemoFailed` where it does not come."""
        with self._news:
            self._news.wait_for(lambda: self._found(beginning) is not None or self._over(), START_SECONDS)
            found = self._found(beginning)
        if found is None:
            raise DemoFailed(f'{self.name} has not said "{beginning}". It said:\n{self.words()}')
        return found

    def _found(self, beginning: str) -> str | None:
        return next((line.removeprefix(beginning).strip() for line in self._lines if line.startswith(beginning)), None)

    def _over(self) -> bool:
        return self.process.poll() is not None and not self._reader.is_alive()

    def words(self) -> str:
        """The last that it printed."""
        return "\n".join(self._lines[-30:])

    def kill(self) -> None:
        """SIGKILL: as when the plug is pulled."""
        self.process.kill()
        self._end()

    def stop(self) -> None:
        """Asks it to end, and makes it where it does not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._end()

    def _end(self) -> None:
        self.process.wait()
        self._reader.join(STOP_SECONDS)
        if self.process.stdout and not self._reader.is_alive():
            self.process.stdout.close()


class Demo:
    """The cloud and the terminal of one demo, in one folder."""

    def __init__(self, folder: Path, log: str, *, panels: int = 1, language: str = "en") -> None:
        self._folder, self._log, self._panels, self._language = folder, log, panels, language
        self._settings = folder / "terminal.toml"
        # Settings of a person's own must not reach the demo's programs.
        mine = {name: value for name, value in os.environ.items() if not name.startswith("BODKA_")}
        self._env = mine | {"BODKA_CLOUD_DATABASE": f"sqlite:///{folder}/cloud.sqlite", "PYTHONUNBUFFERED": "1"}
        self._cloud: Program | None = None
        self.terminal: Program | None = None
        self.url = ""

    def start(self) -> str:
        """Starts everything; gives the counter page's address."""
        self.call("bodka-cloud", "sample", "--training")
        self._cloud = Program("bodka-cloud", "serve", "--port", "0", env=self._env)
        self.url = self._cloud.said("listening on ")
        self._configure(network=True)
        code = self.call("bodka-cloud", "pairing-code").strip()
        print(self.call("bodka-terminal", "pair", "--code", code, "--settings", str(self._settings)).strip(), flush=True)
        return self._run()

    def owner(self) -> str:
        """The one-time link at which the merchant's owner chooses a password for the portal."""
        return self.call("bodka-cloud", "owner", "--email", "owner@bodka.example", "--public-url", self.url).strip()

    def restart_terminal(self) -> str:
        """Kills the terminal as a pulled plug does, and starts it again, still without network."""
        assert self.terminal
        self.terminal.kill()
        self._configure(network=False)
        return self._run()

    def stop_terminal(self) -> None:
        """Ends the terminal in good order."""
        if self.terminal:
            self.terminal.stop()

    def journal(self) -> dict[str, Any]:
        """What the terminal holds."""
        return dict(json.loads(self.call("bodka-terminal", "journal", "--json", "--settings", str(self._settings))))

    def ledger(self) -> dict[str, Any]:
        """What the cloud holds."""
        return dict(json.loads(self.call("bodka-cloud", "ledger", "--json")))

    def call(self, *command: str) -> str:
        """What a command that ends by itself prints; raises `DemoFailed`."""
        done = subprocess.run([COMMANDS / command[0], *command[1:]], env=self._env, text=True, capture_output=True, check=False)
        if done.returncode:
            raise DemoFailed(f"{' '.join(command[:2])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def wait(self) -> None:
        """Until one of the programs ends by itself, which none should."""
        assert self._cloud
        assert self.terminal
        while True:
            for program in (self._cloud, self.terminal):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.process.wait(1)
                    raise DemoFailed(f"{program.name} has stopped. It said:\n{program.words()}")

    def close(self) -> None:
        """Ends everything, also where somebody is impatient."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.stop_terminal()
        if self._cloud:
            self._cloud.stop()

    def _run(self) -> str:
        self.terminal = Program("bodka-terminal", "run", "--settings", str(self._settings), env=self._env)
        return self.terminal.said("counter page: ")

    def _configure(self, *, network: bool) -> None:
        text = SETTINGS.format(
            url=self.url, folder=self._folder, language=self._language, log=self._log, network=str(network).lower()
        )
        self._settings.write_text(text + STAFF_PANEL * (self._panels - 1), encoding="utf-8")


@contextlib.contextmanager
def demo(log: str, *, panels: int = 1, language: str = "en") -> Iterator[Demo]:
    """A demo whose programs and folder go at the end, whatever happens; with 2 `panels` the second is the staff's.

    `language` is the terminal's, and the counter page's.
    """
    with tempfile.TemporaryDirectory(prefix="bodka-demo-") as folder:
        it = Demo(Path(folder), log, panels=panels, language=language)
        try:
            yield it
        finally:
            it.close()


def show(panels: int, language: str) -> None:
    """The demo for a person with a browser."""
    with demo("warning", panels=panels, language=language) as it:
        address = it.start()
        print(f"counter page: {address}")
        with contextlib.suppress(DemoFailed):  # a cloud without a portal is a cloud all the same
            print(f"portal:       {it.owner()}")
        print(
            "Open the counter page in a browser on this machine: the address is good for one. Ctrl-C ends the demo.", flush=True
        )
        it.wait()


def script(panels: int) -> bool:
    """The scripted morning; whether the two books agree at its end."""
    from comparison import compare

    with demo("info", panels=panels) as it:
        address = it.start()
        try:
            asyncio.run(morning(it, address))
        except Exception:
            print(it.terminal.words() if it.terminal else "", file=sys.stderr)
            raise
        it.stop_terminal()
        return compare(it.journal(), it.ledger())


async def morning(it: Demo, address: str) -> None:
    """Plays on the counter page; the terminal is killed in the middle, in a thread that may wait."""

    async def restart() -> Page:
        return await Page.open(await asyncio.to_thread(it.restart_terminal))

    await play(await Page.open(address), restart)


def main() -> int:
    """The exit code."""
    arguments = argparse.ArgumentParser(description="Bodka's demo")
    arguments.add_argument("--script", action="store_true", help="play a morning without a browser, and compare the books")
    arguments.add_argument("--panels", type=int, choices=(1, 2), default=1, help="2: a second one, for staff")
    arguments.add_argument("--language", choices=LANGUAGES, default="en", help="of the terminal and of the counter page")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if (given := arguments.parse_args()).script:
            return 0 if script(given.panels) else 1
        show(given.panels, given.language)
    except DemoFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo has ended.")
        return 0 if not arguments.parse_args().script else 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
