"""conkerctl watch: what it tells of, to whom, and what becomes of clients that do not read it."""

import json
import os
import signal
import socket
import subprocess
from typing import Any

from harness import Field, Scene, check, eventually, same, test
from harness.processes import Process

from test_judge import DEVICE, device
from test_network import CONFLICTING, announcement

ECHO = {"services": [{"name": "echo", "port": 7}]}


def watching(field: Field, *arguments: str) -> Process:
    """A `conkerctl watch` that has subscribed."""
    text = field.ctl.start("watch", *arguments)
    text.until(lambda: "watching" in text.err(), "it watches")
    return text


def events(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.out().splitlines()]


def subscribed(field: Field, path: str, **params: Any) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    field.scene.undo(made.close)
    made.connect(path)
    made.settimeout(10)
    made.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "watch",
                             "params": params}).encode() + b"\n")
    return made


@test("tap", quick=True, config=ECHO)
def connections_are_told(field: Field) -> None:
    text = watching(field, "connection")
    count = field.ctl.start("--json", "watch", "connection", "-c", "5")
    eventually(lambda: field.ctl.json("status")["control"]["watching"] == 2, "two clients watch")
    field.connect(7).close()
    field.accept_close()
    opened = field.ctl.open(f"{field.PEER}:9000")
    field.ctl.ok("close", opened)
    same(count.wait(10), 0, f"it ends by itself: {count.err()}")
    told = events(count)
    same([(one["kind"], one["what"], one["passive"]) for one in told],
         [("connection", "established", True), ("connection", "closed", True),
          ("connection", "opened", False), ("connection", "established", False),
          ("connection", "closed", False)], "what happened")
    same([told[i]["owner"] for i in (0, 2)], ["service", "control"], "whose they were")
    same((told[2]["id"], told[2]["remote"], told[4]["reason"]),
         (opened, f"{field.PEER}:9000", "closed by both sides"), "the second")
    check(told[0]["time"].endswith("Z") and told[4]["age_us"] > 0, f"times: {told[4]}")
    eventually(lambda: text.out().count("\n") == 5, "the text")
    check(f"{opened} opened  {field.STACK}:" in text.out(), text.out())
    check("closed by both sides, after " in text.out(), text.out())
    text.signal(signal.SIGINT)
    same(text.wait(), 0, "Ctrl-C")
    eventually(lambda: field.ctl.json("status")["control"]["watching"] == 0, "nobody watches")


@test("tap")
def strikes_and_findings_are_told(field: Field) -> None:
    target = f"{DEVICE}:9000"
    device(field, "--fault", "fin-twice", "--every", "1")
    watch = field.ctl.start("--json", "watch", "strike", "finding", "-c", "3")
    eventually(lambda: field.ctl.json("status")["control"]["watching"] == 1, "it watches")
    report = field.ctl.strike(target, "--cycles", "20")
    same(watch.wait(10), 0, f"three events: {watch.err()}")
    begun, found, ended = events(watch)
    same((begun["what"], begun["target"], begun["verdict"]), ("begun", target, None), "the begin")
    same((found["kind"], found["rule"], found["strike"]), ("finding", "sent-twice", begun["id"]),
         "the finding")
    same((ended["what"], ended["cycles"], ended["verdict"], ended["why"]),
         ("ended", 20, report["verdict"], report["why"]), "the end")


@test("tap", quick=True)
def unknown_kinds_and_two_subscriptions_are_refused(field: Field) -> None:
    done = field.ctl("watch", "weather").expect(2)
    check("no events of the kind weather: there are connection,link," in done.err, done.err)
    client = subscribed(field, field.daemon.socket_path)
    client.sendall(b'{"jsonrpc":"2.0","id":2,"method":"watch"}\n')
    lines = client.makefile(encoding="utf-8")
    same(json.loads(lines.readline())["method"], "watching", "the first line")
    check("watches already" in json.loads(lines.readline())["error"]["message"], "the second")
    crowd = [subscribed(field, field.daemon.socket_path) for _ in range(16)]
    refused = [one for one in crowd if b"16 clients watch at this socket" in one.recv(4096)]
    same(len(refused), 1, "beyond the cap")


@test("tap", quick=True)
def a_client_that_does_not_read_is_told_what_it_missed(field: Field) -> None:
    """A strike makes more events than it reads; they take no memory, and the strike goes on."""
    field.accept_close()
    slow = subscribed(field, field.daemon.socket_path, kinds="connection")
    resident = field.daemon.resident_kib()
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "8000", "--concurrency", "16",
                              timeout=120)
    same(report["audit"]["balanced"], True, "the strike's audit")
    all_events = 3 * (8000 + 2)  # with the looks before it and after it
    dropped = field.ctl.json("status")["control"]["events_dropped"]
    check(dropped > 0, "nothing was dropped for it")
    if not field.scene.binaries.sanitized:
        grown = field.daemon.resident_kib() - resident
        check(grown < 8192, f"conkerd grew by {grown} KiB for a client that does not read")
    missed = told = 0
    with slow.makefile(encoding="utf-8") as lines:
        while missed + told < all_events:
            message = json.loads(lines.readline())
            if message["method"] != "event":
                continue
            if message["params"]["kind"] == "dropped":
                missed += message["params"]["count"]
            else:
                told += 1
    same((missed + told, missed), (all_events, dropped), "all of them, told or counted")


@test()
def addresses_and_ordinary_users(scene: Scene) -> None:
    """An ordinary user watches at the status socket; a conflict over our address is told."""
    directory = scene.directory
    os.chmod(directory, 0o755)
    namespace = scene.namespace()
    daemon = scene.conkerd({
        "links": [{"type": "tap", "name": "lan", "device": "conker0", "mac": "02:00:00:00:77:02",
                   "host_address": "10.77.0.1/24", "addresses": ["10.77.0.2/24"]}],
        "control": {"socket": f"{directory}/conkerd.sock", "mode": "0600",
                    "status_socket": f"{directory}/status.sock"}}, namespace)
    watch = subprocess.Popen(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         *daemon.ctl.command("watch", "address", "-c", "1")], stdout=subprocess.PIPE, text=True)
    scene.undo(watch.kill)
    eventually(lambda: daemon.ctl.json("status")["control"]["watching"] == 1, "it watches")
    with namespace.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("conker0", 0x0806))
        wire.send(announcement(CONFLICTING, "10.77.0.2"))
    out, _ = watch.communicate(timeout=20)
    check(f"  address        10.77.0.2 conflict on link lan, by {CONFLICTING}\n" in out, out)
