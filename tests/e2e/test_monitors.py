"""Monitors beside a strike: service kept, degraded, lost and back."""

import http.server
import json
import os
import subprocess
import threading
import time
from typing import Any

from harness import Field, check, eventually, same, test

FAST = ("--monitor-every", "250ms", "--monitor-timeout", "500ms")
# On a busy machine the kernel's TCP is late, which is no fault.
LENIENT = ("--fail-on", "fault")


def strike(field: Field, *arguments: str, pace: tuple[str, ...] = FAST) -> dict[str, Any]:
    return field.ctl.strike(f"{field.PEER}:9000", "--concurrency", "8", "--rate", "500", *LENIENT,
                            *pace, *arguments)


def in_mid_strike(field: Field) -> None:
    """Waits until a strike has run for a second."""
    eventually(lambda: field.ctl.striking(), "a strike runs", 20)
    time.sleep(1)


def serve_http(field: Field, status: int) -> None:
    """A web server in the peer's namespace that always answers with this status."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # pylint: disable=invalid-name
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"x" * 10_000)

        def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
            pass

    with field.peer_ns.entered():
        server = http.server.HTTPServer((field.PEER, 8080), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    field.scene.undo(server.server_close)
    field.scene.undo(server.shutdown)

@test("tap", "packet", quick=True)
def service_that_is_kept(field: Field) -> None:
    field.accept_close()
    field.accept_close(9100)
    serve_http(field, 200)
    report = strike(field, "--duration", "2s", "--monitor", "ping",
                    "--monitor", f"tcp://{field.PEER}:9100", "--monitor", "exec:echo fine",
                    "--monitor", f"http://{field.PEER}:8080/status",
                    pace=("--monitor-every", "250ms"))
    same([m["state"] for m in report["monitors"]], ["kept"] * 4, f"states: {report['monitors']}")
    check(report["verdict"] != "fail", f"verdict ({report['why']})")
    for seen in report["monitors"]:
        check(4 <= seen["during"]["probes"] <= 9, f"probes in 2 s, one each 250 ms: {seen}")
        same((seen["after"]["probes"], seen["recovered_after_s"]), (3, 0), f"after: {seen}")
        check(seen["during"]["p50_s"] > 0, f"no latency: {seen}")
    field.ctl.balanced()
    text = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "100", *FAST,
                     "--monitor", "ping").out
    check(f"monitor      ping:{field.PEER}: kept\n" in text, f"the report: {text}")


@test("tap")
def pings_that_are_dropped_for_4_seconds(field: Field) -> None:
    field.accept_close()
    path = f"{field.scene.directory}/found.pcapng"
    ignore = "net/ipv4/icmp_echo_ignore_all"

    def drop() -> None:
        in_mid_strike(field)
        field.peer_ns.sysctl(ignore, "1")
        time.sleep(4)
        field.peer_ns.sysctl(ignore, "0")

    thread = threading.Thread(target=drop)
    thread.start()
    report = strike(field, "--duration", "8s", "--monitor", "ping", "--evidence", path)
    thread.join()
    seen = report["monitors"][0]
    same((seen["state"], seen["during"]["state"], seen["after"]["state"]),
         ("lost", "lost", "kept"), f"states: {seen}")
    same(report["verdict"], "fail", "verdict")
    check("service lost during the strike: " in report["why"], report["why"])
    # A probe is out 500 ms before it has failed, which leaves one slot out.
    check(3.2 <= seen["longest_outage_s"] <= 5.5, f"outage: {seen}")
    check(5 <= seen["failed_in_a_row"] <= 11, f"failed: {seen}")
    check(0.9 <= seen["first_failed_at_s"] <= 4, f"first failure: {seen}")
    same(seen["recovered_after_s"], 0, "back before the end")
    check("no answer" in seen["first_failure"], seen["first_failure"])
    with open(path.replace(".pcapng", ".json"), encoding="utf-8") as file:
        same(json.load(file), report, "the JSON beside the evidence")
    with open(path.replace(".pcapng", ".txt"), encoding="utf-8") as file:
        check(f"monitor      ping:{field.PEER}: lost during the strike" in file.read(), "the text")
    field.scene.note(f"outage {seen['longest_outage_s']:.2f} s, {seen['failed_in_a_row']} probes")


@test("tap")
def a_command_that_fails_after_a_while(field: Field) -> None:
    """It fails from the middle of the strike until 1 s after its end."""
    field.accept_close()
    alarm = f"{field.scene.directory}/alarm"
    command = (f"exec:if test -e {alarm}; then echo the watchdog has bitten; exit 3; fi")

    def bite() -> None:
        in_mid_strike(field)
        with open(alarm, "w", encoding="ascii"):
            pass

    thread = threading.Thread(target=bite)
    thread.start()
    arguments = ("--duration", "3s", "--monitor", command, "--monitor-after", "2s")
    report = strike(field, *arguments)
    thread.join()
    seen = report["monitors"][0]
    same((report["verdict"], seen["state"], seen["recovered_after_s"]), ("fail", "lost", None),
         f"verdict: {report['why']}")
    same(seen["first_failure"], "exit code 3: the watchdog has bitten", "first failure")
    check(6 <= seen["after"]["failed"] <= 9, f"probes for 2 s after the strike: {seen}")

    refused = field.ctl("strike", f"{field.PEER}:9000", *FAST, *arguments).expect(1)
    same(refused.err, f"conkerctl: --monitor {command}: bad before the strike, and nothing was "
         "struck: exit code 3: the watchdog has bitten\n", "bad before the strike")


@test("tap")
def outages_within_the_limit(field: Field) -> None:
    """A service that hangs once is degraded, which is a weakness."""
    field.accept_close()
    flag = f"{field.scene.directory}/flag"
    # Hangs at its sixth run, with a process of its own beside it.
    pause = f"sleep 1{os.getpid()}"
    command = (f"exec:echo >> {flag}; test $(wc -l < {flag}) -ne 6 || "
               f"({pause} & {pause}; true)")
    report = strike(field, "--duration", "3s", "--monitor", command,
                    "--max", "monitor_outage=2s")
    seen = report["monitors"][0]
    same(seen["state"], "degraded", f"state: {seen}")
    check(report["verdict"] != "fail", f"verdict: {report['why']}")
    check(seen["why"].startswith("during the strike: 1 of "), seen["why"])
    same(seen["first_failure"], "the command did not end within 500.0 ms", "first failure")
    left = subprocess.run(["pgrep", "-xf", pause], capture_output=True, text=True, check=False)
    same(left.stdout, "", "processes of the command that are left")


@test("tap", quick=True)
def monitors_that_make_no_sense(field: Field) -> None:
    target = f"{field.PEER}:9000"
    for arguments, expected in (
            (("--monitor", "pong"), "--monitor pong: give ping, ping:HOST, tcp://HOST:PORT, "
             "http://HOST:PORT/PATH or exec:COMMAND"),
            (("--monitor", "ping") * 9, "--monitor: 9 are too many, give 8 at most"),
            (("--monitor", "ping", "--monitor-every", "1us"),
             "--monitor-every 1us: must be from 50.0 ms to 1 min 0 s"),
            (("--monitor", "ping", "--max", "monitor_outage=soon"),
             "--max monitor_outage soon: write a time, like 90s, 50ms, 5min, 8h or 2d")):
        done = field.ctl("strike", target, *arguments).expect(2)
        same(done.err, f"conkerctl: {expected}\n", "error")
    serve_http(field, 503)
    for monitor, why in ((f"http://{field.PEER}:8080/", "HTTP status 503"),
                         (f"tcp://{field.PEER}:1", f"{field.PEER}:1 refused the connection")):
        done = field.ctl("strike", target, "--monitor", monitor).expect(1)
        check(done.err.endswith(f"nothing was struck: {why}\n"), done.err)


@test("tap")
def a_daemon_that_goes_is_not_the_targets_outage(field: Field) -> None:
    """The daemon is killed after the strike, before the monitor has seen service come back."""
    field.accept_close()
    process = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--duration", "1s",
                              "--rate", "100", "--monitor", "ping", "--monitor-after", "3s",
                              *LENIENT)
    for running in (True, False):
        eventually(lambda: bool(field.ctl.striking()) == running,
                   f"a strike {'runs' if running else 'has ended'}")
    field.daemon.kill()
    same(process.wait(), 11, "exit code")
    report = process.last_json()
    seen = report["monitors"][0]
    same((report["verdict"], seen["state"], seen["after"]["failed"]), ("inconclusive", "kept", 0),
         f"verdict: {report['why']}")
    check(seen["after"]["not_made"] >= 2 and "no daemon at" in seen["not_made"], f"{seen}")
