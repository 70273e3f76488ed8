// Target: the configuration loader: YAML in, valid settings or one line of error out.
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "config/loader.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

/// Checks an error's form: "fuzz:LINE:COLUMN: what is wrong", on one line.
void check_complaint(std::string_view text) {
  const auto number = [&text] {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    check(digits > 0 && digits < text.size() && text[digits] == ':',
          "a complaint that does not say where");
    text.remove_prefix(digits + 1);
  };
  check(text.starts_with("fuzz:"), "a complaint that does not name the file");
  text.remove_prefix(5);
  number();
  number();
  check(text.size() > 2, "a complaint without words");
  check(std::ranges::none_of(text, [](unsigned char c) { return std::iscntrl(c) != 0; }),
        "a complaint with a line break or a control character in it");
}

void check_config(const config::Config& c) {
  check(!c.links.empty() && c.links.size() <= c.capacities.interfaces,
        "no links, or more than there is room for");
  std::size_t addresses = 0;
  for (const config::Link& link : c.links) {
    check(link.ipv4() || link.ipv6(), "a link without an address");
    check(!link.mac.is_group() && link.mtu >= (link.ipv6() ? 1280 : 576),
          "a link with a MAC or MTU that cannot be");
    for (const Prefix& p : link.addresses) {
      check(names_a_host(p), "an address that is no host's");
      check(!link.dhcp || !p.address.is_v4(), "IPv4 addresses from a server and of its own");
    }
    addresses += link.addresses.size();
  }
  check(addresses <= c.capacities.addresses, "more addresses than there is room for");
  for (const config::Route& route : c.routes) {
    check(route.gateway || route.link < c.links.size(), "a route over a link that is not there");
    check(!route.gateway || route.gateway->is_v4() == route.to.address.is_v4(),
          "a route through a gateway of the other family");
  }
  for (const config::Service& service : c.services)
    check(service.port.value != 0, "a service on port 0");
  check(c.dns_servers.size() <= 4 && c.control.mode.bits <= 0777 && !c.control.socket.text.empty(),
        "a value out of range");
  const Settings& s = c.settings;
  check(s.rto_min <= s.rto_initial && s.rto_initial <= s.rto_max && s.first_port <= s.last_port &&
            s.user_timeout_least <= s.user_timeout_most && s.retransmits >= 1 && s.ttl >= 1 &&
            s.dscp <= 63 && s.keepalive.count >= 2 && s.first_port.value != 0,
        "settings that contradict each other");
  check(c.capacities.chunk_bytes >= 128 && c.capacities.chunk_bytes <= 32768 &&
            c.capacities.chunks >= 16 && c.capacities.connections >= 1,
        "a capacity out of range");
}

}  // namespace

void run(Input input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  try {
    check_config(config::load_text(text, "fuzz"));
  } catch (const config::ConfigError& error) {
    check_complaint(error.what());
  }
}

}  // namespace conker::fuzz
