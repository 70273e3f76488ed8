"""The control sockets under attack: connections and a strike go on undisturbed, and who behaves is
answered."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time

from harness import Field, Scene, accused_of, check, eventually, readable, same, test

ECHO = {"services": [{"name": "echo", "port": 7}]}
CALL = b'{"jsonrpc":"2.0","id":1,"method":"version"}\n'
CLIENTS = 10_000
PYTHON = "/usr/bin/python3"  # which ordinary users can run, too
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# Calls `status` without end, and reads the answers; argv: the socket.
FLOOD = """
import socket, sys
while True:
    client = socket.socket(socket.AF_UNIX)
    client.connect(sys.argv[1])
    try:
        while True:
            client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\\n' * 20)
            if not client.recv(1 << 20):
                break
    except OSError:
        pass
"""

# Connects; argv: how often, and the sockets in turn.
CROWD = """
import errno, resource, socket, sys, time
count, paths = int(sys.argv[1]), sys.argv[2:]
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
except (OSError, ValueError):
    pass
crowd = []
while len(crowd) < count:
    one = socket.socket(socket.AF_UNIX)
    one.setblocking(False)
    for _ in range(3000):
        if one.connect_ex(paths[len(crowd) % len(paths)]) != errno.EAGAIN:
            break
        time.sleep(0.001)  # the backlog is full
    else:
        break
    crowd.append(one)
away = 0
for one in crowd if len(crowd) < 100 else ():
    one.settimeout(0.05)
    try:
        away += b"clients are connected" in one.recv(999)
    except TimeoutError:
        pass
print(len(crowd), away, flush=True)
time.sleep(120)
"""


def both_sockets(scene: Scene) -> dict:
    os.chmod(scene.directory, 0o755)
    return {"control": {"socket": f"{scene.directory}/conkerd.sock", "mode": "0660",
                        "status_socket": f"{scene.directory}/status.sock"}}


class Surroundings:
    """A daemon with both sockets, an echo connection, and a strike that runs."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.namespace = scene.namespace()
        self.daemon = scene.conkerd(
            {"links": [{"type": "tap", "name": "lan", "device": "conker0",
                        "mac": "02:00:00:00:77:02", "host_address": "10.77.0.1/24",
                        "addresses": ["10.77.0.2/24"]}],
             "strike": {"allow": ["10.77.0.0/24"]}, **ECHO, **both_sockets(scene)},
            self.namespace)
        self.control = self.daemon.socket_path
        self.status = f"{scene.directory}/status.sock"
        scene.peer(self.namespace, "accept-close", "10.77.0.1", "9000")
        self.echo = self.namespace.connect("10.77.0.2", 7)
        scene.undo(self.echo.close)
        self.good = {path: self.client(path) for path in (self.control, self.status)}
        self.strike = self.daemon.ctl.start("--json", "strike", "10.77.0.1:9000", "--duration",
                                            "5min", "--rate", "500", "--concurrency", "8")
        eventually(lambda: self.daemon.ctl.striking(), "the strike runs")

    def client(self, path: str) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        self.scene.undo(made.close)
        made.connect(path)
        made.settimeout(10)
        return made

    def is_well(self) -> None:
        """The echo answers, and so do both sockets those who are connected."""
        self.echo.sendall(b"undisturbed")
        got = b""
        while len(got) < 11:
            got += self.echo.recv(100)
        same(got, b"undisturbed", "echo")
        for path, client in self.good.items():
            client.sendall(CALL)
            answer = json.loads(client.makefile().readline())
            check("result" in answer, f"{path}: {answer}")

    def end(self) -> None:
        self.strike.signal(signal.SIGINT)
        self.strike.wait(30)
        report = self.strike.last_json()
        check(report["audit"]["balanced"], f"the strike's audit: {report['audit']}")
        same((sum(report["failed"].values()), accused_of(report)), (0, set()), "failures")
        self.daemon.ctl.balanced()


def crowd_of(scene: Scene, who: list[str], count: int, *paths: str) -> subprocess.Popen[str]:
    """Clients that connect and say nothing; its first line is how many it could connect, and how
    many of them were turned away."""
    made = subprocess.Popen([*who, PYTHON, "-c", CROWD, str(count), *paths],
                            stdout=subprocess.PIPE, text=True)
    scene.undo(made.kill)
    return made


@test()
def ten_thousand_clients(scene: Scene) -> None:
    """They say nothing, at both sockets. When they are in the way, those that were quiet go."""
    around = Surroundings(scene)
    descriptors = around.daemon.descriptors()
    crowd = crowd_of(scene, [], CLIENTS, around.control, around.status)
    while not readable(crowd.stdout, 0.1):
        around.is_well()
    same(crowd.stdout.readline().split()[0], str(CLIENTS), "connected")
    around.is_well()
    check(around.daemon.descriptors() < descriptors + 140, "there is no cap on clients")
    eventually(lambda: around.daemon.ctl("version").code == 0, "a quiet one gives its place", 20)
    control = around.daemon.ctl.json("status")["control"]
    check(control["turned_away"] > CLIENTS - 200 and control["gave_way"] > 0, f"{control}")
    around.is_well()
    crowd.kill()
    crowd.wait()
    eventually(lambda: around.daemon.descriptors() <= descriptors, "all are closed")
    around.end()


@test()
def floods_of_calls(scene: Scene) -> None:
    """An ordinary user calls without end at the status socket, and a member of the group at the
    control socket."""
    around = Surroundings(scene)
    floods = [subprocess.Popen([*who, PYTHON, "-c", FLOOD, path])
              for who, path in ((NOBODY, around.status), (NOBODY, around.status),
                                ([], around.control))]
    for flood in floods:
        scene.undo(flood.kill)
    for _ in range(20):
        around.is_well()
        around.daemon.ctl.ok("status")
        time.sleep(0.05)
    for flood in floods:
        flood.kill()
        flood.wait()
    around.end()


@test()
def malformed_lines_at_both_sockets(scene: Scene) -> None:
    around = Surroundings(scene)
    lines = [b"[" * 60_000 + b"\n", b'{"a":' * 10_000 + b"\n", b'{"id":1,"id":2}\n',
             b'{"jsonrpc":"2.0","id":1,"method":"list","params":{"limit":"x"}}\n',
             b'{"jsonrpc":"2.0","id":1,"method":"list","params":{"limit":1e400}}\n',
             b'{"jsonrpc":"2.0","id":1,"method":"list","params":[[[[]]]]}\n',
             b'{"jsonrpc":"2.0","id":1,"method":"\xc3\n', b"\xed\xa0\x80\n", b"\x00\n"]
    for path in (around.control, around.status):
        for line in lines:
            with around.client(path) as client:
                client.sendall(line)
                check("error" in json.loads(client.makefile().readline()), f"{line[:60]!r}")
        with around.client(path) as client:  # half a UTF-8 sequence, and the other half later
            word = '{"jsonrpc":"2.0","id":"\u00fc","method":"version"}\n'.encode()
            for byte in word:
                client.sendall(bytes([byte]))
            same(json.loads(client.makefile(encoding="utf-8").readline())["id"], "\u00fc", "the id")
        with around.client(path) as client:  # a line without end
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(100):
                    client.sendall(b"x" * 65536)
                check(False, "6 MB without an end of line were taken")
        around.is_well()
    deaf = around.client(around.control)  # it never reads
    deaf.setblocking(False)
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        for _ in range(10_000):
            deaf.send(CALL * 10)
    around.is_well()
    around.end()


@test()
def the_crowd_of_one_user(scene: Scene) -> None:
    """An ordinary user has 16 of the 64 places at the status socket; others find one."""
    around = Surroundings(scene)
    crowd = crowd_of(scene, NOBODY, 70, around.status)
    same(crowd.stdout.readline(), "70 54\n", "connected, and turned away")
    with around.client(around.status) as other:
        other.sendall(CALL)
        check("result" in json.loads(other.makefile().readline()), "another user finds no place")
    crowd.kill()
    crowd.wait()
    around.end()


@test("tap")
def a_daemon_that_does_not_answer(field: Field) -> None:
    """One that is stopped, with and without room for clients, and one that is ending."""
    field.listen(9000)
    field.ctl.open(f"{field.PEER}:9000")  # which the peer does not close
    field.daemon.signal(signal.SIGSTOP)
    verbs = (["status"], ["open", f"{field.PEER}:9"], ["watch"], ["udp", "listen", "5000"],
             ["ping", field.PEER, "-c", "1"], ["forward", "0", f"{field.PEER}:9"],
             ["strike", f"{field.PEER}:9", "--cycles", "1"])
    for verb in verbs:
        done = field.ctl("--timeout", "300ms", *verb, timeout=20)
        same(done.code, 4, f"{verb}: {done.err}")
    crowd = crowd_of(field.scene, [], 5000, field.daemon.socket_path)
    check(int(crowd.stdout.readline().split()[0]) < 5000, "the backlog is not full")
    for verb in verbs:
        done = field.ctl("--timeout", "300ms", *verb, timeout=20)
        same(done.code, 4, f"{verb}: {done.err}")
    crowd.kill()
    crowd.wait()
    field.daemon.signal(signal.SIGCONT)
    eventually(lambda: field.ctl("version").code == 0, "it answers again")
    field.daemon.signal(signal.SIGTERM)
    field.daemon.process.until(lambda: "closing" in field.daemon.process.err(), "it ends")
    done = field.ctl("status").expect(5)
    check("no daemon at" in done.err or "closed the connection" in done.err, done.err)
