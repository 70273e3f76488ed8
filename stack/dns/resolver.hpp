// A stub resolver (RFC 1035, 7; RFC 1123, 6.1.3) that queries recursive servers.
//
// It uses the public calls of the stack and of UDP. Every query is sent from a socket of its own,
// with an unpredictable port and id, connected to one server; each retry takes a new port and id
// (RFC 5452, 9.1 and 10). A truncated answer is asked for again over TCP. Names are absolute: there
// is no search list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "stack/base/arena.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/result.hpp"
#include "stack/base/slot_table.hpp"
#include "stack/dns/answer.hpp"
#include "stack/dns/cache.hpp"
#include "stack/dns/types.hpp"
#include "stack/udp/udp.hpp"

namespace conker {

class Resolver {
 public:
  static constexpr std::size_t kMostServers = 4;

  static std::size_t storage_bytes(const ResolverSettings& settings);

  /// `storage` must be zeroed, aligned to 16 bytes and at least storage_bytes() long; it and `udp`
  /// must outlive this object. `entropy` must be unpredictable to peers.
  Resolver(std::span<std::byte> storage, const ResolverSettings& settings, Udp& udp,
           const Entropy& entropy);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Sets the servers in order of preference, at most kMostServers; the others are ignored. Empties
  /// the cache when they differ from the ones before.
  void set_servers(std::span<const IpAddress> servers);
  std::span<const IpAddress> servers() const { return std::span(servers_).first(server_count_); }

  /// Starts a query for a name's addresses of one family; next_answer() returns the answer, perhaps
  /// at once. kInvalidArgument: not a name; kTableFull.
  Result<DnsQueryId> resolve(std::string_view name, std::uint32_t token,
                             DnsFamily family = DnsFamily::kIpv4);
  /// Cancels a query: no answer will be returned. kNoSuchId.
  Error cancel(DnsQueryId id);
  bool next_answer(DnsAnswer& answer);

  // ---- A turn: step 3 ----

  /// To be called with every event of a socket or connection whose token names
  /// ResolverSettings::client.
  void on_event(const UdpEvent& event);
  void on_event(const Event& event);
  /// To be called after the events: retries queries and times them out.
  void step();
  Instant next_deadline() const { return deadline_; }

  // ---- Queries of state ----
  std::uint32_t query_count() const { return tables_.queries.size(); }
  std::uint32_t cached() const { return tables_.cache.size(); }

 private:
  struct Query {
    DnsName name;     // as resolve() was given it
    DnsName current;  // the end of the CNAME chain so far
    Instant deadline = kNever;
    UdpId socket{};
    ConnectionId connection{};  // while the query is sent over TCP
    std::uint32_t token = 0;    // what resolve() was given
    std::uint16_t id = 0;
    std::uint16_t tries = 0;  // for the current name
    std::uint8_t aliases = 0;
    DnsFamily family = DnsFamily::kIpv4;
    std::uint32_t seconds = 0xffffffff;  // that its answer may be cached
    bool failed = false;                 // a server answered with a failure
    bool over_tcp = false, asked_over_tcp = false;
    bool done = false;
    DnsAnswer answer;
    std::uint32_t done_next = kNone, done_previous = kNone;
  };
  struct Tables {
    Tables(Arena& arena, const ResolverSettings& settings, const SipKey& key);
    SlotTable<Query, DnsQueryId> queries;
    DnsCache cache;
    std::span<std::byte> message;  // the message being read
  };

  Resolver(Arena arena, const ResolverSettings& settings, Udp& udp, const Entropy& entropy);

  Token token_of(std::uint32_t slot) const { return {settings_.client, slot}; }
  Query* query_of(Token token);
  std::uint32_t slot_of(const Query& query) const {
    return static_cast<std::uint32_t>(&query - &tables_.queries[0]);
  }
  std::uint32_t most_tries() const { return std::uint32_t{settings_.rounds} * server_count_; }
  const IpAddress& server_of(const Query& query) const {
    return servers_[query.tries % server_count_];
  }
  Duration patience(const Query& query) const;
  void wait(Query& query, Instant until);

  void ask(Query& query);
  bool ask_over_udp(Query& query);
  bool ask_over_tcp(Query& query);
  void next_try(Query& query);
  void hang_up(Query& query);
  void send_over_tcp(Query& query);
  void receive_over_tcp(Query& query);
  bool take(Query& query, std::span<const std::byte> message);
  void found(Query& query, const DnsReading& reading, DnsStatus status);
  void finish(Query& query, DnsStatus status, const DnsAddresses& addresses, Duration valid,
              bool cached);

  ResolverSettings settings_;
  Udp& udp_;
  Stack& stack_;
  Tables tables_;
  RandomBits random_;
  std::array<IpAddress, kMostServers> servers_{};
  std::uint8_t server_count_ = 0;
  IndexList<Query, &Query::done_next, &Query::done_previous> done_;
  Instant deadline_ = kNever;  // of the earliest query, or earlier
};

}  // namespace conker
