"""Other software against the stack: nginx, nmap."""

import json
import os
import re
import subprocess

from harness import Failure, Field, check, same, test

PORT = 8080
SEED = "78"


def nginx(field: Field, root: str) -> None:
    """Serves the files of `root` at the peer's address, in the peer's namespace."""
    config = os.path.join(field.scene.directory, "nginx.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"""
daemon off;
master_process off;
pid {field.scene.directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {field.scene.directory}/body;
  proxy_temp_path {field.scene.directory}/proxy;
  fastcgi_temp_path {field.scene.directory}/fastcgi;
  uwsgi_temp_path {field.scene.directory}/uwsgi;
  scgi_temp_path {field.scene.directory}/scgi;
  server {{ listen {field.PEER}:{PORT}; root {root}; }}
}}
""")
    server = field.scene.process("nginx", ["nginx", "-c", config], field.peer_ns)

    def listens() -> bool:
        with field.peer_ns.socket() as probe:
            return probe.connect_ex((field.PEER, PORT)) == 0

    server.until(listens, "nginx listens")


def header_of(stream) -> str:
    """Reads the header of the answer; the body is left in the stream."""
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        byte = os.read(stream.fileno(), 1)
        if not byte:
            raise Failure(f"the answer ended in its header: {header!r}")
        header += byte
    return header.decode("ascii")


@test("tap", "packet", busy=True)
def nginx_serves_a_gigabyte(field: Field) -> None:
    """conkerctl connect as a client of HTTP/1.0; the hash of the body is compared."""
    size = 10_000_000 if field.scene.binaries.sanitized else 1 << 30
    path = os.path.join(field.scene.directory, "unique.bin")
    with open(path, "wb") as file:
        made = field.peer("generate", "--bytes", str(size), "--seed", SEED, stdout=file)
        same(made.wait(120), 0, "conker_peer generate")
    nginx(field, field.scene.directory)

    connect = field.ctl.start("connect", f"{field.PEER}:{PORT}", stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    # Standard input stays open, since nginx takes a half-close for a disconnect.
    connect.stdin.write(b"GET /unique.bin HTTP/1.0\r\n\r\n")
    connect.stdin.flush()
    header = header_of(connect.stdout)
    check(" 200 " in header.splitlines()[0], f"nginx answers: {header}")
    hashed = field.peer("hash", stdin=connect.stdout)
    connect.stdout.close()
    same(hashed.wait(300), 0, "conker_peer hash")
    connect.stdin.close()
    same(connect.wait(30), 0, f"conkerctl connect: {connect.err()}")
    same(hashed.last_json(), json.loads(made.err()), "bytes and hash of the body")
    same(field.ctl.balanced()["live"], 0, "connections left")


@test("tap", config={"services": [{"name": "echo", "port": 7}]}, alone=True)
def nmap_predicts_no_numbers(field: Field) -> None:
    """nmap, with an open and a closed port, finds initial sequence numbers and IP identifications
    unpredictable."""
    done = field.peer_ns.run("nmap", "-n", "-Pn", "-O", "-v", "-p", "7,9", field.STACK, timeout=120)
    same(done.returncode, 0, f"nmap: {done.stdout}")
    check(re.search(r"^7/tcp\s+open", done.stdout, re.MULTILINE),
          f"port 7 is not open to nmap: {done.stdout}")
    check(re.search(r"^9/tcp\s+closed", done.stdout, re.MULTILINE),
          f"port 9 is not closed to nmap: {done.stdout}")
    sequence = re.search(r"TCP Sequence Prediction: Difficulty=(\d+) \((.*)\)", done.stdout)
    check(sequence, f"nmap says nothing about TCP sequence prediction: {done.stdout}")
    same(sequence[2], "Good luck!", f"TCP sequence prediction, difficulty {sequence[1]}")
    identification = re.search(r"IP ID Sequence Generation: (.*)", done.stdout)
    check(identification, f"nmap says nothing about IP identifications: {done.stdout}")
    same(identification[1], "Randomized", "IP ID sequence generation")
    # The stack still serves.
    with field.connect(7) as connection:
        connection.sendall(b"still here")
        same(connection.recv(1), b"s", "the echo after nmap")
    field.ctl.balanced()
