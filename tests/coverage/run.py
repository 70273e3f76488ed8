#!/usr/bin/env python3
"""Which lines and branches of stack/ the tests run: builds with counters, runs the unit tests and a
slice of the simulator and of the exploration, and prints a table by folder. Exit code 0 when
stack/tcp reaches its targets, 1 when it does not or a test fails, 2 usage."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "coverage"
TARGET = "stack/tcp"
LINES_WANTED = 99.0
BRANCHES_WANTED = 93.0
# Lists of a record's fields: what branches there is the printers that walk them, JSON's with an
# edge for an exception at each field. Nothing that TCP does depends on it.
EXCLUDED = r".*_fields\.hpp"
UNIT_TESTS = ["conker_unit", "conker_daemon_unit"]
DETECTORS = {"conker_sim": "sim", "conker_explore": "explore"}  # and their folders under tests/


@dataclass
class Share:
    """A count of covered lines or branches, and the number of all."""

    covered: int = 0
    total: int = 0

    def percent(self) -> float:
        return 100.0 * self.covered / self.total if self.total else 100.0

    def add(self, covered: int, total: int) -> None:
        self.covered += covered
        self.total += total


def run(command: list[str], log: Path) -> int:
    with log.open("w") as out:
        return subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                              check=False).returncode


def detectors() -> list[str]:
    return [name for name, folder in DETECTORS.items()
            if (ROOT / "tests" / folder / "CMakeLists.txt").exists()]


def build(jobs: int) -> None:
    targets = [*UNIT_TESTS, *detectors()]
    log = BUILD / "coverage-build.log"
    BUILD.mkdir(parents=True, exist_ok=True)
    configured = run(["cmake", "--preset", "coverage"], log) == 0
    if not configured or run(
            ["cmake", "--build", str(BUILD), f"-j{jobs}", "--target", *targets], log) != 0:
        sys.exit(f"coverage: the build failed; {log} tells why")


def exercise(seconds: int) -> list[str]:
    """Runs the tests that are measured; returns the errors."""
    for counters in BUILD.rglob("*.gcda"):
        counters.unlink()
    wrong = []
    slices = {name: ["--seconds", str(seconds), "--seed", "1"] for name in detectors()}
    for name, arguments in {**{name: [] for name in UNIT_TESTS}, **slices}.items():
        log = BUILD / f"coverage-{name}.log"
        began = time.monotonic()
        code = run([str(BUILD / "bin" / name), *arguments], log)
        took = time.monotonic() - began
        print(f"ran {name}: {'good' if code == 0 else f'exit code {code}'}, {took:.0f} s",
              flush=True)
        if code != 0:
            wrong.append(f"{name} ended with exit code {code}; {log} tells why")
    return wrong


def measure(jobs: int) -> tuple[list[dict], dict]:
    summary, details = BUILD / "coverage-summary.json", BUILD / "coverage-lines.json"
    log = BUILD / "coverage-gcovr.log"
    command = ["gcovr", "--root", str(ROOT), "--filter", "stack/", "--exclude", EXCLUDED,
               f"-j{jobs}"]
    command += ["--exclude-throw-branches", "--exclude-unreachable-branches"]
    command += ["--json-summary", str(summary), "--json", str(details), str(BUILD)]
    if run(command, log) != 0:
        sys.exit(f"coverage: gcovr failed; {log} tells why")
    return json.loads(summary.read_text())["files"], json.loads(details.read_text())


def folder_of(name: str) -> str:
    parts = name.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def by_folder(files: list[dict]) -> dict[str, tuple[Share, Share]]:
    folders = defaultdict(lambda: (Share(), Share()))
    for file in files:
        for name in (folder_of(file["filename"]), "all of it"):
            folders[name][0].add(file["line_covered"], file["line_total"])
            folders[name][1].add(file["branch_covered"], file["branch_total"])
    return dict(folders)


def ranges(numbers: list[int]) -> str:
    """1, 2, 3, 7 -> 1-3, 7"""
    pieces: list[list[int]] = []
    for number in sorted(numbers):
        if pieces and number == pieces[-1][1] + 1:
            pieces[-1][1] = number
        else:
            pieces.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in pieces)


def not_reached(details: dict) -> list[str]:
    """For TARGET, by file: the lines that did not run, and those with a branch not taken."""
    said = []
    for file in sorted(details["files"], key=lambda file: file["file"]):
        if not file["file"].startswith(TARGET + "/"):
            continue
        lines = [line for line in file["lines"] if not line["gcovr/noncode"]]
        never = [line["line_number"] for line in lines if line["count"] == 0]
        half = [line["line_number"] for line in lines
                if line["count"] > 0 and has_branch_not_taken(line)]
        if never:
            said.append(f"{file['file']}: lines that never ran: {ranges(never)}")
        if half:
            said.append(f"{file['file']}: lines with a branch never taken: {ranges(half)}")
    return said


def has_branch_not_taken(line: dict) -> bool:
    return any(branch["count"] == 0 and not branch["throw"] for branch in line["branches"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20, metavar="T",
                        help="of simulator and of exploration (20)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N",
                        help="for the build and for gcovr (2)")
    parser.add_argument("--no-run", action="store_true", help="measure what the last run left")
    parser.add_argument("--missing", action="store_true",
                        help=f"what is not reached of {TARGET}, in any case")
    parser.add_argument("--json", action="store_true", help="the last line is a JSON object")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    for tool in ("gcovr", "cmake"):
        if shutil.which(tool) is None:
            print(f"tests/coverage/run.py needs {tool}: apt-get install {tool}", file=sys.stderr)
            return 2
    began = time.monotonic()
    wrong = []
    if not options.no_run:
        build(options.jobs)
        wrong = exercise(options.seconds)
    files, details = measure(options.jobs)
    folders = by_folder(files)
    print(f"\n{'folder':16}{'lines':>8}{'branches':>10}")
    for name, (lines, branches) in sorted(folders.items(),
                                          key=lambda item: (item[0] == "all of it", item[0])):
        print(f"{name:16}{lines.percent():7.1f}%{branches.percent():9.1f}%")
    lines, branches = folders[TARGET]
    for what, share, wanted in (("lines", lines, LINES_WANTED),
                                ("branches", branches, BRANCHES_WANTED)):
        if share.percent() < wanted:
            wrong.append(f"{TARGET}: {share.percent():.1f}% of the {what} "
                         f"ran, {wanted:.0f}% are wanted")
    if wrong or options.missing:
        print("\n" + "\n".join(not_reached(details)))
    print("\n" + ("\n".join(wrong) if wrong else
                  f"good: {TARGET} has {lines.percent():.1f}% of its lines "
                  f"and {branches.percent():.1f}% of its branches run"))
    if options.json:
        report = {"tool": "coverage", "found": wrong[0] if wrong else None, "steps": lines.covered}
        report |= {"seconds": round(time.monotonic() - began, 1),
                   "lines": round(lines.percent(), 2)}
        print(json.dumps(report | {"branches": round(branches.percent(), 2)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
