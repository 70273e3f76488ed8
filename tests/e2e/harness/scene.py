"""A scene: the namespaces, processes and files of one test, removed after it in any case."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import subprocess
import tempfile
from typing import Any

from .conkerd import Conkerd, unix_link
from .expect import eventually
from .namespaces import Namespace
from .processes import Process

IMAGE = "build/firmware/conker-lm3s6965.elf"


@dataclasses.dataclass(frozen=True)
class Binaries:
    conkerd: str
    conkerctl: str
    peer: str
    device: str
    lwip: str
    build: str  # the build directory that has all programs
    firmware: str  # path of the image
    sources: str
    sanitized: bool = False
    whole: bool = False  # all of what a test otherwise takes a part of
    pictures: str = ""  # where those of pages are kept; empty: nowhere

    @staticmethod
    def copied(sources: str, build: str, peer_build: str, to: str, sanitized: bool,
               whole: bool = False, pictures: str = "") -> "Binaries":
        """Copies the binaries to a directory that unprivileged users can read."""
        def copy(directory: str, name: str) -> str:
            source = os.path.join(directory, "bin", name)
            if not os.path.exists(source):
                raise SystemExit(f"{source} does not exist: build it first, as ./check does")
            return shutil.copy2(source, to)

        complete = peer_build if sanitized else build
        return Binaries(copy(build, "conkerd"), copy(complete, "conkerctl"),
                        copy(peer_build, "conker_peer"), copy(peer_build, "conker_device"),
                        copy(peer_build, "conker_lwip"),
                        complete,
                        os.path.join(sources, IMAGE), sources, sanitized, whole, pictures)


class Scene:
    def __init__(self, binaries: Binaries, title: str) -> None:
        self.binaries = binaries
        self.directory = tempfile.mkdtemp(prefix="conker-e2e-")
        os.chmod(self.directory, 0o755)
        self.daemons: list[Conkerd] = []
        self.notes: list[str] = []  # shown beside the result
        self._title = title
        self._undo = contextlib.ExitStack()

    def namespace(self) -> Namespace:
        made = Namespace()
        self._undo.callback(made.delete)
        return made

    def open_to_all(self) -> None:
        """Lets daemons of other users make sockets in the directory."""
        os.chmod(self.directory, 0o777)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def undo(self, what: Any, *arguments: Any) -> None:
        self._undo.callback(what, *arguments)

    def tiny_disk(self, size: str) -> str:
        """A directory on a file system of its own that holds so much (as "8k")."""
        directory = os.path.join(self.directory, "tiny")
        os.mkdir(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", directory],
                       check=True)
        self.undo(subprocess.run, ["umount", "-l", directory])
        return directory

    def conkerd(self, config: dict[str, Any], namespace: Namespace | None = None,
                name: str = "conkerd",
                prefix: list[str] | None = None) -> Conkerd:
        with namespace.entered() if namespace else contextlib.nullcontext():
            daemon = Conkerd(self.binaries, self.directory, name, config, prefix)
        self.daemons.append(daemon)
        self._undo.callback(lambda: daemon.process.kill())
        return daemon

    def linked_conkerds(self, services: dict[str, int]) -> tuple[Conkerd, Conkerd]:
        """One at 10.7.0.1 with services at these ports, and one at 10.7.0.2 that may strike it."""
        wire = os.path.join(self.directory, "wire.sock")
        struck = self.conkerd({
            "links": [unix_link(wire, "listen", "02:00:00:00:07:01", "10.7.0.1/24")],
            "services": [{"name": name, "port": port} for name, port in services.items()]},
            name="struck")
        striking = self.conkerd({
            "links": [unix_link(wire, "connect", "02:00:00:00:07:02", "10.7.0.2/24")],
            "strike": {"allow": ["10.7.0.0/24"]}}, name="striking")
        eventually(lambda: striking.ctl("ping", "10.7.0.1", "-c", "1").code == 0,
                   "the two are linked")
        return struck, striking

    def process(self, name: str, command: list[str], namespace: Namespace | None = None,
                **streams: Any) -> Process:
        with namespace.entered() if namespace else contextlib.nullcontext():
            process = Process(name, command, self.directory, **streams)
        self._undo.callback(process.kill)
        return process

    def peer(self, namespace: Namespace, *arguments: str, **streams: Any) -> Process:
        """Starts conker_peer; waits until it listens if it is to listen."""
        process = self.process(f"peer-{arguments[0]}", [self.binaries.peer, *arguments],
                               namespace, **streams)
        if arguments[0] in ("accept-close", "echo", "hold", "sink", "source"):
            process.until(lambda: '"listening"' in process.out(), "peer listens")
        return process

    def logs(self, lines: int = 12) -> str:
        """The last lines of every process's standard error, for the report of a failure."""
        parts = []
        for name in sorted(os.listdir(self.directory)):
            path = os.path.join(self.directory, name)
            if name.endswith(".err") and os.path.getsize(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    tail = file.read().splitlines()[-lines:]
                parts.append("\n".join([f"--- {name}", *tail]))
        return "\n".join(parts)

    def close(self, keep: bool = False) -> None:
        try:
            self._undo.close()
        finally:
            if keep:
                print(f"      kept {self.directory} of {self._title}", flush=True)
            else:
                shutil.rmtree(self.directory, ignore_errors=True)
