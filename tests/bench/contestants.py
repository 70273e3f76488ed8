"""The contestants: one function for each, which runs it once and returns its figures."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any

from harness import Failure
from scenes import (DEVICE, HOST, HOST_SIDE, MAC, PORT, STACK, STACK_SIDE, Bench, Place, Process,
                    Tap, Veth)

Figures = dict[str, float]

# How long servers run: longer than the measurement of the kernel's side with its warm-up.
SPARE_SECONDS = 60


def struck(report: dict[str, Any]) -> Figures:
    """The figures of a strike; its failures are one number, or one for each reason."""
    failed = report["failed"]
    if report["completed"] == 0:
        raise Failure(f"no cycle was completed: {report}")
    return {"rate": float(report["cycles_per_second"]), "completed": float(report["completed"]),
            "failed": float(sum(failed.values()) if isinstance(failed, dict) else failed)}


# In memory: both ends in one thread.

def in_memory(bench: Bench, stack: str, close: str, idle: int = 0, room: int = 0,
              shards: int = 1) -> Figures:
    with Place(bench) as place:
        arguments: list[object] = ["strike", "--stack", stack, "--close", close, "--flight", 64,
                                   "--seconds", f"{bench.seconds:g}"]
        if stack == "conker" and close == "fin":
            # The clock starts when every new record evicts an old one.
            arguments += ["--warm", "full"]
        if idle:
            arguments += ["--idle", idle]
        if room:
            arguments += ["--room", room]
        if shards > 1:
            arguments += ["--shards", shards]
        report = place.report(place.program("conker_bench_memory", *arguments), patience=120)
        counted = {key: float(report[key])
                   for key in ("time_wait_evicted", "time_wait_reused", "cpu_seconds")
                   if key in report}
        return {**struck(report), **counted}


def footprint(bench: Bench, what: str, records: int) -> Figures:
    with Place(bench) as place:
        report = place.report(place.program("conker_bench_memory", "footprint", f"--{what}",
                                            records), patience=120)
        return {key: float(report[key])
                for key in ("bytes_of_tables", "rss_bytes_per_record", "rss_bytes")}


def acks(bench: Bench, segments: int, mss: int) -> Figures:
    with Place(bench) as place:
        report = place.report(place.program("conker_bench_memory", "acks", "--segments", segments,
                                            "--mss", mss,
                                            "--seconds", f"{bench.seconds:g}"), patience=120)
        return {key: float(report[key]) for key in ("ns_per_ack", "ns_per_ack_worst", "acks")}


# The strike over TAP, against the kernel's accept-close.

def conker_strike(bench: Bench, flight: int, idle: int = 0, judged: bool = True) -> Figures:
    with Tap(bench) as place:
        daemon = place.daemon()
        place.kernel("accept-close", HOST, PORT)  # before an idle connection takes its port
        with place.idle(idle):
            report = daemon.ctl.strike(f"{HOST}:{PORT}", "--duration", f"{bench.seconds:g}",
                                       "--close", "fin-with-ack", "--concurrency", str(flight),
                                       *([] if judged else ["--unjudged"]),
                                       timeout=bench.seconds + 60)
            return {**struck(report),
                    "ports_exhausted": float(daemon.ctl.counter("ports_exhausted")),
                    "evicted": float(report["time_wait"]["evicted"]),
                    "reused": float(report["time_wait"]["reused"])}


def null_strike(bench: Bench, flight: int, command: str = "strike") -> Figures:
    with Tap(bench) as place:
        place.kernel("accept-close", HOST, PORT)
        return struck(place.report(place.attached(
            "conker_null", command, "--device", DEVICE, "--mac", MAC,
            "--from", ",".join(STACK_SIDE), "--to", f"{HOST}:{PORT}",
            "--flight", flight, "--seconds", f"{bench.seconds:g}")))


def lwip_strike(bench: Bench, flight: int) -> Figures:
    with Tap(bench) as place:
        place.kernel("accept-close", HOST, PORT)
        return struck(place.report(place.attached(
            "conker_lwip", "strike", "--device", DEVICE, "--address", STACK,
            "--to", f"{HOST}:{PORT}",
            "--flight", flight, "--seconds", f"{bench.seconds:g}", "--close", "reset")))


def kernel_strike(bench: Bench, flight: int) -> Figures:
    """The kernel's client over veth; one in flight is a loop that blocks."""
    with Veth(bench) as place:
        place.peer(place.server, "accept-close", HOST, str(PORT))
        return struck(place.report(client_strike(place, place.client, HOST, STACK_SIDE, flight)))


def conker_struck(bench: Bench, flight: int) -> Figures:
    """The kernel's client against conkerd's accept-close."""
    with Tap(bench) as place:
        place.daemon()
        return struck(place.report(client_strike(place, place.host, STACK, HOST_SIDE, flight)))


def client_strike(place: Place, namespace: Any, target: str, sources: list[str],
                  flight: int) -> Process:
    return place.peer(namespace, "strike", target, str(PORT),
                      "--duration", f"{place.bench.seconds:g}",
                      "--concurrency", str(flight), "--from", ",".join(sources))


# Bulk. The kernel's side opens and measures; "send" and "receive" are its directions.

BULK_PORTS = {"send": 9, "receive": 19}  # discard, chargen


def streams(place: Tap, direction: str, port: int, connections: int = 1) -> Figures:
    report = place.report(place.kernel("streams", direction, STACK, port,
                                       "--connections", connections,
                                       "--seconds", f"{place.bench.seconds:g}"))
    return {"rate": float(report["bits_per_second"]), "jain": float(report["jain"])}


def conker_bulk(bench: Bench, direction: str, connections: int = 1) -> Figures:
    with Tap(bench) as place:
        place.daemon()
        return streams(place, direction, BULK_PORTS[direction], connections)


def null_bulk(bench: Bench, direction: str, connections: int = 1) -> Figures:
    with Tap(bench) as place:
        place.attached("conker_null", "receive" if direction == "send" else "send",
                       "--device", DEVICE, "--mac", MAC, "--address", STACK, "--port", PORT,
                       "--seconds", bench.seconds + SPARE_SECONDS, "--offload")
        return streams(place, direction, PORT, connections)


def lwip_bulk(bench: Bench, direction: str) -> Figures:
    with Tap(bench) as place:
        place.attached("conker_lwip", "sink" if direction == "send" else "source",
                       "--device", DEVICE, "--address", STACK, "--port", PORT,
                       "--seconds", bench.seconds + SPARE_SECONDS)
        return streams(place, direction, PORT)


def kernel_bulk(bench: Bench) -> Figures:
    with Veth(bench) as place:
        return {"rate": float(place.iperf3(bench.seconds)["bits_per_second"])}


def conker_hashed(bench: Bench, direction: str, count: int = 100_000_000) -> Figures:
    """Sends a stream that both ends compute from a seed, by conkerctl, and compares hashes."""
    with Tap(bench) as place:
        ctl = place.daemon().ctl
        known = ("--bytes", count, "--seed", 77)
        if direction == "receive":
            kernel = place.kernel("sink", HOST, PORT)
            generator = place.peer(place.host, "generate", *map(str, known), stdout=subprocess.PIPE)
            connect = ctl.start("connect", f"{HOST}:{PORT}", stdin=generator.stdout)
            generator.stdout.close()
            ours = generator
        else:
            kernel = place.kernel("source", HOST, PORT, *known)
            ours = place.peer(place.host, "hash", stdin=subprocess.PIPE)
            connect = ctl.start("connect", f"{HOST}:{PORT}", stdout=ours.stdin)
            ours.stdin.close()
        for process in (connect, kernel, ours):
            if process.wait(120) != 0:
                raise Failure(f"{process.name}: {process.err().strip()}")
        hashed = ours.last_json() if direction == "send" else json.loads(ours.err())
        return {"agree": float(hashed == kernel.last_json() and hashed["bytes"] == count)}


# Round trips of one byte.

def conker_round_trips(bench: Bench) -> Figures:
    with Tap(bench) as place:
        place.daemon()
        return trips(place.report(place.kernel("rr", STACK, 7, "--seconds", f"{bench.seconds:g}")))


def kernel_round_trips(bench: Bench) -> Figures:
    with Veth(bench) as place:
        place.peer(place.server, "echo", HOST, "7")
        return trips(place.report(place.peer(place.client, "rr", HOST, "7",
                                             "--seconds", f"{bench.seconds:g}")))


def trips(report: dict[str, Any]) -> Figures:
    return {"median": float(report["median_us"]), "p99": float(report["p99_us"]),
            "count": float(report["count"])}


# An idle daemon.

SETTLE_SECONDS = 2  # for the last timers of new connections


def conker_quiet(bench: Bench, idle: int) -> Figures:
    """How often the daemon wakes up, without a watchdog."""
    with Tap(bench) as place:
        daemon = place.daemon()
        with place.idle(idle):
            time.sleep(SETTLE_SECONDS)
            before = wakeups(daemon.process.pid)
            time.sleep(bench.seconds)
            return {"wakeups": float(wakeups(daemon.process.pid) - before)}


def wakeups(pid: int) -> int:
    """Voluntary context switches of all threads: each is the end of a sleep."""
    count = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as file:
            count += sum(int(line.split()[1])
                         for line in file if line.startswith("voluntary_ctxt_switches"))
    return count
