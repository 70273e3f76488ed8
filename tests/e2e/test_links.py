"""Links: the host's own traffic, partial checksums, captures, malformed frames."""

import random
import socket
import subprocess

from harness import VERDICTS, Field, Scene, check, eventually, same, test, transfer


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


@test(quick=True)
def the_hosts_side_has_an_address_of_each_family(scene: Scene) -> None:
    """host_address sets both; the kernel may hand over TCP data of both in frames of 64 KiB."""
    there = scene.namespace()
    scene.conkerd({"links": [{
        "type": "tap", "name": "lab", "device": "conker0", "mac": "02:00:00:00:77:02",
        "host_address": ["fd00:77::1/64", "10.77.0.1/24"], "addresses": ["10.77.0.2/24"]}]}, there)
    shown = there.ip("addr", "show", "dev", "conker0")
    for address in ("inet6 fd00:77::1/64", "inet 10.77.0.1/24"):
        check(address in shown, f"{address}: {shown}")
    features = there.run("ethtool", "-k", "conker0").stdout
    for feature in ("tx-tcp-segmentation: on", "tx-tcp6-segmentation: on"):
        check(feature in features, f"{feature}: {features}")


@test(quick=True)
def targets_of_ipv6_are_read_and_refused_with_a_reason(scene: Scene) -> None:
    links = [{"type": "tap", "name": name, "device": name, "mac": f"02:00:00:00:{n}:02",
              "host_address": f"10.{n}.0.1/24", "addresses": [f"10.{n}.0.2/24"]}
             for name, n in (("lab", 77), ("far", 78))]
    ctl = scene.conkerd({"links": links, "strike": {"allow": ["fd00::/16", "fe80::/10"]}},
                        scene.namespace()).ctl
    for command, code, said in (
            (("open", "[fd00:77::1]:80"), 1, "no route to that address"),
            (("ping", "fd00:77::1"), 1, "no route to that address"),
            (("strike", "[fd00:77::1]:80", "--cycles", "1"), 1, "no route to that address"),
            (("open", "fd00:77::1:80"), 2, "stands in brackets: write [ADDRESS]:PORT"),
            (("open", "[ff02::1%lab]:80"), 1, "that is a multicast address"),
            (("open", "[::1]:80"), 1, "loopback addresses stay within the stack"),
            (("open", "[fe80::1]:80"), 1, "name the link, too: fe80::1%lab"),
            (("open", "[fe80::1%far]:80"), 1, "cannot open [fe80::1%far]:80"),
            (("open", "[fe80::1%moon]:80"), 2, "has the name of its link behind %")):
        done = ctl(*command)
        check(done.code == code and said in done.err, f"{command}: {done.code}, {done.err}")


@test(quick=True)
def autoconfiguration_is_not_configured_in_vain(scene: Scene) -> None:
    path = f"{scene.directory}/ipv6.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write("links: [{type: unix, name: wire, path: /tmp/nowhere, mode: connect,\n"
                   "         mac: '02:00:00:00:00:01', address: auto}]\n")
    for check_only in (["--check-config"], []):
        process = scene.process("refused", [scene.binaries.conkerd, "--config", path, *check_only])
        code, message = process.wait(10), process.err()
        check(code != 0, f"exit code of {check_only}: {code}")
        check("links.wire.address: conkerd does not take addresses of IPv6" in message, message)
