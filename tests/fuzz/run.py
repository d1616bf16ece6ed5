"""Drives one parser with bytes that a coverage-guided fuzzer finds (atheris, libFuzzer); `scripts/fuzz` starts it.

    scripts/fuzz keys --seconds 600

What it found to be worth keeping lies in `.cache/fuzz/PARSER/` and is where the next run begins. A finding ends the run, its
input in `.cache/fuzz/`: make it a test. This file runs without the project installed: it takes the sources.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzz.targets import TARGETS  # noqa: E402  found by the line above


def main() -> None:
    """Reads the command line and fuzzes; atheris ends the process: 0 after the time, another number with a finding."""
    arguments = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzzes one parser, guided by its branches.")
    arguments.add_argument("parser", choices=sorted(TARGETS))
    arguments.add_argument("--seconds", type=int, default=600)
    arguments.add_argument("--longest", type=int, default=512, help="bytes of an input at most")
    chosen = arguments.parse_args()

    with atheris.instrument_imports(include=list(TARGETS[chosen.parser]), enable_loader_override=False):
        for module in TARGETS[chosen.parser]:
            importlib.import_module(module)
    target = importlib.import_module(f"fuzz.{chosen.parser}")

    kept = ROOT / ".cache" / "fuzz" / chosen.parser
    kept.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={chosen.seconds}", f"-max_len={chosen.longest}", f"-artifact_prefix={kept.parent}/", str(kept)]
    atheris.Setup([sys.argv[0], "-timeout=10", "-print_final_stats=1", *options], target.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
