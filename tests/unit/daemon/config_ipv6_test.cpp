// Addresses, gateways and routes of IPv6 in the configuration: accepted values and errors.
#include <gtest/gtest.h>

#include <string>

#include "config/changes.hpp"
#include "tests/unit/daemon/config_text.hpp"

namespace conker::config {
namespace {

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

/// Two links, of which the second has these keys.
std::string two_links(const std::string& keys) {
  return "links:\n"
         "  - {type: tap, name: lab, device: a0, mac: 02:00:00:00:00:02,\n"
         "     addresses: [10.77.0.2/24, fd00:77::2/64]}\n"
         "  - {type: tap, name: far, device: a1, mac: 02:00:00:00:00:03, " +
         keys + "}\n";
}
const std::string kBoth = two_links("addresses: [10.78.0.2/24, fd00:78::2/64]");

TEST(ConfigIpv6, AddressesOfBothFamilies) {
  const Config config = load(two_links("addresses: [fd00:78::fffe-fd00:78::1:1/64, fe80::2/64]"));
  ASSERT_EQ(config.links[0].addresses.size(), 2u);
  EXPECT_EQ(config.links[0].addresses[1], (Prefix{ip("fd00:77::2"), 64}));
  EXPECT_TRUE(config.links[0].ipv4() && config.links[0].ipv6());
  const Link& far = config.links[1];
  ASSERT_EQ(far.addresses.size(), 5u);
  EXPECT_EQ(far.addresses[0].address, ip("fd00:78::fffe"));
  EXPECT_EQ(far.addresses[3].address, ip("fd00:78::1:1"));
  EXPECT_EQ(far.addresses[4].address, ip("fe80::2%2")) << "it is on the second link";
  EXPECT_FALSE(far.ipv4());
  EXPECT_TRUE(far.ipv6());
}

TEST(ConfigIpv6, AddressesOfRoutersAndServers) {
  const Config both = load(two_links("address: [dhcp, auto]"));
  EXPECT_TRUE(both.links[1].dhcp && both.links[1].autoconf && both.links[1].ipv6());
  EXPECT_FALSE(both.links[1].dhcp6);
  const Config leased = load(two_links("address: dhcp6"));
  EXPECT_TRUE(leased.links[1].dhcp6 && leased.links[1].ipv6());
  EXPECT_FALSE(leased.links[1].ipv4());
  const Config with_ipv4 = load(two_links("address: auto, addresses: [10.78.0.2/24]"));
  EXPECT_TRUE(with_ipv4.links[1].autoconf && with_ipv4.links[1].ipv4());
  EXPECT_FALSE(load(two_links("address: dhcp")).links[1].ipv6());
  EXPECT_EQ(load(two_links("address: dhcp, addresses: [fd00::2/64]")).links[1].addresses.size(),
            1u);
}

TEST(ConfigIpv6, TheHostsOwnAddresses) {
  const auto of_host = [](const std::string& text) {
    const Config config = load(two_links("address: dhcp, host_address: " + text));
    return std::get<Tap>(config.links[1].kind).host_address;
  };
  EXPECT_EQ(of_host("10.78.0.1/24").v4, (Prefix{IpAddress::v4(10, 78, 0, 1), 24}));
  EXPECT_EQ(of_host("fd00:78::1/64").v6, (Prefix{ip("fd00:78::1"), 64}));
  const auto both = of_host("[fd00:78::1/64, 10.78.0.1/24]");
  EXPECT_TRUE(both.v4 && both.v6);
}

TEST(ConfigIpv6, GatewaysAreOneForEachFamily) {
  const Config config = load(kBoth + "gateway: [10.77.0.1, fd00:78::1]\n");
  EXPECT_EQ(config.gateway.v4, IpAddress::v4(10, 77, 0, 1));
  EXPECT_EQ(config.gateway.v6, ip("fd00:78::1"));
  const Config alone = load(kBoth + "gateway: fe80::1%far\n");
  EXPECT_FALSE(alone.gateway.v4);
  EXPECT_EQ(alone.gateway.v6, ip("fe80::1%2"));
}

TEST(ConfigIpv6, ALinkLocalAddressNeedsNoLinkWhereThereIsOne) {
  const std::string link =
      "links: [{type: tap, name: lab, device: a0, mac: '02:00:00:00:00:02', address: auto}]\n";
  EXPECT_EQ(load(link + "gateway: fe80::1\n").gateway.v6, ip("fe80::1%1"));
  EXPECT_EQ(refusal(kBoth + "gateway: fe80::1\n"),
            "f.yaml:5:10: gateway: fe80::1 is link-local: name its link, too, such as "
            "fe80::1%lab");
}

TEST(ConfigIpv6, RoutesAndServers) {
  const Config config = load(kBoth +
                             "routes:\n"
                             "  - {to: 2001:db8::/32, via: fe80::1%lab}\n"
                             "  - {to: 2001:db8:7::/48, link: far}\n"
                             "  - {to: '::/0', via: 'fd00:77::1'}\n"
                             "dns: {servers: [fe80::53%far, 10.77.0.1, '2001:db8::53']}\n"
                             "strike: {allow: ['fd00:77::/32', 'fe80::/10']}\n");
  ASSERT_EQ(config.routes.size(), 3u);
  EXPECT_EQ(config.routes[0].to, (Prefix{ip("2001:db8::"), 32}));
  EXPECT_EQ(config.routes[0].gateway, ip("fe80::1%1"));
  EXPECT_EQ(config.routes[1].link, 1u);
  ASSERT_EQ(config.dns_servers.size(), 3u);
  EXPECT_EQ(config.dns_servers[0], ip("fe80::53%2"));
  EXPECT_TRUE(config.strike.allows(ip("fd00:77::1")));
  EXPECT_TRUE(config.strike.allows(ip("fe80::1%2"))) << "of every link";
  EXPECT_FALSE(config.strike.allows(ip("2001:db8::1")));
  EXPECT_FALSE(config.strike.allows(IpAddress::v4(10, 77, 0, 1)));
}

TEST(ConfigIpv6, ADefaultRouteOfEachFamily) {
  EXPECT_EQ(
      load(kBoth + "gateway: 10.77.0.1\nroutes: [{to: '::/0', via: fe80::1%lab}]\n").routes.size(),
      1u);
  EXPECT_EQ(refusal(kBoth + "gateway: fe80::1%lab\nroutes: [{to: '::/0', via: fe80::2%lab}]\n"),
            "f.yaml:6:15: routes[0].to: the key gateway names the route to everywhere already");
}

TEST(ConfigIpv6, Refuses) {
  const auto address = [](const std::string& text) {
    return refusal(two_links("addresses: [" + text + "]")).substr(std::string("f.yaml:4:").size());
  };
  EXPECT_EQ(address("'::1/64'"), "76: links[1].addresses[0]: ::1/64 is a loopback address");
  EXPECT_EQ(address("'::/64'"), "76: links[1].addresses[0]: ::/64 is the unspecified address");
  EXPECT_EQ(address("ff02::1/64"), "76: links[1].addresses[0]: ff02::1/64 is a multicast address");
  EXPECT_EQ(address("fd00:78::/64"),
            "76: links[1].addresses[0]: fd00:78::/64 is the address of any router in its network, "
            "not of a host");
  EXPECT_EQ(address("fd00:78::1/129"),
            "76: links[1].addresses[0]: \"fd00:78::1/129\" is not an address with its prefix "
            "length, such as 10.77.0.2/24 or fd00:77::2/64");
  EXPECT_EQ(address("fd00:78::1/0"),
            "76: links[1].addresses[0]: fd00:78::1/0: the prefix length must be 1 to 128");
  EXPECT_EQ(address("fe80::1%far/64"),
            "76: links[1].addresses[0]: \"fe80::1%far/64\" is not an address with its prefix "
            "length, such as 10.77.0.2/24 or fd00:77::2/64");
  EXPECT_EQ(address("fd00:78::1-10.0.0.1/64"),
            "76: links[1].addresses[0]: \"fd00:78::1-10.0.0.1/64\" is not a range of addresses, "
            "such as 10.77.0.10-10.77.0.40/24");
  EXPECT_EQ(address("fd00:78::1-fd00:78:1::1/32"),
            "76: links[1].addresses[0]: fd00:78::1-fd00:78:1::1/32: these addresses are more than "
            "capacities.addresses allows (254 left)");
  EXPECT_EQ(address("fd00:77::2/64"),
            "75: links[1].addresses: fd00:77::2 is already an address of a link");

  EXPECT_EQ(refusal(two_links("address: auto, mtu: 1279")),
            "f.yaml:4:84: links[1].mtu: IPv6 takes an mtu of 1280 or more (RFC 8200, 5)");
  EXPECT_EQ(refusal(two_links("address: []")),
            "f.yaml:4:73: links[1].address: must name at least one address");
  EXPECT_EQ(refusal(two_links("address: [auto, auto]")),
            "f.yaml:4:80: links[1].address[1]: given twice");
  EXPECT_EQ(refusal(two_links("address: auto, probe: true")),
            "f.yaml:4:86: links[1].probe: is for addresses; what a server or router gives is "
            "always probed");
  EXPECT_EQ(refusal(two_links("address: auto, host_address: [fd00::1/64, fd00::2/64]")),
            "f.yaml:4:106: links[1].host_address[1]: there can be one for each of IPv4 and IPv6");

  EXPECT_EQ(refusal(kBoth + "gateway: fe80::1%moon\n"),
            "f.yaml:5:10: gateway: no link is named moon, or fe80::1 is not link-local");
  EXPECT_EQ(refusal(kBoth + "gateway: fd00:79::1\n"),
            "f.yaml:5:10: gateway: lies in the network of none of the links' addresses");
  EXPECT_EQ(refusal(kBoth + "gateway: fd00:77::2\n"),
            "f.yaml:5:10: gateway: is the stack's own address on link lab");
  EXPECT_EQ(refusal(kBoth + "gateway: '::ffff:10.77.0.1'\n"),
            "f.yaml:5:10: gateway: \"::ffff:10.77.0.1\" is not an IP address");
  EXPECT_EQ(refusal(kBoth + "gateway: [10.77.0.1, 10.78.0.1]\n"),
            "f.yaml:5:22: gateway[1]: there can be one for each of IPv4 and IPv6");
  EXPECT_EQ(refusal(kBoth + "routes: [{to: 2001:db8::/32, via: 10.77.0.1}]\n"),
            "f.yaml:5:35: routes[0].via: is of the other family than 2001:db8::/32");
  EXPECT_EQ(refusal(kBoth + "routes: [{to: 2001:db8::1/32, link: lab}]\n"),
            "f.yaml:5:15: routes[0].to: 2001:db8::1/32 is a host in a network, not a network: "
            "write 2001:db8::/32");
}

TEST(ConfigIpv6, NamesTheFirstLinkThatConfiguresItself) {
  const std::string link = "links: [{type: tap, name: lab, device: a0, mac: '02:00:00:00:00:02',\n";
  EXPECT_EQ(load(kBoth).first_of_autoconf(), "");
  EXPECT_EQ(load(link + "  address: auto}]\n").first_of_autoconf(), "links.lab.address");
  EXPECT_EQ(load(link + "  address: dhcp6}]\n").first_of_autoconf(), "links.lab.address");
}

TEST(ConfigIpv6, AChangeOfOneGatewayTakesARestart) {
  const Changes changes = compare(load(kBoth + "gateway: [10.77.0.1, fd00:77::1]\n"),
                                  load(kBoth + "gateway: [10.77.0.1, fd00:78::1]\n"));
  EXPECT_TRUE(changes.live.empty());
  EXPECT_EQ(changes.fixed, std::vector<std::string>{"gateway"});
}

}  // namespace
}  // namespace conker::config
