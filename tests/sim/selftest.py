#!/usr/bin/env python3
"""Tests of conker_sim itself: the same seed gives the same run; a planted fault is found, its
script shrunk, and the script shows the fault again. selftest.py PROGRAM deterministic | shrinks"""

import json
import pathlib
import subprocess
import sys
import tempfile


def run(program, *arguments, expect=0):
    command = [program, *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != expect:
        sys.exit(f"exit code {done.returncode} instead of {expect}: "
                 f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def deterministic(program, folder):
    """Two runs of a world write the same script, trace and capture, byte for byte."""
    for seed in (1, 7, 4711):
        left = []
        for number in (1, 2):
            out = folder / f"{seed}.{number}"
            out.mkdir()
            run(program, "--seed", seed, "--trace", "--out", out)
            left.append([(out / f"sim-{seed}.{kind}").read_bytes()
                         for kind in ("script", "trace", "pcap")])
        if left[0] != left[1]:
            sys.exit(f"seed {seed}: two runs differ")
        if len(left[0][1]) < 10_000:
            sys.exit(f"seed {seed}: hardly anything in its trace")


def shrinks(program, folder):
    """A wire that swaps bytes under a valid checksum is found; few steps are left, and show it
    again."""
    found = run(program, "--seed", 1, "--seconds", 60, "--break", "payload",
                "--out", folder, expect=1)
    if "not sent at that place" not in found["found"]:
        sys.exit(f"something else was found: {found['found']}")
    if found["shrunk_to"] > 12 or found["shrunk_to"] * 4 > found["shrunk_from"]:
        sys.exit(f"hardly shrunk: from {found['shrunk_from']} steps to {found['shrunk_to']}")
    script = pathlib.Path(found["script"])
    again = run(program, "--replay", script, expect=1)
    if again["found"] != found["found"] and "not sent at that place" not in again["found"]:
        sys.exit(f"replayed, it is something else: {again['found']}")
    for kind in (".trace", ".pcap"):
        if script.with_suffix(kind).stat().st_size < 200:
            sys.exit(f"hardly anything in {script.with_suffix(kind).name}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        what = {"deterministic": deterministic, "shrinks": shrinks}[sys.argv[2]]
        what(sys.argv[1], pathlib.Path(scratch))
