"""A changed configuration is taken over by SIGHUP or `conkerctl reload`: all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import threading
from typing import Any

from harness import Field, check, eventually, same, test

ECHO = {"services": [{"name": "echo", "port": 7}]}


def changed(field: Field, **sections: Any) -> None:
    field.daemon.config.update(sections)
    field.daemon.write_config()


def reload(field: Field, *keys: str) -> None:
    """Reloads; these keys, and no others, are taken over."""
    same(field.ctl.json("reload")["changed"], list(keys), "taken over")


def listening(field: Field) -> set[tuple[str, int, str]]:
    return {(entry["protocol"], entry["port"], entry["service"])
            for entry in field.ctl.json("status")["listeners"]}


@test("tap", config={**ECHO, "dns": {"servers": ["10.77.0.1"]}}, quick=True)
def what_can_change_is_taken_over(field: Field) -> None:
    reload(field)
    field.daemon.config["strike"]["allow"] = ["10.77.0.128/25"]
    changed(field, services=[{"name": "discard", "port": 7}, {"name": "echo", "port": 9},
                             {"name": "echo", "port": 9, "protocol": "udp"}],
            log={"level": "debug"}, dns={"servers": ["10.77.0.9"]})
    reload(field, "dns.servers", "services", "strike.allow", "log.level")
    same(listening(field), {("tcp", 7, "discard"), ("tcp", 9, "echo"), ("udp", 9, "echo")},
         "services")
    status = field.ctl.json("status")
    same((status["log"]["level"], status["dns_servers"]), ("debug", ["10.77.0.9"]), "log and DNS")
    refused = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1").expect(1)
    check("strike.allow" in refused.err, f"a target that is not allowed any more: {refused.err}")
    reload(field)


@test("tap", config=ECHO, quick=True)
def what_a_client_has_set_stays(field: Field) -> None:
    """The file says of it what it said before."""
    field.ctl.ok("log", "debug")
    field.ctl.ok("unlisten", "7")
    field.ctl.ok("listen", "9", "--service", "discard")
    changed(field, shutdown_timeout="1s")
    reload(field, "shutdown_timeout")
    same(field.ctl.json("status")["log"]["level"], "debug", "log level")
    same(listening(field), {("tcp", 9, "discard")}, "services")


@test("tap", config=ECHO, quick=True)
def nothing_is_changed_by_what_cannot_be(field: Field) -> None:
    """A file with an error, a key that takes another start, a service whose port is taken."""
    before, services = json.loads(json.dumps(field.daemon.config)), listening(field)
    link = before["links"][0]
    field.ctl.ok("listen", "9", "--service", "discard")

    def refused(words: str, **sections: Any) -> None:
        field.daemon.config.clear()
        field.daemon.config.update({**before, "log": {"level": "debug"}, **sections})
        field.daemon.write_config()
        done = field.ctl("reload").expect(1)
        check(words in done.err and "nothing was changed" in done.err, f"{words}: {done.err}")
        same(len(done.err.strip().splitlines()), 1, "lines of the error")
        same(field.ctl.json("status")["log"]["level"], "info", f"log level after {words}")
        same(listening(field), services | {("tcp", 9, "discard")}, f"services after {words}")

    refused("capacities.chunks, tcp.time_wait cannot change while conkerd runs",
            capacities={"chunks": 99}, tcp={"time_wait": "1s"})
    refused("links.field cannot change", links=[{**link, "mtu": 1400}])
    refused("links cannot change", links=[{**link, "name": "other"}])
    refused("is not a whole number", services=[{"name": "echo", "port": 70000}])
    refused("service echo on port 9", services=[{"name": "chargen", "port": 19},
                                                {"name": "echo", "port": 9}])
    refused("log.sink: there is no directory", log={"sink": "/nowhere/log"})
    with open(field.daemon.config_path, "w", encoding="ascii") as file:
        file.write("links: [")
    field.ctl("reload").expect(1)
    os.unlink(field.daemon.config_path)
    check("No such file" in field.ctl("reload").expect(1).err, "the file is not there")
    check(field.daemon.process.err().count("nothing was changed") == 8, "lines of the log")


@test("tap", config=ECHO)
def connections_go_on_meanwhile(field: Field) -> None:
    """SIGHUP with good and bad files, while data moves over a connection of a service that goes."""
    connection = field.connect(7)
    data = random.Random(5).randbytes(20_000_000)
    got = hashlib.sha256()

    def receive() -> None:
        left = len(data)
        while left and (part := connection.recv(1 << 20)):
            got.update(part)
            left -= len(part)

    reader = threading.Thread(target=receive)
    reader.start()
    for at in range(10):
        connection.sendall(data[at * 2_000_000:(at + 1) * 2_000_000])
        changed(field, services=[{"name": "daytime", "port": 13 + at}] if at % 2 else "nonsense")
        field.daemon.signal(signal.SIGHUP)
        eventually(lambda n=at + 1: field.daemon.process.err().count("reload: ") == n, "reloaded")
    reader.join(30)
    same(got.hexdigest(), hashlib.sha256(data).hexdigest(), "what was echoed")
    eventually(lambda: listening(field) == {("tcp", 22, "daytime")}, "the last good file holds")
    same(field.daemon.process.err().count("taken over"), 5, "files taken over")
    same(field.daemon.process.err().count("nothing was changed"), 5, "files refused")
    field.ctl.balanced()


@test("tap", quick=True)
def faults_of_the_configuration(field: Field) -> None:
    """A link has faults from the start or from a reload on, and says so."""
    link = field.daemon.config["links"][0]
    changed(field, links=[{**link, "faults": {"loss": "100%", "delay": "1ms"}}])
    reload(field, "links.field.faults")
    check(field.ctl.json("status")["links"][0]["faults"], "status does not show the faults")
    field.ctl("--timeout", "0.3", "ping", field.PEER, "-c", "1").expect(4)
    check("has faults, as the configuration says" in field.daemon.process.err(), "the log")
    same(field.daemon.terminate(), 0, "exit code")
    field.daemon.start()
    field.ctl("--timeout", "0.3", "ping", field.PEER, "-c", "1").expect(4)
    changed(field, links=[link])
    reload(field, "links.field.faults")
    field.ctl.ok("ping", field.PEER, "-c", "1")


@test("tap", quick=True)
def another_log(field: Field) -> None:
    path = f"{field.scene.directory}/conkerd.log"
    changed(field, log={"sink": path})
    field.daemon.signal(signal.SIGHUP)
    eventually(lambda: os.path.exists(path) and "log.sink taken over" in
               open(path, encoding="utf-8").read(), "the new log")
    changed(field, log={"sink": "stderr"})
    field.daemon.signal(signal.SIGHUP)
    eventually(lambda: "log.sink taken over" in field.daemon.process.err(), "stderr again")
