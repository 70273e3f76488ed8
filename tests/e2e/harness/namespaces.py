"""Network namespaces, made and deleted by `ip netns`; their names have the process id."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import socket
import subprocess
from typing import Iterator

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _set_namespace(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


class Namespace:
    """A network namespace, with the limits of the kernel's TCP raised above their defaults."""

    SYSCTLS = {
        "net/core/somaxconn": "65535",
        "net/ipv4/tcp_max_syn_backlog": "65535",
        "net/ipv4/tcp_max_tw_buckets": "262144",
        "net/ipv4/ip_local_port_range": "1024 65535",
        "net/ipv4/tcp_tw_reuse": "1",
    }

    def __init__(self) -> None:
        self.name = f"conker-{os.getpid()}-{next(_numbers)}"
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        for key, value in self.SYSCTLS.items():
            self.sysctl(key, value)

    def delete(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Moves this thread and new children into the namespace; sockets made there stay in it."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}", "rb") as there:
            _set_namespace(there.fileno())
            try:
                yield
            finally:
                _set_namespace(home.fileno())

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        with self.entered():
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False,
                                  timeout=timeout)

    def has_sysctl(self, key: str) -> bool:
        with self.entered():
            return os.path.exists(f"/proc/sys/{key}")

    def sysctl(self, key: str, value: str) -> None:
        with self.entered(), open(f"/proc/sys/{key}", "w", encoding="ascii") as file:
            file.write(value)

    def socket(self, timeout: float = 10, address: str = "0.0.0.0") -> socket.socket:
        """A TCP socket of this namespace, of the address's family."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.entered():
            made = socket.socket(family, socket.SOCK_STREAM)
        made.settimeout(timeout)
        return made

    def connect(self, address: str, port: int, timeout: float = 10) -> socket.socket:
        made = self.socket(timeout, address)
        made.connect((address, port))
        return made

    def listen(self, address: str, port: int, backlog: int = 128) -> socket.socket:
        made = self.socket(address=address)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(backlog)
        return made

    def tcp_sockets(self, *filters: str) -> list[str]:
        """The lines of `ss -tan` without those of listeners."""
        out = self.run("ss", "-Htan", *filters).stdout
        return [line for line in out.splitlines() if line and not line.startswith("LISTEN")]


def delete_leftovers() -> None:
    """Deletes namespaces of this run that a test did not delete."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        if name.startswith(f"conker-{os.getpid()}-"):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
