"""A fleet of conkerds that strike one target, driven by Locust: each worker drives the conkerd at
its own control socket. README.md beside this file says how, and when to take it.

    locust -f locustfile.py --master --headless --expect-workers 2 --users 2 --run-time 60s
    locust -f locustfile.py --worker --conker-target 10.77.0.1:9000 --conker-rate 1000

A user is the strike of one conkerd, so there are as many as workers. Its connects are Locust's
requests, in ms; failed cycles, and rules that the target broke, are Locust's failures. Locust's
exit code is the worst verdict: 0 PASS, 10 FAIL, 11 INCONCLUSIVE.
"""

from __future__ import annotations

import logging
from typing import Any

import gevent
import locust.runners
from conker import CallError, Conkerd, Gone
from locust import User, events, task
from locust.util.timespan import parse_timespan

from strike_stats import CONNECT, StrikeStats

# Debian 12's package does not know its own version, and a master refuses workers without one.
locust.runners.__version__ = locust.runners.__version__ or "unknown"

BEGUN = "begun"
POLL_SECONDS = 1.0
# Without --run-time a strike is ended by the end of Locust's test; this is the most that the
# protocol takes. With it, it ends earlier by so much that its report comes in time.
LONGEST_MS = 30 * 86_400_000
BEFORE_END_SECONDS = 3
# Connections in flight complete or time out, and the target is looked at.
REPORT_SECONDS = 60

OPTIONS = (
    ("socket", str, "conkerd's control socket (unless given: /run/conker/conkerd.sock)"),
    ("target", str, "whom to strike: HOST:PORT"),
    ("rate", int, "cycles begun a second (unless given: as fast as the target bears)"),
    ("concurrency", int, "connections in flight (unless given: 1)"),
    ("mix", str, "how to end them, as fin=60,rst=20 (unless given: fin)"),
    ("payload", int, "bytes that each one sends (unless given: none)"))
# Those of this process's command line. Locust puts the master's in their place.
own_options: dict[str, Any] = {}


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:
    """Options of a worker, or of the master for all that do not have their own; each is an
    environment variable, too."""
    group = parser.add_argument_group("conker", "The strike of a worker's conkerd")
    for name, kind, text in OPTIONS:
        group.add_argument(f"--conker-{name}", type=kind, default=None, help=text,
                           env_var=f"CONKER_{name.upper()}")


class StrikeUser(User):
    """The strike of this worker's conkerd."""

    busy = False  # whether this process has one already

    def on_start(self) -> None:
        self._strike: Strike | None = None
        if StrikeUser.busy:
            return  # the user of a worker that has gone: Locust gives it to another
        try:
            self._strike = Strike(self.environment)
            StrikeUser.busy = True
        except Gone as error:
            tell(self.environment, "inconclusive", str(error))
            self.environment.stats.log_error("conkerd", "strike", str(error))

    @task
    def follow(self) -> None:
        gevent.sleep(POLL_SECONDS)
        if self._strike:
            self._strike.poll()

    def on_stop(self) -> None:
        if self._strike:
            self._strike.end()
            StrikeUser.busy = False


class Strike:
    """A strike of the local conkerd, from its begin to its report."""

    def __init__(self, environment: Any) -> None:
        options = {name: own_options.get(name) or
                   getattr(environment.parsed_options, f"conker_{name}") for name, _, _ in OPTIONS}
        path = options.pop("socket")
        self._environment = environment
        self._stats = StrikeStats(environment.stats)
        self._id: int | None = None
        self._asking = Conkerd(path)
        self._striking = Conkerd(path)
        run_time = environment.parsed_options.run_time
        duration_ms = LONGEST_MS
        if run_time:
            duration_ms = 1000 * max(1, parse_timespan(str(run_time)) - BEFORE_END_SECONDS)
        tell(environment, BEGUN, f"at {options['target']}")
        self._report = gevent.spawn(self._call, duration_ms=duration_ms,
                                    on_notification=self._on_progress, **options)

    def _on_progress(self, _: str, progress: dict[str, Any]) -> None:
        self._id = progress["id"]

    def _call(self, **parameters: Any) -> None:
        """Waits for the report, and tells its verdict."""
        try:
            report = self._striking.strike(**parameters)
            tell(self._environment, report["verdict"], report["why"])
        except (CallError, Gone) as error:
            self._environment.stats.log_error("conkerd", "strike", str(error))
            tell(self._environment, "inconclusive", str(error))

    def poll(self) -> None:
        """Adds what is new to Locust's statistics."""
        if self._id is None or self._report.ready():
            return
        try:
            self._stats.take(self._asking.strike_times(id=self._id))
        except (CallError, Gone):
            pass  # it has just ended, which its report tells

    def end(self) -> None:
        """Ends it, and waits for its report."""
        self.poll()
        if self._id is not None and not self._report.ready():
            self._asking.strike_stop(id=self._id)
            self._report.join(REPORT_SECONDS)
        self._report.kill()
        self._asking.hang_up()
        self._striking.hang_up()


def tell(environment: Any, what: str, why: str) -> None:
    """That a strike has begun, or its verdict: to the master; where there is none, to itself."""
    # A strike that Locust ends is always interrupted, which is no lack here.
    if what == "inconclusive" and why == "interrupted before its time":
        what = "pass"
    logging.info("strike: %s: %s", what, why)
    if isinstance(environment.runner, locust.runners.WorkerRunner):
        environment.runner.send_message("conker", {"what": what, "why": why})
    else:
        verdicts.take("this conkerd", what)


class Verdicts:
    """What the strikes of all workers came to."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}  # by worker: its verdict, or that its strike has begun

    def take(self, worker: str, what: str) -> None:
        self._of[worker] = what

    def exit_code(self) -> int:
        """FAIL before INCONCLUSIVE before PASS. A worker without a verdict has been lost."""
        for worker, what in self._of.items():
            if what == BEGUN:
                logging.error("%s: no report of its strike came: inconclusive", worker)
        found = set(self._of.values())
        if "fail" in found:
            return 10
        return 0 if found == {"pass"} else 11


verdicts = Verdicts()


@events.init.add_listener
def register(environment: Any, runner: Any, **_: Any) -> None:
    """Keeps the options of this process; the master hears of its workers' strikes."""
    for name, _kind, _help in OPTIONS:
        own_options[name] = getattr(environment.parsed_options, f"conker_{name}")
    if not isinstance(runner, locust.runners.MasterRunner):
        return

    def on_message(environment: Any, msg: Any, **_: Any) -> None:
        del environment
        logging.info("%s: strike: %s: %s", msg.node_id, msg.data["what"], msg.data["why"])
        verdicts.take(msg.node_id, msg.data["what"])

    runner.register_message("conker", on_message)


@events.quitting.add_listener
def conclude(environment: Any, **_: Any) -> None:
    """The exit code, and the times of all workers together, finer than Locust prints them."""
    if isinstance(environment.runner, locust.runners.WorkerRunner):
        return
    environment.process_exit_code = verdicts.exit_code()
    connect = environment.stats.get(CONNECT, "TCP")
    logging.info("connect: %s, half within %.3f ms, 99%% %.3f ms, 99.9%% %.3f ms",
                 f"{connect.num_requests:,}",
                 *(connect.get_response_time_percentile(share) for share in (0.5, 0.99, 0.999)))
