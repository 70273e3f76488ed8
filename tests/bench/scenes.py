"""The places of measurements: the same namespaces, devices and addresses for every contestant."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
from typing import Any, Iterator

from harness import Binaries, Conkerd, Failure, Namespace, Process, Scene, same

DEVICE = "bench0"
MAC = "02:00:00:00:77:02"
HOST = "10.77.0.1"
STACK = "10.77.0.2"
PORT = 9000
# Sixteen addresses a side, which a strike uses in turn: a million four-tuples for any contestant.
STACK_SIDE = [STACK, *(f"10.77.0.{number}" for number in range(10, 25))]
HOST_SIDE = [HOST, *(f"10.77.0.{number}" for number in range(101, 116))]
SPARE_FILES = 100  # of a process that holds connections, besides them
TRANSMIT_QUEUE = 10000  # as conkerd sets it on a device of its own

# The same for any number of idle connections; TIME-WAIT as large as the kernel's in a namespace.
CAPACITIES = {"connections": 131072, "time_wait": 262144, "chunks": 65536}
SERVICES = [{"name": "echo", "port": 7}, {"name": "discard", "port": 9},
            {"name": "chargen", "port": 19},
            {"name": "accept-close", "port": PORT}]


@dataclasses.dataclass(frozen=True)
class Bench:
    """The parameters of every measurement."""
    binaries: Binaries
    build: str  # the build directory
    seconds: float  # how long to measure

    def program(self, name: str) -> str:
        path = os.path.join(self.build, "bin", name)
        if not os.path.exists(path):
            raise Failure(f"{path} does not exist: "
                          "install what it needs (bench_packages in .ci/packages.sh) and build")
        return path


class Place(Scene):
    """Processes that end with the measurement; without a network."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.binaries, "bench")
        self.bench = bench

    def __enter__(self) -> "Place":
        try:
            self.set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set_up(self) -> None:
        """Makes the network of the place."""

    def program(self, name: str, *arguments: object, namespace: Namespace | None = None) -> Process:
        """Starts a program of the build."""
        return self.process(name, [self.bench.program(name), *map(str, arguments)], namespace)

    def report(self, process: Process, patience: float = 60) -> dict[str, Any]:
        """The report of a program, at most `patience` seconds after its measurement."""
        code = process.wait(self.bench.seconds + patience)
        same(code, 0, f"exit code of {process.name}: {process.err().strip()}")
        return process.last_json()


class Tap(Place):
    """A TAP device with the kernel on the host's side; one program attaches to it."""

    def set_up(self) -> None:
        self.host = namespace_of(self)
        self.host.ip("tuntap", "add", "dev", DEVICE, "mode", "tap")
        for address in HOST_SIDE:
            self.host.ip("addr", "add", f"{address}/24", "dev", DEVICE)
        self.host.ip("link", "set", DEVICE, "mtu", "1500", "txqueuelen", str(TRANSMIT_QUEUE), "up")
        without_pacing(self.host, DEVICE, HOST)

    def daemon(self, **config: Any) -> Conkerd:
        link = {"type": "tap", "name": "bench", "device": DEVICE, "mac": MAC,
                "addresses": [f"{address}/24" for address in STACK_SIDE]}
        return self.conkerd({"links": [link], "services": SERVICES,
                             "strike": {"allow": ["10.77.0.0/24"]},
                             "capacities": CAPACITIES, "log": {"level": "warning"}, **config},
                            self.host)

    def attached(self, name: str, *arguments: object) -> Process:
        """Starts a program that attaches to the device; returns when it has."""
        process = self.program(name, *arguments, namespace=self.host)
        process.until(lambda: "LOWER_UP" in self.host.ip("link", "show", DEVICE),
                      f"{name} has attached to {DEVICE}")
        return process

    def kernel(self, *arguments: object) -> Process:
        """Starts conker_peer on the kernel's side."""
        return self.peer(self.host, *map(str, arguments))

    @contextlib.contextmanager
    def idle(self, count: int) -> Iterator[None]:
        """Opens idle connections from the kernel to the stack's echo service. Each process has as
        many as it may have files open."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES
        holders = [self.kernel("idle", STACK, 7, "--connections", min(most, count - first),
                               "--from", ",".join(HOST_SIDE))
                   for first in range(0, count, most)]
        for holder in holders:
            holder.until(lambda: '"open"' in holder.out(), f"{count} connections are open",
                         30 + count / 1000)
        yield
        for holder in holders:
            holder.must_run()


class Veth(Place):
    """The kernel against itself: two namespaces, joined by a veth pair."""

    def set_up(self) -> None:
        self.client, self.server = namespace_of(self), namespace_of(self)
        self.client.ip("link", "add", "client", "type", "veth",
                       "peer", "name", "server", "netns", self.server.name)
        for address in STACK_SIDE:
            self.client.ip("addr", "add", f"{address}/24", "dev", "client")
        self.server.ip("addr", "add", f"{HOST}/24", "dev", "server")
        self.client.ip("link", "set", "client", "up")
        self.server.ip("link", "set", "server", "up")
        without_pacing(self.client, "client", STACK)
        without_pacing(self.server, "server", HOST)

    def iperf3(self, seconds: float) -> dict[str, Any]:
        """One connection from client to server; its first second does not count."""
        server = self.process("iperf3-server",
                              ["iperf3", "--server", "--one-off", "--forceflush", "--bind", HOST],
                              self.server)
        server.until(lambda: "listening" in server.out(), "iperf3 listens")
        client = self.process("iperf3-client",
                              ["iperf3", "--client", HOST, "--time", f"{max(1, round(seconds))}",
                               "--omit", "1", "--json"], self.client)
        same(client.wait(seconds + 30), 0, f"iperf3: {client.out()}")
        return json.loads(client.out())["end"]["sum_received"]


def without_pacing(namespace: Namespace, device: str, address: str) -> None:
    """Sets the kernel's congestion control to CUBIC, Linux's default. Some machines are set to BBR,
    which paces: then its pacing would be measured, and not the limit of a stack."""
    namespace.ip("route", "change", "10.77.0.0/24", "dev", device, "proto", "kernel",
                 "scope", "link", "src", address, "congctl", "cubic")


def namespace_of(place: Place) -> Namespace:
    """A namespace without other traffic: no IPv6, which announces itself."""
    made = place.namespace()
    if os.path.exists("/proc/sys/net/ipv6"):
        made.sysctl("net/ipv6/conf/all/disable_ipv6", "1")
        made.sysctl("net/ipv6/conf/default/disable_ipv6", "1")
    return made
