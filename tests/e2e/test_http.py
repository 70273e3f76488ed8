"""HTTP on conker's own TCP, asked by Python's and curl's clients through the link."""

from __future__ import annotations

import http.client
import json
import re

from harness import Field, check, eventually, same, test

HTTP = {"http": {"port": 80, "allow": ["10.77.0.0/24"]},
        "services": [{"name": "echo", "port": 7}]}


class Asking(http.client.HTTPConnection):
    """A client in the peer's namespace."""

    def __init__(self, field: Field) -> None:
        super().__init__(field.STACK, 80, timeout=10)
        self._field = field

    def connect(self) -> None:
        self.sock = self._field.connect(80)

    def get(self, path: str, method: str = "GET") -> tuple[http.client.HTTPResponse, str]:
        self.request(method, path)
        answer = self.getresponse()
        return answer, answer.read().decode()


def metrics(text: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@test("tap", "packet", quick=True, config=HTTP)
def answers_over_its_own_tcp(field: Field) -> None:
    asking = Asking(field)
    answer, text = asking.get("/healthz")
    same((answer.status, text), (200, "ok\n"), "/healthz")
    answer, text = asking.get("/metrics")
    same(answer.getheader("Content-Type"), "text/plain; version=0.0.4; charset=utf-8", "type")
    found = metrics(text)
    same(found['conker_link_up{link="field"}'], 1, "the link's state")
    check(found['conker_connections{state="ESTABLISHED"}'] >= 1, "our own connection")
    answer, text = asking.get("/")
    check("<title>conkerd</title>" in text, text)
    check("frame-ancestors 'none'" in (answer.getheader("Content-Security-Policy") or ""),
          "the policy")
    answer, text = asking.get("/", "HEAD")
    same((answer.status, text), (200, ""), "HEAD")
    check(int(answer.getheader("Content-Length") or 0) > 1000, "its length")
    for path, method, status in (("/none", "GET", 404), ("/", "PUT", 405), ("/", "DELETE", 405)):
        answer, _ = asking.get(path, method)
        same(answer.status, status, f"{method} {path}")
    stats = field.ctl.json("stats")
    same((stats["http"]["accepted"], stats["http"]["clients"], stats["http"]["requests"]),
         (1, 1, 7), "one connection, kept for all requests")
    check("HTTP server" in field.ctl.ok("stats").out, "stats for people")
    asking.close()
    eventually(lambda: field.ctl.json("stats")["http"]["clients"] == 0, "the client has gone")
    check(field.ctl.audit()["balanced"], "the audit")


@test("tap", config=HTTP)
def metrics_are_what_the_verbs_answer(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    field.ctl.strike(f"{field.PEER}:9000", "--cycles", "200", "--concurrency", "4")
    _, text = Asking(field).get("/metrics")
    found = metrics(text)
    stats = field.ctl.json("stats")
    for one in stats["counters"]:
        check(f"conker_stack_{one['name']}_total" in found, f"no metric of {one['name']}")
    same(found["conker_strikes_passed_total"], 1, "strikes that passed")
    same(found["conker_strikes_cycles_completed_total"], 200, "cycles")
    same(found["conker_strike_connect_seconds_count"], 200, "times to connect")
    same(found['conker_strike_connect_seconds_bucket{le="+Inf"}'], 200, "all of them")
    check(0 < found["conker_strike_connect_seconds_sum"] < 200, "their sum")
    check(found["process_resident_memory_bytes"] > 1 << 20, "memory of the process")
    totals = stats["strikes"]
    same((totals["passed"], totals["cycles_completed"], totals["connect"]["count"]),
         (1, 200, 200), "the same by the verb")


@test("tap", config=HTTP)
def events_come_each_second(field: Field) -> None:
    with field.connect(80) as stream:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        while heard.count(b"\n\n") < 3:
            more = stream.recv(65536)
            check(more, "the stream has ended")
            heard += more
        head, _, rest = heard.partition(b"\r\n\r\n")
        check(b"text/event-stream" in head, head.decode())
        events = [json.loads(event.removeprefix(b"data: ")) for event in rest.split(b"\n\n")[:3]]
        ups = [event["status"]["uptime_s"] for event in events]
        check(all(0.5 < b - a < 20 for a, b in zip(ups, ups[1:])), f"events at {ups}")
        same(events[0]["status"]["links"][0]["name"], "field", "its links")
        same(field.ctl.json("stats")["http"]["streams"], 1, "streams")
    eventually(lambda: field.ctl.json("stats")["http"]["streams"] == 0, "the stream has gone")


@test("tap", config={"http": {"port": 80, "allow": ["10.77.0.9"]}})
def others_are_reset(field: Field) -> None:
    try:
        with field.connect(80) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            same(other.recv(100), b"", "what others are told")
    except ConnectionResetError:
        pass
    eventually(lambda: field.ctl.json("stats")["http"]["refused"] == 1, "it is counted")


@test("tap", config=HTTP)
def curl_is_answered(field: Field) -> None:
    url = f"http://{field.STACK}"
    said = field.peer_ns.run("curl", "-sS", "-i", "--http1.1", f"{url}/healthz", f"{url}/chart.js")
    same(said.returncode, 0, f"curl: {said.stdout[-300:]}")
    same(len(re.findall(r"^HTTP/1\.1 200 OK", said.stdout, re.M)), 2, "answers")
    check(len(said.stdout) > 100_000, "Chart.js comes whole")
    same(field.ctl.json("stats")["http"]["accepted"], 1, "connections")
