"""The passive strike's way `simultaneous-open`: our SYN crosses that of a client. The kernel and
conker carry it through; a client that refuses it is found."""

from __future__ import annotations

import json

from harness import Field, Scene, accused_of, broken_rules, check, same, test, unix_link
from test_evidence import frames
from test_passive import PORT, client, clients, listen
from test_unfinished import kernel_count

CYCLES = 2_000
CROSSING = ("--close", "simultaneous-open")


@test("tap", "packet", quick=True, busy=True)
def the_kernel(field: Field) -> None:
    process = clients(field, "speaks")
    report = listen(field.ctl, *CROSSING, "--cycles", str(CYCLES), "--concurrency", "8",
                    "--duration", "60s")
    process.stop()
    same(accused_of(report), set(), f"rules that it broke: {report['findings']}")
    same((report["cycles"], report["completed"]), (CYCLES, CYCLES),
         f"cycles begun, completed (failed: {report['failed']})")
    check(report["judged"] > 3 * CYCLES, f"judged only {report['judged']} segments")
    field.scene.note(f"{report['cycles_per_second']:,.0f} cycles/s")


@test("tap", quick=True)
def what_is_sent(field: Field) -> None:
    """On the wire: SYN, SYN, SYN-ACK of the client, and our ACK (RFC 9293, 3.5, figure 8)."""
    path = f"{field.scene.directory}/crossed.pcap"
    field.ctl.ok("capture", "start", path)
    process = clients(field, "speaks", 1)
    listen(field.ctl, *CROSSING, "--cycles", "1")
    process.stop()
    field.ctl.ok("capture", "stop")
    seen = frames(path, "ip.src", "tcp.flags", "tcp.srcport", where=f"tcp.port == {PORT}")
    # Those of a client that came before we listened were refused.
    first = next(at for at, row in enumerate(seen)
                 if row[:2] == [field.STACK, "0x0002"])
    port = next(row[2] for row in reversed(seen[:first]) if row[0] == field.PEER)
    flow = frames(path, "ip.src", "tcp.flags", where=f"tcp.port == {PORT} and tcp.port == {port}")
    same(flow[:4], [[field.PEER, "0x0002"], [field.STACK, "0x0002"], [field.PEER, "0x0012"],
                    [field.STACK, "0x0010"]], f"the handshake: {flow}")


@test(busy=True)
def another_conkerd(scene: Scene) -> None:
    """Each strikes the other: it opens, we open at the same time and close."""
    wire = f"{scene.directory}/wire.sock"
    sides = [scene.conkerd({"links": [unix_link(wire, how, f"02:00:00:00:07:0{n}",
                                                f"10.7.0.{n}/24")],
                            "strike": {"allow": ["10.7.0.0/24"]}}, name=f"side{n}")
             for n, how in ((1, "listen"), (2, "connect"))]
    ours, other = (side.ctl for side in sides)
    strike = ours.start("--json", "strike", "--listen", str(PORT), *CROSSING, "--concurrency", "16",
                        "--duration", "5s")
    report = other.strike(f"10.7.0.1:{PORT}", "--duration", "2s", "--concurrency", "16", "--close",
                          "peer-first", "--look", "none")
    strike.wait(30)
    passive = json.loads(strike.out().splitlines()[0])
    for side, of in ((report, "its"), (passive, "our")):
        same(accused_of(side), set(), f"rules broken in {of} strike: {side['findings']}")
        check(side["completed"] == side["cycles"] > 1000,
              f"{of} strike: {side['completed']} of {side['cycles']}, failed: {side['failed']}")
    for ctl in (ours, other):
        ctl.balanced()
    scene.note(f"{report['cycles']:,} cycles, {report['cycles_per_second']:,.0f}/s")


@test("tap", quick=True)
def a_client_that_refuses_it(field: Field) -> None:
    process = client(field, "refuses-syn", field.STACK, str(PORT), "conker0")
    report = listen(field.ctl, *CROSSING, "--cycles", "30", "--duration", "30s")
    process.stop()
    same(broken_rules(report), {"simultaneous-open-refused"}, f"findings: {report['findings']}")
    same((report["verdict"], report["failed"]["refused"]), ("fail", 30), f"({report['why']})")
    same(report["findings"][0]["seen"], 16, "SYNs")


@test("tap", quick=True)
def what_makes_no_sense_is_refused(field: Field) -> None:
    for arguments in (("10.77.0.1:9000", *CROSSING),
                      ("--listen", str(PORT), "--mix", "fin=1,simultaneous-open=1")):
        done = field.ctl("strike", *arguments)
        same(done.code, 2, f"exit code of {arguments}: {done.err}")
        check("--listen" in done.err and len(done.err.splitlines()) == 1, done.err)


@test("tap")
def the_port_refuses_others_again(field: Field) -> None:
    before = kernel_count(field, "TCPTimeouts")
    report = listen(field.ctl, *CROSSING, "--duration", "200ms")
    same((report["verdict"], report["cycles"]), ("inconclusive", 0), report["why"])
    done = field.peer_ns.run("python3", "-c", f"""
import socket
try:
    socket.create_connection(("{field.STACK}", {PORT}), 5)
except ConnectionRefusedError:
    print("refused")
""")
    same(done.stdout.strip(), "refused", "a connection after the strike")
    same(kernel_count(field, "TCPTimeouts"), before, "SYNs sent again")
