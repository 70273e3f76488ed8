"""The set-up of most tests: one conkerd, and the kernel on the other side of its link.

tap     one namespace with conkerd's TAP device, whose host side is the kernel's.
plain   the same with offload: false, so that every segment is a frame of its own.
packet  two namespaces joined by a veth pair: conkerd has a packet socket on one end, beside the
        kernel that owns it; the peer is the kernel at the other end.
"""

from __future__ import annotations

import socket
from typing import Any

from .conkerd import Conkerd
from .ctl import Ctl
from .namespaces import Namespace
from .processes import Process
from .scene import Scene

MAC = "02:00:00:00:77:02"


# Of links whose name ends with 6: the stack, its peer, and the kernel beside the stack.
IPV6 = ("fd00:77::2", "fd00:77::1", "fd00:77::3")


class Field:
    STACK = "10.77.0.2"
    PEER = "10.77.0.1"
    BESIDE = "10.77.0.3"  # the kernel on conkerd's end of the veth pair

    def __init__(self, scene: Scene, link: str, config: dict[str, Any]) -> None:
        self.scene = scene
        self.link = link.removesuffix("6")
        self.bits = 24
        if link.endswith("6"):
            self.STACK, self.PEER, self.BESIDE, self.bits = (*IPV6, 64)
        self.peer_ns: Namespace = scene.namespace()
        self.stack_ns: Namespace = self.peer_ns if self.link != "packet" else scene.namespace()
        if ":" in self.PEER:
            # The kernel uses its address at once, without duplicate address detection.
            self.peer_ns.sysctl("net/ipv6/conf/default/accept_dad", "0")
        addresses = config.get("addresses", [f"{self.STACK}/{self.bits}"])
        rest = {key: value for key, value in config.items() if key != "addresses"}
        if self.link == "packet":
            self._join()
        self.daemon: Conkerd = scene.conkerd(
            {"links": [self._link(addresses)], "services": [],
             "strike": {"allow": ["10.77.0.0/24", "fd00:77::/64"]}, **rest},
            self.stack_ns)
        self.ctl: Ctl = self.daemon.ctl

    def _join(self) -> None:
        self.stack_ns.ip("link", "add", "stack0", "type", "veth", "peer", "name", "peer0",
                         "netns", self.peer_ns.name)
        nodad = ("nodad",) if ":" in self.PEER else ()
        self.stack_ns.ip("addr", "add", f"{self.BESIDE}/{self.bits}", "dev", "stack0", *nodad)
        self.peer_ns.ip("addr", "add", f"{self.PEER}/{self.bits}", "dev", "peer0", *nodad)
        self.stack_ns.ip("link", "set", "stack0", "up")
        self.peer_ns.ip("link", "set", "peer0", "up")

    def _link(self, addresses: list[str]) -> dict[str, Any]:
        common = {"name": "field", "mac": MAC, "addresses": addresses}
        if self.link != "packet":
            return {"type": "tap", "device": "conker0", "host_address": f"{self.PEER}/{self.bits}",
                    "offload": self.link == "tap", **common}
        return {"type": "packet", "device": "stack0", **common}

    def at(self, address: str, port: int) -> str:
        """ADDRESS:PORT as conkerctl takes it."""
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    def peer(self, *arguments: str, **streams: Any) -> Process:
        return self.scene.peer(self.peer_ns, *arguments, **streams)

    def accept_close(self, port: int = 9000) -> Process:
        return self.peer("accept-close", self.PEER, str(port))

    def listen(self, port: int, backlog: int = 128) -> socket.socket:
        """A listening socket of the kernel, in the peer's namespace."""
        made = self.peer_ns.listen(self.PEER, port, backlog)
        self.scene.undo(made.close)
        return made

    def connect(self, port: int, timeout: float = 10) -> socket.socket:
        """A connection of the kernel to the stack."""
        made = self.peer_ns.connect(self.STACK, port, timeout)
        self.scene.undo(made.close)
        return made
