#!/usr/bin/python3
"""Writes conker/verbs.py anew, from the schema that the daemon answers:

    conkerctl --json schema | ctl/python/generate.py >ctl/python/conker/verbs.py
"""

from __future__ import annotations

import json
import sys
import textwrap
from typing import Any

TYPES = {"string": "str", "integer": "int", "boolean": "bool", "number": "float"}

HEAD = '''"""A method for each verb. Made by generate.py from the schema of the control protocol;
not to be edited."""

# pylint: disable=too-many-lines,too-many-arguments,too-many-locals

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .connection import Connection, Notified

PROTOCOL = {version}  # version of the protocol


class Conkerd(Connection):
    """A connection whose methods are the verbs; see call() for what all of them take."""
'''


def wrapped(text: str, indent: int, hanging: int = 0) -> str:
    return textwrap.fill(text, width=99, initial_indent=" " * indent,
                         subsequent_indent=" " * (indent + hanging), break_on_hyphens=False,
                         break_long_words=False)


def argument(param: dict[str, Any]) -> str:
    kind = TYPES[param["type"]]
    return f"{param['name']}: {kind}" + ("" if param["required"] else " | None = None")


def words_of(param: dict[str, Any]) -> str:
    text = f"{param['name']}: {param['help']}"
    if param.get("choices"):
        text += ": one of " + ", ".join(param["choices"].split("|"))
    if param.get("default"):
        text += f" (unless given: {param['default']})"
    return text


def method_of(verb: dict[str, Any]) -> str:
    name = verb["name"]
    # Those that must be given come first; all are given by name.
    params = sorted(verb["params"], key=lambda param: not param["required"])
    takes_descriptors = verb["descriptor"].startswith("with the request")
    arguments = [argument(param) for param in params]
    arguments += ["timeout: float | None = None", "on_notification: Notified | None = None"]
    passed = ""
    if takes_descriptors:
        arguments.append("pass_fds: Sequence[int] = ()")
        passed = ", pass_fds=pass_fds"
    lines = [f"    def {name}(", "        self, *,", *(f"        {one}," for one in arguments),
             "    ) -> Any:", wrapped(f'"""{verb["help"]}.', 8)]
    if params:
        lines += ["", *(wrapped(words_of(param), 8, 4) for param in params), '        """']
    else:
        lines[-1] += '"""'
    given = [f'            "{param["name"]}": {param["name"]},' for param in params]
    lines += ["        params: dict[str, Any] = {", *given, "        }"] if params else [
        "        params: dict[str, Any] = {}"]
    lines += [f'        return self.call("{name}", params, timeout=timeout,',
              f"                         on_notification=on_notification{passed})", ""]
    return "\n".join(lines)


def main() -> None:
    schema = json.load(sys.stdin)
    methods = (method_of(verb) for verb in schema["verbs"])
    print(HEAD.format(version=schema["protocol"]) + "\n" + "\n".join(methods), end="")


if __name__ == "__main__":
    main()
