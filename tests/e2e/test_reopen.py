"""The strike's way `reopen`: the same four-tuple again, right after its connection has ended. The
kernel and conker open it; devices that do not are struck in test_judge.py."""

from __future__ import annotations

import socket
import threading
from typing import Any

from harness import Ctl, Field, Scene, accused_of, check, same, test
from harness.field import MAC
from test_evidence import frames
from test_judge import DEVICE, device
from test_provocations import discard

CYCLES = 20_000


def strike(ctl: Ctl, target: str, *arguments: str) -> dict[str, Any]:
    report = ctl.strike(target, "--cycles", str(CYCLES), "--concurrency", "16", "--close", "reopen",
                        *arguments, timeout=120)
    same(report["completed"], CYCLES, f"completed (failed: {report['failed']})")
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    same(report["reopened"]["kept"], 0, "four-tuples that it kept")
    return report


def again(report: dict[str, Any], whom: str) -> str:
    begun = report["reopened"]["begun"]
    check(begun > 100, f"{whom}: only {begun} were opened again")
    return f"{whom}: {begun:,} opened again"


@test("tap", "packet", busy=True)
def the_kernel(field: Field) -> None:
    """TIME-WAIT is the kernel's where its application closes first, and ours where it waits."""
    field.accept_close()
    first = strike(field.ctl, f"{field.PEER}:9000", "--hold", "1s")
    field.scene.note(again(first, "closes first"))
    listener = field.listen(9001, 4096)
    listener.settimeout(None)
    server = threading.Thread(target=discard, args=(listener,))
    server.start()
    try:
        second = strike(field.ctl, f"{field.PEER}:9001", "--hold", "1ms")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
    field.scene.note(again(second, "closes after us"))
    check(second["time_wait"]["reused"] > 0, f"ours were not in TIME-WAIT: {second['time_wait']}")


@test("tap", quick=True)
def the_report(field: Field) -> None:
    field.accept_close()
    target = f"{field.PEER}:9000"
    done = field.ctl("strike", target, "--cycles", "500", "--mix", "fin=1,reopen=1", "--rate",
                     "500")
    check("four-tuples, 0 of them kept in TIME-WAIT" in done.out, f"the report: {done.out}")
    same(field.ctl.strike(target, "--cycles", "10")["reopened"], None, "without the way")


@test("tap")
def a_silence_has_its_evidence(field: Field) -> None:
    """What the target did not answer is our own SYN, when it is sent again."""
    path = f"{field.scene.directory}/found.pcapng"
    process = device(field, "--fault", "reopen-unanswered")
    report = field.ctl.strike(f"{DEVICE}:9000", "--cycles", "400", "--concurrency", "64", "--close",
                              "reopen", "--hold", "2ms", "--look", "none", "--evidence", path)
    process.stop()
    same(report["verdict"], "fail", f"verdict ({report['why']})")
    finding = next(f for f in report["findings"] if f["rule"] == "reopen-unanswered")
    same((finding["from"], finding["expected"]), (f"{DEVICE}:9000", 0), f"the finding: {finding}")
    check(finding["seen"] >= 16, f"the finding: {finding}")
    found = frames(path, "frame.comment", "tcp.flags", "eth.src", where="frame.comment")
    same([row[1:] for row in found if "reopen-unanswered" in row[0]], [["0x0002", MAC]],
         f"the frame: {found}")


@test(busy=True)
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"accept-close": 9000, "discard": 9})
    before = other.ctl.counter("time_wait_reused")
    scene.note(again(strike(ours.ctl, "10.7.0.1:9000", "--hold", "1s"), "closes first"))
    check(other.ctl.counter("time_wait_reused") > before, "its TIME-WAIT was not reused")
    scene.note(again(strike(ours.ctl, "10.7.0.1:9", "--hold", "1ms"), "closes after us"))
    for side in (other, ours):
        side.ctl.balanced()
