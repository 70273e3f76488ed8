"""What conkerctl draws: top and the progress of a strike on terminals of 40, 80 and 200 columns
(tmux's), and where there is none."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import Any

from harness import Failure, Field, check, eventually, same, test

COLUMNS = (40, 80, 200)


class Pane:
    """A terminal in which conkerctl runs."""

    def __init__(self, field: Field, columns: int, *arguments: str, **environment: str) -> None:
        number = len(os.listdir(field.scene.directory))
        self._tmux = ["tmux", "-S", f"{field.scene.directory}/tmux-{number}", "-f", "/dev/null"]
        command = shlex.join(["env", *(f"{k}={v}" for k, v in environment.items()),
                              *field.ctl.command(*arguments)])
        field.scene.undo(lambda: subprocess.run([*self._tmux, "kill-server"],
                                                capture_output=True, check=False))
        self("new-session", "-d", "-x", str(columns), "-y", "24",
             f"{command}; echo ended with $?; sleep 60")

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, timeout=10,
                              check=False)
        check(done.returncode == 0, f"tmux {arguments[0]}: {done.stderr.decode()}")
        return done.stdout.decode()

    def text(self, *how: str) -> str:
        return self("capture-pane", "-p", *how)

    def shows(self, words: str, *how: str) -> None:
        try:
            eventually(lambda: words in self.text(*how), "", 15)
        except Failure:
            raise Failure(f"{words!r} is not shown:\n{self.text(*how)}") from None

    def press(self, key: str) -> None:
        self("send-keys", key)

    def resize(self, columns: int) -> None:
        self("resize-window", "-x", str(columns), "-y", "24")


def running(field: Field, *arguments: str) -> int:
    field.accept_close()
    return int(field.ctl.json("strike", f"{field.PEER}:9000", "--detach", "--look", "none",
                              "--duration", "60s", "--rate", "200", "--concurrency", "4",
                              *arguments)["id"])


@test("tap")
def top_at_any_width(field: Field) -> None:
    running(field, "--mix", "fin=1,rst=1")
    for columns in COLUMNS:
        pane = Pane(field, columns, "top", "--every", "200ms", LANG="de_DE.UTF-8")
        pane.shows("strike 1")
        pane.shows("connect half")
        text = pane.text()
        for words in ("conkerd ", "link field up", "TIME-WAIT", f"{field.PEER}:9000", "running",
                      "/s", "left", "q quits"):
            check(words in text, f"{columns} columns: no {words!r}:\n{text}")
        same([line for line in text.splitlines() if len(line) > columns], [], "lines too long")
        pane.press("q")
        pane.shows("ended with 0")


@test("tap")
def top_resized_paused_and_without_its_daemon(field: Field) -> None:
    running(field)
    pane = Pane(field, 200, "top", "--every", "200ms")
    pane.shows("strike 1")
    check("link field up" in pane.text().splitlines()[0], f"one line: {pane.text()}")
    pane.resize(30)  # less than the first line has, whatever the uptime
    eventually(lambda: "link field" not in pane.text().splitlines()[0] and
               "link field" in pane.text(), "the first line is wrapped", 10)
    pane.press("p")
    pane.shows("(paused)")
    paused = pane.text()
    eventually(lambda: field.ctl.json("strike", "status", "1")["completed"] > 300, "it goes on")
    same(pane.text(), paused, "while it is paused")
    pane.press("p")
    eventually(lambda: pane.text() != paused and "(paused)" not in pane.text(), "it goes on", 10)
    pane.resize(200)
    field.daemon.kill()
    pane.shows("the daemon closed the connection")
    with field.stack_ns.entered():
        field.daemon.start()
    pane.shows("lost")
    pane.press("q")
    pane.shows("ended with 0")


@test("tap")
def top_tells_what_is_found(field: Field) -> None:
    """In red, unless NO_COLOR is set."""
    field.ctl.json("strike", f"{field.PEER}:9001", "--detach", "--look", "none", "--cycles", "20")
    eventually(lambda: field.ctl.json("strike", "status", "1")["state"] == "ended", "it ends")
    for environment, colour in (({}, True), ({"NO_COLOR": "1"}, False)):
        pane = Pane(field, 80, "top", "--every", "200ms", **environment)
        pane.shows("FAIL")
        same("\x1b[31m" in pane.text("-e") or ";31m" in pane.text("-e"), colour,
             f"red with {environment}")
        pane.press("q")
        pane.shows("ended with 0")


@test("tap")
def progress_at_any_width(field: Field) -> None:
    field.accept_close()
    for columns in COLUMNS:
        pane = Pane(field, columns, "strike", f"{field.PEER}:9000", "--duration", "2s", "--rate",
                    "200", "--look", "none")
        line = eventually(lambda: next((line for line in pane.text().splitlines()
                                        if "%, " in line), ""), "a line with how much is done", 15)
        check(len(line) < columns and "left" in line, f"{columns} columns: {line!r}")
        check(("in flight" in line) == (columns > 40), f"what fits: {line!r}")
        pane.shows("ended with 0")
        check("%, " not in pane.text().split("PASS")[0], f"the line stays: {pane.text()}")


@test("tap", config={"services": [{"name": "echo", "port": 7}]}, quick=True)
def tables_at_any_width(field: Field) -> None:
    """One that is wider than the terminal has a line for each cell."""
    connection = field.connect(7)
    for columns in COLUMNS:
        pane = Pane(field, columns, "list")
        pane.shows("ended with 0")
        lines = pane.text().splitlines()
        check(max(map(len, lines)) <= columns, f"{columns} columns: {lines}")
        tuple_at = [line for line in lines if f"{field.STACK}:7" in line]
        same("ESTABLISHED" in tuple_at[0], columns > 40, f"a line a row of {columns}: {lines}")
        check(any("ESTABLISHED" in line for line in lines), f"{columns} columns: {lines}")
    connection.close()


@test("tap", quick=True)
def quiet_and_verbose(field: Field) -> None:
    """-q leaves the exit code, and what --json prints; -v shows the protocol on standard error."""
    quiet = field.ctl("-q", "ping", field.PEER, "-c", "1").expect(0)
    same((quiet.out, quiet.err), ("", ""), "quiet")
    same(field.ctl("status", "-q", "--json").expect(0).json()["links"][0]["name"], "field", "JSON")
    refused = field.ctl("unlisten", "9", "--quiet").expect(1)
    check("no service listens on port 9" in refused.err, "an error is not quiet")
    told = field.ctl("--verbose", "version").expect(0)
    for direction in "><":
        check(f's {direction} {{"jsonrpc":"2.0","id":1,' in told.err, f"verbose: {told.err}")
    check("conkerd" in told.out, f"verbose: {told.out}")
    field.ctl("-q", "-v", "version").expect(2)


def lines_of(command: list[str], **environment: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, timeout=30, check=False,
                          env={**os.environ, **environment})
    check(done.returncode == 0 and b"\x1b" not in done.stdout + done.stderr,
          f"{command}: {done.returncode}, {done.stdout!r}, {done.stderr!r}")
    return done.stdout.decode().splitlines()


@test("tap", quick=True)
def without_a_terminal(field: Field) -> None:
    running(field)
    eventually(lambda: field.ctl.json("strike", "status", "1")["connect_p50_us"] > 0, "a row")
    top = field.ctl.command("top", "--every", "100ms", "--count", "2")
    for environment in ({}, {"TERM": "dumb"}, {"LANG": "de_DE.UTF-8"}, {"NO_COLOR": "1"}):
        lines = lines_of(top, **environment)
        same(len(lines), 2, f"lines: {lines}")
        check(all(f"strike 1  {field.PEER}:9000  " in line and "/s" in line for line in lines),
              f"lines: {lines}")
    shown: list[Any] = [json.loads(line) for line in lines_of(
        field.ctl.command("--json", "top", "--every", "100ms", "--count", "2"))]
    same([one["strikes"][0]["id"] for one in shown], [1, 1], "with --json")
    # A reader that ends early ends it, silently.
    for command in (field.ctl.command("top", "--every", "100ms"),
                    field.ctl.command("strike", "list")):
        done = subprocess.run(f"{shlex.join(command)} | head -1", shell=True, capture_output=True,
                              timeout=30, check=False)
        same((done.stdout.count(b"\n"), done.stderr), (1, b""), f"| head -1: {command}")
    field.ctl.ok("strike", "stop", "1")
