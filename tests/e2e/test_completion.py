"""Completion of conkerctl's command line in the shells themselves, with what the daemon knows."""

from __future__ import annotations

import os
import pathlib
import pty
import re
import signal
import subprocess
import time

from harness import Failure, Field, check, readable, same, test

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "ctl" / "completions"


class Shell:
    """An interactive shell at a terminal, to which keys are sent."""

    def __init__(self, field: Field, *command: str) -> None:
        programs = os.path.dirname(field.scene.binaries.conkerctl)
        pid, self._terminal = pty.fork()
        if pid == 0:
            os.chdir(field.scene.directory)
            os.execvpe(command[0], list(command), {
                **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TERM": "dumb",
                "CONKER_SOCKET": field.daemon.socket_path, "PS1": "$ ",
                "HOME": field.scene.directory})
        field.scene.undo(self._end, pid)
        self._seen = ""

    def _end(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(self._terminal)

    def type(self, keys: str) -> None:
        self._seen = ""
        os.write(self._terminal, keys.encode())

    def shows(self, text: str, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while text not in self._seen:
            if readable(self._terminal, 0.1):
                said = os.read(self._terminal, 4096).decode(errors="replace")
                self._seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)
            if time.monotonic() > end:
                raise Failure(f"no {text!r} at the terminal, but {self._seen!r}")

    def completes(self, typed: str, *shown: str) -> None:
        self.type(f"{typed}\t\t")
        for text in shown:
            self.shows(text)
        self.type("\x15")  # clears the line


def ask(field: Field, *words: str) -> list[str]:
    done = subprocess.run([field.scene.binaries.conkerctl, "complete", "--", *words],
                          capture_output=True, text=True, check=True, timeout=10,
                          env={**os.environ, "CONKER_SOCKET": field.daemon.socket_path})
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


@test("tap")
def what_may_stand_where(field: Field) -> None:
    field.accept_close()
    opened = field.ctl.json("open", f"{field.PEER}:9000")["id"]
    strike = field.ctl.json("strike", f"{field.PEER}:9000", "--detach", "--cycles", "1", "--look",
                            "none")["id"]
    for words, expected in (
            (("st",), ["status", "stats", "strike", "strike-report"]),
            (("fault", ""), ["set", "clear"]),
            (("help", "ab"), ["abort"]),
            (("list", "--state", "ES"), ["ESTABLISHED"]),
            (("list", "--state=ES"), ["--state=ESTABLISHED"]),
            (("list", "--state", "=", "ES"), ["ESTABLISHED"]),
            (("strike", "x:1", "--close", "fin-w"), ["fin-with-ack"]),
            (("--jso",), ["--json"]),
            (("--json", "clos"), ["close"]),
            (("close", ""), [opened]),
            (("show", "--json", ""), [opened]),
            (("strike", "stop", ""), [str(strike)]),
            (("capture", "start", "x.pcap", "--link", "f"), ["field"]),
            (("fault", "set", "loss=1%", "link=f"), ["link=field"]),
            (("fault", "set", "link", "=", "f"), ["field"]),
            (("scenario", "run", ""), [":files"]),
            (("nonsense", ""), []),
            (("close", "--", "--"), [])):
        same(ask(field, *words), expected, f"conkerctl {' '.join(words)}")


@test("tap")
def a_daemon_that_does_not_answer(field: Field) -> None:
    """The shell does not hang, and has what needs no daemon."""
    field.daemon.signal(signal.SIGSTOP)
    same(ask(field, "close", ""), [], "ids")
    same(ask(field, "clos"), ["close"], "verbs")
    field.daemon.signal(signal.SIGCONT)
    same(ask(field, "--socket", "/nonexistent", "close", ""), [], "of no daemon")


@test("tap")
def in_bash(field: Field) -> None:
    field.accept_close()
    opened = field.ctl.json("open", f"{field.PEER}:9000")["id"]
    shell = Shell(field, "bash", "--norc", "--noprofile", "-i")
    shell.type(f"source {SCRIPTS}/conkerctl.bash; echo re''ady\n")
    shell.shows("ready")
    shell.completes("conkerctl unlis", "conkerctl unlisten ")
    shell.completes("conkerctl list --state=EST", "--state=ESTABLISHED")
    shell.completes("conkerctl st", "strike-report")
    shell.completes("conkerctl close ", f"close {opened}")
    pathlib.Path(f"{field.scene.directory}/of mine.yaml").touch()
    shell.completes("conkerctl scenario run of", "run of\\ mine.yaml")


@test("tap")
def in_zsh(field: Field) -> None:
    field.accept_close()
    opened = field.ctl.json("open", f"{field.PEER}:9000")["id"]
    shell = Shell(field, "zsh", "-f", "-i")
    shell.type(f"fpath=({SCRIPTS} $fpath); autoload -U compinit; compinit -u -D; echo re''ady\n")
    shell.shows("ready", 20)
    shell.completes("conkerctl unlis", "unlisten")
    shell.completes("conkerctl st", "strike-report", "Every counter")
    shell.completes("conkerctl list --state=EST", "--state=ESTABLISHED")
    shell.completes("conkerctl close ", opened)


@test("tap")
def in_fish(field: Field) -> None:
    field.accept_close()
    opened = field.ctl.json("open", f"{field.PEER}:9000")["id"]
    programs = os.path.dirname(field.scene.binaries.conkerctl)
    for typed, expected in (("conkerctl unlis", "unlisten"), ("conkerctl close ", opened),
                            ("conkerctl list --state EST", "ESTABLISHED")):
        done = subprocess.run(
            ["fish", "--no-config", "-c",
             f"source {SCRIPTS}/conkerctl.fish; complete --do-complete '{typed}'"],
            capture_output=True, text=True, timeout=20, check=True,
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}",
                 "HOME": field.scene.directory, "CONKER_SOCKET": field.daemon.socket_path})
        check(done.stdout.split("\t")[0].strip() == expected, f"{typed}: {done.stdout}"
                                                              f"{done.stderr}")
