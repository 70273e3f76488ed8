"""The strike's way `data-to-closed`: data after the peer's FIN. The TCP of an application that has
closed answers by a RST, and one whose application reads on takes it, which is told as a note."""

from __future__ import annotations

import socket
import threading
from typing import Any

from harness import Ctl, Field, Scene, accused_of, check, same, test
from test_good_peers import LWIP, lwip_behind_a_tap
from test_judge import DEVICE, device
from test_unfinished import kernel_count

CYCLES = 5_000
TAKEN = "data-after-close-taken"


def strike(ctl: Ctl, target: str, cycles: int = CYCLES, at_a_time: int = 64) -> dict[str, Any]:
    report = ctl.strike(target, "--cycles", str(cycles), "--concurrency", str(at_a_time),
                        "--close", "data-to-closed", "--look", "none", timeout=120)
    same((report["completed"], report["audit"]["aborted"]), (cycles, cycles),
         f"completed, of them reset (failed: {report['failed']})")
    return report


@test("tap", "packet", busy=True)
def the_kernel(field: Field) -> None:
    """It resets each connection for the data, and is not accused."""
    field.accept_close()
    before = kernel_count(field, "TCPAbortOnData")
    report = strike(field.ctl, f"{field.PEER}:9000")
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    resets = field.ctl.counter("resets_in")
    # On a busy machine the one or other may come after `hold`.
    check(resets >= CYCLES * 9 // 10, f"only {resets} RSTs came")
    field.scene.note(f"{resets:,} RSTs, "
                     f"{kernel_count(field, 'TCPAbortOnData') - before:,} TCPAbortOnData")


def half_close(listener: socket.socket) -> None:
    """Shuts down its sending half at once, and reads until the end, until the listener is shut
    down."""
    def serve(peer: socket.socket) -> None:
        with peer:
            try:
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass
            except OSError:
                pass

    while True:
        try:
            threading.Thread(target=serve, args=(listener.accept()[0],)).start()
        except OSError:
            return


@test("tap", "packet", quick=True)
def a_kernel_whose_application_reads_on(field: Field) -> None:
    """That is its right: a note with the number, and no more."""
    listener = field.listen(9001, 4096)
    listener.settimeout(None)
    server = threading.Thread(target=half_close, args=(listener,))
    server.start()
    try:
        report = strike(field.ctl, f"{field.PEER}:9001", 200, 8)
        few = strike(field.ctl, f"{field.PEER}:9001", 15, 8)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
    notes = [f for f in report["findings"] if f["rule"] == TAKEN]
    same([(f["severity"], f["count"], f["expected"], f["seen"]) for f in notes],
         [("note", 1, 0, 16)], f"findings: {report['findings']}")
    same(accused_of(report) - {TAKEN}, set(), f"rules that it broke: {report['findings']}")
    check(not any(f["rule"] == TAKEN for f in few["findings"]), f"15 prove it: {few['findings']}")


@test("tap", quick=True)
def a_device_that_has_closed(field: Field) -> None:
    """It resets what comes then; and one that takes it is found."""
    process = device(field, "--closes")
    right = strike(field.ctl, f"{DEVICE}:9000", 1_000)
    process.stop()
    same(accused_of(right), set(), f"rules that it broke: {right['findings']}")
    process = device(field, "--fault", TAKEN)
    wrong = strike(field.ctl, f"{DEVICE}:9000", 1_000)
    process.stop()
    check(any(f["rule"] == TAKEN for f in wrong["findings"]), f"findings: {wrong['findings']}")


@test("tap")
def a_peer_that_does_not_close(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "8", "--concurrency", "8",
                              "--close", "data-to-closed", "--close-timeout", "300ms", "--look",
                              "none")
    same([failure["name"] for failure in report["failures"]], ["peer_silent"], "failures")


@test(busy=True)
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"accept-close": 9000})
    report = strike(ours.ctl, "10.7.0.1:9000")
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    check(ours.ctl.counter("resets_in") >= CYCLES * 9 // 10, "it did not reset them")
    for side in (other, ours):
        side.ctl.balanced()


@test(busy=True)
def lwip(scene: Scene) -> None:
    daemon, served = lwip_behind_a_tap(scene, "--closes")
    report = strike(daemon.ctl, "10.78.0.9:9000", 500, 16)
    others = accused_of(report) - set(LWIP.known_for) - {"isn-predictable"}
    same(others, set(), f"rules that it broke: {report['findings']}")
    check(served.running(), "lwIP has ended")
