#!/usr/bin/env python3
"""Writes the fuzzers' first inputs, valid messages of every kind, into DIRECTORY/<target>/."""
import hashlib
import json
import pathlib
import struct
import sys

OURS, PEER = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 1])
OUR_V6 = bytes.fromhex("20010db8000000000000000000000002")
OUR_MAC, PEER_MAC = bytes([2, 0, 0, 0, 0, 2]), bytes([2, 0, 0, 0, 0, 1])


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(payload, protocol=6, options=b"", fragment=0x4000):
    head = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4,
                       0, 20 + len(options) + len(payload), 7, fragment,
                       64, protocol, 0, PEER, OURS) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def tcp(flags, options=b"", payload=b""):
    return struct.pack(">HHIIBBHHH", 40000, 7, 1000, 2000, 0x50 + len(options) * 4,
                       flags, 65535, 0, 0) + options + payload


def icmp(kind, code, rest, payload):
    message = struct.pack(">BBHI", kind, code, 0, rest) + payload
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def ipv6(next_header, payload):
    head = struct.pack(">IHBB", 0x6000_0000, len(payload), next_header, 64)
    return head + OUR_V6 + OUR_V6 + payload


def option6(kind, data):
    return bytes([kind, (len(data) + 2) // 8]) + data


def icmp6(kind, word, payload, how=3, hop_limit=255):
    """As targets/icmp6.cpp reads it: whence and how, and the message."""
    return bytes([how, hop_limit]) + struct.pack(">BBHI", kind, 0, 0, word) + payload


def name(text):
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in text.split(".") if label) + b"\0"


def dns(flags, answers=(), authorities=(), asked="www.example.org"):
    body = struct.pack(">HHHHHH", 0x1234, flags, 1, len(answers), len(authorities), 0)
    return body + name(asked) + struct.pack(">HH", 1, 1) + b"".join(answers) + b"".join(authorities)


def record(owner, kind, ttl, data):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def dhcp(kind, *options, file=b"", server=b""):
    fixed = struct.pack(">BBBBIHH4s4s4s4s", 2, 1, 6, 0, 0x12345678,
                        0, 0, bytes(4), OURS, bytes(4), bytes(4))
    fixed += (OUR_MAC + bytes(10) + server.ljust(64, b"\0") + file.ljust(128, b"\0")
              + b"\x63\x82\x53\x63")
    return (fixed + bytes([53, 1, kind])
            + b"".join(bytes([k, len(d)]) + d for k, d in options) + b"\xff")


def option6(code, data):
    return struct.pack(">HH", code, len(data)) + data


def dhcp6(kind, *options):
    ids = option6(1, struct.pack(">HH", 3, 1) + bytes([2, 0, 0, 0, 0, 2])) + option6(2, b"server")
    return struct.pack(">I", kind << 24 | 0x123456) + ids + b"".join(options)


def of_dhcp6():
    host = bytes.fromhex("20010db8000000000000000000000010")
    status = option6(13, b"\0\2no room")
    leased = option6(5, host + struct.pack(">II", 300, 400))
    times = struct.pack(">III", 1, 100, 200)
    yield dhcp6(2, option6(3, times + leased), option6(7, b"\xff"), option6(23, host * 2))
    yield dhcp6(7, option6(3, times + leased * 2 + status), status, option6(32, bytes(4)))
    yield dhcp6(7, option6(3, times + option6(5, host + struct.pack(">II", 1, 2) + status)),
                option6(82, struct.pack(">I", 60)), option6(83, struct.pack(">I", 3600)))
    yield dhcp6(7, option6(23, host * 5))


def of_autoconfiguration():
    """tests/fuzz/targets/autoconfiguration.cpp has the meaning of a step."""
    begin, soon, later, days = (12,), (14, 3), (14, 200), (15, 200)
    prefix = (0, 1, 64, 0, 4, 0x2 | 4 << 2 | 3 << 5, 0, 1)
    offer, lease = (3, 0x29, 0, 2 | 2 << 3, 0, 3 | 4 << 3), (3, 0x20, 0, 2 | 3 << 3, 0, 3 | 4 << 3)
    for head in (b"\0", b"\x08", b"\x07", b"\x0f"):
        yield steps(begin, soon, prefix, soon, (7, 0), soon, (7, 0), later, days, head=head)
        yield steps((10, 0), soon, offer, lease, (6, 0), later, lease, later, (12,), soon,
                    (3, 0x10, 4), days, head=head)
        yield steps((10, 0), soon, offer, lease, (7, 0), (3, 0), (14, 20), (11, 1), head=head)
        yield steps((10, 1), soon, (3, 0), days, days, head=head)
        yield steps(*[(9, i) for i in range(8)], (8, 0, 0, 4), soon, (8, 1), soon,
                    *[(9, i, 1) for i in range(8)], soon, head=head)
        yield steps(*[(0, i, 64, 4, 6, 0x2 | 7 << 2 | 7 << 5, 0, i) for i in range(12)],
                    days, days, head=head)


def steps(*records, head=b"\0\0\0\0"):
    return head + b"".join(bytes(r).ljust(8, b"\0") for r in records)


def of_the_stack():
    """A few conversations; tests/fuzz/stack/world.cpp has the meaning of a step."""
    syn, ack, data, fin = (0, 0), (0, 0, 1), (0, 0, 2, 0, 0, 0, 0, 10), (0, 0, 3)
    opened, answer = (13, 0), (0, 8)
    heads = [bytes([0, 0, 0, 0]), bytes([0xFF, 0, 0, 1]), bytes([1, 1, 0x40, 2]),
             bytes([2, 0x1C, 0x80, 3]),
             bytes([8, 0xE0, 1, 4])]
    for head in heads:
        yield steps(syn, ack, data, (20, 0), (18, 0, 4), ack,
                    fin, (21, 0), ack, (27, 40), head=head)
        yield steps(opened, answer, (18, 0, 6), (0, 8, 1), (27, 8), (0, 8, 1),
                    (21, 0), (0, 8, 3), (27, 30), head=head)
        yield steps(opened, answer, (0, 8, 2, 9, 0, 0, 0, 8), (0, 8, 2, 0, 0, 0, 0, 9),
                    (20, 0), (0, 8, 7), head=head)
        yield steps(syn, (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), ack, (0, 1, 1),
                    (0, 4, 1), (17,), (21, 0, 6), head=head)
        yield steps((29, 0, 0, 0), (10, 0, 0, 0, 9), (29, 3, 0, 0, 0, 4, 0),
                    (9, 0, 1, 0, 8, 16), (9, 0, 0, 8, 8),
                    (29, 5), (8, 5), (8, 0, 4, 0, 2, 0), (11,), (30, 6), (27, 60), head=head)
        # An address probed for and in conflict; losses repaired by SACK and RACK; a broadcast.
        yield steps((30, 0, 1), (27, 60), (11, 2, 3, 0, 1), (30, 1), (13, 24),
                    (30, 0, 3), (11, 0, 3, 0, 1), (27, 60), head=head)
        yield steps(opened, answer, (18, 0, 6), (18, 0, 6), (0, 8, 1, 0, 16, 4),
                    (0, 8, 1, 0, 16, 4), (0, 24, 1, 0, 16, 4),
                    (25, 60), (26, 3), (0, 8, 1), (0, 8, 1), (26, 3),
                    (0, 8, 1), (21,), (0, 8, 3), head=head)
        yield steps(syn, ack, (21, 0), ack, fin, (0, 0, 5, 3), (0, 0, 5, 13),
                    ack, (13, 32), (27, 30), head=head)
        yield steps((29, 0, 0, 0x60), (29, 3, 0, 0, 2, 0, 9), (10, 2), (10, 4),
                    (30, 6, 0, 1, 1, 4, 0), (8, 6), head=head)
    yield steps(syn, ack, (18, 0, 7), (0x80, 0, 1, 0, 0, 4), (0, 0, 1, 0, 0, 4, 0, 0),
                (27, 12), (8, 0, 4, 0, 2, 40))


def of_ipv6():
    pad = b"\x01\x04" + bytes(4)
    yield ipv6(6, tcp(2))
    yield ipv6(0, b"\x3a\x00\x05\x02\0\0\x01\x00" + bytes(8))
    yield ipv6(0, b"\x3c\x00" + pad + b"\x2b\x00\x1e\x04" + bytes(4)
               + b"\x06\x00\x04\x00" + bytes(4) + tcp(2))
    for kind in (0x5E, 0x9E, 0xDE):
        yield ipv6(60, b"\x06\x00" + bytes([kind]) + b"\x04" + bytes(4) + tcp(2))
    yield ipv6(43, b"\x06\x02\x00\x01" + bytes(20))
    yield ipv6(44, b"\x11\x00\x00\x01" + bytes(4) + bytes(16))
    yield ipv6(44, b"\x3c\x00\x00\x10" + bytes(4) + b"x")
    yield ipv6(44, b"\x3c\x00\x00\x00" + bytes(4) + b"\x06\x00" + pad + tcp(2))


def of_icmp6():
    link, target = option6(1, PEER_MAC), option6(2, PEER_MAC)
    yield icmp6(128, 0x00010002, b"ping")
    yield icmp6(2, 1280, ipv6(6, tcp(2)))
    yield icmp6(133, 0, link)
    yield icmp6(135, 0, OUR_V6 + link + option6(14, b"nonce!"))
    yield icmp6(135, 0, OUR_V6, how=8)
    yield icmp6(136, 0xE0000000, OUR_V6 + target)
    yield icmp6(137, 0, OUR_V6 + OUR_V6 + target)
    prefix = bytes([64, 0xC0]) + b"\0\1\0\0" * 2 + bytes(4) + OUR_V6
    yield icmp6(134, 0x40C80708, bytes(8) + link + option6(5, struct.pack(">HI", 0, 1400))
                + option6(3, prefix) + option6(24, b"\x20\x08\0\0\1\0" + OUR_V6[:8])
                + option6(25, bytes(6) + OUR_V6)
                + option6(31, bytes(6) + b"\3lan\0\0\0\0"))
    yield icmp6(130, 0x27100000, bytes(16) + b"\2\x7d\0\0", how=19, hop_limit=1)
    yield icmp6(130, 0xFFFF0000, bytes(16), how=19, hop_limit=1)


def of_text():
    yield "address", ["10.77.0.1", "255.255.255.255", "10.0.0.0/8", "0.0.0.0/0",
                      "02:00:00:00:00:01", "FF:ee:dd:cc:bb:aa", "2001:db8::1/64",
                      "fe80::1%12", "64:ff9b::1.2.3.4", "1:2:3:4:5:6:7:8",
                      "0123456789abcdef"]
    yield "endpoint", ["10.77.0.1:80", "3.1", "4294967295.4294967295", "www.example.org:443",
                       "10.0.0.1", "a-b_c.d:65535", "[2001:db8::1]:80", "[fe80::1%2]:80"]
    yield "args", ["loss=1%", "delay=5ms", "seed=42", "link=lan", "0.25%",
                   "200us", "1.5s", "fin_wait-1", "reorder=100%"]
    yield "base64", ["", "Zg==", "Zm8=", "Zm9v", "AAECAwQFBgc="]
    yield "command", ["", "ip=10.7.0.2/24 exit=yes strike target=10.7.0.1:9000 "
                          "cycles=5000 concurrency=8",
                      "mac=02:00:00:00:00:42 gateway=10.7.0.1 crash how=null",
                      "strike target=1.2.3.4:1 duration_ms=5 close=rst"]
    yield "request", [
        '{"jsonrpc":"2.0","id":1,"method":"status"}',
        '{"jsonrpc":"2.0","method":"version","params":{}}',
        '{"jsonrpc":"2.0","id":"a","method":"open",'
        '"params":{"remote":"10.77.0.1:80","timeout_ms":100,"hold":true}}',
        '{"jsonrpc":"2.0","id":null,"method":"strike",'
        '"params":{"target":"10.77.0.1:9","cycles":5,"close":"rst"}}',
        '[{"jsonrpc":"2.0"}]',
        '{"jsonrpc":"2.0","id":2,"method":"fault.set","params":{"loss":10000,"link":"lan"}}']
    example = pathlib.Path(__file__).resolve().parents[2] / "config" / "conkerd.yaml"
    lines = [line.split("#")[0].rstrip() for line in example.read_text().splitlines()]
    plain = "\n".join(line for line in lines if line) + "\n"
    link = ("links: [{type: tap, name: lan, device: c0, mac: 02:00:00:00:00:02, "
            "addresses: [10.0.0.2/24]}]\n")
    yield "config", [plain, link, link + "gateway: 10.0.0.1\ntcp: {time_wait: 5s, ecn: always}\n",
                     link + "services: [{name: echo, port: 7, protocol: udp}]\n"
                            "strike: {allow: [10.0.0.0/8]}\n",
                     link + "routes: [{to: 10.9.0.0/16, via: 10.0.0.3}]\n"
                            "ip: {ttl: 9, reassembly_datagrams: 4}\n",
                     link + "capacities: {chunks: 64, chunk_bytes: 128}\n"
                            "dns: {servers: [10.0.0.1]}\nlog: {level: debug}\n",
                     "links:\n- {type: unix, name: u, path: /tmp/u, mode: connect, "
                     "mac: 02:00:00:00:00:02, address: dhcp}\n",
                     "links:\n- {type: packet, name: p, device: eth0, mac: 02:00:00:00:00:02, "
                     "addresses: [10.0.0.2-10.0.0.9/24]}\n"]


def all_seeds():
    mss, scale, permitted = b"\x02\x04\x05\xb4", b"\x01\x03\x03\x07", b"\x01\x01\x04\x02"
    stamps, sack, timeout = (b"\x01\x01\x08\x0a" + bytes(8), b"\x01\x01\x05\x0a" + bytes(8),
                             b"\x1c\x04\x00\x3c")
    segments = [tcp(2, mss + permitted + stamps + scale), tcp(18, mss),
                tcp(16), tcp(24, stamps, b"hello"),
                tcp(16, stamps + b"\x01\x01\x05\x12" + bytes(16)),
                tcp(17), tcp(4), tcp(16, timeout + sack)]
    yield "tcp", segments
    yield "ipv4", [ipv4(s) for s in segments[:3]] + [
        ipv4(b"x" * 8, 17, b"\x94\x04\0\0"), ipv4(b"x" * 16, 17, b"\x83\x07\x04" + bytes(5)),
        ipv4(b"y" * 8, 17, fragment=0x2000),
        ipv4(b"y" * 8, 17, b"\x01\x01\x44\x05\x05\0\0\0", 3)]
    yield "ethernet", [OUR_MAC + PEER_MAC + b"\x08\x00" + ipv4(segments[0])]
    yield "arp", [struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, op, PEER_MAC, PEER, OUR_MAC, OURS)
                  for op in (1, 2, 3)]
    yield "icmp", [icmp(8, 0, 0x00010002, b"ping"), icmp(3, 4, 576, ipv4(b"z" * 8)),
                   icmp(11, 0, 0, ipv4(b"z" * 8))]
    yield "ipv6", list(of_ipv6())
    yield "icmp6", list(of_icmp6())
    yield "udp", [struct.pack(">HHHH", 5000, 53, 8 + len(p), 0) + p for p in (b"", b"x", b"hello")]
    at = b"\xc0\x0c"
    soa = record(b"\xc0\x10", 6, 300, name("ns.example.org") + name("root.example.org")
                 + bytes(16) + struct.pack(">I", 60))
    yield "dns", [b"www.example.org", b"a.b.c.", dns(0x0100),
                  dns(0x8180, [record(at, 1, 300, PEER)] * 3),
                  dns(0x8180, [record(at, 5, 60, name("a.example.org")),
                               record(name("a.example.org"), 1, 60, PEER)]),
                  dns(0x8183, authorities=[soa]), dns(0x8380), dns(0x8182),
                  dns(0x8180, [record(at, 5, 60, at)])]
    lease = [(54, PEER), (51, struct.pack(">I", 3600)), (58, struct.pack(">I", 1800)),
             (59, struct.pack(">I", 3000))]
    yield "dhcp", [dhcp(2, *lease, (1, b"\xff\xff\xff\0"), (3, PEER), (6, PEER * 3)),
                   dhcp(5, *lease, (61, b"\1" + OUR_MAC)),
                   dhcp(6, (54, PEER)), dhcp(2, (52, b"\3"), file=b"\x03\x04" + PEER + b"\xff",
                                             server=b"\x06\x04" + PEER + b"\xff")]
    yield "dhcp6", list(of_dhcp6())
    yield "autoconfiguration", list(of_autoconfiguration())
    piece = [(1, 0, 0, 0, 0, 8, 0, 0), (1, 0, 0, 8, 0, 8, 0, 0), (0, 0, 0, 16, 0, 3, 0, 0)]
    yield "reassembly", [steps(*piece, head=b"\0"), steps(*piece[::-1], head=b"\0"),
                         steps(*piece[:2], (0xE0, 200), head=b"\0"),
                         steps(*[(1, i, 0, 0, 0, 32) for i in range(8)], head=b"\0")]
    yield "stack", list(of_the_stack())
    lease, ack, chk = (0, 0, 0, 0, 24), (0, 1, 0, 0, 24), (14, 8)
    asks, says = (6, 0), (2, 0)
    yield "clients", [steps((14, 2), lease, ack, chk, (14, 200), ack, asks, says, head=b"\0"),
                      steps((14, 2), lease, ack, (8, 0), (14, 30),
                            lease, (0, 2), (14, 60), head=b"\0"),
                      steps(asks, (2, 1), (6, 1), (2, 2), (6, 2), (2, 3),
                            (6, 3), (2, 5), (2, 5), (14, 9), head=b"\6"),
                      steps(asks, (2, 4), (4,), (4,), (4,), (14, 9), asks,
                            (2, 6), (2, 6, 0, 0, 1), (2, 0), head=b"\6"),
                      steps((14, 60), (8, 2), (14, 60), (8, 2), (9,), (10, 1),
                            (14, 9), (0, 2), (14, 99), head=b"\0"),
                      steps((14, 2), lease, ack, chk, (15, 29), (15, 29),
                            (15, 9), (8, 1), (8, 1, 0, 1), head=b"\1")]
    both, newline, much = (6, 0), (2, 0), (1, 0, 255, 255)
    yield "session", [steps(both, (3, 0, 9), (3, 1, 44), newline, (2, 1), (4, 0, 1), head=b"\0"),
                      steps((5, 0, 3), both, (5, 1, 0), (2, 1), (7, 0), head=b"\0"),
                      steps(much, newline, much, (1, 0, 0, 9), newline, (6, 1), head=b"\0"),
                      steps(*[(1, 2, 250, 0), (2, 2, 0, 0, 0, 0, 0, 2)] * 15, head=b"\0"),
                      steps((0, 1, 1), (0x0A, 0xC3, 0x0A), (4, 1, 9, 9), (7, 1), head=b"\0")]
    yield "answer", [bytes([which]) + json.dumps(message).encode() for which, message in (
        (2, {"connections": [{"id": "0.1", "state": "ESTABLISHED", "local": "10.0.0.2:7",
                              "remote": None, "age_ms": 5, "remaining_ms": None,
                              "send_queue": 0, "receive_queue": 9}], "total": 1, "next": None}),
        (5, {"id": "0.1", "local": "10.0.0.2:7", "remote": "10.0.0.1:7", "connect_us": 90}),
        (6, {"history": [{"ago_ms": 1, "from": "CLOSED", "to": "SYN-SENT", "cause": "open"}]}),
        (8, {"what": "closed", "id": "0.1", "local": "10.0.0.2:7", "remote": "10.0.0.1:7",
             "owner": "control", "passive": False, "cause": "close", "reason": "reset",
             "age_us": 1500}),
        (9, {"link": "lan", "state": "up", "text": "tap0 is up"}),
        (10, {"what": "leased", "link": "lan", "address": "10.0.0.2", "host": None,
              "lease_s": 3600}),
        (11, {"what": "ended", "id": 1, "target": "10.0.0.1:7", "cycles": 9, "verdict": "pass",
              "why": "nothing"}),
        (13, {"what": "refused", "text": "x"}),
        (14, {"id": "0.1", "sent": 1, "received": 18446744073709551615, "reason": None}))]
    for target, texts in of_text():
        yield target, [text.encode() for text in texts]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: seeds.py DIRECTORY")
    for target, seeds in all_seeds():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


if __name__ == "__main__":
    main()
