"""Links: the host's own traffic, partial checksums, captures, malformed frames."""

import hashlib
import random
import socket
import subprocess
import threading

from harness import VERDICTS, Field, check, eventually, same, test


def transfer(sender: socket.socket, receiver: socket.socket, data: bytes) -> None:
    def send() -> None:
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    digest = hashlib.sha256()
    while part := receiver.recv(1 << 20):
        digest.update(part)
    thread.join()
    same(digest.hexdigest(), hashlib.sha256(data).hexdigest(), f"hash of {len(data)} bytes")


@test("packet", busy=True)
def a_strike_leaves_the_host_alone(field: Field) -> None:
    """The kernel pings and transfers through the interface through which conkerd strikes."""
    field.accept_close()
    # Without probes after it: the answers to those are answered by resets of ours.
    strike = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--look", "none",
                             "--duration", "5", "--concurrency", "16")
    eventually(lambda: field.ctl.striking(), "the strike runs")
    ping = field.stack_ns.run("ping", "-n", "-c", "20", "-i", "0.05", "-W", "2", field.PEER)
    check(" 0% packet loss" in ping.stdout, f"ping of the host: {ping.stdout}")
    data = random.Random(1).randbytes(30_000_000)
    listener = field.listen(9002)
    client = field.stack_ns.connect(field.PEER, 9002)
    server, _ = listener.accept()
    server.settimeout(30)
    client.settimeout(30)
    transfer(client, server, data)
    transfer(server, client, data)
    check(strike.wait(30) in VERDICTS.values(), strike.err())
    for name in ("resets_out", "drop_frame_other_host"):
        same(field.ctl.counter(name), 0, f"{name}: conkerd meddled with the host's traffic")


@test("tap", "packet", config={"services": [{"name": "echo", "port": 7}]}, quick=True)
def partial_checksums_are_accepted(field: Field) -> None:
    """Frames of local senders have partial checksums, which hardware would complete."""
    device = "conker0" if field.link == "tap" else "peer0"
    data = random.Random(2).randbytes(1_000_000)
    for offload in ("on", "off"):
        field.peer_ns.run("ethtool", "-K", device, "tx", offload)
        connection = field.connect(7)
        transfer(connection, connection, data)
        connection.close()
    for name in ("drop_segment_checksum", "drop_ip_checksum", "drop_icmp_checksum"):
        same(field.ctl.counter(name), 0, name)


@test("tap", "packet", quick=True)
def capture_is_readable(field: Field) -> None:
    path = f"{field.scene.directory}/field.pcap"
    field.ctl.ok("capture", "start", path)
    field.ctl("capture", "start", path + "2").expect(1)
    field.ctl.ok("ping", field.PEER, "-c", "1")
    field.accept_close()
    field.ctl.strike(f"{field.PEER}:9000", "--cycles", "10", "--look", "none")
    field.ctl.ok("capture", "stop")
    field.ctl("capture", "stop").expect(1)
    field.ctl.ok("ping", field.PEER, "-c", "1")  # not captured any more
    read = subprocess.run(["tcpdump", "-nvvr", path], capture_output=True, text=True, check=False)
    same(read.returncode, 0, f"tcpdump: {read.stderr}")
    for what, times in (("ICMP echo request", 1), ("Flags [S],", 10),
                        ("Flags [S.],", 10), ("ARP", 1)):
        check(read.stdout.count(what) >= times,
              f"'{what}' {read.stdout.count(what)} times, expected {times}")
    same(read.stdout.count("ICMP echo request"), 1, "pings captured")
    ours = [line for line in read.stdout.splitlines() if f"{field.STACK}." in line.split(">")[0]]
    check(not any("incorrect" in line for line in ours), "a segment of ours with a bad checksum")


@test("tap")
def capture_to_a_full_disk(field: Field) -> None:
    field.ctl("capture", "start", "/nonexistent/file").expect(1)
    field.ctl("capture", "start", "/dev/full")
    field.ctl.ok("ping", field.PEER, "-c", "3")
    field.ctl("capture", "stop")
    field.ctl.ok("status")


@test("tap")
def other_frames_are_counted_and_dropped(field: Field) -> None:
    """Unknown protocols, other hosts' frames, malformed ARP and IPv4 are counted and dropped."""
    with field.peer_ns.entered():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    field.scene.undo(wire.close)
    wire.bind(("conker0", 0))
    us, other = bytes.fromhex("020000007702"), bytes.fromhex("020000009999")
    frames = {
        "drop_frame_ethertype": us + other + b"\x88\xb5" + bytes(46),
        "drop_frame_other_host": b"\x02\x11\x22\x33\x44\x55" + other + b"\x08\x00" + bytes(46),
        "drop_arp_malformed": us + other + b"\x08\x06" + bytes(10),
        "drop_ip_malformed": us + other + b"\x08\x00" + b"\x41" + bytes(45),
    }
    for name, frame in frames.items():
        before = field.ctl.counter(name)
        wire.send(frame)
        eventually(lambda n=name, b=before: field.ctl.counter(n) > b, f"{name} counted")
    generator = random.Random(9)
    for _ in range(20_000):
        protocol = generator.choice([b"\x08\x00", b"\x08\x06"])
        wire.send(us + other + protocol + generator.randbytes(generator.randrange(60)))
    field.ctl.ok("ping", field.PEER, "-c", "1")
    field.ctl.balanced()
