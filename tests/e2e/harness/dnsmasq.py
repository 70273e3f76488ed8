"""dnsmasq, the DHCP and DNS server of the tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .namespaces import Namespace
from .processes import Process

if TYPE_CHECKING:
    from .scene import Scene


class Dnsmasq:
    """dnsmasq on one interface of a namespace, configured by its arguments only."""

    def __init__(self, scene: "Scene", namespace: Namespace,
                 interface: str, *arguments: str) -> None:
        leases = os.path.join(scene.directory, f"leases-{len(os.listdir(scene.directory))}")
        self.process: Process = scene.process(
            "dnsmasq",
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
             "--pid-file=", f"--interface={interface}", "--except-interface=lo",
             "--bind-interfaces", "--no-resolv", "--no-hosts",
             "--log-facility=-", "--log-dhcp", f"--dhcp-leasefile={leases}", *arguments], namespace)
        self.process.until(lambda: "started, version" in self.said(), "dnsmasq is up")

    def said(self) -> str:
        return self.process.err()

    def count(self, word: str) -> int:
        """The number of log lines with this word: DHCPACK, DHCPNAK, DHCPDECLINE, query[A]."""
        return sum(word in line for line in self.said().splitlines())
