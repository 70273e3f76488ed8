"""Clients of a passive strike: they connect, again and again, until they are told to end.

    client.py kernel HOST PORT BEHAVIOUR THREADS   by the kernel's TCP: `speaks` sends something and
                                                   reads until the end, `closes` closes first,
                                                   `aborts` answers our FIN by a RST
    client.py constant-isn HOST PORT INTERFACE     by a TCP of its own, which begins every
                                                   connection with the same sequence number
    client.py refuses-syn HOST PORT INTERFACE      by one that answers a SYN by a RST, also where
                                                   it crosses its own"""

from __future__ import annotations

import itertools
import random
import socket
import struct
import sys
import threading
import time

ADDRESS = socket.inet_aton("10.77.0.9")
MAC = bytes.fromhex("02000000ee09")
FIN, SYN, RST, ACK = 1, 2, 4, 16
ISN = 0x12345678


def visit(host: str, port: int, behaviour: str) -> None:
    with socket.create_connection((host, port), 10) as connection:
        if behaviour == "closes":
            return
        connection.sendall(b"hello")
        while connection.recv(65536):
            pass
        if behaviour == "aborts":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def visit_again_and_again(host: str, port: int, behaviour: str) -> None:
    while True:
        try:
            visit(host, port, behaviour)
        except OSError:  # refused, or reset as the strike has it
            time.sleep(0.001)


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data + bytes(len(data) % 2)) // 2}H",
                              data + bytes(len(data) % 2)))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


class Client:
    """One connection after the other, in order but for what its kind says."""

    def __init__(self, kind: str, host: str, port: int, interface: str) -> None:
        self.constant_isn = kind == "constant-isn"
        self.host, self.port = socket.inet_aton(host), port
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.wire.bind((interface, 3))
        self.wire.settimeout(1)
        self.station = b"\xff" * 6

    def arp(self, operation: int, to: bytes) -> None:
        self.wire.send(to + MAC + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, operation) +
                       MAC + ADDRESS + to + self.host)

    def send(self, ours: int, flags: int, seq: int, ack: int) -> None:
        tcp = struct.pack("!HHIIBBHHH", ours, self.port, seq, ack, 0x50, flags, 8192, 0, 0)
        pseudo = ADDRESS + self.host + struct.pack("!HH", 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + ADDRESS
        ip += self.host
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.wire.send(self.station + MAC + b"\x08\x00" + ip + tcp)

    def receive(self, ours: int) -> tuple[int, int, int] | None:
        """Flags, SEG.SEQ and SEG.ACK of the next segment; None where none comes."""
        while True:
            try:
                frame = self.wire.recv(2048)
            except TimeoutError:
                return None
            if frame[6:12] == MAC:
                continue
            if frame[12:14] == b"\x08\x06" and frame[38:42] == ADDRESS:
                self.station = frame[6:12]
                if frame[21] == 1:
                    self.arp(2, self.station)
                elif ours == 0:
                    return 0, 0, 0
            elif frame[12:14] == b"\x08\x00" and frame[30:34] == ADDRESS and frame[23] == 6:
                _, port, seq, ack, _, flags = struct.unpack("!HHIIBB", frame[34:48])
                if port == ours:
                    return flags, seq, ack

    def connect(self, ours: int) -> None:
        isn = ISN if self.constant_isn else random.getrandbits(31)
        self.send(ours, SYN, isn, 0)
        while (segment := self.receive(ours)) is not None:
            flags, seq, ack = segment
            if flags & RST:
                return
            if flags & SYN and not flags & ACK:
                self.send(ours, RST | ACK, 0, seq + 1)
                return
            if flags & SYN:
                self.send(ours, ACK, isn + 1, seq + 1)
            elif flags & FIN:
                self.send(ours, ACK | FIN, isn + 1, seq + 1)
            elif ack == isn + 2:
                return

    def run(self) -> None:
        while self.station == b"\xff" * 6:
            self.arp(1, self.station)
            self.receive(0)
        for ours in itertools.cycle(range(20_000, 60_000)):
            self.connect(ours)


def main(kind: str, host: str, port: str, how: str, threads: str = "1") -> None:
    if kind != "kernel":
        return Client(kind, host, int(port), how).run()
    for _ in range(int(threads)):
        threading.Thread(target=visit_again_and_again, args=(host, int(port), how),
                         daemon=True).start()
    threading.Event().wait()
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
