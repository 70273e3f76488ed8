#include "config/changes.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include "config/sections.hpp"

namespace conker::config {
namespace {

/// Keys of sections that hold some of either kind.
constexpr std::array<std::string_view, 13> kLiveKeys{"tcp.service_keepalive_idle",
                                                     "strike.allow",
                                                     "strike.max_concurrency",
                                                     "strike.at_once",
                                                     "strike.keep",
                                                     "strike.keep_mib",
                                                     "log.level",
                                                     "log.sink",
                                                     "http.allow",
                                                     "http.per_address",
                                                     "http.streams",
                                                     "http.request_timeout",
                                                     "http.idle_timeout"};

class Comparison {
 public:
  explicit Comparison(Changes& changes) : changes_(changes) {}

  /// A section or key as a whole.
  template <typename T>
  void live(const std::string& key, const T& running, const T& wanted) {
    if (!(running == wanted)) changes_.live.push_back(key);
  }
  template <typename T>
  void fixed(const std::string& key, const T& running, const T& wanted) {
    if (!(running == wanted)) changes_.fixed.push_back(key);
  }

  /// A section, key by key, by the visit() of `Keys`.
  template <typename Keys>
  void keys(const std::string& section, Keys running, Keys wanted) {
    std::vector<const void*> members;
    Keys::visit(running, [&](std::string_view, const auto& member, const About&) {
      members.push_back(&member);
    });
    auto before = members.begin();
    Keys::visit(wanted, [&](std::string_view name, const auto& member, const About&) {
      // Both are visited in the same order, so this is the member of the same name and type.
      using Member = std::remove_cvref_t<decltype(member)>;
      const std::string key = section + "." + std::string(name);
      const bool is_live = std::ranges::find(kLiveKeys, key) != kLiveKeys.end();
      const Member& was = *static_cast<const Member*>(*before++);
      is_live ? live(key, was, member) : fixed(key, was, member);
    });
  }

 private:
  Changes& changes_;
};

void compare_links(Comparison& comparison, const std::vector<Link>& running,
                   const std::vector<Link>& wanted) {
  const auto names = [](const std::vector<Link>& links) {
    std::vector<std::string_view> all;
    for (const Link& link : links) all.push_back(link.name);
    return all;
  };
  if (names(running) != names(wanted)) return comparison.fixed("links", running, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string key = "links." + wanted[i].name;
    comparison.live(key + ".faults", running[i].faults, wanted[i].faults);
    Link with_those_faults = wanted[i];
    with_those_faults.faults = running[i].faults;
    comparison.fixed(key, running[i], with_those_faults);
  }
}

}  // namespace

Changes compare(const Config& running, const Config& wanted) {
  Changes changes;
  Comparison comparison(changes);
  compare_links(comparison, running.links, wanted.links);
  comparison.fixed("gateway", running.gateway, wanted.gateway);
  comparison.fixed("routes", running.routes, wanted.routes);
  comparison.live("dns.servers", running.dns_servers, wanted.dns_servers);
  comparison.live("services", running.services, wanted.services);
  comparison.keys("control", running.control, wanted.control);
  comparison.keys("strike", running.strike, wanted.strike);
  comparison.keys("log", running.log, wanted.log);
  if (running.http && wanted.http) {
    comparison.keys("http", *running.http, *wanted.http);
  } else {
    comparison.fixed("http", running.http, wanted.http);
  }
  comparison.live("shutdown_timeout", running.shutdown_timeout, wanted.shutdown_timeout);
  comparison.keys("capacities", running.capacities, wanted.capacities);
  // The keys of these refer to a whole configuration, which outlives the comparison.
  Config was = running, is = wanted;
  comparison.keys("tcp", TcpKeys{was}, TcpKeys{is});
  comparison.keys("ip", IpKeys{was}, IpKeys{is});
  return changes;
}

}  // namespace conker::config
