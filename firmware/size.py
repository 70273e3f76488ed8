#!/usr/bin/python3
"""Print flash and RAM of the image by folder of the sources, from the linker's map.

    firmware/size.py build/firmware/conker-lm3s6965.map
"""

from __future__ import annotations

import collections
import re
import subprocess
import sys

FLASH_BYTES = 256 * 1024
RAM_BYTES = 64 * 1024
BIG = 1000  # bytes: objects in RAM of at least this size are listed by name

# One contribution of an input file: section, address, size and file. A long section name stands on
# a line of its own.
PIECE = re.compile(r"^ (\.\S+|\*fill\*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?:\s+(\S+))?\s*$")
OUTPUT = re.compile(r"^(\.\w+)")
IN_FLASH = {".text", ".init_array", ".data"}
IN_RAM = {".data", ".bss"}


def folder(path: str) -> str:
    """stack/CMakeFiles/conker_stack.dir/tcp/arrival.cpp.obj, .../Unity/unity_tcp_0_cxx.cxx.obj ->
    stack/tcp"""
    library = re.search(r"lib(\w+|stdc\+\+)\.a\(", path)
    if library:
        return {"g": "newlib", "c": "newlib"}.get(library[1], "lib" + library[1])
    path = re.sub(r"Unity/unity_(\w*)_\d+_cxx", r"\1/several", path)
    # What a target compiles of another folder lies in `__`, a folder up.
    path = re.sub(r"\w+/CMakeFiles/[^/]+\.dir/__/", "", path)
    return re.sub(r"/?CMakeFiles/[^/]+\.dir", "", path).rpartition("/")[0]


def pieces(text: str):
    """(output section, input section, size, file) of everything that is in the image."""
    _, _, text = text.partition("Linker script and memory map")
    text = re.sub(r"^( \.\S+)\n\s+(?=0x)", r"\1 ", text, flags=re.MULTILINE)
    output = ""
    for line in text.splitlines():
        if match := OUTPUT.match(line):
            output = match[1]
        elif (match := PIECE.match(line)) and int(match[3], 16):
            yield output, match[1], int(match[3], 16), match[4] or ""


def symbol(number: str, text: str) -> int:
    match = re.search(rf"^\s+0x([0-9a-f]+)\s+{number} = ", text, flags=re.MULTILINE)
    assert match, f"the map does not say where {number} is"
    return int(match[1], 16)


def name_of(section: str) -> str:
    """.bss._ZN6conker3app...tables -> tables"""
    mangled = section.split(".", 2)[-1]
    name = subprocess.run(["arm-none-eabi-c++filt", mangled], capture_output=True,
                          text=True, check=True).stdout
    return name.strip().rpartition("::")[2]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    flash: collections.Counter[str] = collections.Counter()
    ram: collections.Counter[str] = collections.Counter()
    big: list[tuple[int, str]] = []
    for output, section, size, path in pieces(text):
        where = folder(path) if path else "(gaps)"
        if output in IN_FLASH:
            flash[where] += size
        if output in IN_RAM:
            ram[where] += size
            if size >= BIG:
                big.append((size, f"{name_of(section)}, in {where}"))
    machine_stack = symbol("stack_end", text) - symbol("guard_begin", text)
    ram["machine stack"] = machine_stack

    print(f"{'folder':<22}{'flash':>9}{'RAM':>9}")
    for where in sorted(flash | ram,
                        key=lambda w: (w in ("(gaps)", "machine stack"), not "/" in w, w)):
        print(f"{where:<22}{flash[where]:>9,}{ram[where]:>9,}")
    print(f"{'in all':<22}{flash.total():>9,}{ram.total():>9,}")
    print(f"{'of':<22}{FLASH_BYTES:>9,}{RAM_BYTES:>9,}")
    print("the largest in RAM: "
          + "; ".join(f"{size:,} {name}" for size, name in sorted(big, reverse=True)))


if __name__ == "__main__":
    main()
