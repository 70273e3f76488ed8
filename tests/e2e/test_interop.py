"""Options that conker and the kernel negotiate and use, seen in a capture and by `ss -i` on the
kernel's side."""

import os
import re
import signal
import time

from harness import Field, Process, check, eventually, same, test

PORT = 9000


def capture(field: Field, expression: str) -> Process:
    """tcpdump on the kernel's end of the link, headers only."""
    device = "conker0" if field.link == "tap" else "peer0"
    path = os.path.join(field.scene.directory, "interop.pcap")
    dump = field.scene.process("tcpdump", ["tcpdump", "-i", device, "-n", "-U", "--immediate-mode",
                                           "-s", "120", "-w", path, expression],
                               field.peer_ns)
    dump.until(lambda: "listening on" in dump.err(), "tcpdump listens")
    return dump


def lines(field: Field, dump: Process, *arguments: str) -> list[str]:
    """The captured packets, one line each."""
    time.sleep(0.3)  # until tcpdump has written the last packets
    dump.signal(signal.SIGINT)
    dump.wait(10)
    path = os.path.join(field.scene.directory, "interop.pcap")
    return field.peer_ns.run("tcpdump", "-n", "-r", path, *arguments).stdout.splitlines()


def moved_with_loss(field: Field, count: int) -> str:
    """Transfers data to the kernel's echo and back, with losses; returns the output of ss -i
    during it."""
    field.peer("echo", field.PEER, str(PORT))
    field.ctl.ok("fault", "set", "loss=1%", "seed=5")
    identifier = field.ctl.open(f"{field.PEER}:{PORT}")
    # The echo is read after each portion only, so that its window fills.
    seen = ""
    sent = 0
    while sent < count:
        field.ctl.ok("send", identifier, "-", stdin=os.urandom(100_000), timeout=60)
        sent += 100_000
        received = field.ctl("recv", identifier)
        check(received.code == 0, received.err)
        seen = field.peer_ns.run("ss", "-Htino", f"sport = :{PORT}").stdout or seen
    field.ctl.ok("fault", "clear")
    field.ctl.ok("abort", identifier)
    return seen


@test("tap", "packet", config={"tcp": {"ecn": "always"}})
def options_are_negotiated_and_used(field: Field) -> None:
    field.peer_ns.sysctl("net/ipv4/tcp_ecn", "1")
    dump = capture(field, f"tcp port {PORT}")
    seen = moved_with_loss(field, 3_000_000)
    packets = lines(field, dump)

    syn = next(line for line in packets
               if re.search(r"Flags \[S", line) and f"> {field.PEER}.{PORT}" in line)
    syn_ack = next(line for line in packets if re.search(r"Flags \[S\.", line))
    for handshake in (syn, syn_ack):
        for option in ("wscale", "sackOK", "TS val"):
            check(option in handshake, f"no {option} in {handshake}")
    check("[SEW]" in syn, f"the SYN does not ask for ECN: {syn}")
    check("[S.E]" in syn_ack, f"the SYN-ACK does not agree to ECN: {syn_ack}")
    # ss -i, on the kernel's side.
    for word in ("ts", "sack", "ecn", "wscale:"):
        check(word in seen, f"ss -i does not say {word}: {seen}")
    # Options in use: both sides send SACK blocks, and every segment has timestamps.
    ours = [line for line in packets if f"{field.STACK}." in line.split(" > ")[0]]
    theirs = [line for line in packets if f"{field.PEER}.{PORT} >" in line]
    check(any("sack " in line for line in ours), "we sent no SACK block")
    check(any("sack " in line for line in theirs), "the kernel sent no SACK block")
    check(all("TS val" in line for line in ours + theirs if "Flags [R" not in line),
          "a segment without timestamps")
    windows = [int(match[1]) for line in theirs if (match := re.search(r"win (\d+)", line))]
    check(windows, "no windows in the capture")
    field.ctl.balanced()


@test("tap", config={"tcp": {"ecn": "always"}})
def only_data_is_ect(field: Field) -> None:
    """RFC 3168, 6.1: our data segments are ECT(0), pure ACKs are not."""
    field.peer_ns.sysctl("net/ipv4/tcp_ecn", "1")
    dump = capture(field, f"tcp port {PORT}")
    field.peer("echo", field.PEER, str(PORT))
    identifier = field.ctl.open(f"{field.PEER}:{PORT}")
    field.ctl.ok("send", identifier, "marked")
    eventually(lambda: field.ctl("recv", identifier).out == "marked", "the echo")
    field.ctl.ok("close", identifier)
    verbose = "\n".join(lines(field, dump, "-v"))
    packets = re.split(r"\n(?=\d\d:)", verbose)
    ours = [packet for packet in packets if f"{field.STACK}." in packet.split(" > ")[0]]
    data = [packet for packet in ours if "length 6" in packet.splitlines()[-1]]
    same(len(data), 1, f"segments with our data in {verbose}")
    check("tos 0x2" in data[0], f"not ECT(0): {data[0]}")
    others = [packet for packet in ours if packet not in data]
    check(all("tos 0x0" in packet for packet in others), "something else than data is ECT")
