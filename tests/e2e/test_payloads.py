"""Payloads that the strike sends before it closes, and that the peer must answer: the kernel whose
application does, or does something else. Devices with wrong echoes are struck in test_judge.py."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Any

from harness import Field, Scene, accused_of, check, same, test
from test_judge import DEVICE, device

BYTES = 3_000  # of each cycle: more than a segment
IN_ORDER = ("fin", "fin-late", "half-close", "data-fin")
LOSSY = ("fault", "set", "loss=1%", "reorder=1%", "seed=5")


class Application:
    """One behaviour of the kernel's side for all connections of a listener."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.received: dict[socket.socket, int] = {}

    def on_data(self, peer: socket.socket, data: bytes) -> bool:
        """Whether the connection goes on."""
        so_far = self.received.get(peer, 0) + len(data)
        self.received[peer] = so_far
        if self.kind in ("echoes", "echoes and closes"):
            peer.sendall(data)
        if self.kind == "says a wrong byte" and so_far == BYTES:
            peer.sendall(bytes(BYTES))
        if self.kind == "closes early" and so_far == BYTES:
            peer.sendall(data[:1])
            return False
        return not (self.kind in ("closes", "echoes and closes") and so_far >= BYTES)

    def serve(self, listener: socket.socket) -> None:
        waiting = selectors.DefaultSelector()
        waiting.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listener:
                    try:
                        waiting.register(listener.accept()[0], selectors.EVENT_READ)
                    except OSError:
                        return
                    continue
                peer = key.fileobj
                try:
                    data = peer.recv(65536)
                    goes_on = bool(data) and self.on_data(peer, data)
                except OSError:
                    goes_on = False
                if not goes_on:
                    waiting.unregister(peer)
                    self.received.pop(peer, None)
                    peer.close()


@contextlib.contextmanager
def kernel(field: Field, kind: str) -> Iterator[None]:
    listener = field.listen(9001, 4096)
    listener.settimeout(None)
    server = threading.Thread(target=Application(kind).serve, args=(listener,))
    server.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
        listener.close()


def strike(field: Field, cycles: int, expect: str, way: str, *arguments: str) -> dict[str, Any]:
    return field.ctl.strike(f"{field.PEER}:9001", "--cycles", str(cycles), "--concurrency", "16",
                            "--expect", expect, "--payload", str(BYTES), "--close", way,
                            "--hold", "2ms", "--look", "none", *arguments, timeout=120)


def answered(report: dict[str, Any], cycles: int, whom: str) -> None:
    same(report["completed"], cycles, f"{whom}: cycles completed ({report['failures']})")
    same(accused_of(report), set(), f"{whom}: {report['findings']}")
    payloads = report["payloads"]
    same((payloads["answered"], payloads["differing"]), (cycles, 0), f"{whom}: answered, differing")
    same(payloads["sent"], cycles * BYTES, f"{whom}: bytes sent")
    check(report["audit"]["balanced"], f"{whom}: audit {report['audit']}")


@test("tap", "packet", quick=True, busy=True)
def the_kernel_that_echoes(field: Field) -> None:
    with kernel(field, "echoes"):
        for way in IN_ORDER:
            report = strike(field, 2_000, "echo", way)
            answered(report, 2_000, way)
            if way != "data-fin":  # whose second payload comes back as well
                same(report["payloads"]["received"], 2_000 * BYTES, f"{way}: bytes received")
            check(report["findings"] or report["verdict"] == "pass", f"verdict: {report['why']}")
    same(strike(field, 5, "none", "fin", "--stop-on", "failure")["payloads"], None,
         "payloads of a strike that expects nothing")


@test("tap", quick=True, busy=True)
def the_kernel_that_discards_or_closes(field: Field) -> None:
    with kernel(field, "discards"):
        for way in IN_ORDER:
            answered(strike(field, 500, "discard", way), 500, way)
        report = strike(field, 20, "close", "peer-first", "--close-timeout", "300ms")
        failures = {failure["name"]: failure["count"] for failure in report["failures"]}
        same(failures, {"payload_unanswered": 20}, "failures of a peer that does not close")
        same(report["verdict"], "fail", "verdict")
    with kernel(field, "closes"):
        answered(strike(field, 500, "close", "peer-first"), 500, "closes")
    with kernel(field, "echoes and closes"):
        answered(strike(field, 500, "echo", "peer-first"), 500, "echoes and closes")


@test("tap", quick=True, busy=True)
def the_kernel_whose_application_is_wrong(field: Field) -> None:
    path = f"{field.scene.directory}/found.pcapng"
    for kind, rule in (("says a wrong byte", "echo-differs"), ("closes early", "echo-short")):
        with kernel(field, kind):
            report = strike(field, 200, "echo", "fin", "--evidence", path)
        same(report["verdict"], "fail", f"{kind}: verdict ({report['why']})")
        found = {finding["rule"]: finding for finding in report["findings"]}
        check(rule in found, f"{kind}: {report['findings']}")
        finding = found[rule]
        same((finding["count"], finding["cycle"] <= 16), (200, True), f"{kind}: {finding}")
        same(report["payloads"]["differing"], 200, f"{kind}: cycles that differ")
        check(finding["from"] == f"{field.PEER}:9001", f"{kind}: {finding}")
        check(report["evidence"]["findings"] >= 4 and not report["evidence"]["error"],
              f"{kind}: evidence {report['evidence']}")
        with open(path, "rb") as file:
            same(file.read().count(f" {rule} (RFC 862)".encode()), 4, f"{kind}: comments on frames")


@test("tap", quick=True, busy=True)
def over_a_link_that_loses(field: Field) -> None:
    """TCP delivers nevertheless: nothing differs."""
    field.ctl.ok(*LOSSY)
    with kernel(field, "echoes"):
        report = strike(field, 2_000, "echo", "fin", "--close-timeout", "60s",
                        "--connect-timeout", "60s")
    field.ctl.ok("fault", "clear")
    echo = {rule for rule in (f["rule"] for f in report["findings"]) if rule.startswith("echo")}
    same(echo, set(), f"echoes that differ: {report['findings']}")
    answered(report, 2_000, "over a lossy link")
    check(report["retransmits"] > 0, "nothing was lost")


@test("tap", quick=True)
def combinations_that_make_no_sense(field: Field) -> None:
    for how, hint in ((("--expect", "echo", "--close", "rst"), "and reopen: change close or mix"),
                      (("--expect", "discard", "--mix", "fin=1,unsent=1"), "change close or mix"),
                      (("--expect", "close", "--close", "fin"), "for the ways peer-first")):
        done = field.ctl("strike", f"{field.PEER}:9001", "--cycles", "1", *how)
        same(done.code, 2, f"exit code of {how}: {done.err}")
        check(hint in done.err, f"error of {how}: {done.err}")


@test("tap", quick=True, busy=True)
def a_device_that_repeats_its_last_byte(field: Field) -> None:
    process = device(field, "--fault", "echo-repeats", "--every", "50")
    report = field.ctl.strike(f"{DEVICE}:9000", "--cycles", "1000", "--concurrency", "8",
                              "--expect", "echo", "--payload", "100", "--look", "none")
    process.stop()
    found = {finding["rule"]: finding for finding in report["findings"]}
    check("echo-beyond" in found, f"findings: {report['findings']}")
    finding = found["echo-beyond"]
    same((finding["count"], finding["cycle"], finding["expected"], finding["seen"],
          finding["offset"]), (20, 50, 100, 101, 100), f"the finding: {finding}")


@test(quick=True, busy=True)
def the_echo_service_of_another_conkerd(scene: Scene) -> None:
    other, ours = scene.linked_conkerds({"echo": 7})
    for way in IN_ORDER:
        report = ours.ctl.strike("10.7.0.1:7", "--cycles", "1000", "--concurrency", "16",
                                 "--expect", "echo", "--payload", str(BYTES), "--close", way,
                                 "--hold", "2ms", timeout=120)
        answered(report, 1_000, way)
    other.ctl.balanced()
