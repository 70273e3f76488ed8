"""conkerd with a configuration made for the test."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import Any

from .ctl import Ctl
from .expect import Failure
from .processes import Process


def unix_link(path: str, mode: str, mac: str, address: str) -> dict[str, Any]:
    return {"type": "unix", "name": "wire", "path": path, "mode": mode,
            "mac": mac, "addresses": [address]}


class Conkerd:
    """One running daemon. `config` is written as JSON, which is valid YAML."""

    def __init__(self, binaries: Any, directory: str, name: str, config: dict[str, Any],
                 prefix: list[str] | None = None) -> None:
        self.name = name
        self.socket_path = os.path.join(directory, f"{name}.sock")
        config = {"control": {"socket": self.socket_path, "mode": "0666"}, **config}
        config["strike"] = {"directory": os.path.join(directory, f"{name}-strikes"),
                            **config.get("strike", {})}
        self.config = config
        self.config_path = os.path.join(directory, f"{name}.yaml")
        self.write_config()
        self._command = [*(prefix or []), binaries.conkerd, "--config", self.config_path]
        self._directory = directory
        self.ctl = Ctl(binaries.conkerctl, self.socket_path, directory)
        self.process = self.start()

    def start(self) -> Process:
        """Starts the daemon, or starts it again; waits until its control socket accepts."""
        self.process = Process(self.name, self._command, self._directory)
        self.process.until(self._answers, f"{self.name} answers at its control socket", 10)
        return self.process

    def write_config(self) -> None:
        """Writes `config` to its file, which conkerd reads at its start and when it reloads."""
        with open(self.config_path + ".new", "w", encoding="ascii") as file:
            json.dump(self.config, file, indent=2)
        os.rename(self.config_path + ".new", self.config_path)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self.socket_path)
            except OSError:
                return False
        return True

    def kill(self) -> None:
        self.process.kill()

    def terminate(self, seconds: float = 10) -> int:
        return self.process.stop(seconds)

    def signal(self, number: signal.Signals) -> None:
        self.process.signal(number)

    def descriptors(self) -> int:
        """The number of open descriptors: the least of ten looks, since clients take a moment to
        disconnect."""
        fewest = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        for _ in range(10):
            time.sleep(0.03)
            fewest = min(fewest, len(os.listdir(f"/proc/{self.process.pid}/fd")))
        return fewest

    def resident_kib(self) -> int:
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        raise Failure(f"conkerd {self.process.pid} has no VmRSS")
