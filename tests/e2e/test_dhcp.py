"""The DHCP client (RFC 2131) against a real server: dnsmasq."""

import signal
import time
from typing import Any

from harness import Conkerd, Dnsmasq, Namespace, Scene, check, eventually, same, test

MAC = "02:00:00:00:77:02"
SERVER = "10.77.0.1"


class Lan:
    """conkerd with `address: dhcp`; dnsmasq runs on the kernel's side of the TAP device."""

    def __init__(self, scene: Scene, **config: Any) -> None:
        self.scene = scene
        self.namespace: Namespace = scene.namespace()
        self.daemon: Conkerd = scene.conkerd(
            {"links": [{"type": "tap", "name": "lan", "device": "conker0",
                        "mac": MAC, "address": "dhcp",
                        "host_address": f"{SERVER}/24"}],
             "services": [{"name": "echo", "port": 7}], **config},
            self.namespace)
        self.ctl = self.daemon.ctl

    def server(self, *arguments: str) -> Dnsmasq:
        return Dnsmasq(self.scene, self.namespace, "conker0", "--dhcp-authoritative",
                       "--no-ping", *arguments)

    def dhcp(self) -> dict[str, Any]:
        return self.ctl.json("status")["links"][0]["dhcp"]

    def bound(self, seconds: float = 15) -> dict[str, Any]:
        return eventually(lambda: (d := self.dhcp())["state"] == "BOUND" and d,
                          "a lease is in use", seconds)

    def kernel_reaches(self, address: str) -> bool:
        return self.namespace.run("ping", "-n", "-c", "1", "-W", "2", address).returncode == 0


@test()
def gets_and_renews_a_lease(scene: Scene) -> None:
    lan = Lan(scene)
    server = lan.server("--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,120",
                        "--dhcp-option=option:T1,8",
                        "--dhcp-option=option:router,10.77.0.1", "--local=/test/",
                        "--host-record=www.test,10.77.0.9")
    lease = lan.bound()
    address = lease["address"].removesuffix("/24")
    check(address.startswith("10.77.0.5") or address == "10.77.0.60",
          f"out of its range: {address}")
    same((lease["server"], lease["router"], lease["dns"]), (SERVER, SERVER, [SERVER]),
         "what the server said")
    check(lan.kernel_reaches(address), "the kernel reaches it")
    status = lan.ctl.json("status")
    same((status["gateway"], status["dns_servers"]), (SERVER, [SERVER]),
         "router and DNS servers in use")
    same(lan.ctl.ok("resolve", "www.test").out, "10.77.0.9\n",
         "a name, asked for at the lease's server")
    check("DHCP on lan: BOUND" in lan.ctl.ok("status").out, "status for people")

    eventually(lambda: server.count("DHCPACK") >= 2, "the lease is renewed", 20)
    same(server.count("DHCPDISCOVER"), 1, "discovers")
    same(lan.bound()["address"], lease["address"], "address after renewal")

    identifier = lan.ctl.open(f"{SERVER}:53")
    same(lan.ctl.state(identifier), "ESTABLISHED", "a connection from the lease")
    same(lan.daemon.terminate(), 0, "exit code")


@test()
def a_dhcpnak_restarts_the_client(scene: Scene) -> None:
    lan = Lan(scene)
    first = lan.server("--dhcp-range=10.77.0.50,10.77.0.50,255.255.255.0,120",
                       "--dhcp-option=option:T1,8", "--port=0")
    same(lan.bound()["address"], "10.77.0.50/24", "first address")
    first.process.stop()
    second = lan.server("--dhcp-range=10.77.0.70,10.77.0.70,255.255.255.0,120", "--port=0")
    eventually(lambda: second.count("DHCPNAK") >= 1, "the renewal is refused", 20)
    eventually(lambda: lan.dhcp()["address"] == "10.77.0.70/24", "another address", 20)
    check(lan.kernel_reaches("10.77.0.70"), "the kernel reaches it")
    check(not lan.kernel_reaches("10.77.0.50"), "the old one is gone")
    same(lan.ctl.counter("dhcp_naks"), 1, "refusals")
    lan.ctl.balanced()


@test()
def an_address_in_use_is_declined(scene: Scene) -> None:
    lan = Lan(scene)
    lan.namespace.ip("addr", "add", "10.77.0.50/32", "dev", "lo")
    server = lan.server(f"--dhcp-host={MAC},10.77.0.50",
                        "--dhcp-range=10.77.0.60,10.77.0.61,255.255.255.0,120", "--port=0")
    eventually(lambda: server.count("DHCPDECLINE") == 1, "10.77.0.50 is declined", 15)
    lease = lan.bound(40)
    check(lease["address"] in ("10.77.0.60/24", "10.77.0.61/24"),
          f"another address: {lease['address']}")
    same(lan.ctl.counter("dhcp_declines"), 1, "declined")


@test()
def link_local_address_without_a_server(scene: Scene) -> None:
    lan = Lan(scene)
    own = eventually(lambda: lan.dhcp()["link_local"], "a link-local address", 30)
    check(own.startswith("169.254."), own)
    lan.namespace.ip("addr", "add", "169.254.77.1/16", "dev", "conker0")
    check(lan.kernel_reaches(own), "the kernel reaches it")
    lan.server("--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,120", "--port=0")
    lan.bound(80)
    same(lan.dhcp()["link_local"], None, "link-local address beside a lease")
    check(not lan.kernel_reaches(own), "it is given up")


@test()
def services_use_the_lease(scene: Scene) -> None:
    lan = Lan(scene)
    lan.server("--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,120", "--port=0")
    address = lan.bound()["address"].removesuffix("/24")
    connection = lan.namespace.connect(address, 7, 5)
    scene.undo(connection.close)
    connection.sendall(b"hello")
    same(connection.recv(5), b"hello", "echo at the leased address")
    lan.daemon.signal(signal.SIGTERM)
    begin = time.monotonic()
    same(lan.daemon.process.wait(15), 0, "exit code")
    check(time.monotonic() - begin < 10, "ends in time")


@test(quick=True)
def a_packet_socket_gets_a_lease_and_releases_it(scene: Scene) -> None:
    stack_ns, peer_ns = scene.namespace(), scene.namespace()
    stack_ns.ip("link", "add", "stack0", "type", "veth",
                "peer", "name", "peer0", "netns", peer_ns.name)
    peer_ns.ip("addr", "add", f"{SERVER}/24", "dev", "peer0")
    stack_ns.ip("link", "set", "stack0", "up")
    peer_ns.ip("link", "set", "peer0", "up")
    server = Dnsmasq(scene, peer_ns, "peer0",
                     "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,120",
                     "--port=0", "--no-ping",
            "--dhcp-authoritative")
    daemon = scene.conkerd(
        {"links": [{"type": "packet", "name": "wire", "device": "stack0", "mac": MAC,
                    "address": "dhcp"}]}, stack_ns)
    lease = eventually(lambda: daemon.ctl.json("status")["links"][0]["dhcp"]["address"],
                       "a lease", 20)
    done = peer_ns.run("ping", "-n", "-c", "1", "-W", "2", lease.removesuffix("/24"))
    same(done.returncode, 0, "the kernel reaches it")
    same(daemon.terminate(), 0, "exit code")
    # Not on a TAP device, which goes with the daemon, before dnsmasq has read the message.
    eventually(lambda: server.count("DHCPRELEASE") == 1, "the lease is given back")
