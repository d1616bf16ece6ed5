"""`scripts/kill-daemon`: the real daemon killed at any moment, again and again, against a real cloud; then both books.

Each life is a process of its own that ends with SIGKILL when chance says so: while it starts, while it writes, while it sends.
What was shown as done must be in the journal once, and in the end journal and ledger must agree. A life is forked from one that
has read the program already, or with `--fresh` begun with a new interpreter, as systemd does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from kills import hand

from emulators.program import paths
from shop import Cloud, command, environment

LONGEST_LIFE = 0.4
"""Seconds until the kill, at most: from the beginning, or from the first entry that was shown as done."""

AT_WORK = 0.7
"""The share of lives that are killed at work; the others while they start."""

START_SECONDS = 30.0

SEND_SECONDS = 120
CLOUD_EVERY = 100
"""After so many lives the cloud is killed too, and started again."""


class Wrong(AssertionError):
    """Something that was shown as done is not there once, or the two books differ."""


class Terminal:
    """The terminal's folder, and one life after the other in it."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.settings, self.cloud = folder / "terminal.toml", cloud
        (folder / "state").mkdir()
        self.settings.write_text(
            f'[cloud]\nurl = "{cloud.url}"\npoll_seconds = 1\n[terminal]\nstate = "{folder}/state"\nlog = "error"\n'
        )
        self.call("pair", "--code", cloud.says("pairing-code").strip())

    def call(self, *arguments: str) -> str:
        words = command("bodka-terminal", *arguments, "--settings", str(self.settings))
        return subprocess.run(words, env=environment(), check=True, capture_output=True, text=True).stdout

    def live(self, seed: int, seconds: float | None, *, at_work: bool = True, fresh: bool = False) -> list[str]:
        """A life that ends after so long, or, for None, when everything was sent; the ids of what was shown as done.

        `at_work`: the time counts from the first of these.
        """
        read, write = os.pipe()
        if fresh and seconds is not None:
            os.set_inheritable(write, True)
            words = [sys.executable, "-P", "-m", "kills.hand", str(self.settings), str(seed), str(write)]
            process = os.posix_spawn(sys.executable, words, paths())
        elif (process := os.fork()) == 0:
            os.close(read)
            try:
                hand.main(self.settings, seed, write, presses=seconds is not None)
            finally:
                os._exit(1)
        os.close(write)
        try:
            if seconds is not None:
                if at_work:
                    select.select([read], [], [], START_SECONDS)
                time.sleep(seconds)
                ended, _ = os.waitpid(process, os.WNOHANG)
                if ended:
                    raise Wrong(f"life {seed} ended by itself: see what it wrote")
            else:
                _until_sent(read)
        finally:
            with os.fdopen(read, "rb") as pipe:
                if seconds is None or not ended:
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                said = pipe.read().splitlines()
        return [line.decode() for line in said if len(line) == 32]


def _until_sent(pipe: int) -> None:
    limit = time.monotonic() + SEND_SECONDS
    os.set_blocking(pipe, False)
    heard = b""
    while hand.SENT not in heard:
        try:
            heard += os.read(pipe, 4096)
        except BlockingIOError:
            time.sleep(0.01)
        if time.monotonic() > limit:
            raise Wrong("not everything is sent")


def compare(journal: Any, ledger: Any, done: list[str]) -> int:
    """How many entries there are; raises `Wrong` where anything differs."""
    ours = {entry["id"].replace("-", ""): entry for entry in journal["entries"]}
    stored = Counter(entry["id"].replace("-", "") for entry in ledger["entries"])
    if len(ours) != len(journal["entries"]):
        raise Wrong("an id is in the journal twice")
    if lost := [id for id in done if id not in ours]:
        raise Wrong(f"{len(lost)} entries were shown as done and are not in the journal: {lost[:3]}")
    if twice := [id for id, count in Counter(done).items() if count > 1]:
        raise Wrong(f"entries were shown as done twice: {twice[:3]}")
    if differ := [id for id in ours if stored[id] != 1]:
        raise Wrong(f"{len(differ)} entries are not in the cloud once: {differ[:3]}")
    theirs = {(one["account"], one["purse"], one["instance"]): one["balance"] for one in ledger["balances"]}
    for one in journal["balances"]:
        there = theirs.get((one["account"], one["purse"], one["instance"]), 0)
        if one["balance"] != there:
            raise Wrong(f"a balance differs: {one} here, {there} in the cloud")
    return len(ours)


def kill(folder: Path, times: int, seed: int, *, fresh: bool = False, sample: Path | None = None) -> tuple[int, int]:
    """Kills it so often; (entries shown as done, entries in the journal). Raises `Wrong`."""
    cloud, chance = Cloud(folder), random.Random(seed)
    cloud.fill(sample)
    cloud.start()
    try:
        terminal, done = Terminal(folder, cloud), list[str]()
        for life in range(times):
            at_work, seconds = chance.random() < AT_WORK, chance.uniform(0, LONGEST_LIFE)
            done += terminal.live(seed * 1_000_003 + life, seconds, at_work=at_work, fresh=fresh)
            if life % CLOUD_EVERY == CLOUD_EVERY // 2:
                cloud.kill()
                cloud.start()
        terminal.live(seed, None)
        return len(done), compare(json.loads(terminal.call("journal", "--json")), cloud.ledger(), done)
    finally:
        cloud.kill()


def main() -> int:
    arguments = argparse.ArgumentParser(description="Kills the real daemon at any moment, and compares the books")
    arguments.add_argument("--times", type=int, default=1_000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--fresh", action="store_true", help="each life in a new interpreter: 1 s more for each")
    chosen, began = arguments.parse_args(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        try:
            done, entries = kill(Path(name), chosen.times, chosen.seed, fresh=chosen.fresh)
        except Wrong as wrong:
            print(f"WRONG: {wrong}")
            return 1
    minutes = (time.monotonic() - began) / 60
    print(
        f"killed {chosen.times} times in {minutes:.1f} minutes: {done} entries were shown as done, {entries} are in both books"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
