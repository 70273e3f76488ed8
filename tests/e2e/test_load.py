"""How a strike drives its load: by a rate that grows, by what its target bears, by SYNs that are
spread."""

from __future__ import annotations

from typing import Any

from harness import Field, check, same, test
from test_judge import DEVICE, device
from test_strike import not_accused

USAGE = 2


def grown(report: dict[str, Any]) -> None:
    """No second has more than its part of the ramp; a busy machine misses some, which is told."""
    rows = [row["begun"] for row in report["seconds"][:4]]
    for row, due in zip(rows, (500 / 6, 500 / 2, 500 * 5 / 6, 500)):
        check(due / 2 <= row <= due + 2, f"cycles a second: {rows}")


@test("tap", busy=True)
def a_rate_that_grows(field: Field) -> None:
    field.accept_close()
    target = f"{field.PEER}:9000"
    report = field.ctl.strike(target, "--concurrency", "16", "--duration", "4s", "--rate", "500",
                              "--ramp", "3s")
    same(report["asked"], 500 * 3 // 2 + 500, "asked: a triangle and a second")
    same(report["cycles"] + report["missed"], report["asked"], "begun or missed")
    grown(report)
    for part in ("p50", "p99", "max"):
        check(report["connect_due_us"][part] >= report["connect_us"][part],
              f"since due: {report['connect_due_us']}, plain: {report['connect_us']}")
    done = field.ctl("strike", target, "--cycles", "1", "--ramp", "3s").expect(USAGE)
    check("--rate" in done.err, f"a ramp to nowhere: {done.err}")


@test("tap")
def latency_since_a_cycle_was_due(field: Field) -> None:
    """What is limited with a rate, and told; without a rate nothing is due."""
    field.accept_close()
    target = f"{field.PEER}:9000"
    done = field.ctl("strike", target, "--cycles", "100", "--rate", "1000", "--max",
                     "connect_p99=1us")
    check("from when it was due to connected took" in done.out, f"the reason: {done.out}")
    check("since due    half connected within" in done.out, f"the report: {done.out}")
    same(field.ctl.strike(target, "--cycles", "10")["connect_due_us"], None, "without a rate")
    # One at a time, of 50 ms each: of 100 a second four of five are missed, and have waited.
    report = field.ctl.strike(target, "--duration", "2s", "--rate", "100", "--close", "fin-late")
    check(report["missed"] > 100, f"missed: {report['missed']}")
    check(report["connect_us"]["p50"] < 10_000 < report["connect_due_us"]["p50"],
          f"since due: {report['connect_due_us']}, plain: {report['connect_us']}")


@test("tap", busy=True)
def what_a_target_bears(field: Field) -> None:
    """The kernel bears as many as are tried: the fewest that are as fast as any are chosen."""
    field.accept_close()
    target = f"{field.PEER}:9000"
    report = field.ctl.strike(target, "--concurrency", "auto:64", "--cycles", "60000")
    ladder = report["ladder"]
    field.scene.note(f"bears {ladder['bears']}, chosen {ladder['chosen']}: "
                     f"{[rung['cycles_per_second'] for rung in ladder['rungs']]}")
    check(ladder["over"] and not ladder["fails_beyond"], f"ladder: {ladder}")
    tried = [rung["concurrency"] for rung in ladder["rungs"]]
    same(tried, [1 << n for n in range(len(tried))], "rungs")
    check(ladder["chosen"] in tried, f"chosen: {ladder}")
    same(report["concurrency"], ladder["chosen"], "concurrency of the report")
    same(report["in_flight"]["max"], tried[-1], "in flight")
    same((report["cycles"], report["completed"]), (60_000, 60_000), "cycles")
    not_accused(report)
    for wrong in ("auto:0", "auto:", "automatic", "0", "-1", "1x"):
        done = field.ctl("strike", target, "--cycles", "1", f"--concurrency={wrong}").expect(USAGE)
        check("give a number from 1" in done.err, f"--concurrency {wrong}: {done.err}")
    done = field.ctl("strike", target, "--cycles", "1", "--concurrency", "auto", "--rate", "9")
    check("give one of them" in done.err, f"with a rate: {done.err}")


@test("tap", busy=True)
def what_a_target_refuses(field: Field) -> None:
    """A device with 16 places: what it refuses while that is learnt is no fault, and afterwards
    nothing is refused. The same without learning fails."""
    process = device(field, "--most", "16")
    target = f"{DEVICE}:9000"
    report = field.ctl.strike(target, "--concurrency", "auto", "--cycles", "8000", "--close",
                              "fin-late", "--hold", "5ms")
    ladder = report["ladder"]
    same((ladder["bears"], ladder["over"], ladder["fails_beyond"]), (16, True, True),
         f"ladder: {ladder}")
    same([rung["concurrency"] for rung in ladder["rungs"]], [1, 2, 4, 8, 16, 32], "rungs")
    last = ladder["rungs"][-1]
    check(last["refused"] > 0, f"nothing was refused: {last}")
    same(report["failed"]["refused"], last["refused"], "refused in all")
    same(ladder["excused"], last["refused"], "excused")
    same(report["verdict"], "pass", f"why: {report['why']}")
    said = field.ctl("strike", target, "--concurrency", "auto", "--cycles", "8000", "--close",
                     "fin-late", "--hold", "5ms").out
    check("the target bears 16 at a time; beyond that it refuses" in said, f"the report: {said}")
    report = field.ctl.strike(target, "--concurrency", "32", "--cycles", "2000", "--close",
                              "fin-late", "--hold", "5ms")
    same(report["verdict"], "fail", f"32 at a time: {report['why']}")
    process.stop()


@test("tap", busy=True)
def syns_are_spread(field: Field) -> None:
    """No more in SYN-SENT than asked for, though many more are in flight."""
    field.accept_close()
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "5000", "--concurrency", "64",
                              "--max-opening", "4", "--close", "fin-late", "--hold", "20ms")
    same(report["completed"], 5_000, f"completed (failed: {report['failed']})")
    same(report["in_flight"]["opening"], 4, "in SYN-SENT")
    check(report["in_flight"]["max"] > 8, f"in flight: {report['in_flight']}")
    not_accused(report)
    said = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "10", "--max-opening", "1").out
    check("; 1 in SYN-SENT at most" in said, f"the report: {said}")
