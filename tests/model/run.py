#!/usr/bin/env python3
"""Checks the models with SPIN: properties hold in every interleaving, and known faults are found.
Ends with `N passed, N failed, N skipped`; exit code 0 when all is as expected, else 1, 2 usage."""

import argparse
import concurrent.futures
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The process ids in nutnet.inc.
THREADS = {"0": "state machine", "2": "thread A", "3": "thread B", "4": "listing"}


@dataclass(frozen=True)
class Case:
    """A check of a model. `wants` is part of the assertion that must fail; None: none may fail."""

    model: str
    define: str
    wants: str | None
    liveness: bool = False
    sizes: str = ""
    long: bool = False

    @property
    def name(self) -> str:
        parts = (self.model, self.define, self.sizes.replace(" ", "_"))
        return ".".join(part for part in parts if part)

    @property
    def defines(self) -> list[str]:
        names = [self.define] if self.define and not self.define.islower() else []
        if self.liveness:
            names.append("LIVENESS")
        return [f"-D{name}" for name in names + self.sizes.split()]


CYCLE = "a cycle that never ends"
SMALL = "SLOTS=1 GENERATIONS=2"  # enough for every planted fault
ON_A_LIST = "!(connections[at].on_ready))&&!(connections[at].on_reap)"
DEAF = "!(connections[at].armed)&&!(connections[at].hashed)"
WAITS = "connections[at].on_ready)||connections[at].on_reap"
TOLD = "connections[at].told"


def planted(fault: str, wants: str) -> Case:
    return Case("conker", fault, wants, sizes=SMALL)


CASES = [
    Case("nutnet_before", "ITERATION", "allocated[sock]"),
    Case("nutnet_before", "INPUT", "allocated[sock]"),
    Case("nutnet_r5541", "ITERATION", None),
    Case("nutnet_r5541", "RESURRECTION", "so_state[sock]!=DESTROY"),
    Case("nutnet_r5541", "LEAK", "allocated[1]&&so_closed[1]"),
    Case("nutnet_r5541", "DIRECT_WRITE", "so_state[0]!=DESTROY"),
    Case("nutnet_r5541", "WAITER", "allocated[0]"),
    Case("nutnet_r5541", "DIAGNOSTICS", "allocated[at]"),
    Case("nutnet_r5541", "SYN_RECOVERY", "so_state[sock]!=LISTEN"),
    Case("nutnet_r5541", "BACKLOG", "so_state[0]!=SYN_RECEIVED"),
    Case("nutnet_r5541", "ABORT", "so_state[0]!=CLOSED"),
    Case("conker", "safety", None, sizes="SLOTS=2 GENERATIONS=2"),
    Case("conker", "safety", None, sizes="SLOTS=2 GENERATIONS=3", long=True),
    Case("conker", "liveness", None, liveness=True, sizes="SLOTS=1 GENERATIONS=3"),
    Case("conker", "liveness", None, liveness=True, sizes="SLOTS=2 GENERATIONS=1", long=True),
    planted("FREE_IN_PLACE", "reaping"),
    planted("FREE_BEFORE_EVENT", TOLD),
    planted("FREE_BEFORE_FINAL_SEGMENT", "on_dirty)&&!(connections[at].on_ready)"),
    planted("NO_LAST_EVENT", TOLD),
    planted("REAP_TWICE", ON_A_LIST),
    planted("RESURRECT", ".state!=Destroy)"),
    planted("STALE_ID", "life[0]==meant"),
    planted("SAME_GENERATION", "life[0]==meant"),
    planted("KEEP_HASHED", DEAF),
    planted("KEEP_TIMER", DEAF),
    planted("FORGET_AFTER_EVENT", WAITS),
    planted("FORGET_AFTER_OUTPUT", WAITS),
    Case("conker", "NO_FIN_WAIT_2_TIMER", CYCLE, liveness=True, sizes=SMALL),
    Case("conker", "NEVER_GIVE_UP", CYCLE, liveness=True, sizes=SMALL),
]


@dataclass
class Answer:
    """SPIN's result: the assertion that failed, None when none did, and the size of the search."""

    found: str | None = None
    trouble: str | None = None  # why there is no result
    late: bool = False
    states: int = 0
    depth: int = 0
    seconds: float = 0.0

    def as_expected(self, case: Case) -> bool:
        if self.trouble or self.late:
            return False
        if case.wants is None:
            return self.found is None
        return self.found is not None and case.wants in self.found


def build(case: Case) -> list[str]:
    """The compiler's options for `pan`: quick translation of a small search,
    fast code of a large."""
    if case.liveness:
        return ["-O1" if case.long else "-O0", "-DNFAIR=3", "-DNOREDUCE", "-DMEMLIM=8000"]
    if case.wants is not None:
        return ["-O0", "-DSAFETY", "-DBFS"]  # breadth first: the shortest counterexample
    return ["-O2" if case.model == "conker" else "-O0", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=8000"]


def ask(case: Case, work: Path, until: float | None) -> Answer:
    answer = Answer()
    began = time.monotonic()

    def call(*command: str) -> str:
        left = None if until is None else max(0.1, until - time.monotonic())
        done = subprocess.run(command, cwd=work, capture_output=True,
                              text=True, timeout=left, check=False)
        return done.stdout + done.stderr

    try:
        said = call("spin", "-a", *case.defines, f"{case.model}.pml")
        said += call("gcc", "-w", *build(case), "-o", "pan", "pan.c")
        if not (work / "pan").exists():
            answer.trouble = f"SPIN or gcc refused the model: {said.strip()[:300]}"
            return answer
        # Executions that violate an assumption of Nut/Net's models stop half way.
        flags = ["-E"] if case.model.startswith("nutnet") else ["-a", "-f"] if case.liveness else []
        searched = call("./pan", "-m200000", *flags)
    except subprocess.TimeoutExpired:
        answer.late = True
        return answer
    finally:
        answer.seconds = time.monotonic() - began
    answer.states = int(float(figure(r"([\d.e+]+) states, stored", searched)))
    answer.depth = int(figure(r"depth reached (\d+)", searched))
    errors = figure(r"errors: (\d+)", searched)
    if errors == "0" and "Search not completed" not in searched and "too small" not in searched:
        if answer.states == 0:
            answer.trouble = f"nothing was searched: {searched.strip()[:300]}"
    elif "acceptance cycle" in searched:
        answer.found = CYCLE
    elif (work / f"{case.model}.pml.trail").exists():
        failed = re.search(r"text of failed assertion: assert\((.*)\)", replay(case, work))
        answer.found = failed.group(1) if failed else "something that is no assertion"
    else:
        answer.trouble = f"the search did not come to its end: {searched.strip()[:300]}"
    return answer


def figure(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match.group(1) if match else "0"


def replay(case: Case, work: Path) -> str:
    command = ["spin", "-T", "-B", "-t", *case.defines, f"{case.model}.pml"]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, check=False).stdout


def story(case: Case, work: Path) -> list[str]:
    """The counterexample, step by step, and the assertion that failed."""
    lines = []
    for line in replay(case, work).splitlines():
        if line.startswith("spin: text of failed"):
            lines.append("and then this does not hold: " + line.split("assertion: assert", 1)[1])
            break
        if line.startswith("<<<<<START OF CYCLE"):
            lines.append("and then, for ever:")
        elif line and not line.startswith(("spin:", "ltl ", "Never claim", "Error")):
            lines.append(name_threads(line) if case.model.startswith("nutnet") else line)
    return [line if count == 1 else f"{line} ({count} times)" for line, count in runs(lines)]


def runs(lines: list[str]) -> list[tuple[str, int]]:
    """Each line once, with the number of its repetitions in a row."""
    return [(line, len(list(same))) for line, same in itertools.groupby(lines)]


def name_threads(line: str) -> str:
    match = re.match(r"(\d)(.*)", line)
    return THREADS[match.group(1)] + match.group(2) if match else line


def fresh(work: Path) -> Path:
    """A new folder with a copy of the models."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for source in [*HERE.glob("*.pml"), *HERE.glob("*.inc")]:
        shutil.copy(source, work)
    return work


def tell(case: Case, answer: Answer, verdict: str, as_json: bool) -> None:
    wanted = "nothing is found" if case.wants is None else "a counterexample"
    got = answer.trouble or ("out of time" if answer.late else answer.found or "nothing was found")
    if as_json:
        record = {"name": case.name, "verdict": verdict, "expected": wanted, "found": answer.found}
        record |= {"states": answer.states, "depth": answer.depth,
                   "seconds": round(answer.seconds, 2)}
        print(json.dumps(record | ({"trouble": got} if verdict != "passed" else {})), flush=True)
        return
    effort = f"{answer.states:>10,} states, depth {answer.depth:>5,}, {answer.seconds:6.1f} s"
    print(f"{verdict:8}{case.name:52}{effort}  expected: {wanted}; got: {got[:70]}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="the names, and no more")
    parser.add_argument("--only", metavar="NAME", help="those whose name contains NAME")
    parser.add_argument("--trail", metavar="NAME",
                        help="tells the counterexample of NAME as a story")
    parser.add_argument("--long", action="store_true", help="larger tables as well")
    parser.add_argument("--seconds", type=float, metavar="T",
                        help="what has not ended by then is skipped")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--keep", action="store_true",
                        help="leave the folder with the generated checkers")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            print(f"tests/model/run.py needs {tool}: apt-get install {tool}", file=sys.stderr)
            return 2
    wanted = options.trail or options.only or ""
    cases = [case for case in CASES if wanted in case.name
             and (options.long or not case.long or wanted == case.name)]
    if not cases:
        print(f"no model is called '{wanted}'; --list tells the names", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    root = Path(tempfile.mkdtemp(prefix="conker-model-"))
    try:
        return tell_story(cases[0], root) if options.trail else check(cases, options, root)
    finally:
        if options.keep:
            print(f"kept: {root}", file=sys.stderr)
        else:
            shutil.rmtree(root)


def tell_story(case: Case, root: Path) -> int:
    work = fresh(root / case.name)
    answer = ask(case, work, None)
    if answer.found is None:
        print(f"{case.name}: there is no counterexample; {answer.trouble or 'nothing was found'}")
        return 0 if answer.as_expected(case) else 1
    print("\n".join([f"{case.name}:", *story(case, work)]))
    return 0 if answer.as_expected(case) else 1


def check(cases: list[Case], options: argparse.Namespace, root: Path) -> int:
    began = time.monotonic()
    until = None if options.seconds is None else began + options.seconds
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    wrong, states = None, 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        answers = pool.map(lambda case: ask(case, fresh(root / case.name), until), cases)
        for case, answer in zip(cases, answers):
            verdict = ("skipped" if answer.late else
                       "passed" if answer.as_expected(case) else "failed")
            counts[verdict] += 1
            states += answer.states
            if verdict == "failed" and wrong is None:
                wrong = (f"{case.name}: "
                         f"{answer.trouble or answer.found or 'its counterexample was not found'}")
            tell(case, answer, verdict, options.json)
    seconds = round(time.monotonic() - began, 1)
    if options.json:
        print(json.dumps({"tool": "model", "found": wrong, "steps": states,
                          "seconds": seconds} | counts))
    else:
        print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
