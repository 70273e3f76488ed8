"""The daemon's surroundings: interfaces that vanish and return, logs without a reader, closed
standard streams, full disks."""

import json
import os
import signal
import subprocess
import time

from harness import Field, Scene, check, eventually, same, test, unix_link

ECHO = {"services": [{"name": "echo", "port": 7}]}


def state(field: Field) -> str:
    return field.ctl.json("status")["links"][0]["state"]


def logged(field: Field, text: str) -> int:
    return field.daemon.process.err().count(text)


def echoes(connection, data: bytes) -> None:
    connection.sendall(data)
    same(connection.recv(100), data, "echo")


@test("tap", config=ECHO)
def a_tap_that_goes_down_is_shown(field: Field) -> None:
    connection = field.connect(7)
    announced = field.ctl.counter("arp_announcements_out")
    same(state(field), "up", "state")
    field.peer_ns.ip("link", "set", "conker0", "down")
    eventually(lambda: state(field) == "down", "status shows the link as down")
    check("down for" in field.ctl.ok("status").out, "the text does not show it")
    field.peer_ns.ip("link", "set", "conker0", "up")
    eventually(lambda: state(field) == "up", "status shows the link as up")
    eventually(lambda: field.ctl.counter("arp_announcements_out") > announced,
               "the address is announced again")
    echoes(connection, b"still here")
    same(logged(field, "conker0 is down"), 1, "lines that say it is down")
    same(logged(field, "conker0 is up"), 1, "lines that say it is up")


@test("tap", "plain", config=ECHO)
def a_recreated_tap_is_attached_again(field: Field) -> None:
    """The new device's host side has another MAC address; connections continue."""
    field.peer_ns.ip("link", "set", "conker0", "down")
    field.peer_ns.ip("link", "set", "conker0", "name", "renamed0")
    field.peer_ns.ip("link", "set", "renamed0", "up")
    eventually(lambda: field.ctl.json("status")["links"][0]["device"] == "tap renamed0",
               "status shows the new name")
    connection = field.connect(7)
    field.peer_ns.ip("link", "del", "renamed0")
    eventually(lambda: state(field) == "gone", "status shows the link as gone")
    result = field.ctl("--timeout", "1", "open", f"{field.PEER}:9").expect(4)
    check("is not up: gone" in result.err, f"the error does not name the cause: {result.err}")
    for kind in ("multi_queue", None):
        field.peer_ns.ip("tuntap", "add", "dev", "conker0", "mode",
                         "tap", *([kind] if kind else []))
        eventually(lambda: state(field) == "up", "the device is taken back")
        echoes(connection, b"back")
        field.ctl.ok("ping", field.PEER, "-c", "1")
        if kind:
            field.peer_ns.ip("link", "del", "conker0")
            eventually(lambda: state(field) == "gone", "gone once more")
    same(logged(field, "is gone"), 2, "lines that say it is gone")
    field.ctl.balanced()


@test("packet", config=ECHO)
def an_interface_that_loses_its_carrier_or_vanishes(field: Field) -> None:
    connection = field.connect(7)
    field.peer_ns.ip("link", "set", "peer0", "down")
    eventually(lambda: state(field) == "no carrier", "status shows that there is no carrier")
    field.peer_ns.ip("link", "set", "peer0", "up")
    eventually(lambda: state(field) == "up", "status shows the link as up")
    echoes(connection, b"still here")
    field.stack_ns.ip("link", "del", "stack0")
    eventually(lambda: state(field) == "gone", "status shows the link as gone")
    field.ctl.ok("list")
    field._join()  # pylint: disable=protected-access
    eventually(lambda: state(field) == "up", "the interface is taken back")
    echoes(connection, b"back")
    field.ctl.balanced()


@test("tap", "packet")
def a_strike_does_not_blame_the_target_for_our_link(field: Field) -> None:
    """The link goes and returns in the middle of a strike: what fails is our own side's doing."""
    field.accept_close()
    device = "conker0" if field.link == "tap" else "stack0"
    strike = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--duration", "3",
                             "--rate", "200", "--look", "none", "--max", "failed=0%")
    eventually(lambda: field.ctl.striking(), "the strike runs")
    field.stack_ns.ip("link", "set", device, "down")
    time.sleep(0.5)
    field.stack_ns.ip("link", "set", device, "up")
    strike.wait(30)
    report = json.loads(strike.out())
    same(report["verdict"], "inconclusive", f"verdict ({report['why']})")
    check("our own link field was down for" in report["why"], report["why"])
    for finding in report["findings"]:
        same(finding["inconclusive"], finding["count"], f"a finding that counts: {finding}")


@test("tap", "packet", quick=True)
def an_mtu_below_the_links_is_shown(field: Field) -> None:
    device = "conker0" if field.link == "tap" else "stack0"

    def host_mtu() -> int:
        return field.ctl.json("status")["links"][0]["host_mtu"]

    same(host_mtu(), 1500, "MTU at the start")
    field.stack_ns.ip("link", "set", device, "mtu", "1300")
    eventually(lambda: host_mtu() == 1300, "status shows the MTU")
    check("host takes 1300" in field.ctl.ok("status").out, "the text does not show it")
    field.stack_ns.ip("link", "set", device, "mtu", "1500")
    eventually(lambda: host_mtu() == 1500, "status shows the MTU again")
    same(logged(field, f"the MTU of {device} is 1300, below the link's 1500"), 1, "warnings")
    same(logged(field, f"the MTU of {device} is 1500 again"), 1, "lines that say it is well")


@test()
def a_stream_link_without_its_peer(scene: Scene) -> None:
    path = f"{scene.directory}/wire"
    server = scene.conkerd(
        {"links": [unix_link(path, "listen", "02:00:00:00:00:01", "10.78.0.1/24")]}, name="server")
    client = scene.conkerd(
        {"links": [unix_link(path, "connect", "02:00:00:00:00:02", "10.78.0.2/24")]}, name="client")

    def shown(daemon) -> str:
        return daemon.ctl.json("status")["links"][0]["state"]

    for one, other in ((client, server), (server, client)):
        eventually(lambda: shown(server) == shown(client) == "up", "both are up")
        client.ctl.ok("ping", "10.78.0.1", "-c", "1")
        other.kill()
        eventually(lambda d=one: shown(d) == "no carrier", "the one that is left has no peer")
        other.start()
    eventually(lambda: shown(server) == shown(client) == "up", "both are up again")
    client.ctl.ok("ping", "10.78.0.1", "-c", "1")


@test("tap", config={"log": {"level": "debug"}})
def log_lines_without_a_reader_are_counted(field: Field) -> None:
    same(field.daemon.terminate(), 0, "exit code")
    read, write = os.pipe()
    with field.stack_ns.entered():
        daemon = subprocess.Popen([field.scene.binaries.conkerd,
                                   "--config", field.daemon.config_path], stderr=write)
    os.close(write)
    field.scene.undo(daemon.kill)
    eventually(lambda: field.ctl("version").code == 0, "it answers")
    for _ in range(400):
        field.ctl("version", timeout=5).expect(0)
    lost = field.ctl.json("status")["log"]["lines_lost"]
    check(lost > 0, "no line is counted as lost")
    os.set_blocking(read, False)
    text = b""

    def said() -> bool:
        nonlocal text
        try:
            text += os.read(read, 1 << 20)
        except BlockingIOError:
            pass
        return b"lines of the log were lost" in text

    eventually(said, "it says how many were lost, without another reason to log")
    daemon.terminate()
    same(daemon.wait(10), 0, "exit code")


@test("tap")
def sighup_reopens_the_log_file(field: Field) -> None:
    same(field.daemon.terminate(), 0, "exit code")
    path = f"{field.scene.directory}/logs/conkerd.log"
    os.mkdir(os.path.dirname(path))
    with field.stack_ns.entered():
        link = field._link([f"{field.STACK}/24"])  # pylint: disable=protected-access
        daemon = field.scene.conkerd({"links": [link], "log": {"sink": path}}, name="rotated")
    os.rename(path, path + ".1")
    daemon.signal(signal.SIGHUP)
    eventually(lambda: os.path.exists(path)
               and "says what it said" in open(path, encoding="utf-8").read(), "a new file")
    os.rename(path, path + ".2")
    os.mkdir(path)
    daemon.signal(signal.SIGHUP)
    eventually(lambda: "Is a directory" in open(path + ".2", encoding="utf-8").read(),
               "the old file says what is wrong")


@test("tap")
def started_with_closed_streams(field: Field) -> None:
    same(field.daemon.terminate(), 0, "exit code")
    with field.stack_ns.entered():
        daemon = subprocess.Popen(["sh", "-c", 'exec "$0" --config "$1" <&- >&- 2>&-',
                                   field.scene.binaries.conkerd,
                                   field.daemon.config_path])
    field.scene.undo(daemon.kill)
    eventually(lambda: field.ctl("version").code == 0, "it answers")
    directory = f"/proc/{daemon.pid}/fd"
    for number in "012":
        same(os.readlink(f"{directory}/{number}"), "/dev/null", f"descriptor {number}")
    for number in os.listdir(directory):
        try:
            with open(f"/proc/{daemon.pid}/fdinfo/{number}", encoding="ascii") as file:
                flags = int(file.read().split("flags:")[1].split()[0], 8)
        except FileNotFoundError:
            continue  # that of `version`, which has been closed meanwhile
        check(int(number) < 3 or flags & os.O_CLOEXEC, f"descriptor {number} would be inherited")


@test("tap")
def output_to_a_closed_pipe_and_a_full_disk(field: Field) -> None:
    """A closed pipe ends conkerctl by SIGPIPE without a message; a full disk is an error."""
    for words in (["list"], ["--json", "list"], ["status"], ["stats"], ["schema"], ["version"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(field.ctl.command(*words), stdout=write, stderr=subprocess.PIPE,
                              check=False, timeout=10)
        os.close(write)
        same((done.returncode, done.stderr), (-signal.SIGPIPE, b""),
             f"{words} into a pipe without a reader")
        with open("/dev/full", "wb") as full:
            done = subprocess.run(field.ctl.command(*words), stdout=full, stderr=subprocess.PIPE,
                                  check=False, timeout=10)
        same(done.returncode, 1, f"{words} to a full disk")
        check(b"No space left" in done.stderr, f"{words} to a full disk: {done.stderr!r}")
    for command in ([field.scene.binaries.conkerctl, "--help"],
                    [field.scene.binaries.conkerd, "--version"]):
        with open("/dev/full", "wb") as full:
            same(subprocess.run(command, stdout=full, stderr=subprocess.DEVNULL,
                                check=False).returncode, 1, f"{command}")


@test("tap")
def errors_explain_bad_targets(field: Field) -> None:
    for address, words in ((field.STACK, "address of this stack"),
                           ("10.77.0.255", "broadcast address"),
                           ("224.0.0.1", "multicast address"), ("0.0.0.0", "nobody's address"),
                           ("127.0.0.1", "loopback")):
        for verb in (["open", f"{address}:9"], ["strike", f"{address}:9", "--cycles", "1"],
                     ["ping", address, "-c", "1"]):
            begin = time.monotonic()
            done = field.ctl(*verb).expect(1)
            check(words in done.err, f"{verb}: {done.err}")
            check(time.monotonic() - begin < 1, f"{verb} waits for what cannot come")
    for address, words in ((field.STACK, "address of this stack"), ("224.0.0.1", "multicast"),
                           ("9.9.9.9", "no route")):
        done = field.ctl("udp", "send", f"{address}:9", "x").expect(1)
        check(words in done.err, f"udp send {address}: {done.err}")
    done = field.ctl("open", f"{field.PEER}:9", "--local", "10.77.0.9").expect(1)
    check("10.77.0.9 is not an address of this stack" in done.err, done.err)
