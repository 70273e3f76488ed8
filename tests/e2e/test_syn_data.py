"""The strike's way `syn-data`: every second SYN carries the payload, which may be taken at once,
kept until the connection is established, or left out. Devices that do none of it are struck in
test_judge.py."""

from __future__ import annotations

import socket
import threading

from harness import Ctl, Field, Scene, accused_of, check, same, test
from test_evidence import frames, read
from test_good_peers import LWIP, lwip_behind_a_tap
from test_judge import DEVICE, device
from test_provocations import discard
from test_unfinished import kernel_count

CYCLES = 5_000


def strike(ctl: Ctl, target: str, *arguments: str) -> None:
    report = ctl.strike(target, "--cycles", str(CYCLES), "--concurrency", "64", "--close",
                        "syn-data", "--look", "none", *arguments, timeout=120)
    same(accused_of(report), set(), f"rules that {target} broke: {report['findings']}")
    same(report["completed"], CYCLES, f"completed (failed: {report['failed']})")


def strike_the_kernel(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    listener = field.listen(9001, 4096)
    listener.settimeout(None)
    server = threading.Thread(target=discard, args=(listener,))
    server.start()
    try:
        for port in (9000, 9001):
            for payload in ("1", "400", "3000"):
                strike(field.ctl, f"{field.PEER}:{port}", "--payload", payload)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


@test("tap", "packet", busy=True)
def the_kernel(field: Field) -> None:
    strike_the_kernel(field)


@test("tap", "packet", busy=True)
def the_kernel_that_takes_it(field: Field) -> None:
    """With TCP Fast Open for all listeners, and without a cookie (RFC 7413, 4.1.3): its SYN-ACK
    acknowledges the data."""
    field.peer_ns.sysctl("net/ipv4/tcp_fastopen", str(0x602))
    before = kernel_count(field, "TCPFastOpenPassive")
    strike_the_kernel(field)
    taken = kernel_count(field, "TCPFastOpenPassive") - before
    check(taken > 2 * CYCLES, f"it has taken the data of {taken} SYNs only")
    field.scene.note(f"took the data of {taken:,} SYNs of {6 * CYCLES // 2:,}")


@test("tap", quick=True)
def what_is_sent(field: Field) -> None:
    """On the wire: the payload in every second SYN, with checksums that are right, and then again
    on the ACK of the handshake."""
    field.peer("echo", field.PEER, "9000")
    path = f"{field.scene.directory}/sent.pcap"
    field.ctl.ok("capture", "start", path)
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "6", "--close", "syn-data",
                              "--payload", "33", "--look", "none")
    field.ctl.ok("capture", "stop")
    same(report["completed"], 6, f"completed (failed: {report['failed']})")
    ours = f"tcp and ip.src == {field.STACK}"
    syns = frames(path, "tcp.len", where=f"{ours} and tcp.flags.syn == 1")
    same([row[0] for row in syns], ["0", "33"] * 3, "bytes in the SYNs")
    texts = frames(path, "tcp.len", where=f"{ours} and tcp.flags.syn == 0 and tcp.len > 0")
    same([row[0] for row in texts], ["33"] * 6, "bytes behind the handshake")
    sums = read("tshark", "-nr", path, "-o", "tcp.check_checksum:TRUE", "-o",
                "ip.check_checksum:TRUE", "-Y", "tcp", "-T", "fields", "-e", "ip.src", "-e",
                "ip.checksum.status", "-e", "tcp.checksum.status").splitlines()
    same({row for row in sums if row.startswith(field.STACK)}, {f"{field.STACK}\t1\t1"},
         "checksums of ours that are right")


@test(busy=True)
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"echo": 7, "discard": 9})
    for port in (7, 9):
        strike(ours.ctl, f"10.7.0.1:{port}", "--payload", "200")
    for side in (other, ours):
        side.ctl.balanced()


@test(busy=True)
def lwip(scene: Scene) -> None:
    daemon, served = lwip_behind_a_tap(scene)
    report = daemon.ctl.strike("10.78.0.9:9000", "--cycles", "1000", "--concurrency", "16",
                               "--close", "syn-data", "--payload", "100", timeout=120)
    # Of ISNs that follow a clock one rule is told.
    others = accused_of(report) - set(LWIP.known_for) - {"isn-predictable"}
    same(others, set(), f"rules that it broke: {report['findings']}")
    same(report["completed"], 1000, f"completed (failed: {report['failed']})")
    check(served.running(), "lwIP has ended")


@test("tap", quick=True)
def a_device_that_refuses_it(field: Field) -> None:
    process = device(field, "--fault", "syn-data-refused")
    report = field.ctl.strike(f"{DEVICE}:9000", "--cycles", "100", "--concurrency", "4", "--close",
                              "syn-data", "--look", "none")
    process.stop()
    same([(f["rule"], f["severity"]) for f in report["findings"]],
         [("syn-data-refused", "weakness")], "findings")
    same(report["findings"][0]["seen"], 16, "SYNs")
    same((report["verdict"], report["completed"], report["failed"]["refused"]), ("fail", 50, 50),
         f"verdict ({report['why']}), cycles completed, refused")
