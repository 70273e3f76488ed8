"""conkerds of several workers that Locust drives, and the Python client that it does so with."""

from __future__ import annotations

import csv
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

from harness import Conkerd, Field, Namespace, Process, Scene, check, eventually, same, test

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / "ctl" / "python"
FLEET = PYTHON / "fleet"
TARGET = "10.77.9.1"
# Debian's, which has Locust.
PYTHON_3 = "/usr/bin/python3"


@test("tap", quick=True)
def the_client_is_that_of_the_schema(field: Field) -> None:
    schema = field.ctl.ok("--json", "schema").out
    made = subprocess.run([sys.executable, str(PYTHON / "generate.py")], input=schema, text=True,
                          capture_output=True, check=True).stdout
    check((PYTHON / "conker" / "verbs.py").read_text(encoding="ascii") == made,
          "ctl/python/conker/verbs.py is not of this schema: run what generate.py says")


@test("tap")
def the_client_calls(field: Field) -> None:
    field.accept_close()
    sys.path.insert(0, str(PYTHON))
    try:
        from conker import CallError, Gone  # pylint: disable=import-outside-toplevel
        from conker import Conkerd as Client  # pylint: disable=import-outside-toplevel
    finally:
        sys.path.remove(str(PYTHON))
    with Client(field.daemon.socket_path) as client:
        same(client.version()["protocol"], sys.modules["conker.verbs"].PROTOCOL, "version")
        seen: list[tuple[str, dict[str, Any]]] = []
        report = client.strike(target=f"{field.PEER}:9000", cycles=300, rate=300, look="none",
                               on_notification=lambda *told: seen.append(told))
        same((report["verdict"], report["completed"]), ("pass", 300), "report")
        check(len(seen) >= 3 and {name for name, _ in seen} == {"progress"}, f"seen: {seen}")
        begun = client.strike_start(target=f"{field.PEER}:9000", cycles=10, look="none")["id"]
        eventually(lambda: client.strike_list()["strikes"][-1]["state"] == "ended", "it ends")
        client.strike_file(id=begun, file="journal")
        with os.fdopen(client.descriptors.pop()) as journal:
            check(journal.readline().startswith('{"begin":'), "its journal")
        for call, words in ((lambda: client.strike(target="10.88.0.1:1", cycles=1), "10.88.0.1"),
                            (lambda: client.strike_times(id=99), "no strike 99")):
            try:
                call()
                check(False, f"no error with {words}")
            except CallError as error:
                check(words in str(error), f"error: {error}")
    try:
        Client(field.daemon.socket_path + "-")
        check(False, "no error without a daemon")
    except Gone as error:
        check("no daemon at" in str(error), f"error: {error}")


def conkerds(scene: Scene, namespace: Namespace, count: int) -> list[Conkerd]:
    """Each on a TAP device of its own; the target is an address that all reach by a gateway."""
    namespace.ip("link", "set", "lo", "up")
    namespace.ip("addr", "add", f"{TARGET}/32", "dev", "lo")
    return [scene.conkerd(
        {"links": [{"type": "tap", "name": "lan", "device": f"conker{n}",
                    "mac": f"02:00:00:00:77:{n:02}", "host_address": f"10.77.{n}.1/24",
                    "addresses": [f"10.77.{n}.2/24"]}],
         "gateway": f"10.77.{n}.1", "strike": {"allow": [f"{TARGET}/32"]}},
        namespace, name=f"conkerd{n}") for n in range(1, count + 1)]


def locust(scene: Scene, namespace: Namespace, name: str, *arguments: str) -> Process:
    environment = {"PYTHONPATH": f"{PYTHON}:{FLEET}", "PYTHONDONTWRITEBYTECODE": "1"}
    return scene.process(name, [PYTHON_3, "-m", "locust", "-f", str(FLEET / "locustfile.py"),
                                *arguments], namespace, environment=environment)


def worker(scene: Scene, namespace: Namespace, daemon: Conkerd, *arguments: str) -> Process:
    return locust(scene, namespace, f"worker-{daemon.name}", "--worker", "--master-host",
                  "127.0.0.1", "--conker-socket", daemon.socket_path, "--conker-target",
                  f"{TARGET}:9000", "--conker-concurrency", "16", *arguments)


def master(scene: Scene, namespace: Namespace, workers: int, seconds: int) -> Process:
    return locust(scene, namespace, f"master-of-{workers}", "--master", "--master-bind-host",
                  "127.0.0.1", "--headless", "--expect-workers", str(workers), "--users",
                  str(workers), "--spawn-rate", "10", "--run-time", f"{seconds}s",
                  "--csv", f"{scene.directory}/of-{workers}")


def connects(scene: Scene, workers: int) -> dict[str, str]:
    with open(f"{scene.directory}/of-{workers}_stats.csv", encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["Name"] == "connect")


@test()
def two_workers_and_their_sum(scene: Scene) -> None:
    namespace = scene.namespace()
    rates = {}
    daemons = conkerds(scene, namespace, 2)
    scene.peer(namespace, "accept-close", TARGET, "9000")
    for count in (1, 2):
        boss = master(scene, namespace, count, 6)
        workers = [worker(scene, namespace, daemon, "--conker-rate", "1000",
                          "--conker-mix", "fin=3,rst=1") for daemon in daemons[:count]]
        same(boss.wait(60), 0, f"exit code: {boss.err()[-2000:]}")
        for one in workers:
            one.wait(30)
        row = connects(scene, count)
        rates[count] = float(row["Requests/s"])
        same(row["Failure Count"], "0", "failures")
        told = boss.err()
        same(len(re.findall(r": strike: pass: ", told)), count, f"verdicts: {told}")
        merged = re.search(r"connect: ([\d,]+), half within ([\d.]+) ms, 99% ([\d.]+) ms", told)
        check(merged and merged[1].replace(",", "") == row["Request Count"] and
              0 < float(merged[2]) <= float(merged[3]) < 1000, f"of all together: {told}")
    check(rates[2] >= 1.5 * rates[1], f"connects a second: {rates}")
    scene.note(f"{rates[1]:,.0f}/s of one, {rates[2]:,.0f}/s of two")


@test()
def a_worker_is_killed_and_a_target_refuses(scene: Scene) -> None:
    namespace = scene.namespace()
    daemons = conkerds(scene, namespace, 2)
    peer = scene.peer(namespace, "accept-close", TARGET, "9000")
    boss = master(scene, namespace, 2, 14)
    workers = [worker(scene, namespace, daemon, "--conker-rate", "500") for daemon in daemons]
    for daemon in daemons:
        eventually(lambda d=daemon: (d.ctl.striking() or {"completed": 0})["completed"] > 200,
                   f"{daemon.name} strikes", 30)
    workers[0].kill()
    eventually(lambda: daemons[0].ctl.striking() is None, "its strike ends with it", 10)
    eventually(lambda: "failed to send heartbeat" in boss.err(), "Locust says so", 20)
    check(daemons[1].ctl.striking() is not None, "the other one goes on")
    peer.kill()
    same(boss.wait(60), 10, f"exit code: {boss.err()[-2000:]}")
    check(": strike: fail: " in boss.err() and "no report of its strike came" in boss.err(),
          f"verdicts: {boss.err()[-3000:]}")
    with open(f"{scene.directory}/of-2_failures.csv", encoding="utf-8") as file:
        failures = file.read()
    check("syn_refused (connecting)" in failures or "connecting" in failures,
          f"failures: {failures}")
