"""Each fault of the device: found with evidence, found again from that, and by the least strike."""

from __future__ import annotations

import contextlib
import datetime
import json
import shlex
from typing import Any, Iterator

from harness import Field, same, test
from test_judge import (DEVICE, HOLD, IDLE, LONG_AFTER, REOPENED, TIMED, UNCHALLENGED, device,
                        faults_over)

EVERY = "20"
CYCLES, OF_SLOW = "400", "80"
DAYS = 70  # until each fault has had its turn
# They take seconds to show it, and minutes: the search is for --whole, or all of it.
SLOW = ("window-stuck",)
VERY_SLOW = ("reopen-unanswered", "reopen-kept", "syn-data-unanswered")


def way_of(fault: dict[str, Any]) -> list[str]:
    """How a strike finds the fault. A SYN comes again after a second, and is needed by rules; a
    window that has opened again is waited on for two."""
    timeout = "200ms" if fault["failure"] == "timed_out" and fault["name"] not in REOPENED \
        else "1300ms"
    if fault["rule"] == "window-stuck":
        timeout = "2500ms"
    hold = "25ms" if fault["name"] in UNCHALLENGED else "60ms" if fault["name"] in IDLE else HOLD
    how = ["--close", fault["close"], "--hold", hold, "--connect-timeout", timeout,
           "--close-timeout", timeout]
    if fault["expect"] != "none":
        how += ["--expect", fault["expect"], "--payload", "100"]
    if fault["name"] in LONG_AFTER:
        how += ["--rate", "400"]
    if fault["name"] in TIMED:
        how += ["--rate", "100"]
    how += ["--look", "short" if fault["probed"] else "none"]
    return how


def seen(report: dict[str, Any], fault: dict[str, Any]) -> bool:
    """Whether the report has the rule that the fault breaks, or its failed cycles."""
    if fault["rule"]:
        return fault["rule"] in {finding["rule"] for finding in report["findings"]}
    return bool(report["failed"][fault["failure"]])


@contextlib.contextmanager
def struck_device(field: Field, fault: dict[str, Any]) -> Iterator[None]:
    """A device with the fault, which counts its connections from the first."""
    process = device(field, "--fault", fault["name"], "--every", EVERY)
    try:
        yield
    finally:
        process.stop()


def wrong_with(field: Field, fault: dict[str, Any], *limits: str) -> str:
    """What is not as it should be; empty where all is."""
    stem = f"{field.scene.directory}/{fault['name']}"
    cycles = OF_SLOW if fault["name"] in SLOW else CYCLES
    with struck_device(field, fault):
        report = field.ctl.strike(f"{DEVICE}:9000", "--cycles", cycles, "--concurrency", "8",
                                  "--evidence", f"{stem}.pcapng",
                                  *way_of(fault), timeout=120)
    if not seen(report, fault):
        return f"not found: {report['findings']}, failed {report['failed']}"
    if fault["rule"] and not fault["probed"] and report["evidence"]["findings"] == 0:
        return f"no evidence: {report['evidence']}"

    replay = ("--json", "strike", "--replay", f"{stem}.json", "--rule", fault["rule"] or "failure")
    with struck_device(field, fault):
        again = field.ctl(*replay, timeout=120).json()
    if not again["replay"]["found"]:
        return f"not found again: {again['replay']}, {again['why']}"

    with struck_device(field, fault):
        least = field.ctl(*replay, "--minimize", *limits, timeout=300).json()
        if not least["found"] or least["found_when_repeated"] == 0:
            return f"not minimized: {least}"
        once_more = field.ctl("--json", *shlex.split(least["command"])[1:], timeout=120)
    if not seen(json.loads(once_more.out), fault):
        return f"not found by {least['command']}: {once_more.out}{once_more.err}"
    return ""


@test("tap", "plain", busy=True)
def found_again_and_by_the_least_strike(field: Field) -> None:
    """With --whole all of them, and each search to its end or for a minute."""
    table = faults_over(field)
    whole = field.scene.binaries.whole
    today = table if whole else \
        [fault for fault in table[datetime.date.today().toordinal() % DAYS::DAYS]
         if fault["name"] not in VERY_SLOW]
    wrong = []
    for fault in today:
        limits = ("--within", "60s") if whole else \
            ("--tries", "1") if fault["name"] in SLOW else ("--within", "1s")
        if why := wrong_with(field, fault, *limits):
            wrong.append(f"{fault['name']}: {why}")
    same(wrong, [], "faults that were not found, not found again, or not minimized")
    field.scene.note(f"{len(today)} of {len(table)} faults")
