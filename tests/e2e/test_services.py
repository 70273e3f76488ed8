"""Every service of the daemon, used from a kernel socket."""

import random
import socket
import threading

from harness import Field, check, eventually, same, test

PORTS = {"echo": 7, "discard": 9, "daytime": 13, "chargen": 19, "accept-close": 5000}
SERVICES = {"services": [{"name": name, "port": port} for name, port in PORTS.items()]}


def read_to_end(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def nothing_left(field: Field) -> None:
    eventually(lambda: field.ctl.audit()["live"] == 0, "the service's connection is gone")
    field.ctl.balanced()


@test("tap", "packet", config=SERVICES, quick=True)
def echo(field: Field) -> None:
    sent = random.Random(7).randbytes(2_000_000)
    connection = field.connect(PORTS["echo"])

    def send() -> None:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received = read_to_end(connection)
    sender.join()
    check(received == sent, f"{len(received)} of {len(sent)} bytes came back, or others")
    nothing_left(field)


@test("tap", config=SERVICES)
def echo_waits_for_a_slow_reader(field: Field) -> None:
    """A client that sends without reading meets a closed window, and loses no byte."""
    connection = field.connect(PORTS["echo"])
    connection.settimeout(1)
    sent = 0
    try:
        while sent < 64_000_000:
            sent += connection.send(b"x" * 65536)
    except TimeoutError:
        pass
    check(sent < 64_000_000, "the echo service took everything without being read")
    connection.settimeout(10)
    connection.shutdown(socket.SHUT_WR)
    same(len(read_to_end(connection)), sent, "bytes that came back")
    nothing_left(field)


@test("tap", "packet", config=SERVICES, quick=True)
def discard(field: Field) -> None:
    connection = field.connect(PORTS["discard"])
    connection.sendall(b"nobody reads this " * 50_000)
    connection.shutdown(socket.SHUT_WR)
    same(read_to_end(connection), b"", "answer of discard")
    nothing_left(field)


@test("tap", "packet", config=SERVICES, quick=True)
def daytime(field: Field) -> None:
    with field.peer_ns.connect(field.STACK, PORTS["daytime"]) as connection:
        line = read_to_end(connection)
    check(line.endswith(b"\r\n") and b":" in line and len(line) < 100,
          f"not a time of day: {line!r}")
    nothing_left(field)


@test("tap", "packet", config=SERVICES, quick=True)
def chargen(field: Field) -> None:
    printable = bytes(range(0x20, 0x7F))
    expected = b"".join(bytes(printable[(line + i) % 95] for i in range(72)) + b"\r\n"
                        for line in range(1000))
    connection = field.connect(PORTS["chargen"])
    received = b""
    while len(received) < len(expected):
        part = connection.recv(65536)
        check(part, "chargen closed")
        received += part
    check(received[: len(expected)] == expected, "not the pattern of RFC 864")
    connection.close()
    nothing_left(field)


@test("tap", "packet", config=SERVICES, quick=True)
def accept_close(field: Field) -> None:
    for _ in range(100):
        with field.peer_ns.connect(field.STACK, PORTS["accept-close"]) as connection:
            same(connection.recv(1), b"", "answer of accept-close")
    nothing_left(field)


@test("tap", "packet", config=SERVICES, busy=True)
def accept_close_under_a_kernel_strike(field: Field) -> None:
    """Passive opens at full rate: the kernel opens and closes 50,000 connections, 64 at once."""
    strike = field.peer("strike", field.STACK, str(PORTS["accept-close"]), "--cycles", "50000",
                        "--concurrency", "64")
    same(strike.wait(120), 0, strike.err())
    report = strike.last_json()
    same(report["completed"], 50_000, f"completed: {report}")
    field.scene.note(f"{report['cycles_per_second']:,} cycles/s")
    nothing_left(field)


@test("tap", config=SERVICES)
def idle_clients_delay_no_others(field: Field) -> None:
    idle = [field.connect(port) for port in (7, 9)]
    for _ in range(20):
        with field.peer_ns.connect(field.STACK, 7) as connection:
            connection.sendall(b"ping")
            same(connection.recv(4), b"ping", "echo beside an idle client")
    for connection in idle:
        connection.close()
