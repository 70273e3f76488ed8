"""The hook to the device beside a strike: what its console says is kept, and may be a finding."""

import json
import os
import pty
import socket
import subprocess
import time
from typing import Any

from harness import Field, check, eventually, same, test

SHORT = ("--watch-before", "300ms", "--watch-after", "300ms")
# Boots, and panics 1 s after the strike has begun.
PANIC = r"echo booting; sleep 1.3; printf '\033[31mpanic: use after free\033[0m\n'; sleep 100"


def strike(field: Field, *arguments: str) -> dict[str, Any]:
    """On a busy machine the kernel's TCP is late, which is no fault."""
    return field.ctl.strike(f"{field.PEER}:9000", "--concurrency", "8", "--rate", "500",
                            "--fail-on", "fault", *SHORT, *arguments)


def refused(field: Field, *arguments: str, code: int = 1) -> str:
    """The error of a strike that does not begin."""
    return field.ctl("strike", f"{field.PEER}:9000", *SHORT, *arguments).expect(code).err


@test("tap", quick=True)
def a_panic_in_the_middle(field: Field) -> None:
    field.accept_close()
    path, log = (f"{field.scene.directory}/{name}" for name in ("found.pcapng", "all.log"))
    report = strike(field, "--duration", "3s", "--watch", PANIC, "--watch-fail", "panic|assert",
                    "--watch-log", log, "--evidence", path)
    same(report["verdict"], "fail", "verdict")
    finding = report["findings"][0]
    same((finding["rule"], finding["severity"], finding["text"], finding["count"]),
         ("watch-fail", "fault", "panic: use after free", 1), "finding")
    check(0.5 <= finding["at_s"] <= 2.5, f"time of the finding: {finding}")
    check(0 < finding["cycle"] < report["cycles"], f"cycle of the finding: {finding}")
    watch = report["watches"][0]
    same([line["line"] for line in watch["log"]], ["booting", "panic: use after free"], "lines")
    check(watch["log"][0]["at_s"] < 0, f"the first line came before the strike: {watch}")
    same((watch["lines"], watch["dropped"], watch["ended"]), (2, 0, ""), "lines")
    with open(path.replace(".pcapng", ".json"), encoding="utf-8") as file:
        same(json.load(file), report, "the JSON beside the evidence")
    with open(path.replace(".pcapng", ".txt"), encoding="utf-8") as file:
        text = file.read()
    check("fault [watch-fail]\n" in text and "lines of echo booting" in text, text)
    with open(log, encoding="utf-8") as file:
        lines = file.read().splitlines()
    check("(before) " in lines[0] and lines[0].endswith(": booting"), lines[0])
    check(" s, about cycle " in lines[1] and lines[1].endswith(": panic: use after free"), lines[1])


@test("tap")
def a_panic_ends_the_strike(field: Field) -> None:
    field.accept_close()
    report = strike(field, "--duration", "30s", "--watch", PANIC, "--watch-fail", "panic",
                    "--stop-on", "fault")
    same(report["verdict"], "fail", "verdict")
    check(report["duration_s"] < 10, f"the strike went on for {report['duration_s']} s")


@test("tap")
def floods_are_bounded(field: Field) -> None:
    """Lines, a line without end, and binary garbage, as fast as a shell can write them."""
    field.accept_close()
    report = strike(field, "--duration", "2s", "--watch", "yes flood", "--watch", "cat /dev/zero",
                    "--watch", "cat /dev/urandom", "--watch-fail", "panic")
    check(report["verdict"] != "fail", f"verdict ({report['why']})")
    for watch in report["watches"]:
        same(len(watch["log"]), 500, "lines that were kept")
        check(watch["lines"] > 1000, f"only {watch['lines']} lines of {watch['watch']}")
        same(watch["dropped"], watch["lines"] - 500, "lines that were dropped")
        for line in watch["log"]:
            check(line["line"].isprintable() and line["line"].isascii() and
                  len(line["line"]) <= 2048, f"line: {line['line']!r}")
    field.scene.note(", ".join(f"{watch['lines']:,}" for watch in report["watches"]) + " lines")


@test("tap")
def sources_that_go_away(field: Field) -> None:
    """A command that ends, a serial device that is unplugged, a TCP port that closes; and a file
    without room."""
    field.accept_close()
    master, slave = pty.openpty()
    device = os.ttyname(slave)
    os.close(slave)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = field.ctl.start(
            "--json", "strike", f"{field.PEER}:9000", "--rate", "100", "--duration", "3s",
            "--fail-on", "fault", *SHORT, "--watch-log", "/dev/full",
            "--watch", "echo bye; sleep 1; exit 7",
            "--watch", f"{device}:57600", "--watch", f"tcp:127.0.0.1:{port}")
        peer = listener.accept()[0]
    time.sleep(0.1)
    os.write(master, b"from the console\n")
    peer.sendall(b"from the port\r\nwithout an end")
    time.sleep(1)
    os.close(master)
    peer.close()
    process.wait()
    report = process.last_json()
    said = [([line["line"] for line in w["log"]], w["ended"].split(": ")[-1])
            for w in report["watches"]]
    closed = "the other end has closed"
    # The kernel says one or the other of a serial device.
    said[1] = (said[1][0], closed if said[1][1] == "Input/output error" else said[1][1])
    same(said, [(["bye"], "exit code 7"), (["from the console"], closed),
                (["from the port", "without an end"], closed)], "lines")
    same(process.err().count("the strike goes on"), 3, process.err())
    same(process.err().count("--watch-log /dev/full: No space left on device: no more lines are "
                             "written there"), 1, process.err())
    check(report["duration_s"] > 2.5, "the strike went on")


@test("tap")
def no_command_outlives_conkerctl(field: Field) -> None:
    field.accept_close()
    pause = f"sleep 2{os.getpid()}"

    def left() -> str:
        return subprocess.run(["pgrep", "-xf", pause], capture_output=True, text=True,
                              check=False).stdout

    for ending in ("stop", "kill"):
        process = field.ctl.start("strike", f"{field.PEER}:9000", "--rate", "100", "--duration",
                                  "60s", *SHORT, "--watch", f"{pause} & {pause} & wait")
        eventually(lambda: len(left().splitlines()) == 2, "the command runs")
        getattr(process, ending)()
        eventually(lambda: left() == "", f"no process is left after {ending}")


@test("tap", quick=True)
def watches_that_make_no_sense(field: Field) -> None:
    for arguments, expected in (
            (("--watch", "cat", "--watch-fail", "panic("), "--watch-fail panic(: not a regular "
             "expression of grep -E: Unmatched ( or \\("),
            (("--watch-fail", "panic"), "--watch-...: there is no --watch that it could be about"),
            (("--watch", "cat") * 5, "--watch: 5 are too many, give 4 at most"),
            (("--watch", "/dev/null:1234567"), "--watch /dev/null:1234567: the baud rate must be a "
             "usual one from 1200 to 3000000")):
        same(refused(field, *arguments, code=2), f"conkerctl: {expected}\n", "error")
    for arguments, expected in (
            (("--watch", "/dev/null"), "--watch /dev/null: not a serial device"),
            (("--watch", "/dev/none"), "--watch /dev/none: No such file or directory"),
            (("--watch", "tcp:127.0.0.1:1"), "--watch tcp:127.0.0.1:1: Connection refused"),
            (("--watch", "sleep 9", "--watch-log", "/none/x"),
             "--watch-log /none/x: No such file or directory"),
            (("--watch", "echo oops; exit 3"), "--watch echo oops; exit 3: ended before the "
             "strike, and nothing was struck: exit code 3: oops"),
            (("--watch", "echo a panic; sleep 9", "--watch-fail", "panic"),
             "--watch echo a panic; sleep 9: says before the strike what --watch-fail looks for, "
             "and nothing was struck: a panic")):
        same(refused(field, *arguments), f"conkerctl: {expected}\n", "error")
    same(field.ctl.audit()["opened"], 0, "connections that were opened")
