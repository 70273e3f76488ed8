"""The parts of the bench: contestants of each, and the lines of the table with their goals."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Callable

from harness import Binaries

import contestants as by
from contestants import Figures
from paced import conker_paced
from scenes import Bench

Contestant = Callable[[Bench], Figures]


@dataclasses.dataclass(frozen=True)
class Goal:
    """A range that a figure, or its ratio to a peer's, must lie in."""
    least: float | None = None
    most: float | None = None

    def reached(self, value: float) -> bool:
        return ((self.least is None or value >= self.least)
                and (self.most is None or value <= self.most))


@dataclasses.dataclass(frozen=True)
class Line:
    """One contestant's figure, compared with that of others."""
    what: str
    unit: str  # a key of table.UNITS
    figure: str
    subject: str
    goal: Goal | None = None  # for the figure itself
    peers: dict[str, Goal | None] = dataclasses.field(default_factory=dict)  # for the ratio to each


@dataclasses.dataclass(frozen=True)
class Part:
    seconds: float  # each contestant's, in each turn
    contestants: dict[str, Contestant]
    lines: list[Line]
    # By title: the contestant of each number of idle connections.
    curves: dict[str, dict[int, str]] = dataclasses.field(default_factory=dict)


def briefly(run: Contestant) -> Contestant:
    """Five seconds at most, where other parts take a minute."""
    return lambda bench: run(dataclasses.replace(bench, seconds=min(bench.seconds, 5)))


def memory() -> Part:
    return Part(
        60,
        {
            "conker": partial(by.in_memory, stack="conker", close="fin"),
            "conker by RST": briefly(partial(by.in_memory, stack="conker", close="reset")),
            "lwIP by RST": partial(by.in_memory, stack="lwip", close="reset"),
            "lwIP by FIN (5 s, it stops)": briefly(
                partial(by.in_memory, stack="lwip", close="fin")),
            "null": briefly(partial(by.in_memory, stack="null", close="fin")),
        },
        [
            Line("strike in memory, by FIN, 64 in flight", "cycles/s", "rate", "conker",
                 Goal(least=1e6),
                 {"lwIP by RST": Goal(least=1.3), "lwIP by FIN (5 s, it stops)": None,
                  "null": None}),
            Line("its failed cycles", "count", "failed", "conker", Goal(most=0)),
            Line("its TIME-WAIT records evicted", "count", "time_wait_evicted", "conker"),
            Line("its TIME-WAIT records reused", "count", "time_wait_reused", "conker"),
            Line("strike in memory, by RST", "cycles/s", "rate",
                 "conker by RST", None, {"lwIP by RST": None}),
        ])


def tap() -> Part:
    return Part(
        60,
        {
            "conker": partial(by.conker_strike, flight=64),
            "conker, unjudged": partial(by.conker_strike, flight=64, judged=False),
            "null": partial(by.null_strike, flight=64),
            "kernel, 64 in flight": partial(by.kernel_strike, flight=64),
            "kernel, blocking": partial(by.kernel_strike, flight=1),
            "lwIP by RST": partial(by.lwip_strike, flight=64),
            "bare loop": briefly(partial(by.null_strike, flight=64, command="loop")),
            "conker, 1 in flight": briefly(partial(by.conker_strike, flight=1)),
            "null, 1 in flight": briefly(partial(by.null_strike, flight=1)),
        },
        [
            Line("strike over TAP, by FIN, 64 in flight", "cycles/s", "rate", "conker", None,
                 {"conker, unjudged": Goal(least=0.9),
                  "null": Goal(least=0.95), "kernel, 64 in flight": Goal(least=1.3),
                  "kernel, blocking": Goal(least=1.8),
                  "lwIP by RST": None}),
            Line("its failed cycles", "count", "failed", "conker", Goal(most=0)),
            Line("its opens that found no port", "count", "ports_exhausted",
                 "conker", Goal(most=0)),
            Line("the null peer itself", "cycles/s", "rate", "null",
                 None, {"bare loop": Goal(least=0.95)}),
            Line("strike over TAP, by FIN, 1 in flight", "cycles/s",
                 "rate", "conker, 1 in flight", None,
                 {"null, 1 in flight": None, "kernel, blocking": None}),
        ])


IDLE = (0, 1_000, 10_000, 100_000)
IDLE_IN_MEMORY = (*IDLE, 1_000_000)


def idle() -> Part:
    over_tap = {count: f"TAP, {count:,} idle" for count in IDLE}
    in_memory = {count: f"memory, {count:,} idle" for count in IDLE_IN_MEMORY}
    alone = "memory, tables for none"

    def lines(where: str, names: dict[int, str]) -> list[Line]:
        return [Line(f"strike {where}, {count:,} idle", "cycles/s", "rate", name, None,
                     {names[0]: Goal(least=0.9)} if count else {}) for count, name in names.items()]

    lines_in_memory = lines("in memory", in_memory)
    lines_in_memory[-1].peers[alone] = None  # shows the cost of large tables

    return Part(
        5,
        {
            **{name: partial(by.conker_strike, flight=64, idle=count)
               for count, name in over_tap.items()},
            **{name: partial(by.in_memory, stack="conker", close="fin",
                             idle=count, room=IDLE_IN_MEMORY[-1])
               for count, name in in_memory.items()},
            alone: partial(by.in_memory, stack="conker", close="fin"),
        },
        lines("over TAP", over_tap) + lines_in_memory,
        {"strike over TAP": over_tap, "strike in memory": in_memory})


def footprint() -> Part:
    return Part(
        1,
        {
            "connections": partial(by.footprint, what="connections", records=1_000_000),
            "TIME-WAIT": partial(by.footprint, what="time-wait", records=1_000_000),
        },
        [
            Line("resident for each idle connection", "B", "rss_bytes_per_record",
                 "connections", Goal(most=256)),
            Line("address space for each connection", "B", "bytes_of_tables", "connections"),
            Line("1,000,000 idle connections, resident", "MB", "rss_bytes",
                 "connections", Goal(most=300e6)),
            Line("tables for each TIME-WAIT record", "B", "bytes_of_tables",
                 "TIME-WAIT", Goal(most=48)),
            Line("resident for each TIME-WAIT record", "B", "rss_bytes_per_record", "TIME-WAIT"),
        ])


def acks() -> Part:
    contestants: dict[str, Contestant] = {}
    lines = []
    for mss, much in {48: 29_000, 1460: 30_000}.items():
        few, many_out = f"100 out, MSS {mss}", f"{much:,} out, MSS {mss}"
        contestants |= {few: partial(by.acks, segments=100, mss=mss),
                        many_out: partial(by.acks, segments=much, mss=mss)}
        lines += [
            Line(f"an attacker's ACK, {many_out}", "ns", "ns_per_ack",
                 many_out, None, {few: Goal(most=3)}),
            Line("the same, the slower pattern", "ns", "ns_per_ack_worst",
                 many_out, None, {few: Goal(most=3)}),
        ]
    return Part(2, contestants, lines)


def passive() -> Part:
    return Part(
        5,
        {"conker": partial(by.conker_struck, flight=64),
         "kernel": partial(by.kernel_strike, flight=64)},
        [
            Line("struck by the kernel's client, 64 in flight", "cycles/s",
                 "rate", "conker", None, {"kernel": Goal(least=1)}),
            Line("failed cycles of that client", "count", "failed", "conker", Goal(most=0)),
        ])


BULK = {"send": "from the kernel", "receive": "to the kernel"}


def bulk() -> Part:
    contestants: dict[str, Contestant] = {}
    lines = []
    for direction, words in BULK.items():
        contestants |= {
            f"conker {words}": partial(by.conker_bulk, direction=direction),
            f"null {words}": partial(by.null_bulk, direction=direction),
            f"lwIP {words}": partial(by.lwip_bulk, direction=direction),
            f"conker {words}, hashed": partial(by.conker_hashed, direction=direction),
        }
        lines += [
            Line(f"one connection {words}", "Gbit/s", "rate", f"conker {words}", None,
                 {f"null {words}": Goal(least=0.9), "kernel (iperf3, veth)": None,
                  f"lwIP {words}": Goal(least=3)}),
            Line("a run of its own: the hashes agree", "yes", "agree",
                 f"conker {words}, hashed", Goal(least=1)),
        ]
    return Part(5, {**contestants, "kernel (iperf3, veth)": by.kernel_bulk}, lines)


def many() -> Part:
    contestants: dict[str, Contestant] = {}
    lines = []
    for direction, words in BULK.items():
        contestants |= {
            f"1,000 {words}": partial(by.conker_bulk, direction=direction, connections=1000),
            f"one {words}": partial(by.conker_bulk, direction=direction),
            f"null, 1,000 {words}": partial(by.null_bulk, direction=direction, connections=1000),
        }
        lines += [
            Line(f"1,000 connections {words}", "Gbit/s", "rate", f"1,000 {words}", None,
                 {f"one {words}": Goal(least=0.9), f"null, 1,000 {words}": None}),
            Line("their fairness (Jain)", "share", "jain", f"1,000 {words}", Goal(least=0.95),
                 {f"null, 1,000 {words}": None}),
        ]
    return Part(5, contestants, lines)


def rr() -> Part:
    return Part(
        5,
        {"conker": by.conker_round_trips, "kernel": by.kernel_round_trips},
        [
            Line("1 byte there and back, median", "us", "median",
                 "conker", None, {"kernel": Goal(most=1.1)}),
            Line("99 % of them within", "us", "p99", "conker", None, {"kernel": Goal(most=1.5)}),
        ])


def quiet() -> Part:
    counts = (0, 100_000)
    return Part(
        10,
        {f"{count:,} idle": partial(by.conker_quiet, idle=count) for count in counts},
        [Line(f"wakeups of conkerd, {count:,} connections", "count",
              "wakeups", f"{count:,} idle", Goal(most=0))
         for count in counts])


def shards() -> Part:
    return Part(
        5,
        {
            "2 shards": partial(by.in_memory, stack="conker", close="fin", shards=2),
            "1 shard": partial(by.in_memory, stack="conker", close="fin"),
        },
        [Line("strike in memory, 2 shards", "cycles/s", "rate",
              "2 shards", None, {"1 shard": Goal(least=1.8)})])


def paced() -> Part:
    name = "conker at half"
    return Part(
        10, {name: conker_paced},
        [
            Line("paced at half of what it could", "cycles/s", "rate", name),
            Line("its rate, of that asked for", "share", "of_asked", name,
                 Goal(least=0.99, most=1.01)),
            Line("1 ms bins within twice the mean", "share", "even", name, Goal(least=0.999)),
        ])


PARTS: dict[str, Callable[[], Part]] = {
    "memory": memory, "tap": tap, "idle": idle, "footprint": footprint,
    "acks": acks, "passive": passive, "bulk": bulk, "rr": rr,
    "many": many, "quiet": quiet, "shards": shards, "paced": paced,
}


def beside(part: Part, binaries: Binaries, build: str) -> Part:
    """The lines of conker only, compared with another build of it."""
    def other(run: Contestant) -> Contestant:
        return lambda bench: run(dataclasses.replace(bench, binaries=binaries, build=build))

    contestants: dict[str, Contestant] = {}
    for subject in dict.fromkeys(line.subject for line in part.lines if "null" not in line.subject):
        contestants |= {subject: part.contestants[subject],
                        f"{subject}, beside": other(part.contestants[subject])}
    lines = [dataclasses.replace(line, goal=None, peers={f"{line.subject}, beside": None})
             for line in part.lines if line.subject in contestants]
    return Part(part.seconds, contestants, lines)
