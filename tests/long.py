#!/usr/bin/env python3
"""Run the long proofs in parts, within a budget of time. The ledger has the parts that are done,
and the next run continues there.

Builds what it needs. Each round gives every part a turn, with seeds that have not been used; parts
that look at everything (models, planted faults, coverage) have one turn for each commit. The last
line is `N passed, N failed, N skipped`, of this run's turns.
"""

import argparse
import dataclasses
import json
import pathlib
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
BIN = "build/release/bin"
# The least seconds of a turn: less than that at the end of a budget is not used.
SPARE = 20


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    command: str  # {seconds}, {seed} and {folder} are filled in
    share: float = 0  # of a round; 0: one turn for each commit, however long it takes


PARTS = (
    Part("exploration", f"{BIN}/conker_explore --seconds {{seconds}} --seed {{seed}} --json", 0.25),
    Part("simulation", f"{BIN}/conker_sim --seconds {{seconds}} --seed {{seed}}00000000 "
                       f"--require-all-edges --out {{folder}} --json", 0.25),
    Part("churn", f"{BIN}/conker_sim --churn --cycles 1000000000 --seconds {{seconds}} "
                  f"--ledger {{folder}}/churn.jsonl --json", 0.25),
    Part("fuzzing", "tests/fuzz/run.py --target all --seconds {per_target} "
                    "--ledger {folder}/fuzz.jsonl --work {folder}/fuzz --json", 0.25),
    Part("models", "tests/model/run.py --long"),
    Part("planted faults", "tests/planted/run.py --seed {seed} --json {folder}/planted.json"),
    Part("coverage", "tests/coverage/run.py --json"),
)
FUZZ_TARGETS = len(list((TOP / "tests/fuzz/targets").glob("*.cpp")))


class Ledger:
    """The turns that are done, each a line of JSON."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.turns: list[dict] = []
        if path.exists():
            for number, line in enumerate(path.read_text().splitlines(), 1):
                try:
                    self.turns.append(json.loads(line))
                except ValueError:
                    print(f"long: {path}:{number} is no JSON (cut short?) and is passed over",
                          file=sys.stderr)

    def add(self, turn: dict) -> None:
        self.turns.append(turn)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(turn) + "\n")

    def of(self, part: Part) -> list[dict]:
        return [turn for turn in self.turns if turn["part"] == part.name]


def commit() -> str:
    """The commit of the tree; with -dirty when the tree has changes."""
    told = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"],
                          cwd=TOP, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "no commit"


def figures(output: str) -> dict:
    """The numbers in the last line of output, if it is JSON."""
    lines = output.strip().splitlines()
    try:
        said = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {}
    return {key: value for key, value in said.items() if isinstance(value, (int, float, str))
            and not isinstance(value, bool)}


def take_turn(part: Part, ledger: Ledger, seconds: float, what: str) -> dict:
    seed = 1 + max((turn["seed"] for turn in ledger.of(part)), default=0)
    words = part.command.format(seconds=int(seconds),
                                per_target=max(1, int(seconds / FUZZ_TARGETS)),
                                seed=seed, folder=ledger.path.parent)
    began = time.monotonic()
    process = subprocess.Popen(words.split(), cwd=TOP, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    turn = {"part": part.name, "seed": seed, "commit": what, "passed": process.returncode == 0,
            "seconds": round(time.monotonic() - began, 1),
            "command": words, "said": figures(output)}
    if process.returncode != 0:
        print(output[-4000:])
    return turn


def tell(turn: dict, left: float) -> None:
    said = turn["said"]
    steps = next((f"{said[key]:,} {key}" for key in ("cycles", "execs", "steps")
                  if isinstance(said.get(key), int)), "")
    verdict = "passed" if turn["passed"] else "FAILED"
    print(f"{verdict}  {turn['part']:15} {turn['seconds']:7.1f} s  "
          f"{steps:28}  {max(0, left) / 60:6.1f} min left", flush=True)


def build() -> None:
    for preset, targets in (("release", ["conker_explore", "conker_sim"]), ("fuzz", ["fuzz"])):
        for command in (["cmake", "--preset", preset],
                        ["cmake", "--build", "--preset", preset, "--target", *targets]):
            done = subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"long: {' '.join(command)} failed:\n"
                         f"{done.stdout[-4000:]}{done.stderr[-4000:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="the budget (60)")
    parser.add_argument("--round", type=float, default=600, metavar="SECONDS",
                        help="one turn of every part takes about so long (600)")
    parser.add_argument("--part", action="append", choices=[part.name for part in PARTS],
                        help="only this one; may be given again")
    parser.add_argument("--ledger", default=TOP / "build/long/ledger.jsonl", type=pathlib.Path)
    arguments = parser.parse_args()

    ledger = Ledger(arguments.ledger.resolve())
    parts = [part for part in PARTS if not arguments.part or part.name in arguments.part]
    what = commit()
    build()
    ends = time.monotonic() + 60 * arguments.minutes
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    passed = failed = 0
    print(f"{len(ledger.turns)} turns in the ledger; this run is of {what}", flush=True)
    try:
        while (left := ends - time.monotonic()) > SPARE:
            before = passed + failed
            for part in parts:
                left = ends - time.monotonic()
                seconds = min(left, part.share * arguments.round if len(parts) > 1
                              else arguments.round)
                done = not part.share and any(turn["commit"] == what and turn["passed"]
                                              for turn in ledger.of(part))
                if done or seconds < (SPARE if part.share else 0) or left <= SPARE:
                    continue
                turn = take_turn(part, ledger, seconds, what)
                ledger.add(turn)
                tell(turn, ends - time.monotonic())
                passed, failed = passed + turn["passed"], failed + (not turn["passed"])
            if passed + failed == before:
                break
    except KeyboardInterrupt:
        print("interrupted; the ledger has what was done until here")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
