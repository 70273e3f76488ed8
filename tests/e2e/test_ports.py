"""From which of our addresses and ports a strike opens: the same once more by a seed or in a
replay, others than lately without."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from harness import Field, check, same, test
from test_evidence import frames
from test_judge import DEVICE, device

ADDRESSES = [f"10.77.0.{last}/24" for last in (2, 20, 21)]
FAULT = ("--fault", "reset-outside-window", "--every", "300")
# The second SYN of a four-tuple that has just been closed is no retransmission: its number differs.
SYN = "tcp.flags.syn == 1 && tcp.flags.ack == 0 && !tcp.analysis.retransmission"


def opened(field: Field, *arguments: str, code: int | None = None) -> list[list[str]]:
    """The four-tuples of a strike's SYNs, in their order."""
    path = f"{field.scene.directory}/strike.pcap"
    pathlib.Path(path).unlink(missing_ok=True)
    field.ctl.ok("capture", "start", path)
    done = field.ctl("strike", *arguments, timeout=120)
    field.ctl.ok("capture", "stop")
    check(done.code == code if code is not None else done.code in (0, 11),
          f"exit code {done.code}: {done.out}{done.err}")
    return frames(path, "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", where=SYN)


def report(path: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    return whole


@test("tap", "packet", config={"addresses": ADDRESSES}, quick=True)
def a_seed_is_the_same_strike_once_more(field: Field) -> None:
    field.accept_close()
    how = (f"{field.PEER}:9000", "--cycles", "200", "--concurrency", "4", "--look", "none")
    first = opened(field, *how, "--seed", "7")
    same(len(first), 200, "SYNs")
    same(len({row[0] for row in first}), len(ADDRESSES), "addresses of ours")
    same(opened(field, *how, "--seed", "7"), first, "four-tuples with the same seed")
    other = opened(field, *how, "--seed", "8")
    check(other != first, "another seed has the same four-tuples")

    one = [int(row[1]) for row in opened(field, *how)]
    two = [int(row[1]) for row in opened(field, *how)]
    same(two[0], one[-1] + 1 if one[-1] < 65535 else 1024, "the first port of the next strike")
    same([int(row[1]) for row in opened(field, *how, "--from-port", "40000")],
         list(range(40_000, 40_200)), "ports from 40000 on")
    same(field.ctl("strike", *how, "--from-port", "1023").err,
         "conkerctl: strike: from_port 1023 is not within tcp.first_port to last_port of the "
         "configuration, 1024 to 65535\n", "error")


@test("tap", quick=True)
def a_replay_opens_the_same_four_tuples(field: Field) -> None:
    """But not where the target closes first, which may keep them in TIME-WAIT."""
    stem = f"{field.scene.directory}/found"
    process = device(field, *FAULT)
    first = opened(field, f"{DEVICE}:9000", "--cycles", "400", "--concurrency", "4", "--look",
                   "none", "--evidence", f"{stem}.pcapng", code=10)
    process.stop()
    recorded = report(f"{stem}.json")
    same((recorded["closed_first"], str(recorded["begin"]["parameters"]["from_port"])),
         (0, first[0][1]), "connections that the device closed first, our first port")
    process = device(field, *FAULT)
    again = opened(field, "--replay", f"{stem}.json", "--rule", "reset-sequence", code=10)
    process.stop()
    check(300 <= len(again) <= len(first), f"{len(again)} SYNs")
    same(again, first[:len(again)], "four-tuples")

    closer = f"{field.scene.directory}/closer"
    field.accept_close()
    opened(field, f"{field.PEER}:9000", "--cycles", "400", "--close", "peer-first", "--evidence",
           f"{closer}.pcapng")
    check(report(f"{closer}.json")["closed_first"] >= 400, "connections that the kernel closed")
