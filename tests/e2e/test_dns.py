"""Host lookup (DNS) with a real server: dnsmasq."""

import time

from harness import Dnsmasq, Field, check, same, test

DNS = {"dns": {"servers": ["10.77.0.1"]}, "strike": {"allow": ["10.77.0.0/24"]}}


def server(field: Field, *arguments: str) -> Dnsmasq:
    device = "conker0" if field.link == "tap" else "peer0"
    return Dnsmasq(field.scene, field.peer_ns, device, "--log-queries", "--local=/test/",
                   "--host-record=www.test,10.77.0.1",
                   "--cname=alias.test,www.test", "--cname=far.test,nowhere.example", *arguments)


@test("tap", "packet", config=DNS, quick=True)
def resolves_names(field: Field) -> None:
    dns = server(field, "--host-record=many.test,10.77.0.10", "--host-record=many.test,10.77.0.11")
    same(field.ctl.ok("resolve", "www.test").out, "10.77.0.1\n", "A")
    same(field.ctl.ok("resolve", "ALIAS.test.").out, "10.77.0.1\n", "CNAME")
    same(sorted(field.ctl.json("resolve", "many.test")["addresses"]),
         ["10.77.0.10", "10.77.0.11"], "several")
    same(dns.count("query[A] www.test"), 1, "questions")


@test("tap", config=DNS, quick=True)
def open_tries_each_address_of_a_name(field: Field) -> None:
    many = [f"--host-record=many.test,10.77.0.{last}" for last in (1, 97, 98, 99)]
    none = [f"--host-record=none.test,10.77.0.{last}" for last in (98, 99)]
    server(field, *many, *none)
    with field.listen(7000):
        opened = field.ctl.json("open", "many.test:7000", "--timeout", "5s")
        same(opened["remote"], "10.77.0.1:7000", "the one that answers, be it the last")
        same(field.ctl.json("list")["total"], 1, "connections: the other attempts have ended")
    done = field.ctl("open", "none.test:9", "--timeout", "500ms").expect(4)
    for address in ("10.77.0.98", "10.77.0.99"):
        check(f"{address}:9 did not answer in time" in done.err, done.err)


@test("tap", config=DNS, quick=True)
def answers_are_cached_for_their_ttl(field: Field) -> None:
    dns = server(field, "--local-ttl=2")
    same(field.ctl.json("resolve", "www.test")["cached"], False, "cached at first")
    same(field.ctl.json("resolve", "www.test")["cached"], True, "cached then")
    same(dns.count("query[A] www.test"), 1, "questions")
    time.sleep(2.1)
    same(field.ctl.json("resolve", "www.test")["cached"], False, "cached after its time")


@test("tap", config=DNS, quick=True)
def errors_are_explained(field: Field) -> None:
    server(field)
    done = field.ctl("resolve", "nowhere.test").expect(1)
    same(done.err, "conkerctl: nowhere.test: there is no such name\n", "NXDOMAIN")
    done = field.ctl("open", "nowhere.test:80").expect(1)
    same(done.err, "conkerctl: nowhere.test: there is no such name\n", "NXDOMAIN of open")
    done = field.ctl("resolve", "www.example").expect(1)
    check("could not tell" in done.err, f"REFUSED: {done.err}")
    field.ctl("resolve", "not a name").expect(2)
    field.ctl("open", "10.77.0.256:80").expect(2)


@test("tap", config=DNS)
def a_closed_port_is_an_error_at_once(field: Field) -> None:
    begin = time.monotonic()
    done = field.ctl("resolve", "www.test").expect(4)  # the kernel says that the port is closed
    check("no DNS server answers" in done.err, done.err)
    check(time.monotonic() - begin < 3, "a refusal is heard at once")


@test("tap", config={"dns": {"servers": ["10.77.0.99"]}})
def a_silent_server_times_out(field: Field) -> None:
    done = field.ctl("resolve", "www.test").expect(4)
    check("no DNS server answers" in done.err, done.err)


@test("tap", config={"dns": {"servers": ["10.77.0.99", "10.77.0.1"]}}, quick=True)
def the_next_server_is_asked_after_a_timeout(field: Field) -> None:
    server(field)
    same(field.ctl.ok("resolve", "www.test").out, "10.77.0.1\n", "from the second server")


@test("tap", quick=True)
def without_servers_lookup_fails(field: Field) -> None:
    done = field.ctl("resolve", "www.test").expect(1)
    check("dns.servers" in done.err, f"says what to do: {done.err}")


@test("tap", config=DNS, quick=True)
def names_in_place_of_addresses(field: Field) -> None:
    server(field)
    field.accept_close(9000)
    check(field.ctl.open("www.test:9000"), "open")
    check("10.77.0.1" in field.ctl.ok("ping", "www.test", "-c", "1").out, "ping")
    field.ctl.ok("udp", "send", "www.test:9", "x")
    report = field.ctl.strike("alias.test:9000", "--cycles", "10")
    same((report["target"], report["completed"]), ("10.77.0.1:9000", 10), "strike")


@test("tap", config=DNS, quick=True)
def truncated_answers_are_asked_for_over_tcp(field: Field) -> None:
    dns = server(field, *(f"--host-record=big.test,10.77.1.{i}" for i in range(1, 60)))
    same(len(field.ctl.json("resolve", "big.test")["addresses"]), 8, "addresses kept")
    same(field.ctl.counter("dns_queries_tcp"), 1, "asked over TCP")
    check(dns.process.running(), "dnsmasq is still there")
