"""The strike as a judge: against a device that breaks one rule in some of its connections
(tests/e2e/peers), and against one that is right."""

from __future__ import annotations

import datetime
import json
import os
import socket
import struct
import subprocess
import threading
from typing import Any

from harness import Field, Process, Scene, accused_of, broken_rules, check, same, test

DEVICE = "10.77.0.9"
CYCLES = 20_000
EVERY = 5_000
# These come 400 ms after their connection has ended: the strike must not end before.
LONG_AFTER = ("syn-ack-acknowledged", "fin-acknowledged", "says-more-after-reset",
              "held-after-reset")
# A challenge ACK is missed only where the device had 20 ms for it.
UNCHALLENGED = ("reset-unchallenged", "syn-unchallenged", "syn-aborts")
# Habits, in every connection.
HABITS = ("above-sequence-dropped", "stretch-acks")
# They show after several timeouts of 300 ms; 4,096 connections are watched at a time.
TIMED = ("rto-constant", "segments-at-timeout")
# It comes when a connection has been idle for 30 ms.
IDLE = ("keepalive-early",)
# Where our link cuts no frames: more than a segment at once is more than the device takes.
UNCUT = ("stretch-acks", "segments-at-timeout")
# In every connection, since one proves nothing.
REOPENED = ("reopen-refused", "reopen-unanswered", "reopen-kept", "syn-data-refused",
            "syn-data-unanswered")
IN_EACH = REOPENED + ("data-after-close-taken", "time-wait-forgotten")
# A device that answers no more fails all cycles that follow.
WEDGED = ("half-open-kept",)
HOLD = "5ms"  # before each step of a way that provokes the device
# A device that the machine does not let run answers late: a strike in which it did not for so long
# says nothing, and is done again.
STALL_MS = 100
TRIES = 5
DAYS = 6  # until each fault has had its turn
MTU = "1504"  # of the device's side, so that it can send a segment beyond the MSS


def faults(scene: Scene) -> list[dict[str, Any]]:
    done = subprocess.run([scene.binaries.device, "--list"], capture_output=True, check=True)
    return json.loads(done.stdout)


def faults_over(field: Field) -> list[dict[str, Any]]:
    """Those that show over this link."""
    return [fault for fault in faults(field.scene)
            if (fault["name"] in UNCUT) == (field.link == "plain")]


def table_row(fault: dict[str, Any]) -> str:
    return (f"    {fault['name']:<26} {fault['close']:<12} "
            f"{fault['rule'] or fault['failure']:<26} {fault['text']}")


def device(field: Field, *arguments: str) -> Process:
    """A device on the kernel's side of the link, beside the kernel."""
    interface = "peer0" if field.link == "packet" else "conker0"
    field.peer_ns.ip("link", "set", interface, "mtu", MTU)
    process = field.scene.process(
        "device", [field.scene.binaries.device, "--interface", interface, "--address", DEVICE,
                   *arguments], field.peer_ns)
    process.until(lambda: '"listening"' in process.out(), "the device listens")
    return process


def strike(field: Field, cycles: int, *arguments: str) -> dict[str, Any]:
    """Without looks, unless asked for: the device counts its connections. Ways that wait for --hold
    again and again have more in flight."""
    in_flight = "64" if "fin" in arguments or "rst" in arguments else "256"
    look = () if "--look" in arguments else ("--look", "none")
    return field.ctl.strike(f"{DEVICE}:9000", "--cycles", str(cycles), "--concurrency", in_flight,
                            *look, *arguments, timeout=120)


def found(report: dict[str, Any], expected: str = "") -> set[str]:
    """The rules that were broken for certain. On a busy machine the daemon may not run for a while,
    and then takes back what it says of times: the expected rule counts nevertheless."""
    return broken_rules(report) | ({expected} & {f["rule"] for f in report["findings"]})


def strike_device(field: Field, *arguments: str, how: list[str], cycles: int = CYCLES
                  ) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the strike reports of a device, and what the device says itself."""
    for _ in range(TRIES):
        process = device(field, *arguments)
        report = strike(field, cycles, *how)
        process.stop()
        said = process.last_json()
        if said["longest_gap_ms"] < STALL_MS:
            break
    return report, said


@test("tap", "packet", quick=True, busy=True)
def a_device_that_is_right(field: Field) -> None:
    report, said = strike_device(field, how=["--close", "fin"])
    same(found(report), set(), "findings")
    check(report["verdict"] == "pass" or report["findings"], f"verdict ({report['why']})")
    same(report["completed"], CYCLES, f"cycles completed (failed: {report['failed']})")
    check(report["judged"] >= 2 * CYCLES, f"judged only {report['judged']} segments")
    same(said["connections"], CYCLES, "connections that the device has seen")
    field.scene.note(f"{report['cycles_per_second']:,.0f} cycles/s")


def found_and_no_other(field: Field, fault: dict[str, Any]) -> str:
    """Strikes a device with this fault; returns what is wrong with the verdict."""
    cycles, how = CYCLES, ["--close", fault["close"], "--hold", HOLD]
    if fault["name"] in LONG_AFTER:
        how += ["--rate", "15000"]
    if fault["expect"] != "none":
        how += ["--expect", fault["expect"], "--payload", "100"]
    if fault["name"] in UNCHALLENGED:  # in every connection
        cycles, how[-1] = 2_000, "25ms"
    if fault["name"] in IDLE:
        how[-1] = "60ms"
    if fault["name"] in HABITS:
        cycles = 2_000
    if fault["name"] in TIMED:
        cycles, how = 12_000, [*how, "--rate", "2000"]
    if fault["name"] in IN_EACH:
        cycles = 1_000
    if fault["probed"]:
        how += ["--look", "short"]
    if fault["name"] in WEDGED:
        cycles, how = 200, [*how, "--connect-timeout", "500ms"]
    report, said = strike_device(field, "--fault", fault["name"], "--every", str(EVERY),
                                 cycles=cycles, how=how)
    rules = found(report, fault["rule"])
    failed = {kind for kind, count in report["failed"].items() if count}
    certain = any(finding["inconclusive"] == 0 and finding["severity"] != "note"
                  for finding in report["findings"])
    wrong = []
    # A connection whose greeting is not acknowledged within HOLD is not provoked.
    # The strike may end, and the device with it, before the last RST has come to it.
    least = {"fin": cycles // EVERY, "rst": (cycles - 1) // EVERY}.get(fault["close"], 1)
    if said["broken"] < least:
        wrong.append(f"broken only {said['broken']} times")
    if rules != {fault["rule"]} - {""}:
        wrong.append(f"found {report['findings']}")
    # Data that comes after our FIN is answered by a RST of ours: an "other" failure.
    if failed - {"other"} != {fault["failure"]} - {"", "other"}:
        wrong.append(f"failed {failed}")
    if report["verdict"] != "fail" and (certain or failed):
        wrong.append(f"verdict {report['verdict']}: {report['why']}")
    if wrong:
        wrong.append(f"the device says {said}")
    return f"{fault['name']}: {'; '.join(wrong)}" if wrong else ""


@test("tap")
def unjudged_is_no_pass(field: Field) -> None:
    """Whom no judge has seen is not called good, nor is what it did wrong told."""
    report, _ = strike_device(field, "--fault", "fin-twice", "--every", "100", cycles=1_000,
                              how=["--close", "fin", "--unjudged"])
    same((report["verdict"], report["why"]),
         ("inconclusive", "the target's TCP was not judged, as asked"), "verdict")
    same((report["judged"], report["findings"], report["completed"]), (0, [], 1_000), "report")
    done = field.ctl("strike", f"{DEVICE}:9000", "--cycles", "1", "--unjudged", "--evidence",
                     f"{field.scene.directory}/e.pcapng")
    same(done.code, 2, f"exit code of --unjudged with --evidence: {done.err}")
    check("strike: unjudged finds no rule broken" in done.err, done.err)


@test(quick=True)
def the_readme_has_the_table(scene: Scene) -> None:
    """So that who reads tests/README.md knows each bad peer, and what finds it."""
    with open(os.path.join(scene.binaries.sources, "tests/README.md"), encoding="utf-8") as file:
        lines = set(file.read().splitlines())
    missing = [row for row in map(table_row, faults(scene)) if row not in lines]
    same(missing, [], "rows of conker_device --list that are not in tests/README.md")


@test("tap", "plain", busy=True)
def each_fault_once_in_5000_cycles(field: Field) -> None:
    """20,000 cycles each: four times, or a little more often where a SYN comes again. The unit
    tests ask all of them in memory; here a sixth has its turn each day, or all with --whole."""
    table = faults_over(field)
    whole = field.scene.binaries.whole
    today = table if whole else table[datetime.date.today().toordinal() % DAYS::DAYS]
    wrong = list(filter(None, (found_and_no_other(field, fault) for fault in today)))
    same(wrong, [], "faults that were not found by their rule alone")
    field.scene.note(f"{len(today)} of {len(table)} faults")


def serve(listener: socket.socket, kind: str) -> None:
    """Treats whoever comes to a kernel listener in one way, until the listener is shut down."""
    while True:
        try:
            peer = listener.accept()[0]
        except OSError:
            return
        with peer:
            if kind == "aborts":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif kind == "greets":
                try:
                    peer.send(b"220 ready\r\n")
                except OSError:
                    pass


def kernel_is_not_accused(field: Field) -> None:
    """The kernel's TCP is right, whatever its application does; an abort in answer to a FIN is
    named."""
    for port, kind in ((9001, "closes"), (9002, "greets"), (9003, "aborts")):
        listener = field.listen(port, 4096)
        listener.settimeout(None)
        server = threading.Thread(target=serve, args=(listener, kind))
        server.start()
        try:
            for how in ("fin", "rst"):
                report = field.ctl.strike(f"{field.PEER}:{port}", "--cycles", "20000",
                                          "--concurrency", "16", "--close", how, timeout=120)
                named = {"reset-of-fin"} if (kind, how) == ("aborts", "fin") else set()
                check(accused_of(report) <= named,
                      f"a kernel whose application {kind}, closed by {how}: {report['findings']}")
                same(report["judged"] > 0, True, "segments were judged")
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


@test("tap", "packet", quick=True, busy=True)
def the_kernel(field: Field) -> None:
    kernel_is_not_accused(field)


@test("tap", config={"tcp": {"first_port": 2000, "last_port": 2063}}, busy=True)
def the_kernel_with_few_four_tuples(field: Field) -> None:
    """Segments of the connection before cross the SYN of the next one."""
    kernel_is_not_accused(field)
