// The types in the resolver's public calls.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/base/token.hpp"

namespace conker {

/// Identifies one query for ever, as a ConnectionId identifies a connection.
struct DnsQueryId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const DnsQueryId&) const = default;
};

/// Which addresses of a name are asked for: its A records, or its AAAA records.
enum class DnsFamily : std::uint8_t { kIpv4, kIpv6 };

enum class DnsStatus : std::uint8_t {
  kFound,
  kNoSuchName,    // NXDOMAIN (RFC 2308, 2.1)
  kNoAddress,     // the name exists, but has no such address (RFC 2308, 2.2)
  kTimedOut,      // no server answered
  kServerFailed,  // the servers that answered reported a failure
  kBadAnswer,     // the answer is malformed, or a chain of CNAMEs without end
  kNoServers,
};
/// The status in plain words: "there is no such name".
const char* to_string(DnsStatus status);

struct DnsAddresses {
  static constexpr std::size_t kMost = 8;  // further addresses are left out
  std::array<IpAddress, kMost> list{};
  std::uint8_t count = 0;

  std::span<const IpAddress> span() const { return std::span(list).first(count); }
};

struct DnsAnswer {
  DnsQueryId id;
  std::uint32_t token = 0;  // as given to resolve()
  DnsStatus status = DnsStatus::kFound;
  DnsAddresses addresses;  // of kFound
  Duration valid{0};       // how long the answer may be cached
  bool cached = false;     // answered from the cache
  DnsFamily family = DnsFamily::kIpv4;
};

/// Joins the answers to the questions for both families of a name. Found is what either has found:
/// addresses of IPv6 and IPv4 in turn, of IPv6 first (RFC 8305, 4), for as long as both are valid.
DnsAnswer join(const DnsAnswer& v4, const DnsAnswer& v6);
/// How long an address of one family waits for the answer about the other (RFC 8305, 3).
inline constexpr Duration kDnsResolutionDelay = 50ms;

struct ResolverSettings {
  ClientId client = ClientId::kNobody;  // in the tokens of its sockets and connections
  std::uint32_t queries = 64;           // under way or not yet fetched; beyond it resolve() fails
  std::uint32_t entries = 256;          // of the cache; the least recently used is evicted
  Duration timeout = 1s;          // of the first try; doubled after each round through the servers
  std::uint8_t rounds = 3;        // of tries, each through all servers
  Duration longest = 24h;         // a cap on the TTL of answers (RFC 2181, 8)
  Duration longest_nothing = 1h;  // the same for negative answers (RFC 2308, 5)
};

}  // namespace conker
