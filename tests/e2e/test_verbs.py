"""Every verb of conkerctl, with its exit codes."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from harness import Field, Scene, check, eventually, same, test
from harness.ctl import Ctl

DONE, FAILED, USAGE, REFUSED, TIMED_OUT, NO_DAEMON = range(6)
VERBS = ("status", "open", "close", "abort", "list", "show",
         "send", "recv", "connect", "listen", "unlisten",
         "ping", "strike", "stats", "capture", "fault", "log", "version", "watch", "forward")
STALE = "4711.99"


@test(quick=True)
def help_and_usage(scene: Scene) -> None:
    daemon = scene.conkerd(_wire(scene))
    ctl = daemon.ctl
    same(ctl("--help").code, DONE, "conkerctl --help")
    for verb in VERBS:
        done = ctl(verb, "--help").expect(DONE)
        check(verb in done.out, f"conkerctl {verb} --help does not speak of {verb}")
    ctl().expect(USAGE)
    ctl("nonsense").expect(USAGE)
    ctl("status", "--nonsense").expect(USAGE)
    ctl("open").expect(USAGE)


def _wire(scene: Scene) -> dict:
    return {"links": [{"type": "unix", "name": "wire",
                       "path": os.path.join(scene.directory, "wire"),
                       "mode": "listen", "mac": "02:00:00:00:00:01", "addresses": ["10.1.0.1/24"]}]}


@test()
def no_daemon(scene: Scene) -> None:
    daemon = scene.conkerd(_wire(scene))
    daemon.terminate()
    strike = ["strike", "10.1.0.2:80", "--cycles", "1"]
    for verb in (["status"], ["list"], ["version"], ["open", "10.1.0.2:80"], strike):
        done = daemon.ctl(*verb).expect(NO_DAEMON)
        check(len(done.err.strip().splitlines()) == 1, f"one line expected: {done.err}")
        check("conkerd" in done.err, f"does not say what to start: {done.err}")


@test(quick=True)
def wrong_command_lines_with_json(scene: Scene) -> None:
    """One object, of the same shape as that of any other failure, wherever --json stands."""
    ctl = Ctl(scene.binaries.conkerctl, "/nowhere.sock", scene.directory)
    for arguments, message in ((["--json", "strikes"], "there is no verb strikes"),
                               (["strike", "--nonsense", "--json"],
                                "there is no option --nonsense: see conkerctl strike --help"),
                               (["--json"], "subcommand is required"),
                               (["show", "1", "--json", "--timeout", "x"], "--timeout")):
        done = ctl(*arguments).expect(USAGE)
        error = json.loads(done.out)["error"]
        same(sorted(error), ["exit", "message"], "its members")
        check(message in error["message"] and error["exit"] == USAGE, f"{arguments}: {error}")
        same(done.err, f"conkerctl: {error['message']}\n", "what people are told")
    same(ctl("strikes").out, "", "without --json")


@test(quick=True)
def wrong_words_are_answered_by_right_ones(scene: Scene) -> None:
    ctl = Ctl(scene.binaries.conkerctl, "/nowhere.sock", scene.directory)
    for arguments, message in (
            (["stirke"], "there is no verb stirke, did you mean strike?: see conkerctl --help"),
            (["strike", "--cycels", "3"],
             "there is no option --cycels, did you mean --cycles?: see conkerctl strike --help"),
            (["scenario", "chekc"],
             "conkerctl scenario does not take chekc, did you mean check?: "
             "see conkerctl scenario --help"),
            (["status", "--jsno"],
             "there is no option --jsno, did you mean --json?: see conkerctl status --help"),
            (["xyzzy"], "there is no verb xyzzy: see conkerctl --help")):
        same(ctl(*arguments).expect(USAGE).err, f"conkerctl: {message}\n", f"{arguments}")
    same(ctl.ok("help", "strike", "list").out, ctl.ok("strike", "list", "--help").out, "help")
    check("Verbs:" in ctl.ok("help").out, "help alone")
    same(ctl("help", "strike", "dance").expect(USAGE).err,
         "conkerctl: conkerctl strike has no verb dance: see conkerctl strike --help\n", "help")


@test(quick=True)
def a_daemon_of_another_version_is_named(scene: Scene) -> None:
    """When a result cannot be parsed, the error names the versions if they differ."""
    path = os.path.join(scene.directory, "old.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        threading.Thread(target=_old_daemon, args=(listener,), daemon=True).start()
        done = Ctl(scene.binaries.conkerctl, path, scene.directory)("status").expect(FAILED)
    same(done.err, "conkerctl: the daemon speaks version 1 of the control protocol, "
                   "this conkerctl version 5: update the older of the two\n", "what the CLI says")


def _old_daemon(listener: socket.socket) -> None:
    results = {"status": {"books": {}}, "version": {"version": "0.0.1", "protocol": 1}}
    client, _ = listener.accept()
    with client, client.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            lines.write(json.dumps({"jsonrpc": "2.0", "id": call["id"],
                                    "result": results[call["method"]]}) + "\n")
            lines.flush()


@test("tap", quick=True)
def version_status_stats_log(field: Field) -> None:
    ctl = field.ctl
    check("conker" in ctl.ok("version").out, "version")
    check(field.STACK in ctl.ok("status").out, "status does not show the address")
    status = ctl.json("status")
    check(status["audit"]["balanced"], f"audit: {status['audit']}")
    check("frames_in" in ctl.ok("stats").out, "stats")
    ctl.ok("log", "debug")
    ctl.ok("log", "info")
    ctl("log", "loud").expect(USAGE)


@test("tap", "packet", quick=True)
def open_list_show_close(field: Field) -> None:
    ctl = field.ctl
    field.peer("hold", field.PEER, "9000")
    identifier = ctl.open(f"{field.PEER}:9000", "--local", f"{field.STACK}:40000")
    printed = ctl.ok("open", f"{field.PEER}:9000").out  # from another local port
    row = next(row for row in ctl.connections() if row["id"] == identifier)
    same(row["state"], "ESTABLISHED", "state in list")
    same(row["local"], f"{field.STACK}:40000", "local in list")
    same(row["remote"], f"{field.PEER}:9000", "remote in list")
    table = ctl.ok("list").out
    check(identifier in table and "ESTABLISHED" in table, f"list as a table: {table}")
    check(any(word in printed for word in table.split() if "." in word),
          f"open does not print an id: {printed}")
    listed = ctl.json("list", "--state", "ESTABLISHED")["connections"]
    same(len(listed), 2, "list --state ESTABLISHED")
    same(ctl.json("list", "--state", "CLOSE-WAIT")["connections"], [], "list --state CLOSE-WAIT")
    ctl("list", "--state", "WONDERING").expect(USAGE)

    shown = ctl.json("show", identifier)
    same(shown["state"], "ESTABLISHED", "state in show")
    check(len(shown["history"]) >= 2, f"history: {shown['history']}")
    check("ESTABLISHED" in ctl.ok("show", identifier).out, "show as text")

    both = [row["id"] for row in listed]
    ctl.ok("close", *both)
    ctl("close", STALE).expect(FAILED)
    ctl("show", STALE).expect(FAILED)
    ctl("abort", STALE).expect(FAILED)
    ctl("close", "not-an-id").expect(USAGE)
    ctl("close").expect(USAGE)


@test("tap", quick=True)
def time_wait_is_listed(field: Field) -> None:
    listener = field.listen(9000)
    identifier = field.ctl.open(f"{field.PEER}:9000")
    accepted, _ = listener.accept()
    field.ctl.ok("close", identifier)
    same(accepted.recv(1), b"", "the peer sees our FIN")
    accepted.close()
    rows = eventually(lambda: field.ctl.json("list", "--state", "TIME-WAIT")["connections"],
                      "a TIME-WAIT record")
    same(rows[0]["remote"], f"{field.PEER}:9000", "remote of the record")
    same(field.ctl.balanced()["time_wait"], 1, "records in the audit")


@test("tap", "packet", quick=True)
def refused(field: Field) -> None:
    done = field.ctl("open", f"{field.PEER}:9").expect(REFUSED)
    check("refused" in done.err, f"does not say so: {done.err}")
    field.ctl("connect", f"{field.PEER}:9").expect(REFUSED)


@test("tap", "packet", quick=True)
def silent_address(field: Field) -> None:
    begin = time.monotonic()
    field.ctl("open", "10.77.0.99:80", "--timeout", "1").expect(TIMED_OUT)
    check(time.monotonic() - begin < 5, "the timeout of 1 s was not kept")
    field.ctl("connect", "10.77.0.99:80", "--timeout", "1").expect(TIMED_OUT)


@test("tap")
def listener_that_drops_syns(field: Field) -> None:
    """A kernel whose accept queue is full drops SYNs."""
    field.listen(9000, backlog=0)
    field.ctl.open(f"{field.PEER}:9000")  # fills it
    begin = time.monotonic()
    field.ctl("open", f"{field.PEER}:9000", "--timeout", "2").expect(TIMED_OUT)
    took = time.monotonic() - begin
    check(1.5 < took < 4, f"timeout of 2 s took {took:.1f} s")
    eventually(lambda: not field.ctl.json("list", "--state", "SYN-SENT")["connections"],
               "nothing in SYN-SENT")


@test("tap")
def timeout_of_the_whole_command(field: Field) -> None:
    begin = time.monotonic()
    field.ctl("--timeout", "1", "open", "10.77.0.99:80").expect(TIMED_OUT)
    check(time.monotonic() - begin < 4, "--timeout 1 was not kept")
    eventually(lambda: field.ctl.audit()["live"] == 0, "the open is given up with its client")


@test("tap", quick=True)
def bad_targets(field: Field) -> None:
    for target in ("10.77.0.1", "10.77.0.1:", "10.77.0.1:0", "10.77.0.1:65536",
                   "10.77.0.256:80", ":80", "a b:80", "a..b:80", ""):
        done = field.ctl("open", target).expect(USAGE)
        check(done.err.strip(), f"open '{target}' says nothing")
    nameless = field.ctl("open", "a.b:80").expect(FAILED)
    check("no DNS servers are known" in nameless.err, nameless.err)
    field.ctl("open", f"{field.PEER}:80", "--timeout", "soon").expect(USAGE)
    field.ctl("open", f"{field.PEER}:80", "--local", "10.99.0.1").expect(FAILED)


@test("tap", quick=True)
def abort(field: Field) -> None:
    listener = field.listen(9000)
    identifier = field.ctl.open(f"{field.PEER}:9000")
    accepted, _ = listener.accept()
    accepted.settimeout(5)
    field.ctl.ok("abort", identifier)
    try:
        same(accepted.recv(1), "a reset", "the peer's end")
    except ConnectionResetError:
        pass
    field.ctl("show", identifier).expect(FAILED)
    same(field.ctl.balanced()["live"], 0, "connections left")


@test("tap", "packet", quick=True)
def send_and_recv(field: Field) -> None:
    listener = field.listen(9000)
    identifier = field.ctl.open(f"{field.PEER}:9000")
    accepted, _ = listener.accept()
    accepted.settimeout(5)
    field.ctl.ok("send", identifier, "a word")
    received = accepted.recv(100)
    check(received.startswith(b"a word"), f"the peer got {received!r}")
    field.ctl.ok("send", identifier, "-", stdin=b"x" * 100_000)
    total = 0
    while total < 100_000:
        total += len(accepted.recv(65536).strip(b"\n"))
    accepted.sendall(b"an answer")
    same(field.ctl.ok("recv", identifier).out.strip(), "an answer", "recv")
    field.ctl("--timeout", "1", "recv", identifier).expect(TIMED_OUT)
    accepted.sendall(b"more")
    accepted.close()
    same(field.ctl.ok("recv", identifier).out.strip(), "more", "recv after the peer's close")
    same(eventually(lambda: field.ctl.state(identifier), "listed"),
         "CLOSE-WAIT", "state after the peer's close")
    field.ctl.ok("close", identifier)
    field.ctl("send", STALE, "x").expect(FAILED)
    field.ctl("recv", STALE).expect(FAILED)


@test("tap", "packet", quick=True)
def connect_like_netcat(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    done = field.ctl.ok("connect", f"{field.PEER}:9000", stdin=b"there and back\n")
    same(done.out, "there and back\n", "connect")
    eventually(lambda: field.ctl.audit()["live"] == 0, "connect closes its connection")


@test("tap")
def connect_killed(field: Field) -> None:
    """The connection of a killed conkerctl connect is closed."""
    listener = field.listen(9000)
    connect = field.ctl.start("connect", f"{field.PEER}:9000", stdin=_open_pipe(field))
    accepted, _ = listener.accept()
    accepted.settimeout(5)
    connect.signal(signal.SIGKILL)
    connect.wait()
    try:
        same(accepted.recv(1), b"", "the peer's end")
    except ConnectionResetError:
        pass
    accepted.close()
    eventually(lambda: field.ctl.audit()["live"] == 0, "the connection is gone")


def _open_pipe(field: Field) -> int:
    read, write = os.pipe()
    field.scene.undo(os.close, read)
    field.scene.undo(os.close, write)
    return read


@test("tap", quick=True)
def listen_and_unlisten(field: Field) -> None:
    ctl = field.ctl
    ctl.ok("listen", "7000", "--service", "echo")
    with field.peer_ns.connect(field.STACK, 7000) as connection:
        connection.sendall(b"hello")
        same(connection.recv(5), b"hello", "echo on a port of choice")
    ctl("listen", "7000", "--service", "echo").expect(FAILED)
    ctl("listen", "7001", "--service", "nonsense").expect(USAGE)
    ctl("listen", "70000", "--service", "echo").expect(USAGE)
    ctl.ok("unlisten", "7000")
    ctl("unlisten", "7000").expect(FAILED)
    try:
        field.connect(7000)
        check(False, "port 7000 still answers")
    except ConnectionRefusedError:
        pass


@test("tap", quick=True)
def strike_reports(field: Field) -> None:
    field.accept_close()
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "2000",
                            "--concurrency", "8", "--seed", "5")
    for key in ("target", "seed", "cycles", "completed", "failed",
                "duration_s", "cycles_per_second", "connect_us",
                "close_us", "retransmits", "time_wait", "audit", "outcome",
                "verdict", "why", "judged", "findings"):
        check(key in report, f"strike --json lacks {key}: {report}")
    same(report["completed"], 2000, f"completed: {report}")
    same(report["seed"], 5, "seed")
    same(set(report["failed"]), {"refused", "timed_out", "reset", "other"}, "failed")
    same(set(report["connect_us"]), {"p50", "p90", "p99", "p999", "max"}, "connect_us")
    same(set(report["time_wait"]), {"evicted", "reused"}, "time_wait")
    same(set(report["audit"]),
         {"opened", "closed", "reset", "aborted", "timed_out", "refused",
          "other", "live", "balanced", "fault"}, "audit")
    check(report["audit"]["balanced"], f"audit: {report['audit']}")
    check("cycles" in field.ctl.ok("strike", f"{field.PEER}:9000", "--cycles", "100").out,
          "report for people")


@test("tap", quick=True)
def strike_refusals(field: Field) -> None:
    ctl = field.ctl
    done = ctl("strike", "10.78.0.1:80", "--cycles", "1").expect(FAILED)
    check("strike.allow" in done.err, f"does not name the key: {done.err}")
    ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--close", "gently").expect(USAGE)
    ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--duration", "1").expect(USAGE)
    report = ctl.strike(f"{field.PEER}:9", "--cycles", "50")
    same((report["verdict"], report["failed"]["refused"]), ("fail", 50), "cycles refused")
    report = ctl.strike(f"{field.PEER}:9", "--cycles", "50", "--max", "failed=100%")
    same((report["verdict"], report["why"]), ("pass", "nothing was found"), "all may fail")
    for limit in ("failed", "failed=1", "connect_p99=20", "speed=1%"):
        ctl("strike", f"{field.PEER}:9", "--cycles", "1", "--max", limit).expect(USAGE)


@test("tap")
def strike_keeps_its_rate_and_time(field: Field) -> None:
    field.accept_close()
    report = field.ctl.strike(f"{field.PEER}:9000", "--duration", "2",
                            "--rate", "500", "--concurrency", "16")
    due = report["completed"] + report["missed"]
    check(900 <= due <= 1010, f"500 a second for 2 s: {due}")
    check(report["completed"] > 200, f"of them begun in time: {report['completed']}")
    check(1.9 <= report["duration_s"] <= 5, f"2 s took {report['duration_s']}")


@test("tap")
def strike_interrupted(field: Field) -> None:
    """Ctrl-C stops the strike and still prints the report."""
    field.accept_close()
    strike = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--duration", "60")
    eventually(lambda: field.ctl.striking(), "the strike runs")
    field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1").expect(FAILED)  # one at a time
    time.sleep(0.5)
    strike.signal(signal.SIGINT)
    strike.wait(10)
    check(strike.last_json()["completed"] > 0, f"no report: {strike.out()}")
    check(not field.ctl.striking(), "the strike goes on")


@test("tap")
def strike_of_a_killed_client(field: Field) -> None:
    field.accept_close()
    strike = field.ctl.start("strike", f"{field.PEER}:9000", "--duration", "60")
    eventually(lambda: field.ctl.striking(), "the strike runs")
    strike.kill()
    eventually(lambda: not field.ctl.striking(), "the strike ends with its client")
    field.ctl.balanced()


@test("tap", quick=True)
def faults(field: Field) -> None:
    ctl = field.ctl
    ctl.ok("ping", field.PEER, "-c", "1")  # so that ARP has resolved the address
    ctl.ok("fault", "set", "loss=100%")
    ctl("ping", field.PEER, "-c", "1").expect(TIMED_OUT)
    ctl.ok("fault", "set", "loss=0%", "delay=50ms")
    begin = time.monotonic()
    ctl.ok("ping", field.PEER, "-c", "1")
    check(time.monotonic() - begin >= 0.1, "50 ms each way were not kept")
    ctl.ok("fault", "clear")
    ctl.ok("ping", field.PEER, "-c", "1")
    ctl("fault", "set", "wind=1%").expect(USAGE)
    ctl("fault", "set", "loss=much").expect(USAGE)
    ctl("fault", "set", "loss=101%").expect(USAGE)


@test("tap")
def half_open_is_listed(field: Field) -> None:
    """A SYN from an address without a host: the SYN-ACK is not answered, and the record stays."""
    field.ctl.ok("listen", "7000", "--service", "discard")
    with field.peer_ns.entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    field.scene.undo(sender.close)
    sender.sendto(_syn("10.77.0.66", field.STACK, 4000, 7000), (field.STACK, 0))
    rows = eventually(lambda: field.ctl.json("list", "--state", "SYN-RECEIVED")["connections"],
                      "a half-open record")
    same(rows[0]["remote"], "10.77.0.66:4000", "remote of the record")
    field.ctl.balanced()


def _syn(source: str, target: str, source_port: int, target_port: int) -> bytes:
    """An IPv4 packet; the kernel fills in its header's checksum."""
    header = bytearray(source_port.to_bytes(2, "big") + target_port.to_bytes(2, "big")
                       + (1000).to_bytes(4, "big") + bytes(4) + bytes([0x50, 0x02])
                       + (8192).to_bytes(2, "big") + bytes(4))
    pseudo = (socket.inet_aton(source) + socket.inet_aton(target) + bytes([0, 6])
              + len(header).to_bytes(2, "big"))
    covered = pseudo + header
    total = sum(int.from_bytes(covered[i:i + 2], "big") for i in range(0, len(covered), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    header[16:18] = (~total & 0xFFFF).to_bytes(2, "big")
    packet = (bytes([0x45, 0]) + (20 + len(header)).to_bytes(2, "big")
              + bytes([0, 0, 0x40, 0, 64, 6, 0, 0]))
    return packet + socket.inet_aton(source) + socket.inet_aton(target) + header


@test("tap", quick=True)
def units_of_times_and_sizes(field: Field) -> None:
    """Wherever the command line has a time or a size; without a unit it is seconds, or bytes."""
    field.peer("echo", field.PEER, "9000")
    pings = field.ctl.json("ping", field.PEER, "-c", "3", "-i", "10ms", "-s", "2KiB",
                           "--timeout", "1min")
    same(pings["received"], 3, "echoes")
    asked = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "10", "--payload", "2k", "--expect",
                             "echo", "--hold", "0.01")["begin"]["parameters"]
    same((asked["payload"], asked["hold_ms"]), (2048, 10), "as asked")
    field.ctl("open", "10.77.0.99:80", "--timeout", "200ms").expect(TIMED_OUT)
    field.ctl("--timeout", "0.2", "open", "10.77.0.99:80").expect(TIMED_OUT)
    for arguments, message in (
            (("--timeout", "soon", "status"),
             "--timeout: soon: write a time, like 90s, 50ms, 5min, 8h or 2d"),
            (("--timeout", "0", "status"),
             "--timeout: 0: must be from 1.0 ms to 11 d 13 h"),
            (("ping", field.PEER, "-s", "64q"),
             "-s: 64q: write a size in bytes, like 512, 64KiB (or 64k) or 1MiB"),
            (("strike", f"{field.PEER}:9000", "--payload", "65k"),
             "--payload: 65k: must be from 1 to 65536 bytes")):
        wrong = field.ctl(*arguments)
        same((wrong.code, wrong.err), (USAGE, f"conkerctl: {message}: see conkerctl --help\n"),
             f"{arguments}")


@test()
def all_users_may_read(scene: Scene) -> None:
    """At the status socket, beside the control socket, which only its group may use."""
    directory = scene.directory
    os.chmod(directory, 0o755)
    daemon = scene.conkerd(_wire(scene) | {"control": {
        "socket": f"{directory}/conkerd.sock", "mode": "0600",
        "status_socket": f"{directory}/status.sock"}})
    ordinary = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*ordinary, *daemon.ctl.command(*arguments)], capture_output=True,
                              text=True, timeout=30, check=False)

    for reading in (("status",), ("stats",), ("list",), ("version",), ("strike", "list"),
                    ("schema",), ("top", "--count", "1")):
        done = as_nobody(*reading)
        same((done.returncode, done.stderr), (0, ""), f"{reading}")
    for changing in (("open", "10.7.0.9:7"), ("strike", "10.7.0.9:7", "--cycles", "1"),
                     ("fault", "clear"), ("log", "debug"), ("strike", "stop"),
                     ("ping", "10.7.0.9", "-c", "1")):
        done = as_nobody(*changing)
        same(done.returncode, FAILED, f"{changing}: {done.stderr}")
        check("this socket answers verbs that only read: join the group" in done.stderr,
              f"{changing}: {done.stderr}")
    daemon.ctl.ok("log", "info")
    check(re.search(r"control: log by user 0, process [0-9]+\n", daemon.process.err()),
          f"who changed something: {daemon.process.err()}")
    # Readers take no place of those who may change something, nor all of the daemon's time.
    crowd = []
    for _ in range(80):
        client = socket.socket(socket.AF_UNIX)
        scene.undo(client.close)
        client.connect(f"{directory}/status.sock")
        crowd.append(client)
    daemon.ctl.ok("status")
    call = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'
    crowd[0].sendall(call * 60)
    crowd[1].sendall(call * 60)
    for client in crowd[2:5]:
        client.sendall(call * 60)
    time.sleep(0.2)
    told = b"".join(client.recv(1 << 20) for client in crowd[:5])
    check(b"too many calls at the status socket" in told, "no limit")
    daemon.ctl.ok("status")
