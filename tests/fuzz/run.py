#!/usr/bin/env python3
"""Runs the fuzzing targets under libFuzzer (preset fuzz), and keeps a ledger of the runs.

    cmake --preset fuzz && cmake --build --preset fuzz
    tests/fuzz/run.py --target all --seconds 60 --ledger build/fuzz-ledger.jsonl
    tests/fuzz/run.py --target stack --execs 1000000 --ledger build/fuzz-ledger.jsonl --merge

Exit codes: 0 nothing found, 1 something found (the input is kept under --work), 2 usage.
"""
import argparse
import json
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# The longest input that is tried, in bytes: more than a target reads would only cost speed.
LONGEST = {"address": 64, "answer": 1024, "args": 64, "arp": 64, "autoconfiguration": 385,
           "base64": 128, "clients": 257,
           "command": 256, "config": 1024, "dhcp": 700, "dhcp6": 400, "dns": 600,
           "endpoint": 96, "ethernet": 64, "http": 400, "icmp": 128, "icmp6": 200, "ipv4": 128,
           "ipv6": 160,
           "reassembly": 257, "request": 512, "session": 257, "stack": 388,
           "tcp": 128, "udp": 128}
# A part of a run, after which the ledger is written, so that an interrupted run is not lost.
PART_SECONDS = 60
EVERY_INPUT_TOOK = 10  # seconds; a slower input is a finding


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--target", default="all", help="NAME, several with commas, or all")
    parser.add_argument("--seconds", type=float, help="for each target")
    parser.add_argument("--execs", type=int,
                        help="for each target, at least; those in the ledger do not count")
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build" / "fuzz")
    parser.add_argument("--work", type=pathlib.Path, default=TOP / "build" / "fuzz-work",
                        help="where the working corpus and what is found are kept")
    parser.add_argument("--ledger", type=pathlib.Path,
                        help="a line of JSON is added for each part of a run")
    parser.add_argument("--merge", action="store_true",
                        help="bring what is new into tests/fuzz/corpus, minimised")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    options = parser.parse_args()
    wanted = list(LONGEST) if options.target == "all" else options.target.split(",")
    for target in wanted:
        if target not in LONGEST:
            parser.error(f"there is no target {target}: {', '.join(LONGEST)}")
        if not (options.build / "bin" / f"fuzz_{target}").exists():
            parser.error(f"{options.build}/bin/fuzz_{target} is not built: "
                         "cmake --build --preset fuzz")
    options.targets = wanted
    return options


def program(options, target):
    return options.build / "bin" / f"fuzz_{target}"


def flags(target):
    common = [f"-max_len={LONGEST[target]}", f"-timeout={EVERY_INPUT_TOOK}", "-rss_limit_mb=2048",
              # libFuzzer's entropic schedule took half of the time.
              "-entropic=0"]
    dictionary = HERE / "dictionaries" / f"{target}.dict"
    return common + ([f"-dict={dictionary}"] if dictionary.exists() else [])


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def one_part(options, target, seconds, execs):
    """Runs one process of libFuzzer; returns a line for the ledger."""
    work = options.work / target
    work.mkdir(parents=True, exist_ok=True)
    folders = [str(work)] + [str(f) for f in [HERE / "corpus" / target] if f.exists()]
    began, used = time.time(), processor_seconds()
    command = [str(program(options, target)), *flags(target),
               f"-artifact_prefix={options.work}/found-{target}-",
               "-print_final_stats=1", f"-max_total_time={max(1, round(seconds))}"]
    if execs:
        command.append(f"-runs={execs}")
    done = subprocess.run(command + folders, capture_output=True, text=True,
                          errors="replace", check=False)
    text = done.stderr
    number = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    coverage = re.findall(r"cov: (\d+)", text)
    found = None
    if done.returncode != 0:
        line = re.search(
            r"^found: .*|.*runtime error: .*|.*ERROR: (?:AddressSanitizer|libFuzzer): .*",
            text, re.M)
        kept = re.search(r"Test unit written to (\S+)", text)
        found = f"{line.group(0) if line else 'it ended with code ' + str(done.returncode)}"
        if kept:
            found += f"; again with: {program(options, target)} {kept.group(1)}"
    return {"target": target, "execs": int(number.group(1)) if number else 0,
            "seconds": round(time.time() - began, 1),
            "processor_seconds": round(processor_seconds() - used, 1),
            "coverage": int(coverage[-1]) if coverage else 0,
            "new_coverage": int(coverage[-1]) - int(coverage[0]) if coverage else 0, "found": found,
            "at": time.strftime("%Y-%m-%dT%H:%M:%S")}


def write_down(options, entry):
    if options.ledger:
        options.ledger.parent.mkdir(parents=True, exist_ok=True)
        with options.ledger.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def run(options, target):
    """Runs parts until the time or number is reached, or something is found."""
    began, execs, entries = time.time(), 0, []
    while True:
        left = (options.seconds or 1e9) - (time.time() - began)
        missing = options.execs - execs if options.execs else 0
        if left < 0.5 or (options.execs and missing <= 0):
            return entries
        entry = one_part(options, target, min(left, PART_SECONDS), missing)
        write_down(options, entry)
        entries.append(entry)
        execs += entry["execs"]
        if entry["found"]:
            return entries


def merge(options, target):
    """Replaces the corpus by the fewest inputs that reach all that it and the working one reach."""
    corpus, fresh = HERE / "corpus" / target, options.work / f"{target}.merged"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    old = [str(f) for f in (corpus, options.work / target) if f.exists()]
    subprocess.run([str(program(options, target)), "-merge=1", "-use_counters=0",
                    f"-max_len={LONGEST[target]}", str(fresh), *old],
                   check=True, capture_output=True)
    for kept in corpus.glob("found-*"):  # inputs that found something stay
        shutil.copy(kept, fresh)
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(fresh, corpus)


def table(entries):
    """The ledger so far, by target; in seconds of processor time."""
    rows = {}
    for entry in entries:
        row = rows.setdefault(entry["target"], [0, 0.0, 0, 0])
        row[0] += entry["execs"]
        row[1] += entry["processor_seconds"]
        row[2] = max(row[2], entry["coverage"])
        row[3] += 1 if entry["found"] else 0
    print(f"{'target':<12}{'inputs':>16}{'seconds':>10}{'a second':>10}"
          f"{'coverage':>10}{'found':>7}")
    for target, (execs, seconds, coverage, found) in sorted(rows.items()):
        print(f"{target:<12}{execs:>16,}{seconds:>10,.0f}{execs / max(seconds, 0.1):>10,.0f}"
              f"{coverage:>10,}{found:>7}")
    total = sum(row[0] for row in rows.values())
    print(f"{'all':<12}{total:>16,}{sum(row[1] for row in rows.values()):>10,.0f}")


def main():
    options = arguments()
    mine = []
    if options.seconds or options.execs:
        for target in options.targets:
            mine += run(options, target)
    if options.merge:
        for target in options.targets:
            merge(options, target)
    past = mine
    if options.ledger and options.ledger.exists():
        past = [json.loads(line) for line in options.ledger.read_text().splitlines() if line]
    table(past)
    findings = [entry for entry in mine if entry["found"]]
    for entry in findings:
        print(f"{entry['target']}: {entry['found']}")
    if options.json:
        print(json.dumps({"tool": "fuzz", "found": findings[0]["found"] if findings else None,
                          "steps": sum(e["execs"] for e in mine),
                          "seconds": sum(e["seconds"] for e in mine)}))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
