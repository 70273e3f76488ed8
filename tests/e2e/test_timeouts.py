"""The strike's way `ack-silence`: our ACKs do not leave, and the peer sends again. The kernel and
conker wait longer each time, and send one segment at a time."""

from __future__ import annotations

from harness import Ctl, Field, Scene, accused_of, check, same, test
from test_evidence import frames
from test_judge import DEVICE, device


def strike(ctl: Ctl, target: str) -> None:
    report = ctl.strike(target, "--cycles", "3000", "--rate", "600", "--concurrency", "64",
                        "--close", "ack-silence", timeout=100)
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    same(report["completed"], 3_000, f"completed (failed: {report['failed']})")


@test("tap", "packet")
def the_kernel(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    strike(field.ctl, f"{field.PEER}:9000")


@test()
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"echo": 7})
    strike(ours.ctl, "10.7.0.1:7")
    for side in (other, ours):
        side.ctl.balanced()


@test("tap", quick=True)
def what_leaves(field: Field) -> None:
    """On the wire: the handshake's ACK, our data and FIN; the peer's FIN four times and more, and
    then an ACK of it."""
    field.peer("echo", field.PEER, "9000")
    path = f"{field.scene.directory}/unheard.pcap"
    field.ctl.ok("capture", "start", path)
    # Those of the other way keep the strike going while these are watched.
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "16", "--mix",
                              "ack-silence=1,fin-late=1", "--hold", "8s", "--concurrency", "16",
                              "--look", "none", timeout=60)
    field.ctl.ok("capture", "stop")
    same(report["completed"], 16, f"completed (failed: {report['failed']})")
    seen = frames(path, "ip.src", "tcp.flags.fin", "tcp.len", "tcp.srcport", "tcp.dstport",
                  "frame.time_relative", "tcp.seq", "tcp.flags.syn", where="tcp")
    check(bool(seen), "frames")
    silent = [row[3] for row in seen if row[0] == field.STACK and int(row[2]) > 1000][0]
    ours = [row for row in seen if row[3] == silent and row[7] == "0"]
    theirs = [row for row in seen if row[4] == silent and row[7] == "0"]
    sent = [row for row in ours if row[2] == "0" and row[1] == "0"]
    same(len(sent), 2, f"the handshake's ACK, and the one at the end: {ours}")
    first = min(int(row[6]) for row in theirs if row[2] != "0")
    again = [float(row[5]) for row in theirs if row[2] != "0" and int(row[6]) == first]
    check(len(again) >= 5, f"the first segment of the echo, and again: {theirs}")


@test("tap", quick=True)
def a_fin_every_300_ms(field: Field) -> None:
    process = device(field, "--fault", "rto-constant")
    report = field.ctl.strike(f"{DEVICE}:9000", "--cycles", "4", "--mix",
                              "ack-silence=3,fin-late=1", "--hold", "2s", "--concurrency", "4",
                              "--look", "none")
    process.stop()
    found = report["findings"]
    same([finding["rule"] for finding in found], ["rto-not-backed-off"], "findings")
    check(0.25e6 <= found[0]["seen"] <= 0.35e6, f"us between the last two: {found}")
    same(report["verdict"], "fail", f"verdict ({report['why']})")
