"""UDP sockets of the daemon, against the kernel's."""

import base64
import json
import os
import socket

from harness import Field, check, eventually, same, test


def kernel_socket(field: Field, port: int = 0) -> socket.socket:
    with field.peer_ns.entered():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((field.PEER, port))
    made.settimeout(5)
    field.scene.undo(made.close)
    return made


@test("tap", "packet", quick=True)
def the_kernel_receives_what_is_sent(field: Field) -> None:
    kernel = kernel_socket(field, 4000)
    sent = field.ctl.json("udp", "send", f"{field.PEER}:4000", "hello")
    data, source = kernel.recvfrom(100)
    same(data, b"hello", "payload")
    same(source, (field.STACK, sent["port"]), "source")
    field.ctl.ok("udp", "send", f"{field.PEER}:4000", "--port", "777", "-", stdin=bytes(range(256)))
    data, source = kernel.recvfrom(1000)
    same(data, bytes(range(256)), "payload from standard input")
    same(source, (field.STACK, 777), "source that was asked for")
    path = f"{field.scene.directory}/payload"
    with open(path, "wb") as file:
        file.write(os.urandom(30000))
    field.ctl.ok("udp", "send", f"{field.PEER}:4000", "--file", path)
    with open(path, "rb") as file:
        same(kernel.recv(65536), file.read(), "payload in fragments")


@test("tap", "packet", quick=True)
def listens_to_the_kernel(field: Field) -> None:
    listener = field.ctl.start("--json", "udp", "listen", "5000", "-c", "3")
    kernel = kernel_socket(field)
    eventually(lambda: udp_sockets(field) == 1, "the daemon listens")
    for payload in (b"first", b"", bytes(range(256))):
        kernel.sendto(payload, (field.STACK, 5000))
    same(listener.wait(10), 0, "exit code")
    told = [json.loads(line) for line in listener.out().splitlines()]
    same([base64.b64decode(one["data"]) for one in told],
         [b"first", b"", bytes(range(256))], "payloads")
    same(told[0]["from"], f"{field.PEER}:{kernel.getsockname()[1]}", "source")
    same(udp_sockets(field), 0, "sockets left")


@test("tap", quick=True)
def prints_datagrams_for_people(field: Field) -> None:
    listener = field.ctl.start("udp", "listen", "5000", "-c", "1")
    eventually(lambda: udp_sockets(field) == 1, "the daemon listens")
    kernel = kernel_socket(field, 4444)
    kernel.sendto(b"hi\n\x00", (field.STACK, 5000))
    same(listener.wait(10), 0, "exit code")
    same(listener.out(), f"{field.PEER}:4444  4 bytes  hi\\n\\x00\n", "output")


@test("tap", quick=True)
def the_socket_of_a_killed_client_is_closed(field: Field) -> None:
    listener = field.ctl.start("udp", "listen", "5000")
    eventually(lambda: udp_sockets(field) == 1, "the daemon listens")
    field.ctl("udp", "listen", "5000").expect(1)  # taken
    listener.kill()
    eventually(lambda: udp_sockets(field) == 0, "the socket is closed")


@test("tap", quick=True)
def a_closed_port_is_unreachable_by_icmp(field: Field) -> None:
    with field.peer_ns.entered():
        kernel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    field.scene.undo(kernel.close)
    kernel.settimeout(5)
    kernel.connect((field.STACK, 5001))
    kernel.send(b"anybody?")
    try:
        kernel.recv(10)
        check(False, "an answer from a closed port")
    except ConnectionRefusedError:
        pass
    same(field.ctl.counter("drop_datagram_no_socket"), 1, "datagrams for nobody")


@test("tap", "packet", quick=True)
def broadcasts_both_ways(field: Field) -> None:
    with field.peer_ns.entered():
        kernel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    field.scene.undo(kernel.close)
    kernel.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    kernel.settimeout(5)
    kernel.bind(("", 4001))
    listener = field.ctl.start("--json", "udp", "listen", "5000", "-c", "1", "--broadcast")
    eventually(lambda: udp_sockets(field) == 1, "the daemon listens")
    kernel.sendto(b"to all", ("10.77.0.255", 5000))
    same(listener.wait(10), 0, "exit code")
    same(json.loads(listener.out())["to"], "10.77.0.255", "destination")
    field.ctl("udp", "send", "10.77.0.255:4001", "x").expect(1)
    field.ctl.ok("udp", "send", "10.77.0.255:4001", "all of you", "--broadcast")
    same(kernel.recv(100), b"all of you", "broadcast to the kernel")


@test("tap", quick=True)
def invalid_arguments_are_usage_errors(field: Field) -> None:
    for arguments in (["send", "10.77.0.1", "x"], ["send", "10.77.0.256:9", "x"],
                      ["listen", "0"], ["listen", "x"],
                      ["send", "10.77.0.1:9", "x", "--file", "/dev/null"], ["shout"], []):
        field.ctl("udp", *arguments).expect(2)
    field.ctl("udp", "send", "10.77.0.1:9", "--file", "/nonexistent").expect(1)
    field.ctl("udp", "send", "8.8.8.8:9", "x").expect(1)  # no route
    field.ctl("udp", "send", "10.77.0.1:9", "-", stdin=bytes(60000)).expect(2)


def udp_sockets(field: Field) -> int:
    tables = field.ctl.json("status")["tables"]
    return next(table["used"] for table in tables if table["name"] == "udp_sockets")
