"""The strike's ways `window-small` and `window-shut`: an echo is told 64 bytes of window, again and
again or once. The kernel, conker and lwIP keep to it, and go on when it opens."""

from __future__ import annotations

import socket
import threading

from harness import Ctl, Field, Scene, accused_of, check, same, test
from test_evidence import frames
from test_good_peers import LWIP, lwip_behind_a_tap
from test_judge import DEVICE, device
from test_provocations import discard

WAYS = ("window-small", "window-shut")


def strike(ctl: Ctl, target: str, way: str, cycles: int, *arguments: str) -> None:
    report = ctl.strike(target, "--cycles", str(cycles), "--concurrency", "64", "--close", way,
                        "--hold", "20ms", *arguments, timeout=200)
    same(accused_of(report), set(), f"{way}: rules that it broke: {report['findings']}")
    same(report["completed"], cycles, f"{way}: completed (failed: {report['failed']})")


@test("tap", "packet", busy=True)
def the_kernel(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    listener = field.listen(9001, 4096)
    listener.settimeout(None)
    server = threading.Thread(target=discard, args=(listener,))
    server.start()
    try:
        for way in WAYS:
            for port in (9000, 9001):
                strike(field.ctl, f"{field.PEER}:{port}", way, 2_000)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


@test("tap", quick=True)
def what_is_told(field: Field) -> None:
    """On the wire: 64 bytes, then nothing until the window opens, and then the rest of the echo."""
    field.peer("echo", field.PEER, "9000")
    path = f"{field.scene.directory}/told.pcap"
    field.ctl.ok("capture", "start", path)
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "1", "--close", "window-shut",
                              "--hold", "300ms", "--look", "none")
    field.ctl.ok("capture", "stop")
    same(report["completed"], 1, f"completed (failed: {report['failed']})")
    seen = frames(path, "ip.src", "tcp.window_size", "tcp.len", "frame.time_relative", where="tcp")
    ours = [int(row[1]) for row in seen if row[0] == field.STACK]
    echoed = [(int(row[2]), float(row[3])) for row in seen
              if row[0] == field.PEER and int(row[2]) > 0]
    same(ours[0], 64, f"the window of the SYN: {seen}")
    check(0 in ours and ours[-1] > 1000, f"the windows that are told: {ours}")
    # A probe of the window may have come and brought a byte.
    same((echoed[0][0], sum(size for size, _ in echoed)), (64, 256), f"the echo: {echoed}")
    check(any(size > 100 and at > 0.25 for size, at in echoed), f"the rest: {echoed}")


@test(busy=True)
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"echo": 7})
    for way in WAYS:
        strike(ours.ctl, "10.7.0.1:7", way, 2_000)
    for side in (other, ours):
        side.ctl.balanced()


@test(busy=True)
def lwip(scene: Scene) -> None:
    daemon, served = lwip_behind_a_tap(scene)
    for way in WAYS:
        report = daemon.ctl.strike("10.78.0.9:9000", "--cycles", "500", "--concurrency", "16",
                                   "--close", way, "--hold", "20ms", timeout=120)
        # Of ISNs that follow a clock one rule is told.
        others = accused_of(report) - set(LWIP.known_for) - {"isn-predictable"}
        same(others, set(), f"{way}: {report['findings']}")
        same(report["completed"], 500, f"{way}: completed (failed: {report['failed']})")
    check(served.running(), "lwIP has ended")


@test("tap", quick=True)
def an_echo_that_stands_still(field: Field) -> None:
    """It has filled the window, and sends nothing when that opens: told when we give it up."""
    process = device(field, "--fault", "window-stuck")
    report = field.ctl.strike(f"{DEVICE}:9000", "--cycles", "4", "--concurrency", "4", "--close",
                              "window-shut", "--close-timeout", "3s", "--look", "none")
    process.stop()
    same([finding["rule"] for finding in report["findings"]], ["window-stuck"], "findings")
    finding = report["findings"][0]
    same((finding["expected"], finding["seen"]), (256, 64), f"bytes: {finding}")
    same([failure["name"] for failure in report["failures"]], ["no_fin"], "failures")
    same(report["verdict"], "fail", f"verdict ({report['why']})")
