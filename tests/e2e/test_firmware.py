"""The firmware in an emulator: against conkerd, against the kernel, and its reports of failures."""

import json
import os
import random
import re
import socket
import subprocess
from typing import Any

from harness import Board, Conkerd, Namespace, Scene, check, eventually, same, test
from harness.board import EXIT_DONE, EXIT_FAILED, EXIT_FAULT, EXIT_PANIC, EXIT_USAGE, source_line

CHIP, PEER = "10.7.0.2", "10.7.0.1"
CYCLES = 5_000
BYTES = "10000000"
SERVICES = [{"name": "accept-close", "port": 9000}, {"name": "echo", "port": 7}]


# ---- Links to the board: a stream socket and a TAP device ----

def daemon(scene: Scene, link: dict[str, Any], namespace: Namespace | None = None) -> Conkerd:
    return scene.conkerd({"links": [{"name": "wire", "mac": "02:00:00:00:07:01",
                                     "addresses": [f"{PEER}/24"], **link}],
                          "services": SERVICES, "strike": {"allow": ["10.7.0.0/24"]}}, namespace)


def over_socket(scene: Scene, *words: str) -> tuple[Conkerd, Board]:
    wire = f"{scene.directory}/wire.sock"
    return (daemon(scene, {"type": "unix", "path": wire, "mode": "listen"}),
            Board.on_socket(scene, wire, *words).ready())


def tap(namespace: Namespace, device: str) -> None:
    namespace.ip("tuntap", "add", "dev", device, "mode", "tap")
    # The default of 500 frames loses bursts before the board receives them.
    namespace.ip("link", "set", device, "txqueuelen", "10000", "up")


def kernel_side(scene: Scene) -> Namespace:
    """A namespace whose kernel has one end of a TAP, and the address PEER."""
    namespace = scene.namespace()
    tap(namespace, "board0")
    namespace.ip("addr", "add", f"{PEER}/24", "dev", "board0")
    return namespace


def over_tap(scene: Scene, *words: str) -> tuple[Namespace, Board]:
    namespace = kernel_side(scene)
    return namespace, Board.on_tap(scene, namespace, "board0", *words).ready()


def nothing_is_left(namespace: Namespace) -> None:
    """Waits until the kernel has no sockets but those in TIME-WAIT."""
    eventually(lambda: not [line for line in namespace.tcp_sockets()
                            if not line.startswith("TIME-WAIT")],
               "the kernel's connections are gone", 15)


# ---- Ping, echo ----

@test()
def ping_from_conkerd(scene: Scene) -> None:
    conkerd, board = over_socket(scene)
    same(conkerd.ctl.json("ping", CHIP, "-c", "5")["received"], 5, "answers")
    check(board.process.running(), "the board died")


@test()
def ping_from_the_kernel(scene: Scene) -> None:
    namespace, _ = over_tap(scene)
    done = namespace.run("ping", "-n", "-c", "20", "-i", "0.01", "-s", "1400", "-w", "5", CHIP)
    check("20 received" in done.stdout, done.stdout)


def echoed(scene: Scene, conkerd: Conkerd, seconds: float) -> None:
    source = scene.process("generate",
                           [scene.binaries.peer, "generate", "--bytes", BYTES, "--seed", "5"],
                           stdout=subprocess.PIPE)
    hashed = scene.process("hash", [scene.binaries.peer, "hash"], stdin=subprocess.PIPE)
    connect = conkerd.ctl.start("connect", f"{CHIP}:7", stdin=source.stdout, stdout=hashed.stdin)
    source.stdout.close()
    hashed.stdin.close()
    same(connect.wait(seconds), 0, f"conkerctl connect: {connect.err()}")
    same(hashed.wait(10), 0, "conker_peer hash")
    same(hashed.last_json(), json.loads(source.err()), "bytes and hash after the board's echo")


@test(busy=True)
def echo_clean(scene: Scene) -> None:
    conkerd, board = over_socket(scene)
    echoed(scene, conkerd, 60)
    same(board.balanced(1), [1, 0, 0, 0, 0, 0], "ends of the board's connections")
    same(conkerd.ctl.balanced()["live"], 0, "live at conkerd")


@test()
def echo_through_faults(scene: Scene) -> None:
    conkerd, board = over_socket(scene)
    conkerd.ctl.ok("fault", "set", "loss=1%", "reorder=1%", "seed=11")
    echoed(scene, conkerd, 180)
    conkerd.ctl.ok("fault", "clear")
    check(conkerd.ctl.counter("segments_retransmitted") > 0, "nothing was lost and sent again")
    same(board.balanced(1), [1, 0, 0, 0, 0, 0], "ends of the board's connections")
    same(conkerd.ctl.balanced()["live"], 0, "live at conkerd")


@test(busy=True)
def echo_from_the_kernel(scene: Scene) -> None:
    """The kernel sends without waiting, and receives all bytes again."""
    namespace, board = over_tap(scene)
    sent = os.urandom(int(BYTES))
    with namespace.connect(CHIP, 7) as connection:
        back = bytearray()
        connection.setblocking(False)
        rest = memoryview(sent)
        def both_ways() -> bool:
            nonlocal rest
            for _ in range(2000):
                try:
                    rest = rest[connection.send(rest[:65536]):] if rest else rest
                except BlockingIOError:
                    pass
                try:
                    back.extend(connection.recv(65536))
                except BlockingIOError:
                    pass
            return len(back) == len(sent)
        eventually(both_ways, "every byte is back", 60)
    check(bytes(back) == sent, "what came back is not what was sent")
    board.balanced(1)
    nothing_is_left(namespace)


# ---- Strikes ----

def good(report: dict[str, Any]) -> None:
    same((report["completed"], report["outcome"]), (CYCLES, "good"),
         f"completed (failed: {report['failed']})")
    # An emulator on a busy machine may be late, but breaks no rule.
    same([f for f in report["findings"] if f["severity"] == "fault"], [], "faults of the chip")
    check(report["audit"]["balanced"], f"audit: {report['audit']}")


def board_struck(board: Board) -> str:
    """The rate in the report of the board's own strike, which must be good."""
    same(board.finished(), EXIT_DONE, f"exit code: {board.said()}")
    said = board.said()
    check(re.search(rf"^completed    {CYCLES:,} of {CYCLES:,} cycles", said, re.MULTILINE), said)
    check(re.search(r"^audit .* 0 live: balanced$", said, re.MULTILINE), said)
    rate = re.search(r"^([\d,]+) cycles a second: good$", said, re.MULTILINE)
    check(rate, said)
    return rate[1] if rate else ""


def struck_by_conkerd(scene: Scene, how: str) -> None:
    conkerd, board = over_socket(scene)
    report = conkerd.ctl.strike(f"{CHIP}:9000", "--cycles", str(CYCLES),
                                "--concurrency", "16", "--close", how, "--look", "none")
    good(report)
    board.balanced(CYCLES)
    same(conkerd.ctl.balanced()["live"], 0, "live at conkerd")
    scene.note(f"{report['cycles_per_second']:,.0f} cycles/s")


@test()
def struck_by_conkerd_fin(scene: Scene) -> None:
    struck_by_conkerd(scene, "fin")


@test()
def struck_by_conkerd_rst(scene: Scene) -> None:
    struck_by_conkerd(scene, "rst")


def strike_words(how: str) -> list[str]:
    return ["exit=yes", "strike", f"target={PEER}:9000", f"cycles={CYCLES}",
            "concurrency=16", f"close={how}"]


def strikes_conkerd(scene: Scene, how: str) -> None:
    wire = f"{scene.directory}/wire.sock"
    conkerd = daemon(scene, {"type": "unix", "path": wire, "mode": "listen"})
    board = Board.on_socket(scene, wire, *strike_words(how))
    scene.note(board_struck(board) + " cycles/s")
    audit = conkerd.ctl.balanced()
    same((audit["opened"], audit["live"]), (CYCLES, 0), "opened and live at conkerd")


@test()
def strikes_conkerd_fin(scene: Scene) -> None:
    strikes_conkerd(scene, "fin")


@test()
def strikes_conkerd_rst(scene: Scene) -> None:
    strikes_conkerd(scene, "rst")


def struck_by_the_kernel(scene: Scene, how: str) -> None:
    namespace, board = over_tap(scene)
    peer = scene.peer(namespace, "strike", CHIP, "9000", "--cycles", str(CYCLES),
                      "--concurrency", "16", "--close", how)
    same(peer.wait(60), 0, peer.err())
    same(peer.last_json()["completed"], CYCLES,
         f"the kernel's cycles (failed: {peer.last_json()['failed']})")
    board.balanced(CYCLES)
    nothing_is_left(namespace)
    scene.note(f"{peer.last_json()['cycles_per_second']:,.0f} cycles/s")


@test(busy=True)
def struck_by_the_kernel_fin(scene: Scene) -> None:
    struck_by_the_kernel(scene, "fin")


@test(busy=True)
def struck_by_the_kernel_rst(scene: Scene) -> None:
    struck_by_the_kernel(scene, "rst")


def strikes_the_kernel(scene: Scene, how: str) -> None:
    namespace = kernel_side(scene)
    listener = scene.peer(namespace, "accept-close", PEER, "9000")
    board = Board.on_tap(scene, namespace, "board0", *strike_words(how))
    scene.note(board_struck(board) + " cycles/s")
    nothing_is_left(namespace)
    check(listener.running(), "the listener died")


@test(busy=True)
def strikes_the_kernel_fin(scene: Scene) -> None:
    strikes_the_kernel(scene, "fin")


@test(busy=True)
def strikes_the_kernel_rst(scene: Scene) -> None:
    strikes_the_kernel(scene, "rst")


FAULTS = {  # of conker_device, once in so many connections; the line that names it
    "syn-ack-bad-checksum": (100, "fault bad-tcp-checksum, 3 times: a wrong TCP checksum"),
    "syn-ack-bad-ip-checksum": (100, "fault bad-ip-checksum, 3 times: a wrong IP header checksum"),
    "syn-ack-bad-length": (100, "fault bad-length, 3 times: a packet whose lengths do not fit"),
    "syn-ack-bad-options": (100, "fault bad-options, 3 times: TCP options whose lengths do not fit"
                            " into the header"),
    "isn-constant": (1, "fault isn-repeats, 2 times: the initial sequence number of the connection"
                     " before, more than once"),
    "isn-predictable": (1, "weakness isn-predictable, "),
}


@test()
def strikes_devices_that_break_rules(scene: Scene) -> None:
    """What the chip looks for without a judge: each fault is named, and nothing else."""
    device, address = scene.binaries.device, "10.7.0.9"
    for fault, (every, line) in {"": (1, "none of what this chip looks for"), **FAULTS}.items():
        namespace = kernel_side(scene)
        wrong = scene.process(f"device-{fault}", [
            device, "--interface", "board0", "--address", address,
            *(["--fault", fault, "--every", str(every)] if fault else [])], namespace)
        wrong.until(lambda: '"listening"' in wrong.out(), "the device listens")
        board = Board.on_tap(scene, namespace, "board0", "exit=yes", "strike",
                             f"target={address}:9000", "cycles=300", "concurrency=4", "close=fin")
        code = board.finished()
        said = board.said()
        found = re.findall(r"^(?:findings    |            ) (\S.*)$", said, re.MULTILINE)
        check(len(found) == 1 and found[0].startswith(line), f"{fault}: {said}")
        same(code, EXIT_FAILED if fault else EXIT_DONE, f"{fault}: {said}")


@test(busy=True)
def conkerd_over_two_taps_and_a_bridge(scene: Scene) -> None:
    """Ping, and a strike each way at the same time."""
    namespace = scene.namespace()
    namespace.ip("link", "add", "bridge0", "type", "bridge")
    namespace.ip("link", "set", "bridge0", "up")
    tap(namespace, "board0")
    namespace.ip("link", "set", "board0", "master", "bridge0")
    conkerd = daemon(scene, {"type": "tap", "device": "conker0"}, namespace)
    namespace.ip("link", "set", "conker0", "master", "bridge0", "txqueuelen", "10000", "up")
    board = Board.on_tap(scene, namespace, "board0", "strike", f"target={PEER}:9000",
                         f"cycles={CYCLES}",
                         "concurrency=16").ready()
    eventually(lambda: conkerd.ctl("ping", CHIP, "-c", "1").code == 0,
               "the board answers over the bridge")
    good(conkerd.ctl.strike(f"{CHIP}:9000", "--cycles", str(CYCLES), "--concurrency", "16",
                            "--look", "none"))
    eventually(lambda: "cycles a second: good" in board.said(),
               "the board's own strike ends well", 30)
    board.balanced(2 * CYCLES)
    same(conkerd.ctl.balanced()["live"], 0, "live at conkerd")


@test()
def a_refused_strike_is_a_failure(scene: Scene) -> None:
    wire = f"{scene.directory}/wire.sock"
    daemon(scene, {"type": "unix", "path": wire, "mode": "listen"})
    board = Board.on_socket(scene, wire, "exit=yes", "strike", f"target={PEER}:9001", "cycles=100")
    same(board.finished(), EXIT_FAILED, "exit code")
    check("0 cycles a second: 100 of 100 cycles failed" in board.said(), board.said())
    check("failed       100 cycles: 100 refused, 0 timed out, 0 reset, 0 other" in board.said(),
          board.said())


# ---- Malformed frames ----

@test()
def random_frames(scene: Scene) -> None:
    """Random frames, also longer than Ethernet's; the board still answers ARP after them."""
    path = f"{scene.directory}/wire.sock"
    board_mac = bytes.fromhex(Board.MAC.replace(":", ""))
    random_source = random.Random(7)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        board = Board.on_socket(scene, path).ready()
        wire, _ = listener.accept()
    with wire:
        wire.settimeout(10)

        def send(frame: bytes) -> None:
            wire.sendall(len(frame).to_bytes(4, "big") + frame)

        for number in range(3000):
            frame = bytearray(random_source.randbytes(
                random_source.choice((1, 13, 14, 20, 60, 600, 1514, 1515, 2040))))
            # Three of four have the board's address, and most a header of IPv4, ARP or TCP.
            if number % 4 != 0:
                frame[0:6] = board_mac if number % 4 == 1 else b"\xff" * 6
                frame[12:14] = b"\x08\x00" if number % 3 else b"\x08\x06"
                frame[14:24] = (b"\x45\x00" + (max(len(frame) - 14, 0)).to_bytes(2, "big")
                                + bytes(5) + b"\x06")
            send(bytes(frame))
        question = (b"\xff" * 6 + bytes.fromhex("020000000701")
                    + bytes.fromhex("0806" "0001" "0800" "06" "04" "0001")
                    + bytes.fromhex("020000000701") + socket.inet_aton(PEER)
                    + bytes(6) + socket.inet_aton(CHIP))
        send(question + bytes(18))
        answer = b"\x00\x02" + board_mac + socket.inet_aton(CHIP)  # ARP reply: operation, sender
        received = b""
        while answer not in received:
            more = wire.recv(65536)
            check(more, f"the board has gone: {board.said()}")
            received += more
    check(board.process.running(), board.said())


# ---- Panics and faults ----

@test()
def a_panic_names_file_and_line(scene: Scene) -> None:
    board = Board.alone(scene, "crash", "how=assertion")
    same(board.finished(10), EXIT_PANIC, "exit code")
    check(
        re.search(
            r"^panic: an assertion that was asked for, at firmware/app/crash.cpp:\d+ \(.*crash",
            board.said(), re.MULTILINE), board.said())


def faulted(scene: Scene, how: str, cause: str) -> str:
    board = Board.alone(scene, "crash", f"how={how}")
    same(board.finished(10), EXIT_FAULT, f"exit code: {board.said()}")
    check(f"fault: {cause}" in board.said(), board.said())
    return board.said()


@test()
def a_fault_names_the_program_counter(scene: Scene) -> None:
    for how, cause in (("undefined", "undefined instruction"),
                       ("null", "access to protected memory")):
        pc = re.search(r"at pc (0x[0-9a-f]+)", faulted(scene, how, cause))
        check(pc, "the fault does not say where")
        where = source_line(scene.binaries.firmware, pc[1] if pc else "0")
        check("conker::app::crash" in where and "crash.cpp" in where,
              f"{how}: the program counter is in {where}")


@test()
def a_stack_overflow_is_a_fault(scene: Scene) -> None:
    faulted(scene, "stack", "stack overflow")


@test()
def invalid_arguments_are_refused(scene: Scene) -> None:
    for words, complaint in {
        ("bark",): "no verb 'bark'",
        ("ip=10.7.0.2",): "settings: ip must be ADDRESS/LENGTH",
        ("mac=ff:ff:ff:ff:ff:ff",): "settings: mac must be the address of one host",
        ("colour=red",): "settings: there is no parameter colour",
        ("exit=maybe",): "settings: exit must be one of yes|no",
        ("gateway=192.0.2.1",): "settings: gateway: no route",
        ("strike",): "strike: the parameter target is missing",
        ("strike", "target=10.7.0.1:9000"): "strike: give cycles or duration_ms",
        ("strike", "target=10.7.0.1:0", "cycles=1"): "strike: target must be ADDRESS:PORT",
        ("strike", "target=10.7.0.1:9000", "cycles=x"): "strike: cycles must be of type integer",
        ("strike", "target=10.7.0.1:9000", "cycles=1", "cycles=2"): "strike: cycles is given twice",
        ("strike", "target=10.7.0.1:9000", "cycles=1", "concurrency=1000"):
            "strike: concurrency must be from 1 to 16",
        ("strike", "target=192.0.2.1:9000", "cycles=1"):
            "strike: cannot strike 192.0.2.1:9000: no route",
        ("strike", "target=10.7.0.1:9000", "cycles=1", "now"): "'now': NAME=VALUE was expected",
    }.items():
        board = Board.alone(scene, *words)
        same(board.finished(10), EXIT_USAGE, f"{' '.join(words)}: exit code")
        check(complaint in board.said(), f"{' '.join(words)}: {board.said()}")


# ---- The image ----

def image(scene: Scene) -> str:
    done = subprocess.run(["arm-none-eabi-nm", "-C", scene.binaries.firmware],
                          capture_output=True, text=True, check=True)
    return done.stdout


@test()
def the_image_has_no_unused_parts(scene: Scene) -> None:
    symbols = image(scene)
    for absent in ("malloc", "operator new", "FaultLink", "ObservedLink", "conker::Capture",
                   "Ipv4Reassembly", "services::chargen", "services::discard",
                   "kCountTexts", "kVerbs", "__cxa_throw", "SynCookies", "SackRecovery",
                   "Cubic", "conker::Udp::", "DhcpClient", "Resolver"):
        check(absent not in symbols, f"{absent} is in the image")
    for present in ("conker::Strike::step", "conker::services::echo", "conker::Stack::audit"):
        check(present in symbols,
              f"{present} is not in the image: is this check looking at the right file?")


@test()
def a_reference_to_malloc_fails_the_link(scene: Scene) -> None:
    build = os.path.dirname(scene.binaries.firmware)
    source = os.path.join(scene.directory, "greedy.cpp")
    with open(source, "w", encoding="ascii") as file:
        file.write('#include <cstdlib>\n[[gnu::used]] void* greedy() { return std::malloc(1); }\n')
    with open(f"{build}/conker-lm3s6965.map", encoding="utf-8") as file:
        objects = [os.path.join(build, name)
                   for name in re.findall(r"^LOAD (\S+\.obj)$", file.read(), re.MULTILINE)]
    check(objects, "the linker's map names no objects")
    script = os.path.join(scene.binaries.sources, "firmware/chip/lm3s6965.ld")
    link = ["arm-none-eabi-g++", "-mcpu=cortex-m3", "-mthumb", "-nostartfiles",
            "-Wl,--gc-sections", f"-Wl,-T,{script}",
            "-o", os.path.join(scene.directory, "image.elf"), *objects]
    done = subprocess.run(link, capture_output=True, text=True, check=False)
    same(done.returncode, 0, f"links without it: {done.stderr}")
    done = subprocess.run([*link, source], capture_output=True, text=True, check=False)
    check(done.returncode != 0, "an image that references malloc was linked")
    check("the firmware has no heap" in done.stderr, done.stderr)
