"""The figures of a strike's report, beside what others count of the same frames: tshark in a
capture of the link, and the target's kernel."""

from __future__ import annotations

import os
import subprocess

from harness import Field, check, same, test

CYCLES = 3_000
PORT = 9000
MIX = "fin=5,rst=2,half-close=1,peer-first=1"
# The kernel's counters of TCP (/proc/net/snmp; RFC 4022), beside which they stand in its output.
COUNTERS = ("PassiveOpens", "InSegs", "OutSegs", "InErrs")


def kernel_counters(field: Field) -> dict[str, int]:
    lines = [line.split()[1:] for line in
             field.peer_ns.run("cat", "/proc/net/snmp").stdout.splitlines()
             if line.startswith("Tcp:")]
    values = dict(zip(*lines))
    return {name: int(values[name]) for name in COUNTERS}


def frames(path: str, display_filter: str) -> int:
    done = subprocess.run(["tshark", "-nr", path, "-Y", display_filter, "-T", "fields",
                           "-e", "frame.number"], capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


@test("tap", "packet", quick=True)
def the_report_agrees_with_the_wire(field: Field) -> None:
    """Each frame counted by three, and none of them knows of the others."""
    field.accept_close(PORT)
    path = os.path.join(field.scene.directory, "strike.pcapng")
    field.ctl.ok("capture", "start", path)
    before = kernel_counters(field)
    report = field.ctl.strike(f"{field.PEER}:{PORT}", "--look", "none", "--cycles", str(CYCLES),
                              "--concurrency", "16", "--mix", MIX)
    grown = {name: after - before[name] for name, after in kernel_counters(field).items()}
    field.ctl.ok("capture", "stop")

    same(report["cycles"], CYCLES, "cycles begun")
    ours, theirs = f"tcp.dstport == {PORT}", f"tcp.srcport == {PORT}"
    sent_again = "tcp.analysis.retransmission"
    opened = frames(path, f"{ours} && tcp.flags.syn == 1 && !{sent_again}")
    same(opened, CYCLES, "first SYNs of ours in the capture, beside the cycles begun")
    same(report["judged"], frames(path, theirs), "segments judged, beside those in the capture")
    same(report["retransmits"], frames(path, f"{ours} && {sent_again}"),
         "segments that we sent again, beside those in the capture")
    same(grown["InSegs"], frames(path, ours), "segments that the kernel got, beside ours")
    same(grown["OutSegs"], report["judged"],
         "segments that the kernel sent, beside those judged")
    same(grown["PassiveOpens"], CYCLES, "connections that the kernel accepted")
    same(grown["InErrs"], 0, "segments that the kernel found malformed")
    check(report["completed"] == CYCLES, f"failed: {report['failed']}")
    field.scene.note(f"{frames(path, 'tcp'):,} segments")
