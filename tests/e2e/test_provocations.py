"""The strike's ways that provoke the peer: the kernel bears all of them, whatever its application
does. Devices that do not are struck in test_judge.py."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Any

from harness import Field, accused_of, check, same, test

PROVOKED = ("rst-outside", "rst-inside", "syn-inside", "ack-beyond")
PIECES = ("fin-early", "fin-overlap")
CYCLES = 20_000  # of each way


def strike(field: Field, port: int, way: str, *arguments: str) -> dict[str, Any]:
    return field.ctl.strike(f"{field.PEER}:{port}", "--cycles", str(CYCLES), "--concurrency", "64",
                            "--close", way, *arguments, timeout=300)


def not_accused(report: dict[str, Any], whom: str) -> None:
    same(accused_of(report), set(), f"{whom}: {report['findings']}")
    same(report["cycles"], CYCLES, f"{whom}: cycles begun")


def passes(report: dict[str, Any], whom: str) -> None:
    not_accused(report, whom)
    same(report["completed"], CYCLES, f"{whom}: cycles completed (failed: {report['failed']})")
    if not report["findings"]:
        same(report["verdict"], "pass", f"{whom}: verdict ({report['why']})")


def fails_only(report: dict[str, Any], kind: str, whom: str) -> None:
    failed = {kind for kind, count in report["failed"].items() if count}
    check(failed <= {kind}, f"{whom}: failed otherwise than by {kind}: {report['failed']}")


def challenges(field: Field) -> int:
    """Challenge ACKs that the kernel has wanted to send, and those that its limits withheld."""
    lines = field.peer_ns.run("cat", "/proc/net/netstat").stdout.splitlines()
    names, values = (line.split()[1:] for line in lines[:2])
    counts = dict(zip(names, map(int, values)))
    return counts["TCPChallengeACK"] + counts["TCPACKSkippedChallenge"]


def discard(listener: socket.socket) -> None:
    """Throws away what comes and closes when the peer does, until the listener is shut down."""
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is not listener:
                if not key.fileobj.recv(4096):
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
                continue
            try:
                waiting.register(listener.accept()[0], selectors.EVENT_READ)
            except OSError:
                return


@test("tap", busy=True)
def the_kernel_whose_application_discards(field: Field) -> None:
    listener = field.listen(9001, 4096)
    listener.settimeout(None)
    server = threading.Thread(target=discard, args=(listener,))
    server.start()
    try:
        for way in PROVOKED + PIECES:
            before = challenges(field)
            passes(strike(field, 9001, way, "--hold", "2ms", "--payload", "100"),
                   f"{way}, discards")
            if way in ("rst-inside", "syn-inside"):
                provoked = challenges(field) - before
                check(provoked > CYCLES // 2, f"{way}: only {provoked} were answered")
                field.scene.note(f"{way}: {provoked:,} challenge ACKs")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


@test("tap", busy=True)
def the_kernel_whose_application_closes(field: Field) -> None:
    """It may do so just when it is provoked: what the strike sends then is answered by a RST."""
    field.accept_close(9003)
    for way in PROVOKED:
        report = strike(field, 9003, way, "--hold", "5ms")
        not_accused(report, f"{way}, closes")
        fails_only(report, "reset", f"{way}, closes")
        field.scene.note(f"{way}: {report['completed']:,} of {CYCLES:,} completed")
