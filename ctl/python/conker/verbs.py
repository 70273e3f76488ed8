"""A method for each verb. Made by generate.py from the schema of the control protocol;
not to be edited."""

# pylint: disable=too-many-lines,too-many-arguments,too-many-locals

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .connection import Connection, Notified

PROTOCOL = 5  # version of the protocol


class Conkerd(Connection):
    """A connection whose methods are the verbs; see call() for what all of them take."""

    def version(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """The version of the daemon and of the protocol."""
        params: dict[str, Any] = {}
        return self.call("version", params, timeout=timeout,
                         on_notification=on_notification)

    def schema(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """This table."""
        params: dict[str, Any] = {}
        return self.call("schema", params, timeout=timeout,
                         on_notification=on_notification)

    def status(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Links, tables, listeners, audit and what is going on."""
        params: dict[str, Any] = {}
        return self.call("status", params, timeout=timeout,
                         on_notification=on_notification)

    def stats(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Every counter and what it means."""
        params: dict[str, Any] = {}
        return self.call("stats", params, timeout=timeout,
                         on_notification=on_notification)

    def log(
        self, *,
        level: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Set what the daemon logs.

        level: what to log from now on: one of debug, info, warning, error
        """
        params: dict[str, Any] = {
            "level": level,
        }
        return self.call("log", params, timeout=timeout,
                         on_notification=on_notification)

    def reload(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Read the configuration again and take over what can change while the daemon runs."""
        params: dict[str, Any] = {}
        return self.call("reload", params, timeout=timeout,
                         on_notification=on_notification)

    def open(
        self, *,
        remote: str,
        local: str | None = None,
        timeout_ms: int | None = None,
        hold: bool | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Open a connection and wait until it is established.

        remote: where to: ADDRESS:PORT or NAME:PORT
        local: where from: ADDRESS or ADDRESS:PORT of the stack (unless given: the address of the
            link that leads there, any free port)
        timeout_ms: how long to wait for the peer (milliseconds) (unless given: tcp.connect_timeout
            of the configuration)
        hold: close the connection when this client goes away (unless given: false: it stays until
            closed)
        """
        params: dict[str, Any] = {
            "remote": remote,
            "local": local,
            "timeout_ms": timeout_ms,
            "hold": hold,
        }
        return self.call("open", params, timeout=timeout,
                         on_notification=on_notification)

    def close(
        self, *,
        id: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Close connections: what was sent still goes out, then FIN.

        id: id of a connection, as open and list print it: SLOT.GENERATION
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("close", params, timeout=timeout,
                         on_notification=on_notification)

    def abort(
        self, *,
        id: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Reset connections at once.

        id: id of a connection, as open and list print it: SLOT.GENERATION
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("abort", params, timeout=timeout,
                         on_notification=on_notification)

    def list(
        self, *,
        state: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Every connection, half-open and TIME-WAIT record, and listener.

        state: only rows in this state: one of CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED,
            FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT, DESTROY (unless
            given: all)
        offset: rows to leave out at the front (unless given: 0)
        limit: most rows to answer (unless given: 1000)
        """
        params: dict[str, Any] = {
            "state": state,
            "offset": offset,
            "limit": limit,
        }
        return self.call("list", params, timeout=timeout,
                         on_notification=on_notification)

    def show(
        self, *,
        id: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Everything about one connection, with its last states.

        id: id of a connection, as open and list print it: SLOT.GENERATION
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("show", params, timeout=timeout,
                         on_notification=on_notification)

    def relay(
        self, *,
        id: str,
        mode: str,
        follow: bool | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """The bytes of a connection, on a descriptor.

        id: id of a connection, as open and list print it: SLOT.GENERATION
        mode: which way the bytes go: one of send, recv, both
        follow: recv: go on until the peer closes (unless given: false: hand over what is there, at
            least one byte)
        """
        params: dict[str, Any] = {
            "id": id,
            "mode": mode,
            "follow": follow,
        }
        return self.call("relay", params, timeout=timeout,
                         on_notification=on_notification)

    def forward(
        self, *,
        remote: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Any:
        """Open a connection and join it with a socket, whose descriptor goes with the call.

        remote: where to: ADDRESS:PORT or NAME:PORT
        """
        params: dict[str, Any] = {
            "remote": remote,
        }
        return self.call("forward", params, timeout=timeout,
                         on_notification=on_notification, pass_fds=pass_fds)

    def forward_listen(
        self, *,
        port: int,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Listen on a port, and tell of every connection, for forward_take.

        port: TCP port of the stack
        """
        params: dict[str, Any] = {
            "port": port,
        }
        return self.call("forward_listen", params, timeout=timeout,
                         on_notification=on_notification)

    def forward_take(
        self, *,
        id: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Any:
        """Join a connection of forward_listen with a socket, whose descriptor goes with the call.

        id: id of a connection, as open and list print it: SLOT.GENERATION
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("forward_take", params, timeout=timeout,
                         on_notification=on_notification, pass_fds=pass_fds)

    def listen(
        self, *,
        port: int,
        service: str,
        protocol: str | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Start a service on a port.

        port: TCP or UDP port
        service: what answers there: one of echo, discard, daytime, chargen, accept-close
        protocol: udp: echo and discard only: one of tcp, udp (unless given: tcp)
        """
        params: dict[str, Any] = {
            "port": port,
            "service": service,
            "protocol": protocol,
        }
        return self.call("listen", params, timeout=timeout,
                         on_notification=on_notification)

    def unlisten(
        self, *,
        port: int,
        protocol: str | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """End the service on a port; its connections go on.

        port: TCP or UDP port
        protocol: udp: echo and discard only: one of tcp, udp (unless given: tcp)
        """
        params: dict[str, Any] = {
            "port": port,
            "protocol": protocol,
        }
        return self.call("unlisten", params, timeout=timeout,
                         on_notification=on_notification)

    def ping(
        self, *,
        host: str,
        sequence: int | None = None,
        bytes: int | None = None,
        timeout_ms: int | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Send an ICMP echo request and wait for the answer.

        host: IP address or name
        sequence: ICMP sequence number (unless given: 1)
        bytes: payload (unless given: 56)
        timeout_ms: how long to wait (milliseconds) (unless given: 2000)
        """
        params: dict[str, Any] = {
            "host": host,
            "sequence": sequence,
            "bytes": bytes,
            "timeout_ms": timeout_ms,
        }
        return self.call("ping", params, timeout=timeout,
                         on_notification=on_notification)

    def udp_send(
        self, *,
        remote: str,
        data: str,
        port: int | None = None,
        broadcast: bool | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Send one UDP datagram.

        remote: where to: ADDRESS:PORT or NAME:PORT
        data: the payload in base64
        port: our port (unless given: any free one)
        broadcast: the address may be a broadcast address (unless given: false)
        """
        params: dict[str, Any] = {
            "remote": remote,
            "data": data,
            "port": port,
            "broadcast": broadcast,
        }
        return self.call("udp_send", params, timeout=timeout,
                         on_notification=on_notification)

    def udp_listen(
        self, *,
        port: int,
        count: int | None = None,
        broadcast: bool | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Tell of every UDP datagram to a port.

        port: UDP port
        count: datagrams after which to end (unless given: 0: when this client goes away)
        broadcast: hear what is sent to everybody, too (unless given: false)
        """
        params: dict[str, Any] = {
            "port": port,
            "count": count,
            "broadcast": broadcast,
        }
        return self.call("udp_listen", params, timeout=timeout,
                         on_notification=on_notification)

    def resolve(
        self, *,
        name: str,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """The addresses of a name.

        name: the name of a host
        """
        params: dict[str, Any] = {
            "name": name,
        }
        return self.call("resolve", params, timeout=timeout,
                         on_notification=on_notification)

    def strike(
        self, *,
        target: str,
        cycles: int | None = None,
        duration_ms: int | None = None,
        concurrency: int | None = None,
        rate: int | None = None,
        close: str | None = None,
        seed: int | None = None,
        passive: bool | None = None,
        concurrency_auto: int | None = None,
        max_opening: int | None = None,
        ramp_ms: int | None = None,
        mix: str | None = None,
        hold_ms: int | None = None,
        payload: int | None = None,
        expect: str | None = None,
        connect_timeout_ms: int | None = None,
        close_timeout_ms: int | None = None,
        fail_on: str | None = None,
        max_failed_ppm: int | None = None,
        max_retransmits_ppm: int | None = None,
        max_connect_p99_us: int | None = None,
        max_close_p99_us: int | None = None,
        stop_on: str | None = None,
        stop_on_rule: str | None = None,
        keep_going: bool | None = None,
        unjudged: bool | None = None,
        look: str | None = None,
        evidence: bool | None = None,
        journal: bool | None = None,
        from_port: int | None = None,
        resumed_cycles: int | None = None,
        resumed_ms: int | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Any:
        """Open and close connections to a target as fast as it bears, and judge its TCP.

        target: whom to strike: ADDRESS:PORT or NAME:PORT, allowed by strike.allow
        cycles: connections to open and close (unless given: no limit; give cycles or duration_ms)
        duration_ms: how long to open new ones (milliseconds) (unless given: no limit; give cycles
            or duration_ms)
        concurrency: connections in flight at a time (unless given: 1)
        rate: connections begun a second, evenly spaced (unless given: as fast as the peer bears)
        close: how to end each one: one of fin, rst, fin-with-ack, fin-late, peer-first, rst-late,
            abort-connecting, half-close, data-fin, unsent, rst-unread, rst-outside, rst-inside,
            syn-inside, ack-beyond, fin-early, fin-overlap, reopen, syn-silence, window-small,
            window-shut, ack-silence, syn-data, data-to-closed, simultaneous-open (unless given:
            fin)
        seed: decides the order of ways and of our own addresses, and where it is given our first
            port: so the same strike once more (unless given: 1, and other ports than lately)
        passive: peers open the connections: target is an address of ours, or 0.0.0.0 for the first
            one, and a port; who comes must be allowed by strike.allow. Not with what is about
            opening (unless given: false)
        concurrency_auto: learn how many at a time the target bears, by 1, 2, 4, ... up to this, or
            for 0 up to strike.max_concurrency of the configuration; not with rate (unless given:
            as many as concurrency says)
        max_opening: connections in SYN-SENT at a time (unless given: as many as are in flight)
        ramp_ms: how long the rate grows to what rate says, from 0, in proportion to the time
            (milliseconds) (unless given: at once)
        mix: several ways to end them, chosen by weights from 1 to 10000, as fin=60,rst=20 (unless
            given: the one that close says)
        hold_ms: how long fin-late and rst-late keep a connection, the bound of unsent's close and
            of reopen's wait for the peer's FIN, and between the steps of a provocation
            (milliseconds) (unless given: 50)
        payload: how much expect, data-fin, rst-unread and provocations send (unless given: 1)
        expect: what the target must do with the payload after the handshake, before the close:
            echo it, take it (discard), or take it and close by itself (close: with peer-first,
            reopen); with fin, fin-late, half-close, data-fin, peer-first and reopen: one of none,
            echo, discard, close (unless given: none)
        connect_timeout_ms: how long the handshake may take (milliseconds) (unless given: 5000)
        close_timeout_ms: how long closing, or waiting for the peer, may take (milliseconds)
            (unless given: 5000)
        fail_on: findings of this severity and above make the verdict fail: one of note, weakness,
            fault (unless given: weakness)
        max_failed_ppm: cycles that may fail, of a million begun (unless given: 0)
        max_retransmits_ppm: segments that may have to be sent again, for a million cycles (unless
            given: 1000000)
        max_connect_p99_us: how long SYN to established may take for 99 % of the cycles; with a
            rate from when the cycle was due (unless given: no limit)
        max_close_p99_us: how long a close may take for 99 % of the cycles (unless given: no limit)
        stop_on: end at the first finding of this severity or above, at the first failed cycle
            (failure), or at either (any): one of note, weakness, fault, failure, any (unless
            given: whatever is found, go on)
        stop_on_rule: end at the first finding of the rule of this name (unless given: whatever is
            found, go on)
        keep_going: go on though the peer has stopped answering (unless given: false)
        unjudged: count cycles only, as fast as the target bears: its TCP is not judged, and the
            verdict is fail or inconclusive. Not with evidence, stop_on_rule (unless given: false)
        look: when to see by a ping and one open how the target is: short: before the strike and
            right after it, and where it is not what it was, 5 and 30 s after; full: always then,
            too: one of none, short, full (unless given: short)
        evidence: write frames around the first findings of each rule to a pcapng file, whose
            descriptor goes with the call (unless given: false)
        journal: append what is known, as it comes, to a file of JSON lines, whose descriptor
            (O_APPEND) goes with the call, after that of evidence (unless given: false)
        from_port: our port of the first cycle; the next ones follow, each that is free, within
            tcp.first_port to last_port of the configuration. Where our addresses are several,
            65536 more for each round of the ports that they had before. 0: other ports than lately
            (unless given: by seed where that is given, otherwise 0)
        resumed_cycles: how many earlier parts of this strike did: cycles go on after them (unless
            given: 0)
        resumed_ms: how long they took: times go on after them (milliseconds) (unless given: 0)
        """
        params: dict[str, Any] = {
            "target": target,
            "cycles": cycles,
            "duration_ms": duration_ms,
            "concurrency": concurrency,
            "rate": rate,
            "close": close,
            "seed": seed,
            "passive": passive,
            "concurrency_auto": concurrency_auto,
            "max_opening": max_opening,
            "ramp_ms": ramp_ms,
            "mix": mix,
            "hold_ms": hold_ms,
            "payload": payload,
            "expect": expect,
            "connect_timeout_ms": connect_timeout_ms,
            "close_timeout_ms": close_timeout_ms,
            "fail_on": fail_on,
            "max_failed_ppm": max_failed_ppm,
            "max_retransmits_ppm": max_retransmits_ppm,
            "max_connect_p99_us": max_connect_p99_us,
            "max_close_p99_us": max_close_p99_us,
            "stop_on": stop_on,
            "stop_on_rule": stop_on_rule,
            "keep_going": keep_going,
            "unjudged": unjudged,
            "look": look,
            "evidence": evidence,
            "journal": journal,
            "from_port": from_port,
            "resumed_cycles": resumed_cycles,
            "resumed_ms": resumed_ms,
        }
        return self.call("strike", params, timeout=timeout,
                         on_notification=on_notification, pass_fds=pass_fds)

    def strike_start(
        self, *,
        target: str,
        cycles: int | None = None,
        duration_ms: int | None = None,
        concurrency: int | None = None,
        rate: int | None = None,
        close: str | None = None,
        seed: int | None = None,
        passive: bool | None = None,
        concurrency_auto: int | None = None,
        max_opening: int | None = None,
        ramp_ms: int | None = None,
        mix: str | None = None,
        hold_ms: int | None = None,
        payload: int | None = None,
        expect: str | None = None,
        connect_timeout_ms: int | None = None,
        close_timeout_ms: int | None = None,
        fail_on: str | None = None,
        max_failed_ppm: int | None = None,
        max_retransmits_ppm: int | None = None,
        max_connect_p99_us: int | None = None,
        max_close_p99_us: int | None = None,
        stop_on: str | None = None,
        stop_on_rule: str | None = None,
        keep_going: bool | None = None,
        unjudged: bool | None = None,
        look: str | None = None,
        evidence: bool | None = None,
        journal: bool | None = None,
        from_port: int | None = None,
        resumed_cycles: int | None = None,
        resumed_ms: int | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Strike without a client: the daemon keeps journal, evidence and report.

        target: whom to strike: ADDRESS:PORT or NAME:PORT, allowed by strike.allow
        cycles: connections to open and close (unless given: no limit; give cycles or duration_ms)
        duration_ms: how long to open new ones (milliseconds) (unless given: no limit; give cycles
            or duration_ms)
        concurrency: connections in flight at a time (unless given: 1)
        rate: connections begun a second, evenly spaced (unless given: as fast as the peer bears)
        close: how to end each one: one of fin, rst, fin-with-ack, fin-late, peer-first, rst-late,
            abort-connecting, half-close, data-fin, unsent, rst-unread, rst-outside, rst-inside,
            syn-inside, ack-beyond, fin-early, fin-overlap, reopen, syn-silence, window-small,
            window-shut, ack-silence, syn-data, data-to-closed, simultaneous-open (unless given:
            fin)
        seed: decides the order of ways and of our own addresses, and where it is given our first
            port: so the same strike once more (unless given: 1, and other ports than lately)
        passive: peers open the connections: target is an address of ours, or 0.0.0.0 for the first
            one, and a port; who comes must be allowed by strike.allow. Not with what is about
            opening (unless given: false)
        concurrency_auto: learn how many at a time the target bears, by 1, 2, 4, ... up to this, or
            for 0 up to strike.max_concurrency of the configuration; not with rate (unless given:
            as many as concurrency says)
        max_opening: connections in SYN-SENT at a time (unless given: as many as are in flight)
        ramp_ms: how long the rate grows to what rate says, from 0, in proportion to the time
            (milliseconds) (unless given: at once)
        mix: several ways to end them, chosen by weights from 1 to 10000, as fin=60,rst=20 (unless
            given: the one that close says)
        hold_ms: how long fin-late and rst-late keep a connection, the bound of unsent's close and
            of reopen's wait for the peer's FIN, and between the steps of a provocation
            (milliseconds) (unless given: 50)
        payload: how much expect, data-fin, rst-unread and provocations send (unless given: 1)
        expect: what the target must do with the payload after the handshake, before the close:
            echo it, take it (discard), or take it and close by itself (close: with peer-first,
            reopen); with fin, fin-late, half-close, data-fin, peer-first and reopen: one of none,
            echo, discard, close (unless given: none)
        connect_timeout_ms: how long the handshake may take (milliseconds) (unless given: 5000)
        close_timeout_ms: how long closing, or waiting for the peer, may take (milliseconds)
            (unless given: 5000)
        fail_on: findings of this severity and above make the verdict fail: one of note, weakness,
            fault (unless given: weakness)
        max_failed_ppm: cycles that may fail, of a million begun (unless given: 0)
        max_retransmits_ppm: segments that may have to be sent again, for a million cycles (unless
            given: 1000000)
        max_connect_p99_us: how long SYN to established may take for 99 % of the cycles; with a
            rate from when the cycle was due (unless given: no limit)
        max_close_p99_us: how long a close may take for 99 % of the cycles (unless given: no limit)
        stop_on: end at the first finding of this severity or above, at the first failed cycle
            (failure), or at either (any): one of note, weakness, fault, failure, any (unless
            given: whatever is found, go on)
        stop_on_rule: end at the first finding of the rule of this name (unless given: whatever is
            found, go on)
        keep_going: go on though the peer has stopped answering (unless given: false)
        unjudged: count cycles only, as fast as the target bears: its TCP is not judged, and the
            verdict is fail or inconclusive. Not with evidence, stop_on_rule (unless given: false)
        look: when to see by a ping and one open how the target is: short: before the strike and
            right after it, and where it is not what it was, 5 and 30 s after; full: always then,
            too: one of none, short, full (unless given: short)
        evidence: write frames around the first findings of each rule to a pcapng file, whose
            descriptor goes with the call (unless given: false)
        journal: append what is known, as it comes, to a file of JSON lines, whose descriptor
            (O_APPEND) goes with the call, after that of evidence (unless given: false)
        from_port: our port of the first cycle; the next ones follow, each that is free, within
            tcp.first_port to last_port of the configuration. Where our addresses are several,
            65536 more for each round of the ports that they had before. 0: other ports than lately
            (unless given: by seed where that is given, otherwise 0)
        resumed_cycles: how many earlier parts of this strike did: cycles go on after them (unless
            given: 0)
        resumed_ms: how long they took: times go on after them (milliseconds) (unless given: 0)
        """
        params: dict[str, Any] = {
            "target": target,
            "cycles": cycles,
            "duration_ms": duration_ms,
            "concurrency": concurrency,
            "rate": rate,
            "close": close,
            "seed": seed,
            "passive": passive,
            "concurrency_auto": concurrency_auto,
            "max_opening": max_opening,
            "ramp_ms": ramp_ms,
            "mix": mix,
            "hold_ms": hold_ms,
            "payload": payload,
            "expect": expect,
            "connect_timeout_ms": connect_timeout_ms,
            "close_timeout_ms": close_timeout_ms,
            "fail_on": fail_on,
            "max_failed_ppm": max_failed_ppm,
            "max_retransmits_ppm": max_retransmits_ppm,
            "max_connect_p99_us": max_connect_p99_us,
            "max_close_p99_us": max_close_p99_us,
            "stop_on": stop_on,
            "stop_on_rule": stop_on_rule,
            "keep_going": keep_going,
            "unjudged": unjudged,
            "look": look,
            "evidence": evidence,
            "journal": journal,
            "from_port": from_port,
            "resumed_cycles": resumed_cycles,
            "resumed_ms": resumed_ms,
        }
        return self.call("strike_start", params, timeout=timeout,
                         on_notification=on_notification)

    def strike_list(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """The strikes that run, and the detached ones of which the report is kept."""
        params: dict[str, Any] = {}
        return self.call("strike_list", params, timeout=timeout,
                         on_notification=on_notification)

    def strike_times(
        self, *,
        id: int,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Figures of a running strike since its begin, with its times as histograms that can be
        added.

        id: of the strike: strike_list tells
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("strike_times", params, timeout=timeout,
                         on_notification=on_notification)

    def strike_attach(
        self, *,
        id: int,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Progress and report of a strike that another client began.

        id: of the strike: strike_list tells
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("strike_attach", params, timeout=timeout,
                         on_notification=on_notification)

    def strike_stop(
        self, *,
        id: int | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """End a strike that is running.

        id: of the strike (unless given: the one that this client began, or the only one)
        """
        params: dict[str, Any] = {
            "id": id,
        }
        return self.call("strike_stop", params, timeout=timeout,
                         on_notification=on_notification)

    def strike_file(
        self, *,
        id: int,
        file: str | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """A file of a detached strike, as a descriptor to read.

        id: of the strike: strike_list tells
        file: which of its files: one of journal, evidence (unless given: journal)
        """
        params: dict[str, Any] = {
            "id": id,
            "file": file,
        }
        return self.call("strike_file", params, timeout=timeout,
                         on_notification=on_notification)

    def capture_start(
        self, *,
        link: str | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Any:
        """Write every frame to a pcap file, whose descriptor goes with the call.

        link: name of one link (unless given: all links)
        """
        params: dict[str, Any] = {
            "link": link,
        }
        return self.call("capture_start", params, timeout=timeout,
                         on_notification=on_notification, pass_fds=pass_fds)

    def capture_stop(
        self, *,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """End the capture."""
        params: dict[str, Any] = {}
        return self.call("capture_stop", params, timeout=timeout,
                         on_notification=on_notification)

    def fault_set(
        self, *,
        loss: int | None = None,
        duplicate: int | None = None,
        reorder: int | None = None,
        corrupt: int | None = None,
        delay_us: int | None = None,
        seed: int | None = None,
        link: str | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Lose, double, reorder, corrupt or delay frames.

        loss: in millionths of the frames of each direction (unless given: as it was)
        duplicate: in millionths of the frames of each direction (unless given: as it was)
        reorder: in millionths of the frames of each direction (unless given: as it was)
        corrupt: in millionths of the frames of each direction (unless given: as it was)
        delay_us: of every frame (microseconds) (unless given: as it was)
        seed: the same seed and frames give the same faults (unless given: as it was)
        link: name of one link (unless given: all links)
        """
        params: dict[str, Any] = {
            "loss": loss,
            "duplicate": duplicate,
            "reorder": reorder,
            "corrupt": corrupt,
            "delay_us": delay_us,
            "seed": seed,
            "link": link,
        }
        return self.call("fault_set", params, timeout=timeout,
                         on_notification=on_notification)

    def fault_clear(
        self, *,
        link: str | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """No faults any more.

        link: name of one link (unless given: all links)
        """
        params: dict[str, Any] = {
            "link": link,
        }
        return self.call("fault_clear", params, timeout=timeout,
                         on_notification=on_notification)

    def watch(
        self, *,
        kinds: str | None = None,
        count: int | None = None,
        timeout: float | None = None,
        on_notification: Notified | None = None,
    ) -> Any:
        """Tell of events: of connections, links, addresses, strikes, findings, the configuration.

        kinds: which, with commas between: connection, link, address, strike, finding,
            configuration (unless given: all)
        count: events after which to end (unless given: 0: when this client goes away)
        """
        params: dict[str, Any] = {
            "kinds": kinds,
            "count": count,
        }
        return self.call("watch", params, timeout=timeout,
                         on_notification=on_notification)
