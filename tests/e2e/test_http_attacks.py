"""HTTP under attack: clients that send slowly, send garbage, do not read, or come by thousands. A
strike goes on meanwhile, the control socket answers, and an honest client is served."""

from __future__ import annotations

import contextlib
import errno
import random
import resource
import select
import socket
import time
from typing import Callable, Iterator

from harness import Field, check, eventually, same, test
from test_http import HTTP, Asking

REQUEST = b"GET /chart.js HTTP/1.1\r\nHost: x\r\n\r\n"
ATTACKERS = [f"10.77.0.{last}" for last in range(100, 120)]


def many(field: Field, count: int) -> list[socket.socket]:
    """So many clients of twenty addresses, begun at once; those that are turned away are closed."""
    poll = select.epoll()
    begun: dict[int, socket.socket] = {}
    with field.peer_ns.entered():
        for i in range(count):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            client.setblocking(False)
            client.bind((ATTACKERS[i % len(ATTACKERS)], 0))
            check(client.connect_ex((field.STACK, 80)) == errno.EINPROGRESS, "a client begins")
            begun[client.fileno()] = client
            poll.register(client, select.EPOLLOUT)
    waiting = set(begun)
    end = time.monotonic() + 20
    while waiting:
        check(time.monotonic() < end, f"{len(waiting)} clients have no answer")
        for fd, _ in poll.poll(1):
            poll.unregister(fd)
            waiting.discard(fd)
    poll.close()
    return list(begun.values())


def close(clients: list[socket.socket]) -> None:
    for client in clients:
        client.close()


@contextlib.contextmanager
def while_a_strike_runs(field: Field) -> Iterator[Callable[[], None]]:
    """Gives what must hold at any time: an honest client is served, and the control socket
    answers."""
    for address in ATTACKERS:
        field.peer_ns.ip("addr", "add", f"{address}/24", "dev", "conker0")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 12_000)), hard))
    field.scene.undo(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
    field.peer("echo", field.PEER, "9000")
    held = field.ctl.open(f"{field.PEER}:9000")
    field.ctl.ok("strike", f"{field.PEER}:9000", "--detach", "--duration", "120s", "--rate", "200",
                 "--concurrency", "8", "--connect-timeout", "20s", "--close-timeout", "20s")
    descriptors = field.daemon.descriptors()

    def served() -> bool:
        with contextlib.closing(Asking(field)) as asking:
            try:
                return asking.get("/healthz")[1] == "ok\n"
            except OSError:
                return False  # until somebody has made room, in a second

    def holds() -> None:
        eventually(served, "an honest client is served", 10)
        same(field.ctl.json("--timeout", "10s", "status")["audit"]["balanced"], True, "the audit")
        check(field.ctl.striking() is not None, "the strike goes on")

    yield holds
    holds()
    same(field.ctl.state(held), "ESTABLISHED", "a connection that nobody attacks")
    check(field.daemon.descriptors() <= descriptors, "descriptors")
    strike, = field.ctl.json("strike", "list")["strikes"]
    same(strike["failed"], 0, f"failed cycles of the strike, of {strike['cycles']}")
    field.ctl.ok("strike", "stop")
    eventually(lambda: field.ctl.striking() is None, "the strike ends", 30)
    strike, = field.ctl.json("strike", "list")["strikes"]
    same(strike["failed"], 0, f"failed cycles of the strike, of {strike['cycles']}")
    stats = field.ctl.json("stats")["http"]
    field.scene.note(", ".join(f"{name} {stats[name]}" for name in (
        "accepted", "turned_away", "made_room", "bad_requests", "slow_requests", "unread")))


@test("tap", busy=True, config=HTTP)
def ten_thousand_clients_at_once(field: Field) -> None:
    with while_a_strike_runs(field) as holds:
        clients: list[socket.socket] = []
        try:
            for _ in range(10):
                clients += many(field, 1000)
                holds()
            same(len(clients), 10_000, "clients")
            stats = field.ctl.json("stats")["http"]
            check(stats["clients"] <= 64, f"{stats['clients']} clients are kept")
            check(stats["turned_away"] + stats["made_room"] > 9000, f"turned away: {stats}")
        finally:
            close(clients)
        eventually(lambda: field.ctl.json("stats")["http"]["clients"] == 0, "they have gone", 10)


@test("tap", busy=True, config={"http": {**HTTP["http"], "request_timeout": "2s"}})
def clients_that_send_slowly_or_nothing(field: Field) -> None:
    with while_a_strike_runs(field) as holds:
        clients = many(field, 60)
        end = time.monotonic() + 15
        while True:
            for client in clients[:40]:
                with contextlib.suppress(OSError):
                    client.send(b"GET / HTTP/1.1\r\nX: " if client is clients[0] else b"G")
            stats = field.ctl.json("stats")["http"]
            if stats["slow_requests"] + stats["made_room"] >= 50:
                break
            check(time.monotonic() < end, f"their time is not over: {stats}")
            holds()
            time.sleep(0.2)
        close(clients)


@test("tap", busy=True, config=HTTP)
def clients_that_do_not_read(field: Field) -> None:
    before = field.daemon.resident_kib()
    with while_a_strike_runs(field) as holds:
        clients = many(field, 60)
        for client in clients:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.send(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n" if client is clients[0]
                            else REQUEST * 1000)
        holds()
        time.sleep(1)
        held = field.ctl.json("status")["tables"]
        chunks, = (one["used"] for one in held if one["name"] == "chunks")
        # 64 KiB of an answer, and a window of requests, each in chunks of 8 KiB, for each client.
        check(chunks <= 64 * 20, f"{chunks} chunks are held")
        holds()
        close(clients)
    grown = field.daemon.resident_kib() - before
    check(grown < 64 * 1024, f"{grown} KiB more memory")


@test("tap", busy=True, quick=True, config=HTTP)
def garbage(field: Field) -> None:
    chance = random.Random(7)
    with while_a_strike_runs(field) as holds:
        said = [chance.randbytes(chance.randrange(1, 3000)) for _ in range(100)]
        said += [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 9000, b"\r\n" * 5000,
                 b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000,
                 b"GET /" + b"a" * 100_000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /",
                 b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"]
        for text in said:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError), \
                    field.peer_ns.connect(field.STACK, 80) as client:
                client.sendall(text)
                client.shutdown(socket.SHUT_WR)
                answer = client.recv(4096)
                check(answer[:10] in (b"", b"HTTP/1.1 4", b"HTTP/1.1 5"),
                      f"{text[:40]!r}: {answer!r}")
        holds()
        # Thousands of requests in one go are answered, each, in their order.
        with field.peer_ns.connect(field.STACK, 80) as client:
            client.setblocking(False)
            rest, heard = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" * 3000, b""
            end = time.monotonic() + 20
            while heard.count(b"HTTP/1.1 200 OK") < 3000:
                check(time.monotonic() < end, f"{heard.count(b'HTTP/1.1 200 OK')} answers")
                with contextlib.suppress(BlockingIOError):
                    rest = rest[client.send(rest):] if rest else rest
                with contextlib.suppress(BlockingIOError):
                    heard += client.recv(1 << 20)
        stats = field.ctl.json("stats")["http"]
        check(stats["bad_requests"] >= 100, f"they are counted: {stats}")
