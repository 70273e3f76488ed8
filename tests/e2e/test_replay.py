"""Replays: what a strike found is looked for again, from its evidence or its journal."""

import json
import pathlib
import re
from typing import Any

from harness import Field, Result, check, same, test
from test_judge import DEVICE, device

FOUND, NOT_FOUND = 10, 11
RULE = "reset-sequence"
FAULT = ("--fault", "reset-outside-window", "--every", "300")


def strike(field: Field, path: str, *arguments: str) -> Result:
    """Finds the device's fault in cycle 300."""
    return field.ctl("strike", f"{DEVICE}:9000", "--cycles", "700", "--concurrency", "8",
                     "--look", "none", "--evidence", path, *arguments, timeout=60)


def replay(field: Field, path: str, *arguments: str) -> Result:
    return field.ctl("strike", "--replay", path, *arguments, timeout=120)


def report(path: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    return whole


@test("tap", quick=True)
def a_finding_comes_again(field: Field) -> None:
    """From the evidence and from the journal; not when the device is mended."""
    stem = f"{field.scene.directory}/found"
    process = device(field, *FAULT)
    strike(field, f"{stem}.pcapng", "--journal", f"{stem}.journal").expect(FOUND)
    process.stop()
    begin = report(f"{stem}.json")["begin"]
    same((begin["target"], begin["parameters"]["concurrency"], begin["faults"]["loss"]),
         (f"{DEVICE}:9000", 8, 0), "what began")
    for path in (f"{stem}.json", f"{stem}.journal"):
        process = device(field, *FAULT)
        done = replay(field, path, "--rule", RULE, "--evidence", f"{stem}2.pcapng").expect(FOUND)
        process.stop()
        check(done.out.startswith(f"found again: {RULE} in cycle 300 (in the evidence: cycle 300)"),
              f"report: {done.out}")
        again = report(f"{stem}2.json")
        same(again["replay"]["found"], True, "found, in the .json of the replay")
        check(again["cycles"] < 400, f"it went on after the finding: {again['cycles']} cycles")
    process = device(field)
    done = replay(field, f"{stem}.json", "--rule", RULE).expect(NOT_FOUND)
    tried = re.match(f"not found again in ([0-9,]+) cycles: {RULE}\n", done.out)
    check(tried and int(tried[1].replace(",", "")) >= 1000, f"report: {done.out}")
    done = replay(field, f"{stem}.json", "--rule", RULE, "--cycles", "50").expect(NOT_FOUND)
    check("in 50 cycles" in done.out, f"report: {done.out}")
    process.stop()


@test("tap")
def a_failed_cycle_comes_again(field: Field) -> None:
    path = f"{field.scene.directory}/failed.pcapng"
    faulty = ("--fault", "reset-to-syn", "--every", "100")
    process = device(field, *faulty)
    strike(field, path).expect(FOUND)
    process.stop()
    process = device(field, *faulty)
    done = replay(field, path.replace(".pcapng", ".json"), "--rule", "failure").expect(FOUND)
    process.stop()
    check(done.out.startswith("found again: failed cycle (connecting) in cycle 100 "),
          f"report: {done.out}")


@test("tap")
def faults_of_our_link_are_set_again(field: Field) -> None:
    """And are afterwards what they were before."""
    def delay() -> int:
        us: int = field.ctl.json("stats")["links"][0]["faults"]["delay_us"]
        return us

    path = f"{field.scene.directory}/late.pcapng"
    process = device(field, *FAULT)
    field.ctl.ok("fault", "set", "delay=2ms")
    strike(field, path).expect(NOT_FOUND)  # inconclusive
    process.stop()
    field.ctl.ok("fault", "set", "delay=1ms")
    process = device(field, *FAULT)
    again = path.replace("late", "again")
    done = replay(field, path.replace(".pcapng", ".json"), "--rule", RULE, "--evidence", again
                  ).expect(NOT_FOUND)
    process.stop()
    check(done.out.startswith(f"found again: {RULE} in cycle 300 "), f"report: {done.out}")
    check("inconclusive, as our own side may be the cause" in done.out, f"report: {done.out}")
    same(report(again.replace(".pcapng", ".json"))["begin"]["faults"]["delay_us"], 2000, "delay")
    same(delay(), 1000, "delay after it")


@test("tap")
def what_cannot_be_replayed(field: Field) -> None:
    path = f"{field.scene.directory}/other.json"
    field.accept_close()
    field.ctl("strike", f"{field.PEER}:9000", "--cycles", "20", "--evidence",
              path.replace(".json", ".pcapng")).expect(0)
    same(replay(field, path).expect(1).err,
         f"conkerctl: {path}: nothing was found that could come again\n", "error")
    same(replay(field, "/nonexistent").expect(1).err,
         "conkerctl: /nonexistent: No such file or directory\n", "error")
    replay(field, path, "--concurrency", "5").expect(2)
    field.ctl("strike", f"{field.PEER}:9000", "--cycles", "5", "--rule", RULE).expect(2)

    # A target that strike.allow does not have, whatever a file says.
    told = report(path)
    told["begin"]["target"] = "10.99.0.1:80"
    told["findings"] = [{"rule": RULE, "severity": "fault", "section": "", "text": "", "count": 1,
                         "inconclusive": 0, "because": "", "cycle": 5, "at_s": 0, "from": "",
                         "to": "", "sequence": 0, "length": 0, "expected": 0, "seen": 0,
                         "unit": "", "offset": None}]
    pathlib.Path(path).write_text(json.dumps(told), encoding="utf-8")
    done = replay(field, path).expect(1)
    check("10.99.0.1" in done.err and done.err.count("\n") == 1, f"error: {done.err}")
