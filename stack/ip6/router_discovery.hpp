// Router discovery of one interface (RFC 4861, 6.3): its default routers, the prefixes that are on
// the link, more specific routes (RFC 4191), servers of names (RFC 8106), and the parameters of the
// link. Addresses are made of advertised prefixes by Slaac (slaac.hpp).
//
// Whatever is advertised, the tables do not grow, and what is in use is not displaced: what comes
// when a table is full is refused and counted, but for a router that takes the place of one that
// does not answer. So a flood of advertisements costs no more than their parsing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ndp.hpp"

namespace conker {

/// What routers have said of the link; the values of RFC 4861, 10 until they do.
struct LinkParameters {
  std::uint8_t hop_limit = 0;  // of packets sent; 0: the host's own
  std::uint16_t mtu = 0;       // 1280 or more, and no more than the interface's; 0: that
  Duration reachable = 30s;    // BaseReachableTime
  Duration retransmit = 1s;    // RetransTimer
  bool managed = false;        // addresses are to be had by DHCPv6 (RFC 4861, 4.2)
  bool other = false;          // other information is
  bool operator==(const LinkParameters&) const = default;
};

/// What router discovery asks of the host, of its one interface.
class RouterDiscoveryHost {
 public:
  /// Sends a router solicitation to all routers of the link, from the interface's link-local
  /// address or, while there is none, from the unspecified one.
  virtual void solicit_routers() = 0;
  /// Whether a router is reachable, or not known not to be (RFC 4861, 6.3.6): its entry in the
  /// neighbour cache is in any state but INCOMPLETE, or there is none.
  virtual bool may_be_reachable(const IpAddress& router) const = 0;

 protected:
  ~RouterDiscoveryHost() = default;
};

class RouterDiscovery {
 public:
  static constexpr std::size_t kRouters = 8, kPrefixes = 16, kRoutes = 16, kServers = 4;
  // The limits of what an advertisement may set. A smaller hop limit would cut the host off.
  static constexpr std::uint8_t kLeastHopLimit = 32;
  static constexpr Duration kLeastRetransmit = 100ms, kMostRetransmit = 60s;
  static constexpr Duration kLeastReachable = 1s, kMostReachable = 3600s;
  // RFC 7559, 2, and RFC 4861, 10.
  static constexpr Duration kSolicitFirst = 4s, kSolicitMost = 3600s, kSolicitWithin = 1s;

  /// `mtu` is the interface's own.
  RouterDiscovery(InterfaceId interface, std::uint16_t mtu, RouterDiscoveryHost& host,
                  Counters& counters, const SipKey& key);

  /// Begins to solicit routers: after a random delay of up to a second, and until one has answered.
  /// To be called as well when the link has come up, which may lead to other routers: those there
  /// are stay until their lifetimes end.
  void start(Instant now);
  void stop();

  // ---- Received ----

  /// Processes an advertisement, which was sent by `router`, a link-local address with its zone.
  void input(const IpAddress& router, const RouterAdvertisement& advertisement, Instant now);
  /// Per RFC 4861, 7.2.5, forgets a router that says of itself that it is none any more.
  void is_no_router(const IpAddress& router);

  // ---- Timers ----

  void timers(Instant now);
  Instant next_deadline() const;

  // ---- What is known ----

  struct NextHop {
    IpAddress next;        // the destination itself where it is on the link, or a router
    std::uint8_t matched;  // length of the prefix: another route with a longer one goes before it
  };
  /// The next hop towards a destination: the longest matching prefix among those on the link and
  /// the routes over routers that may be reachable and, of equal ones, the highest preference (RFC
  /// 4191, 3.2). Where no router may be reachable, each in turn (RFC 4861, 6.3.6).
  std::optional<NextHop> next_hop(const IpAddress& destination);
  /// A number that changes whenever next_hop() may say something else.
  std::uint32_t epoch() const { return epoch_; }

  const LinkParameters& parameters() const { return parameters_; }
  /// Servers of names whose lifetime has not ended; link-local ones have their zone.
  std::span<const IpAddress> dns_servers() const {
    return std::span(servers_).first(server_count_);
  }
  bool is_router(const IpAddress& address) const;
  std::uint32_t router_count() const { return routers_.count; }
  std::uint32_t prefix_count() const { return prefixes_.count; }
  std::uint32_t route_count() const { return routes_.count; }

 private:
  struct Router {
    IpAddress address;
    std::int8_t preference;
    Instant expires;
  };
  struct OnLink {
    Prefix prefix;
    Instant expires;
  };
  struct MoreSpecific {
    Prefix prefix;
    IpAddress router;
    std::int8_t preference;
    Instant expires;
  };
  /// Records in the order in which they were learned.
  template <typename T, std::size_t kCap>
  struct Table {
    std::array<T, kCap> records{};
    std::uint32_t count = 0;

    std::span<T> all() { return std::span(records).first(count); }
    std::span<const T> all() const { return std::span(records).first(count); }
    T* add(const T& record) {
      if (count == kCap) return nullptr;
      records[count] = record;
      return &records[count++];
    }
    /// Removes the records for which f() is true; whether there were any.
    template <typename F>
    bool remove(F&& f) {
      const std::uint32_t before = count;
      count = 0;
      for (std::uint32_t i = 0; i < before; ++i) {
        if (!f(records[i])) records[count++] = records[i];
      }
      return count != before;
    }
    Instant first_end() const {
      Instant end = kNever;
      for (const T& record : all()) end = std::min(end, record.expires);
      return end;
    }
  };

  void take_router(const IpAddress& router, std::int8_t preference, Duration lifetime, Instant now);
  void take_prefix(const PrefixInformation& prefix, Instant now);
  void take_route(const IpAddress& router, const RouteInformation& route, Instant now);
  void take_servers(const Rdnss& servers, Instant now);
  void take_parameters(const RouterAdvertisement& advertisement);
  void solicited(Instant now);
  Duration randomized(Duration wait);
  void refuse() { counters_.add(Count::router_entries_refused); }

  InterfaceId interface_;
  std::uint16_t mtu_;
  RouterDiscoveryHost& host_;
  Counters& counters_;
  RandomBits random_;
  Table<Router, kRouters> routers_;
  Table<OnLink, kPrefixes> prefixes_;
  Table<MoreSpecific, kRoutes> routes_;
  std::array<IpAddress, kServers> servers_{};
  std::array<Instant, kServers> server_ends_{};
  std::uint8_t server_count_ = 0;
  LinkParameters parameters_;
  Instant solicit_at_ = kNever;
  Duration solicit_wait_{};  // RT of RFC 7559; 0 before the first solicitation
  std::uint32_t epoch_ = 1;
  std::uint32_t turn_ = 0;
};

}  // namespace conker
