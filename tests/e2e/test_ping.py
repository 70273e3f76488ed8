"""ICMP echo in both directions."""

from harness import Field, check, same, test


@test("tap", "packet", quick=True)
def kernel_pings_the_stack(field: Field) -> None:
    done = field.peer_ns.run("ping", "-n", "-c", "5", "-i", "0.1", "-W", "2", field.STACK)
    same(done.returncode, 0, f"ping of the stack: {done.stdout}")
    check(" 0% packet loss" in done.stdout, done.stdout)


@test("tap", "packet", quick=True)
def kernel_pings_with_large_payload(field: Field) -> None:
    done = field.peer_ns.run("ping", "-n", "-c", "2", "-i", "0.1", "-W", "2",
                             "-s", "1472", "-M", "do", field.STACK)
    same(done.returncode, 0, f"ping with full frames: {done.stdout}")


@test("tap", "packet", quick=True)
def stack_pings_the_kernel(field: Field) -> None:
    done = field.ctl.ok("ping", field.PEER, "-c", "3")
    check(done.out.count(field.PEER) >= 3, f"three answers expected: {done.out}")
    same(field.ctl.counter("icmp_echo_replies_in"), 3, "replies counted")


@test("tap")
def a_silent_host_times_out(field: Field) -> None:
    field.ctl("ping", "10.77.0.99", "-c", "1").expect(4)
    field.ctl.ok("ping", field.PEER, "-c", "1")
