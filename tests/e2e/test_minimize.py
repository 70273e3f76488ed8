"""strike --replay --minimize: the least strike that still finds what another one found."""

import shlex

from harness import Field, check, same, test
from test_judge import DEVICE, device

FOUND, NOT_FOUND = 10, 11
RULE = "unsent-ack-taken"
FAULT = ("--fault", "unsent-ack-resets", "--every", "20")


def found(field: Field) -> str:
    """A finding that needs one of the three ways of the mix; the path of its evidence."""
    stem = f"{field.scene.directory}/mixed"
    process = device(field, *FAULT)
    field.ctl("strike", f"{DEVICE}:9000", "--cycles", "1500", "--concurrency", "8", "--hold", "5ms",
              "--mix", "fin=2,rst=1,ack-beyond=1", "--look", "none", "--evidence",
              f"{stem}.pcapng", timeout=60).expect(FOUND)
    process.stop()
    return f"{stem}.json"


@test("tap", busy=True)
def one_way_and_one_at_a_time(field: Field) -> None:
    path = found(field)
    process = device(field, *FAULT)
    done = field.ctl("strike", "--replay", path, "--rule", RULE, "--minimize", timeout=120)
    same(done.code, FOUND, f"exit code: {done.out} {done.err}")
    for line in ("as recorded ", "other ports ", "1 at a time ", "fin alone ", "rst alone ",
                 "ack-beyond alone ", "repeated, 3 of 3 "):
        check(line in done.out, f"no line {line}: {done.out}")
    check(f"\nthe least that found {RULE}: found again " in done.out, f"report: {done.out}")
    command = shlex.split(done.out.splitlines()[-1])
    same(command[:3], ["conkerctl", "strike", f"{DEVICE}:9000"], "command")
    check("--close ack-beyond" in " ".join(command) and "--concurrency" not in command,
          f"command: {command}")
    cycles = int(command[command.index("--cycles") + 1])
    check(cycles <= 25, f"cycles: {done.out}")
    process.stop()
    process = device(field, "--fault", FAULT[1], "--every", str(cycles))
    field.ctl(*command[1:], timeout=60).expect(FOUND)
    process.stop()


@test("tap")
def what_does_not_come_again(field: Field) -> None:
    path = found(field)
    process = device(field)
    done = field.ctl("strike", "--replay", path, "--rule", RULE, "--minimize", timeout=120
                     ).expect(NOT_FOUND)
    check(done.out.endswith(f"not found again: {RULE}: there is nothing to minimize\n"), done.out)
    process.stop()


@test("tap")
def a_search_that_is_ended(field: Field) -> None:
    path = found(field)
    process = device(field, *FAULT)
    told = field.ctl("--json", "strike", "--replay", path, "--rule", RULE, "--minimize", "--tries",
                     "3", timeout=120).expect(FOUND).json()
    process.stop()
    same((told["found"], told["complete"], told["strikes"], told["repeated"]), (True, False, 6, 3),
         "what was done")
    same(told["parameters"]["concurrency"], 1, "connections at a time")
    same(field.ctl("strike", "--replay", path, "--tries", "5").expect(2).err,
         "conkerctl: --tries requires --minimize: see conkerctl --help\n", "error")
