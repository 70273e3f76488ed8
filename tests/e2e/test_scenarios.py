"""Scenarios: strikes one after the other, as a file describes them."""

from __future__ import annotations

import glob
import json
import os
import re
import signal
import subprocess

from typing import Any

from harness import Field, check, same, test
from harness.browser import browser
from test_judge import DEVICE, device
from test_report_page import look_at
from test_reports import PYTHON, tap_counts

SHORT = """
name: short
seed: 5
targets:
  device:
defaults:
  rate: 200
  look: none
phases:
  - {name: warm-up, cycles: 20, counts: false}
  - {name: churn, cycles: 60, concurrency: 4, mix: {fin: 3, rst: 1}}
  - {name: again, cycles: 20, repeat: 2}
"""
JUNIT_PARSER = """
import json, junitparser, sys
print(json.dumps({suite.name: {case.name: case.result[0]._tag if case.result else "passed"
                               for case in suite}
                  for suite in junitparser.JUnitXml.fromfile(sys.argv[1])}))
"""
# Prints the names of files that a schema refuses.
SCHEMA_CHECK = """
import json, jsonschema, sys, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
wrong = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    for error in wrong.iter_errors(yaml.safe_load(open(path))):
        print(path, error.json_path, error.message)
"""


def written(field: Field, name: str, text: str) -> str:
    path = f"{field.scene.directory}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def shipped(field: Field) -> dict[str, str]:
    """The paths of the shipped scenarios, by name."""
    paths = glob.glob(f"{field.scene.binaries.sources}/config/scenarios/*.yaml")
    found = {os.path.splitext(os.path.basename(path))[0]: path for path in paths}
    same(sorted(found), ["churn", "hostile", "smoke", "soak"], "shipped scenarios")
    return found


def suites_of(path: str) -> dict[str, dict[str, str]]:
    done = subprocess.run([PYTHON, "-c", JUNIT_PARSER, path], capture_output=True, check=True)
    return json.loads(done.stdout)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {phase["phase"]: phase["verdict"] for phase in report["phases"]}


@test("tap", quick=True)
def against_a_good_peer(field: Field) -> None:
    device(field)
    path = written(field, "short.yaml", SHORT)
    out = f"{field.scene.directory}/kept"
    done = field.ctl("scenario", "run", path, "--target", f"device={DEVICE}:9000", "--out", out)
    same(done.code, 0, f"exit code: {done.out}{done.err}")
    lines = done.out.splitlines()
    check(f"2 of 4  churn: {DEVICE}:9000, 60 cycles, 200 a second" in lines, done.out)
    check("PASS: all 3 phases that count passed" in lines, done.out)
    table = [line.split() for line in lines if line.endswith("PASS")]
    same([row[:2] for row in table], [["churn", "60"], ["again", "(1"], ["again", "(2"]], "table")
    with open(f"{out}/scenario.json", encoding="utf-8") as file:
        report = json.load(file)
    same((report["verdict"], report["complete"], report["findings"]), ("pass", True, []), "report")
    same([phase["result"]["cycles"] for phase in report["phases"]], [20, 60, 20, 20], "cycles")
    same([phase["result"]["begin"]["parameters"]["seed"] for phase in report["phases"]],
         [5, 6, 7, 8], "seeds")
    for stem in ("01-warm-up", "02-churn", "03-again-1", "04-again-2"):
        for suffix in (".journal", ".pcapng", ".json", ".txt", ".script", ".html"):
            check(os.path.exists(f"{out}/{stem}{suffix}"), f"{stem}{suffix} in {os.listdir(out)}")
    with open(f"{out}/02-churn.html", encoding="utf-8") as file:
        check("02-churn.pcapng" in file.read(), "the page names the evidence beside it")
    later = field.ctl("strike-report", f"{out}/02-churn.journal")
    same(later.code, 0, f"exit code of the journal's report: {later.err}")
    again = field.ctl("scenario", "run", path, "--target", f"device={DEVICE}:9000", "--out", out)
    same((again.code, again.err),
         (2, f"conkerctl: --out {out}: it has the report of a scenario: give another directory\n"),
         "a directory with a report")


@test("tap", quick=True)
def against_a_bad_peer(field: Field) -> None:
    device(field, "--fault", "timestamps-not-negotiated", "--every", "5")
    stem = f"{field.scene.directory}/bad"
    path = written(field, "short.yaml", SHORT)
    run = ("scenario", "run", path, "--target", f"{DEVICE}:9000")
    done = field.ctl("--json", *run, "--junit", f"{stem}.xml", "--tap", f"{stem}.tap")
    same(done.code, 10, f"exit code: {done.out}{done.err}")
    report = done.json()
    same(verdicts(report), {"warm-up": "fail", "churn": "fail", "again (1 of 2)": "fail",
                            "again (2 of 2)": "fail"}, "verdicts")
    finding, = report["findings"]
    same((finding["rule"], finding["phases"]),
         ("timestamps-not-negotiated", ["warm-up", "churn", "again (1 of 2)", "again (2 of 2)"]),
         "finding")
    same(finding["count"],
         sum(phase["result"]["findings"][0]["count"] for phase in report["phases"]), "its count")
    check(report["why"].startswith("churn: "), f"the first that counts: {report['why']}")
    name = "conker scenario short"
    same(suites_of(f"{stem}.xml"), {
        name: {"verdict": "failure"},
        f"{name}: warm-up": {"verdict": "passed", "way fin": "passed",
                             "rule timestamps-not-negotiated": "passed"},
        f"{name}: churn": {"verdict": "failure", "way fin": "passed", "way rst": "passed",
                           "rule timestamps-not-negotiated": "failure"},
        f"{name}: again (1 of 2)": {"verdict": "failure", "way fin": "passed",
                                    "rule timestamps-not-negotiated": "failure"},
        f"{name}: again (2 of 2)": {"verdict": "failure", "way fin": "passed",
                                    "rule timestamps-not-negotiated": "failure"}}, "suites")
    same(tap_counts(f"{stem}.tap"), (7, 7), "TAP")

    text = field.ctl(*run, "--only", "warm-up", "--only", "again")
    same(text.code, 10, f"exit code: {text.out}{text.err}")
    check("FAIL (does not count)\n" in text.out and "churn" not in text.out, text.out)
    check("\n             in warm-up, again (1 of 2), again (2 of 2)\n" in text.out, text.out)
    stopped = written(field, "stop.yaml", SHORT + "stop-on-failure: true\n")
    some = field.ctl("--json", "scenario", "run", stopped, "--target", f"{DEVICE}:9000").json()
    same([phase["struck"] for phase in some["phases"]], [True, True, False, False], "struck")
    same(some["phases"][2]["why"], "churn failed, and stop-on-failure is set", "why not")


@test("tap", quick=True)
def as_command_lines(field: Field) -> None:
    """What `show` prints does as a script of a shell what `run` does."""
    device(field)
    path = written(field, "short.yaml", SHORT)
    shown = field.ctl.ok("scenario", "show", path, "--target", f"{DEVICE}:9000").out
    check("# short: 4 phases, about 600.0 ms\n" in shown, shown)
    beside = os.path.dirname(field.scene.binaries.conkerctl)
    done = subprocess.run(["sh", "-e", "-c", shown], capture_output=True, check=False, timeout=60,
                          env={"PATH": f"{beside}:{os.environ['PATH']}",
                               "CONKER_SOCKET": field.daemon.socket_path})
    same((done.returncode, done.stdout.count(b"PASS: ")), (0, 4), f"{done.stdout!r}{done.stderr!r}")
    phases = field.ctl.json("scenario", "show", path)["phases"]
    same(phases[1]["command"], "conkerctl strike HOST:PORT --cycles 60 --concurrency 4 "
         "--mix fin=3,rst=1 --rate 200 --look none --seed 6", "of an open target")
    open_one = field.ctl("scenario", "run", path)
    same((open_one.code, open_one.err),
         (2, "conkerctl: the scenario leaves its target device open: give --target "
             "device=HOST:PORT\n"), "a target that nobody gives")


@test("tap", quick=True)
def of_the_shipped_files(field: Field) -> None:
    """They, and that of docs/strike.md, are right by conkerctl and by its schema; the first is
    struck, shorter than it stands."""
    paths = shipped(field)
    with open(f"{field.scene.binaries.sources}/docs/strike.md", encoding="utf-8") as file:
        ours = re.search(r"^    name: nightly\n(?:    .*\n)+", file.read(), re.M)
    check(ours is not None, "docs/strike.md has a scenario")
    paths["nightly"] = written(field, "nightly.yaml", ours.group().replace("\n    ", "\n").strip())
    for line in field.ctl.ok("scenario", "check", *paths.values()).out.splitlines():
        check(": fine: " in line, line)
    wrong = written(field, "wrong.yaml", SHORT.replace("rate: 200", "rate: fast"))
    both = field.ctl("--json", "scenario", "check", paths["smoke"], wrong)
    same(both.code, 2, "exit code")
    smoke, other = both.json()["files"]
    same((smoke["phases"], smoke["known_s"], other["fine"]), (5, 30, False), f"{both.out}")
    same(both.err, f"conkerctl: {wrong}:7:9: defaults.rate: "
                   "Value fast not in range 1 to 10000000\n", "the error")
    schema = written(field, "schema.json", field.ctl.ok("scenario", "schema").out)
    done = subprocess.run([PYTHON, "-c", SCHEMA_CHECK, schema, *paths.values(), wrong],
                          capture_output=True, check=False)
    refused = done.stdout.decode().splitlines()
    same((done.returncode, [line.split()[:2] for line in refused]),
         (0, [[wrong, "$.defaults.rate"]]), f"refused by the schema: {refused}{done.stderr!r}")

    field.peer("echo", field.PEER, "9000")
    with open(paths["smoke"], encoding="utf-8") as file:
        text = file.read()
    short = re.sub(r"duration: \d+s", "duration: 300ms", text.replace("ramp: 3s", "ramp: 100ms"))
    check(short.count("duration: 300ms") == 5, short)
    struck = field.ctl("--json", "scenario", "run", written(field, "smoke.yaml", short),
                       "--target", f"device={field.PEER}:9000")
    same((struck.code, set(verdicts(struck.json()).values())), (0, {"pass"}),
         f"smoke: {struck.out}{struck.err}")


@test("tap", quick=True)
def interrupted(field: Field) -> None:
    """The phase ends, the rest is not struck, and the faults of our link are what they were."""
    def loss() -> int:
        return field.ctl.json("stats")["links"][0]["faults"]["loss"]

    device(field)
    path = written(field, "long.yaml", f"""
name: long
targets: {{device: "{DEVICE}:9000"}}
defaults: {{rate: 100, look: none}}
phases:
  - {{name: first, cycles: 10}}
  - {{name: second, duration: 60s, faults: {{loss: 0.5%}}}}
  - {{name: third, cycles: 10}}
""")
    field.ctl.ok("fault", "set", "loss=0.1%")
    out = f"{field.scene.directory}/out"
    running = field.ctl.start("scenario", "run", path, "--out", out)
    running.until(lambda: loss() == 5000, "the second phase has its faults")
    with open(f"{out}/scenario.json", encoding="utf-8") as file:
        so_far = json.load(file)
    same((verdicts(so_far), so_far["complete"]), ({"first": "pass"}, False), "so far")
    running.until(lambda: field.ctl.json("status")["strikes"], "it strikes")
    running.signal(signal.SIGINT)
    same(running.wait(), 11, f"exit code: {running.out()}{running.err()}")
    same(loss(), 1000, "loss afterwards")
    with open(f"{out}/scenario.json", encoding="utf-8") as file:
        report = json.load(file)
    same(verdicts(report),
         {"first": "pass", "second": "inconclusive", "third": "inconclusive"}, "verdicts")
    same(report["phases"][2]["why"], "interrupted before it began", "the third")
    check("third was not struck: interrupted before it began\n" in running.out(), running.out())
    check("INCONCLUSIVE: second: interrupted" in running.out(), running.out())


@test("tap", quick=True)
def without_a_peer(field: Field) -> None:
    """A target that is gone is not struck again, others are."""
    device(field)
    path = written(field, "gone.yaml", f"""
name: gone
targets: {{here: "{DEVICE}:9000", gone: "{field.PEER}:9"}}
defaults: {{cycles: 5}}
phases:
  - {{name: one, target: gone}}
  - {{name: two, target: gone}}
  - {{name: three, target: here}}
""")
    done = field.ctl("--json", "scenario", "run", path)
    same(done.code, 10, f"exit code: {done.err}")
    report = done.json()
    same([phase["struck"] for phase in report["phases"]], [True, False, True], "struck")
    same(report["phases"][1]["why"], "the target was gone after one: refuses", "why not")
    same(verdicts(report), {"one": "fail", "two": "inconclusive", "three": "pass"}, "verdicts")

    refused = field.ctl("scenario", "run", written(field, "other.yaml", SHORT), "--target",
                        "10.99.0.1:7")
    same(refused.code, 1, f"exit code of a target that is not allowed: {refused.out}")
    check("strike.allow" in refused.err and "PASS" not in refused.out, refused.err)


@test("tap", quick=True)
def beside_monitors(field: Field) -> None:
    """A monitor beside the whole goes on between the phases, and has its part in the verdict."""
    device(field)
    flag = f"{field.scene.directory}/up"
    with open(flag, "w", encoding="ascii"):
        pass
    path = written(field, "monitored.yaml", f"""
name: monitored
targets: {{device: "{DEVICE}:9000"}}
monitor: "exec:test -e {flag}"
monitor-every: 50ms
monitor-after: 0s
defaults: {{cycles: 5, look: none}}
phases:
  - name: one
  - {{name: two, pause: 2s}}
""")
    running = field.ctl.start("--json", "scenario", "run", path)
    running.until(lambda: field.ctl.audit()["closed"] >= 5, "the first phase is struck")
    os.remove(flag)
    same(running.wait(), 10, f"exit code: {running.out()}{running.err()}")
    report = running.last_json()
    same(verdicts(report), {"one": "pass", "two": "pass"}, "verdicts of the phases")
    same((report["verdict"], report["monitors"][0]["state"]), ("fail", "lost"), "of the whole")
    check(report["why"].startswith("service lost "), report["why"])


@test("tap", quick=True)
def in_time(field: Field) -> None:
    """--timeout ends the phase; its report is there, and the rest is not struck."""
    device(field)
    path = written(field, "long.yaml", f"""
name: long
targets: {{device: "{DEVICE}:9000"}}
defaults: {{rate: 100, look: none}}
phases:
  - {{name: first, cycles: 10}}
  - {{name: second, duration: 60s}}
  - {{name: third, cycles: 10}}
""")
    done = field.ctl("--json", "--timeout", "2", "scenario", "run", path)
    same(done.code, 11, f"exit code: {done.out}{done.err}")
    report = done.json()
    same(verdicts(report),
         {"first": "pass", "second": "inconclusive", "third": "inconclusive"}, "verdicts")
    check("--timeout" in report["phases"][1]["why"], report["phases"][1]["why"])
    check(report["phases"][1]["result"]["cycles"] > 0, "the second has its report")


@test("tap", busy=True)
def on_a_page(field: Field) -> None:
    """An overview of the phases, then all that is known of each."""
    device(field, "--fault", "timestamps-not-negotiated", "--every", "5")
    stem = f"{field.scene.directory}/page"
    field.ctl("scenario", "run", written(field, "short.yaml", SHORT), "--target",
              f"{DEVICE}:9000", "--out", stem, "--report", f"{stem}.html").expect(10)
    with browser() as shown:
        page = look_at(shown, f"{stem}.html")
    same(page.texts("h1"), ["Scenario short"], "title")
    phases = [text for text in page.texts("article") if text.startswith("Phase ")]
    same(len(phases), 4, "phases")
    check(phases[1].startswith("Phase 2: churn") and "timestamps-not-negotiated" in phases[1],
          phases[1][:300])
    check("page/02-churn.pcapng" in page.attributes("a", "href"), "links to the evidence")
    check("#phase-2" in page.attributes("a", "href"), "links of the overview")
