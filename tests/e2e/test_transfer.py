"""Bulk transfers, compared by hash at both ends."""

import json
import subprocess

from harness import Field, Namespace, check, same, test

PORT = 9000
SEED = "77"
FAULTS = ("loss=1%", "reorder=1%", "duplicate=1%", "seed=7")


def size(field: Field) -> int:
    return 10_000_000 if field.scene.binaries.sanitized else 100_000_000


def to_kernel(field: Field, seconds: float = 120, count: int = 0) -> None:
    """conker_peer generate | conkerctl connect -> conker_peer sink"""
    sink = field.peer("sink", field.PEER, str(PORT))
    source = field.peer("generate", "--bytes", str(count or size(field)),
                        "--seed", SEED, stdout=subprocess.PIPE)
    connect = field.ctl.start("connect", f"{field.PEER}:{PORT}", stdin=source.stdout)
    source.stdout.close()
    same(connect.wait(seconds), 0, f"conkerctl connect: {connect.err()}")
    same(sink.wait(10), 0, f"the kernel's end: {sink.err()}")
    same(sink.last_json(), json.loads(source.err()), "bytes and hash at the kernel")


def from_kernel(field: Field, seconds: float = 120, count: int = 0) -> None:
    """conker_peer source -> conkerctl connect | conker_peer hash"""
    source = field.peer("source", field.PEER, str(PORT), "--bytes", str(count or size(field)),
                        "--seed", SEED)
    hashed = field.peer("hash", stdin=subprocess.PIPE)
    connect = field.ctl.start("connect", f"{field.PEER}:{PORT}", stdout=hashed.stdin)
    hashed.stdin.close()
    same(connect.wait(seconds), 0, f"conkerctl connect: {connect.err()}")
    same(source.wait(seconds), 0, f"the kernel's end: {source.err()}")
    same(hashed.wait(10), 0, "conker_peer hash")
    same(hashed.last_json(), source.last_json(), "bytes and hash at conkerctl")


def no_damage(field: Field) -> None:
    for name in ("drop_segment_checksum", "drop_ip_checksum", "drop_segment_malformed"):
        same(field.ctl.counter(name), 0, name)
    same(field.ctl.balanced()["live"], 0, "connections left")


@test("tap", "plain", "packet", quick=True)
def clean_to_the_kernel(field: Field) -> None:
    to_kernel(field)
    no_damage(field)


@test("tap", "plain", "packet", quick=True)
def clean_from_the_kernel(field: Field) -> None:
    from_kernel(field)
    no_damage(field)


@test("tap", "plain", "packet")
def lossy_to_the_kernel(field: Field) -> None:
    field.ctl.ok("fault", "set", *FAULTS)
    to_kernel(field, 240)
    check(field.ctl.counter("segments_retransmitted") > 0, "nothing was lost and sent again")
    field.ctl.balanced()


@test("tap", "plain", "packet")
def lossy_from_the_kernel(field: Field) -> None:
    field.ctl.ok("fault", "set", *FAULTS)
    from_kernel(field, 240)
    check(field.ctl.counter("out_of_order_segments") > 0, "nothing came out of order")
    field.ctl.balanced()


def at_loss(field: Field, loss: str, count: int, count_back: int = 0) -> None:
    """Transfers both ways, one after the other, with loss, reordering and duplication."""
    field.ctl.ok("fault", "set", f"loss={loss}", "reorder=1%", "duplicate=1%", "seed=7")
    to_kernel(field, 240, count)
    from_kernel(field, 240, count_back or count)
    field.ctl.ok("fault", "clear")
    check(field.ctl.counter("segments_retransmitted") > 0, "nothing was lost and sent again")
    field.ctl.balanced()


def waits_are_bounded(peer: Namespace) -> bool:
    """Limits the kernel's RTO to 2 s; False where it cannot be limited (before Linux 6.15). There
    the RTO grows to minutes, since the kernel's RTT samples include its own waits."""
    if not peer.has_sysctl("net/ipv4/tcp_rto_max_ms"):
        return False
    peer.sysctl("net/ipv4/tcp_rto_max_ms", "2000")
    # At the largest RTO the kernel would give up a closed (orphaned) connection at once.
    peer.sysctl("net/ipv4/tcp_orphan_retries", "15")
    return True


@test("tap", "packet", busy=True)
def at_a_thousandth_lost(field: Field) -> None:
    at_loss(field, "0.1%", 100_000_000)


@test("tap", "packet")
def at_a_twentieth_lost(field: Field) -> None:
    at_loss(field, "5%", 10_000_000)


# More than a third of the round trips fail, and each failure in a row doubles the RTO: without a
# limit of seconds at both ends, some transfers last for minutes by chance.
@test("tap", "packet", config={"tcp": {"rto_max": "2s"}})
def at_a_fifth_lost(field: Field) -> None:
    at_loss(field, "20%", 300_000, 300_000 if waits_are_bounded(field.peer_ns) else 60_000)


@test("tap")
def both_ways_at_once(field: Field) -> None:
    """A transfer through the kernel's echo and back."""
    field.peer("echo", field.PEER, str(PORT))
    source = field.peer("generate", "--bytes", "20000000", "--seed", SEED, stdout=subprocess.PIPE)
    hashed = field.peer("hash", stdin=subprocess.PIPE)
    connect = field.ctl.start("connect", f"{field.PEER}:{PORT}", stdin=source.stdout,
                              stdout=hashed.stdin)
    source.stdout.close()
    hashed.stdin.close()
    same(connect.wait(120), 0, f"conkerctl connect: {connect.err()}")
    same(hashed.wait(10), 0, "conker_peer hash")
    same(hashed.last_json(), json.loads(source.err()), "bytes and hash after the echo")
