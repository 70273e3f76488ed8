"""The looks at a strike's target: how it was before the strike, and how after it."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import Any

from harness import Field, broken_rules, check, eventually, same, test
from test_judge import serve


def peers(report: dict[str, Any]) -> list[str]:
    return [look["peer"] for look in report["looks"]]


@test("tap", "packet", quick=True, busy=True)
def alive_and_refusing(field: Field) -> None:
    """Two looks where nothing is wrong, none where none is wanted; each with its times."""
    field.accept_close()
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "100")
    same(peers(report), ["alive", "alive"], "how the kernel was")
    for look in report["looks"]:
        check(all(look[key] is not None for key in ("ping_us", "connect_us")), f"times: {look}")
    same([look["before"] for look in report["looks"]], [True, False], "when")
    check(report["looks"][0]["arp_us"] is not None, "ARP was not answered before")
    none = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "100", "--look", "none")
    same(none["looks"], [], "looks that nobody wants")
    said = field.ctl("strike", f"{field.PEER}:9001", "--cycles", "1").out
    for text in ("before it    refuses: ARP ", "after it     refuses: ARP "):
        check(text in said, f"the report lacks {text}: {said}")


@test("tap", quick=True)
def a_server_that_accepts_and_resets(field: Field) -> None:
    listener = field.listen(9003, 64)
    listener.settimeout(None)
    server = threading.Thread(target=serve, args=(listener, "aborts"))
    server.start()
    try:
        report = field.ctl.strike(f"{field.PEER}:9003", "--cycles", "10")
        same(peers(report), ["accepts-and-resets"] * 2, "how the server is")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


def lost_in_mid_strike(field: Field, *ip: str) -> dict[str, Any]:
    """The report of a strike in which the kernel does something to its own network."""
    field.accept_close()
    running = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--duration", "2s",
                              "--connect-timeout", "1s", "--close-timeout", "1s")
    eventually(lambda: (field.ctl.striking() or {"completed": 0})["completed"] > 10,
               "the strike runs")
    field.peer_ns.ip(*ip)
    time.sleep(4)
    running.signal(signal.SIGINT)  # no looks 5 and 30 s after
    same(running.wait(30), 10, "exit code")
    report: dict[str, Any] = running.last_json()
    return report


@test("tap")
def silent(field: Field) -> None:
    """The kernel still answers ARP, and nothing else."""
    report = lost_in_mid_strike(field, "route", "add", "blackhole", f"{field.STACK}/32")
    same(peers(report), ["alive", "silent"], "how the kernel was")
    same(report["why"], "the peer was alive before and silent right after the strike: not back "
         "after 0 us", "why")


@test("tap")
def gone(field: Field) -> None:
    """The kernel has lost its address."""
    report = lost_in_mid_strike(field, "addr", "del", f"{field.PEER}/24", "dev", "conker0")
    same(peers(report), ["alive", "gone"], "how the kernel was")
    check("alive before and gone right after the strike" in report["why"], report["why"])


@test("tap")
def all_looks(field: Field) -> None:
    """All looks, of a kernel that is alive in all of them."""
    field.accept_close()
    report = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "100", "--look", "full")
    same(peers(report), ["alive"] * 4, "how the kernel was")
    same([look["after_s"] for look in report["looks"]], [0, 0, 5, 30], "when")


# For each frame that enters: the protocol is TCP, and it has RST: drop. Else let it pass.
DROP_RST = "6,48 0 0 23,21 0 3 6,48 0 0 47,69 0 1 4,6 0 0 2,6 0 0 0"


@test("tap", quick=True)
def the_dead(field: Field) -> None:
    """The kernel forgets what we reset, but for connections whose RST never gets to it."""
    field.accept_close()
    how = ("--cycles", "500", "--concurrency", "8", "--close", "rst", "--hold", "5ms")
    report = field.ctl.strike(f"{field.PEER}:9000", *how)
    same(report["dead"], {"probed": 256, "forgotten": 256, "held": 0, "silent": 0}, "the dead")
    check("held-after-reset" not in broken_rules(report), f"accused: {report['findings']}")
    none = field.ctl.strike(f"{field.PEER}:9000", "--cycles", "50", "--close", "fin")
    same(none["dead"], None, "no connection was reset")

    field.peer_ns.run("tc", "qdisc", "add", "dev", "conker0", "ingress")
    field.peer_ns.run("tc", "filter", "add", "dev", "conker0", "parent", "ffff:", "bpf", "da",
                      "bytecode", DROP_RST)
    report = field.ctl.strike(f"{field.PEER}:9000", *how)
    check(report["dead"]["held"] > 200, f"the dead: {report['dead']}")
    held = [f for f in report["findings"] if f["rule"] == "held-after-reset"]
    check(held and held[0]["count"] >= report["dead"]["held"], f"found: {report['findings']}")
    field.scene.note(f"{report['dead']}")
