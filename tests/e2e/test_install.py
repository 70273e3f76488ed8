"""`cmake --install`: the installed files, and the unit under systemd."""

import os
import signal
import socket
import subprocess

from harness import Field, Scene, check, eventually, same, test

PREFIX = "/usr"
FILES = [
    "/usr/bin/conkerctl",
    "/usr/bin/conkerd",
    "/usr/lib/systemd/network/50-conker0.netdev",
    "/usr/lib/systemd/network/50-conker0.network",
    "/usr/lib/systemd/system/conkerd-status.socket",
    "/usr/lib/systemd/system/conkerd.service",
    "/usr/lib/systemd/system/conkerd.socket",
    "/usr/lib/systemd/system/conkerd@.service",
    "/usr/lib/sysusers.d/conker.conf",
    *(f"/usr/share/conker/python/{name}" for name in (
        "conker/__init__.py", "conker/connection.py", "conker/verbs.py", "fleet/README.md",
        "fleet/locustfile.py", "fleet/strike_stats.py")),
    "/usr/share/bash-completion/completions/conkerctl",
    "/usr/share/fish/vendor_completions.d/conkerctl.fish",
    "/usr/share/zsh/vendor-completions/_conkerctl",
    "/usr/share/man/man1/conkerctl.1.gz",
    "/usr/share/man/man5/conker-scenario.5.gz",
    "/usr/share/man/man5/conkerd.yaml.5.gz",
    "/usr/share/man/man8/conkerd.8.gz",
    "/usr/share/doc/conker/README.md",
    "/usr/share/doc/conker/changelog.gz",
    "/usr/share/doc/conker/conkerd.yaml",
    "/usr/share/doc/conker/copyright",
    "/usr/share/doc/conker/docs/service.md",
    "/usr/share/doc/conker/examples/make-tap.conf",
    "/usr/share/doc/conker/examples/packet.conf",
    "/usr/share/doc/conker/docs/strike.md",
    "/usr/share/doc/conker/docs/monitoring.md",
    "/usr/share/doc/conker/docs/dashboard.png",
    "/usr/share/doc/conker/docs/report-bad.png",
    "/usr/share/doc/conker/docs/report-good.png",
    "/etc/conker/conkerd.yaml",
    "/etc/logrotate.d/conker",
    "/usr/share/conker/monitoring/conker-alerts.yaml",
    "/usr/share/conker/monitoring/grafana-dashboard.json",
    "/usr/share/conker/scenarios/churn.yaml",
    "/usr/share/conker/scenarios/hostile.yaml",
    "/usr/share/conker/scenarios/smoke.yaml",
    "/usr/share/conker/scenarios/soak.yaml",
]


def install(scene: Scene, root: str) -> None:
    done = subprocess.run(["cmake", "--install", scene.binaries.build, "--prefix", PREFIX],
                          env={**os.environ, "DESTDIR": root}, capture_output=True,
                          text=True, check=False)
    same(done.returncode, 0, f"cmake --install: {done.stderr}")


@test()
def installed_files(scene: Scene) -> None:
    root = f"{scene.directory}/root"
    install(scene, root)
    found = sorted(f"{path[len(root):]}/{name}"
                   for path, _, names in os.walk(root) for name in names)
    same(found, sorted(FILES), "installed files")
    for binary in ("usr/bin/conkerd", "usr/bin/conkerctl"):
        done = subprocess.run([f"{root}/{binary}", "--help"], capture_output=True, check=False)
        same(done.returncode, 0, f"{binary} --help")
    check_config = subprocess.run([f"{root}/usr/bin/conkerd",
                                   "--config", f"{root}/etc/conker/conkerd.yaml",
                                   "--check-config"], capture_output=True, text=True, check=False)
    same(check_config.returncode, 0, f"the shipped configuration: {check_config.stderr}")


@test()
def configuration_survives_a_second_install(scene: Scene) -> None:
    root = f"{scene.directory}/root"
    install(scene, root)
    path = f"{root}/etc/conker/conkerd.yaml"
    with open(path, "a", encoding="utf-8") as file:
        file.write("# mine\n")
    install(scene, root)
    with open(path, encoding="utf-8") as file:
        check(file.read().endswith("# mine\n"), "the administrator's configuration was overwritten")


@test()
def programs_find_the_configuration_beside_them(scene: Scene) -> None:
    """Without --config: PREFIX/etc/conker/conkerd.yaml, and that is what was installed."""
    prefix = f"{scene.directory}/local"
    done = subprocess.run(["cmake", "--install", scene.binaries.build, "--prefix", prefix],
                          capture_output=True, text=True, check=False)
    same(done.returncode, 0, f"cmake --install: {done.stderr}")
    checked = subprocess.run([f"{prefix}/bin/conkerd", "--check-config"], capture_output=True,
                             text=True, check=False)
    same((checked.returncode, checked.stdout),
         (0, f"{prefix}/etc/conker/conkerd.yaml: ok\n"), f"--check-config: {checked.stderr}")


@test()
def unit_is_verified_by_systemd(scene: Scene) -> None:
    """systemd-analyze verify accepts the installed units, whose commands exist."""
    root = f"{scene.directory}/root"
    install(scene, root)
    done = subprocess.run(["cmake", "--install", scene.binaries.build, "--prefix", f"{root}/usr"],
                          capture_output=True, text=True, check=False)
    same(done.returncode, 0, f"cmake --install: {done.stderr}")
    units = f"{root}/usr/lib/systemd/system"
    unit = f"{units}/conkerd.service"
    verify = subprocess.run(["systemd-analyze", "verify", "--man=no", unit,
                             f"{units}/conkerd@lab.service", f"{units}/conkerd.socket",
                             f"{units}/conkerd-status.socket"],
                            capture_output=True, text=True, check=False)
    ours = [line for line in (verify.stderr + verify.stdout).splitlines() if "conker" in line]
    same((verify.returncode, ours), (0, []), "systemd-analyze verify")
    with open(unit, encoding="utf-8") as file:
        text = file.read()
    for setting in ("Type=notify", "NotifyAccess=main", "WatchdogSec=10",
                    "Restart=on-failure", "RestartPreventExitStatus=2"):
        check(setting in text, f"the unit lacks {setting}")
    # RestartPreventExitStatus does not hold for it: a bad configuration would be tried again.
    check("ExecStartPre" not in text, "the unit has an ExecStartPre")


@test()
def systemd_sysusers_makes_the_group(scene: Scene) -> None:
    root = f"{scene.directory}/root"
    install(scene, root)
    with open(f"{root}/usr/lib/sysusers.d/conker.conf", encoding="utf-8") as file:
        check("conker" in file.read(), "sysusers.d")
    os.makedirs(f"{root}/etc", exist_ok=True)
    done = subprocess.run(["systemd-sysusers", f"--root={root}"], capture_output=True,
                          text=True, check=False)
    same(done.returncode, 0, f"systemd-sysusers: {done.stderr}")
    with open(f"{root}/etc/group", encoding="utf-8") as file:
        check(any(line.startswith("conker:") for line in file), "no group conker")


@test("tap")
def notifies_the_service_manager(field: Field) -> None:
    """READY=1 once conkerd serves; WATCHDOG=1 at half of the period."""
    field.daemon.terminate()
    path = f"{field.scene.directory}/notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(5)
        with field.stack_ns.entered():
            daemon = field.scene.process(
                "notifying", [field.scene.binaries.conkerd, "--config", field.daemon.config_path],
                environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
        heard = []
        while sum("WATCHDOG=1" in text for text in heard) < 3:
            heard.append(manager.recv(4096).decode())
        check(any("READY=1" in text for text in heard), f"READY was not said: {heard}")
        check("READY=1" in "".join(heard).split("WATCHDOG=1")[0],
              f"kicked before it was ready: {heard}")
        daemon.signal(signal.SIGTERM)
        said = ""
        while "STOPPING=1" not in said:
            said = manager.recv(4096).decode()
        same(daemon.wait(10), 0, "exit code")


@test("tap")
def the_journal_gets_priorities(field: Field) -> None:
    """On stderr where systemd says that the journal reads it; not where stderr was redirected."""
    field.daemon.terminate()
    # A machine with a journal would get the lines there.
    without_journal = ["unshare", "--mount", "sh", "-c",
                       '! [ -e /run/systemd/journal ] || mount -t tmpfs none /run/systemd/journal; '
                       'exec "$@"', "sh"]
    out, into = os.pipe()
    try:
        of_stderr = os.fstat(into)
        for stream, first in ((f"{of_stderr.st_dev}:{of_stderr.st_ino}", b"<6>info: link field"),
                              ("1:2", b"20")):
            with field.stack_ns.entered():
                daemon = subprocess.Popen(
                    [*without_journal, field.scene.binaries.conkerd, "--config",
                     field.daemon.config_path],
                    stderr=into, env={**os.environ, "JOURNAL_STREAM": stream})
            field.scene.undo(daemon.kill)
            said = os.read(out, 4096)
            check(said.startswith(first), f"with JOURNAL_STREAM={stream}: {said!r}")
            eventually(lambda: b"is ready" in said or b"is ready" in os.read(out, 4096), "ready")
            daemon.terminate()
            same(daemon.wait(10), 0, "exit code")
            while b"conkerd ends" not in os.read(out, 4096):
                pass
    finally:
        os.close(out)
        os.close(into)
