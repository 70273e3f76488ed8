"""Strikes that end before their time: at what they were asked to stop on, or since their peer has
stopped answering."""

from __future__ import annotations

from harness import Field, check, eventually, same, test
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


@test("tap")
def a_peer_that_stops_answering(field: Field) -> None:
    """In mid-strike the kernel begins to drop what it would answer: found out in seconds."""
    field.accept_close()
    how = ("--concurrency", "8", "--connect-timeout", "1s", "--close-timeout", "1s",
           "--look", "none")
    running = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--duration", "10min", *how)
    eventually(lambda: (field.ctl.striking() or {"completed": 0})["completed"] > 100,
               "the strike runs")
    field.peer_ns.ip("route", "add", "blackhole", f"{field.STACK}/32")
    same(running.wait(30), 10, "exit code")
    report = running.last_json()
    stopped = report["stopped"]
    same(stopped["cause"], "wedged", "what stopped it")
    check(f"has stopped answering after cycle {stopped['cycle']}, " in report["why"],
          f"why: {report['why']}")
    check(report["duration_s"] < stopped["at_s"] + 12, f"struck for {report['duration_s']} s")
    check(stopped["cycle"] > 100, f"the last completed cycle: {stopped['cycle']}")
    field.scene.note(f"stopped {report['duration_s'] - stopped['at_s']:.1f} s after the last cycle")

    went_on = field.ctl.strike(f"{field.PEER}:9000", "--duration", "7s", *how, "--keep-going")
    same((went_on["stopped"], went_on["verdict"]), (None, "fail"), "with --keep-going")
    check(went_on["duration_s"] > 6.9, f"struck for {went_on['duration_s']} s")
