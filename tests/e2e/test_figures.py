"""The figures of a strike's report, beside what others count of the same frames: tshark in a
capture of the link, and the target's kernel."""

from __future__ import annotations

import os
import subprocess

from harness import Field, check, eventually, same, test

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


def frames(path: str, display_filter: str, *fields: str) -> list[str]:
    """The fields of each frame that the filter lets through, a line each."""
    wanted = [word for field in ("frame.len", *fields) for word in ("-e", field)]
    done = subprocess.run(["tshark", "-nr", path, "-o", "tcp.analyze_sequence_numbers:FALSE",
                           "-Y", display_filter, "-T", "fields", *wanted],
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def sent_again(path: str, display_filter: str) -> int:
    """Frames with the ports and numbers of one before."""
    seen = frames(path, display_filter, "tcp.srcport", "tcp.seq", "tcp.flags.syn", "tcp.flags.fin")
    return len(seen) - len(set(seen))


@test("tap", "packet", quick=True)
def the_report_agrees_with_the_wire(field: Field) -> None:
    """Each frame counted by three, and none of them knows of the others."""
    field.accept_close(PORT)
    path = os.path.join(field.scene.directory, "strike.pcapng")
    field.ctl.ok("capture", "start", path)
    before = kernel_counters(field)
    report = field.ctl.strike(f"{field.PEER}:{PORT}", "--look", "none", "--cycles", str(CYCLES),
                              "--concurrency", "16", "--mix", MIX)
    field.ctl.ok("capture", "stop")

    same(report["cycles"], CYCLES, "cycles begun")
    check(report["completed"] == CYCLES, f"failed: {report['failed']}")
    # By address and port: among the ports that we open from is, now and then, theirs.
    ours = f"ip.dst == {field.PEER} && tcp.dstport == {PORT}"
    theirs = f"ip.src == {field.PEER} && tcp.srcport == {PORT}"
    syns = f"{ours} && tcp.flags.syn == 1"
    again = sent_again(path, syns)
    same(len(frames(path, syns)) - again, CYCLES, "SYNs in the capture, beside the cycles begun")
    same(report["judged"], len(frames(path, theirs)), "segments judged, beside those captured")
    occupying = "(tcp.flags.syn == 1 || tcp.flags.fin == 1 || tcp.len > 0)"
    same(report["retransmits"], sent_again(path, f"{ours} && {occupying}"),
         "segments that we sent again, beside those captured")

    sent = len(frames(path, ours))
    eventually(lambda: kernel_counters(field)["InSegs"] - before["InSegs"] >= sent,
               "the kernel has taken in what we sent")
    grown = {name: after - before[name] for name, after in kernel_counters(field).items()}
    same(grown["InSegs"], sent, "segments that the kernel got, beside ours")
    same(grown["OutSegs"], report["judged"], "segments that the kernel sent, beside those judged")
    same(grown["PassiveOpens"], CYCLES, "connections that the kernel accepted")
    same(grown["InErrs"], 0, "segments that the kernel found malformed")
    field.scene.note(f"{len(frames(path, 'tcp')):,} segments")
