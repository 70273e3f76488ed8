"""--timeout of a strike: it is stopped, and its report is there nevertheless."""

from __future__ import annotations

import signal

from harness import Field, check, same, test
from test_judge import DEVICE, device

PASSED = " (--timeout passed)"


@test("tap", quick=True)
def a_good_peer_is_not_accused(field: Field) -> None:
    device(field)
    strike = ("--timeout", "1", "strike", f"{DEVICE}:9000", "--duration", "60s", "--rate", "100",
              "--look", "none")
    done = field.ctl("--json", *strike)
    same(done.code, 11, f"exit code: {done.err}")
    report = done.json()
    check(report["cycles"] > 0 and report["audit"]["balanced"], f"{report['audit']}")
    same((report["verdict"], report["why"].endswith(PASSED)), ("inconclusive", True),
         report["why"])
    journal = f"{field.scene.directory}/timed.journal"
    text = field.ctl(*strike, "--journal", journal)
    same(text.code, 11, f"exit code: {text.err}")
    first = text.out.splitlines()[0]
    check(first.startswith("INCONCLUSIVE: ") and first.endswith(PASSED), first)
    same(field.ctl("strike-report", journal).code, 11, "of its journal")


@test("tap", quick=True)
def what_was_found_fails(field: Field) -> None:
    """Also where all that is in flight must time out first."""
    process = device(field, "--fault", "timestamps-not-negotiated", "--every", "5")
    found = field.ctl("--json", "--timeout", "1", "strike", f"{DEVICE}:9000", "--duration", "60s",
                      "--rate", "100", "--look", "none")
    process.stop()
    same(found.code, 10, f"exit code: {found.err}")
    same([finding["rule"] for finding in found.json()["findings"]], ["timestamps-not-negotiated"],
         "findings")
    device(field, "--fault", "silent-to-fin", "--every", "1")
    deaf = field.ctl("--json", "--timeout", "1", "strike", f"{DEVICE}:9000", "--duration", "60s",
                     "--concurrency", "8", "--close-timeout", "2s", "--look", "none")
    same(deaf.code, 10, f"exit code: {deaf.err}")
    report = deaf.json()
    same((report["failed"]["timed_out"] >= 8, report["audit"]["live"]), (True, 0), "in flight")


@test("tap")
def of_a_daemon_that_hangs(field: Field) -> None:
    """Only then what is known is all there is."""
    device(field)
    running = field.ctl.start("--timeout", "1.5", "strike", f"{DEVICE}:9000", "--duration", "60s",
                              "--rate", "100", "--look", "none", "--connect-timeout", "100ms",
                              "--close-timeout", "100ms", "--hold", "0")
    running.until(lambda: field.ctl.audit()["closed"] > 50, "it strikes")
    field.daemon.signal(signal.SIGSTOP)
    try:
        same(running.wait(), 4, "exit code")
    finally:
        field.daemon.signal(signal.SIGCONT)
    said = running.err()
    check("known of it: " in said, said)
    check("timed out: the daemon has not reported within 10.2 s after --timeout\n" in said, said)
