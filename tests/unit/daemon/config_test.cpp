// The configuration loader: every key, and every error with its place and text.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/changes.hpp"
#include "config/default_path.hpp"
#include "tests/unit/daemon/config_text.hpp"

namespace conker::config {
namespace {

// A valid link, four lines long, to which tests append.
const std::string kLink =
    "links:\n"
    "  - {type: tap, name: lab, device: t0, mac: '02:00:00:00:00:02',\n"
    "     addresses: [10.77.0.2/24]}\n";

TEST(Config, Defaults) {
  const Config config = load(kLink);
  ASSERT_EQ(config.links.size(), 1u);
  EXPECT_EQ(config.links[0].mtu, 1500);
  EXPECT_FALSE(config.gateway.any());
  EXPECT_TRUE(config.services.empty());
  EXPECT_TRUE(config.strike.allow.empty());
  EXPECT_FALSE(config.http);
  EXPECT_FALSE(config.strike.allows(IpAddress::v4(10, 77, 0, 1)));
  EXPECT_EQ(config.shutdown_timeout, 5s);
  EXPECT_EQ(config.control.mode.bits, 0660u);
  EXPECT_EQ(config.settings.time_wait, 60s);
}

TEST(Config, EveryKey) {
  const Config config = load(R"(
links:
  - type: tap
    name: lab
    device: conker0
    mac: 02:00:00:00:00:02
    mtu: 9000
    host_address: 10.77.0.1/24
    addresses: [10.77.0.2/24, 10.77.0.10-10.77.0.12/24]
  - type: packet
    name: wire
    device: eth0
    mac: 02:00:00:00:00:03
    addresses: [192.0.2.10/31]
  - type: unix
    name: pair
    path: /tmp/p.sock
    mode: connect
    mac: 02:00:00:00:00:04
    addresses: [10.78.0.1/24]
gateway: 10.77.0.1
capacities: {connections: 100, half_open: 101, time_wait: 102, listeners: 103, neighbours: 104, addresses: 105,
             interfaces: 6, chunks: 107, chunk_bytes: 1024, transitions: 109, udp_sockets: 110}
tcp: {time_wait: 2m, connect_timeout: 5s, fin_wait_2: 1h, rto_initial: 300ms, rto_min: 20000us, rto_max: 30s,
      retransmits: 3, syn_ack_retransmits: 4, send_buffer: 10000, receive_buffer: 20000, first_port: 2000,
      last_port: 3000, window_scaling: false, timestamps: false, sack: false, delayed_ack: 0ms,
      keepalive_idle: 2h, keepalive_interval: 10s, keepalive_count: 3, user_timeout: 4m,
      user_timeout_option: true, user_timeout_least: 1m, user_timeout_most: 2m, syn_cookies: false, congestion: newreno, ecn: always, least_path_mtu: 600}
services: [{name: echo, port: 7}, {name: accept-close, port: 8}, {name: echo, port: 7, protocol: udp}]
dns: {servers: [10.77.0.1, 192.0.2.53]}
control: {socket: /tmp/c.sock, group: staff, mode: 0600}
http: {port: 8080, allow: [192.0.2.0/24], clients: 8, per_address: 2, idle_timeout: 5s}
strike: {allow: [10.77.0.0/24, 192.0.2.11], max_concurrency: 9, at_once: 3, keep: 7,
         keep_mib: 8, directory: /srv/strikes}
log: {level: debug, sink: /tmp/log}
shutdown_timeout: 1500ms
)");
  ASSERT_EQ(config.links.size(), 3u);
  const Link& tap = config.links[0];
  EXPECT_EQ(tap.name, "lab");
  EXPECT_EQ(tap.mtu, 9000);
  EXPECT_EQ(std::get<Tap>(tap.kind).device.text, "conker0");
  EXPECT_EQ(std::get<Tap>(tap.kind).host_address.v4, (Prefix{IpAddress::v4(10, 77, 0, 1), 24}));
  ASSERT_EQ(tap.addresses.size(), 4u);
  EXPECT_EQ(tap.addresses[3], (Prefix{IpAddress::v4(10, 77, 0, 12), 24}));
  EXPECT_EQ(std::get<Packet>(config.links[1].kind).device.text, "eth0");
  EXPECT_EQ(std::get<Unix>(config.links[2].kind).mode, Unix::Mode::kConnect);
  EXPECT_EQ(config.gateway.v4, IpAddress::v4(10, 77, 0, 1));
  EXPECT_EQ(config.capacities.connections, 100u);
  EXPECT_EQ(config.capacities.half_open, 101u);
  EXPECT_EQ(config.capacities.time_wait, 102u);
  EXPECT_EQ(config.capacities.listeners, 103u);
  EXPECT_EQ(config.capacities.neighbours, 104u);
  EXPECT_EQ(config.capacities.addresses, 105u);
  EXPECT_EQ(config.capacities.interfaces, 6u);
  EXPECT_EQ(config.capacities.chunks, 107u);
  EXPECT_EQ(config.capacities.chunk_bytes, 1024u);
  EXPECT_EQ(config.capacities.transitions, 109u);
  EXPECT_EQ(config.settings.time_wait, 120s);
  EXPECT_EQ(config.settings.connect_timeout, 5s);
  EXPECT_EQ(config.settings.fin_wait_2, 3600s);
  EXPECT_EQ(config.settings.rto_initial, 300ms);
  EXPECT_EQ(config.settings.rto_min, 20ms);
  EXPECT_EQ(config.settings.rto_max, 30s);
  EXPECT_EQ(config.settings.retransmits, 3);
  EXPECT_EQ(config.settings.syn_ack_retransmits, 4);
  EXPECT_EQ(config.settings.send_buffer, 10000u);
  EXPECT_EQ(config.settings.receive_buffer, 20000u);
  EXPECT_EQ(config.settings.first_port, Port{2000});
  EXPECT_EQ(config.settings.last_port, Port{3000});
  EXPECT_FALSE(config.settings.window_scaling || config.settings.timestamps ||
               config.settings.sack);
  EXPECT_EQ(config.settings.delayed_ack, 0s);
  EXPECT_EQ(config.settings.keepalive.idle, 2h);
  EXPECT_EQ(config.settings.keepalive.interval, 10s);
  EXPECT_EQ(config.settings.keepalive.count, 3);
  EXPECT_EQ(config.settings.user_timeout, 240s);
  EXPECT_TRUE(config.settings.user_timeout_option);
  EXPECT_EQ(config.settings.user_timeout_least, 60s);
  EXPECT_EQ(config.settings.user_timeout_most, 120s);
  EXPECT_FALSE(config.syn_cookies);
  EXPECT_EQ(config.settings.congestion, CongestionAlgorithm::kNewReno);
  EXPECT_EQ(config.settings.ecn, Ecn::kAlways);
  EXPECT_EQ(config.settings.least_path_mtu, 600);
  EXPECT_EQ(config.capacities.udp_sockets, 110u);
  ASSERT_EQ(config.dns_servers.size(), 2u);
  EXPECT_EQ(config.dns_servers[1], IpAddress::v4(192, 0, 2, 53));
  ASSERT_EQ(config.services.size(), 3u);
  EXPECT_FALSE(config.services[1].udp);
  EXPECT_TRUE(config.services[2].udp);
  EXPECT_EQ(config.services[1].kind, ServiceKind::kAcceptClose);
  EXPECT_EQ(config.services[1].port, Port{8});
  EXPECT_EQ(config.control.socket.text, "/tmp/c.sock");
  EXPECT_EQ(config.control.group, "staff");
  EXPECT_EQ(config.control.mode.bits, 0600u);
  EXPECT_TRUE(config.strike.allows(IpAddress::v4(10, 77, 0, 255)));
  EXPECT_TRUE(config.strike.allows(IpAddress::v4(192, 0, 2, 11)));
  EXPECT_FALSE(config.strike.allows(IpAddress::v4(192, 0, 2, 12)));
  EXPECT_EQ(config.strike.max_concurrency, 9u);
  EXPECT_EQ(config.strike.at_once, 3u);
  EXPECT_EQ(config.strike.keep, 7u);
  EXPECT_EQ(config.strike.keep_mib, 8u);
  EXPECT_EQ(config.strike.directory.text, "/srv/strikes");
  ASSERT_TRUE(config.http);
  EXPECT_EQ(config.http->port, Port{8080});
  EXPECT_TRUE(config.http->allows(IpAddress::v4(192, 0, 2, 7)));
  EXPECT_FALSE(config.http->allows(IpAddress::v4(10, 77, 0, 1)));
  EXPECT_EQ(config.http->clients, 8u);
  EXPECT_EQ(config.http->per_address, 2u);
  EXPECT_EQ(config.http->streams, 8u);
  EXPECT_EQ(config.http->idle_timeout, 5s);
  EXPECT_EQ(config.http->request_timeout, 10s);
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.sink, "/tmp/log");
  EXPECT_EQ(config.shutdown_timeout, 1500ms);
}

TEST(Config, ServicesHaveKeepaliveByDefault) {  // RFC 9293, 3.8.4
  const auto of = [](const std::string& tcp) { return load(kLink + tcp).service_keepalive; };
  EXPECT_EQ(of("").idle, 2h);
  EXPECT_EQ(of("tcp: {rto_min: 20ms}\n").idle, 2h);
  EXPECT_EQ(of("tcp: {keepalive_idle: 5m, keepalive_interval: 10s}\n").idle, 5min)
      << "meant for all";
  EXPECT_EQ(of("tcp: {keepalive_interval: 10s}\n").interval, 10s);
  EXPECT_EQ(of("tcp: {keepalive_idle: 0ms}\n").idle, 0s);
  EXPECT_EQ(of("tcp: {service_keepalive_idle: 30s}\n").idle, 30s);
  EXPECT_EQ(of("tcp: {keepalive_idle: 5m, service_keepalive_idle: 0ms}\n").idle, 0s);
  EXPECT_EQ(load(kLink + "tcp: {service_keepalive_idle: 30s}\n").settings.keepalive.idle, 0s);
}

TEST(Config, AnAddressMayComeFromDhcp) {
  const Config config = load(
      "links: [{type: tap, name: lab, device: t0, mac: '02:00:00:00:00:02', address: dhcp}]\n");
  EXPECT_TRUE(config.links[0].dhcp);
  EXPECT_TRUE(config.links[0].addresses.empty());
  EXPECT_FALSE(load(kLink).links[0].dhcp);
}

TEST(Config, TheShippedFileIsValid) {
  const Config config = load_file(CONKER_EXAMPLE_CONFIG);
  EXPECT_EQ(config.links.size(), 1u);
  EXPECT_EQ(config.services.size(), 4u);
}

TEST(Config, BesideTheProgram) {
  EXPECT_EQ(path_for_program("/usr/bin/conkerd"), "/etc/conker/conkerd.yaml");
  EXPECT_EQ(path_for_program("/bin/conkerd"), "/etc/conker/conkerd.yaml");
  EXPECT_EQ(path_for_program("/usr/local/bin/conkerd"), "/usr/local/etc/conker/conkerd.yaml");
}

TEST(Config, MissingFile) {
  try {
    load_file("/nonexistent/f.yaml");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "/nonexistent/f.yaml: cannot be opened: No such file or directory");
  }
  EXPECT_THROW(load_file("/"), ConfigError);
}

struct Case {
  const char* name;
  std::string text;
  std::string refusal;  // behind "f.yaml:"
};

const auto kName = [](const testing::TestParamInfo<Case>& tested) {
  return std::string(tested.param.name);
};

class Refusal : public testing::TestWithParam<Case> {};

TEST_P(Refusal, HasPlaceAndText) {
  EXPECT_EQ(refusal(GetParam().text), "f.yaml:" + GetParam().refusal);
}

std::string link_with(const std::string& lines) {
  return "links:\n  - type: tap\n    name: lab\n" + lines;  // appended lines begin on line 4
}

const std::string kRest =
    "    device: t0\n    mac: 02:00:00:00:00:02\n    addresses: [10.0.0.2/24]\n";

std::string unix_link(const std::string& lines) {
  return "links:\n  - type: unix\n    name: u\n    mac: 02:00:00:00:00:02\n    addresses: "
         "[10.0.0.2/24]\n" +
         lines;
}

INSTANTIATE_TEST_SUITE_P(
    File, Refusal,
    testing::Values(
        Case{"empty", "", "1:1: the file is empty; the key links is missing"},
        Case{"only_comments", "# nothing\n", "1:1: the file is empty; the key links is missing"},
        Case{"not_a_mapping", "- a\n", "1:1: must be a mapping with keys such as links"},
        Case{"broken", "links: [\n", "2:1: not valid YAML: end of sequence flow not found"},
        Case{"two_documents", kLink + "---\nlinks: []\n",
             "5:1: a second document; there must be one"},
        Case{"comma_in_front", "," + kLink, "1:1: a second document; there must be one"},
        Case{"comma_behind", "[a], b\n", "1:4: a second document; there must be one"},
        Case{"bracket_that_nothing_opened", kLink + "}\n", "4:1: not valid YAML: illegal flow end"},
        Case{"no_links", "log: {level: info}\n", "1:1: the key links is missing"},
        Case{"unknown", kLink + "colour: red\n",
             "4:1: colour: unknown key; known here: links, gateway, capacities, tcp, services, "
             "control, "
             "strike, log, "
             "shutdown_timeout, routes, ip, dns, http"},
        Case{"nearly_known", kLink + "sevrices: []\n",
             "4:1: sevrices: unknown key; did you mean services?"},
        Case{"nearly_known_below", kLink + "log: {levl: info}\n",
             "4:7: log.levl: unknown key; did you mean level?"},
        Case{"twice", kLink + "gateway: 10.77.0.1\ngateway: 10.77.0.1\n",
             "5:1: gateway: given twice"},
        Case{"line_break_in_a_key", kLink + "log: {\"a\\nb\\e\": c}\n",
             "4:7: log.a\\x0ab\\x1b: unknown key; known here: level, sink"},
        Case{"key_that_is_no_word", kLink + "[a]: b\n", "4:1: a key must be a plain word"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Links, Refusal,
    testing::Values(
        Case{"none", "links: []\n", "1:8: links: must name at least one link"},
        Case{"not_a_list", "links: {a: b}\n", "1:8: links: must be a list"},
        Case{"type", "links:\n  - {type: wire}\n",
             "2:12: links[0].type: \"wire\" must be tap, packet or unix"},
        Case{"no_type", "links:\n  - {name: a}\n", "2:5: links[0]: the key type is missing"},
        Case{"no_device", link_with("    mac: 02:00:00:00:00:02\n    addresses: [10.0.0.2/24]\n"),
             "2:5: links[0]: the key device is missing"},
        Case{"device",
             link_with(
                 "    device: a/b\n    mac: 02:00:00:00:00:02\n    addresses: [10.0.0.2/24]\n"),
             "4:13: links[0].device: \"a/b\" cannot be the name of an interface: 1 to 15 "
             "characters without "
             "space, / "
             "or :"},
        Case{"long_device", link_with("    device: sixteen_letters_\n"),
             "4:13: links[0].device: \"sixteen_letters_\" cannot be the name of an interface: 1 to "
             "15 "
             "characters "
             "without space, / or :"},
        Case{"key_of_another_type", link_with("    path: /x\n" + kRest),
             "4:5: links[0].path: unknown key; known here: type, name, device, host_address, "
             "offload, mac, mtu, addresses, probe, address, faults"},
        Case{"name", "links:\n  - {type: tap, name: a b, device: t0}\n",
             "2:23: links[0].name: \"a b\": a name has 1 to 32 letters, digits, - _ or ."},
        Case{"mac", link_with("    device: t0\n    mac: 02:00:00:00:00\n"),
             "5:10: links[0].mac: \"02:00:00:00:00\" is not a MAC address; write it as "
             "02:00:00:00:00:01"},
        Case{"group_mac", link_with("    device: t0\n    mac: 03:00:00:00:00:01\n"),
             "5:10: links[0].mac: 03:00:00:00:00:01 is a group address; the first byte must be "
             "even"},
        Case{"zero_mac", link_with("    device: t0\n    mac: 00:00:00:00:00:00\n"),
             "5:10: links[0].mac: 00:00:00:00:00:00 is all zeros; choose one such as "
             "02:00:00:00:00:01"},
        Case{"small_mtu", link_with("    mtu: 575\n" + kRest),
             "4:10: links[0].mtu: \"575\" is not a whole number from 576 to 65521"},
        Case{"large_mtu", link_with("    mtu: 65522\n" + kRest),
             "4:10: links[0].mtu: \"65522\" is not a whole number from 576 to 65521"},
        Case{"signed_mtu", link_with("    mtu: -1500\n" + kRest),
             "4:10: links[0].mtu: \"-1500\" is not a whole number from 576 to 65521"},
        Case{"mtu_list", link_with("    mtu: [1]\n" + kRest),
             "4:10: links[0].mtu: must be a single value, not a list"},
        Case{"mtu_nothing", link_with("    mtu: ''\n" + kRest), "4:10: links[0].mtu: is empty"},
        Case{"same_name",
             kLink + "  - {type: tap, name: lab, device: t1, mac: '02:00:00:00:00:03', addresses: "
                     "[10.0.0.1/24]}\n",
             "4:23: links[1].name: another link is named lab"},
        Case{"same_device",
             kLink + "  - {type: tap, name: lab2, device: t0, mac: '02:00:00:00:00:03', addresses: "
                     "[10.0.0.1/24]}\n",
             "4:37: links[1].device: another link uses t0"},
        Case{"too_many", kLink + "  - {type: tap}\ncapacities: {interfaces: 1}\n",
             "4:5: links[1]: more links than capacities.interfaces allows"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Unix, Refusal,
    testing::Values(
        Case{"relative", unix_link("    path: x\n    mode: listen\n"),
             "6:11: links[0].path: \"x\" must be an absolute path"},
        Case{
            "long_path", unix_link("    path: /" + std::string(107, 'x') + "\n    mode: listen\n"),
            "6:11: links[0].path: the path is longer than the 107 bytes a socket address can hold"},
        Case{"mode", unix_link("    path: /x\n    mode: both\n"),
             "7:11: links[0].mode: \"both\" must be listen or connect"},
        Case{"control_on_it",
             unix_link("    path: /x\n    mode: listen\n") + "control: {socket: /x}\n",
             "8:19: control.socket: link u uses this path"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Http, Refusal,
    testing::Values(
        Case{"no_port", kLink + "http: {allow: [10.0.0.0/8]}\n",
             "4:7: http: the key port is missing"},
        Case{"no_allow", kLink + "http: {port: 80}\n", "4:7: http: the key allow is missing"},
        Case{"nobody", kLink + "http: {port: 80, allow: []}\n",
             "4:25: http.allow: allows nobody: name addresses or networks, or leave http out"},
        Case{"port", kLink + "http: {port: 65536, allow: [10.0.0.1]}\n",
             "4:14: http.port: \"65536\" is not a whole number from 1 to 65535"},
        Case{"port_of_a_service",
             kLink + "services: [{name: echo, port: 80}]\nhttp: {port: 80, allow: [10.0.0.1]}\n",
             "5:14: http.port: service echo is on port 80"},
        Case{"no_listener",
             kLink + "capacities: {listeners: 1}\nservices: [{name: echo, port: 7}]\n"
                     "http: {port: 80, allow: [10.0.0.1]}\n",
             "6:7: http: services leave it no listener of capacities.listeners"},
        Case{"more_of_one_than_of_all",
             kLink + "http: {port: 80, allow: [10.0.0.1], clients: 4, per_address: 5}\n",
             "4:62: http.per_address: per_address must not be above clients"},
        Case{"timeout", kLink + "http: {port: 80, allow: [10.0.0.1], request_timeout: 0s}\n",
             "4:54: http.request_timeout: 0s is not between 100ms and 600s"}),
    kName);

std::string addresses(const std::string& list) {
  return link_with("    device: t0\n    mac: 02:00:00:00:00:02\n    addresses: " + list + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, Refusal,
    testing::Values(
        Case{"none", addresses("[]"), "6:16: links[0].addresses: must name at least one address"},
        Case{"scalar", addresses("10.0.0.1/24"), "6:16: links[0].addresses: must be a list"},
        Case{"bare", addresses("[10.0.0.1]"),
             "6:17: links[0].addresses[0]: \"10.0.0.1\" is not an address with its prefix length, "
             "such as "
             "10.77.0.2/24 or fd00:77::2/64"},
        Case{"length", addresses("[10.0.0.1/33]"),
             "6:17: links[0].addresses[0]: \"10.0.0.1/33\" is not an address with its prefix "
             "length, such as "
             "10.77.0.2/24 or fd00:77::2/64"},
        Case{"length_0", addresses("[10.0.0.1/0]"),
             "6:17: links[0].addresses[0]: 10.0.0.1/0: the prefix length must be 1 to 32"},
        Case{"network", addresses("[10.0.0.0/24]"),
             "6:17: links[0].addresses[0]: 10.0.0.0/24 is the network, not a host in it"},
        Case{"broadcast", addresses("[10.0.0.255/24]"),
             "6:17: links[0].addresses[0]: 10.0.0.255/24 is the broadcast address of its network"},
        Case{"reserved", addresses("[240.7.0.2/24]"),
             "6:17: links[0].addresses[0]: 240.7.0.2/24 lies in 240.0.0.0/4, which is reserved"},
        Case{"this_network", addresses("[0.1.2.3/8]"),
             "6:17: links[0].addresses[0]: 0.1.2.3/8 lies in 0.0.0.0/8, which has no hosts"},
        Case{"gateway_broadcast", kLink + "gateway: 10.77.0.255\n",
             "4:10: gateway: is the broadcast address of a network on a link"},
        Case{"loopback", addresses("[127.0.0.1/8]"),
             "6:17: links[0].addresses[0]: 127.0.0.1/8 is a loopback address"},
        Case{"multicast", addresses("[224.0.0.1/8]"),
             "6:17: links[0].addresses[0]: 224.0.0.1/8 is a multicast address"},
        Case{"twice", addresses("[10.0.0.1/24, 10.0.0.1/24]"),
             "6:16: links[0].addresses: 10.0.0.1 is already an address of a link"},
        Case{"of_the_host", addresses("[10.0.0.1/24]") + "    host_address: 10.0.0.1/24\n",
             "7:19: links[0].host_address: 10.0.0.1 is already an address of a link"},
        Case{"range_without_length", addresses("[10.0.0.1-10.0.0.2]"),
             "6:17: links[0].addresses[0]: \"10.0.0.1-10.0.0.2\" is not a range of addresses, such "
             "as "
             "10.77.0.10-10.77.0.40/24"},
        Case{"range_backwards", addresses("[10.0.0.2-10.0.0.1/24]"),
             "6:17: links[0].addresses[0]: 10.0.0.2-10.0.0.1/24: the last address comes before the "
             "first"},
        Case{"range_beyond", addresses("[10.0.0.2-10.0.1.1/24]"),
             "6:17: links[0].addresses[0]: 10.0.0.2-10.0.1.1/24: the range leaves its own network"},
        Case{"range_to_broadcast", addresses("[10.0.0.254-10.0.0.255/24]"),
             "6:17: links[0].addresses[0]: 10.0.0.254-10.0.0.255/24: 10.0.0.255 is the broadcast "
             "address of "
             "its "
             "network"},
        Case{"too_many",
             addresses("[10.0.0.1/24, 10.0.0.2-10.0.0.4/24]") + "capacities: {addresses: 3}\n",
             "6:30: links[0].addresses[1]: 10.0.0.2-10.0.0.4/24: 3 addresses are more than "
             "capacities.addresses "
             "allows (2 left)"},
        Case{"one_too_many",
             addresses("[10.0.0.1/24, 10.0.0.2/24]") + "capacities: {addresses: 1}\n",
             "6:30: links[0].addresses[1]: more addresses than capacities.addresses allows"},
        Case{"host_range", addresses("[10.0.0.1/24]") + "    host_address: 10.0.0.2-10.0.0.3/24\n",
             "7:19: links[0].host_address: \"10.0.0.2-10.0.0.3/24\" is not an address with its "
             "prefix "
             "length, such as "
             "10.77.0.2/24 or fd00:77::2/64"},
        Case{"static_word",
             link_with("    device: t0\n    mac: 02:00:00:00:00:02\n    address: static\n"),
             "6:14: links[0].address: \"static\" must be dhcp, auto or dhcp6; name others under "
             "addresses"},
        Case{"both", addresses("[10.0.0.1/24]") + "    address: dhcp\n",
             "6:17: links[0].addresses[0]: a link has either IPv4 addresses or address: dhcp"},
        Case{"dns_empty", kLink + "dns: {}\n", "4:6: dns: the key servers is missing"},
        Case{"dns_name", kLink + "dns: {servers: [dns.example.org]}\n",
             "4:17: dns.servers[0]: \"dns.example.org\" is not an IP address"},
        Case{"dns_many", kLink + "dns: {servers: [1.0.0.1, 1.0.0.2, 1.0.0.3, 1.0.0.4, 1.0.0.5]}\n",
             "4:53: dns.servers[4]: more than 4 servers"},
        Case{"udp_daytime", kLink + "services: [{name: daytime, port: 13, protocol: udp}]\n",
             "4:48: services[0].protocol: only echo and discard run over udp"},
        Case{"protocol", kLink + "services: [{name: echo, port: 7, protocol: sctp}]\n",
             "4:44: services[0].protocol: \"sctp\" must be tcp or udp"},
        Case{"gateway_own", kLink + "gateway: 10.77.0.2\n",
             "4:10: gateway: is the stack's own address on link lab"},
        Case{"gateway_far", kLink + "gateway: 10.78.0.2\n",
             "4:10: gateway: lies in the network of none of the links' addresses"},
        Case{"gateway_word", kLink + "gateway: router\n",
             "4:10: gateway: \"router\" is not an IP address"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Values, Refusal,
    testing::Values(
        Case{"capacity_range", kLink + "capacities: {connections: 0}\n",
             "4:27: capacities.connections: \"0\" is not a whole number from 1 to 4194304"},
        Case{
            "capacity_unknown", kLink + "capacities: {sockets: 1}\n",
            "4:14: capacities.sockets: unknown key; known here: connections, half_open, time_wait, "
            "listeners, "
            "neighbours, addresses, interfaces, chunks, chunk_bytes, transitions, routes, "
            "udp_sockets"},
        Case{"capacity_type", kLink + "capacities: 3\n",
             "4:13: capacities: must be a mapping with keys such as connections"},
        Case{"number_too_long", kLink + "capacities: {chunks: 99999999999999999999999}\n",
             "4:22: capacities.chunks: \"99999999999999999999999\" is not a whole number from 16 "
             "to 4194304"},
        Case{"duration_without_unit", kLink + "tcp: {time_wait: 60}\n",
             "4:18: tcp.time_wait: \"60\" is not a duration; write a number and a unit, such as "
             "200ms, 60s, "
             "5m or 1h"},
        Case{"duration_range", kLink + "tcp: {time_wait: 2h}\n",
             "4:18: tcp.time_wait: 2h is not between 1ms and 1h"},
        Case{"boolean", kLink + "tcp: {sack: yes}\n",
             "4:13: tcp.sack: \"yes\" must be true or false"},
        Case{"congestion", kLink + "tcp: {congestion: bbr}\n",
             "4:19: tcp.congestion: \"bbr\" must be newreno or cubic"},
        Case{"ecn", kLink + "tcp: {ecn: true}\n",
             "4:12: tcp.ecn: \"true\" must be off, on-request or always"},
        Case{"delayed_ack", kLink + "tcp: {delayed_ack: 1s}\n",
             "4:20: tcp.delayed_ack: 1s is not between 0s and 499ms"},
        Case{"keepalive_count", kLink + "tcp: {keepalive_count: 1}\n",
             "4:24: tcp.keepalive_count: \"1\" is not a whole number from 2 to 255"},
        Case{
            "user_timeouts", kLink + "tcp: {user_timeout_least: 2h}\n",
            "4:27: tcp.user_timeout_least: user_timeout_least must not be above user_timeout_most"},
        Case{"duration_overflow", kLink + "tcp: {time_wait: 9223372036854775807h}\n",
             "4:18: tcp.time_wait: 9223372036854775807h is not between 1ms and 1h"},
        Case{"rto_order", kLink + "tcp: {rto_min: 2s, rto_max: 1s}\n",
             "4:16: tcp.rto_min: rto_min must not be above rto_max"},
        Case{"rto_initial", kLink + "tcp: {rto_min: 2s}\n",
             "4:6: tcp: rto_initial must lie between rto_min and rto_max"},
        Case{"port_order", kLink + "tcp: {last_port: 80}\n",
             "4:18: tcp.last_port: first_port must not be above last_port"},
        Case{"window", kLink + "tcp: {receive_buffer: 16777217}\n",
             "4:23: tcp.receive_buffer: \"16777217\" is not a whole number from 1024 to 16777216"},
        Case{"service_name", kLink + "services: [{name: ftp, port: 7}]\n",
             "4:19: services[0].name: \"ftp\" must be echo, discard, daytime, chargen or "
             "accept-close"},
        Case{"service_port", kLink + "services: [{name: echo, port: 65536}]\n",
             "4:31: services[0].port: \"65536\" is not a whole number from 1 to 65535"},
        Case{"service_without_port", kLink + "services: [{name: echo}]\n",
             "4:12: services[0]: the key port is missing"},
        Case{"service_twice",
             kLink + "services: [{name: echo, port: 7}, {name: discard, port: 7}]\n",
             "4:57: services[1].port: another service is on port 7"},
        Case{"control_mode", kLink + "control: {mode: 0888}\n",
             "4:17: control.mode: \"0888\" is not a file mode; write it in octal, such as 0660"},
        Case{"strike_directory", kLink + "strike: {directory: strikes}\n",
             "4:21: strike.directory: must be an absolute path"},
        Case{"strike_target", kLink + "strike: {allow: [example.org]}\n",
             "4:18: strike.allow[0]: \"example.org\" is not an address with its prefix length, "
             "such as "
             "10.77.0.2/24 or fd00:77::2/64"},
        Case{"log_level", kLink + "log: {level: loud}\n",
             "4:14: log.level: \"loud\" must be debug, info, warning or error"},
        Case{"log_sink", kLink + "log: {sink: syslog}\n",
             "4:13: log.sink: \"syslog\" must be stderr, journal or the absolute path of a file"},
        Case{"shutdown", kLink + "shutdown_timeout: 11m\n",
             "4:19: shutdown_timeout: 11m is not between 0s and 600s"},
        Case{"no_value", kLink + "shutdown_timeout:\ngateway: 10.77.0.1\n",
             "4:1: shutdown_timeout: has no value"}),
    kName);

TEST(Config, FaultsOfALink) {
  const std::string link =
      "links:\n"
      "  - {type: tap, name: lab, device: t0, mac: '02:00:00:00:00:02', addresses: "
      "[10.77.0.2/24],\n"
      "     faults: {";
  const FaultSettings faults =
      load(link + "loss: 0.25%, duplicate: 100%, corrupt: 0%, delay: 3ms, seed: 9}}\n")
          .links[0]
          .faults;
  EXPECT_EQ(faults.loss, 2500u);
  EXPECT_EQ(faults.duplicate, 1'000'000u);
  EXPECT_EQ(faults.reorder, 0u);
  EXPECT_EQ(faults.delay, 3ms);
  EXPECT_EQ(faults.seed, 9u);
  for (const char* share : {"1", "101%", "-1%", "x%", "1%%", "%"}) {
    EXPECT_NE(refusal(link + "loss: \"" + share + "\"}}\n").find("f.yaml:3:21: links[0].faults"),
              std::string::npos)
        << share << ": " << refusal(link + "loss: \"" + share + "\"}}\n");
  }
}

using Keys = std::vector<std::string>;

TEST(Changes, NoneOfTheSameText) {
  const Changes changes = compare(load(kLink), load(kLink));
  EXPECT_EQ(changes.live, Keys());
  EXPECT_EQ(changes.fixed, Keys());
}

TEST(Changes, EachKeyIsLiveOrFixed) {
  const Changes changes = compare(load(kLink), load(kLink + R"(
gateway: 10.77.0.1
routes: [{to: 10.80.0.0/16, link: lab}]
dns: {servers: [10.77.0.1]}
services: [{name: echo, port: 7}]
control: {socket: /c, group: users}
strike: {allow: [10.0.0.0/8], max_concurrency: 1, at_once: 1, directory: /d, keep: 1, keep_mib: 1}
log: {level: debug, sink: journal}
shutdown_timeout: 1s
capacities: {chunks: 100}
tcp: {sack: false, syn_cookies: false, service_keepalive_idle: 1h}
ip: {reassembly_chunks: 9}
)"));
  EXPECT_EQ(changes.live, (Keys{"dns.servers", "services", "strike.allow", "strike.max_concurrency",
                                "strike.at_once", "strike.keep", "strike.keep_mib", "log.level",
                                "log.sink", "shutdown_timeout", "tcp.service_keepalive_idle"}));
  EXPECT_EQ(changes.fixed,
            (Keys{"gateway", "routes", "control.socket", "control.group", "strike.directory",
                  "capacities.chunks", "tcp.sack", "tcp.syn_cookies", "ip.reassembly_chunks"}));
}

}  // namespace
}  // namespace conker::config
