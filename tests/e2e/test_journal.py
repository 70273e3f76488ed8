"""The journal of a strike: what is left of it when its client, the daemon or the disk ends."""

import json
import os
import pathlib
import signal
import subprocess
import time
from typing import Any

from harness import Field, Process, check, eventually, same, test
from test_evidence import LOSSY, frames, read

FAIL, INCONCLUSIVE = 10, 11


def lines(path: str) -> list[dict[str, Any]]:
    """The whole lines of a journal."""
    text = pathlib.Path(path).read_text(encoding="utf-8") if os.path.exists(path) else ""
    return [json.loads(line) for line in text.split("\n")[:-1] if line]


def kinds(path: str) -> list[str]:
    return [next(iter(line)) for line in lines(path)]


def rows(path: str) -> list[dict[str, Any]]:
    return [line["second"] for line in lines(path) if "second" in line]


def start(field: Field, path: str, *arguments: str) -> Process:
    """A strike that runs until two rows are in its journal."""
    running = field.ctl.start("strike", f"{field.PEER}:9000", "--rate", "500", "--concurrency", "8",
                              "--journal", path, *arguments)
    running.until(lambda: len(rows(path)) >= 2, "two rows in the journal", 30)
    return running


def report(field: Field, path: str, code: int) -> dict[str, Any]:
    told: dict[str, Any] = field.ctl("--json", "strike-report", path).expect(code).json()
    return told


def resume(field: Field, path: str) -> dict[str, Any]:
    done = field.ctl("--json", "strike", "--resume", path, timeout=120)
    whole: dict[str, Any] = done.json()
    done.expect({"pass": 0, "fail": FAIL, "inconclusive": INCONCLUSIVE}[whole["verdict"]])
    return whole


def whole_again(field: Field, path: str, cycles: int) -> None:
    """Does what is left; the report, and that of the journal, are of all parts."""
    before = [line["second"]["so_far"]["cycles"] for line in lines(path) if "second" in line][-1]
    whole = resume(field, path)
    same(whole["cycles"], cycles, "cycles of all parts")
    check(whole["verdict"] == "pass" or whole["findings"], f"verdict: {whole['why']}")
    check(sum(row["begun"] for row in whole["seconds"]) >= before, f"rows: {whole['seconds']}")
    begins = [line["begin"] for line in lines(path) if "begin" in line]
    same(len(begins), 2, "parts")
    check(begins[1]["parameters"]["resumed_cycles"] >= before, f"resumed: {begins[1]}")
    told = report(field, path, {"pass": 0, "inconclusive": INCONCLUSIVE}[whole["verdict"]])
    same((told["cycles"], told["verdict"], told["findings"]),
         (whole["cycles"], whole["verdict"], whole["findings"]), "the same from the journal")
    check("nothing is left of its strike" in field.ctl("strike", "--resume", path).expect(1).err,
          "a strike that is over was resumed")


@test("tap", quick=True)
def a_strike_that_ends(field: Field) -> None:
    path = f"{field.scene.directory}/whole.journal"
    field.accept_close()
    done = field.ctl("--json", "strike", f"{field.PEER}:9000", "--cycles", "1500", "--rate", "500",
                     "--concurrency", "8", "--mix", "fin=1,rst=1", "--journal", path)
    result = done.json()
    told = kinds(path)
    same((told[0], told[-1], told.count("report")), ("begin", "report", 1), "first and last line")
    check(abs(told.count("second") - int(result["duration_s"])) <= 1, f"a row a second: {told}")
    begin = lines(path)[0]["begin"]
    same((begin["target"], begin["link"]), (f"{field.PEER}:9000", "field"), "what began")
    check(begin["parameters"]["from_port"] > 0, f"from where: {begin}")
    same(result["journal"]["error"], None, "error")
    same(result["journal"]["lines"], len(told), "lines that the result counts")
    same(sum(row["begun"] for row in rows(path)), rows(path)[-1]["so_far"]["cycles"], "cycles")
    again = report(field, path, done.code)
    for key in ("verdict", "cycles", "findings", "ways", "seconds", "connect_us"):
        same(again[key], result[key], key)
    shown = field.ctl("strike-report", path)
    check(shown.out.startswith(result["verdict"].upper() + ": "), f"report: {shown.out}")
    check(path in shown.out, "the report does not name the journal")


@test("tap")
def rows_have_failures_by_phase(field: Field) -> None:
    """Of the file as of the result; the target refuses each SYN."""
    path = f"{field.scene.directory}/refused.journal"
    result = field.ctl.strike(f"{field.PEER}:9000", "--duration", "2500ms", "--rate", "50",
                              "--keep-going", "--look", "none", "--journal", path)
    same(result["verdict"], "fail", f"verdict ({result['why']})")
    for where, seconds in (("result", result["seconds"]), ("journal", rows(path))):
        check(len(seconds) >= 2 and sum(row["failed"] for row in seconds) > 50, f"{where}: rows")
        for row in seconds:
            same((row["failed_connecting"], row["failed_established"], row["failed_closing"]),
                 (row["failed"], 0, 0), f"{where}: failed, by phase")
    check(all(row["most_in_flight"] > 0 for row in result["seconds"][:2]), "in flight")


@test("tap", "packet", busy=True)
def a_client_that_is_killed(field: Field) -> None:
    path = f"{field.scene.directory}/client.journal"
    field.accept_close()
    running = start(field, path, "--cycles", "2500")
    check("still runs" in report(field, path, INCONCLUSIVE)["why"], "while it runs")
    check("a strike is writing to it" in field.ctl("strike", "--resume", path).expect(1).err,
          "resumed while it runs")
    running.signal(signal.SIGKILL)
    eventually(lambda: kinds(path)[-1] == "report", "the daemon's report", 10)
    same([line["stopped"]["why"] for line in lines(path) if "stopped" in line],
         ["its client has gone"], "why it stopped")
    told = report(field, path, INCONCLUSIVE)
    check("asked for 2500 cycles, did " in told["why"], f"why: {told['why']}")
    check(0 < told["cycles"] < 2500, f"cycles: {told['cycles']}")
    whole_again(field, path, 2500)


@test("tap", "packet", busy=True)
def a_daemon_that_is_killed(field: Field) -> None:
    """Its client tells what it knows, the journal more; the evidence is a capture."""
    path, evidence = f"{field.scene.directory}/daemon.journal", f"{field.scene.directory}/d.pcapng"
    field.accept_close()
    field.ctl.ok(*LOSSY)
    running = start(field, path, "--cycles", "2500", "--evidence", evidence,
                    "--max", "failed=100%")
    running.until(lambda: os.path.getsize(evidence) > 2000, "evidence", 30)
    field.daemon.kill()
    same(running.wait(), 5, "exit code of conkerctl")
    for words in ("known of it: ", "strike-report " + path, "the daemon closed the connection"):
        check(words in running.err(), f"no {words}: {running.err()}")
    check(frames(evidence, "frame.comment", where="frame.comment"), "no frame has a comment")
    read("capinfos", evidence)

    known = rows(path)[-1]
    with open(path, "ab") as file:
        file.write(b'{"second":{"at_s":')  # as if it had been killed while it wrote
    told = report(field, path, INCONCLUSIVE)
    same((told["cycles"], told["duration_s"]),
         (known["so_far"]["cycles"], known["so_far"]["duration_s"]), "known")
    check(told["why"].startswith("the daemon ended, or the journal was cut: known up to "),
          told["why"])
    check("finding" in kinds_of(told, path), "no finding")
    shown = field.ctl("strike-report", path).expect(INCONCLUSIVE).out
    check("faults were set on the link" in shown, f"report: {shown}")
    with field.stack_ns.entered():
        field.daemon.start()
    whole = resume(field, path)
    same((whole["cycles"], sum(whole["failed"].values())), (2500, 0), "cycles of all parts")
    check(len(whole["findings"]) >= len(told["findings"]), "findings of all parts")
    report(field, path, {"pass": 0, "fail": FAIL, "inconclusive": INCONCLUSIVE}[whole["verdict"]])


def kinds_of(told: dict[str, Any], path: str) -> list[str]:
    """The kinds of lines of a journal that ends within one; its findings are told."""
    found = [next(iter(line)) for line in lines(path)]
    same("finding" in found, bool(told["findings"]), "findings that are told")
    return found


@test("tap", busy=True)
def a_daemon_that_is_told_to_end(field: Field) -> None:
    path = f"{field.scene.directory}/end.journal"
    field.accept_close()
    # What is in flight then, and closed by the daemon, is no failure.
    running = start(field, path, "--duration", "60", "--close", "fin-late", "--hold", "200ms")
    field.daemon.terminate()
    check(running.wait() in (5, INCONCLUSIVE), f"exit code of conkerctl: {running.wait()}")
    check("the daemon ends" in [line["stopped"]["why"] for line in lines(path)
                                if "stopped" in line], f"why: {kinds(path)}")
    same(kinds(path)[-1], "report", "the end")
    told = report(field, path, INCONCLUSIVE)
    same(sum(told["failed"].values()), 0, f"failed cycles: {told['failed']}")
    check(told["audit"]["live"] > 0 and told["why"].endswith(" were in flight"),
          f"in flight: {told['audit']}, {told['why']}")


@test("tap", busy=True)
def a_full_disk(field: Field) -> None:
    """The strike goes on; its report says from when on the journal is incomplete."""
    path = f"{field.scene.tiny_disk('4k')}/full.journal"
    field.accept_close()
    done = field.ctl("strike", f"{field.PEER}:9000", "--cycles", "4000", "--rate", "500",
                     "--journal", path)
    check("journal " in done.out and "lost: No space left on device" in done.out, done.out)
    told = report(field, path, INCONCLUSIVE)
    check(0 < told["cycles"] < 4000, f"cycles: {told['cycles']}")
    same(pathlib.Path(path).read_text(encoding="utf-8")[-1], "\n", "the end of the last whole line")
    check(field.daemon.process.running(), "the daemon has ended")


@test("tap")
def a_disk_that_hangs(field: Field) -> None:
    """A file system that is frozen: other connections and the strike go on."""
    disk, directory = f"{field.scene.directory}/disk", f"{field.scene.directory}/frozen"
    os.mkdir(directory)
    with open(disk, "wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    subprocess.run(["mount", "-o", "loop", disk, directory], check=True)
    field.scene.undo(subprocess.run, ["umount", "-l", directory])
    path = f"{directory}/hangs.journal"
    field.accept_close()
    running = start(field, path, "--cycles", "2500")
    subprocess.run(["fsfreeze", "-f", directory], check=True)
    try:
        begun = time.monotonic()
        field.ctl.ok("ping", field.PEER, "-c", "1")
        running.wait(60)
        check("the disk had not taken all of it" in running.out(), running.out())
        field.scene.note(f"{time.monotonic() - begun:.1f} s to the end")
    finally:
        subprocess.run(["fsfreeze", "-u", directory], check=True)
    eventually(lambda: kinds(path)[-1] == "report", "the report, once the disk goes on", 10)


@test("tap")
def interrupted_twice(field: Field) -> None:
    """The first stops the strike, which waits for a peer that does not answer; the second ends
    conkerctl, which tells what it knows."""
    path = f"{field.scene.directory}/twice.journal"
    running = field.ctl.start("strike", "10.77.0.99:9000", "--cycles", "10", "--connect-timeout",
                              "60", "--journal", path)
    running.until(lambda: rows(path), "a row", 20)
    running.signal(signal.SIGINT)
    eventually(lambda: "stopped" in kinds(path), "it stops", 10)
    check(running.running(), "it did not wait")
    running.signal(signal.SIGINT)
    same(running.wait(), INCONCLUSIVE, "exit code")
    for words in ("known of it: 1 cycles begun, 0 completed", path, "interrupted again"):
        check(words in running.err(), f"no {words}: {running.err()}")
    report(field, path, INCONCLUSIVE)


@test("tap")
def files_that_are_no_journals(field: Field) -> None:
    directory = field.scene.directory
    pipe, text, empty = f"{directory}/pipe", f"{directory}/text", f"{directory}/empty"
    os.mkfifo(pipe)
    pathlib.Path(text).write_text("hello\n", encoding="ascii")
    pathlib.Path(empty).touch()
    strike = ("strike", f"{field.PEER}:9000", "--cycles", "5", "--journal")
    for path, words, code in ((directory, "Is a directory", 1),
                              (pipe, "a journal needs a regular file", 1),
                              ("/dev/full", "a journal needs a regular file", 1),
                              ("/nonexistent/file", "No such file or directory", 1),
                              (text, "something is in it", 2)):
        done = field.ctl(*strike, path).expect(code)
        same(len(done.err.splitlines()), 1, f"lines of {done.err}")
        check(path in done.err and words in done.err, f"error: {done.err}")
    same(pathlib.Path(text).read_text(encoding="ascii"), "hello\n", "the file")
    for path in (text, empty):
        for verb in (("strike-report",), ("strike", "--resume")):
            done = field.ctl(*verb, path).expect(1)
            check("not the journal of a strike" in done.err, f"error: {done.err}")
    check("give HOST:PORT" in field.ctl("strike").expect(2).err, "no target")
    field.ctl("strike", f"{field.PEER}:9000", "--resume", text).expect(2)


@test("tap")
def what_monitors_saw_is_in_the_journal(field: Field) -> None:
    """A service that is lost once the strike has begun: FAIL, by conkerctl."""
    path, flag = f"{field.scene.directory}/ruled.journal", f"{field.scene.directory}/ready"
    field.accept_close()
    pathlib.Path(flag).touch()
    running = field.ctl.start("--json", "strike", f"{field.PEER}:9000", "--rate", "200",
                              "--duration", "4s", "--monitor", f"exec:test -e {flag}",
                              "--monitor-every", "250ms", "--monitor-after", "1s",
                              "--journal", path)
    running.until(lambda: rows(path), "the strike runs", 30)
    os.unlink(flag)
    same(running.wait(60), FAIL, "exit code")
    same(kinds(path)[-1], "ruling", "the last line")
    told = report(field, path, FAIL)
    same((told["verdict"], told["why"]),
         ("fail", running.last_json()["why"]), "the verdict with the monitors'")
