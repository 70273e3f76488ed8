"""The strike's way `syn-silence`: SYN, SYN-ACK, and nothing more. The kernel and conker bear it,
and serve others beside it; a device whose half-open slots do not come back is found."""

from __future__ import annotations

from harness import Field, Scene, accused_of, broken_rules, check, same, test
from test_judge import DEVICE, device

MIX = ("--mix", "fin=8,rst=1,syn-silence=1")


def kernel_count(field: Field, name: str) -> int:
    """A counter of /proc/net/netstat (TcpExt)."""
    lines = field.peer_ns.run("cat", "/proc/net/netstat").stdout.splitlines()
    names, values = (line.split()[1:] for line in lines[:2])
    return int(dict(zip(names, values))[name])


@test("tap", "packet", busy=True)
def the_kernel(field: Field) -> None:
    """It keeps each half-open connection, sends its SYN-ACK again, and the other ways go on."""
    field.peer_ns.sysctl("net/ipv4/tcp_syncookies", "0")
    field.peer_ns.sysctl("net/ipv4/tcp_max_syn_backlog", "4096")
    field.accept_close()
    before = kernel_count(field, "TCPSynRetrans")
    report = field.ctl.strike(f"{field.PEER}:9000", *MIX, "--cycles", "4000", "--rate", "1000",
                              "--concurrency", "64", "--look", "none", timeout=120)
    held = len(field.peer_ns.tcp_sockets("state", "syn-recv"))
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    same(report["completed"], report["cycles"], f"cycles completed (failed: {report['failed']})")
    ways = {way["name"]: way["completed"] for way in report["ways"]}
    unfinished = report["unfinished"]
    same(unfinished["left"], ways["syn-silence"], "handshakes that were left")
    check(unfinished["left"] > 300, f"only {unfinished} were left")
    check(held > unfinished["left"] * 9 // 10,
          f"the kernel has {held} half-open ones of {unfinished['left']}")
    again = kernel_count(field, "TCPSynRetrans") - before
    check(100 < unfinished["repeated"] <= again, f"{unfinished}, the kernel counts {again}")
    look = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "2000", "--concurrency", "16")
    same(look["completed"], 2000, f"opens after it (failed: {look['failed']})")
    same(look["unfinished"] if "unfinished" in look else None, None, "without the way")
    field.scene.note(f"{unfinished}, {held} in SYN-RECEIVED")


@test("tap", busy=True)
def the_kernel_with_cookies(field: Field) -> None:
    """As fast as it goes, and for longer than its ports last: more than its backlog holds."""
    field.accept_close()
    report = field.ctl.strike(f"{field.PEER}:9000", "--mix", "fin=24,syn-silence=1", "--cycles",
                              "150000", "--concurrency", "64", "--look", "none", timeout=300)
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    same(report["completed"], report["cycles"], f"cycles completed (failed: {report['failed']})")
    field.scene.note(f"{report['unfinished']}, {report['cycles_per_second']:,.0f} cycles/s")


@test(busy=True)
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"accept-close": 9000})
    report = ours.ctl.strike("10.7.0.1:9000", *MIX, "--cycles", "20000", "--concurrency", "64",
                             timeout=120)
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    same(report["completed"], 20000, f"cycles completed (failed: {report['failed']})")
    check(report["unfinished"]["left"] > 1500, f"left: {report['unfinished']}")
    for side in (other, ours):
        side.ctl.balanced()


@test("tap", quick=True)
def slots_that_do_not_come_back(field: Field) -> None:
    """After 64 handshakes that did not complete the device answers nobody any more."""
    process = device(field, "--fault", "half-open-kept")
    report = field.ctl.strike(f"{DEVICE}:9000", *MIX, "--cycles", "20000", "--concurrency", "8",
                              "--connect-timeout", "1s", "--close-timeout", "1s", "--look", "none")
    process.stop()
    same(report["verdict"], "fail", f"verdict ({report['why']})")
    check("the peer has stopped answering after cycle " in report["why"], f"why: {report['why']}")
    first = report["first_failure"]
    same((first["phase"], first["failure"]), ("connecting", "syn_unanswered"), "first failure")
    failed = {failure["name"] for failure in report["failures"]}
    same(failed, {"syn_unanswered"}, f"failures of all ways: {report['failures']}")
    left = report["unfinished"]["left"]
    check(57 <= left <= 64, f"{left} were left: as many as it has, but for those in flight")


@test("tap")
def syn_acks_that_never_come_again(field: Field) -> None:
    """The device sends nothing of its own accord; that is told only when it was watched for long
    enough."""
    process = device(field)
    target, way = f"{DEVICE}:9000", ("--close", "syn-silence", "--concurrency", "1")
    brief = field.ctl.strike(target, *way, "--duration", "5s", "--rate", "20")
    same(broken_rules(brief), set(), f"in 5 s: {brief['findings']}")
    report = field.ctl.strike(target, *way, "--duration", "12s", "--rate", "20")
    same([finding["rule"] for finding in report["findings"]], ["syn-ack-once"], "findings")
    finding = report["findings"][0]
    check(16 <= finding["seen"] <= 60, f"watched for 10 s: {finding}")
    same((report["verdict"], report["unfinished"]["repeated"]), ("pass", 0), "verdict, repeated")
    told = field.ctl("strike", target, *way, "--cycles", "3")
    process.stop()
    check("unfinished   3 handshakes, whose SYN-ACKs came again 0 times" in told.out,
          f"the report: {told.out}")
