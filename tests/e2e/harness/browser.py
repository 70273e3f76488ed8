"""A page in Chromium without a window: its elements once its scripts have run, pictures of it, and
whatever it asks of the network."""

from __future__ import annotations

import contextlib
import html.parser
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
from typing import Iterator

from .expect import Failure

# What Chromium asks of its maker by itself is not the page's.
OWN = re.compile(rb"\.(google|googleapis|gstatic|gvt1|gvt2)\.com\b")


class Elements(html.parser.HTMLParser):
    """The texts of a page's elements, by what the test asks for."""

    def __init__(self, dom: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[int] = []
        self._raw = False
        self.feed(dom)

    VOID = ("meta", "link", "br", "img", "input", "hr")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}, []))
        if tag not in self.VOID:
            self._open.append(len(self.found) - 1)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self.found[self._open.pop()][0] == tag:
                break

    def handle_data(self, data: str) -> None:
        for i in self._open:
            self.found[i][2].append(data)

    def texts(self, tag: str, **attributes: str) -> list[str]:
        """Of each such element, one whose attribute `class_` has that word among others."""
        def fits(has: dict[str, str]) -> bool:
            return all(value in has.get("class", "").split() if key == "class_"
                       else has.get(key) == value for key, value in attributes.items())
        return ["".join(text) for name, has, text in self.found if name == tag and fits(has)]

    def attributes(self, tag: str, name: str) -> list[str]:
        return [has[name] for of, has, _ in self.found if of == tag and name in has]


class Browser:
    """Sends all that pages ask for to a proxy of its own, which answers nothing and writes it
    down."""

    def __init__(self, directory: str, proxy: int, asked: list[bytes]) -> None:
        self._directory = directory
        self._proxy = proxy
        self.asked = asked  # of the network

    def _run(self, page: str, *arguments: str, width: int = 1000, height: int = 900,
             dark: bool = False) -> bytes:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--disable-dev-shm-usage", "--disable-background-networking",
                   "--disable-component-update", "--disable-sync", "--no-first-run",
                   f"--proxy-server=http://127.0.0.1:{self._proxy}",
                   "--proxy-bypass-list=<-loopback>",
                   f"--user-data-dir={self._directory}/profile",
                   # A window that is not the whole screen is 500 wide at least.
                   f"--screen-info={{{width}x{height}}}", "--start-fullscreen",
                   f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                   *arguments, pathlib.Path(page).absolute().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            raise Failure(f"chromium did not end within 60 s: {page}") from None
        if done.returncode != 0:
            raise Failure(f"chromium: exit code {done.returncode}: {done.stderr.decode()}")
        return done.stdout

    def dom(self, page: str, script: str = "", width: int = 1000, dark: bool = False) -> Elements:
        """The page once its scripts have run, and `script` after them."""
        text = pathlib.Path(page).read_text(encoding="utf-8")
        nonce = re.search(r'nonce="(\w+)"', text)
        beside = f"{page}.tested.html"
        end = f'<script nonce="{nonce[1] if nonce else ""}">{script}</script></body>'
        pathlib.Path(beside).write_text(text.replace("</body>", end), encoding="utf-8")
        return Elements(self._run(beside, "--dump-dom", width=width, dark=dark).decode())

    def picture(self, page: str, to: str, width: int, height: int, dark: bool) -> None:
        """A little smaller than on a screen."""
        self._run(page, f"--screenshot={to}", "--force-device-scale-factor=0.85", width=width,
                  height=height, dark=dark)

    def printed(self, page: str, to: str) -> None:
        """As a PDF."""
        self._run(page, f"--print-to-pdf={to}", "--no-pdf-header-footer")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    asked: list[bytes] = []

    def write_down(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    head = connection.recv(4096)
                    if head and not OWN.search(head):
                        asked.append(head)

    with socket.create_server(("127.0.0.1", 0)) as listener, \
            tempfile.TemporaryDirectory(prefix="conker-browser-",
                                        ignore_cleanup_errors=True) as directory:
        os.chmod(directory, 0o700)
        thread = threading.Thread(target=write_down, args=(listener,), daemon=True)
        thread.start()
        try:
            yield Browser(directory, listener.getsockname()[1], asked)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
