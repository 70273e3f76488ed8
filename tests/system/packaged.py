"""The package as a file: what its control data say, what lintian says, how the units are locked
down."""

from __future__ import annotations

import glob
import os
import pathlib
import re
import shutil
import subprocess
from typing import Callable

import package
from harness import check, same

TESTS: list[Callable[[str, str], None]] = []
# Exposure at most, by `systemd-analyze security`, of the unit with a drop-in.
MOST_EXPOSED = {"": 0.8, "packet.conf": 1.2, "make-tap.conf": 1.4}


def test(function: Callable[[str, str], None]) -> Callable[[str, str], None]:
    TESTS.append(function)
    return function


@test
def says_what_it_depends_on(deb: str, _: str) -> None:
    depends = package.field(deb, "Depends")
    for needed in ("libc6 (>=", "libev4", "libyaml-cpp", "libsystemd0", "systemd (>="):
        check(needed in depends, f"no {needed} in: {depends}")
    same(package.field(deb, "Package"), "conker", "name")


@test
def lintian_finds_no_error(deb: str, _: str) -> None:
    done = subprocess.run(["lintian", "--no-cfg", "--fail-on", "error", deb], capture_output=True,
                          text=True, check=False)
    same(done.returncode, 0, f"lintian: {done.stdout}{done.stderr}")


@test
def units_are_locked_down(deb: str, directory: str) -> None:
    package.unpack(deb, directory)
    units = f"{directory}/usr/lib/systemd/system"
    for unit in ("conkerd.service", "conkerd@.service"):
        for dropin, most in MOST_EXPOSED.items():
            folder = f"{units}/{unit}.d"
            os.makedirs(folder)
            if dropin:
                shutil.copy(f"{directory}/usr/share/doc/conker/examples/{dropin}", folder)
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                                   f"{units}/{unit}"], capture_output=True, text=True, check=True)
            level = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
            check(level is not None, f"no level in: {done.stdout}")
            check(float(level[1]) <= most, f"{unit} with {dropin or 'no drop-in'}: {level[1]}, "
                                           f"at most {most}\n{done.stdout}")
            shutil.rmtree(folder)


@test
def scripts_are_sound(deb: str, directory: str) -> None:
    """sh reads the scripts of the maintainer, which end at the first error."""
    subprocess.run(["dpkg-deb", "--control", deb, directory], check=True)
    for script in glob.glob(f"{directory}/p*"):
        same(subprocess.run(["sh", "-n", script], check=False).returncode, 0, f"sh -n {script}")
        check("set -e" in pathlib.Path(script).read_text(encoding="ascii"), f"{script}: no set -e")
