"""conkerctl forward: sockets of the host joined with connections of the stack."""

import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

from harness import Field, check, eventually, same, test
from harness.processes import Process

PORT = 9000


class Forward:
    """A `conkerctl forward` in the peer's namespace, ready."""

    def __init__(self, field: Field, *arguments: str, target: str = "", port: int = 0) -> None:
        self.namespace = field.peer_ns
        self.scene = field.scene
        with field.peer_ns.entered():
            self.process: Process = field.ctl.start(
                "--json", "forward", str(port), target or f"{field.PEER}:{PORT}", *arguments)
        said = self.process.until(
            lambda: re.search(r"(?::| port )(\d+)(?: of the stack)? leads to", self.process.err()),
            "it listens")
        self.port = int(said[1])

    def connect(self) -> socket.socket:
        made = self.namespace.connect("127.0.0.1", self.port)
        self.scene.undo(made.close)
        return made

    def end(self) -> dict[str, int]:
        """Its summary, after Ctrl-C."""
        self.process.signal(signal.SIGINT)
        same(self.process.wait(10), 0, f"Ctrl-C: {self.process.err()}")
        return self.process.last_json()


def is_reset(connection: socket.socket) -> bool:
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    return False


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def gone(field: Field) -> None:
    """All connections of the stack have ended."""
    eventually(lambda: field.ctl.balanced()["live"] == 0, "no connection is left")


def curl(forward: Forward, *arguments: str, **streams: int) -> subprocess.Popen[bytes]:
    with forward.namespace.entered():
        process = subprocess.Popen(
            ["curl", "-sS", "--fail", *arguments, f"http://127.0.0.1:{forward.port}/"],
            stdout=streams.get("stdout", subprocess.PIPE))
    forward.scene.undo(process.kill)
    return process


@test("tap", "packet")
def curl_fetches_and_posts(field: Field) -> None:
    """200 MB each way, 1 GB with --whole; the hashes at both ends are the same."""
    size = 1_000_000_000 if field.scene.binaries.whole else 200_000_000
    path = f"{field.scene.directory}/data"
    block = os.urandom(1 << 20)
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for number in range(size // len(block)):
            piece = struct.pack("!Q", number) + block[8:]
            digest.update(piece)
            file.write(piece)
    server = field.scene.process(
        "http", [sys.executable, "-B", f"{field.scene.binaries.sources}/tests/e2e/peers/"
                 "http_file.py", field.PEER, str(PORT), path], field.peer_ns)
    server.until(lambda: "listening" in server.out(), "the server listens")
    forward = Forward(field)
    begin = time.monotonic()
    fetch = curl(forward)
    fetched = hashlib.sha256()
    while piece := fetch.stdout.read(1 << 20):
        fetched.update(piece)
    same((fetch.wait(10), fetched.hexdigest()), (0, digest.hexdigest()), "what was fetched")
    middle = time.monotonic()
    post = curl(forward, "-X", "POST", "-T", path, "-H", "Expect:")
    same(post.stdout.read().decode(), digest.hexdigest(), "what was posted")
    same(post.wait(10), 0, "curl")
    end = time.monotonic()
    size = os.path.getsize(path)
    field.scene.notes.append(f"fetched {size / (middle - begin) / 1e6:.0f} MB/s, "
                             f"posted {size / (end - middle) / 1e6:.0f} MB/s")
    gone(field)
    told = forward.end()
    same((told["connections"], told["failed"], told["cut"]), (2, 0, 0), "the summary")
    check(told["sent"] > size and told["received"] > size, f"bytes: {told}")


@test("tap", quick=True)
def half_closes_and_resets_are_carried_over(field: Field) -> None:
    listener = field.listen(PORT)
    forward = Forward(field)
    ours = forward.connect()
    theirs, _ = listener.accept()
    ours.sendall(b"request")
    ours.shutdown(socket.SHUT_WR)
    same(theirs.recv(100) + theirs.recv(100), b"request", "and the end of it")
    theirs.sendall(b"answer")
    same(ours.recv(100), b"answer", "after the half-close")
    theirs.close()
    same(ours.recv(100), b"", "the end of the answer")
    for way in ("to the peer", "to the host"):
        ours = forward.connect()
        theirs, _ = listener.accept()
        ours.sendall(b"x")
        same(theirs.recv(1), b"x", "a byte")
        reset(ours if way == "to the peer" else theirs)
        check(is_reset(theirs if way == "to the peer" else ours), f"no reset {way}")
        theirs.close()
    eventually(lambda: len(field.ctl.connections()) <= 1, "both are gone")
    told = forward.end()
    same((told["connections"], told["cut"]), (3, 2), "the summary")
    check("reset by the peer" in forward.process.err(), forward.process.err())
    gone(field)


@test("tap", quick=True)
def unreachable_targets_are_named(field: Field) -> None:
    forward = Forward(field)
    ours = forward.connect()
    same(ours.recv(10), b"", "the client's socket is closed")
    eventually(lambda: "refused the connection" in forward.process.err(), "the reason")
    told = forward.end()
    same((told["connections"], told["failed"]), (0, 1), "the summary")
    done = field.ctl("forward", "0", "nowhere").expect(2)
    check("nowhere" in done.err, done.err)
    done = field.ctl("forward", "0", f"{field.PEER}:{PORT}", "--bind", "10.99.0.1").expect(1)
    check("cannot listen on 10.99.0.1 port 0" in done.err, done.err)


@test("tap")
def many_at_a_time_and_a_client_that_is_killed(field: Field) -> None:
    """Beyond the cap clients wait; those of a `forward` that is killed are reset at both ends."""
    listener = field.listen(PORT)
    forward = Forward(field, "--most", "100")
    crowd = [forward.connect() for _ in range(130)]
    served = [listener.accept()[0] for _ in range(100)]
    time.sleep(0.2)
    same(sum(row["state"] == "ESTABLISHED" for row in field.ctl.connections()), 100, "at the cap")
    for connection in served:
        connection.close()
    for connection in crowd[:100]:
        same(connection.recv(1), b"", "the end")
        connection.close()
    served = [listener.accept()[0] for _ in range(30)]
    forward.process.kill()
    for connection in [*served, *crowd[100:]]:
        check(is_reset(connection), "not reset")
    gone(field)


@test("tap", quick=True)
def a_side_that_does_not_read_stops_the_other(field: Field) -> None:
    """Back-pressure, both ways: little is held between two ends that do not read."""
    listener = field.listen(PORT)
    forward = Forward(field)
    resident = field.daemon.resident_kib()
    for way in (0, 1):
        pair = (forward.connect(), listener.accept()[0])
        writer, reader = pair[way], pair[1 - way]
        writer.settimeout(1)
        data, sent = os.urandom(1 << 16), 0
        digest = hashlib.sha256()
        try:
            while sent < 100_000_000:
                count = writer.send(data)
                digest.update(data[:count])
                sent += count
        except TimeoutError:
            pass
        check(sent < 100_000_000, "all of it was taken")
        writer.shutdown(socket.SHUT_WR)
        got = hashlib.sha256()
        while piece := reader.recv(1 << 20):
            got.update(piece)
        same(got.hexdigest(), digest.hexdigest(), "all of it arrives")
        for end in pair:
            end.close()
    if not field.scene.binaries.sanitized:
        grown = field.daemon.resident_kib() - resident
        check(grown < 16_384, f"conkerd grew by {grown} KiB")
    same(forward.end()["connections"], 2, "the summary")


@test("tap", quick=True)
def reverse(field: Field) -> None:
    """A port of the stack leads to a socket of the host."""
    with field.peer_ns.entered():
        listener = socket.create_server(("127.0.0.1", 0))
    field.scene.undo(listener.close)
    listener.settimeout(10)
    forward = Forward(field, "--reverse", target=f"127.0.0.1:{listener.getsockname()[1]}", port=80)
    ours = field.connect(80)
    ours.sendall(b"request")
    ours.shutdown(socket.SHUT_WR)
    theirs, _ = listener.accept()
    same(theirs.recv(100) + theirs.recv(100), b"request", "and the end of it")
    theirs.sendall(b"answer")
    theirs.close()
    same(ours.recv(100) + ours.recv(100), b"answer", "the answer and its end")
    ours = field.connect(80)
    theirs, _ = listener.accept()
    ours.sendall(b"x")
    same(theirs.recv(1), b"x", "a byte")
    reset(theirs)
    check(is_reset(ours), "no reset")
    listener.close()
    with field.peer_ns.socket() as peer:
        try:
            peer.connect((field.STACK, 80))
            check(is_reset(peer), "nobody listens any more, and the peer is not reset")
        except ConnectionResetError:
            pass
    eventually(lambda: "Connection refused" in forward.process.err(), "the reason")
    told = forward.end()
    same((told["connections"], told["sent"], told["received"], told["failed"]), (2, 8, 6, 1),
         "the summary")
    field.ctl.ok("listen", "80", "--service", "echo")  # the port is free again
    gone(field)


@test("tap", quick=True)
def calls_without_a_socket_are_refused(field: Field) -> None:
    client = socket.socket(socket.AF_UNIX)
    field.scene.undo(client.close)
    client.connect(field.daemon.socket_path)
    client.settimeout(10)
    call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "forward",
                       "params": {"remote": f"{field.PEER}:{PORT}"}}).encode() + b"\n"
    read, write = os.pipe()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{field.scene.directory}/l")
    listening.listen()
    for passed in ([], [read], [udp.fileno()], [listening.fileno()]):
        socket.send_fds(client, [call], passed)
        answer = json.loads(client.recv(1 << 16))
        check("descriptor of a stream socket" in answer["error"]["message"], f"{answer}")
    for number in (read, write):
        os.close(number)
    udp.close()
    listening.close()
    gone(field)
