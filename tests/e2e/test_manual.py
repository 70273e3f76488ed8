"""The manual pages have every verb, option and key that there is, and no other."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess

from harness import Failure, Scene, check, same, test

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "man"
# A section of conkerd.yaml(5), and a configuration in which conkerd tells its keys.
LINK = "links: [{type: tap, name: a, device: t0, mac: '02:00:00:00:00:02', "
SECTIONS = {
    "KEYS OF THE FILE": "mistake: 1",
    "LINKS": "links: [{type: tap, mistake: 1}]",
    "FAULTS": LINK + "addresses: [10.0.0.1/24], faults: {mistake: 1}}]",
    "ROUTES": LINK + "addresses: [10.0.0.1/24]}]\nroutes: [{to: 10.1.0.0/24, mistake: 1}]",
    "DNS": LINK + "addresses: [10.0.0.1/24]}]\ndns: {mistake: 1}",
    "SERVICES": LINK + "addresses: [10.0.0.1/24]}]\nservices: [{mistake: 1}]",
    "CONTROL": LINK + "addresses: [10.0.0.1/24]}]\ncontrol: {mistake: 1}",
    "STRIKE": LINK + "addresses: [10.0.0.1/24]}]\nstrike: {mistake: 1}",
    "HTTP": LINK + "addresses: [10.0.0.1/24]}]\nhttp: {mistake: 1}",
    "LOG": LINK + "addresses: [10.0.0.1/24]}]\nlog: {mistake: 1}",
    "CAPACITIES": "capacities: {mistake: 1}",
    "IP": "ip: {mistake: 1}",
    "TCP": "tcp: {mistake: 1}",
}


def plain(page: str) -> str:
    return re.sub(r"\\(.)", r"\1", page)


def built(scene: Scene, page: str) -> str:
    path = pathlib.Path(scene.binaries.build) / "docs" / "man" / f"{page}.scd"
    if not path.exists():
        raise Failure(f"{path} was not made: install scdoc, and build the target manual")
    return plain(path.read_text(encoding="utf-8"))


def terms(text: str) -> set[str]:
    """What a page explains: the bold words at the beginning of lines above indented text."""
    return {word for line in re.findall(r"^(\*.+)\n\t", text, re.MULTILINE)
            for word in re.findall(r"\*([^*]+)\*", line)}


def sections(text: str, mark: str) -> dict[str, str]:
    parts = re.split(rf"^{mark} (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def help_of(program: str, *verb: str) -> str:
    return subprocess.run([program, *verb, "--help"], capture_output=True, text=True,
                          check=True).stdout


def options_in(help_text: str) -> set[str]:
    """By their long names; those that have none by the short one."""
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+|-\w(?![\w,]))", help_text, re.MULTILINE))


def verbs_in(help_text: str) -> list[str]:
    _, _, verbs = help_text.partition("\nVerbs:\n")
    return re.findall(r"^  ([a-z][\w-]*)", verbs, re.MULTILINE)


@test()
def conkerctl_1(scene: Scene) -> None:
    program = scene.binaries.conkerctl
    page = sections(built(scene, "conkerctl.1"), "#")
    described = {title: terms(text) for title, text in sections(page["VERBS"], "##").items()}
    named: dict[str, set[str]] = {}

    def walk(verb: tuple[str, ...]) -> None:
        said = help_of(program, *verb)
        if verb:
            named[" ".join(verb)] = options_in(said) - {"--help"}
        for own in verbs_in(said):
            walk((*verb, own))

    walk(())
    check(len(named) > 30 and sum(map(len, named.values())) > 60, f"read from --help: {named}")
    names = {re.sub(r"( \[?[A-Z[].*)?$", "", title): found for title, found in described.items()}
    same(names, named, "verbs and their options")
    same(terms(page["OPTIONS"]), options_in(help_of(program)), "options of every verb")
    codes = {"0", "1", "2", "3", "4", "5", "10", "11"}
    same(terms(page["EXIT STATUS"]), codes, "exit codes")


@test()
def conkerd_8(scene: Scene) -> None:
    page = sections(plain((SOURCES / "conkerd.8.scd").read_text(encoding="utf-8")), "#")
    said = options_in(help_of(scene.binaries.conkerd))
    same({term for term in terms(page["OPTIONS"]) if term.startswith("--")}, said, "options")


@test()
def conkerd_yaml_5(scene: Scene) -> None:
    page = sections(plain((SOURCES / "conkerd.yaml.5.scd").read_text(encoding="utf-8")), "#")
    path = f"{scene.directory}/mistaken.yaml"
    for section, text in SECTIONS.items():
        pathlib.Path(path).write_text(text + "\n", encoding="ascii")
        done = subprocess.run([scene.binaries.conkerd, "--config", path, "--check-config"],
                              capture_output=True, text=True, check=False)
        known = re.search(r"mistake: unknown key; known here: (.*)", done.stderr)
        check(known is not None, f"{section}: {done.stderr}")
        same(terms(page[section]), set(known[1].split(", ")), f"keys of {section}")


@test()
def conker_scenario_5(scene: Scene) -> None:
    said = subprocess.run([scene.binaries.conkerctl, "scenario", "schema"], capture_output=True,
                          text=True, check=True).stdout
    schema = json.loads(said)
    keys = sections(sections(built(scene, "conker-scenario.5"), "#")["KEYS"], "##")
    same(terms(keys["Of the file"]), set(schema["properties"]), "keys of the file")
    same(terms(keys["Of each of phases"]), set(schema["$defs"]["phase"]["properties"]),
         "keys of a phase")


@test()
def pages_are_read_by_man(scene: Scene) -> None:
    for page in ("conkerctl.1", "conkerd.yaml.5", "conker-scenario.5", "conkerd.8"):
        path = f"{scene.binaries.build}/docs/man/{page}.gz"
        done = subprocess.run(["man", "--local-file", "--warnings", path], capture_output=True,
                              text=True, check=False)
        same((done.returncode, done.stderr), (0, ""), page)
        check("NAME" in done.stdout, f"{page}: {done.stdout[:200]}")
