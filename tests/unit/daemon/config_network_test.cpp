// The keys routes, ip and probe: what is understood and what is refused.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/daemon/config_text.hpp"

namespace conker::config {
namespace {

const std::string kTwoLinks =
    "links:\n"
    "  - {type: tap, name: lab, device: a0, mac: 02:00:00:00:00:02, addresses: [10.77.0.2/24]}\n"
    "  - {type: tap, name: far, device: a1, mac: 02:00:00:00:00:03, addresses: [10.78.0.2/24], probe: "
    "true}\n";

TEST(ConfigNetwork, Defaults) {
  const Config config = load(kTwoLinks);
  EXPECT_TRUE(config.routes.empty());
  EXPECT_FALSE(config.links[0].probe);
  EXPECT_TRUE(config.links[1].probe);
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
  const Config config = load(
      kTwoLinks +
      "tcp: {time_wait: 2m}\n"
      "ip: {ttl: 3, dscp: 46, icmp_errors_per_second: 0, reassembly_timeout: 90s, reassembly_datagrams: 0,\n"
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

TEST(ConfigNetwork, RefusesRoutes) {
  const auto route = [](const std::string& text) { return refusal(kTwoLinks + "routes: [" + text + "]\n"); };
  EXPECT_EQ(
      route("{to: 10.80.0.1/16, via: 10.77.0.1}"),
      "f.yaml:4:15: routes[0].to: 10.80.0.1/16 is a host in a network, not a network: write 10.80.0.0/16");
  EXPECT_EQ(route("{to: everywhere, via: 10.77.0.1}"),
            "f.yaml:4:15: routes[0].to: \"everywhere\" is not an address with its prefix length, such as "
            "10.77.0.2/24");
  EXPECT_EQ(route("{to: 10.80.0.0/16}"),
            "f.yaml:4:10: routes[0]: takes either via (a gateway) or link (a link's name)");
  EXPECT_EQ(route("{to: 10.80.0.0/16, via: 10.77.0.1, link: lab}"),
            "f.yaml:4:10: routes[0]: takes either via (a gateway) or link (a link's name)");
  EXPECT_EQ(route("{via: 10.77.0.1}"), "f.yaml:4:10: routes[0]: the key to is missing");
  EXPECT_EQ(route("{to: 10.80.0.0/16, via: 10.79.0.1}"),
            "f.yaml:4:34: routes[0].via: lies in the network of none of the links' addresses");
  EXPECT_EQ(route("{to: 10.80.0.0/16, link: moon}"), "f.yaml:4:35: routes[0].link: no link is named moon");
  EXPECT_EQ(route("{to: 10.80.0.0/16, through: x}"),
            "f.yaml:4:29: routes[0].through: unknown key; known here: to, via, link");
  EXPECT_EQ(route("{to: 10.80.0.0/16, link: lab}, {to: 10.80.0.0/16, via: 10.77.0.1}"),
            "f.yaml:4:46: routes[1].to: another route leads to 10.80.0.0/16");
  EXPECT_EQ(refusal(kTwoLinks + "gateway: 10.77.0.1\nroutes: [{to: 0.0.0.0/0, via: 10.77.0.1}]\n"),
            "f.yaml:5:15: routes[0].to: the key gateway names the route to everywhere already");
  EXPECT_EQ(refusal(kTwoLinks +
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
  EXPECT_THROW(
      load_text("links: [{type: tap, name: a, device: a, mac: 02:00:00:00:00:02, addresses: [10.0.0.1/8], "
                "probe: maybe}]\n",
                "f.yaml"),
      ConfigError);
}

}  // namespace
}  // namespace conker::config
