"""A real Prometheus scrapes conkerd through the link, and evaluates the shipped alert rules; every
metric that these and the shipped Grafana dashboard name is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.parse
from typing import Any

from harness import Field, check, eventually, same, test
from harness.processes import Process
from test_http import HTTP, Asking

PROMETHEUS = "127.0.0.1:9090"  # in the peer's namespace
# Prometheus' own, and words of its language with an underscore.
NAME = re.compile(r"\b(?:conker|process)_\w+")


def shipped(field: Field, name: str) -> str:
    return os.path.join(field.scene.binaries.sources, "monitoring", name)


def promtool(*arguments: str, given: str = "") -> str:
    done = subprocess.run(["promtool", *arguments], input=given, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    same(done.returncode, 0, f"promtool {' '.join(arguments)}: {done.stdout}")
    return done.stdout


@test("tap", config=HTTP)
def what_is_shipped_names_metrics_that_exist(field: Field) -> None:
    _, text = Asking(field).get("/metrics")
    families = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    check(len(families) > 150, f"{len(families)} metrics")
    there = set(families)
    for name in (name for name, kind in families.items() if kind == "histogram"):
        there |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"}
    with open(shipped(field, "grafana-dashboard.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    exprs = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    with open(shipped(field, "conker-alerts.yaml"), encoding="utf-8") as file:
        rules = re.sub(r"^ *(summary|description|#).*$", "", file.read(), flags=re.M)
    for source, said in (("the dashboard", "\n".join(exprs)), ("the rules", rules)):
        names = set(NAME.findall(said))
        check(len(names) > 10, f"{source} names {names}")
        same(names - there, set(), f"metrics that {source} names and that are not there")
    ids = [panel["id"] for panel in dashboard["panels"]]
    same(len(ids), len(set(ids)), "ids of panels")


@test("tap", config=HTTP)
def prometheus_own_checks_find_nothing(field: Field) -> None:
    _, text = Asking(field).get("/metrics")
    same(promtool("check", "metrics", given=text), "", "what promtool says of the metrics")
    promtool("check", "rules", shipped(field, "conker-alerts.yaml"))
    promtool("test", "rules", os.path.join(field.scene.binaries.sources,
                                           "tests/e2e/conker_alerts_test.yaml"))


def prometheus(field: Field) -> Process:
    directory = field.scene.directory
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s",
                         "evaluation_interval": "1s"},
              "rule_files": [shipped(field, "conker-alerts.yaml")],
              "scrape_configs": [{"job_name": "conker", "static_configs": [
                  {"targets": [f"{field.STACK}:80"]}]}]}
    path = f"{directory}/prometheus.yaml"
    with open(path, "w", encoding="ascii") as file:
        json.dump(config, file)
    return field.scene.process(
        "prometheus", ["prometheus", f"--config.file={path}", f"--web.listen-address={PROMETHEUS}",
                       f"--storage.tsdb.path={directory}/tsdb"], field.peer_ns)


@test("tap", config=HTTP)
def a_prometheus_scrapes_and_evaluates(field: Field) -> None:
    process = prometheus(field)

    def api(path: str) -> Any:
        said = field.peer_ns.run("curl", "-sf", "-m", "5", f"http://{PROMETHEUS}/api/v1/{path}")
        return json.loads(said.stdout)["data"] if said.returncode == 0 and said.stdout else {}

    def value(query: str) -> float | None:
        found = api(f"query?query={urllib.parse.quote(query)}").get("result", [])
        return float(found[0]["value"][1]) if found else None

    process.until(lambda: value('up{job="conker"}') == 1, "Prometheus has scraped conkerd", 30)
    target, = api("targets")["activeTargets"]
    same((target["health"], target["lastError"]), ("up", ""), "the target")
    # What it keeps is what the verbs say.
    field.peer("echo", field.PEER, "9000")
    field.ctl.strike(f"{field.PEER}:9000", "--cycles", "300", "--concurrency", "8")
    process.until(lambda: value("conker_strike_connect_seconds_count") == 300,
                  "Prometheus has the cycles of a strike", 10)
    check((value("histogram_quantile(0.5, conker_strike_connect_seconds_bucket)") or 0) > 0,
          "no quantile")

    def rules() -> dict[str, dict[str, Any]]:
        return {rule["name"]: rule for group in api("rules")["groups"] for rule in group["rules"]}

    process.until(lambda: all(rule["health"] == "ok" for rule in rules().values()),
                  "all rules are evaluated without an error", 10)
    same({name for name, rule in rules().items() if rule["state"] != "inactive"}, set(),
         "alerts of a daemon that is well")
    # Somebody injects faults, and then the daemon does not answer any more.
    field.ctl.ok("fault", "set", "delay=1ms")
    process.until(lambda: rules()["ConkerFaultsLeftOn"]["state"] == "pending",
                  "the alert of faults that were left on is pending", 10)
    field.daemon.kill()
    process.until(lambda: rules()["ConkerDown"]["state"] == "pending",
                  "the alert of a daemon that is down is pending", 10)
    eventually(lambda: value('up{job="conker"}') == 0, "it is down to Prometheus")
    process.stop()
