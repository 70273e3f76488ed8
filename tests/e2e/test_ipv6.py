"""IPv6 against the kernel's: neighbour discovery, echo, transfers, strikes, over TAP and veth."""

import random
import socket
import threading

from harness import Field, check, eventually, same, test, transfer

ECHO = {"services": [{"name": "echo", "port": 7}]}


def in_use(field: Field, peer: str = "") -> None:
    """Waits until the stack's duplicate address detection has ended, after two seconds."""
    peer = peer or field.PEER
    eventually(lambda: field.ctl("ping", peer, "-c", "1").code == 0, "the peer answers", 15)


def accept_and_close(listener: socket.socket) -> None:
    """A server that reads until the peer closes; ends when its listener is closed."""
    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass

    for _ in range(4):
        threading.Thread(target=serve, daemon=True).start()


@test("tap6", "packet6", config=ECHO, quick=True)
def each_side_pings_the_other(field: Field) -> None:
    in_use(field)
    for payload in ("56", "4000"):  # the second in fragments, each way
        out = field.peer_ns.run("ping", "-6", "-n", "-c", "3", "-i", "0.2", "-W", "2",
                                "-s", payload, field.STACK).stdout
        check(" 0% packet loss" in out, f"ping with {payload} bytes: {out}")
    done = field.ctl("ping", field.PEER, "-c", "3", "-s", "4000", "-i", "100ms")
    check("3 sent, 3 received" in done.out, f"ping: {done.out}{done.err}")


@test("tap6", "packet6", config=ECHO, quick=True)
def an_echo_of_a_megabyte_is_the_same(field: Field) -> None:
    in_use(field)
    connection = field.connect(7)
    transfer(connection, connection, random.Random(6).randbytes(1_000_000))
    for name in ("drop_segment_checksum", "drop_ip_malformed", "drop_icmp_checksum"):
        same(field.ctl.counter(name), 0, name)


@test("tap6", "packet6")
def strikes_by_fin_and_by_rst_pass(field: Field) -> None:
    in_use(field)
    accept_and_close(field.listen(9000, 4096))
    for close in ("fin", "rst"):
        report = field.ctl.strike(field.at(field.PEER, 9000), "--cycles", "1000",
                                  "--concurrency", "8", "--close", close)
        same(report["completed"], 1000, f"cycles completed by {close}")
        same(report["verdict"], "pass", f"the verdict on the kernel by {close}")
    field.ctl.balanced()


@test("tap6")
def a_link_local_address_is_a_target_by_the_name_of_its_link(field: Field) -> None:
    lines = field.peer_ns.ip("-6", "-o", "addr", "show", "dev", "conker0", "scope", "link")
    address = lines.split("inet6 ")[1].split("/")[0]
    in_use(field, f"{address}%field")
    listener = field.peer_ns.socket(address="::")
    field.scene.undo(listener.close)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", 9001))
    listener.listen(16)
    accept_and_close(listener)
    opened = field.ctl.open(f"[{address}%field]:9001")
    shown = field.ctl.json("show", opened)
    check(shown["remote"].endswith("%field]:9001"), f"the zone is not its name: {shown['remote']}")
    field.ctl.ok("close", opened)
