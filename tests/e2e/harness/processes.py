"""Child processes; all of them end with the run."""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import subprocess
import threading
from typing import Any, Callable, IO, TypeVar

from .expect import Failure, eventually

T = TypeVar("T")

_lock = threading.Lock()
_running: set["Process"] = set()
_numbers = itertools.count(1)


def readable(file: int | IO[Any], seconds: float) -> bool:
    """Whether there is something to read, or its end, within so long. Not by select(), which takes
    no descriptor above 1023."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


class Process:
    """A child process whose output goes to files of its own, so that it never blocks."""

    def __init__(self, name: str, command: list[str], directory: str, *,
                 stdin: int | IO[bytes] | None = None,
                 stdout: int | IO[bytes] | None = None,
                 environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.command = command
        files = os.path.join(directory, f"{name}-{next(_numbers)}")
        self.out_path, self.err_path = f"{files}.out", f"{files}.err"
        with open(self.out_path, "xb") as out, open(self.err_path, "xb") as err:
            self._popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=out if stdout is None else stdout, stderr=err,
                env=None if environment is None else {**os.environ, **environment})
        with _lock:
            _running.add(self)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stdin(self) -> IO[bytes]:
        assert self._popen.stdin is not None
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._popen.stdout is not None
        return self._popen.stdout

    def running(self) -> bool:
        return self._popen.poll() is None

    def must_run(self) -> None:
        if not self.running():
            raise Failure(f"{self.name} ended with {self.wait()}: "
                          f"{(self.out() + self.err()).strip()}")

    def until(self, probe: Callable[[], T], what: str, seconds: float = 5.0) -> T:
        """Like eventually(), but a Failure at once when the process ends."""
        def asked() -> T:
            self.must_run()
            return probe()

        return eventually(asked, what, seconds)

    def signal(self, number: int) -> None:
        if self.running():
            self._popen.send_signal(number)

    def wait(self, seconds: float = 30) -> int:
        """The exit code; negative for a signal."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds:g} s") from None
        with _lock:
            _running.discard(self)
        return code

    def stop(self, seconds: float = 10) -> int:
        """Sends SIGTERM and returns the exit code; SIGKILL and a Failure if it does not end."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except Failure:
            self.kill()
            raise

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait(10)

    def out(self) -> str:
        with open(self.out_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def err(self) -> str:
        with open(self.err_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def last_json(self) -> dict[str, Any]:
        lines = self.out().strip().splitlines()
        if not lines:
            raise Failure(f"{self.name} printed nothing; stderr: {self.err().strip()}")
        return json.loads(lines[-1])


def kill_all() -> None:
    """Kills all processes of the run that are left."""
    with _lock:
        left = list(_running)
    for process in left:
        process.signal(signal.SIGKILL)
