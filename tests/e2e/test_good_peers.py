"""The strike as a judge of TCPs that people use: each is struck in all ways that it can answer, and
has just the findings that it is known for. --whole: a million cycles each."""

from __future__ import annotations

import dataclasses

from harness import (Board, Conkerd, Ctl, Field, Process, Scene, broken_rules, check, eventually,
                     same, test, unix_link)

# Every way to close, by its weight; a peer leaves out those that need of its application what it
# does not do.
MIX = {"fin": 30, "rst": 10, "fin-with-ack": 10, "fin-late": 5, "rst-late": 5, "half-close": 10,
       "data-fin": 10, "rst-unread": 5, "abort-connecting": 5, "unsent": 1, "rst-outside": 3,
       "rst-inside": 3, "syn-inside": 3, "ack-beyond": 3, "fin-early": 3, "fin-overlap": 3,
       "reopen": 5, "syn-silence": 1, "window-small": 2, "window-shut": 2, "ack-silence": 1,
       "syn-data": 3}


@dataclasses.dataclass(frozen=True)
class Struck:
    cycles: int
    cycles_whole: int
    at_a_time: int
    without: tuple[str, ...] = ()
    # The rules that it breaks for certain, in any strike of so many cycles, each with the reason.
    known_for: dict[str, str] = dataclasses.field(default_factory=dict)
    # Those that it breaks in some strikes, by how our segments reach it together.
    may_break: dict[str, str] = dataclasses.field(default_factory=dict)


KERNEL = Struck(20_000, 1_000_000, 64)
CONKER = Struck(20_000, 1_000_000, 64, may_break={
    "stretch-acks": "it acknowledges once a turn whatever has come, as hosts with receive offload "
                    "do; where its window is the limit, nothing is the slower for it"})
# Connections that are left to them without an ACK take all the room that these two have.
FIRMWARE = Struck(2_000, 100_000, 4, without=("unsent", "syn-silence", "ack-silence"))
LWIP = Struck(5_000, 1_000_000, 32, without=("rst-unread", "unsent", "syn-silence", "ack-silence"),
              known_for={
    "isn-repeats": "its ISNs grow by its clock of 500 ms alone: connections within a tick and a "
                   "few apart share one (RFC 9293, 3.4.1)",
    "ip-id-predictable": "one counter numbers all of its packets (RFC 6274, 3.5)"})


def judged(scene: Scene, ctl: Ctl, target: str, peer: Struck) -> None:
    cycles = peer.cycles_whole if scene.binaries.whole else peer.cycles
    mix = ",".join(f"{way}={weight}" for way, weight in MIX.items() if way not in peer.without)
    report = ctl.strike(target, "--cycles", str(cycles), "--concurrency", str(peer.at_a_time),
                        "--mix", mix, "--hold", "5ms", timeout=3_600)
    same(broken_rules(report) - set(peer.may_break), set(peer.known_for),
         f"rules that it breaks ({report['findings']})")
    same(report["completed"], cycles, f"cycles completed (failed: {report['failed']})")
    scene.note(f"{cycles:,} cycles, {report['cycles_per_second']:,.0f}/s, {report['verdict']}")


@test("tap", "packet", busy=True)
def the_kernel(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    judged(field.scene, field.ctl, f"{field.PEER}:9000", KERNEL)


@test(busy=True)
def conker_itself(scene: Scene) -> None:
    _, striking = scene.linked_conkerds({"echo": 7})
    judged(scene, striking.ctl, "10.7.0.1:7", CONKER)


@test(busy=True)
def the_firmware(scene: Scene) -> None:
    wire = f"{scene.directory}/wire.sock"
    daemon = scene.conkerd(
        {"links": [unix_link(wire, "listen", "02:00:00:00:07:01", "10.7.0.1/24")],
         "strike": {"allow": ["10.7.0.0/24"]}})
    Board.on_socket(scene, wire).ready()
    judged(scene, daemon.ctl, "10.7.0.2:7", FIRMWARE)


def lwip_behind_a_tap(scene: Scene, *how: str) -> tuple[Conkerd, Process]:
    """Debian's, on a TAP device whose other side is conkerd's, by a packet socket."""
    namespace = scene.namespace()
    namespace.ip("tuntap", "add", "dev", "lwip0", "mode", "tap")
    namespace.ip("link", "set", "lwip0", "up")
    served = scene.process("lwip", [scene.binaries.lwip, "serve", "--device", "lwip0", "--address",
                                    "10.78.0.9", "--port", "9000", "--seconds", "3600", *how],
                           namespace)
    daemon = scene.conkerd({"links": [{"name": "wire", "type": "packet", "device": "lwip0",
                                       "mac": "02:00:00:00:78:02",
                                       "addresses": ["10.78.0.2/24"]}],
                            "strike": {"allow": ["10.78.0.0/24"]}}, namespace)
    eventually(lambda: daemon.ctl("ping", "10.78.0.9", "-c", "1").code == 0, "lwIP answers")
    return daemon, served


@test(busy=True)
def lwip(scene: Scene) -> None:
    daemon, served = lwip_behind_a_tap(scene)
    judged(scene, daemon.ctl, "10.78.0.9:9000", LWIP)
    check(served.running(), "lwIP has ended")
