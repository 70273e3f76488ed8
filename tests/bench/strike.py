#!/usr/bin/python3
"""Opening and closing against the kernel, side by side: conker over TAP, and the kernel's own client over veth.

Both strike the same kind of listener (conker_peer accept-close) and close by FIN from as many source addresses.
The contestants take turns, each turn in namespaces of its own, and the median counts; nothing passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
from typing import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

# pylint: disable=wrong-import-position
from harness import Binaries, Failure, Field, Scene, same  # noqa: E402
from harness.namespaces import delete_leftovers  # noqa: E402
from harness.processes import kill_all  # noqa: E402

SOURCES = [f"10.77.0.{number}" for number in (2, 10, 11, 12)]
PORT = 9000
CONCURRENCIES = (1, 64)


def conker(binaries: Binaries, concurrency: int, seconds: float) -> float:
    scene = Scene(binaries, "bench")
    try:
        field = Field(scene, "tap", {"addresses": [f"{source}/24" for source in SOURCES]})
        field.accept_close(PORT)
        report = field.ctl.json("strike", f"{Field.PEER}:{PORT}", "--duration", f"{seconds:g}",
                                "--concurrency", str(concurrency), timeout=seconds + 30)
        same(sum(report["failed"].values()), 0, f"failed cycles of conker: {report['failed']}")
        return float(report["cycles_per_second"])
    finally:
        scene.close()


def kernel(binaries: Binaries, concurrency: int, seconds: float) -> float:
    scene = Scene(binaries, "bench")
    try:
        ours, theirs = scene.namespace(), scene.namespace()
        ours.ip("link", "add", "ours", "type", "veth", "peer", "name", "theirs", "netns", theirs.name)
        for source in SOURCES:
            ours.ip("addr", "add", f"{source}/24", "dev", "ours")
        theirs.ip("addr", "add", f"{Field.PEER}/24", "dev", "theirs")
        ours.ip("link", "set", "ours", "up")
        theirs.ip("link", "set", "theirs", "up")
        scene.peer(theirs, "accept-close", Field.PEER, str(PORT))
        strike = scene.peer(ours, "strike", Field.PEER, str(PORT), "--duration", f"{seconds:g}",
                            "--concurrency", str(concurrency), "--from", ",".join(SOURCES))
        same(strike.wait(seconds + 30), 0, f"the kernel's striker: {strike.err()}")
        report = strike.last_json()
        same(sum(report["failed"].values()), 0, f"failed cycles of the kernel: {report['failed']}")
        return float(report["cycles_per_second"])
    finally:
        scene.close()


CONTESTANTS: dict[str, Callable[[Binaries, int, float], float]] = {"conker": conker, "kernel": kernel}


def measure(binaries: Binaries, turns: int, seconds: float) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for concurrency in CONCURRENCIES:
        rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        for turn in range(turns):
            for name, contestant in CONTESTANTS.items():
                rates[name].append(contestant(binaries, concurrency, seconds))
                print(f"  turn {turn + 1} of {turns}, {concurrency:2} in flight, {name}: "
                      f"{rates[name][-1]:9,.0f} cycles/s", flush=True)
        medians = {name: statistics.median(values) for name, values in rates.items()}
        rows.append({"concurrency": concurrency, "cycles_per_second": medians, "turns": rates,
                     "ratio": medians["conker"] / medians["kernel"]})
    return rows


def table(rows: list[dict[str, object]]) -> str:
    lines = ["FIN cycles/s, median        conker over TAP   kernel over veth      ratio"]
    for row in rows:
        medians = row["cycles_per_second"]
        lines.append(f"{row['concurrency']:4} in flight           {medians['conker']:15,.0f}   "
                     f"{medians['kernel']:16,.0f}   {row['ratio']:8.2f}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build/release"), help="build directory to measure")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each turn")
    parser.add_argument("--json", default="", help="write the figures to this file as well")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("the bench needs root for its network namespaces: run it with sudo", file=sys.stderr)
        return 2

    def interrupted(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    with tempfile.TemporaryDirectory(prefix="conker-bench-") as directory:
        binaries = Binaries.copied(options.build, options.build, directory, sanitized=False)
        try:
            rows = measure(binaries, options.turns, options.seconds)
        except Failure as failure:
            print(f"the bench could not be run: {failure}", file=sys.stderr)
            return 1
        finally:
            kill_all()
            delete_leftovers()
    print(f"\n{table(rows)}")
    print("A cycle of conker ends when both sides have closed; one of the kernel when close() returns.")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"bench": "strike", "turns": options.turns, "seconds": options.seconds, "rows": rows}, file,
                      indent=2)
            file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
