"""The list of tests. A test is a function that gets a Scene,
or a Field when it names the links it runs on."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Callable


@dataclasses.dataclass(frozen=True)
class Case:
    subject: str  # the file it stands in
    name: str
    function: Callable[..., None]
    link: str | None  # None: the test builds its own scene
    config: dict[str, Any]  # for the field's daemon, over the defaults
    quick: bool  # part of the short slice that also runs under sanitizers
    busy: bool  # keeps a core busy; the others sleep most of their time
    alone: bool  # measures something, so nothing else runs beside it

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
