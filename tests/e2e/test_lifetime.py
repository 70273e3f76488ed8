"""The lifetime of conkerd: SIGTERM, SIGKILL, restart, idle."""

import signal
import socket
import time

from harness import Field, check, eventually, same, test

TCP_CLOSE = 7


def kernel_state(connection: socket.socket) -> int:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def not_time_wait(field: Field) -> list[str]:
    return [line for line in field.peer_ns.tcp_sockets() if not line.startswith("TIME-WAIT")]


@test("tap", "packet", quick=True, busy=True)
def sigkill_during_a_strike(field: Field) -> None:
    """A restarted conkerd resets the kernel's half-open connections (RFC 9293, 3.5.1); new
    connections work."""
    field.accept_close()
    listener = field.listen(9001)
    for port in (40001, 40002):
        field.ctl.open(f"{field.PEER}:9001", "--local", f"{field.STACK}:{port}")
    idle, _ = listener.accept()
    busy, _ = listener.accept()
    strike = field.ctl.start("strike", f"{field.PEER}:9000", "--duration", "30",
                             "--concurrency", "64")
    time.sleep(1)
    field.daemon.kill()
    check(strike.wait(10) != 0, "conkerctl does not notice that its daemon died")
    check(not_time_wait(field), "nothing was under way when conkerd died")

    with field.stack_ns.entered():
        field.daemon.start()
    busy.settimeout(10)
    busy.sendall(b"are you there?")
    try:
        same(busy.recv(1), "a reset", "the stale connection")
    except ConnectionResetError:
        pass
    # An open on the four-tuple of a half-open connection resets that, too, and succeeds.
    field.ctl.open(f"{field.PEER}:9001", "--local", f"{field.STACK}:40001")
    listener.accept()
    eventually(lambda: kernel_state(idle) == TCP_CLOSE, "the idle stale connection is reset")
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "2000", "--concurrency", "16")
    same(report["completed"], 2000, f"new cycles: {report}")
    eventually(lambda: len(not_time_wait(field)) == 1,
               "the stale connections of the strike are gone", 20)
    field.ctl.balanced()


@test("tap", "packet", quick=True)
def sigterm_closes_connections(field: Field) -> None:
    listener = field.listen(9000)
    field.ctl.open(f"{field.PEER}:9000")
    accepted, _ = listener.accept()
    accepted.settimeout(5)
    field.daemon.signal(signal.SIGTERM)
    same(accepted.recv(1), b"", "what the peer reads: our FIN")
    accepted.close()
    same(field.daemon.process.wait(5), 0, "exit code")
    check(not_time_wait(field) == [], f"left at the kernel: {not_time_wait(field)}")


@test("tap", "packet", config={"shutdown_timeout": "1s"}, quick=True)
def sigterm_resets_after_the_timeout(field: Field) -> None:
    """A peer that does not close: its connection is reset after shutdown_timeout."""
    listener = field.listen(9000)
    field.ctl.open(f"{field.PEER}:9000")
    stuck, _ = listener.accept()
    stuck.settimeout(5)
    begin = time.monotonic()
    field.daemon.signal(signal.SIGTERM)
    same(stuck.recv(1), b"", "what the peer reads: our FIN")
    same(field.daemon.process.wait(5), 0, "exit code")
    took = time.monotonic() - begin
    check(0.9 < took < 3, f"a bound of 1 s took {took:.2f} s")
    same(kernel_state(stuck), TCP_CLOSE, "the stuck connection's state at the kernel")


@test("tap")
def a_second_sigterm_resets_at_once(field: Field) -> None:
    listener = field.listen(9000)
    field.ctl.open(f"{field.PEER}:9000")
    stuck, _ = listener.accept()
    stuck.settimeout(5)
    begin = time.monotonic()
    field.daemon.signal(signal.SIGTERM)
    same(stuck.recv(1), b"", "what the peer reads: our FIN")
    field.daemon.signal(signal.SIGTERM)
    same(field.daemon.process.wait(5), 0, "exit code")
    check(time.monotonic() - begin < 2, "the second SIGTERM did not hurry it")


@test("tap")
def sigterm_during_a_strike(field: Field) -> None:
    field.accept_close()
    strike = field.ctl.start("strike", f"{field.PEER}:9000", "--duration", "30",
                             "--concurrency", "64")
    eventually(lambda: field.ctl.striking(), "the strike runs")
    same(field.daemon.terminate(), 0, "exit code")
    strike.wait(10)
    eventually(lambda: not not_time_wait(field), "nothing is left at the kernel", 10)


@test("tap")
def conkerd_has_one_thread(field: Field) -> None:
    """conkerd has one thread. Tests of code that crosses threads are in tests/threads."""
    field.accept_close()
    strike = field.ctl.start("strike", f"{field.PEER}:9000", "--cycles", "20000",
                             "--concurrency", "64")
    eventually(lambda: field.ctl.striking(), "the strike runs")
    with open(f"/proc/{field.daemon.process.pid}/status", encoding="ascii") as file:
        threads = [line.split()[1] for line in file if line.startswith("Threads:")]
    same(threads, ["1"], "threads of conkerd in the middle of a strike")
    same(strike.wait(30), 0, "the strike")


@test("tap")
def sleeps_when_idle(field: Field) -> None:
    """An idle daemon uses no processor time."""
    field.ctl.ok("ping", field.PEER, "-c", "1")
    time.sleep(0.5)

    def ticks() -> int:
        with open(f"/proc/{field.daemon.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(2)
    check(ticks() - before <= 1, f"{ticks() - before} ticks of CPU in 2 idle seconds")


@test("tap")
def survives_its_device_going_down(field: Field) -> None:
    field.ctl.ok("ping", field.PEER, "-c", "1")
    field.peer_ns.ip("link", "set", "conker0", "down")
    field.ctl("ping", field.PEER, "-c", "1").expect(4)
    field.peer_ns.ip("link", "set", "conker0", "up")
    eventually(lambda: field.ctl("ping", field.PEER, "-c", "1").code == 0, "pings again", 10)
