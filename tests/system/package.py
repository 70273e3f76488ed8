"""The Debian package: made by CPack from what was built, in other versions too."""

from __future__ import annotations

import os
import pathlib
import subprocess

from harness import Failure


def make(build: str, directory: str, version: str) -> str:
    """Packs what was built as this version; the path of the package. Another version has the same
    files, as if nothing but the number had changed."""
    target = f"{directory}/{version}"
    os.makedirs(target)
    done = subprocess.run(
        ["cpack", "--config", f"{build}/CPackConfig.cmake", "-G", "DEB", "-B", target,
         "-D", f"CPACK_PACKAGE_VERSION={version}"],
        cwd=target, capture_output=True, text=True, check=False)
    made = list(pathlib.Path(target).glob("*.deb"))
    if done.returncode != 0 or len(made) != 1:
        raise Failure(f"cpack ended with {done.returncode}: {done.stdout}{done.stderr}")
    return str(made[0])


def field(package: str, name: str) -> str:
    return subprocess.run(["dpkg-deb", "--field", package, name], capture_output=True, text=True,
                          check=True).stdout.strip()


def unpack(package: str, directory: str) -> None:
    subprocess.run(["dpkg-deb", "--extract", package, directory], check=True)
