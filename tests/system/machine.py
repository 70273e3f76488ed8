"""A machine to install conker on: this system's files under an overlay, booted by systemd-nspawn
with a network and processes of its own. Nothing that happens in it reaches the host's files."""

from __future__ import annotations

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

from harness import Failure, eventually

NEEDED = ("systemd-nspawn", "nsenter", "dpkg", "ip")
BOOT_S = 60.0  # it takes 5
# What would start on a machine that is none of the host's business; what conker left on the host.
UNWANTED = ("etc/systemd/system/*.wants/*", "etc/systemd/network/*", "var/log/journal",
            "usr/sbin/policy-rc.d", "var/lib/man-db/auto-update")


def why_not() -> str:
    """Why no machine can be booted here; empty where it can."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "only root may boot a machine"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    with open("/proc/filesystems", encoding="ascii") as file:
        if not any(line.split()[-1] == "overlay" for line in file):
            subprocess.run(["modprobe", "overlay"], capture_output=True, check=False)
    with open("/proc/filesystems", encoding="ascii") as file:
        if not any(line.split()[-1] == "overlay" for line in file):
            return "the kernel has no overlay"
    return ""


class Ran:
    def __init__(self, command: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> None:
        self.command = " ".join(command)
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def expect(self, code: int) -> Ran:
        if self.code != code:
            raise Failure(f"{self.command}: ended with {self.code}, expected {code}\n"
                          f"{self.out}{self.err}")
        return self


class Machine:
    """Boots in the constructor; close() ends all its processes and unmounts its files."""

    def __init__(self, lower: str = "/") -> None:
        self.directory = tempfile.mkdtemp(prefix="conker-system-")
        self.root = f"{self.directory}/root"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._init = 0
        self._mounted: list[str] = []
        try:
            self._make_files(lower)
            self._boot()
        except BaseException:
            self.close()
            raise

    # ---- What tests do with it ----

    def run(self, *command: str, user: str = "", seconds: float = 30) -> Ran:
        """Runs a command in it, as root or as another user of it."""
        if user:
            command = ("setpriv", "--reuid", user, "--regid", user, "--init-groups", *command)
        try:
            done = subprocess.run([*self._enter(), *command], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as late:
            raise Failure(f"{' '.join(command)}: not within {seconds:g} s") from late
        return Ran(command, done)

    def ok(self, *command: str, user: str = "") -> str:
        return self.run(*command, user=user).expect(0).out

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Begins a command in it, which ends with end() or with the machine."""
        return subprocess.Popen([*self._enter(), *command], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    @staticmethod
    def end(command: subprocess.Popen[str]) -> None:
        os.killpg(command.pid, signal.SIGKILL)  # nsenter, and what it has started
        command.communicate()

    def path(self, inside: str) -> pathlib.Path:
        """Where the host sees a file of it, whatever it has mounted in the meantime."""
        return pathlib.Path((f"/proc/{self._init}/root" if self._init else self.root) + inside)

    def write(self, inside: str, text: str) -> None:
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, as systemd says them."""
        said = self.ok("systemctl", "show", unit, f"--property={','.join(properties)}")
        return dict(line.split("=", 1) for line in said.splitlines())

    def journal(self, *arguments: str) -> list[str]:
        return self.ok("journalctl", "--no-pager", "--output=cat", *arguments).splitlines()

    # ---- How it is made ----

    def _mount(self, target: str, *arguments: str) -> None:
        os.makedirs(target, exist_ok=True)
        subprocess.run(["mount", *arguments, target], check=True)
        self._mounted.append(target)

    def _make_files(self, lower: str) -> None:
        base = self.directory
        # In memory: quick, and gone with the mount.
        self._mount(f"{base}/files", "-t", "tmpfs", "-o", "mode=0755,size=1G", "conker-system")
        for part in ("up", "work"):
            os.mkdir(f"{base}/files/{part}")
        self._mount(self.root, "-t", "overlay", "-o",
                    f"lowerdir={lower},upperdir={base}/files/up,workdir={base}/files/work",
                    "conker-system")
        for pattern in UNWANTED:
            for path in pathlib.Path(self.root).glob(pattern):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        # Without one systemd would ask at the console who the machine is.
        self.write("/etc/machine-id", f"{uuid.uuid4().hex}\n")
        # The host has no udev in it that opens the driver's device to all, as Debian does.
        os.mknod(f"{base}/files/tun", 0o666 | 0o020000, os.makedev(10, 200))
        os.chmod(f"{base}/files/tun", 0o666)

    def _boot(self) -> None:
        with open(f"{self.directory}/console", "wb") as console:
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", "-D", self.root, "--boot", "--private-network", "--quiet",
                 "--register=no", "--keep-unit", "--link-journal=no", "--console=pipe",
                 f"--machine=conker-{os.getpid()}",
                 f"--bind={self.directory}/files/tun:/dev/net/tun",
                 "systemd.unit=multi-user.target"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, preexec_fn=die_with_us,
                start_new_session=True)
        try:
            self._init = eventually(self._find_init, "a machine boots", BOOT_S)
            state = eventually(self._running, "the machine is up", BOOT_S)
        except Failure as failure:
            jobs = self.run("systemctl", "list-jobs").out if self._init else ""
            raise Failure(f"{failure}\n{jobs}{self.console()}") from failure
        if state != "running":
            raise Failure(f"the machine is {state}:\n{self.run('systemctl', '--failed').out}")

    def console(self) -> str:
        with open(f"{self.directory}/console", encoding="utf-8", errors="replace") as file:
            return file.read()

    def _find_init(self) -> int:
        """The process that is 1 in the machine, once it is systemd."""
        assert self._nspawn is not None
        if self._nspawn.poll() is not None:
            raise Failure(f"systemd-nspawn ended with {self._nspawn.returncode}")
        task = f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children"
        with open(task, encoding="ascii") as file:
            for child in file.read().split():
                try:
                    with open(f"/proc/{child}/comm", encoding="ascii") as comm:
                        if comm.read().strip() == "systemd":
                            return int(child)
                except OSError:
                    pass
        return 0

    def _running(self) -> str:
        said = self.run("systemctl", "is-system-running").out.strip()
        return said if said in ("running", "degraded") else ""

    def _enter(self) -> list[str]:
        return ["nsenter", "-t", str(self._init), "-m", "-u", "-i", "-n", "-p", "-C", "--"]

    def close(self) -> None:
        if self._nspawn is not None:
            # The end of process 1 is the end of all processes in its namespace.
            for process in (self._init, self._nspawn.pid):
                if process and self._nspawn.poll() is None:
                    os.kill(process, signal.SIGKILL)
            self._nspawn.wait()
            self._nspawn = None
        for target in reversed(self._mounted):
            for _ in range(50):  # a process that has just been killed may still be in it
                if subprocess.run(["umount", target], capture_output=True,
                                  check=False).returncode == 0:
                    break
                time.sleep(0.1)
            else:
                subprocess.run(["umount", "--lazy", target], check=False)
        self._mounted.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


def die_with_us() -> None:
    """The child is killed when its parent is."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


