#!/usr/bin/env python3
"""Builds the stack with one planted fault after the other, and runs the detectors on each.

A detector is a program that looks for a fault within a time, ends with 1 when it found one, and
reports it in a line of JSON. Every fault must be found by one of them at least; the unchanged stack
must pass all of them. A slice takes that as known: ./check asks the detectors about the unchanged
stack before, and for longer.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import textwrap
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
WIDTH = 100  # columns of README.md
# Seconds beyond its budget after which a detector counts as hung, which is a way of finding.
GRACE = 30


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    origin: str
    story: str
    model: str | None
    judge: list[str]  # the rules that a strike finds broken, and no other; empty: none is expected
    only_by: str  # prefix of the detectors that alone can find it; empty: any

    @staticmethod
    def read(path: pathlib.Path) -> "Fault":
        head = dict(re.findall(r"^(Origin|Fault|Model|Judge|Only by): (.*)$",
                               path.read_text(), re.MULTILINE))
        return Fault(path.stem, head["Origin"], head["Fault"], head.get("Model"),
                     [rule for rule in head.get("Judge", "").split(", ") if rule],
                     head.get("Only by", ""))


@dataclasses.dataclass(frozen=True)
class Build:
    """A build folder whose stack is exchanged; other objects stay built."""

    name: str
    preset: str

    @property
    def folder(self) -> pathlib.Path:
        return TOP / "build" / self.name

    def make(self, fault: str, programs: list[str]) -> None:
        # With the preset's own options ccache has the files that the fault does not touch.
        quiet(["cmake", "--preset", self.preset, "-B", self.folder, f"-DCONKER_PLANT={fault}"])
        quiet(["cmake", "--build", self.folder, "--target", *programs])


PLAIN = Build("planted", "release")
FUZZED = Build("planted-asan", "asan")
STRUCK = Build("planted-dev", "dev")

# The judge (stack/verdict) strikes the stack with the fault in it, in memory and on a good link.
JUDGE = "judge"
JUDGED_BY = ("VerdictConkerTest.NothingIsFoundOnAGoodLink", "VerdictConkerTest.ItBearsProvocations")


@dataclasses.dataclass(frozen=True)
class Detector:
    name: str
    build: Build
    command: tuple[str, ...]
    only_for: str = ""  # prefix of the files that the fault must touch; empty: any


DETECTORS = (
    Detector("exploration", PLAIN, ("conker_explore",)),
    Detector("simulator", PLAIN, ("conker_sim", "--shrink-seconds", "0")),
    Detector("fuzzer", FUZZED, ("fuzz_stack", str(TOP / "tests/fuzz/corpus/stack"))),
    Detector("fuzzer of TCP headers", FUZZED, ("fuzz_tcp", str(TOP / "tests/fuzz/corpus/tcp")),
             "stack/wire/options"),
    Detector("fuzzer of DNS", FUZZED, ("fuzz_dns", str(TOP / "tests/fuzz/corpus/dns")),
             "stack/wire/dns"),
    Detector("fuzzer of DHCP", FUZZED, ("fuzz_dhcp", str(TOP / "tests/fuzz/corpus/dhcp")),
             "stack/wire/dhcp"),
)


@dataclasses.dataclass(frozen=True)
class Finding:
    detector: str
    what: str | None  # None: silent
    steps: int | None
    seconds: float


def quiet(command: list) -> None:
    done = subprocess.run([str(word) for word in command], cwd=TOP, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"planted: {' '.join(map(str, command))} failed:\n"
                 f"{done.stdout[-4000:]}{done.stderr[-4000:]}")


def ask(detector: Detector, seconds: float, seed: int) -> Finding:
    program, *words = detector.command
    command = [str(detector.build.folder / "bin" / program), "--seconds", f"{seconds:g}",
               "--seed", str(seed), "--json", *words]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="conker-planted-") as scratch:
        try:
            done = subprocess.run(command, cwd=scratch, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, errors="replace",
                                  timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            return Finding(detector.name, "it never came back", None, time.monotonic() - began)
    took = time.monotonic() - began
    if done.returncode == 2:
        sys.exit(f"planted: {' '.join(command)}: {done.stderr.strip()}")
    lines = done.stdout.strip().splitlines()
    try:
        said = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = {}
    if done.returncode == 0:
        return Finding(detector.name, None, said.get("steps"), took)
    what = said.get("found") or last_words(done.stderr) or f"it ended with {done.returncode}"
    return Finding(detector.name, what, said.get("steps"),
                   said.get("found_after", said.get("seconds", took)))


def last_words(errors: str) -> str:
    """The report of a sanitizer, in a line."""
    told = re.search(r"(SUMMARY: .*|runtime error: .*)", errors)
    return told.group(1) if told else ""


def ask_judge(fault: Fault) -> Finding:
    """Wrong rules are a finding that nobody expects: they end the run."""
    STRUCK.make(fault.name, ["conker_unit"])
    began = time.monotonic()
    done = subprocess.run([str(STRUCK.folder / "bin/conker_unit"),
                           f"--gtest_filter={':'.join(JUDGED_BY)}"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=100 + GRACE)
    told = "".join(re.findall(r'Which is: "(.*)"', done.stdout))
    rules = sorted(set(re.findall(r"([a-z-]+) \d+\\n", told)))
    if rules != sorted(fault.judge):
        sys.exit(f"planted: {fault.name}: the judge finds {rules}, expected {fault.judge}:\n"
                 f"{done.stdout[-4000:]}")
    return Finding(JUDGE, ", ".join(rules), None, time.monotonic() - began)


def ask_model(fault: Fault) -> Finding:
    began = time.monotonic()
    done = subprocess.run([str(TOP / "tests/model/run.py"), "--only", fault.model, "--json"],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    said = json.loads(done.stdout.strip().splitlines()[0]) if done.stdout.strip() else {}
    found = said.get("found") if done.returncode == 0 else None
    return Finding("model", found, said.get("states"),
                   said.get("seconds", time.monotonic() - began))


def look_for(fault: Fault | None, detectors: list[Detector], wanted: list[str],
             seconds: float, seed: int) -> list[Finding]:
    """Each detector's finding about the stack with this fault, or about the unchanged stack."""
    touched = (HERE / f"{fault.name}.patch").read_text() if fault else ""
    asked = [d for d in detectors if not fault or not d.only_for or f"b/{d.only_for}" in touched]
    if fault and fault.only_by == JUDGE:
        asked = []
    for build in dict.fromkeys(d.build for d in asked):
        build.make(fault.name if fault else "", [d.command[0] for d in asked if d.build is build])
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        findings = list(pool.map(lambda d: ask(d, seconds, seed), asked))
    if fault and fault.model:
        findings.append(ask_model(fault))
    if fault and fault.judge and (JUDGE in wanted or not wanted):
        findings.append(ask_judge(fault))
    return findings


def tell(name: str, findings: list[Finding]) -> None:
    found = [f for f in findings if f.what]
    first = min(found, key=lambda f: f.seconds, default=None)
    print(f"{'found' if first else 'SILENT':7} {name:38} " +
          "  ".join(f"{f.detector} {f.seconds:.1f} s" + (f"/{f.steps:,}" if f.steps else "")
                    for f in found), flush=True)
    for f in found:
        print(f"          {f.detector}: {f.what}")


def table(results: dict[str, list[Finding]]) -> str:
    """The tables of README.md: seconds and steps of each detector;
    then what the quickest one said."""
    columns = ("exploration", "simulator", "fuzzer", "model", JUDGE)
    rows = ["| fault | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    said = []
    for name, findings in results.items():
        cells = []
        for column in columns:
            of_this = [f for f in findings if f.detector.startswith(column)]
            best = min((f for f in of_this if f.what), key=lambda f: f.seconds, default=None)
            steps = f", {best.steps:,}" if best and best.steps else ""
            cells.append(f"{best.seconds:.2f} s{steps}" if best else "silent" if of_this else "")
        first = min((f for f in findings if f.what), key=lambda f: f.seconds, default=None)
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
        said.append(textwrap.fill(f"- {name}: {first.what if first else 'NOBODY'}", WIDTH,
                                  subsequent_indent="  ", break_on_hyphens=False))
    return "\n".join(rows + ["", "What the quickest detector said:", ""] + said)


def choose(arguments: argparse.Namespace, faults: list[Fault],
           detectors: list[Detector]) -> list[Fault]:
    if arguments.only:
        unknown = set(arguments.only) - {f.name for f in faults}
        if unknown:
            sys.exit(f"planted: no fault '{unknown.pop()}'; --list names them")
        return [f for f in faults if f.name in arguments.only]
    judged = JUDGE in arguments.detector or not arguments.detector
    faults = [f for f in faults if (judged and f.judge) or
              any(d.name.startswith(f.only_by) for d in detectors)]
    if arguments.slice:
        race = [f for f in faults if f.name == "free-in-place"]
        others = [f for f in faults if f not in race]
        count = min(arguments.slice - 1, len(others))
        return race + random.Random(arguments.seed).sample(others, count)
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="the faults and where they come from")
    parser.add_argument("--only", action="append", metavar="FAULT",
                        help="this one; may be given again")
    parser.add_argument("--slice", type=int, metavar="N",
                        help="the race of 2014 and N - 1 others, chosen by the seed")
    parser.add_argument("--detector", action="append", metavar="NAME",
                        choices=[*(d.name for d in DETECTORS), JUDGE], default=[],
                        help="ask only this one, and about faults that it can see; "
                             "may be given again")
    parser.add_argument("--seconds", type=float, default=20,
                        help="budget of each detector for each fault (20)")
    parser.add_argument("--seed", type=int, default=1, help="of the detectors and of the slice (1)")
    parser.add_argument("--json", metavar="FILE", help="the findings in a file as well")
    parser.add_argument("--table", action="store_true", help="the table of README.md at the end")
    arguments = parser.parse_args()

    faults = [Fault.read(path) for path in sorted(HERE.glob("*.patch"))]
    if arguments.list:
        for fault in faults:
            print(f"{fault.name:38} {fault.origin}\n    {fault.story}")
        return
    detectors = [d for d in DETECTORS if not arguments.detector or d.name in arguments.detector]

    chosen = choose(arguments, faults, detectors)
    passed = failed = 0
    wanted = arguments.detector
    clean = [] if arguments.slice else \
        look_for(None, detectors, wanted, arguments.seconds, arguments.seed)
    for finding in clean:
        if finding.what:
            failed += 1
            print(f"FAILED  the stack as it is, by the {finding.detector}: {finding.what}")
        else:
            passed += 1
            print(f"silent  the stack as it is: {finding.detector}, {finding.seconds:.1f} s"
                  + (f"/{finding.steps:,}" if finding.steps else ""))
    results = {}
    for fault in chosen:
        results[fault.name] = look_for(fault, detectors, wanted, arguments.seconds, arguments.seed)
        tell(fault.name, results[fault.name])
        if any(f.what for f in results[fault.name]):
            passed += 1
        else:
            failed += 1
    if arguments.json:
        pathlib.Path(arguments.json).write_text(
            json.dumps({name: [dataclasses.asdict(f) for f in findings]
                        for name, findings in results.items()}, indent=1))
    if arguments.table:
        print(table(results))
    seconds = sorted(min(f.seconds for f in findings if f.what)
                     for findings in results.values() if any(f.what for f in findings))
    if seconds:
        print(f"the quickest detector of each fault took {seconds[len(seconds) // 2]:.2f} s "
              f"in the median, {seconds[-1]:.1f} s at the most")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
