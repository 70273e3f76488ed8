"""A daemon under all that it serves, round after round: strikes, floods, faults, reloads, clients.
Its memory does not grow after the warm-up, nor do its descriptors. 30 minutes with --whole, as
./check --long has it; else a few rounds."""

from __future__ import annotations

import itertools
import time

from harness import VERDICTS, Field, check, eventually, same, test
from test_hostile import ECHO, Conversation, send

WHOLE, WARM_UP = 30 * 60, 5 * 60  # seconds
ROUNDS, WARM_ROUNDS = 2, 1  # of a short run
CONFIG = {"services": [{"name": "echo", "port": ECHO}, {"name": "accept-close", "port": 80}],
          "strike": {"allow": ["10.77.0.0/24"], "keep": 5},
          "tcp": {"time_wait": "1s"}, "capacities": {"transitions": 1024}}


def strikes(field: Field, seed: int) -> None:
    """One that is waited for, of many ways, and one that nobody follows."""
    field.ctl("strike", f"{field.PEER}:9000", "--cycles", "5000", "--concurrency", "64", "--seed",
              str(seed), "--mix", "fin=4,rst=2,half-close=1,reopen=1", "--look", "none")
    done = field.ctl.json("strike", f"{field.PEER}:9000", "--cycles", "500", "--detach", "--look",
                          "none")
    eventually(lambda: any(entry["id"] == done["id"] and entry["state"] == "ended"
                           for entry in field.ctl.json("strike", "list")["strikes"]), "it ends", 30)
    report = field.ctl("strike", "report", str(done["id"]))
    check(report.code in (VERDICTS["pass"], VERDICTS["inconclusive"]), report.out)


def faults(field: Field, seed: int) -> None:
    field.ctl.ok("fault", "set", "loss=2%", "reorder=2%", "duplicate=1%", f"seed={seed}")
    field.ctl("strike", f"{field.PEER}:9000", "--duration", "0.5s", "--concurrency", "16", "--look",
              "none")
    field.ctl.ok("fault", "clear")


def reloads(field: Field, seed: int) -> None:
    field.daemon.config["services"] = CONFIG["services"] + [
        {"name": "daytime", "port": 1000 + seed % 2}]
    field.daemon.write_config()
    same(field.ctl.json("reload")["changed"], ["services"], "taken over")


def clients(field: Field, _: int) -> None:
    """Verbs of all kinds, and connections of the kernel that come and go."""
    watching = field.ctl.start("--timeout", "1", "watch")
    for words in (["status"], ["stats"], ["list"], ["schema"], ["ping", field.PEER, "-c", "1"]):
        field.ctl.ok(*words)
    field.peer("strike", field.STACK, "80", "--cycles", "500").wait(60)
    watching.wait(10)


def floods(field: Field, seed: int) -> None:
    for kind in ("syn", "fin", "rst", "xmas"):
        send(field, kind, 20_000 if field.scene.binaries.whole else 5_000, 40_000 + seed % 1000,
             seed)


@test("tap", config=CONFIG, alone=True)
def a_service_for_long(field: Field) -> None:
    field.accept_close()
    whole = field.scene.binaries.whole
    conversation = Conversation(field.connect(ECHO))
    began, warm = time.monotonic(), None
    for seed in itertools.count(1):
        for part in (strikes, faults, reloads, clients, floods):
            part(field, seed)
        same(conversation.problem, "", "the connection that is open all the time")
        took = time.monotonic() - began
        # What waits for its end has ended.
        eventually(lambda: field.ctl.balanced()["time_wait"] == 0, "no TIME-WAIT is left", 30)
        if warm is None and (took > WARM_UP if whole else seed >= WARM_ROUNDS):
            warm = field.daemon.resident_kib(), field.daemon.descriptors(), seed
        if took > WHOLE if whole else seed >= ROUNDS:
            break
    assert warm
    resident, descriptors, at = warm
    now = field.daemon.resident_kib()
    field.scene.note(f"{seed} rounds in {took:.0f} s: {resident:,} KiB after round {at}, {now:,} "
                     f"at the end; {conversation.moved:,} bytes echoed")
    same(field.daemon.descriptors(), descriptors, "descriptors")
    if whole and not field.scene.binaries.sanitized:
        check(now <= resident * 1.01, f"from {resident} to {now} KiB")
    conversation.end()
    field.ctl.balanced()
