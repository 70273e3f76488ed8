"""How evenly a paced strike opens its connections: the SYNs that the kernel's side of the link
gets, counted in bins of a millisecond."""

from __future__ import annotations

import os
import struct

from contestants import Figures
from harness import Failure, eventually
from scenes import DEVICE, HOST, PORT, Bench, Tap

BIN_NS = 1_000_000
CEILING_SECONDS = 3  # of the strike that finds out how fast one can be
SYNS = f"tcp[tcpflags] == tcp-syn and dst port {PORT}"


def times_of(path: str) -> list[int]:
    """When each frame of a capture in tcpdump's format with nanoseconds came."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\x4d\x3c\xb2\xa1":
        raise Failure(f"{path} is no capture with nanoseconds of this machine's byte order")
    times, at = [], 24
    while at + 16 <= len(data):
        seconds, nanoseconds, length = struct.unpack_from("<III", data, at)
        times.append(seconds * 1_000_000_000 + nanoseconds)
        at += 16 + length
    return times


def within_twice_the_mean(times: list[int]) -> float:
    """The share of the bins with at most twice as many as the mean, from the first to the last."""
    first, bins = times[0], [0] * ((times[-1] - times[0]) // BIN_NS + 1)
    for time in times:
        bins[(time - first) // BIN_NS] += 1
    mean = len(times) / len(bins)
    return sum(count <= 2 * mean for count in bins) / len(bins)


def conker_paced(bench: Bench) -> Figures:
    """A strike at half of the rate that it has without a limit."""
    with Tap(bench) as place:
        daemon = place.daemon()
        place.kernel("accept-close", HOST, PORT)

        def strike(seconds: float, *more: str) -> float:
            report = daemon.ctl.json("strike", f"{HOST}:{PORT}", "--duration", f"{seconds:g}",
                                     "--concurrency", "64", "--look", "none", *more,
                                     timeout=seconds + 60)
            if report["completed"] != report["cycles"]:
                raise Failure(f"cycles failed: {report['failed']}")
            return float(report["cycles_per_second"])

        asked = round(strike(CEILING_SECONDS) / 2)
        path = os.path.join(place.directory, "syns.pcap")
        capture = place.process("tcpdump", [
            "tcpdump", "-i", DEVICE, "-w", path, "-s", "64", "-B", "65536", "-U",
            "--time-stamp-precision=nano", SYNS], place.host)
        eventually(lambda: os.path.exists(path), "tcpdump captures")
        rate = strike(bench.seconds, "--rate", str(asked))
        capture.stop()
        times = times_of(path)
        return {"rate": rate, "of_asked": rate / asked, "even": within_twice_the_mean(times),
                "syns": float(len(times))}
