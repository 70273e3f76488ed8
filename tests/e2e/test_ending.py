"""Strikes that end before their time: at what they were asked to stop on."""

from __future__ import annotations

from harness import Field, check, same, test
from test_judge import DEVICE, device

EVERY = 500


@test("tap", quick=True, busy=True)
def at_the_first_finding(field: Field) -> None:
    """Of a rule, of a severity, at a failed cycle; and not at what is less than was asked for."""
    target = f"{DEVICE}:9000"
    many = ("--cycles", "20000", "--concurrency", "8")
    process = device(field, "--fault", "reset-outside-window", "--every", str(EVERY))
    for asked in (("--stop-on-rule", "reset-sequence"), ("--stop-on", "fault"),
                  ("--stop-on", "any")):
        report = field.ctl.strike(target, *many, "--close", "fin", *asked)
        same(report["verdict"], "fail", f"verdict with {asked} ({report['why']})")
        stopped = report["stopped"]
        same(stopped["cause"], "finding", "what stopped it")
        check("reset-sequence" in stopped["why"], f"why: {stopped['why']}")
        check(stopped["cycle"] <= report["cycles"] <= stopped["cycle"] + 300,
              f"{report['cycles']} cycles begun, the finding in {stopped['cycle']}")
        check(report["audit"]["balanced"], f"audit: {report['audit']}")
        same(report["audit"]["live"], 0, "connections that live on")
    report = field.ctl.strike(target, "--cycles", "20", "--stop-on", "fault")
    same(report["stopped"], None, "nothing stopped a strike that found nothing")
    wrong = field.ctl("strike", target, "--stop-on-rule", "no-such-rule")
    same(wrong.code, 2, "exit code of a rule that is none")
    check("one of ack-missing, " in wrong.err, f"error: {wrong.err}")
    process.stop()


@test("tap", quick=True)
def at_the_first_failed_cycle(field: Field) -> None:
    """A port that is closed refuses the first cycle."""
    done = field.ctl("strike", f"{field.PEER}:9001", "--cycles", "20000", "--stop-on", "failure")
    same(done.code, 10, "exit code")
    check("stopped      at the first failed cycle, 1, after " in done.out and
          ": RST to SYN" in done.out, f"report: {done.out}")
    report = field.ctl.strike(f"{field.PEER}:9001", "--cycles", "20000", "--stop-on", "failure")
    same((report["cycles"], report["stopped"]["cycle"]), (1, 1), "cycles begun, first failed")
