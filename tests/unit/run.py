#!/usr/bin/python3
"""Runs unit test binaries in shards, in parallel, and prints failed tests; totals on the last line.

    tests/unit/run.py build/release                      all of them
    tests/unit/run.py build/asan --filter TcpClose       tests whose name contains it
    tests/unit/run.py build/dev --of tcp_close           builds, and runs
                                                         tests/unit/tcp_close_test.cpp

A process for each test took five times as long. A test that crashes its process, or does not end,
has failed; the rest of its shard continues in another process.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ("conker_unit", "conker_daemon_unit", "conker_ctl_unit")
LAST_LINES = 40  # of a failed test's output


@dataclasses.dataclass
class Outcome:
    passed: int = 0
    skipped: int = 0
    failed: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # the output of each


def suites(file: str) -> set[str]:
    """The suites whose tests stand in tests/unit/FILE_test.cpp, or in a folder there."""
    found = [path for path in HERE.glob("**/*_test.cpp")
             if path.stem == f"{file.removesuffix('_test.cpp')}_test"]
    if not found:
        raise SystemExit(f"run.py: tests/unit has no {file}_test.cpp")
    return set(re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)", found[0].read_text(), re.M))


def names(program: pathlib.Path, text: str) -> list[str]:
    """The tests, as suite.test, whose name contains the text."""
    listed = subprocess.run([program, "--gtest_list_tests"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=True).stdout
    found, suite = [], ""
    for line in listed.splitlines():
        name = line.split("#")[0].rstrip()
        if name.endswith(".") and not name.startswith(" "):
            suite = name
        elif name.startswith("  "):
            found.append(suite + name.strip())
    return [name for name in found if text in name]


def run(program: pathlib.Path, tests: list[str], seconds: float, outcome: Outcome) -> None:
    """Runs tests in one process while it lasts, and the remaining ones in the next."""
    left = list(tests)
    while left:
        told, ended = output_of(program, left, seconds)
        running, printed = "", []
        for line in told:
            if match := re.match(r"\[( RUN      |       OK |  FAILED  |  SKIPPED )\] ([^ ,]+)",
                                 line):
                step, name = match[1].strip(), match[2]
                if step == "RUN":
                    running, printed = name, []
                elif running:  # otherwise the summary
                    if step == "FAILED":
                        outcome.failed[name] = printed
                    elif step == "SKIPPED":
                        outcome.skipped += 1
                    else:
                        outcome.passed += 1
                    left.remove(name)
                    running = ""
            else:
                printed.append(line)
        if not left:
            return
        # The process ended within this test.
        name = running or left[0]
        outcome.failed[name] = printed + [ended]
        left.remove(name)


def output_of(program: pathlib.Path, tests: list[str], seconds: float) -> tuple[list[str], str]:
    """A process's output and exit code. It is stopped after so many seconds without output."""
    lines: list[str] = []
    # A command line has no room for all names.
    with tempfile.NamedTemporaryFile("w", suffix=".flags") as flags:
        flags.write(f"--gtest_filter={':'.join(tests)}\n")
        flags.flush()
        with subprocess.Popen([program, f"--gtest_flagfile={flags.name}", "--gtest_color=no"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace") as process, \
                concurrent.futures.ThreadPoolExecutor(1) as reader:
            assert process.stdout
            while True:
                try:
                    text = reader.submit(process.stdout.readline).result(timeout=seconds)
                except concurrent.futures.TimeoutError:
                    process.kill()
                    return lines, f"stopped: it did not end within {seconds:g} s"
                if not text:
                    return lines, f"the process ended with {process.wait()}"
                lines.append(text.rstrip("\n"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="build directory")
    parser.add_argument("--filter", default="", help="only tests whose name contains this")
    parser.add_argument("--of", metavar="FILE",
                        help="build first, and only tests of this file, without _test.cpp")
    parser.add_argument("--program", choices=PROGRAMS, action="append",
                        help="only this one (more than one: again); else all that there are")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1,
                        help="processes side by side")
    parser.add_argument("--seconds", type=float, default=120,
                        help="the longest that one test may take")
    options = parser.parse_args()
    shards = []
    wanted = suites(options.of) if options.of else set()
    if options.of and subprocess.run(["cmake", "--build", options.build, "--target", *PROGRAMS],
                                     check=False).returncode:
        return 1
    for program in (options.build.resolve() / "bin" / name for name in options.program or PROGRAMS):
        tests = names(program, options.filter)
        if options.of:  # Instance/Suite.Test/0 of those with parameters
            tests = [name for name in tests if name.rsplit(".", 1)[0].split("/")[-1] in wanted]
        # Neighbouring tests take equally long, so they go to different shards.
        shards += [(program, tests[first::options.jobs]) for first in range(options.jobs)]
    outcomes = [Outcome() for _ in shards]
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for _ in pool.map(lambda n: run(*shards[n], options.seconds, outcomes[n]),
                          range(len(shards))):
            pass
    failed = {name: printed for outcome in outcomes for name, printed in outcome.failed.items()}
    for name, printed in failed.items():
        print(f"failed: {name}", *(f"      {line}" for line in printed[-LAST_LINES:]), sep="\n")
    passed, skipped = (sum(getattr(outcome, what) for outcome in outcomes)
                       for what in ("passed", "skipped"))
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
