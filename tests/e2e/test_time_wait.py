"""Whether a target keeps TIME-WAIT: after a strike our FIN comes once more. The kernel, conker and
lwIP keep it, and a device that keeps none is found."""

from __future__ import annotations

from typing import Any

from harness import Ctl, Field, Scene, accused_of, broken_rules, check, same, test
from test_good_peers import lwip_behind_a_tap
from test_judge import DEVICE, device

FORGOTTEN = "time-wait-forgotten"
# Of 1,000 connections the first 32 and the last 256 are asked.
CYCLES, ASKED = 1_000, 288


def strike(ctl: Ctl, target: str, cycles: int = CYCLES, *arguments: str) -> dict[str, Any]:
    report = ctl.strike(target, "--cycles", str(cycles), "--concurrency", "8", "--close",
                        "peer-first", *arguments, timeout=120)
    same(report["completed"], cycles, f"completed (failed: {report['failed']})")
    return report


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    probed = report["time_wait_probed"]
    return probed["probed"], probed["kept"], probed["forgotten"], probed["silent"]


@test("tap", "packet", quick=True)
def the_kernel(field: Field) -> None:
    field.accept_close()
    target = f"{field.PEER}:9000"
    report = strike(field.ctl, target)
    same(counts(report), (ASKED, ASKED, 0, 0), "probed, kept, forgotten, silent")
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    ages = report["time_wait_probed"]
    check(0 < ages["newest_s"] <= ages["oldest_s"] < 60, f"since when: {ages}")
    text = field.ctl("strike", target, "--cycles", "5", "--close", "peer-first").out
    check("closed first of 5 connections that the peer closed first" in text, f"report: {text}")
    check("it keeps 5 in TIME-WAIT, has forgotten 0, does not answer for 0" in text, text)
    none = strike(field.ctl, target, 10, "--look", "none")
    check(none.get("time_wait_probed") is None, f"without looks: {none.get('time_wait_probed')}")
    ours = field.ctl.strike(target, "--cycles", "10", "--close", "rst")
    check(ours.get("time_wait_probed") is None, f"who resets: {ours.get('time_wait_probed')}")


@test("tap")
def a_kernel_without_room(field: Field) -> None:
    """Beyond so many it takes no more: none of the newest is kept, and nobody is accused."""
    field.peer_ns.run("sysctl", "-q", "-w", "net.ipv4.tcp_max_tw_buckets=64")
    field.accept_close()
    report = strike(field.ctl, f"{field.PEER}:9000")
    probed, kept, forgotten, silent = counts(report)
    check(kept < ASKED // 2 < forgotten and silent == 0, f"probed: {report['time_wait_probed']}")
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    field.scene.note(f"{kept} of {probed} kept")


@test()
def another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"accept-close": 9000})
    report = strike(ours.ctl, "10.7.0.1:9000")
    same(counts(report), (ASKED, ASKED, 0, 0), "probed, kept, forgotten, silent")
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    for side in (other, ours):
        side.ctl.balanced()


@test()
def lwip(scene: Scene) -> None:
    """Where it is short of control blocks, it forgets the oldest."""
    daemon, served = lwip_behind_a_tap(scene, "--closes")
    report = strike(daemon.ctl, "10.78.0.9:9000", 300)
    check(report["time_wait_probed"]["kept"] > 0, f"probed: {report['time_wait_probed']}")
    check(FORGOTTEN not in accused_of(report), f"rules that it broke: {report['findings']}")
    check(served.running(), "lwIP has ended")
    scene.note(f"{counts(report)}")


@test("tap", quick=True)
def a_device_that_keeps_none(field: Field) -> None:
    process = device(field, "--closes")
    right = strike(field.ctl, f"{DEVICE}:9000")
    process.stop()
    same(counts(right), (ASKED, ASKED, 0, 0), "probed, kept, forgotten, silent")
    same(accused_of(right), set(), f"rules that it broke: {right['findings']}")

    process = device(field, "--fault", FORGOTTEN)
    wrong = strike(field.ctl, f"{DEVICE}:9000")
    few = strike(field.ctl, f"{DEVICE}:9000", 15)
    field.ctl.ok("fault", "set", "duplicate=1%")
    ours = strike(field.ctl, f"{DEVICE}:9000")
    process.stop()
    same(counts(wrong), (ASKED, 0, ASKED, 0), "probed, kept, forgotten, silent")
    finding = next(f for f in wrong["findings"] if f["rule"] == FORGOTTEN)
    same((finding["severity"], finding["expected"], finding["seen"], finding["from"]),
         ("note", ASKED, 0, f"{DEVICE}:9000"), f"the finding: {finding}")
    check(FORGOTTEN not in broken_rules(few), f"15 prove nothing: {few['findings']}")
    check(FORGOTTEN not in broken_rules(ours), f"with faults of our link: {ours['findings']}")
