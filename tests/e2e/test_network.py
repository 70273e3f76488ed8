"""IPv4 and ARP: fragments, ICMP errors, routes over several links, address conflict detection."""

import errno
import socket
import struct
import time
from typing import Any

from harness import Field, Namespace, Scene, check, eventually, same, test
from harness.processes import Process

MAC, CONFLICTING = "02:00:00:00:77:02", "02:00:00:00:99:99"
STACK, PEER = "10.77.0.2", "10.77.0.1"


def announcement(mac: str, address: str) -> bytes:
    """A gratuitous ARP request in its Ethernet frame."""
    sender = bytes.fromhex(mac.replace(":", "")), socket.inet_aton(address)
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, *sender, bytes(6), sender[1])
    return b"\xff" * 6 + sender[0] + b"\x08\x06" + arp


def veth(scene: Scene) -> tuple[Namespace, Namespace]:
    """Two namespaces joined by a veth pair: stack0 for conkerd, peer0 with the kernel's address."""
    ours, theirs = scene.namespace(), scene.namespace()
    ours.ip("link", "add", "stack0", "type", "veth", "peer", "name", "peer0", "netns", theirs.name)
    theirs.ip("addr", "add", f"{PEER}/24", "dev", "peer0")
    ours.ip("link", "set", "stack0", "up")
    theirs.ip("link", "set", "peer0", "up")
    return ours, theirs


def packet_link(**more: Any) -> dict[str, Any]:
    return {"links": [{"type": "packet", "name": "wire", "device": "stack0", "mac": MAC,
                       "addresses": [f"{STACK}/24"], **more}]}


def sniff(scene: Scene, namespace: Namespace, *what: str) -> Process:
    process = scene.process("tcpdump", ["tcpdump", "-lnei", "peer0", *what], namespace)
    process.until(lambda: "listening on" in process.err(), "tcpdump listens")
    return process


@test("tap", "packet", quick=True)
def kernel_pings_in_fragments(field: Field) -> None:
    for size, count in ((4000, 5), (30_000, 2), (65_507, 1)):
        done = field.peer_ns.run("ping", "-n", "-c", str(count), "-i", "0.1",
                                 "-W", "3", "-s", str(size), field.STACK)
        same(done.returncode, 0, f"ping with {size} bytes: {done.stdout}")
        check(" 0% packet loss" in done.stdout, done.stdout)
    same(field.ctl.counter("packets_reassembled"), 8, "packets put together")
    same(field.ctl.counter("fragments_in"), field.ctl.counter("fragments_reassembled"),
         "fragments used")
    field.ctl.balanced()


@test("tap", "packet", quick=True)
def stack_pings_in_fragments(field: Field) -> None:
    for size in ("4000", "65507"):
        reply = field.ctl.json("ping", field.PEER, "-c", "1", "-s", size)
        same(reply["received"], 1, f"answer to {size} bytes")
        same(reply["replies"][0]["bytes"], int(size) + 8, "bytes of the answer")
    same(field.ctl.counter("fragments_out"), 3 + 45, "fragments sent")
    same(field.ctl.counter("packets_reassembled"), 2, "answers put together")


@test("tap", config={"ip": {"reassembly_timeout": "1s"}})
def reassembly_times_out(field: Field) -> None:
    """RFC 792: after the timeout ICMP tells the sender, and the fragments are dropped."""
    with field.peer_ns.entered():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    field.scene.undo(raw.close)
    field.scene.undo(icmp.close)
    icmp.settimeout(10)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + 64, 77, 0x2000, 64, 253, 0,
                         socket.inet_aton(field.PEER), socket.inet_aton(field.STACK))
    raw.sendto(header + bytes(64), (field.STACK, 0))
    answer = icmp.recv(200)[20:]
    same((answer[0], answer[1]), (11, 1), "time exceeded, while reassembling")
    same(answer[8 + 9], 253, "protocol of the packet that it quotes")
    same(field.ctl.counter("drop_fragment_timeout"), 1, "fragments given up")
    field.ctl.balanced()


@test("tap", "packet", quick=True)
def protocol_unreachable_reaches_the_kernel(field: Field) -> None:
    with field.peer_ns.entered():
        probe = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
    field.scene.undo(probe.close)
    probe.settimeout(5)
    probe.connect((field.STACK, 0))
    probe.send(b"is anybody there?")
    try:
        probe.recv(100)
    except OSError as error:
        same(errno.errorcode.get(error.errno or 0), "ENOPROTOOPT", "what the kernel makes of it")
    else:
        check(False, "no error")
    same(field.ctl.counter("icmp_errors_out"), 1, "errors sent")


@test()
def two_links_with_routes(scene: Scene) -> None:
    """The longest prefix chooses the link, and the source address is that link's."""
    there = scene.namespace()
    for address in ("10.80.0.1/32", "10.81.0.1/32", "10.90.0.1/32"):
        there.ip("addr", "add", address, "dev", "lo")
    links = [{"type": "tap", "name": name, "device": f"{name}0", "mac": f"02:00:00:00:{n}:02",
              "host_address": f"10.{n}.0.1/24", "addresses": [f"10.{n}.0.2/24"]}
             for name, n in (("near", 77), ("far", 78))]
    daemon = scene.conkerd({
        "links": links, "gateway": "10.77.0.1",
        "routes": [{"to": "10.80.0.0/16", "via": "10.78.0.1"},
                   {"to": "10.81.0.1/32", "link": "far"}]}, there)
    listener = there.listen("0.0.0.0", 9000)
    scene.undo(listener.close)
    for target, source in (("10.77.0.1", "10.77.0.2"), ("10.78.0.1", "10.78.0.2"),
                           ("10.80.0.1", "10.78.0.2"),
                           ("10.81.0.1", "10.78.0.2"), ("10.90.0.1", "10.77.0.2")):
        daemon.ctl.ok("ping", target, "-c", "1")
        daemon.ctl.open(f"{target}:9000")
        accepted, address = listener.accept()
        scene.undo(accepted.close)
        same(address[0], source, f"source of a connection to {target}")
    routes = {route["to"]: (route["via"], route["link"])
              for route in daemon.ctl.json("status")["routes"]}
    same(routes, {"10.77.0.0/24": (None, "near"), "10.78.0.0/24": (None, "far"),
                  "10.80.0.0/16": ("10.78.0.1", "far"),
                  "10.81.0.1/32": (None, "far"), "0.0.0.0/0": ("10.77.0.1", "near")},
         "routes in status")
    shown = daemon.ctl.ok("status").out
    check("10.80.0.0/16" in shown and "10.78.0.1" in shown, f"routes in the text: {shown}")
    daemon.ctl.balanced()


@test()
def icmp_errors_end_or_explain_an_open(scene: Scene) -> None:
    """A firewall's "prohibited" ends an open at once. "Host unreachable" is a soft error (RFC 1122,
    4.2.3.9), which the message of the timeout names."""
    there = scene.namespace()
    there.sysctl("net/ipv4/ip_forward", "1")
    daemon = scene.conkerd({
        "links": [{"type": "tap", "name": "tap", "device": "tap0", "mac": "02:00:00:00:77:02",
                   "host_address": "10.77.0.1/24", "addresses": ["10.77.0.2/24"]}],
        "gateway": "10.77.0.1"}, there)
    there.ip("route", "add", "prohibit", "10.90.0.1/32")
    there.ip("route", "add", "unreachable", "10.91.0.1/32")
    begin = time.monotonic()
    prohibited = daemon.ctl("open", "10.90.0.1:80").expect(1).err
    check(time.monotonic() - begin < 5, f"it took {time.monotonic() - begin:.1f} s")
    check("10.77.0.1 says communication administratively prohibited" in prohibited, prohibited)
    late = daemon.ctl("open", "10.91.0.1:80", "--timeout", "3").expect(4).err
    check("10.77.0.1 says host unreachable" in late, late)
    daemon.ctl.balanced()


@test(quick=True)
def addresses_are_announced(scene: Scene) -> None:
    ours, theirs = veth(scene)
    seen = sniff(scene, theirs, "arp")
    scene.conkerd(packet_link(), ours)
    def count() -> int:
        return sum(MAC in line
                   and (f"Announcement {STACK}" in line or f"who-has {STACK} tell {STACK}" in line)
                   for line in seen.out().splitlines())
    eventually(lambda: count() >= 2, "two announcements seen by tcpdump", 10)


@test()
def an_address_in_use_is_not_assigned(scene: Scene) -> None:
    """RFC 5227, 2.1: with probe: true an answer of the host that has the address is a conflict."""
    ours, theirs = veth(scene)
    theirs.ip("addr", "add", f"{STACK}/24", "dev", "peer0")
    daemon = scene.conkerd(packet_link(probe=True), ours)
    doubts = eventually(lambda: [d for d in daemon.ctl.json("status")["doubtful_addresses"]
                                 if d["state"] == "taken by another host"],
                        "the address is given up", 10)
    same(doubts[0]["address"], STACK, "which one")
    check(doubts[0]["conflicting_host"] not in (None, MAC), f"whose it is: {doubts}")
    check(f"{STACK} on link wire: not used" in daemon.process.err(), f"log: {daemon.process.err()}")
    daemon.ctl("ping", PEER, "-c", "1").expect(1)
    same(theirs.run("ping", "-n", "-c", "1", "-W", "1", STACK).returncode,
         0, "the owner's address goes on")


@test()
def a_free_address_is_assigned_after_probing(scene: Scene) -> None:
    ours, theirs = veth(scene)
    seen = sniff(scene, theirs, "arp")
    daemon = scene.conkerd(packet_link(probe=True), ours)
    same([d["state"] for d in daemon.ctl.json("status")["doubtful_addresses"]],
         ["being probed"], "at first")
    eventually(lambda: not daemon.ctl.json("status")["doubtful_addresses"],
               "the address is in use", 15)
    same(seen.out().count(f"who-has {STACK} tell 0.0.0.0") + seen.out().count(f"Probe {STACK}"),
         3, "probes")
    daemon.ctl.ok("ping", PEER, "-c", "1")


@test("tap", "packet", quick=True)
def a_conflicting_host_is_noticed_and_answered(field: Field) -> None:
    device = "conker0" if field.link == "tap" else "peer0"
    with field.peer_ns.entered():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    field.scene.undo(wire.close)
    wire.bind((device, 0x0806))
    wire.settimeout(5)
    wire.send(announcement(CONFLICTING, field.STACK))
    defence = announcement(MAC, field.STACK)
    while not (frame := wire.recv(200)).startswith(defence):
        check(len(frame) > 0, "the link ended")
    doubts = field.ctl.json("status")["doubtful_addresses"]
    same([(d["address"], d["state"], d["conflicting_host"]) for d in doubts],
         [(field.STACK, "in use", CONFLICTING)], "in status")
    check(CONFLICTING in field.ctl.ok("status").out, "the conflicting host in the text of status")
    eventually(lambda: f"{CONFLICTING} uses it too" in field.daemon.process.err(),
               "the conflict is logged")
    for _ in range(50):
        wire.send(announcement(CONFLICTING, field.STACK))
    eventually(lambda: field.ctl.counter("arp_conflicts") == 51, "all are counted")
    same(field.ctl.counter("arp_defences"), 1, "defences in ten seconds")
    field.peer_ns.ip("neigh", "flush", "all")  # it may believe the conflicting host by now
    field.ctl.ok("ping", field.PEER, "-c", "1")
