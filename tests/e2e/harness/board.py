"""The firmware on an emulated board."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from .expect import Failure, eventually
from .namespaces import Namespace
from .processes import Process

if TYPE_CHECKING:
    from .scene import Scene

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_PANIC, EXIT_FAULT = range(5)

AUDIT = re.compile(
    r"^audit  ([\d,]+) opened = ([\d,]+) closed \+ ([\d,]+) reset \+ ([\d,]+) aborted "
    r"\+ ([\d,]+) timed out \+ ([\d,]+) refused \+ ([\d,]+) other \+ ([\d,]+) live: (.*)\n",
    re.MULTILINE)
"""A whole line, since the board may be writing the last one."""


class Board:
    """QEMU's lm3s6965evb. The firmware's serial line is the standard output of the process."""

    MAC = "02:00:00:00:07:02"

    def __init__(self, scene: "Scene", network: list[str], *words: str,
                 namespace: Namespace | None = None,
                 prefix: list[str] | None = None) -> None:
        arguments = "".join(f",arg={word}" for word in ("conker", *words))
        self.process: Process = scene.process(
            "board",
            [*(prefix or []), "qemu-system-arm", "-M", "lm3s6965evb",
             "-display", "none", "-serial", "stdio", "-monitor", "none",
             "-kernel", scene.binaries.firmware, *network,
             "-semihosting-config", f"enable=on,target=native{arguments}"], namespace)

    @classmethod
    def alone(cls, scene: "Scene", *words: str) -> "Board":
        return cls(scene, ["-net", "none"], *words)

    @classmethod
    def on_socket(cls, scene: "Scene", path: str, *words: str,
                  prefix: list[str] | None = None) -> "Board":
        """A board whose link is the stream socket of the daemon that listens at `path`."""
        eventually(lambda: os.path.exists(path), f"somebody listens at {path}")
        return cls(scene, ["-netdev", f"stream,id=wire,server=off,addr.type=unix,addr.path={path}",
                           "-net", f"nic,netdev=wire,macaddr={cls.MAC}"], *words, prefix=prefix)

    @classmethod
    def on_tap(cls, scene: "Scene", namespace: Namespace, device: str, *words: str) -> "Board":
        return cls(scene, ["-nic", f"tap,id=wire,ifname={device},script=no,downscript=no,"
                                   f"model=stellaris,mac={cls.MAC}"],
                   *words, namespace=namespace)

    def said(self) -> str:
        return self.process.out().replace("\r", "")

    def ready(self) -> "Board":
        self.process.until(lambda: "accept-close on port" in self.said(), "the firmware is up")
        return self

    def finished(self, seconds: float = 60) -> int:
        """The exit code of a command with exit=yes."""
        return self.process.wait(seconds)

    def balanced(self, opened: int) -> list[int]:
        """Waits for the audit with `opened` connections, which must balance with none live. Returns
        closed, reset, aborted, timed out, refused, other."""
        def settled() -> list[int]:
            for match in AUDIT.finditer(self.said()):
                numbers = [int(text.replace(",", "")) for text in match.groups()[:8]]
                if numbers[0] < opened:
                    continue
                if (numbers[0] == opened and match[9] == "balanced" and numbers[7] == 0
                        and numbers[0] == sum(numbers[1:])):
                    return numbers[1:7]
                raise Failure(f"audit of the board, {opened} connections were opened: {match[0]}")
            return []
        return eventually(settled, f"the board's audit says {opened} connections", 10)


def source_line(image: str, address: str) -> str:
    """Functions and lines at an address of the image, the innermost first."""
    done = subprocess.run(["arm-none-eabi-addr2line", "-fCie", image, address],
                          capture_output=True, text=True, check=True)
    return done.stdout
