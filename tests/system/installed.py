"""The service on a machine that has never seen it, from installing to purging: each test goes on
where the one before has ended."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any, Callable

from harness import Failure, check, eventually, same
from machine import Machine

PEER = "10.77.0.1"  # the machine's side of conker0
HOLDING = f"""import socket
s = socket.create_server(("{PEER}", 9000), backlog=1024); print("listens", flush=True)
kept = []
while True: kept.append(s.accept()[0])
"""
CLOSING = f"""import asyncio
async def serve(reader, writer):
    try: await reader.read()
    except ConnectionError: pass
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "{PEER}", 9001, backlog=1024)
    print("listens", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
# Sends on one connection to the echo service, and waits for each echo, until it is killed.
ECHOING = """import socket
s = socket.create_connection(("10.77.0.2", 7), timeout=10); print("listens", flush=True)
while True:
    s.sendall(b"x" * 1000); left = 1000
    while left: left -= len(s.recv(left)) or exit("closed")
"""
# Sends back what it receives.
KERNEL_ECHO = f"""import socket
s = socket.create_server(("{PEER}", 9002)); print("listens", flush=True)
c = s.accept()[0]
while data := c.recv(65536): c.sendall(data)
"""
# Sends 1 MB through the forward, and prints how much of it came back.
THROUGH = """import socket, threading
c = socket.create_connection(("127.0.0.1", 7777), timeout=10)
threading.Thread(target=c.sendall, args=(b"x" * 1000000,), daemon=True).start()
got = 0
while got < 1000000: got += len(c.recv(65536)) or exit(f"closed after {got}")
print(got)
"""


class Subject:
    """A machine, and the two packages: an older one, and that under test."""

    def __init__(self, machine: Machine, older: str, newer: str) -> None:
        self.machine = machine
        self.older, self.newer = older, newer

    def install(self, package: str) -> None:
        self.machine.write("/root/conker.deb", "")
        subprocess.run(["cp", package, self.machine.path("/root/conker.deb")], check=True)
        self.machine.run("dpkg", "--install", "/root/conker.deb").expect(0)

    def serve(self, program: str) -> subprocess.Popen[str]:
        server = self.machine.start("/usr/bin/python3", "-c", program)
        assert server.stdout is not None
        if server.stdout.readline() != "listens\n":
            raise Failure(f"a server did not start: {server.communicate()[1]}")
        return server

    def json(self, *arguments: str) -> Any:
        return json.loads(self.machine.ok("conkerctl", "--json", *arguments))

    def unit(self, name: str = "conkerd.service") -> dict[str, str]:
        return self.machine.show(name, "ActiveState", "SubState", "Result", "MainPID", "NRestarts",
                                 "StatusText", "UnitFileState", "ExecMainStatus")

    def until_active(self, what: str, other_than: str = "") -> dict[str, str]:
        def active() -> dict[str, str]:
            unit = self.unit()
            return unit if (unit["ActiveState"] == "active" and
                            unit["MainPID"] != other_than) else {}
        return eventually(active, what, 15)

    def status_has(self, text: str) -> None:
        eventually(lambda: text in self.unit()["StatusText"], f"systemctl status says {text}", 10)


TESTS: list[Callable[[Subject], None]] = []


def test(function: Callable[[Subject], None]) -> Callable[[Subject], None]:
    TESTS.append(function)
    return function


def needed(function: Callable[[Subject], None]) -> Callable[[Subject], None]:
    """Runs whatever is asked for: the tests behind it need what it does."""
    function.needed = True  # type: ignore[attr-defined]
    return test(function)


def serving(function: Callable[[Subject], None]) -> Callable[[Subject], None]:
    """Needs Python on the machine, for the other side of connections."""
    function.serving = True  # type: ignore[attr-defined]
    return test(function)


@needed
def installs_and_starts_nothing(it: Subject) -> None:
    check(it.machine.run("id", "conker").code != 0, "the machine has seen it before")
    it.install(it.older)
    check("conker" in it.machine.ok("id", "conker"), "no user conker")
    unit = it.unit()
    same((unit["ActiveState"], unit["UnitFileState"]), ("inactive", "disabled"), "the unit")
    check("conker0" not in it.machine.ok("ip", "-br", "link"), "an interface was made unasked")
    check(": ok" in it.machine.ok("conkerd", "--check-config"), "the shipped configuration")


@needed
def starts_when_enabled(it: Subject) -> None:
    it.machine.ok("systemctl", "enable", "--quiet", "systemd-networkd")
    it.machine.ok("systemctl", "restart", "systemd-networkd")
    it.machine.ok("systemctl", "enable", "--quiet", "--now", "conkerd")
    unit = it.unit()
    same((unit["ActiveState"], unit["SubState"], unit["NRestarts"]), ("active", "running", "0"),
         "at once, since it says when it is ready")
    shown = it.machine.ok("systemctl", "status", "conkerd", "--no-pager")
    check("conkerd 0.1.0 is ready" in shown, f"no line of its log: {shown}")
    eventually(lambda: it.machine.run("ping", "-c1", "-W1", "10.77.0.2").code == 0,
               "the stack answers a ping", 10)
    it.status_has("1 link, 1 up; 0 connections; 0 strikes running")


@test
def has_no_capability(it: Subject) -> None:
    pid = it.unit()["MainPID"]
    lines = it.machine.ok("cat", f"/proc/{pid}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    uid = it.machine.ok("id", "-u", "conker").strip()
    same((set(status["Uid"].split()), int(status["CapEff"], 16), int(status["CapBnd"], 16),
          status["NoNewPrivs"], status["Seccomp"]), ({uid}, 0, 0, "1", "2"), "its rights")


@test
def who_may_read_and_who_may_change(it: Subject) -> None:
    it.machine.ok("useradd", "visitor")
    it.machine.ok("useradd", "--groups", "conker", "engineer")
    for user in ("visitor", "engineer"):
        check("conkerd 0.1.0" in it.machine.ok("conkerctl", "status", user=user), f"{user} reads")
    refused = it.machine.run("conkerctl", "log", "debug", user="visitor").expect(1)
    same(len(refused.err.splitlines()), 1, f"one line: {refused.err}")
    it.machine.ok("conkerctl", "log", "debug", user="engineer")
    it.machine.ok("conkerctl", "log", "info", user="engineer")
    uid = it.machine.ok("id", "-u", "engineer").strip()
    eventually(lambda: [line for line in it.machine.journal("--unit=conkerd")
                        if f"user {uid}" in line and "log" in line],
               f"the journal names user {uid} who changed something")


@test
def captures_go_where_the_client_may_write(it: Subject) -> None:
    """conkerctl opens the file, since the service sees a read-only file system."""
    it.machine.ok("install", "-d", "-o", "engineer", "/srv/captures")
    it.machine.ok("conkerctl", "capture", "start", "/srv/captures/a.pcap", user="engineer")
    it.machine.ok("ping", "-c1", "-W5", "10.77.0.2")
    it.machine.ok("conkerctl", "capture", "stop", user="engineer")
    check(it.machine.path("/srv/captures/a.pcap").stat().st_size > 24, "no frame behind its head")


@serving
def status_counts_connections(it: Subject) -> None:
    server = it.serve(HOLDING)
    opened = it.json("open", f"{PEER}:9000")
    it.status_has("1 connection;")
    it.machine.end(server)
    it.machine.ok("conkerctl", "abort", opened["id"])
    it.status_has("0 connections;")


@test
def watchdog_restarts_what_is_stuck(it: Subject) -> None:
    it.machine.write("/run/systemd/system/conkerd.service.d/quick.conf",
                     "[Service]\nWatchdogSec=1\n")
    it.machine.ok("systemctl", "daemon-reload")
    it.machine.ok("systemctl", "restart", "conkerd")
    before = it.unit()
    it.machine.ok("sh", "-c", f"kill -STOP {before['MainPID']}")
    it.until_active("systemd has it back", other_than=before["MainPID"])
    check(any("Watchdog timeout" in line for line in it.machine.journal("--unit=conkerd")),
          "the journal does not say why")
    it.machine.ok("rm", "-r", "/run/systemd/system/conkerd.service.d")
    it.machine.ok("systemctl", "daemon-reload")
    it.machine.ok("systemctl", "restart", "conkerd")


@serving
def killed_in_the_middle_of_a_strike(it: Subject) -> None:
    server = it.serve(CLOSING)
    it.machine.ok("conkerctl", "strike", f"{PEER}:9001", "--detach", "--duration", "60s", "--rate",
                  "200", "--concurrency", "8", "--look", "none")
    it.status_has("1 strike running")

    def entry() -> dict[str, Any]:
        return it.json("strike", "list")["strikes"][0]

    eventually(lambda: entry()["completed"] > 100, "the strike gets on", 10)
    before = it.unit()
    it.machine.ok("sh", "-c", f"kill -KILL {before['MainPID']}")
    it.until_active("systemd has it back", other_than=before["MainPID"])
    kept = entry()
    check(kept["state"] != "running" and kept["completed"] > 0, f"what is kept of it: {kept}")
    report = it.machine.run("conkerctl", "--json", "strike", "report", str(kept["id"]))
    check(json.loads(report.out)["completed"] > 0, f"its report up to then: {report.out}")
    it.machine.end(server)


@serving
def entries_of_a_strike_are_found_by_their_fields(it: Subject) -> None:
    server = it.serve(CLOSING)
    done = it.machine.run("conkerctl", "--json", "strike", f"{PEER}:9001", "--cycles", "5",
                          "--detach", "--look", "none").expect(0)
    strike = json.loads(done.out)["id"]
    eventually(lambda: any("5 of 5 cycles" in line for line in
                           it.machine.journal(f"CONKER_STRIKE={strike}",
                                              f"CONKER_PEER={PEER}:9001")), "its last entry", 10)
    same([line for line in it.machine.journal(f"CONKER_STRIKE={strike}")
          if f"strike {strike}" not in line], [], "entries of others")
    it.machine.end(server)


@test
def warnings_are_warnings_in_the_journal(it: Subject) -> None:
    it.machine.ok("ip", "link", "set", "conker0", "down")
    eventually(lambda: [line for line in it.machine.journal("-p", "warning", "--unit=conkerd")
                        if "link lab" in line], "a warning of the link", 10)
    it.machine.ok("ip", "link", "set", "conker0", "up")
    check(not [line for line in it.machine.journal("-p", "warning", "--unit=conkerd")
               if "is ready" in line], "what is no warning is among them")
    it.status_has("1 link, 1 up")


@serving
def reloads_while_data_moves(it: Subject) -> None:
    path = "/etc/conker/conkerd.yaml"
    good = it.machine.path(path).read_text(encoding="utf-8")
    before = it.unit()["MainPID"]
    client = it.serve(ECHOING)

    def connections() -> list[str]:
        return [one["id"] for one in it.json("list")["connections"] if one["id"]]

    def data_moves() -> None:
        def frames() -> int:
            return int(it.json("status")["links"][0]["frames_in"])
        seen = frames()
        eventually(lambda: frames() > seen + 100, "data moves")
        same(client.poll(), None, "the client")

    data_moves()
    connected = connections()
    it.machine.write(path, good.replace("level: info", "level: debug"))
    it.machine.ok("systemctl", "reload", "conkerd")
    eventually(lambda: it.json("status")["log"]["level"] == "debug", "a good one is taken over")
    it.machine.write(path, good + "mistake: 1\n")
    it.machine.ok("systemctl", "reload", "conkerd")
    eventually(lambda: [line for line in it.machine.journal("-p", "err", "--unit=conkerd")
                        if "mistake" in line and "nothing was changed" in line],
               "a broken one is refused, in the journal")
    same((it.json("status")["log"]["level"], it.unit()["MainPID"]), ("debug", before),
         "what was before stays")
    it.until_active("the reload is over")
    data_moves()
    same(connections(), connected, "the connection")
    it.machine.end(client)
    it.machine.write(path, good)
    it.machine.ok("systemctl", "reload", "conkerd")
    eventually(lambda: it.json("status")["log"]["level"] == "info", "back again")


@serving
def forwards_sockets_of_its_clients(it: Subject) -> None:
    """conkerctl makes them, so that the unit's limits on addresses are not theirs."""
    server = it.serve(KERNEL_ECHO)
    forward = it.machine.start("conkerctl", "forward", "7777", f"{PEER}:9002")
    eventually(lambda: ":7777" in it.machine.ok("ss", "-Hlnt"), "conkerctl listens")
    same(it.machine.ok("/usr/bin/python3", "-c", THROUGH), "1000000\n", "what came back")
    it.machine.end(forward)
    it.machine.end(server)


@serving
def stops_within_its_bound(it: Subject) -> None:
    """Also while a peer does not close: what is open is reset after shutdown_timeout."""
    server = it.serve(HOLDING)
    it.machine.ok("conkerctl", "open", f"{PEER}:9000")
    it.machine.ok("systemctl", "stop", "conkerd")
    unit = it.unit()
    same((unit["ActiveState"], unit["Result"], unit["ExecMainStatus"]),
         ("inactive", "success", "0"), "it ended by itself")
    it.machine.end(server)


@test
def a_bad_configuration_is_tried_once(it: Subject) -> None:
    it.machine.ok("systemctl", "stop", "conkerd")
    good = it.machine.path("/etc/conker/conkerd.yaml").read_text(encoding="utf-8")
    it.machine.write("/etc/conker/conkerd.yaml", good + "mistake: 1\n")
    check(it.machine.run("systemctl", "start", "conkerd").code != 0, "it started")
    time.sleep(1.5)  # longer than RestartSec
    unit = it.unit()
    same((unit["ActiveState"], unit["NRestarts"]), ("failed", "0"), "tried again")
    check(any("mistake" in line for line in it.machine.journal("--unit=conkerd")),
          "the journal does not say what is wrong")
    it.machine.write("/etc/conker/conkerd.yaml", good + "# mine\n")
    it.machine.ok("systemctl", "start", "conkerd")


@test
def sockets_start_it(it: Subject) -> None:
    # More starts in ten seconds than systemd lets a unit have.
    it.machine.run("systemctl", "reset-failed", "conkerd")
    it.machine.ok("systemctl", "stop", "conkerd")
    it.machine.ok("systemctl", "start", "conkerd.socket", "conkerd-status.socket")
    check("conkerd 0.1.0" in it.machine.ok("conkerctl", "status", user="visitor"), "a reader")
    same(it.unit()["ActiveState"], "active", "was started")
    it.machine.run("conkerctl", "log", "info", user="visitor").expect(1)
    it.machine.ok("conkerctl", "log", "info", user="engineer")
    it.machine.ok("systemctl", "restart", "conkerd")
    it.machine.ok("conkerctl", "log", "info", user="engineer")
    it.machine.ok("systemctl", "stop", "conkerd.socket", "conkerd-status.socket", "conkerd")
    it.machine.ok("systemctl", "start", "conkerd")
    it.machine.ok("conkerctl", "status", user="visitor")


@test
def instances_stand_beside_each_other(it: Subject) -> None:
    """One with a packet link, which has its capability and no other."""
    it.machine.ok("ip", "link", "add", "wire0", "type", "veth", "peer", "wire1")
    for end in ("wire0", "wire1"):
        it.machine.ok("ip", "link", "set", end, "up")
    it.machine.write("/etc/conker/lab.yaml", """links:
  - {type: packet, name: wire, device: wire0, mac: "02:00:00:00:00:09",
     addresses: [10.79.0.2/24]}
control: {socket: /run/conker-lab/conkerd.sock, status_socket: /run/conker-lab/status.sock}
strike: {directory: /var/lib/conker/lab/strikes}
""")
    check(it.machine.run("systemctl", "start", "conkerd@lab").code != 0, "without the right")
    said = it.machine.journal("--unit=conkerd@lab")
    check(any("CAP_NET_RAW" in line for line in said), f"which right is missing: {said}")
    it.machine.ok("systemctl", "stop", "conkerd@lab")
    it.machine.ok("install", "-D", "-m", "644", "/usr/share/doc/conker/examples/packet.conf",
                  "/etc/systemd/system/conkerd@.service.d/packet.conf")
    it.machine.ok("systemctl", "daemon-reload")
    it.machine.ok("systemctl", "start", "conkerd@lab")
    links = json.loads(it.machine.ok("conkerctl", "--instance", "lab", "--json", "status",
                                     user="visitor"))["links"]
    same([(link["name"], link["state"]) for link in links], [("wire", "up")], "its links")
    pid = it.unit("conkerd@lab.service")["MainPID"]
    cap_net_raw = 13
    lines = it.machine.ok("cat", f"/proc/{pid}/status").splitlines()
    same([int(line.split()[1], 16) for line in lines if line.startswith("CapEff")],
         [1 << cap_net_raw], "its capabilities")
    same(it.unit()["ActiveState"], "active", "the other one")


@test
def a_tap_of_its_own_wants_another_right(it: Subject) -> None:
    it.machine.write("/etc/conker/own.yaml", """links:
  - {type: tap, name: own, device: conker9, mac: "02:00:00:00:00:0a",
     host_address: 10.78.0.1/24, addresses: [10.78.0.2/24]}
control: {socket: /run/conker-own/conkerd.sock}
strike: {directory: /var/lib/conker/own/strikes}
""")
    check(it.machine.run("systemctl", "start", "conkerd@own").code != 0, "without the right")
    said = it.machine.journal("-p", "err", "--unit=conkerd@own")
    check(any("CAP_NET_ADMIN" in line for line in said), f"which right is missing: {said}")
    it.machine.ok("systemctl", "stop", "conkerd@own")
    it.machine.ok("install", "-D", "-m", "644", "/usr/share/doc/conker/examples/make-tap.conf",
                  "/etc/systemd/system/conkerd@own.service.d/make-tap.conf")
    it.machine.ok("systemctl", "daemon-reload")
    it.machine.ok("systemctl", "start", "conkerd@own")
    it.machine.ok("ping", "-c1", "-W5", "10.78.0.2")
    it.machine.ok("systemctl", "stop", "conkerd@own")


@needed
def upgrade_restarts_what_runs(it: Subject) -> None:
    """And keeps the administrator's configuration. The older package has the same programs."""
    before = {name: it.unit(name) for name in ("conkerd.service", "conkerd@lab.service")}
    it.install(it.newer)
    for name, unit in before.items():
        now = it.unit(name)
        same(now["ActiveState"], unit["ActiveState"], name)
        check(unit["ActiveState"] != "active" or now["MainPID"] != unit["MainPID"],
              f"{name} runs on")
    same(it.unit()["UnitFileState"], "enabled", "the unit")
    check("0.1.0" in it.machine.ok("dpkg-query", "-W", "conker"), "not upgraded")


@needed
def removal_leaves_the_configuration(it: Subject) -> None:
    it.machine.run("dpkg", "--remove", "conker").expect(0)
    same(it.machine.ok("sh", "-c", "cat /proc/[0-9]*/comm | grep conkerd || true"), "",
         "processes")
    check("conker0" not in it.machine.ok("ip", "-br", "link"), "the TAP device is there")
    check(it.machine.path("/etc/conker/conkerd.yaml").exists(), "the configuration is gone")
    check(not it.machine.path("/usr/bin/conkerd").exists(), "the program is there")


@needed
def purge_leaves_nothing(it: Subject) -> None:
    it.machine.run("dpkg", "--purge", "conker").expect(0)
    # The administrator's own: what was copied for an instance, and the package file.
    left = it.machine.ok("find", "/etc", "/usr/lib", "/usr/bin", "/usr/share", "/var", "/run",
                         "-xdev", "-name", "*conker*", "-not", "-path", "/usr/lib/debug/*").split()
    same([path for path in left if not path.startswith("/etc/systemd/system/conkerd@")],
         [], "left over")
    same(it.machine.run("systemctl", "list-unit-files", "--no-legend", "conkerd*").out, "",
         "units")
