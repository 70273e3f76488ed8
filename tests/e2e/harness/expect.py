"""Assertions that report the values they saw."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

T = TypeVar("T")


class Failure(AssertionError):
    """An expectation of a test that was not met."""


def check(condition: object, message: str) -> None:
    if not condition:
        raise Failure(message)


def same(actual: object, expected: object, what: str) -> None:
    if actual != expected:
        raise Failure(f"{what}: {actual!r}, expected {expected!r}")


def eventually(probe: Callable[[], T], what: str, seconds: float = 5.0) -> T:
    """The first true value of `probe`, called every 20 ms; a Failure when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds:g} s; last seen {value!r}")
        time.sleep(0.02)
