#!/usr/bin/python3
"""Check calls and includes between the sources against the maps in the READMEs.

    tests/structure.py            print violations; exit code 1 when there are any
    tests/structure.py --draw     also print the calls between the files of stack/tcp

- stack/tcp: the table of storeys in its README names every file that is a part of TCP, whose
  functions are given the TcpTables; no part calls or includes one of a storey above its own, and
  the calls between the parts of one storey make no circle.
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


def block(text: str, start: int) -> str:
    """The text from the next opening brace to its closing one."""
    begin = end = text.index("{", start)
    depth = 0
    while end == begin or depth > 0:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[begin:end]


def parts() -> dict[str, str]:
    """The class of each file that is a part of TCP: those whose functions, or which themselves, are
    given the TcpTables."""
    found = {}
    for path in sorted(TCP.glob("*.hpp")):
        text = path.read_text()
        match = re.search(r"^class (\w+) \{", text, re.M)
        given = re.search(r"^  (?:static .*|explicit \w+)\((?:const )?TcpTables& t", text, re.M)
        if match and given:
            found[path.stem] = match[1]
    return found


def calls() -> tuple[Graph, set[str]]:
    """The calls between parts, by file, and the parts' files. A part calls another by its name,
    Lifetime::destroy(), and includes its header. Functions of a header are its part's, too."""
    classes = parts()
    graph: Graph = {file: {} for file in classes}
    for file, name in classes.items():
        written = (TCP / f"{file}.hpp").read_text()
        header = without_comments(written)
        source = TCP / f"{file}.cpp"
        text = without_comments(source.read_text()) if source.exists() else ""
        for to, other in classes.items():
            if to != file and f'"stack/tcp/{to}.hpp"' in written:
                graph[file][to] = f"{name} includes {other}"
        functions = [(match[1], block(text, match.end()))
                     for match in re.finditer(rf"^\S.*\b{name}::(\w+)\(", text, re.M)]
        in_header = block(header, header.index(f"class {name} "))
        functions.append(("a function of its header", in_header))
        for function, body in functions:
            for to, other in classes.items():
                called = re.search(rf"\b{other}(?:\(t_?\)\.|::)(\w+)\(", body)
                if to != file and called:
                    graph[file][to] = f"{function}() calls {other}::{called[1]}()"
    return graph, set(classes)


def storeys() -> dict[str, int]:
    """The storey of each file, from the table in stack/tcp/README.md: | storey | files | ... |."""
    found = {}
    for number, files in re.findall(r"^\| (\d) \| ([^|]*) \|",
                                    (TCP / "README.md").read_text(), re.M):
        found |= {file: int(number) for file in re.findall(r"`(\w+)`", files)}
    return found


def circle(graph: Graph) -> str:
    """A circle of the graph as text, with the reason of each step; "" without one."""
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
    wrong += [f"stack/tcp/README.md: {file} is no part of TCP"
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
    """The folder of a file; for files directly in stack/ or daemon/ their stem: stack/settings."""
    folder, name = file.rsplit("/", 1)
    return f"{folder}/{name.split('.')[0]}" if folder in ("stack", "daemon") else folder


def map_of_the_house() -> dict[str, set[str]]:
    """The folders that each may use, from the table in README.md: | folder | ... | may use |."""
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
