"""A minimal Debian with nothing but what the package says that it depends on."""

from __future__ import annotations

import re
import shutil
import subprocess

import package
from harness import Failure

# What boots it, and what the tests ask it with.
BESIDE = ("systemd-sysv", "dbus", "iproute2", "iputils-ping")


def why_not() -> str:
    return "" if shutil.which("debootstrap") else "not installed: debootstrap"


def real(names: list[str]) -> list[str]:
    """debootstrap knows no virtual packages: in their place, what provides them on this machine."""
    listed = subprocess.run(["dpkg-query", "-W", "-f=${Package}: ${Provides}\n"],
                            capture_output=True, text=True, check=True).stdout
    provider = {virtual: line.split(":")[0] for line in listed.splitlines()
                for virtual in re.findall(r"(?:: |, )([\w.+-]+)", line)}
    return [provider.get(name, name) for name in names]


def make(deb: str, directory: str) -> None:
    """Needs Debian's archive, and some minutes."""
    depends = real(re.findall(r"(?:^|, )([\w.+-]+)", package.field(deb, "Depends")))
    done = subprocess.run(["debootstrap", "--variant=minbase",
                           f"--include={','.join((*depends, *BESIDE))}", "bookworm", directory],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"debootstrap ended with {done.returncode}: {done.stdout[-1000:]}")
