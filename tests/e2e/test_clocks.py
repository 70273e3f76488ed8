"""The realtime clock is stepped under a daemon: nothing that it does depends on it but the times in
its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

from harness import VERDICTS, Field, Scene, check, eventually, same, test


@test()
def a_stepped_clock(scene: Scene) -> None:
    """A day ahead and a day back in the middle of a strike by a rate."""
    if scene.binaries.sanitized:
        return scene.note("sanitizers want to be loaded first themselves")
    library, clock = f"{scene.directory}/stepped_clock.so", f"{scene.directory}/clock"
    subprocess.run(["c++", "-shared", "-fPIC", "-O1", "-o", library,
                    f"{scene.binaries.sources}/tests/support/stepped_clock.cpp"], check=True)

    def step(seconds: int) -> None:
        with open(clock + ".new", "w", encoding="ascii") as file:
            file.write(str(seconds))
        os.rename(clock + ".new", clock)

    step(0)
    namespace = scene.namespace()
    tap = {"type": "tap", "name": "field", "device": "conker0", "mac": "02:00:00:00:00:02",
           "host_address": "10.77.0.1/24", "addresses": ["10.77.0.2/24"]}
    daemon = scene.conkerd({"links": [tap], "strike": {"allow": ["10.77.0.0/24"]}}, namespace,
                           prefix=["env", f"LD_PRELOAD={library}", f"STEPPED_CLOCK={clock}"])
    scene.peer(namespace, "accept-close", "10.77.0.1", "9000")
    strike = daemon.ctl.start("--json", "strike", "10.77.0.1:9000", "--rate", "200", "--duration",
                              "3", "--look", "none")
    eventually(daemon.ctl.striking, "the strike runs")
    for seconds in (86_400, -86_400):
        time.sleep(0.7)
        step(seconds)
    same(strike.wait(20), 0, f"the strike: {strike.err()}")
    report = json.loads(strike.out())
    check(report["cycles"] > 300, f"cycles, of 600 that the rate asks for: {report['cycles']}")
    check(2.9 < report["duration_s"] < 10, f"seconds that it took: {report['duration_s']}")
    check(daemon.ctl.json("status")["uptime_s"] < 60, "the daemon's uptime")
    daemon.ctl.balanced()


@test("tap", config={"services": [{"name": "echo", "port": 7}]})
def a_daemon_that_was_suspended(field: Field) -> None:
    """For 3 s, or a minute with --whole, in the middle of a strike: the peer's connection goes on,
    and what the target did meanwhile is not held against it."""
    field.accept_close()
    connection = field.connect(7, 120)
    strike = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--rate", "200",
                             "--duration", "2", "--look", "none", "--max", "failed=0%")
    eventually(field.ctl.striking, "the strike runs")
    field.daemon.signal(signal.SIGSTOP)
    connection.sendall(b"sent meanwhile")
    time.sleep(60 if field.scene.binaries.whole else 3)
    field.daemon.signal(signal.SIGCONT)
    same(connection.recv(100), b"sent meanwhile", "echo")
    check(strike.wait(60) in (VERDICTS["pass"], VERDICTS["inconclusive"]), f"{strike.out()}")
    report = json.loads(strike.out())
    for finding in report["findings"]:
        same(finding["inconclusive"], finding["count"], f"a finding that counts: {finding}")
    field.ctl.ok("ping", field.PEER, "-c", "1")
    field.ctl.balanced()
