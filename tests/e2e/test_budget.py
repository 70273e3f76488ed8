"""The budget of chunks: many clients share one pool, and clients that do not read must not stall
others."""

import random
import resource
import selectors
import socket
import struct
import time

from harness import Dnsmasq, Field, Namespace, Scene, check, eventually, same, test

MAC = "02:00:00:00:77:02"
STACK, SERVER = "10.77.0.2", "10.77.0.1"
ECHO, CHARGEN = 7, 19
SERVICES = [{"name": "echo", "port": ECHO}, {"name": "chargen", "port": CHARGEN},
            {"name": "echo", "port": ECHO, "protocol": "udp"}]

# <linux/tcp.h>
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_OFF = 19, 20, 21, 0
RECEIVE_QUEUE, SEND_QUEUE = 1, 2


def many_files() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def echo_of_all(connections: list[socket.socket], data: bytes) -> None:
    """Every client sends `data` and reads its echo, all of them at once."""
    left = {s: memoryview(data) for s in connections}
    got = {s: 0 for s in connections}
    selector = selectors.DefaultSelector()
    for s in connections:
        s.setblocking(False)
        selector.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE)
    moved = time.monotonic()
    while selector.get_map():
        complete = sum(n == len(data) for n in got.values())
        check(time.monotonic() - moved < 60,
              f"all stand still: {complete} of {len(connections)} complete")
        for key, events in selector.select(1):
            s = key.fileobj
            if events & selectors.EVENT_WRITE:
                left[s] = left[s][s.send(left[s][:65536]):]
                if not left[s]:
                    selector.modify(s, selectors.EVENT_READ)
            if events & selectors.EVENT_READ:
                part = s.recv(1 << 18)
                check(part, f"the stack closed a connection after {got[s]} bytes")
                check(part == data[got[s]:got[s] + len(part)], "other bytes came back")
                got[s] += len(part)
                if got[s] == len(data):
                    selector.unregister(s)
            moved = time.monotonic()


def clients(namespace: Namespace, count: int, port: int,
            window: int | None = None) -> list[socket.socket]:
    made = []
    for _ in range(count):
        s = namespace.socket()
        if window is not None:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        s.connect((STACK, port))
        made.append(s)
    return made


def echo_of_many(field: Field, count: int, each: int) -> None:
    many_files()
    if field.scene.binaries.sanitized:
        count //= 20
    connections = clients(field.peer_ns, count, ECHO)
    begin = time.monotonic()
    echo_of_all(connections, random.Random(ECHO).randbytes(each))
    field.scene.note(f"{count} clients, {time.monotonic() - begin:.1f} s")
    for s in connections:
        s.close()
    eventually(lambda: field.ctl.audit()["live"] == 0, "their connections are gone", 30)
    field.ctl.balanced()


@test("tap", config={"services": SERVICES, "capacities": {"chunks": 4096}}, busy=True)
def echo_of_a_thousand_clients(field: Field) -> None:
    # An equal share of the pool would be a quarter of a chunk for sending.
    echo_of_many(field, 1000, 200_000)


@test("tap", config={"services": SERVICES, "capacities": {"chunks": 16, "chunk_bytes": 2048}},
      quick=True)
def echo_with_16_chunks(field: Field) -> None:
    echo_of_many(field, 20, 150_000)


class Holes:
    """A kernel connection, and segments of one byte each beyond holes, sent in its name.
    Timestamps must be off."""

    def __init__(self, namespace: Namespace, raw: socket.socket) -> None:
        self._socket = namespace.connect(STACK, ECHO)
        self._raw = raw
        self._socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self._rcv_nxt = self._sequence(RECEIVE_QUEUE)
        self._snd_nxt = self._sequence(SEND_QUEUE)
        self._socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF)

    def _sequence(self, queue: int) -> int:
        self._socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
        return self._socket.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) & 0xFFFFFFFF

    def send(self, count: int) -> None:
        for n in range(count):
            sequence = (self._snd_nxt + 1 + 2 * n) & 0xFFFFFFFF
            head = struct.pack("!HHIIBBHHH", self._socket.getsockname()[1], ECHO,
                               sequence, self._rcv_nxt, 5 << 4, 0x18, 65535, 0, 0)
            pseudo = (socket.inet_aton(SERVER) + socket.inet_aton(STACK)
                      + struct.pack("!BBH", 0, 6, len(head) + 1))
            words = pseudo + head + b"x\0"
            total = sum(struct.unpack(f"!{len(words) // 2}H", words))
            total = (total & 0xFFFF) + (total >> 16)
            checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
            self._raw.sendto(head[:16] + struct.pack("!H", checksum) + head[18:] + b"x", (STACK, 0))


@test(busy=True)
def clients_that_do_not_read_delay_no_others(scene: Scene) -> None:
    """RFC 9293, 3.8.6.1: peers may close their windows for ever, and send beyond holes: pings,
    host lookup, new connections, datagrams and the lease must not suffer."""
    many_files()
    readers, peers, holes = (200, 20, 80) if scene.binaries.sanitized else (4000, 200, 80)
    namespace = scene.namespace()
    daemon = scene.conkerd(
        {"links": [{"type": "tap", "name": "lan", "device": "conker0", "mac": MAC,
                    "address": "dhcp", "host_address": f"{SERVER}/24"}],
         "services": SERVICES}, namespace)
    server = Dnsmasq(scene, namespace, "conker0", "--dhcp-authoritative",
                     "--no-ping", "--local=/test/",
                     f"--dhcp-range={STACK},{STACK},255.255.255.0,120",
                     "--dhcp-option=option:T1,10",
                     *(f"--host-record=www{n}.test,10.77.0.9" for n in range(10)))
    ctl = daemon.ctl
    eventually(lambda: ctl.json("status")["links"][0]["dhcp"]["state"] == "BOUND",
               "a lease is in use", 15)
    namespace.sysctl("net/ipv4/tcp_timestamps", "0")

    silent = clients(namespace, readers, CHARGEN, window=2304)
    with namespace.entered():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    out_of_order = [Holes(namespace, raw) for _ in range(peers)]
    for one in out_of_order:
        one.send(holes)
    renewals = server.count("DHCPACK")

    slowest = 0.0

    def timed(what: str, answered: bool, begin: float) -> None:
        nonlocal slowest
        check(answered, f"{what} is not answered")
        slowest = max(slowest, time.monotonic() - begin)

    for n in range(10):
        for one in out_of_order:  # sends again what the stack may have dropped
            one.send(holes // 10)
        begin = time.monotonic()
        timed("ping", namespace.run("ping", "-c", "1", "-W", "5", STACK).returncode == 0, begin)
        begin = time.monotonic()
        timed("a name", ctl.ok("resolve", f"www{n}.test").out == "10.77.0.9\n", begin)
        begin = time.monotonic()
        with namespace.connect(STACK, ECHO, 5) as newcomer:
            newcomer.sendall(b"hello")
            timed("a newcomer's echo", newcomer.recv(10) == b"hello", begin)
        begin = time.monotonic()
        with namespace.connect(STACK, CHARGEN, 5) as newcomer:
            timed("a newcomer who reads", len(newcomer.recv(1 << 16)) > 0, begin)
        begin = time.monotonic()
        with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(5)
            datagrams.sendto(b"hello", (STACK, ECHO))
            timed("a datagram's echo", datagrams.recv(10) == b"hello", begin)
    eventually(lambda: server.count("DHCPACK") > renewals, "the lease is renewed", 20)
    same(server.count("DHCPDISCOVER"), 1, "the lease was never lost")
    tables = {table["name"]: table["used"] for table in ctl.json("status")["tables"]}
    scene.note(f"{readers} that do not read, {peers} x {holes} holes, {tables['chunks']} chunks; "
               f"slowest {slowest:.2f} s")
    same(ctl.counter("stalled_given_up"), 0, "connections given up")
    for s in silent:
        s.close()
    ctl.balanced()
