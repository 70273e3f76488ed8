// The keys routes, ip and probe: accepted values and errors.
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/stack.hpp"
#include "tests/support/storage.hpp"
#include "tests/unit/daemon/config_text.hpp"

namespace conker::config {
namespace {

class NullLink final : public conker::Link {
 public:
  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut&, Instant) override { return true; }
};

const std::string kTwoLinks =
    "links:\n"
    "  - {type: tap, name: lab, device: a0, mac: 02:00:00:00:00:02, addresses: [10.77.0.2/24]}\n"
    "  - {type: tap, name: far, device: a1, mac: 02:00:00:00:00:03, addresses: [10.78.0.2/24], "
    "probe: "
    "true}\n";

TEST(ConfigNetwork, Defaults) {
  const Config config = load(kTwoLinks);
  EXPECT_TRUE(config.routes.empty());
  EXPECT_EQ(config.links[0].probe, std::nullopt);
  EXPECT_EQ(config.links[1].probe, true);
  EXPECT_EQ(config.settings.ttl, 64);
  EXPECT_EQ(config.settings.dscp, 0);
  EXPECT_EQ(config.reassembly.datagrams, 64u);
}

TEST(ConfigNetwork, Routes) {
  const Config config = load(kTwoLinks +
                             "gateway: 10.77.0.1\n"
                             "routes:\n"
                             "  - {to: 10.80.0.0/16, via: 10.78.0.1}\n"
                             "  - {to: 192.0.2.7/32, link: far}\n");
  ASSERT_EQ(config.routes.size(), 2u);
  EXPECT_EQ(config.routes[0].to, (Prefix{IpAddress::v4(10, 80, 0, 0), 16}));
  EXPECT_EQ(config.routes[0].gateway, IpAddress::v4(10, 78, 0, 1));
  EXPECT_FALSE(config.routes[1].gateway);
  EXPECT_EQ(config.routes[1].link, 1u);
}

TEST(ConfigNetwork, Ip) {
  const Config config = load(kTwoLinks +
                             "tcp: {time_wait: 2m}\n"
                             "ip: {ttl: 3, dscp: 46, icmp_errors_per_second: 0, "
                             "reassembly_timeout: 90s, reassembly_datagrams: 0,\n"
                             "     reassembly_chunks: 9, reassembly_bytes: 9000}\n"
                             "capacities: {routes: 5}\n");
  EXPECT_EQ(config.settings.time_wait, 120s) << "the other section holds too";
  EXPECT_EQ(config.settings.ttl, 3);
  EXPECT_EQ(config.settings.dscp, 46);
  EXPECT_EQ(config.settings.icmp_errors_per_second, 0u);
  EXPECT_EQ(config.settings.reassembly_timeout, 90s);
  EXPECT_EQ(config.reassembly.datagrams, 0u);
  EXPECT_EQ(config.reassembly.chunks, 9u);
  EXPECT_EQ(config.reassembly.datagram_bytes, 9000u);
  EXPECT_EQ(config.capacities.routes, 5u);
}

// With a prefix length of 32 a gateway can be a neighbour by a route over a link only.
TEST(ConfigNetwork, AGatewayBehindARouteOverALink) {
  const std::string link =
      "links: [{type: tap, name: lab, device: a0, mac: '02:00:00:00:00:02', addresses: "
      "[10.77.0.2/32]}]\n";
  EXPECT_EQ(load(link + "gateway: 192.0.2.1\nroutes: [{to: 192.0.2.1/32, link: lab}]\n").gateway.v4,
            IpAddress::v4(192, 0, 2, 1));
  EXPECT_EQ(refusal(link + "gateway: 192.0.2.1\n"),
            "f.yaml:2:10: gateway: lies in the network of none of the links' addresses");
}

// --check-config and the start accept the same configurations.
TEST(ConfigNetwork, JudgesAddressesAndGatewaysAsTheStackDoes) {
  int good = 0, bad = 0;
  const auto agree = [&](const std::string& address, const std::string& gateway) {
    const auto words =
        refusal("links: [{type: tap, name: a, device: a0, mac: '02:00:00:00:00:02', addresses: [" +
                address + "]}]\n" + (gateway.empty() ? "" : "gateway: " + gateway + "\n"));
    Capacities capacities;
    const test::Storage storage(Stack::storage_bytes(capacities));
    Stack stack(storage.bytes(), capacities, Settings(), Entropy{{1, 2, 3, 4}});
    Ipv4 ipv4(stack.parts(), Entropy{{1, 2, 3, 4}});
    NullLink link;
    EXPECT_TRUE(stack.add_interface(link, {{2, 0, 0, 0, 0, 2}}, 1500));
    Error error = stack.add_address({0}, *Prefix::parse(address));
    if (error == Error::kOk && !gateway.empty())
      error = stack.set_gateway(*IpAddress::parse(gateway));
    EXPECT_EQ(words == "accepted", error == Error::kOk)
        << address << " " << gateway << ": " << words << "; the stack: " << to_string(error);
    ++(error == Error::kOk ? good : bad);
  };
  for (const char* address :
       {"0.0.0.0/8",     "0.1.2.3/8",          "1.0.0.1/1",          "10.0.0.0/8",
        "10.0.0.0/31",   "10.0.0.1/31",        "10.0.0.0/32",        "10.0.0.255/24",
        "10.0.1.255/16", "126.255.255.254/8",  "127.0.0.1/8",        "127.0.0.1/32",
        "128.0.0.1/16",  "223.255.255.254/24", "224.0.0.1/32",       "239.1.2.3/8",
        "240.0.0.1/4",   "240.7.0.2/24",       "255.255.255.254/32", "255.255.255.255/32"}) {
    agree(address, "");
  }
  for (const char* gateway :
       {"10.0.0.1", "10.0.0.2", "10.0.0.0", "10.0.0.255", "10.0.1.1", "0.0.0.1", "0.0.0.0",
        "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"}) {
    agree("10.0.0.2/24", gateway);
  }
  EXPECT_GE(good, 8);
  EXPECT_GE(bad, 15);
}

TEST(ConfigNetwork, RefusesRoutes) {
  const auto route = [](const std::string& text) {
    return refusal(kTwoLinks + "routes: [" + text + "]\n");
  };
  EXPECT_EQ(route("{to: 10.80.0.1/16, via: 10.77.0.1}"),
            "f.yaml:4:15: routes[0].to: 10.80.0.1/16 is a host in a network, not a network: write "
            "10.80.0.0/16");
  EXPECT_EQ(
      route("{to: everywhere, via: 10.77.0.1}"),
      "f.yaml:4:15: routes[0].to: \"everywhere\" is not an address with its prefix length, such as "
      "10.77.0.2/24 or fd00:77::2/64");
  EXPECT_EQ(route("{to: 10.80.0.0/16}"),
            "f.yaml:4:10: routes[0]: takes either via (a gateway) or link (a link's name)");
  EXPECT_EQ(route("{to: 10.80.0.0/16, via: 10.77.0.1, link: lab}"),
            "f.yaml:4:10: routes[0]: takes either via (a gateway) or link (a link's name)");
  EXPECT_EQ(route("{via: 10.77.0.1}"), "f.yaml:4:10: routes[0]: the key to is missing");
  EXPECT_EQ(route("{to: 10.80.0.0/16, via: 10.79.0.1}"),
            "f.yaml:4:34: routes[0].via: lies in the network of none of the links' addresses");
  EXPECT_EQ(route("{to: 10.80.0.0/16, link: moon}"),
            "f.yaml:4:35: routes[0].link: no link is named moon");
  EXPECT_EQ(route("{to: 10.80.0.0/16, through: x}"),
            "f.yaml:4:29: routes[0].through: unknown key; known here: to, via, link");
  EXPECT_EQ(route("{to: 10.80.0.0/16, link: lab}, {to: 10.80.0.0/16, via: 10.77.0.1}"),
            "f.yaml:4:46: routes[1].to: another route leads to 10.80.0.0/16");
  EXPECT_EQ(refusal(kTwoLinks + "gateway: 10.77.0.1\nroutes: [{to: 0.0.0.0/0, via: 10.77.0.1}]\n"),
            "f.yaml:5:15: routes[0].to: the key gateway names the route to everywhere already");
  EXPECT_EQ(
      refusal(
          kTwoLinks +
          "capacities: {routes: 1}\ngateway: 10.77.0.1\nroutes: [{to: 10.80.0.0/16, link: lab}]\n"),
      "f.yaml:6:10: routes[0]: more routes, the gateway included, than capacities.routes allows");
}

TEST(ConfigNetwork, RefusesValuesOutOfRange) {
  EXPECT_EQ(refusal(kTwoLinks + "ip: {ttl: 0}\n"),
            "f.yaml:4:11: ip.ttl: \"0\" is not a whole number from 1 to 255");
  EXPECT_EQ(refusal(kTwoLinks + "ip: {dscp: 64}\n"),
            "f.yaml:4:12: ip.dscp: \"64\" is not a whole number from 0 to 63");
  EXPECT_EQ(refusal(kTwoLinks + "ip: {reassembly_timeout: 0s}\n"),
            "f.yaml:4:26: ip.reassembly_timeout: 0s is not between 1s and 600s");
  EXPECT_THROW(load_text("links: [{type: tap, name: a, device: a, mac: 02:00:00:00:00:02, "
                         "addresses: [10.0.0.1/8], "
                         "probe: maybe}]\n",
                         "f.yaml"),
               ConfigError);
}

}  // namespace
}  // namespace conker::config
