"""conkerd refuses invalid configurations, in one line with place and cause."""

import re

from harness import Scene, check, same, test

GOOD = """\
links:
  - type: unix
    name: wire
    path: /tmp/nowhere
    mode: listen
    mac: 02:00:00:00:00:01
    addresses: [10.1.0.1/24]
services:
  - name: echo
    port: 7
strike:
  allow: [10.1.0.0/24]
shutdown_timeout: 5s
"""

# Text of GOOD, its replacement, the line of the error, and the key in the message.
BAD = [
    ("02:00:00:00:00:01", "02:00:00:00:01", 6, "links[0].mac"),
    ("02:00:00:00:00:01", "03:00:00:00:00:01", 6, "links[0].mac"),
    ("type: unix", "type: carrier-pigeon", 2, "links[0].type"),
    ("mode: listen", "mode: shout", 5, "links[0].mode"),
    ("[10.1.0.1/24]", "[10.1.0.1]", 7, "links[0].addresses[0]"),
    ("[10.1.0.1/24]", "[10.1.0.300/24]", 7, "links[0].addresses[0]"),
    ("[10.1.0.1/24]", "10", 7, "links[0].addresses"),
    ("port: 7", "port: 70000", 10, "services[0].port"),
    ("port: 7", "port: seven", 10, "services[0].port"),
    ("name: echo", "name: oracle", 9, "services[0].name"),
    ("allow: [10.1.0.0/24]", "allow: [everybody]", 12, "strike.allow[0]"),
    ("allow:", "allowed:", 12, "strike.allowed"),
    ("5s", "soon", 13, "shutdown_timeout"),
    ("5s", "-5s", 13, "shutdown_timeout"),
    ("services:", "servants:", 8, "servants"),
]


def refuse(scene: Scene, text: str, line: int, key: str) -> None:
    path = f"{scene.directory}/bad.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    process = scene.process("check-config",
                            [scene.binaries.conkerd, "--config", path, "--check-config"])
    code, message = process.wait(10), process.err().strip()
    same(code, 2, f"exit code for {key or 'line ' + str(line)} ({message})")
    place = rf"{re.escape(path)}:{line}:\d+: {re.escape(key)}"
    check(re.search(place, message), f"expected line {line}, {key}: {message}")
    same(len(message.splitlines()), 1, f"lines of the message: {message}")


@test(quick=True)
def a_valid_file_is_accepted(scene: Scene) -> None:
    path = f"{scene.directory}/good.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(GOOD)
    process = scene.process("check-config",
                            [scene.binaries.conkerd, "--config", path, "--check-config"])
    same(process.wait(10), 0, f"exit code: {process.err()}")


@test(quick=True)
def what_the_machine_lacks_is_told(scene: Scene) -> None:
    """Whether conkerd would start here: problems, and what is only a warning."""
    namespace = scene.namespace()
    namespace.ip("link", "add", "veth0", "mtu", "1400", "type", "veth", "peer", "name", "veth1")
    namespace.ip("addr", "add", "10.1.0.9/24", "dev", "veth0")
    path = f"{scene.directory}/system.yaml"

    def checked(link: str, rest: str = "", prefix: tuple[str, ...] = ()) -> tuple[int, str]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"links: [{{name: a, mac: '02:00:00:00:00:01', {link}}}]\n"
                       f"control: {{socket: {scene.directory}/c.sock{rest}\n")
        process = scene.process("check-config", [*prefix, scene.binaries.conkerd, "--config", path,
                                                 "--check-config"], namespace)
        return process.wait(10), process.err()

    good = "type: unix, path: /tmp/nowhere, mode: listen, addresses: [10.1.0.1/24]"
    same(checked(good, "}"), (0, ""), "a link that needs nothing")
    for link, rest, code, words in (
            (good, ", group: nosuchgroup}", 1, "control.group: there is no group nosuchgroup"),
            (good, "}\nlog: {sink: /nowhere/log}", 1, "log.sink: there is no directory /nowhere"),
            (good, ", status_socket: /nowhere/s}", 0, "warning: control.status_socket: there is"),
            (good.replace("0.1/", "0.9/"), "}", 0, "warning: link a: 10.1.0.9 is an address of"),
            ("type: packet, device: nosuch0, addresses: [10.1.0.1/24]", "}", 1,
             "link a: no interface nosuch0"),
            ("type: packet, device: veth0, addresses: [10.1.0.1/24]", "}", 1,
             "its mtu is above that of veth0; set it to 1400"),
            ("type: tap, device: veth0, addresses: [10.1.0.1/24]", "}", 1,
             "veth0 is an interface, but no TAP device")):
        got, said = checked(link, rest)
        check(words in said, f"{words}: {said}")
        same(got, code, f"exit code for {words}")
    code, said = checked("type: tap, device: tap0, addresses: [10.1.0.1/24]", "}",
                         ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"))
    same(code, 0, f"exit code without CAP_NET_ADMIN: {said}")
    check("warning: link a: there is no tap0, and to make it takes CAP_NET_ADMIN" in said, said)


@test(quick=True)
def invalid_values_are_refused(scene: Scene) -> None:
    for old, new, line, key in BAD:
        check(old in GOOD, old)
        refuse(scene, GOOD.replace(old, new, 1), line, key)


@test(quick=True)
def invalid_files_are_refused(scene: Scene) -> None:
    refuse(scene, GOOD + "shutdown_timeout: 6s\n", 14, "shutdown_timeout")  # twice
    refuse(scene, GOOD + "log: {level: info\n", 15, "")  # not YAML
    for name, text in (("empty", b""), ("binary", bytes(range(256))), ("deep", b"[" * 100_000)):
        path = f"{scene.directory}/{name}.yaml"
        with open(path, "wb") as file:
            file.write(text)
        process = scene.process(name, [scene.binaries.conkerd, "--config", path, "--check-config"])
        same(process.wait(30), 2, f"exit code for a file that is {name}")
        check(process.err().strip(), f"no message for a file that is {name}")


@test(quick=True)
def usage(scene: Scene) -> None:
    for arguments in ([], ["--config"], ["--nonsense"],
                      ["--config", "/nonexistent/file", "--check-config"]):
        process = scene.process("usage", [scene.binaries.conkerd, *arguments])
        same(process.wait(10), 2, f"exit code of conkerd {' '.join(arguments)}")
        check(process.err().strip() or process.out().strip(), "no message")


@test(quick=True)
def a_device_that_cannot_be_opened_is_named(scene: Scene) -> None:
    namespace = scene.namespace()
    path = f"{scene.directory}/packet.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"""\
links:
  - {{type: packet, name: a, device: nosuch0, mac: '02:00:00:00:00:01', addresses: [10.1.0.1/24]}}
control: {{socket: {scene.directory}/c.sock}}
""")
    process = scene.process("conkerd", [scene.binaries.conkerd, "--config", path], namespace)
    same(process.wait(10), 1, f"exit code: {process.err()}")
    check("nosuch0" in process.err(), f"does not name the device: {process.err()}")
