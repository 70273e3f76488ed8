"""The report of a strike as a page, as Chromium shows it: of a good peer, of one that breaks a
rule, and of a day."""

from __future__ import annotations

import json
import os
import pathlib
import re
from typing import Any

from harness import Field, Scene, check, same, test
from harness.browser import Browser, Elements, browser
from test_judge import DEVICE, device

# Of each canvas how many of its pixels are drawn, in how many colours, and how wide the page is.
LOOK = """
for (const canvas of document.querySelectorAll("canvas")) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint32Array(data.buffer);
  canvas.dataset.pixels = pixels.reduce((sum, pixel) => sum + (pixel === 0 ? 0 : 1), 0);
  canvas.dataset.colours = new Set(pixels).size;
}
const root = document.documentElement;
root.dataset.width = innerWidth;
root.dataset.overflow = root.scrollWidth - root.clientWidth;
root.dataset.ground = getComputedStyle(document.body).backgroundColor;
root.dataset.shownAfterMs = Math.round(performance.now());
"""
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(15, 20, 25)"


def root(page: Elements, name: str) -> str:
    value, = page.attributes("html", f"data-{name}")
    return value


def look_at(shown: Browser, path: str, dark: bool = False, width: int = 1000) -> Elements:
    """The page, which must have been drawn, must fit the window and have asked for nothing."""
    page = shown.dom(path, LOOK, width=width, dark=dark)
    same(root(page, "ground"), DARK if dark else LIGHT, "the ground's colour")
    same(root(page, "width"), str(width), "width of the window")
    same(root(page, "overflow"), "0", f"columns beyond a window of {width}")
    drawn = list(zip(page.attributes("canvas", "data-pixels"),
                     page.attributes("canvas", "data-colours")))
    check(drawn, "no chart")
    for pixels, colours in drawn:
        check(int(pixels) > 1000 and int(colours) > 3, f"a chart is blank: {drawn}")
    for label in page.attributes("canvas", "aria-label"):
        check(len(label) > 20, f"text in place of a chart: {label!r}")
    levels = [int(tag[1]) for tag, _, _ in page.found if re.fullmatch("h[1-6]", tag)]
    same((levels[0], levels.count(1)), (1, 1), "headings: one of the first level, and first")
    check(all(b <= a + 1 for a, b in zip(levels, levels[1:])), f"levels of headings: {levels}")
    same(shown.asked, [], "what the page asked of the network")
    return page


def picture(field: Field, shown: Browser, path: str, name: str, dark: bool) -> None:
    """Into the directory of the test, or where run.py --pictures says."""
    to = os.path.join(field.scene.binaries.pictures or field.scene.directory, name)
    shown.picture(path, to, 900, 1000, dark)
    size = os.path.getsize(to)
    check(10_000 < size < 150_000, f"{name} has {size} bytes")


def part(page: Elements, title: str) -> str:
    """The section with this title."""
    return next((text for text in page.texts("section") if text.startswith(title)), "")


@test("tap", busy=True)
def of_a_good_peer(field: Field) -> None:
    field.peer("echo", field.PEER, "9000")
    path = f"{field.scene.directory}/good.html"
    report = field.ctl.strike(f"{field.PEER}:9000", "--duration", "5s", "--rate", "400",
                              "--concurrency", "8", "--mix", "fin=3,rst=1", "--monitor", "ping",
                              "--monitor-every", "200ms", "--report", path)
    same(report["verdict"], "pass", f"verdict ({report['why']})")
    with browser() as shown:
        page = look_at(shown, path, dark=True)
        picture(field, shown, path, "report-good.png", dark=True)
        look_at(shown, path, width=400)
    same(page.texts("title"), [f"PASS: strike of {field.PEER}:9000"], "title")
    same(page.texts("span", id="verdict"), ["PASS"], "verdict")
    check("None: no rule was broken in" in part(page, "Findings"), part(page, "Findings"))
    same(page.texts("h3")[:4], ["Cycles a second", "Latency over time", "In flight",
                                "Distribution of latencies"], "charts")
    latency, = (text for text in page.texts("figure") if text.startswith("Latency over time"))
    check("close, 99 %" in latency, f"no times to close: {latency}")
    account = part(page, "The account")
    check(": balanced" in account and "in SYN-SENT at most" in account, account)
    check("fin" in page.texts("th", scope="row") and "rst" in page.texts("th", scope="row"),
          "no row for a way")
    asked = part(page, "What was asked")
    check("Linkfield: tap conker0" in asked and "rate400" in asked, asked)
    check("ping" in part(page, "Services beside it"), "no monitor")


@test("tap", busy=True)
def of_a_bad_peer(field: Field) -> None:
    """And of its journal later, with the frames of its evidence, and without."""
    process = device(field, "--fault", "fin-twice", "--every", "10")
    stem = f"{field.scene.directory}/bad"
    field.ctl("strike", f"{DEVICE}:9000", "--duration", "3s", "--rate", "400", "--concurrency",
              "8", "--look", "none", "--seed", "7", "--journal", f"{stem}.journal", "--evidence",
              f"{stem}.pcapng", "--report", f"{stem}.html").expect(10)
    process.stop()
    with browser() as shown:
        page = look_at(shown, f"{stem}.html")
        picture(field, shown, f"{stem}.html", "report-bad.png", dark=False)
        shown.printed(f"{stem}.html", f"{stem}.pdf")
        check(pathlib.Path(f"{stem}.pdf").read_bytes().startswith(b"%PDF"), "print")
        for evidence in ((), ("--evidence", f"{stem}.pcapng")):
            field.ctl("strike-report", f"{stem}.journal", "--report", f"{stem}.later.html",
                      *evidence).expect(10)
            later = look_at(shown, f"{stem}.later.html", width=400, dark=not evidence)
            same(len(later.texts("ol", class_="sequence")), 1 if evidence else 0, "diagrams")
            check(evidence or "Their frames were not kept" in part(later, "Findings"),
                  part(later, "Findings"))
    same(page.texts("span", id="verdict"), ["FAIL"], "verdict")
    finding, = (text for text, rule in zip(page.texts("article"),
                                           page.attributes("article", "data-rule"))
                if rule == "sent-twice")
    for text in ("weakness", "RFC 6298", "in cycle ", f"{DEVICE}:9000 to {field.STACK}:",
                 "Expected100.0 ms, seen ", "Its frames", 'frame.comment contains "sent-twice"'):
        check(text in finding, f"no {text!r} in the finding: {finding}")
    first, *_ = page.texts("ol", class_="sequence")
    check(first.startswith("0 usconker sends SYN seq 0:1 (0 B), win "), f"first frame: {first}")
    check("the peer sends SYN ACK seq 0:1 (0 B), ack 1" in first, f"second frame: {first}")
    broken = page.texts("li", class_="breaks")
    check("the peer sends FIN" in broken[0] and "breaks a rule: weakness sent-twice" in broken[0],
          f"the frame that breaks the rule: {broken}")
    check("bad.pcapng" in page.attributes("a", "href") and
          "bad.journal" in page.attributes("a", "href"), "links to the files beside it")
    check("Seed7" in part(page, "What was asked"), "no seed")


@test("tap", busy=True)
def of_a_device_that_says_html(field: Field) -> None:
    """What others say is shown as it is, and is no part of the page."""
    field.peer("echo", field.PEER, "9000")
    path = f"{field.scene.directory}/said.html"
    said = '</script><img src="http://page.test/x"><!-- <b>'
    field.ctl("strike", f"{field.PEER}:9000", "--duration", "2s", "--rate", "50",
              "--watch-before", "200ms", "--watch-after", "0s", "--watch",
              f"sleep 1; echo '{said}'", "--watch-fail", "img", "--report", path).expect(10)
    with browser() as shown:
        page = look_at(shown, path)
    same(page.texts("img"), [], "elements that the device has made")
    check(said in part(page, "Findings"), part(page, "Findings"))
    check(said in part(page, "What the device said"), part(page, "What the device said"))


@test(busy=True)
def requests_are_seen(scene: Scene) -> None:
    """So that a page that asks of nothing is known to: one that does is written down, and its own
    policy keeps it from asking."""
    open_page = f"{scene.directory}/asks.html"
    body = '<body><img src="http://page.test/picture"></body>'
    pathlib.Path(open_page).write_text(f"<!DOCTYPE html>{body}", encoding="ascii")
    with browser() as shown:
        shown.dom(open_page)
        check(any(b"page.test" in head for head in shown.asked), f"requests: {shown.asked}")


def a_days_journal() -> list[dict[str, Any]]:
    """Of a soak: a row for each second of a day, and no report, since the daemon was killed."""
    quantiles = {"p50": 600, "p90": 700, "p99": 900, "p999": 2000, "max": 9000}
    begin = {"version": "0.1.0", "time": "2026-01-01 00:00:00", "target": "10.77.0.1:9000",
             "link": "field", "device": "conker0",
             "parameters": {"target": "10.77.0.1:9000", "duration_ms": 86_400_000, "rate": 100}}
    lines: list[dict[str, Any]] = [{"begin": begin}]
    for second in range(1, 86_401):
        spike = second == 40_000
        failed = 100 if spike else 0
        lines.append({"second": {
            "at_s": second, "begun": 100, "completed": 100 - failed, "failed": failed,
            "connect_p50_us": 600 + second % 50, "connect_p99_us": 4_000_000 if spike else 900,
            "in_flight": 3,
            "so_far": {"cycles": 100 * second, "closed": 100 * second, "aborted": 0,
                       "failures": [], "duration_s": second, "connect_us": quantiles,
                       "close_us": quantiles, "connect_due_us": quantiles, "missed": 0,
                       "open_failed": 0, "retransmits": 0, "judged": 500 * second}}})
    return lines


@test("tap", busy=True)
def of_a_day(field: Field) -> None:
    """It is shown at once, and the second in which all failed stands out of it."""
    stem = f"{field.scene.directory}/day"
    with open(f"{stem}.journal", "w", encoding="ascii") as file:
        file.writelines(json.dumps(line) + "\n" for line in a_days_journal())
    field.ctl("strike-report", f"{stem}.journal", "--report", f"{stem}.html").expect(11)
    size = os.path.getsize(f"{stem}.html")
    check(size < 1_000_000, f"the page has {size} bytes")
    with browser() as shown:
        page = look_at(shown, f"{stem}.html")
    latency, = (text for text in page.texts("figure") if text.startswith("Latency over time"))
    check("4.0 s, at 11 h 6 min" in latency, latency)
    field.scene.note(f"{size // 1024} KiB, shown after {root(page, 'shown-after-ms')} ms")


@test("tap")
def that_cannot_be_written(field: Field) -> None:
    """And a strike that did not begin leaves none of an earlier one."""
    field.peer("echo", field.PEER, "9000")
    path = f"{field.scene.directory}/some.html"
    wrong = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--report", "/nowhere/a")
    same((wrong.code, wrong.err), (1, "conkerctl: /nowhere/a: No such file or directory\n"),
         "a file that cannot be written")
    full = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "1", "--report", "/dev/full")
    same((full.code, full.err), (1, "conkerctl: /dev/full: No space left on device\n"), "full disk")
    field.ctl.ok("strike", f"{field.PEER}:9000", "--cycles", "1", "--report", path)
    check(os.path.getsize(path) > 100_000, "a page")
    field.ctl("strike", "10.99.0.1:7", "--cycles", "1", "--report", path).expect(1)
    same(os.path.getsize(path), 0, "size of the page of a strike that did not begin")
    journal = f"{field.scene.directory}/some.journal"
    field.ctl.ok("strike", f"{field.PEER}:9000", "--cycles", "1", "--journal", journal)
    same(field.ctl("strike-report", journal, "--evidence", "/nowhere/b").expect(1).err,
         "conkerctl: /nowhere/b: cannot be read, or is empty: give the .pcapng that strike "
         "--evidence has written\n", "evidence that is not there")
