"""The dashboard in Chromium, which has it from conker's own TCP: what it shows while a strike runs,
what it says when the daemon is gone, and whom it leaves out."""

from __future__ import annotations

import os
import re
import signal

from harness import Field, check, eventually, same, test
from harness.accessibility import faults, nodes
from harness.devtools import Page, devtools
from test_http import HTTP
from test_judge import DEVICE, device

ALIVE = "document.getElementById('alive')?.textContent"
STRIKES = "document.getElementById('strikes').innerText"


def open_dashboard(field: Field, page: Page) -> None:
    page.open(f"http://{field.STACK}/")
    page.until(f"{ALIVE} === 'live'", "the dashboard is told what is new")


def picture(field: Field, page: Page, name: str) -> None:
    """Into the directory of the test, or where run.py --pictures says."""
    to = os.path.join(field.scene.binaries.pictures or field.scene.directory, name)
    page.picture(to)
    check(10_000 < os.path.getsize(to) < 150_000, f"{name} has {os.path.getsize(to)} bytes")


@test("tap", busy=True, config=HTTP)
def shows_a_strike_live(field: Field) -> None:
    bad = device(field, "--fault", "fin-twice", "--every", "10")
    field.ctl.ok("strike", f"{DEVICE}:9000", "--detach", "--duration", "2s", "--rate", "200",
                 "--concurrency", "8", "--look", "none")
    eventually(lambda: field.ctl.striking() is None, "the first strike is over", 20)
    bad.stop()
    field.peer("echo", field.PEER, "9000")
    field.ctl.ok("strike", f"{field.PEER}:9000", "--detach", "--duration", "120s", "--rate", "300",
                 "--concurrency", "16", "--mix", "fin=3,rst=1")
    with devtools(field.peer_ns) as page:
        page.window(900, 1000, dark=True, scale=0.85)
        open_dashboard(field, page)
        page.until(f"{STRIKES}.includes('running') && {STRIKES}.includes('a second')", "the strike")
        page.until("Number(document.querySelector('progress').value) > 0.02", "its progress")
        done = re.compile(r"([\d,]+) cycles completed")
        first = int(done.findall(page.value(STRIKES))[0].replace(",", ""))
        page.until(f"Number(/([\\d,]+) cycles completed/.exec({STRIKES})[1].replaceAll(',', '')) "
                   f"> {first}", "more cycles, without loading the page again")
        for text in ("sent-twice", "FAIL", "weakness"):
            check(text.lower() in page.value(STRIKES).lower(), f"no {text} of the first strike")
        for words in ("opened = ", ": balanced"):
            check(words in page.value("document.getElementById('audit').textContent"), words)
        check("field" in page.value("document.getElementById('links').innerText"), "the link")
        drawn = page.value(
            "[...document.querySelectorAll('canvas')].map((canvas) => new Set(new Uint32Array("
            "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
            ".data.buffer)).size)")
        check(len(drawn) == 4 and all(colours > 3 for colours in drawn), f"charts: {drawn}")
        page.until("charts.rates.points[0].length > 6", "a few seconds of charts")
        picture(field, page, "dashboard.png")
        same(page.complaints(), [], "what Chromium complains of")
        beyond = [url for url in page.asked_for()
                  if not url.startswith((f"http://{field.STACK}/", "data:"))]
        same(beyond, [], "what the page asked of others")
        check(page.value("document.querySelectorAll('script:not([src]), style').length") == 0,
              "scripts or styles within the page")
        for width, dark in ((1000, True), (1000, False), (320, True), (320, False)):
            page.window(width, 800, dark)
            page.until(f"innerWidth === {width}", "the window")
            same(faults(page), [], f"faults of accessibility, {width} wide, "
                                   f"{'dark' if dark else 'light'}")
        check(("status", "") in [(role, "") for role, _ in nodes(page)], "no live region")
    field.ctl.ok("strike", "stop")
    eventually(lambda: field.ctl.striking() is None, "the strike ends", 20)
    check(field.ctl.audit()["balanced"], "the audit")


@test("tap", config=HTTP)
def says_when_the_daemon_is_gone(field: Field) -> None:
    with devtools(field.peer_ns) as page:
        page.window(400, 800, dark=False)
        open_dashboard(field, page)
        # It stands still: nothing is closed, and nothing comes.
        field.daemon.signal(signal.SIGSTOP)
        page.until(f"{ALIVE} === 'conkerd does not answer any more'", "it says so")
        check("old" in page.value("document.getElementById('age').textContent"), "the age")
        same(faults(page), [], "faults of accessibility")
        field.daemon.signal(signal.SIGCONT)
        page.until(f"{ALIVE} === 'live'", "it is told again")
        # It ends, and another one comes.
        pid = field.daemon.process.pid
        field.daemon.kill()
        page.until(f"{ALIVE} === 'conkerd does not answer any more'", "it says so")
        with field.stack_ns.entered():
            field.daemon.start()
        page.until(f"{ALIVE} === 'live'", "it finds the new one by itself", 30)
        check(page.value("before.status.pid") != pid, "what the new one tells")
        same(page.complaints(), [], "what Chromium complains of")
