"""Calls over conkerd's control socket: JSON-RPC 2.0, one message a line, descriptors beside them
(SCM_RIGHTS). protocol/README.md of conker describes it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

DEFAULT_SOCKET = "/run/conker/conkerd.sock"

# The daemon's limit on a request; its answers may be longer.
_READ_BYTES = 65536
_MAX_DESCRIPTORS = 4

Notified = Callable[[str, dict[str, Any]], None]


class Gone(ConnectionError):
    """No daemon at the socket, or it has closed the connection."""


class CallError(Exception):
    """An error that the daemon answered; `code` is one of the protocol's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Connection:
    """One connection, for one call at a time: a strike and what is asked meanwhile need two."""

    def __init__(self, path: str | None = None) -> None:
        """`path`: of the socket; None: $CONKER_SOCKET, or where the package has it. Raises
        Gone."""
        path = path or os.environ.get("CONKER_SOCKET") or DEFAULT_SOCKET
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise Gone(f"no daemon at {path}: {error.strerror}") from None
        self._input = b""
        self._next_id = 1
        self.descriptors: list[int] = []  # received and not taken yet

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Closes the connection, and descriptors that were received and not taken."""
        self._socket.close()
        while self.descriptors:
            os.close(self.descriptors.pop())

    def call(self, verb: str, params: dict[str, Any], *, timeout: float | None = None,
             on_notification: Notified | None = None, pass_fds: Sequence[int] = ()) -> Any:
        """The result of a verb. Parameters that are None are left out. `timeout`: in seconds, None
        for ever; when it has passed, TimeoutError is raised, and the connection is closed, which
        ends a strike. `on_notification`: is called with each notification's name and content.
        Raises CallError and Gone, too."""
        number = self._next_id
        self._next_id += 1
        given = {name: value for name, value in params.items() if value is not None}
        line = json.dumps({"jsonrpc": "2.0", "id": number, "method": verb, "params": given})
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._send(line.encode() + b"\n", pass_fds)
            while True:
                message = json.loads(self._line(deadline))
                if message.get("id") == number or "error" in message:
                    break
                if on_notification is not None and "method" in message:
                    on_notification(message["method"], message.get("params", {}))
        except TimeoutError:
            self.hang_up()
            raise TimeoutError(f"{verb}: no answer within {timeout:g} s") from None
        if "error" in message:
            raise CallError(message["error"]["code"], message["error"]["message"])
        return message["result"]

    def _send(self, line: bytes, pass_fds: Sequence[int]) -> None:
        self._socket.settimeout(None)
        try:
            sent = socket.send_fds(self._socket, [line], list(pass_fds)) if pass_fds else 0
            self._socket.sendall(line[sent:])
        except BrokenPipeError:
            pass  # what the daemon said before it closed can still be read

    def _line(self, deadline: float | None) -> bytes:
        while b"\n" not in self._input:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
            try:
                more, fds, _, _ = socket.recv_fds(self._socket, _READ_BYTES, _MAX_DESCRIPTORS)
            except ConnectionResetError:
                more, fds = b"", []
            self.descriptors += fds
            if not more:
                raise Gone("the daemon closed the connection: its log says why")
            self._input += more
        line, _, self._input = self._input.partition(b"\n")
        return line
