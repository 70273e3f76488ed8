"""Adds what conkerd tells of a strike to Locust's statistics, in bulk: it counts cycles by the
thousand, and their times as histograms."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from locust.stats import StatsError

CONNECT, CLOSE, FAILED, FINDING = "connect", "close", "failed cycle", "finding"


def milliseconds(bucket: dict[str, int]) -> float:
    """The longest time of a bucket; Locust adds up what is equal."""
    return round(bucket["last_us"] / 1000, 3)


def add_times(entry: Any, times: Counter[float]) -> None:
    """Adds so many requests of each time, in ms, to an entry of Locust's statistics."""
    count = sum(times.values())
    if count == 0:
        return
    now = time.time()
    entry.num_requests += count
    entry.num_reqs_per_sec[int(now)] = entry.num_reqs_per_sec.get(int(now), 0) + count
    entry.last_request_timestamp = now
    entry.total_response_time += sum(ms * number for ms, number in times.items())
    entry.min_response_time = min(times if entry.min_response_time is None
                                  else [entry.min_response_time, *times])
    entry.max_response_time = max(entry.max_response_time, *times)
    for ms, number in times.items():
        entry.response_times[ms] = entry.response_times.get(ms, 0) + number


class StrikeStats:
    """The statistics of one strike: what it has told so far is not added again."""

    def __init__(self, stats: Any) -> None:
        self._stats = stats
        self._told: Counter[tuple[str, Any]] = Counter()

    def take(self, told: dict[str, Any]) -> None:
        """`told`: the result of strike_times."""
        connects = self._new_times(CONNECT, told["connect"])
        add_times(self._stats.get(CONNECT, "TCP"), connects)
        add_times(self._stats.total, connects)
        add_times(self._stats.get(CLOSE, "TCP"), self._new_times(CLOSE, told["close"]))
        for failure in told["failures"]:
            self._add_failures(FAILED, f"{failure['name']} ({failure['phase']})",
                               failure["count"])
        for rule in told["findings"]:
            if rule["severity"] != "note":
                self._add_failures(FINDING, f"{rule['severity']}: {rule['rule']}", rule["count"])

    def _new(self, key: tuple[str, Any], total: int) -> int:
        new = total - self._told[key]
        self._told[key] = total
        return new

    def _new_times(self, name: str, buckets: list[dict[str, int]]) -> Counter[float]:
        times: Counter[float] = Counter()
        for bucket in buckets:
            new = self._new((name, bucket["first_us"]), bucket["count"])
            if new > 0:
                times[milliseconds(bucket)] += new
        return times

    def _add_failures(self, name: str, what: str, total: int) -> None:
        new = self._new((name, what), total)
        if new <= 0:
            return
        self._stats.log_error("TCP", name, what)
        second = int(time.time())
        for entry in (self._stats.get(name, "TCP"), self._stats.total):
            # log_error() has counted the first of them.
            entry.num_failures += new - 1
            entry.num_fail_per_sec[second] += new - 1
            entry.num_requests += new
            entry.num_none_requests += new
            entry.num_reqs_per_sec[second] = entry.num_reqs_per_sec.get(second, 0) + new
            entry.last_request_timestamp = time.time()
        self._stats.errors[StatsError.create_key("TCP", name, what)].occurrences += new - 1
