#!/usr/bin/python3
"""Installs the package on a machine that is booted for it, and uses the service as administrators
do. One line for each test, totals at the end, exit code 1 when one failed.

    sudo tests/system/run.py                     on build/release
    sudo tests/system/run.py --filter watchdog   those whose title contains it, and what they need
    sudo tests/system/run.py --minimal           on a minimal Debian, from the archive (minutes)

The tests of the machine build on each other, from installing to purging; one that fails lets the
others go on.
"""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys
import tempfile
import time
import traceback
from typing import Any, Callable

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "e2e"))

# pylint: disable=wrong-import-position
import installed  # noqa: E402
import minimal  # noqa: E402
import packaged  # noqa: E402
import package  # noqa: E402
from harness import Failure  # noqa: E402
from machine import Machine, why_not  # noqa: E402

Test = Callable[..., Any]


class Run:
    def __init__(self, text: str) -> None:
        self._filter = text
        self.passed, self.failed, self.skipped = 0, 0, 0

    def one(self, function: Test, *arguments: object) -> None:
        title = function.__name__
        if self._filter not in title and not getattr(function, "needed", False):
            return
        begin = time.monotonic()
        problem = ""
        try:
            function(*arguments)
        except Failure as failure:
            where = [frame for frame in traceback.extract_tb(failure.__traceback__)
                     if frame.filename.endswith(("installed.py", "packaged.py"))]
            problem = f"{pathlib.Path(where[-1].filename).name}:{where[-1].lineno}: {failure}"
        except Exception as error:  # pylint: disable=broad-except
            problem = "".join(traceback.format_exception(error)).rstrip()
        self.passed += not problem
        self.failed += bool(problem)
        print(f"{'FAIL' if problem else 'ok  '} {time.monotonic() - begin:7.2f} s  {title}",
              flush=True)
        for line in problem.splitlines():
            print(f"      {line}", flush=True)

    def skip(self, functions: list[Test], why: str) -> None:
        self.skipped += len(functions)
        print(f"skip            {len(functions)} tests on a machine of their own: {why}",
              flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build/release"),
                        help="build directory under test")
    parser.add_argument("--filter", default="", help="only tests whose title contains this")
    parser.add_argument("--minimal", action="store_true",
                        help="on a machine with nothing but what the package depends on")
    options = parser.parse_args()
    # What is mounted and runs is taken down by the same way as at an error.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    run = Run(options.filter)
    if not any(options.filter in one.__name__ for one in (*packaged.TESTS, *installed.TESTS)):
        print("0 passed, 0 failed, 0 skipped")
        return 0
    with tempfile.TemporaryDirectory(prefix="conker-package-") as directory:
        packages = [package.make(options.build, directory, version)
                    for version in ("0.0.9", "0.1.0")]
        tests, lower = installed.TESTS, "/"
        reason = why_not()
        if options.minimal:
            tests = [one for one in tests if not getattr(one, "serving", False)]
            lower = f"{directory}/minimal"
            reason = reason or minimal.why_not()
            if not reason:
                minimal.make(packages[1], lower)
        else:
            for function in packaged.TESTS:
                run.one(function, packages[1], f"{directory}/{function.__name__}")
        if reason:
            run.skip(tests, reason)
        else:
            on_a_machine(run, tests, lower, packages)
    print(f"{run.passed} passed, {run.failed} failed, {run.skipped} skipped")
    return 1 if run.failed or not (run.passed or run.skipped) else 0


def on_a_machine(run: Run, tests: list[Test], lower: str, packages: list[str]) -> None:
    machine = Machine(lower)
    try:
        subject = installed.Subject(machine, *packages)
        for function in tests:
            run.one(function, subject)
    finally:
        machine.close()


if __name__ == "__main__":
    sys.exit(main())
