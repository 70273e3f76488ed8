"""conkerctl, called on its command line."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from typing import Any

from .expect import Failure
from .processes import Process


VERDICTS = {"pass": 0, "fail": 10, "inconclusive": 11}  # exit codes of a strike
# What a kernel does whose application gets no time to accept on a busy machine: its queue is full,
# and it drops SYNs and the ACKs of handshakes.
SHORT_OF_TIME = {"syn-unanswered", "fin-unanswered", "answered-late", "syn-ack-acknowledged"}


def broken_rules(report: dict[str, Any]) -> set[str]:
    """The rules that a strike says for certain its target has broken."""
    return {finding["rule"] for finding in report["findings"]
            if finding["inconclusive"] < finding["count"]}


def accused_of(report: dict[str, Any]) -> set[str]:
    """The same, but for those that it breaks for want of time."""
    return broken_rules(report) - SHORT_OF_TIME


@dataclasses.dataclass(frozen=True)
class Result:
    command: str
    code: int
    out: str
    err: str

    def expect(self, code: int) -> "Result":
        if self.code != code:
            raise Failure(f"{self.command}: exit code {self.code}, expected {code}\n"
                          f"stdout: {self.out.strip()}\nstderr: {self.err.strip()}")
        return self

    def json(self) -> Any:
        """The last line of the output, which is one JSON value."""
        lines = self.out.strip().splitlines()
        if not lines:
            raise Failure(f"{self.command}: no output; stderr: {self.err.strip()}")
        return json.loads(lines[-1])


class Ctl:
    def __init__(self, binary: str, socket: str, directory: str) -> None:
        self._binary = binary
        self._socket = socket
        self._directory = directory

    def command(self, *arguments: str) -> list[str]:
        return [self._binary, "--socket", self._socket, *arguments]

    def __call__(self, *arguments: str, stdin: bytes = b"", timeout: float = 60) -> Result:
        """Runs one command and waits for its end."""
        command = self.command(*arguments)
        shown = " ".join(["conkerctl", *arguments])
        try:
            done = subprocess.run(command, input=stdin, capture_output=True,
                                  timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"{shown}: did not end within {timeout:g} s") from None
        return Result(shown, done.returncode, done.stdout.decode(errors="replace"),
                      done.stderr.decode(errors="replace"))

    def ok(self, *arguments: str, stdin: bytes = b"", timeout: float = 60) -> Result:
        return self(*arguments, stdin=stdin, timeout=timeout).expect(0)

    def json(self, *arguments: str, timeout: float = 60) -> Any:
        return self("--json", *arguments, timeout=timeout).expect(0).json()

    def start(self, *arguments: str, **streams: Any) -> Process:
        """Runs one command in the background."""
        verb = next(word for word in arguments if not word.startswith("-"))
        return Process(f"ctl-{verb}", self.command(*arguments), self._directory, **streams)

    # Results that many tests use.

    def strike(self, target: str, *arguments: str, timeout: float = 60) -> dict[str, Any]:
        """The report of a strike, whatever its verdict; the exit code must say the same."""
        done = self("--json", "strike", target, *arguments, timeout=timeout)
        if done.code not in VERDICTS.values():
            done.expect(0)
        report: dict[str, Any] = done.json()
        done.expect(VERDICTS[report["verdict"]])
        return report

    def striking(self) -> dict[str, Any] | None:
        """The strike that is running, if there is one; the first where there are several."""
        return next(iter(self.json("status")["strikes"]), None)

    def open(self, target: str, *arguments: str) -> str:
        """The id of a new connection."""
        return self.json("open", target, *arguments)["id"]

    def connections(self) -> list[dict[str, Any]]:
        return self.json("list")["connections"]

    def audit(self) -> dict[str, Any]:
        return self.json("status")["audit"]

    def counter(self, name: str) -> int:
        for counter in self.json("stats")["counters"]:
            if counter["name"] == name:
                return int(counter["value"])
        raise Failure(f"conkerctl stats: no counter {name}")

    def balanced(self) -> dict[str, Any]:
        """The audit; a Failure when it does not balance."""
        audit = self.audit()
        if not audit["balanced"]:
            raise Failure(f"the audit does not balance: {audit}")
        return audit

    def state(self, identifier: str) -> str:
        """The state of one connection; "" when it is not listed."""
        return next((row["state"] for row in self.connections() if row["id"] == identifier), "")
