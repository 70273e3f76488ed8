#!/usr/bin/python3
"""Measures conker and its peers side by side, and prints which goals were reached.

    sudo tests/bench/run.py                     every part, on build/release
    sudo tests/bench/run.py tap idle --turns 1  these
    sudo tests/bench/run.py --quick             a second for each, to see that it runs
    sudo tests/bench/run.py bulk --beside DIR   two builds of conker, without its peers

The contestants of a part take turns, each in namespaces of its own, and their medians count. A goal
that is not reached does not fail the run: the exit code is 0 when every contestant could be run, 1
if not, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

# pylint: disable=wrong-import-position
from harness import Binaries, Failure  # noqa: E402
from harness.namespaces import delete_leftovers  # noqa: E402
from harness.processes import kill_all  # noqa: E402

from curve import Curve, bars, curves, picture  # noqa: E402
from parts import PARTS, Part, beside  # noqa: E402
from scenes import Bench  # noqa: E402
from table import Outcome, judged, missed, table  # noqa: E402

STACK = "stack"  # the inner loops, measured by Google Benchmark
NAMES = [*PARTS, STACK]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"parts: {', '.join(NAMES)}; all if none is named")
    parser.add_argument("--build", default=str(ROOT / "build/release"),
                        help="build directory to measure")
    parser.add_argument("--beside", default="",
                        help="build directory of another conker: the only peer then")
    parser.add_argument("--turns", type=int, default=5, help="of each contestant (5)")
    parser.add_argument("--seconds", type=float, default=0,
                        help="of each turn (60 for memory and tap, 10 for quiet and paced, 5)")
    parser.add_argument("--quick", action="store_true", help="one turn of one second")
    parser.add_argument("--json", default="",
                        help="write every turn and every line to this file as well")
    parser.add_argument("--svg", default="", help="draw the curve of the part idle into this file")
    options = parser.parse_args()
    for name in options.names:
        if name not in NAMES:
            parser.error(f"no part '{name}'; there are {', '.join(NAMES)}")
    if options.turns < 1:
        parser.error(f"--turns {options.turns}: give 1 at least")
    if options.seconds < 0 or 0 < options.seconds < 0.2:
        parser.error(f"--seconds {options.seconds:g}: give 0.2 at least")
    if options.quick:
        options.turns, options.seconds = 1, options.seconds or 1
    options.names = [name for name in NAMES if name in options.names] or NAMES
    if options.beside and not os.path.exists(os.path.join(options.beside, "bin/conkerd")):
        parser.error(f"--beside {options.beside}: no build directory: bin/conkerd is missing")
    if options.beside:
        options.names = [name for name in options.names if name != STACK]
    if not options.names:
        parser.error(f"--beside: the part {STACK} is run by itself, on one build after the other")
    if options.svg and "idle" not in options.names:
        parser.error("--svg: only the part idle has a curve; name it")
    return options


def measure(binaries: Binaries, name: str, part: Part, options: argparse.Namespace) -> Outcome:
    bench = Bench(binaries, options.build, options.seconds or part.seconds)
    outcome = Outcome(name, part, bench.seconds,
                      {contestant: [] for contestant in part.contestants}, {})
    print(f"\n== {name}: {options.turns} turns of {bench.seconds:g} s", flush=True)
    for turn in range(options.turns):
        for contestant, run in part.contestants.items():
            if contestant in outcome.errors:
                continue
            begin = f"  turn {turn + 1}, {contestant}: "
            try:
                figures = run(bench)
            except Exception as error:  # pylint: disable=broad-except
                outcome.errors[contestant] = (
                    str(error) if isinstance(error, Failure) else repr(error))
                print(f"{begin}COULD NOT BE RUN: {outcome.errors[contestant]}", flush=True)
                continue
            outcome.turns[contestant].append(figures)
            print(begin + ", ".join(f"{key} {value:,.10g}" for key, value in figures.items()),
                  flush=True)
    return outcome


def inner_loops(options: argparse.Namespace) -> Any:
    """Runs Google Benchmark, which prints its own table; returns the figures for JSON."""
    print(f"\n== {STACK}: the inner loops", flush=True)
    program = os.path.join(options.build, "bin/conker_stack_bench")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        quick = ["--benchmark_min_time=0.1"] if options.quick else []
        subprocess.run([program, f"--benchmark_out={file.name}", *quick], check=True)
        return json.load(file)


def machine() -> dict[str, Any]:
    return {"kernel": platform.release(), "architecture": platform.machine(),
            "processors": os.cpu_count(),
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def judge(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    return [line for outcome in outcomes for line in judged(outcome)]


def save(outcomes: list[Outcome], loops: Any, options: argparse.Namespace) -> None:
    """Saves the figures after each part, so that an interrupted run leaves some."""
    lines = judge(outcomes)
    if options.json:
        found = {"machine": machine(), "turns": options.turns, "lines": lines,
                 "not_reached": missed(lines),
                 "parts": {outcome.name: {"seconds": outcome.seconds, "turns": outcome.turns,
                                          "errors": outcome.errors}
                           for outcome in outcomes}, STACK: loops}
        pathlib.Path(options.json).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    drawn = all_curves(outcomes)
    if options.svg and drawn:
        pathlib.Path(options.svg).write_text(picture(drawn), encoding="utf-8")


def summarize(outcomes: list[Outcome]) -> None:
    lines = judge(outcomes)
    if lines:
        print(f"\n{table(lines)}")
    for title, curve in all_curves(outcomes).items():
        print(f"\n{bars(title, curve)}")
    found = missed(lines)
    print(f"\n{len(found)} goals not reached", *(f"  {text}" for text in found), sep="\n")


def all_curves(outcomes: list[Outcome]) -> dict[str, Curve]:
    return {title: curve for outcome in outcomes for title, curve in curves(outcome).items()}


def main() -> int:
    options = arguments()
    if os.geteuid() != 0:
        print("the bench needs root for its network namespaces: run it with sudo", file=sys.stderr)
        return 2

    def interrupted(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    outcomes: list[Outcome] = []
    loops = None
    with tempfile.TemporaryDirectory(prefix="conker-bench-") as directory:
        def copied(build: str, name: str) -> Binaries:
            place = os.path.join(directory, name)
            os.mkdir(place)
            return Binaries.copied(str(ROOT), build, build, place, sanitized=False)

        binaries = copied(options.build, "build")
        other = copied(options.beside, "beside") if options.beside else None
        try:
            for name in options.names:
                if name == STACK:
                    loops = inner_loops(options)
                else:
                    part = PARTS[name]()
                    if other:
                        part = beside(part, other, options.beside)
                    outcomes.append(measure(binaries, name, part, options))
                save(outcomes, loops, options)
        finally:
            kill_all()
            delete_leftovers()
    summarize(outcomes)
    errors = [f"{outcome.name}: {contestant}: {error}" for outcome in outcomes
              for contestant, error in outcome.errors.items()]
    if errors:
        print(f"\n{len(errors)} contestants could not be run",
              *(f"  {error}" for error in errors), sep="\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
