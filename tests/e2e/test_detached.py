"""Strikes that go on without the client that began them, several at a time, and what the daemon
keeps of them."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from harness import Field, check, eventually, same, test

INCONCLUSIVE = 11


def detach(field: Field, target: str, *arguments: str, look: str = "none") -> int:
    return int(field.ctl.json("strike", target, "--detach", "--look", look, *arguments)["id"])


def entries(field: Field) -> dict[int, dict[str, Any]]:
    return {entry["id"]: entry for entry in field.ctl.json("strike", "list")["strikes"]}


def start_again(field: Field) -> None:
    with field.stack_ns.entered():
        field.daemon.start()


def files_of(field: Field) -> set[str]:
    return set(os.listdir(field.ctl.json("strike", "list")["directory"]))


def ended(field: Field, number: int, seconds: float = 10) -> dict[str, Any]:
    eventually(lambda: entries(field)[number]["state"] != "running", f"strike {number} ends",
               seconds)
    return entries(field)[number]


@test("tap", "packet", quick=True)
def goes_on_without_its_client(field: Field) -> None:
    field.accept_close()
    said = field.ctl.ok("strike", f"{field.PEER}:9000", "--detach", "--cycles", "300", "--rate",
                        "300", "--concurrency", "8", "--look", "none").out
    check("strike 1 has begun" in said and "conkerctl strike attach 1" in said, f"said: {said}")
    shown = field.ctl.json("strike", "status", "1")
    same((shown["state"], shown["target"], shown["cycles_asked"], shown["verdict"]),
         ("running", f"{field.PEER}:9000", 300, None), "while it runs")
    junit = f"{field.scene.directory}/attached.xml"
    attached = field.ctl("strike", "attach", "1", "--junit", junit).expect(0)
    check(attached.out.startswith("PASS: "), f"its report: {attached.out}")
    check(os.path.getsize(junit) > 100, "no JUnit file")
    entry = entries(field)[1]
    same((entry["state"], entry["verdict"], entry["completed"], entry["failed"]),
         ("ended", "pass", 300, 0), "when it is over")
    copied = f"{field.scene.directory}/copied.pcapng"
    report = field.ctl("--json", "strike", "report", "1", "--evidence", copied).expect(0).json()
    same((report["verdict"], report["completed"]), ("pass", 300), "its report again")
    check(os.path.getsize(copied) > 0 and os.path.exists(copied.replace("pcapng", "script")),
          "its evidence was not copied")
    listed = field.ctl.ok("strike", "list").out.splitlines()
    check(listed[0].split()[:3] == ["ID", "STATE", "TARGET"] and
          listed[1].split()[:4] == ["1", "PASS", f"{field.PEER}:9000", "300"], f"list: {listed}")


@test("tap")
def several_at_a_time(field: Field) -> None:
    ports = (9000, 9001, 9002)
    for port in ports:
        field.accept_close(port)
    ids = [detach(field, f"{field.PEER}:{port}", "--cycles", str(400 + port - 9000), "--rate",
                  "200", "--concurrency", "4", "--seed", str(port),
                  "--mix", "fin=2,rst=1,syn-silence=1,syn-data=1,window-small=1", "--payload",
                  "300") for port in ports]
    same(ids, [1, 2, 3], "ids")
    running = [entry for entry in entries(field).values() if entry["state"] == "running"]
    same(len(running), 3, f"at a time: {running}")
    busy = field.ctl("strike", f"{field.PEER}:9001", "--cycles", "1").expect(1).err
    check(f"strike 2 of {field.PEER}:9001 is running" in busy, f"the same target again: {busy}")
    which = field.ctl("strike", "stop").expect(2).err
    check("3 strikes are running: give the id of one" in which, f"stop: {which}")
    for number, port in zip(ids, ports):
        done = ended(field, number, 20)
        same((done["target"], done["completed"] + done["failed"]),
             (f"{field.PEER}:{port}", 400 + port - 9000), "its own account")
        report = field.ctl("--json", "strike", "report", str(number)).json()
        same((report["seed"], report["cycles"], report["findings"]),
             (port, 400 + port - 9000, []), "its own report")
    field.ctl.balanced()


@test("tap", config={"strike": {"allow": ["10.77.0.0/24"], "at_once": 2, "max_concurrency": 10}})
def limits_of_all_together(field: Field) -> None:
    for port in (9000, 9001, 9002):
        field.accept_close(port)
    slow = ("--duration", "20s", "--rate", "10", "--concurrency", "6")
    detach(field, f"{field.PEER}:9000", *slow)
    much = field.ctl("strike", f"{field.PEER}:9001", "--cycles", "1", "--concurrency", "5")
    check("other strikes leave 4 connections of strike.max_concurrency" in much.expect(1).err,
          f"too many in flight: {much.err}")
    second = detach(field, f"{field.PEER}:9001", "--duration", "20s", "--rate", "10")
    many = field.ctl("strike", f"{field.PEER}:9002", "--cycles", "1").expect(1).err
    check("2 strikes are running, as many as strike.at_once" in many, f"one too many: {many}")
    field.ctl.ok("strike", "stop", str(second))
    same(ended(field, second)["verdict"], "inconclusive", "stopped")
    field.ctl.strike(f"{field.PEER}:9002", "--cycles", "5", "--look", "none")
    field.ctl.ok("strike", "stop", "1")


@test("tap")
def the_client_is_killed(field: Field) -> None:
    field.accept_close()
    begun = detach(field, f"{field.PEER}:9000", "--cycles", "400", "--rate", "200")
    follower = field.ctl.start("strike", "attach", str(begun))
    time.sleep(0.5)
    follower.signal(signal.SIGKILL)
    other = field.ctl.start("strike", "attach", str(begun))
    time.sleep(0.3)
    other.signal(signal.SIGINT)
    other.wait(5)
    check("goes on without this client" in other.err(), f"interrupted: {other.err()}")
    same(ended(field, begun)["completed"], 400, "cycles")


@test("tap", "packet")
def the_daemon_is_restarted(field: Field) -> None:
    field.accept_close()
    whole = detach(field, f"{field.PEER}:9000", "--cycles", "50")
    same(ended(field, whole)["verdict"], "pass", "a whole one")
    stopped = detach(field, f"{field.PEER}:9000", "--duration", "60s", "--rate", "100")
    eventually(lambda: entries(field)[stopped]["completed"] > 120, "it runs for a second", 20)
    field.daemon.terminate()
    start_again(field)
    listed = entries(field)
    same((listed[whole]["state"], listed[whole]["verdict"], listed[whole]["completed"]),
         ("ended", "pass", 50), "after a restart")
    same((listed[stopped]["state"], listed[stopped]["verdict"]), ("ended", "inconclusive"),
         "that the restart ended")
    check(listed[stopped]["completed"] > 120, f"cycles: {listed[stopped]}")

    looked_at = detach(field, f"{field.PEER}:9000", "--cycles", "50", look="full")
    eventually(lambda: entries(field)[looked_at]["completed"] == 50, "its cycles are over")
    field.daemon.terminate()
    start_again(field)
    listed = entries(field)[looked_at]
    same((listed["state"], listed["verdict"], listed["completed"]), ("ended", "pass", 50),
         "that the restart ended between two looks after it")

    killed = detach(field, f"{field.PEER}:9000", "--duration", "60s", "--rate", "100")
    same(killed, looked_at + 1, "ids go on")
    eventually(lambda: entries(field)[killed]["elapsed_s"] > 2.3 and
               entries(field)[killed]["completed"] > 200, "it runs for two seconds", 20)
    field.daemon.kill()
    start_again(field)
    lost = entries(field)[killed]
    same((lost["state"], lost["verdict"]), ("lost", "inconclusive"), "after SIGKILL")
    check(lost["completed"] >= 20 and "daemon ended" in lost["why"], f"what it had: {lost}")
    report = field.ctl("--json", "strike", "report", str(killed)).expect(INCONCLUSIVE).json()
    check(report["cycles"] >= lost["completed"], f"its report: {report['why']}")
    over = field.ctl("strike", "attach", str(killed)).expect(1).err
    check(f"strike {killed} is over: `conkerctl strike report {killed}`" in over, f"over: {over}")


@test("tap", config={"strike": {"allow": ["10.77.0.0/24"], "keep": 2}})
def the_oldest_make_room(field: Field) -> None:
    field.accept_close()
    for _ in range(4):
        ended(field, detach(field, f"{field.PEER}:9000", "--cycles", "5"))
    same(sorted(entries(field)), [3, 4], "kept")
    same(files_of(field), {"3.journal", "3.pcapng", "4.journal", "4.pcapng"}, "files")
    gone = field.ctl("strike", "report", "1").expect(1).err
    check("strike 1: " in gone and "`conkerctl strike list` tells" in gone, f"gone: {gone}")


@test("tap")
def what_is_refused(field: Field) -> None:
    field.accept_close()
    target = f"{field.PEER}:9000"
    for arguments, words in (
            (("strike", target, "--detach", "--journal", "/tmp/x"), "--journal excludes --detach"),
            (("strike", target, "--detach", "--monitor", "ping"),
             "--monitor excludes --detach"),
            (("strike", "list", target), "is not for it"),
            (("strike", "status", "1", "--cycles", "5"), "is not for it")):
        done = field.ctl(*arguments).expect(2)
        check(words in done.err, f"{arguments}: {done.err}")
    for arguments in (("attach", "7"), ("status", "7"), ("report", "7")):
        done = field.ctl("strike", *arguments).expect(1)
        check("strike 7" in done.err, f"{arguments}: {done.err}")
    check(not field.ctl.json("strike", "stop")["stopping"], "something was stopped")
    refused = field.ctl("strike", "10.88.0.1:1", "--detach", "--cycles", "1").expect(1).err
    check("cannot strike" in refused or "not allowed" in refused, f"refused: {refused}")
    same(entries(field), {}, "a refused one is listed")
    check("no strike runs, and none is kept in" in field.ctl.ok("strike", "list").out, "empty list")
    directory = field.ctl.json("strike", "list")["directory"]
    with open(directory, "w", encoding="ascii") as file:
        file.write("in the way")
    cannot = field.ctl("strike", target, "--detach", "--cycles", "1").expect(1).err
    check(directory in cannot and "name another strike.directory" in cannot, f"no room: {cannot}")


@test("tap", quick=True)
def a_directory_with_other_things(field: Field) -> None:
    """Files that are no journals, and one that is cut off, are left alone."""
    field.accept_close()
    ended(field, detach(field, f"{field.PEER}:9000", "--cycles", "20"))
    directory = field.ctl.json("strike", "list")["directory"]
    with open(f"{directory}/1.journal", "rb") as file:
        whole = file.read()
    begin = json.loads(whole.split(b"\n")[0])
    check(begin["begin"]["parameters"]["evidence"], "it keeps no evidence")
    for name, content in (("2.journal", whole[:len(whole) // 3]), ("3.journal", b"\x00\xff" * 999),
                          ("4.journal", b""), ("x.journal", whole), ("5.txt", whole),
                          ("18446744073709551615.journal", whole)):
        with open(f"{directory}/{name}", "wb") as file:
            file.write(content)
    os.mkdir(f"{directory}/6.journal")
    field.daemon.terminate()
    start_again(field)
    listed = entries(field)
    same({number: entry["state"] for number, entry in listed.items()}, {1: "ended", 2: "lost"},
         "listed")
    same(detach(field, f"{field.PEER}:9000", "--cycles", "1"), 7, "the next id")
