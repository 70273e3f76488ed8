"""Passive strikes: conkerd listens, and ends the connections of whoever comes by the same ways,
with the same judge and report."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from typing import Any

from harness import Ctl, Field, Process, accused_of, broken_rules, check, eventually, same, test

PORT = 1883
CYCLES = 400  # of each way
WAYS = ("fin", "rst", "fin-with-ack", "fin-late", "rst-late", "half-close", "data-fin", "unsent",
        "rst-unread", "rst-outside", "rst-inside", "syn-inside", "ack-beyond", "fin-early",
        "fin-overlap")


def clients(field: Field, behaviour: str, threads: int = 8) -> Process:
    return client(field, "kernel", field.STACK, str(PORT), behaviour, str(threads))


def client(field: Field, *arguments: str) -> Process:
    script = os.path.join(field.scene.binaries.sources, "tests/e2e/peers/client.py")
    return field.scene.process("client", [sys.executable, script, *arguments], field.peer_ns)


def listen(ctl: Ctl, *arguments: str, port: str = str(PORT)) -> dict[str, Any]:
    return ctl.strike("--listen", port, *arguments)


@test("tap", "packet", quick=True, busy=True)
def a_kernel_that_comes_again_and_again(field: Field) -> None:
    """By each way: the kernel bears all of them."""
    process = clients(field, "speaks")
    for way in WAYS:
        report = listen(field.ctl, "--close", way, "--hold", "5ms", "--cycles", str(CYCLES),
                        "--concurrency", "8", "--duration", "60s")
        same(accused_of(report), set(), f"{way}: {report['findings']}")
        same((report["cycles"], report["completed"]), (CYCLES, CYCLES),
             f"{way}: cycles begun, completed (failed: {report['failed']})")
        if not report["findings"]:
            same(report["verdict"], "pass", f"{way}: verdict ({report['why']})")
        check(report["passive"] and report["target"] == f"{field.STACK}:{PORT}",
              f"{way}: where it listened: {report['target']}")
        check(report["judged"] > 2 * CYCLES, f"{way}: judged only {report['judged']} segments")
        check(report["in_flight"]["max"] <= 8, f"{way}: in flight: {report['in_flight']}")
    process.stop()
    process = clients(field, "closes")
    for way in ("peer-first", "data-to-closed"):
        report = listen(field.ctl, "--close", way, "--cycles", str(CYCLES))
        same((report["completed"], report["in_flight"]["max"]), (CYCLES, 1),
             f"{way}: completed, in flight")
        same(accused_of(report), set(), f"{way}: {report['findings']}")
    process.stop()
    eventually(lambda: field.ctl.balanced()["live"] == 0, "no connection is left")


@test("tap", quick=True)
def a_mix_and_its_report(field: Field) -> None:
    process = clients(field, "speaks")
    journal = f"{field.scene.directory}/passive.journal"
    evidence = f"{field.scene.directory}/passive.pcapng"
    done = field.ctl("strike", "--listen", f"{field.STACK}:{PORT}", "--mix",
                     "fin=3,rst=1,half-close=1", "--duration", "2s", "--concurrency", "4",
                     "--journal", journal, "--evidence", evidence)
    check(done.code in (0, 11), f"exit code {done.code}: {done.out}{done.err}")
    check(f"listened at  {field.STACK}:{PORT}, closed by a mix, 4 at a time" in done.out,
          f"report: {done.out}")
    for absent in ("\nconnect  ", "SYN-SENT", "\nlooks"):
        check(absent not in done.out, f"{absent!r} in the report: {done.out}")
    told = field.ctl("strike-report", journal)
    check(f"listened at  {field.STACK}:{PORT}" in told.out, f"its journal: {told.out}{told.err}")
    with open(evidence.removesuffix("pcapng") + "json", encoding="utf-8") as file:
        same(json.load(file)["begin"]["parameters"]["passive"], True, "passive in the evidence")
    process.stop()


@test("tap", quick=True)
def clients_whose_tcp_is_wrong(field: Field) -> None:
    process = clients(field, "aborts", 1)
    report = listen(field.ctl, "--stop-on", "weakness", "--cycles", str(CYCLES))
    check("reset-of-fin" in broken_rules(report) or report["failed"]["reset"] > 0,
          f"FINs answered by RSTs: {report['findings']}, failed {report['failed']}")
    same(report["verdict"], "fail", f"verdict ({report['why']})")
    same(report["first_failure"]["peer"].split(":")[0], field.PEER, "who failed first")
    process.stop()

    process = client(field, "constant-isn", field.STACK, str(PORT), "conker0")
    evidence = f"{field.scene.directory}/isn.pcapng"
    report = listen(field.ctl, "--cycles", "50", "--fail-on", "fault", "--evidence", evidence)
    same(broken_rules(report), {"isn-repeats"}, f"findings: {report['findings']}")
    finding = report["findings"][0]
    with open(evidence.replace("pcapng", "script"), encoding="utf-8") as file:
        script = file.read()
    lines = [line for line in script.splitlines() if not line.startswith("#")]
    check(f"One connection, of {finding['to']} with {finding['from']}," in script and
          lines[0].startswith("0.000000 < S ") and lines[1].split()[1:3] == [">", "S."],
          f"the packet script: {script}")
    same((finding["from"].split(":")[0], finding["to"]), ("10.77.0.9", f"{field.STACK}:{PORT}"),
         "who broke the rule, and towards whom")
    same((report["verdict"], report["completed"]), ("fail", 50), f"verdict ({report['why']})")
    again = field.ctl("strike", "--replay", evidence.replace("pcapng", "json"))
    same(again.code, 10, f"exit code of the replay: {again.out}{again.err}")
    check(again.out.startswith("found again: isn-repeats"), f"the replay: {again.out}")
    least = field.ctl("strike", "--replay", evidence.replace("pcapng", "json"), "--minimize",
                      timeout=120).expect(10)
    command = shlex.split(least.out.splitlines()[-1])
    same(command[:4], ["conkerctl", "strike", "--listen", f"{field.STACK}:{PORT}"], "the least")
    check(int(command[command.index("--cycles") + 1]) <= 3, f"cycles: {least.out}")
    once_more = field.ctl("--json", *command[1:]).json()
    same(broken_rules(once_more), {"isn-repeats"}, f"once more: {once_more['findings']}")
    stopped = listen(field.ctl, "--cycles", "5000", "--stop-on", "fault")
    same(stopped["stopped"]["cause"], "finding", f"what stopped it: {stopped['why']}")
    check(stopped["cycles"] < 50, f"{stopped['cycles']} cycles")
    process.stop()


@test("tap", quick=True)
def nobody_comes(field: Field) -> None:
    report = listen(field.ctl, "--duration", "300ms")
    same((report["verdict"], report["cycles"]), ("inconclusive", 0), "verdict, cycles")
    check(report["why"].startswith("nobody came"), f"why: {report['why']}")
    few = field.ctl.start("--json", "strike", "--listen", str(PORT), "--cycles", "10")
    process = clients(field, "speaks", 1)
    same(few.wait(30), 0, f"ten that come later: {few.err()}")
    process.stop()


@test("tap", config={"strike": {"allow": ["10.77.0.8/32"]}}, quick=True)
def peers_that_are_not_allowed(field: Field) -> None:
    process = clients(field, "speaks", 2)
    report = listen(field.ctl, "--duration", "500ms")
    same((report["verdict"], report["cycles"], report["judged"]), ("inconclusive", 0, 0),
         f"verdict, cycles, segments judged ({report['why']})")
    check(report["turned_away"] > 1, f"turned away: {report['turned_away']}")
    check("strike.allow" in report["why"], f"why: {report['why']}")
    process.stop()


@test("tap", config={"services": [{"name": "echo", "port": 7}]}, quick=True)
def what_makes_no_sense_is_refused(field: Field) -> None:
    def refused(code: int, what: str, *arguments: str) -> None:
        done = field.ctl("strike", *arguments)
        same(done.code, code, f"exit code of {arguments}: {done.err}")
        check(what in done.err and len(done.err.splitlines()) == 1, f"{arguments}: {done.err}")

    port = ("--listen", str(PORT))
    refused(2, "rate", *port, "--rate", "10")
    refused(2, "concurrency_auto", *port, "--concurrency", "auto")
    refused(2, "max_opening", *port, "--max-opening", "2")
    refused(2, "connect_timeout_ms", *port, "--connect-timeout", "1s")
    refused(2, "max_connect_p99_us", *port, "--max", "connect_p99=20ms")
    refused(2, "expect", *port, "--expect", "echo")
    refused(2, "look full", *port, "--look", "full")
    refused(2, "abort-connecting", *port, "--mix", "fin=1,abort-connecting=1")
    refused(1, "a service listens on that port", "--listen", "7", "--duration", "1s")
    refused(1, "no address of this stack", "--listen", "10.77.0.99:7", "--duration", "1s")
    refused(2, "ping:HOST", *port, "--monitor", "ping")
    refused(2, "a number from 1 to 65535", "--listen", "70000")
    done = field.ctl("listen", str(PORT), "--service", "strike")
    same(done.code, 2, "exit code of the service strike")
    check(f"conkerctl strike --listen {PORT}" in done.err, f"advice: {done.err}")
    done = field.ctl("strike", "10.77.0.1:9000", *port)
    check(done.code not in (0, 1, 10, 11), f"a target and --listen: {done.code}")


@test("tap", quick=True, busy=True)
def the_least_that_peers_need_not_wait_for(field: Field) -> None:
    """Of three ways the one that shows it: a client that resets in answer to a FIN."""
    process = clients(field, "aborts", 4)
    evidence = f"{field.scene.directory}/aborts.pcapng"
    report = listen(field.ctl, "--mix", "rst=1,half-close=1,fin=1", "--hold", "5ms", "--cycles",
                    "100", "--concurrency", "4", "--evidence", evidence)
    rule = "reset-of-fin" if "reset-of-fin" in broken_rules(report) else "failure"
    told = field.ctl("--json", "strike", "--replay", evidence.replace("pcapng", "json"), "--rule",
                     rule, "--minimize", timeout=120).expect(10).json()
    same((told["found"], told["complete"], told["found_when_repeated"]), (True, True, 3), "search")
    least = told["parameters"]
    same((least["concurrency"], least.get("mix")), (1, None), f"the least: {told['command']}")
    check(least["close"] != "rst" and least["cycles"] <= 3, f"the least: {told['command']}")
    process.stop()


@test("tap", quick=True)
def a_strike_that_is_resumed(field: Field) -> None:
    process = clients(field, "speaks", 4)
    path = f"{field.scene.directory}/passive.journal"
    running = field.ctl.start("strike", "--listen", str(PORT), "--cycles", "600", "--concurrency",
                              "4", "--close", "fin-late", "--hold", "10ms", "--journal", path)
    eventually(lambda: (field.ctl.striking() or {"completed": 0})["completed"] > 100,
               "the strike runs")
    running.signal(signal.SIGINT)
    same(running.wait(30), 11, "exit code")
    done = field.ctl("--json", "strike", "--resume", path, timeout=60)
    whole = done.json()
    same((whole["cycles"], whole["completed"], whole["passive"], whole["target"]),
         (600, 600, True, f"{field.STACK}:{PORT}"), f"of both parts ({whole['why']})")
    check(sum(row["begun"] for row in whole["seconds"]) == 600, f"rows: {whole['seconds']}")
    check("nothing is left of its strike" in field.ctl("strike", "--resume", path).expect(1).err,
          "a strike that is over was resumed")
    process.stop()


@test("tap", quick=True)
def a_strike_that_is_interrupted(field: Field) -> None:
    process = clients(field, "speaks", 2)
    running = field.ctl.start("--json", "strike", "--listen", str(PORT), "--duration", "10min",
                              "--close", "fin-late")
    eventually(lambda: (field.ctl.striking() or {"completed": 0})["completed"] > 10,
               "the strike runs")
    running.signal(signal.SIGINT)
    same(running.wait(30), 11, "exit code")
    check("interrupted" in running.last_json()["why"], f"why: {running.last_json()['why']}")
    process.stop()
    same(subprocess.run(field.ctl.command("listen", str(PORT), "--service", "discard"),
                        capture_output=True, check=False).returncode, 0, "the port is free again")
