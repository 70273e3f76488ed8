#!/usr/bin/python3
"""Runs the end-to-end tests: one line for each, totals at the end, exit code 1 when one failed.

    sudo tests/e2e/run.py                        everything, on build/release
    sudo tests/e2e/run.py --filter transfer      those whose title contains it
    sudo tests/e2e/run.py --quick --build build/asan --peer-build build/release --sanitized
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

# pylint: disable=wrong-import-position
from harness import Binaries, Case, Failure, Field, Scene  # noqa: E402
from harness.namespaces import delete_leftovers  # noqa: E402
from harness.processes import kill_all  # noqa: E402
from harness.registry import cases  # noqa: E402

NEEDED = ("ip", "ss", "ping", "tcpdump", "tshark", "capinfos", "setpriv", "ethtool",
          "systemd-analyze", "cmake", "qemu-system-arm", "arm-none-eabi-g++", "dnsmasq", "nginx",
          "nmap", "tmux", "chromium", "scdoc", "man", "zsh", "fish")


class Run:
    def __init__(self, binaries: Binaries, keep: bool) -> None:
        self._binaries = binaries
        self._keep = keep
        self._print = threading.Lock()
        self.stopping = False
        self.passed = 0
        self.failed: list[str] = []

    def one(self, case: Case) -> None:
        if self.stopping:
            return
        begin = time.monotonic()
        problem = ""
        scene = Scene(self._binaries, case.title)
        try:
            case.function(Field(scene, case.link, case.config) if case.link else scene)
            for daemon in scene.daemons:
                if "Sanitizer" in daemon.process.err():
                    raise Failure(f"{daemon.name}: a sanitizer spoke")
        except Exception as error:  # pylint: disable=broad-except
            problem = self._describe(error) + "\n" + scene.logs()
        try:
            scene.close(keep=self._keep and bool(problem))
        except Exception as error:  # pylint: disable=broad-except
            problem += f"\ncleaning up: {error}"
        self._report(case, time.monotonic() - begin, problem, scene.notes)

    def beside_each_other(self, chosen: list[Case], jobs: int) -> None:
        """Runs tests in parallel: a quarter of the jobs for those that keep a core busy, the rest
        for those that mostly sleep."""
        busy_jobs = max(1, jobs // 4)
        with concurrent.futures.ThreadPoolExecutor(busy_jobs) as busy, \
                concurrent.futures.ThreadPoolExecutor(max(1, jobs - busy_jobs)) as sleepers:
            begun = [(busy if case.busy or jobs == 1 else sleepers).submit(self.one, case)
                     for case in chosen]
        for one in begun:
            one.result()  # raises errors of the runner itself

    @staticmethod
    def _describe(error: Exception) -> str:
        if isinstance(error, Failure):
            where = traceback.extract_tb(error.__traceback__)
            line = next((f for f in reversed(where) if "harness" not in f.filename), where[-1])
            return f"{os.path.basename(line.filename)}:{line.lineno}: {error}"
        return "".join(traceback.format_exception(error)).rstrip()

    def _report(self, case: Case, seconds: float, problem: str, notes: list[str]) -> None:
        note = f"  ({'; '.join(notes)})" if notes else ""
        with self._print:
            print(f"{'FAIL' if problem else 'ok  '} {seconds:7.2f} s  {case.title}{note}",
                  flush=True)
            if problem:
                self.failed.append(case.title)
                print("\n".join("      " + line for line in problem.splitlines()), flush=True)
            else:
                self.passed += 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build/release"),
                        help="build directory under test")
    parser.add_argument("--peer-build", default="",
                        help="build directory of conker_peer, if another")
    parser.add_argument("--filter", default="", help="only tests whose title contains this")
    parser.add_argument("--quick", action="store_true", help="only the short slice")
    parser.add_argument("--whole", action="store_true",
                        help="all of what a test otherwise takes a part of, another one each day")
    parser.add_argument("--pictures", default="", metavar="DIR",
                        help="keep the pictures of report pages in this directory, as docs has "
                             "them")
    parser.add_argument("--sanitized", action="store_true",
                        help="the build has sanitizers: leave memory sizes alone")
    parser.add_argument("--jobs", type=int, default=8, help="tests side by side")
    parser.add_argument("--keep", action="store_true", help="keep the directories of failed tests")
    parser.add_argument("--list", action="store_true", help="print the titles and end")
    return parser.parse_args()


def selected(options: argparse.Namespace) -> list[Case]:
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    return [case for case in cases if options.filter in case.title
            and (case.quick or not options.quick)]


def main() -> int:
    options = arguments()
    chosen = selected(options)
    if options.list:
        print("\n".join(case.title for case in chosen))
        return 0
    if os.geteuid() != 0:
        print("tests/e2e needs root for its network namespaces: run it with sudo", file=sys.stderr)
        return 2
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        print(f"tests/e2e needs {', '.join(missing)}: ./check installs them", file=sys.stderr)
        return 2
    if not chosen:
        print(f"no test's title contains '{options.filter}'", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="conker-e2e-bin-") as directory:
        os.chmod(directory, 0o755)
        binaries = Binaries.copied(str(ROOT), options.build, options.peer_build or options.build,
                                   directory, options.sanitized, options.whole,
                                   options.pictures)
        run = Run(binaries, options.keep)

        def interrupted(number: int, _frame: object) -> None:
            run.stopping = True
            print(f"{signal.Signals(number).name}: cleaning up", flush=True)
            kill_all()

        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, interrupted)
        try:
            run.beside_each_other([case for case in chosen if not case.alone], max(1, options.jobs))
            for case in chosen:
                if case.alone:
                    run.one(case)
        finally:
            kill_all()
            delete_leftovers()
    for title in run.failed:
        print(f"failed: {title}")
    print(f"{run.passed} passed, {len(run.failed)} failed, 0 skipped", flush=True)
    return 130 if run.stopping else 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
