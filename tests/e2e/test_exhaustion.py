"""A daemon that runs out of something says so, loses nothing else, and recovers when the cause is
gone."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
from typing import Any

from harness import VERDICTS, Field, Result, check, eventually, same, test

INCONCLUSIVE = VERDICTS["inconclusive"]
ECHO = {"services": [{"name": "echo", "port": 7}]}


def limit(field: Field, which: int, soft: int) -> None:
    pid = field.daemon.process.pid
    _, hard = resource.prlimit(pid, which)
    resource.prlimit(pid, which, (soft, hard))


def echoes(connection: socket.socket) -> None:
    connection.sendall(b"still here")
    same(connection.recv(100), b"still here", "echo")


@test("tap", config=ECHO)
def descriptors(field: Field) -> None:
    """Verbs that take one are refused, those that do not are answered, and a client waits for its
    turn."""
    connection = field.connect(7)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(field.daemon.socket_path)
        client.settimeout(5)

        def call(verb: str, parameters: str = "{}") -> str:
            client.sendall(f'{{"jsonrpc":"2.0","id":1,"method":"{verb}","params":{parameters}}}\n'
                           .encode())
            answer = b""
            while not answer.endswith(b"\n"):
                answer += client.recv(1 << 16)
            return answer.decode()

        check("result" in call("version"), "it is answered before")
        before = resource.prlimit(field.daemon.process.pid, resource.RLIMIT_NOFILE)[0]
        limit(field, resource.RLIMIT_NOFILE, field.daemon.descriptors())
        refused = call("strike_start", f'{{"target":"{field.PEER}:9000","cycles":1}}')
        check("Too many open files" in refused, f"a strike whose files cannot be made: {refused}")
        waiting = field.ctl.start("--json", "status")
        eventually(lambda: "cannot take a client: Too many open files" in
                   field.daemon.process.err(), "the log says it")
        check("result" in call("status"), "it is answered meanwhile")
        echoes(connection)
        limit(field, resource.RLIMIT_NOFILE, before)
        same(waiting.wait(10), 0, "the client that waited")
    field.accept_close()
    field.ctl.ok("strike", f"{field.PEER}:9000", "--cycles", "5", "--look", "none")
    field.ctl.balanced()


@test("tap", config={**ECHO, "strike": {"allow": ["10.77.0.0/24"], "max_concurrency": 1 << 20}})
def memory(field: Field) -> None:
    """A strike for which there is none is refused; a smaller one runs."""
    if field.scene.binaries.sanitized:
        return field.scene.note("sanitizers end a program that has no memory")
    connection = field.connect(7)
    field.accept_close()
    with open(f"/proc/{field.daemon.process.pid}/statm", encoding="ascii") as file:
        bytes_mapped = int(file.read().split()[0]) * resource.getpagesize()
    limit(field, resource.RLIMIT_AS, bytes_mapped + (64 << 20))
    refused = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--look", "none",
                        "--concurrency", str(1 << 20)).expect(1)
    check("no memory for a strike of 1048576 connections" in refused.err, refused.err)
    echoes(connection)
    field.ctl.ok("strike", f"{field.PEER}:9000", "--cycles", "5", "--look", "none")
    field.ctl.balanced()


def memory_cgroup(field: Field) -> tuple[str, str] | None:
    """A cgroup for the test, and its file for the limit; None where the machine has no controller
    for this process to use."""
    for root, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                       ("/sys/fs/cgroup", "memory.max")):
        path = f"{root}/{os.path.basename(field.scene.directory)}"
        try:
            os.mkdir(path)
        except OSError:
            continue
        field.scene.undo(lambda made=path: os.rmdir(made))
        if os.path.exists(f"{path}/{file}"):
            return path, f"{path}/{file}"
    return None


@test("tap", config=ECHO)
def memory_of_a_cgroup(field: Field) -> None:
    """Beyond its limit the kernel kills the daemon; what is known of its strike is there again."""
    made = memory_cgroup(field)
    if made is None or field.scene.binaries.sanitized:
        return field.scene.note("no memory cgroup here")
    path, limit_file = made
    field.accept_close()
    with open(limit_file, "w", encoding="ascii") as file:
        file.write(str(8 << 20))
    with open(f"{path}/cgroup.procs", "w", encoding="ascii") as file:
        file.write(str(field.daemon.process.pid))
    field.ctl("strike", f"{field.PEER}:9000", "--duration", "60s", "--detach", "--concurrency",
              "4096", "--look", "none")
    same(field.daemon.process.wait(20), -signal.SIGKILL, "how it ended")
    os.unlink(field.daemon.socket_path)
    with field.stack_ns.entered():
        field.daemon.start()
    states = [entry["state"] for entry in field.ctl.json("strike", "list")["strikes"]]
    check("running" not in states, f"its strike: {states}")
    echoes(field.connect(7))


@test("tap", config=ECHO)
def the_disk_of_strikes(field: Field) -> None:
    """A detached strike goes on without its journal, and says that it was lost; the next is refused
    while there is no room."""
    connection = field.connect(7)
    field.accept_close()
    directory = field.daemon.config["strike"]["directory"]
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100k", "none", directory], check=True)
    field.scene.undo(lambda: subprocess.run(["umount", "--lazy", directory], check=True))
    def entry() -> dict[str, Any]:
        return field.ctl.json("strike", "list")["strikes"][0]

    def detach(*more: str) -> Result:
        return field.ctl("--json", "strike", f"{field.PEER}:9000", "--detach", "--look", "none",
                         "--rate", "100", *more)

    running = detach("--duration", "60s").expect(0).json()["id"]
    eventually(lambda: entry()["completed"] > 10, "it runs")
    with open(f"{directory}/fill", "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    eventually(lambda: f"strike {running}: lines of its journal are lost: No space left on device"
               in field.daemon.process.err(), "the log says it", 20)
    field.ctl("strike", "stop", str(running)).expect(0)
    eventually(lambda: entry()["state"] == "ended", "it ends")
    check(entry()["completed"] > 100, f"it went on: {entry()}")
    report = field.ctl("strike", "report", str(running)).expect(INCONCLUSIVE)
    check("known up to" in report.out, f"its report: {report.out}")
    refused = detach("--cycles", "1").expect(1)
    check("0 KiB are free on its disk" in refused.err, f"while there is no room: {refused.err}")
    echoes(connection)
    os.unlink(f"{directory}/fill")
    detach("--cycles", "1").expect(0)
