"""Medians, ratios and goals from the figures of all turns; as a table and for JSON."""

from __future__ import annotations

import dataclasses
import statistics
from typing import Any, Callable

from contestants import Figures
from parts import Goal, Line, Part

UNITS: dict[str, Callable[[float], str]] = {
    "cycles/s": lambda value: f"{value:,.0f} /s",
    "count": lambda value: f"{value:,.0f}",
    "B": lambda value: f"{value:,.1f} B",
    "MB": lambda value: f"{value / 1e6:,.0f} MB",
    "Gbit/s": lambda value: f"{value / 1e9:,.2f} Gbit/s",
    "ns": lambda value: f"{value:,.0f} ns",
    "us": lambda value: f"{value:,.1f} us",
    "share": lambda value: f"{value:.3f}",
    "yes": lambda value: "yes" if value >= 1 else "no",
}
HEADER = ("what", "conker", "peer", "its figure", "ratio", "goal", "reached")
RIGHT = {1, 3, 4}  # columns of numbers


@dataclasses.dataclass
class Outcome:
    """One part, measured."""
    name: str
    part: Part
    seconds: float
    turns: dict[str, list[Figures]]  # by contestant
    errors: dict[str, str]  # of contestants that could not be run, or not to the end

    def median(self, contestant: str, figure: str) -> float | None:
        values = [turn[figure] for turn in self.turns[contestant] if figure in turn]
        return statistics.median(values) if values else None


def judged(outcome: Outcome) -> list[dict[str, Any]]:
    """Each line with its figure, and its peers' figures; a missing one is None."""
    return [judged_line(outcome, line) for line in outcome.part.lines]


def judged_line(outcome: Outcome, line: Line) -> dict[str, Any]:
    value = outcome.median(line.subject, line.figure)
    peers = []
    for name, goal in line.peers.items():
        theirs = outcome.median(name, line.figure)
        ratio = value / theirs if value is not None and theirs else None
        if value == theirs == 0:
            ratio = 1.0
        peers.append({"peer": name, "median": theirs, "ratio": ratio, **verdict(goal, ratio)})
    return {"part": outcome.name, "what": line.what, "unit": line.unit, "figure": line.figure,
            "contestant": line.subject, "median": value,
            **verdict(line.goal, value), "peers": peers}


def verdict(goal: Goal | None, value: float | None) -> dict[str, Any]:
    if goal is None:
        return {"goal": None, "reached": None}
    return {"goal": dataclasses.asdict(goal),
            "reached": None if value is None else goal.reached(value)}


def table(lines: list[dict[str, Any]]) -> str:
    rows: list[tuple[str, ...]] = [HEADER]
    for line in lines:
        shown = UNITS[line["unit"]]
        own = in_words(line["median"], shown)
        verdicts = [(("", "", ""), line, shown)] if line["goal"] or not line["peers"] else []
        verdicts += [((peer["peer"], in_words(peer["median"], shown),
                       in_words(peer["ratio"], "{:.2f}".format)), peer, "{:g}".format)
                     for peer in line["peers"]]
        for number, (peer_cells, one, goal_shown) in enumerate(verdicts):
            head = (line["what"], own) if number == 0 else ("", "")
            rows.append((*head, *peer_cells, goal_in_words(one["goal"], goal_shown),
                         reached_in_words(one)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join("  ".join(cell.rjust(width) if column in RIGHT else cell.ljust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def missed(lines: list[dict[str, Any]]) -> list[str]:
    """The goals that were not reached, a line each."""
    found = []
    for line in lines:
        where = f"{line['part']}: {line['what']}"
        if line["reached"] is False:
            shown = UNITS[line["unit"]]
            found.append(f"{where}: {shown(line['median'])}, "
                         f"goal {goal_in_words(line['goal'], shown)}")
        found += [f"{where}: {peer['ratio']:.2f} of {peer['peer']}, "
                  f"goal {goal_in_words(peer['goal'], '{:g}'.format)}"
                  for peer in line["peers"] if peer["reached"] is False]
    return found


def in_words(value: float | None, shown: Callable[[float], str]) -> str:
    return "missing" if value is None else shown(value)


def goal_in_words(goal: dict[str, Any] | None, shown: Callable[[float], str]) -> str:
    if goal is None:
        return ""
    if shown is UNITS["yes"]:
        return "yes"
    if goal["least"] is not None and goal["most"] is not None:
        return f"{shown(goal['least'])} to {shown(goal['most'])}"
    if goal["least"] is not None:
        return f">= {shown(goal['least'])}"
    return f"<= {shown(goal['most'])}"


def reached_in_words(one: dict[str, Any]) -> str:
    if one["goal"] is None:
        return ""
    return {True: "yes", False: "NO", None: "not known"}[one["reached"]]
