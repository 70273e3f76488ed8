"""A page in Chromium without a window that stays open and is asked while it changes, over the
DevTools protocol, which Chromium speaks at two descriptors."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from typing import Any, Callable, Iterator

from .expect import Failure
from .namespaces import Namespace
from .processes import readable

ANSWER_WITHIN = 20.0  # seconds


class Page:
    """The only page of a Chromium of its own."""

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of = to, of
        self._last = 0
        self._held = b""
        self._session = ""
        self.events: list[dict[str, Any]] = []  # what the page did, as the protocol has it
        target, = [one for one in self.ask("Target.getTargets")["targetInfos"]
                   if one["type"] == "page"]
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"],
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.ask(f"{domain}.enable")

    def _message(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._held:
            ready = readable(self._of, max(0.0, until - time.monotonic()))
            more = os.read(self._of, 1 << 20) if ready else b""
            if not more:
                raise Failure("chromium does not answer")
            self._held += more
        line, self._held = self._held.split(b"\0", 1)
        return json.loads(line)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        call = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._to, json.dumps(call).encode() + b"\0")
        until = time.monotonic() + ANSWER_WITHIN
        while True:
            answer = self._message(until)
            if answer.get("id") == self._last:
                break
            self.events.append(answer)
        if "error" in answer:
            raise Failure(f"chromium: {method}: {answer['error']['message']}")
        return answer["result"]

    def window(self, width: int, height: int, dark: bool, scale: float = 1) -> None:
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=scale, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url: str) -> None:
        self.ask("Page.navigate", url=url)

    def value(self, script: str) -> Any:
        """What the expression is, as JSON has it."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise Failure(f"{script}: {result['exceptionDetails']['exception']['description']}")
        return result["result"].get("value")

    def until(self, script: str, what: str, seconds: float = 15) -> Any:
        """Asks until the expression is true."""
        end = time.monotonic() + seconds
        while True:
            value = self.value(script)
            if value:
                return value
            if time.monotonic() > end:
                raise Failure(f"not within {seconds:g} s: {what}; the page says "
                              f"{self.value('document.body.innerText')!r}")
            time.sleep(0.1)

    def picture(self, to: str) -> None:
        made = self.ask("Page.captureScreenshot", format="png")
        with open(to, "wb") as file:
            file.write(base64.b64decode(made["data"]))

    def asked_for(self) -> list[str]:
        """The addresses of all that the page has asked for."""
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Errors of scripts, and what the policy of the page's content has refused."""
        return [json.dumps(event["params"]) for event in self.events
                if event["method"] == "Runtime.exceptionThrown" or
                (event["method"] == "Log.entryAdded" and
                 event["params"]["entry"]["source"] in ("security", "javascript"))]


@contextlib.contextmanager
def devtools(namespace: Namespace) -> Iterator[Page]:
    """A page of a Chromium in the namespace."""
    to_read, to = os.pipe()
    of, of_write = os.pipe()

    def place() -> None:
        # Chromium reads at descriptor 3 and writes at 4.
        reads, writes = os.dup(to_read), os.dup(of_write)
        os.dup2(reads, 3)
        os.dup2(writes, 4)

    with tempfile.TemporaryDirectory(prefix="conker-browser-",
                                     ignore_cleanup_errors=True) as directory:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--disable-dev-shm-usage", "--disable-background-networking",
                   "--disable-component-update", "--disable-sync", "--no-first-run",
                   "--remote-debugging-pipe", f"--user-data-dir={directory}/profile",
                   "about:blank"]
        with namespace.entered():
            chromium = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, preexec_fn=place, close_fds=False,
                start_new_session=True)
        os.close(to_read)
        os.close(of_write)
        try:
            yield Page(to, of)
        finally:
            os.close(to)
            os.close(of)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(chromium.pid, signal.SIGKILL)
            chromium.wait(10)
