"""The evidence of a strike's findings: pcapng files as tshark and capinfos read them."""

import json
import os
import pathlib
import signal
import subprocess
from typing import Any

from harness import Field, Result, check, eventually, same, test
from harness.field import MAC
from test_judge import DEVICE, device

LOSSY = ("fault", "set", "loss=1%", "seed=5")


def read(tool: str, *arguments: str) -> str:
    """What a tool of Wireshark prints of a file; it must not complain."""
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines()
                  if line and not line.startswith("Running as user")]
    same((done.returncode, complaints), (0, []), f"{tool} {' '.join(arguments)}")
    return done.stdout


def frames(path: str, *fields: str, where: str = "frame") -> list[list[str]]:
    """The fields of each frame that a display filter lets through."""
    wanted = [word for field in fields for word in ("-e", field)]
    lines = read("tshark", "-nr", path, "-Y", where, "-T", "fields", *wanted).splitlines()
    return [line.split("\t") for line in lines]


def report(done: Result) -> dict[str, Any]:
    """The strike's result; behind it conkerctl may have printed an error."""
    result: dict[str, Any] = json.loads(done.out.splitlines()[0])
    return result


def strike(field: Field, path: str, *arguments: str) -> Result:
    return field.ctl("--json", "strike", f"{field.PEER}:9000", "--concurrency", "16",
                     "--evidence", path, *arguments, timeout=120)


def evidence_of(done: Result, path: str) -> dict[str, Any]:
    """The result's account of the file, which must be right."""
    evidence: dict[str, Any] = report(done)["evidence"]
    same(evidence["bytes"], os.path.getsize(path), "size of the file")
    same(evidence["frames"], len(frames(path, "frame.number")), "frames in the file")
    return evidence


@test("tap", "packet")
def findings_have_their_frames(field: Field) -> None:
    """With a link that loses frames: what is found is inconclusive, and is written all the same."""
    path = f"{field.scene.directory}/found.pcapng"
    field.accept_close()
    field.ctl.ok(*LOSSY)
    done = strike(field, path, "--cycles", "3000", "--max", "failed=1%").expect(11)
    evidence = evidence_of(done, path)
    same(evidence["error"], None, "error")

    everything = frames(path, "frame.comment", "tcp.stream", "tcp.flags",
                        "frame.packet_flags_direction", "eth.src", "frame.time_epoch", "ip.id",
                        "tcp.seq_raw")
    segments = [tuple(row) for row in everything if row[1]]  # of others not a field is shown
    same(len(set(segments)), len(segments), "segments that are there once")
    comments = [row for row in everything if row[0]]
    check(comments, "no frame has a comment")
    same(sum(row[0].count("conker: ") for row in comments), evidence["findings"], "comments")
    for comment, stream, *_ in comments:
        check(", seen " in comment and "inconclusive: faults were set on the link" in comment,
              f"comment: {comment}")
        connection = [row for row in everything if row[1] == stream]
        same(connection[0][:3], ["", stream, "0x0002"], "the connection's first frame, its SYN")
        times = [float(row[5]) for row in connection]
        same(times, sorted(times), "frames of the connection in order of time")
    for finding in report(done)["findings"]:
        check(finding["rule"] in str(comments), f"no frame for {finding['rule']}")
    for row in everything:
        same(row[3], "0x00000002" if row[4] == MAC else "0x00000001", f"direction of {row}")
    about = read("capinfos", path)
    for text in ("conker 0", '"target":', '"from_port":', "field", "Ethernet"):
        check(text in about, f"capinfos does not show {text}: {about}")

    with open(path.replace(".pcapng", ".json"), encoding="utf-8") as file:
        same(json.load(file), report(done), "the .json beside it")
    text = pathlib.Path(path.replace(".pcapng", ".txt")).read_text(encoding="utf-8")
    check(text.startswith("INCONCLUSIVE: ") and path in text, f"report: {text}")


@test("tap")
def nothing_found_is_an_empty_capture(field: Field) -> None:
    path = f"{field.scene.directory}/nothing.pcapng"
    field.accept_close()
    done = strike(field, path, "--cycles", "20").expect(0)
    same(evidence_of(done, path)["frames"], 0, "frames")
    read("capinfos", path)
    shown = field.ctl.ok("strike", f"{field.PEER}:9000", "--cycles", "5", "--evidence", path)
    check(path in shown.out, f"the report does not name the file: {shown.out}")


@test("tap")
def a_full_disk(field: Field) -> None:
    """The strike goes on, and what was written before is a capture."""
    path = f"{field.scene.tiny_disk('8k')}/full.pcapng"
    field.accept_close()
    field.ctl.ok(*LOSSY)
    done = strike(field, path, "--cycles", "3000")
    same(report(done)["cycles"], 3000, "cycles begun")
    same(evidence_of(done, path)["error"], "No space left on device", "error")
    read("capinfos", path)
    same(field.daemon.process.err().count("its evidence ends"), 1, "warnings")


@test("tap")
def files_that_cannot_be_written(field: Field) -> None:
    path = f"{field.scene.directory}/report.pcapng"
    field.accept_close()
    same(strike(field, "/nonexistent/file", "--cycles", "5").expect(1).err.strip(),
         "conkerctl: /nonexistent/file: No such file or directory", "error")
    strike(field, "/dev/full", "--cycles", "5").expect(1)
    os.mkdir(path.replace(".pcapng", ".json"))
    done = strike(field, path, "--cycles", "5").expect(1)
    same(report(done)["verdict"], "pass", "verdict")
    check("report.json: Is a directory" in done.err, f"error: {done.err}")


@test("tap")
def a_client_that_is_killed_leaves_a_capture(field: Field) -> None:
    path = f"{field.scene.directory}/killed.pcapng"
    field.accept_close()
    field.ctl.ok(*LOSSY)
    running = field.ctl.start("strike", f"{field.PEER}:9000", "--duration", "60",
                              "--evidence", path)
    eventually(lambda: os.path.exists(path) and os.path.getsize(path) > 2000, "findings", 30)
    running.signal(signal.SIGKILL)
    check(frames(path, "frame.comment", where="frame.comment"), "no frame has a comment")
    read("capinfos", path)


@test("tap")
def the_segment_that_breaks_a_rule(field: Field) -> None:
    """A device's RST outside the window, once in 500 connections: the first four of them. On a busy
    machine other findings, which are inconclusive, may join them."""
    path = f"{field.scene.directory}/device.pcapng"
    process = device(field, "--fault", "reset-outside-window", "--every", "500")
    done = field.ctl("--json", "strike", f"{DEVICE}:9000", "--cycles", "3000", "--concurrency",
                     "16", "--look", "none", "--evidence", path, timeout=120).expect(10)
    process.stop()
    evidence_of(done, path)
    comments = frames(path, "frame.comment", "ip.src", "tcp.flags.reset",
                      where='frame.comment && !(frame.comment contains "inconclusive")')
    for comment, source, reset in comments:
        check(comment.startswith("conker: fault reset-sequence (RFC 9293, 3.10.7.1): "), comment)
        same((source, reset), (DEVICE, "1"), f"the frame with the comment {comment}")
    same([row[0].split("cycle ")[1].split(";")[0] for row in comments],
         ["500", "1,000", "1,500", "2,000"], "cycles")

    # The first of them as a script: the connection from its SYN on.
    script = pathlib.Path(path.replace(".pcapng", ".script")).read_text(encoding="utf-8")
    lines = [line for line in script.splitlines() if not line.startswith("# ")]
    check(lines[0].startswith("0.000000 > S   0:1(0) win "), f"first frame: {script}")
    check(" < S.  0:1(0) ack 1 win " in lines[1], f"second frame: {script}")
    broken = script.split("# The next frame: fault reset-sequence (RFC 9293, 3.10.7.1): ")[1]
    check("cycle 500; expected " in broken.splitlines()[0], f"comment: {script}")
    check(" < R" in broken.splitlines()[1], f"frame: {script}")
    same(len([line for line in lines if "# SEQ " in line]), len(lines), "absolute numbers")
    text = pathlib.Path(path.replace(".pcapng", ".txt")).read_text(encoding="utf-8")
    check(text.endswith(script), f"the report does not have the script: {text}")
