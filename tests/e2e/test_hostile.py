"""Floods of forged segments: an open connection continues, and memory does not grow."""

import json
import random
import socket
import threading

from harness import Field, check, eventually, same, test
from harness.field import MAC

ECHO = 7
DEVICE = "conker0"
SERVICES = {"services": [{"name": "echo", "port": ECHO}]}


class Conversation:
    """A thread that sends bytes to the echo service and compares the echo, until end()."""

    PIECE = 16_384

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._generator = random.Random(ECHO)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.moved = 0
        self.problem = ""
        connection.settimeout(60)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._ending.is_set() and not self.problem:
                self._round()
        except OSError as error:
            self.problem = f"after {self.moved} bytes: {error}"

    def _round(self) -> None:
        sent = self._generator.randbytes(self.PIECE)
        self._connection.sendall(sent)
        back = b""
        while len(back) < len(sent):
            part = self._connection.recv(len(sent) - len(back))
            if not part:
                self.problem = f"closed by the stack after {self.moved} bytes"
                return
            back += part
        if back != sent:
            self.problem = f"other bytes came back after {self.moved}"
        self.moved += len(back)

    def end(self) -> None:
        self._ending.set()
        self._thread.join(90)
        same(self.problem, "", "the open connection")
        self._connection.close()


def dropped(field: Field) -> int:
    """Frames that the device's full queue dropped before conkerd read them."""
    shown = json.loads(field.peer_ns.ip("-s", "-j", "link", "show", "dev", DEVICE))
    return int(shown[0]["stats64"]["tx"]["dropped"])


def send(field: Field, kind: str, count: int, tuple_port: int, seed: int) -> None:
    rate = 20_000 if field.scene.binaries.sanitized else 100_000
    sender = field.scene.process(
        "flood", [field.scene.binaries.peer, "flood", field.STACK, str(ECHO),
                  kind, "--device", DEVICE, "--to-mac", MAC,
                  "--tuple-address", field.PEER, "--tuple-port", str(tuple_port),
                  "--count", str(count),
                  "--rate", str(rate), "--seed", str(seed)], field.peer_ns)
    same(sender.wait(120), 0, f"conker_peer flood: {sender.err()}")


def flood(field: Field, kind: str) -> None:
    # A million SYNs each time, and of the others with --whole.
    count = 1_000_000 if kind == "syn" or field.scene.binaries.whole else 300_000
    if field.scene.binaries.sanitized:
        count = 50_000
    field.peer_ns.ip("link", "set", DEVICE, "txqueuelen", "10000")
    connection = field.connect(ECHO)
    port = connection.getsockname()[1]
    conversation = Conversation(connection)
    eventually(lambda: conversation.moved, "the connection moves bytes")
    # A tenth of the flood first, which touches tables that were not in use yet.
    send(field, kind, count // 10, port, 1)
    resident = field.daemon.resident_kib()

    moved, arrived = conversation.moved, field.ctl.counter("segments_in")
    missing, seed = count, 2
    while missing > 0:
        lost = dropped(field)
        send(field, kind, missing, port, seed)
        missing, seed = dropped(field) - lost, seed + 1
    moved = conversation.moved - moved
    check(moved >= Conversation.PIECE, f"the open connection moved {moved} bytes during the flood")
    eventually(lambda: field.ctl.counter("segments_in") - arrived >= count,
               f"conkerd has seen {count} segments")
    field.scene.note(f"{moved:,} bytes moved meanwhile")

    grown = field.daemon.resident_kib() - resident
    if not field.scene.binaries.sanitized:
        # The open connection may fill its buffers of 1 MiB and 2 MiB.
        check(grown < 4096, f"conkerd grew by {grown} KiB in a flood of {kind} segments")
    conversation.end()
    # A connection after the flood is served.
    newcomer = Conversation(field.connect(ECHO))
    eventually(lambda: newcomer.moved or newcomer.problem, "a new connection is served", 10)
    newcomer.end()
    field.ctl.balanced()


@test("tap", config=SERVICES, quick=True, alone=True)
def flood_of_syn(field: Field) -> None:
    flood(field, "syn")


@test("tap", config=SERVICES, quick=True, alone=True)
def flood_of_fin(field: Field) -> None:
    flood(field, "fin")


@test("tap", config=SERVICES, quick=True, alone=True)
def flood_of_rst(field: Field) -> None:
    flood(field, "rst")


@test("tap", config=SERVICES, quick=True, alone=True)
def flood_of_xmas(field: Field) -> None:
    flood(field, "xmas")
