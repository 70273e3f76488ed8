#!/usr/bin/python3
"""How the sources hang together, held against what they are meant to be.

    tests/structure.py            says what goes the wrong way; exit code 1 when something does
    tests/structure.py --draw     and prints the calls between the files of stack/tcp

- stack/tcp: the table of storeys in its README names every file that has functions of class Tcp;
  no function calls one of a file above its own, and the calls between the files of one storey make
  no circle.
- No circle of includes anywhere, neither of files nor of folders; and no folder includes one that
  the map in README.md does not name for it.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("stack", "config", "protocol", "ctl", "daemon", "firmware", "tests")
TCP = ROOT / "stack/tcp"

Graph = dict[str, dict[str, str]]  # from: to: why, the first reason that was met


def without_comments(text: str) -> str:
    return re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\\n])*"', '""', text))


def bodies(text: str) -> list[tuple[str, str]]:
    """Each function of class Tcp that is defined here, with what stands between its braces."""
    found = []
    for match in re.finditer(r"^[A-Za-z_][\w:<>,&*\s]*?\bTcp::(\w+)\(", text, re.M):
        begin = end = text.index("{", match.end())
        depth = 0
        while end == begin or depth > 0:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        found.append((match[1], text[begin:end]))
    return found


def calls() -> tuple[Graph, set[str]]:
    """Who calls whom, by file, and the files that have functions of the class. Functions that are
    written in the class itself are everybody's; of overloads, each is taken for called."""
    functions = {path.stem: bodies(without_comments(path.read_text()))
                 for path in sorted(TCP.glob("*.cpp"))}
    functions = {file: found for file, found in functions.items() if found}
    homes: dict[str, set[str]] = collections.defaultdict(set)
    for file, found in functions.items():
        for name, _ in found:
            homes[name].add(file)
    graph: Graph = {file: {} for file in functions}
    for file, found in functions.items():
        for name, body in found:
            for called in re.findall(r"(?<![\w.>:])(\w+)\(", body):
                for home in homes.get(called, set()) - {file}:
                    graph[file].setdefault(home, f"{name}() calls {called}()")
    return graph, set(functions)


def storeys() -> dict[str, int]:
    """Of each file, from the table in the README: | storey | files | ... |."""
    found = {}
    for number, files in re.findall(r"^\| (\d) \| ([^|]*) \|",
                                    (TCP / "README.md").read_text(), re.M):
        found |= {file: int(number) for file in re.findall(r"`(\w+)`", files)}
    return found


def circle(graph: Graph) -> str:
    """One way round, with the reasons, if there is any."""
    done: set[str] = set()
    path: list[str] = []

    def walk(node: str) -> list[str]:
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return []
        path.append(node)
        for to in graph.get(node, {}):
            if found := walk(to):
                return found
        path.pop()
        done.add(node)
        return []

    for node in graph:
        if found := walk(node):
            return " -> ".join([f"{a} ({graph[a][b]})" for a, b in zip(found, found[1:])]
                               + found[-1:])
    return ""


def of_tcp(draw: bool) -> list[str]:
    graph, files = calls()
    storey = storeys()
    wrong = [f"stack/tcp/{file}.cpp is in no storey of stack/tcp/README.md"
             for file in sorted(files - storey.keys())]
    wrong += [f"stack/tcp/README.md: there are no functions of class Tcp in {file}.cpp"
              for file in sorted(storey.keys() - files)]
    for file, to in graph.items():
        if draw:
            print(f"{storey.get(file, 0)} {file:14}", " ".join(sorted(to)) or "-")
        wrong += [f"stack/tcp: {file}.cpp is below {home}.cpp, but {why}"
                  for home, why in to.items()
                  if storey.get(home, 0) > storey.get(file, 0)]
    if found := circle(graph):
        wrong.append(f"stack/tcp: a circle of calls: {found}")
    return wrong


def includes() -> Graph:
    graph: Graph = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]pp")):
            name = str(path.relative_to(ROOT))
            graph[name] = {include: "included"
                           for include in re.findall(r'^#include "(.*)"', path.read_text(), re.M)}
    return graph


def part_of(file: str) -> str:
    """A folder; of files that lie beside folders, header and source: stack/settings."""
    folder, name = file.rsplit("/", 1)
    return f"{folder}/{name.split('.')[0]}" if folder in ("stack", "daemon") else folder


def map_of_the_house() -> dict[str, set[str]]:
    """The table in the README: | folder | what lives there | may use |."""
    rows = re.findall(r"^\| ((?:`[\w/]+/`,? ?)+) \| .* \| (.*) \|$",
                      (ROOT / "README.md").read_text(), re.M)
    return {folder: set(re.findall(r"`([\w/]+)/`", uses)) for folders, uses in rows
            for folder in re.findall(r"`([\w/]+)/`", folders) if uses != "all"}


def of_includes() -> list[str]:
    graph = includes()
    wrong = []
    if found := circle(graph):
        wrong.append(f"a circle of includes: {found}")
    parts: Graph = collections.defaultdict(dict)
    may_use = map_of_the_house()
    for file, to in graph.items():
        home = max((folder for folder in may_use if file.startswith(folder + "/")),
                   key=len, default="")
        for include in to:
            if part_of(file) != part_of(include):
                parts[part_of(file)].setdefault(part_of(include), file)
            fits = include.startswith(home + "/") or any(
                include.startswith(folder + "/") for folder in may_use.get(home, set()))
            if home and not fits:
                wrong.append(f"{file} includes {include}, "
                             f"and {home}/ may use no more than README.md says")
    if found := circle(parts):
        wrong.append(f"a circle of folders: {found}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true",
                        help="print the calls between the files of stack/tcp")
    wrong = of_tcp(parser.parse_args().draw) + of_includes()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
