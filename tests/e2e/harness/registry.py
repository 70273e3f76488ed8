"""The list of tests. A test is a function of a Scene, or of a Field when it names its links."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Callable


@dataclasses.dataclass(frozen=True)
class Case:
    subject: str  # the name of its file
    name: str
    function: Callable[..., None]
    link: str | None  # None: the test gets a Scene
    config: dict[str, Any]  # of the field's daemon, over the defaults
    quick: bool  # part of the short slice that also runs under sanitizers
    busy: bool  # keeps a core busy; other tests mostly sleep
    alone: bool  # measures times or memory: no other test runs beside it

    @property
    def title(self) -> str:
        link = f"[{self.link}]" if self.link else ""
        return f"{self.subject}.{self.name}{link}"


cases: list[Case] = []


def test(
    *links: str, config: dict[str, Any] | None = None, quick: bool = False, busy: bool = False,
    alone: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(function: Callable[..., None]) -> Callable[..., None]:
        subject = (os.path.basename(function.__code__.co_filename)
                   .removesuffix(".py").removeprefix("test_"))
        for link in links or (None,):
            cases.append(Case(subject, function.__name__, function, link, config or {}, quick, busy,
                              alone))
        return function

    return register
