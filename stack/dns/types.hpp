// What the users of the resolver see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// Names one question for ever, as a ConnectionId names a connection.
struct DnsQueryId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const DnsQueryId&) const = default;
};

enum class DnsStatus : std::uint8_t {
  kFound,
  kNoSuchName,    // NXDOMAIN (RFC 2308, 2.1)
  kNoAddress,     // the name is there, but has no IPv4 address (RFC 2308, 2.2)
  kTimedOut,      // no server has answered
  kServerFailed,  // those that answered could not or would not
  kBadAnswer,     // the answer makes no sense: a chain of names without end
  kNoServers,
};
/// In plain words: "there is no such name".
const char* to_string(DnsStatus status);

struct DnsAddresses {
  static constexpr std::size_t kMost = 8;  // what is beyond is left out
  std::array<IpAddress, kMost> list{};
  std::uint8_t count = 0;

  std::span<const IpAddress> span() const { return std::span(list).first(count); }
};

struct DnsAnswer {
  DnsQueryId id;
  std::uint32_t cookie = 0;  // what resolve() was given
  DnsStatus status = DnsStatus::kFound;
  DnsAddresses addresses;  // of kFound
  Duration valid{0};       // for how long it may be kept
  bool cached = false;     // no server was asked
};

struct ResolverSettings {
  /// Ids of its sockets and connections: the upper 8 bits of their cookies, by which their events
  /// are known.
  std::uint8_t tag = 0;
  std::uint32_t queries = 64;   // under way or not yet fetched; resolve() fails
  std::uint32_t entries = 256;  // of the cache; the one unused longest is forgotten
  Duration timeout = 1s;    // for the first answer; doubled after each round through the servers
  std::uint8_t rounds = 3;  // through all servers
  Duration longest = 24h;   // that an answer is kept, whatever its sender says (RFC 2181, 8)
  Duration longest_nothing = 1h;  // the same for "there is none" (RFC 2308, 5)
};

}  // namespace conker
