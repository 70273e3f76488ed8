"""The report of a strike in files for other programs: JUnit's XML read by a parser of others, TAP
by Perl's, and the seconds as CSV."""

from __future__ import annotations

import csv
import glob
import json
import os
import re
import subprocess

from typing import Any

from harness import Field, check, same, test
from test_judge import DEVICE, device

# Prints "passed failed" of a TAP file, and ends with 1 where the file breaks the protocol.
TAP_PARSER = """
use TAP::Parser;
my $parser = TAP::Parser->new({ source => $ARGV[0] });
$parser->run;
print scalar($parser->passed), " ", scalar($parser->failed);
exit(scalar($parser->parse_errors) ? 1 : 0);
"""
# Debian's package is of Debian's python3, which need not be the one that runs the tests.
PYTHON = "/usr/bin/python3"
JUNIT_PARSER = """
import json, junitparser, sys
suite, = junitparser.JUnitXml.fromfile(sys.argv[1])
cases = {case.name: {"out": case.system_out,
                     **({"is": case.result[0]._tag, "message": case.result[0].message,
                         "text": case.result[0].text} if case.result else {"is": "passed"})}
         for case in suite}
print(json.dumps({"name": suite.name, "cases": cases,
                  "counts": [suite.tests, suite.failures, suite.errors]}))
"""


def tap_counts(path: str) -> tuple[int, int]:
    done = subprocess.run(["perl", "-e", TAP_PARSER, path], capture_output=True, check=True)
    passed, failed = map(int, done.stdout.split())
    return passed, failed


def suite_of(path: str) -> dict[str, Any]:
    done = subprocess.run([PYTHON, "-c", JUNIT_PARSER, path], capture_output=True, check=True)
    return json.loads(done.stdout)


def cases(path: str) -> dict[str, str]:
    """What became of each test case: passed, failure or error."""
    suite = suite_of(path)
    found = {name: case["is"] for name, case in suite["cases"].items()}
    outcomes = list(found.values())
    same(suite["counts"], [len(found), outcomes.count("failure"), outcomes.count("error")],
         "counts of the suite")
    return found


def wanted(stem: str) -> list[str]:
    return ["--junit", f"{stem}.xml", "--tap", f"{stem}.tap", "--csv", f"{stem}.csv"]


@test("tap", quick=True)
def of_a_good_peer(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    stem = f"{field.scene.directory}/good"
    report = field.ctl.strike(f"{field.PEER}:9000", "--duration", "2500ms", "--rate", "200",
                              "--concurrency", "8", "--mix", "fin=1,rst=1", *wanted(stem))
    same(report["verdict"], "pass", f"verdict ({report['why']})")
    same(cases(f"{stem}.xml"), {"verdict": "passed", "way fin": "passed", "way rst": "passed"},
         "cases")
    same(tap_counts(f"{stem}.tap"), (3, 0), "TAP")
    with open(f"{stem}.csv", encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    same([row["from_s"] for row in rows], ["0", "1", "2"], "seconds")
    same([int(row["completed"]) for row in rows],
         [second["completed"] for second in report["seconds"]], "completed")
    check(0 < int(rows[0]["connect_p50_us"]) <= int(rows[0]["connect_p99_us"]), f"{rows[0]}")


@test("tap", quick=True)
def of_a_bad_peer(field: Field) -> None:
    """And of its journal later, the same."""
    process = device(field, "--fault", "fin-twice", "--every", "10")
    stem = f"{field.scene.directory}/bad"
    done = field.ctl("strike", f"{DEVICE}:9000", "--cycles", "100", "--look", "none",
                     "--journal", f"{stem}.journal", "--evidence", f"{stem}.pcapng",
                     *wanted(stem))
    process.stop()
    same(done.code, 10, f"exit code: {done.out}{done.err}")
    expected = {"verdict": "failure", "way fin": "passed", "rule sent-twice": "failure"}
    same(cases(f"{stem}.xml"), expected, "cases")
    same(tap_counts(f"{stem}.tap"), (1, 2), "TAP")
    suite = suite_of(f"{stem}.xml")
    same(suite["name"], f"conker strike {DEVICE}:9000", "name of the suite")
    said = suite["cases"]["verdict"]["out"]
    check(f"[[ATTACHMENT|{stem}.pcapng]]" in said, f"evidence: {said}")
    rule = suite["cases"]["rule sent-twice"]
    check("RFC 6298" in rule["message"] and "first in cycle" in rule["text"], f"{rule}")

    later = field.ctl("strike-report", f"{stem}.journal", "--junit", f"{stem}.later.xml")
    same(later.code, 10, f"exit code of strike-report: {later.err}")
    same(cases(f"{stem}.later.xml"), expected, "cases of the journal")


@test("tap", quick=True)
def of_few_cycles(field: Field) -> None:
    """What is not known is an error, and none has the report of an earlier strike."""
    field.peer("echo", field.PEER, "9000")
    stem = f"{field.scene.directory}/few"
    field.ctl.strike(f"{field.PEER}:9000", "--cycles", "10", *wanted(stem))
    field.ctl.strike(f"{field.PEER}:9000", "--cycles", "10", "--unjudged", *wanted(stem))
    same(cases(f"{stem}.xml"), {"verdict": "error", "way fin": "passed"}, "cases")
    refused = field.ctl("strike", "10.99.0.1:7", "--cycles", "1", "--junit", f"{stem}.xml")
    same(refused.code, 1, f"exit code of a target that is not allowed: {refused.err}")
    with open(f"{stem}.xml", encoding="ascii") as file:
        same(file.read(), "", "the file of a strike that did not begin")
    wrong = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--csv", "/nowhere/a.csv")
    same((wrong.code, wrong.err), (1, "conkerctl: /nowhere/a.csv: No such file or directory\n"),
         "a file that cannot be written")
    full = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--junit", "/dev/full")
    same((full.code, full.err), (1, "conkerctl: /dev/full: No space left on device\n"), "full disk")
    check(full.out.startswith("PASS"), f"the report is there nevertheless: {full.out}")


@test("tap", quick=True)
def of_the_nightly_run(field: Field) -> None:
    """The script of docs/strike.md, as it stands there; only shorter and faster."""
    with open(os.path.join(field.scene.binaries.sources, "docs", "strike.md"),
              encoding="utf-8") as file:
        script = re.search(r"    #!/bin/sh -e\n    # nightly.sh(?:.*\n)+?\n", file.read())
    check(script is not None, "docs/strike.md has nightly.sh")
    text = script.group().replace("\n    ", "\n").strip() + "\n"
    check("--duration 1h --rate 200" in text, "its duration and rate")
    path = f"{field.scene.directory}/nightly.sh"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("--duration 1h --rate 200", "--duration 2s --rate 100"))
    beside = os.path.dirname(field.scene.binaries.conkerctl)
    environment = {"PATH": f"{beside}:{os.environ['PATH']}",
                   "CONKER_SOCKET": field.daemon.socket_path}
    field.peer("echo", field.PEER, "9000")
    done = subprocess.run(["sh", path, f"{field.PEER}:9000"], cwd=field.scene.directory,
                          env=environment, capture_output=True, check=False, timeout=60)
    same(done.returncode, 0, f"exit code: {done.stderr!r}")
    made = sorted(os.path.splitext(name)[1] for name in
                  glob.glob(f"{field.scene.directory}/strike-*"))
    same(made, [".csv", ".journal", ".json", ".pcapng", ".script", ".txt", ".xml"], "files")
    suite, = glob.glob(f"{field.scene.directory}/strike-*.xml")
    same(set(cases(suite).values()), {"passed"}, "cases")


@test("tap")
def two_beside_each_other(field: Field) -> None:
    """A device before and after a change of its firmware; one printed as JSON, one's journal."""
    stem = f"{field.scene.directory}/two"
    load = ("--cycles", "2000", "--rate", "400", "--concurrency", "8", "--look", "none")
    right = device(field)
    good = field.ctl("--json", "strike", f"{DEVICE}:9000", *load)
    right.stop()
    with open(f"{stem}.json", "w", encoding="utf-8") as file:
        file.write(good.out)
    wrong = device(field, "--fault", "fin-twice", "--every", "100")
    field.ctl("strike", f"{DEVICE}:9000", *load, "--hold", "60ms",
              "--journal", f"{stem}.journal")
    wrong.stop()

    done = field.ctl("--json", "report", "diff", f"{stem}.json", f"{stem}.journal")
    same(done.code, 10, f"exit code: {done.err}")
    diff = done.json()
    same((diff["verdict_a"], diff["verdict_b"]), ("pass", "fail"), "verdicts")
    # Those that our own side may have caused do not count.
    new, = diff["new"]
    check((new["name"], new["a"]) == ("sent-twice", 0) and 0 < new["b"] <= 20, f"new: {new}")
    same((diff["gone"], diff["both"]), ([], []), "gone, and in both")
    same([one["name"] for one in diff["asked"]], ["hold_ms"], "asked otherwise")
    rate = diff["figures"][0]
    # On a busy machine the two differ.
    check(abs(rate["ratio"] - rate["b"] / rate["a"]) < 0.001 and 0 <= rate["noise"] < 1,
          f"cycles a second: {rate}")

    back = field.ctl("report", "diff", f"{stem}.journal", f"{stem}.json")
    same(back.code, 0, f"exit code the other way: {back.err}")
    check(f"gone         sent-twice (weakness): {new['b']} connections, then 0\n" in back.out,
          back.out)
    check("not asked the same: hold_ms 60, then 50\n" in back.out, back.out)
    same(field.ctl("report", "diff", f"{stem}.json", "/nowhere.json").err,
         "conkerctl: /nowhere.json: No such file or directory\n", "a report that is not there")
