"""Misuse of the control socket: conkerd answers with an error or disconnects, and keeps serving
others."""

import json
import random
import socket
import subprocess
import time

from harness import Field, check, same, test


def client(field: Field) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.connect(field.daemon.socket_path)  # waits while the backlog is full
    made.settimeout(5)
    field.scene.undo(made.close)
    return made


def answers(field: Field) -> None:
    check(field.daemon.process.running(), "conkerd died")
    field.ctl.ok("ping", field.PEER, "-c", "1")
    field.ctl.balanced()


def reply(connection: socket.socket) -> dict:
    data = b""
    while not data.endswith(b"\n"):
        part = connection.recv(65536)
        if not part:
            break
        data += part
    return json.loads(data) if data else {}


@test("tap", quick=True)
def bad_lines_get_an_error(field: Field) -> None:
    lines = [
        b"\n", b"{}\n", b"[]\n", b"null\n", b"12\n", b"{\n",
        b"nonsense\n", b"\x00\x01\x02\n", b"\xff\xfe\n",
        b'"\xc3\n',
        b'{"jsonrpc":"2.0","id":1,"method":"\xc3"}\n', b"[" * 30_000 + b"\n",
        b'{"a":' * 10_000 + b"\n",
        b'{"jsonrpc":"2.0","id":1}\n', b'{"jsonrpc":"2.0","id":1,"method":7}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"nonsense"}\n',
        b'{"jsonrpc":"1.0","id":1,"method":"status"}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"open"}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"open","params":[1]}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"open","params":{"remote":7}}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"open","params":{"remote":"10.77.0.1:80","x":1}}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"strike",'
        b'"params":{"target":"10.77.0.1:80","cycles":-1}}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"strike",'
        b'"params":{"target":"10.77.0.1:80","cycles":1e999}}\n',
        b'{"jsonrpc":"2.0","id":{"a":[]},"method":"status"}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"capture_start"}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"close","params":{"id":"99999999999999999999.1"}}\n',
    ]
    for line in lines:
        with client(field) as connection:
            connection.sendall(line)
            if line != b"\n":
                check("error" in reply(connection), f"no error for {line[:60]!r}")
    answers(field)


@test("tap", quick=True)
def a_line_beyond_the_limit(field: Field) -> None:
    connection = client(field)
    try:
        for _ in range(200):
            connection.sendall(b"x" * 65536)
    except (BrokenPipeError, ConnectionResetError):
        pass
    else:
        check(False, "13 MB without an end of line were taken")
    answers(field)


@test("tap", quick=True)
def random_bytes(field: Field) -> None:
    generator = random.Random(4)
    for _ in range(200):
        with client(field) as connection:
            try:
                connection.sendall(generator.randbytes(generator.randrange(1, 5000)))
            except OSError:
                pass
    answers(field)


@test("tap", quick=True)
def many_clients(field: Field) -> None:
    """200 clients that send nothing: those beyond the limit are refused, others are served."""
    descriptors = field.daemon.descriptors()
    field.ctl.ok("version")
    crowd = [client(field) for _ in range(200)]
    time.sleep(0.3)
    check(field.daemon.descriptors() < descriptors + 150, "there is no cap on clients")
    crowd[0].sendall(b'{"jsonrpc":"2.0","id":1,"method":"version"}\n')
    check("result" in reply(crowd[0]), "the first of the crowd is not served")
    for connection in crowd:
        connection.close()
    answers(field)
    same(field.daemon.descriptors(), descriptors, "descriptors after the crowd has gone")


@test("tap", quick=True)
def a_client_that_reads_no_answers(field: Field) -> None:
    resident = field.daemon.resident_kib()
    connection = client(field)
    request = b'{"jsonrpc":"2.0","id":1,"method":"stats"}\n' * 100
    try:
        for _ in range(500):
            connection.sendall(request)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        pass
    answers(field)
    if not field.scene.binaries.sanitized:
        grown = field.daemon.resident_kib() - resident
        check(grown < 16_384, f"conkerd grew by {grown} KiB for a client that never reads")


@test("tap")
def a_client_that_does_not_read_its_relay(field: Field) -> None:
    """The relay waits for its client; other calls do not."""
    field.peer("source", field.PEER, "9000", "--bytes", "50000000")
    # The pipe is never read.
    connect = field.ctl.start("connect", f"{field.PEER}:9000", stdout=subprocess.PIPE)
    time.sleep(1)
    check(connect.running(), "connect ended")
    answers(field)
    connect.kill()


@test("tap", quick=True)
def surplus_descriptors_are_closed(field: Field) -> None:
    before = field.daemon.descriptors()
    line = b'{"jsonrpc":"2.0","id":1,"method":"version"}\n'
    for _ in range(50):
        with client(field) as connection, open("/dev/null", "rb") as null:
            socket.send_fds(connection, [line], [null.fileno()] * 8)
            reply(connection)
    same(field.daemon.descriptors(), before, "descriptors kept")
    answers(field)
