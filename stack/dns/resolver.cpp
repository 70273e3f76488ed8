#include "stack/dns/resolver.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

/// The longest message that is accepted over either protocol, in bytes; a longer one is malformed.
constexpr std::size_t kMessageBytes = 4096;
constexpr std::uint64_t kPurpose = 0x5452;
constexpr std::size_t kQueryBytes = kDnsHeader + DnsName::kMaxBytes + 4;
constexpr std::size_t kLengthBytes = 2;  // in front of a message over TCP (RFC 1035, 4.2.2)

}  // namespace

const char* to_string(DnsStatus status) {
  switch (status) {
    case DnsStatus::kFound:
      return "found";
    case DnsStatus::kNoSuchName:
      return "there is no such name";
    case DnsStatus::kNoAddress:
      return "the name has no address";
    case DnsStatus::kTimedOut:
      return "no DNS server answers";
    case DnsStatus::kServerFailed:
      return "the DNS servers could not tell";
    case DnsStatus::kBadAnswer:
      return "the name is an alias of an alias without end";
    case DnsStatus::kNoServers:
      return "no DNS servers are known";
  }
  return "unknown";
}

DnsAnswer join(const DnsAnswer& v4, const DnsAnswer& v6) {
  const bool found_v4 = v4.status == DnsStatus::kFound, found_v6 = v6.status == DnsStatus::kFound;
  if (!found_v4 && !found_v6) return v4.status == DnsStatus::kNoAddress ? v6 : v4;
  if (found_v4 != found_v6) return found_v4 ? v4 : v6;
  DnsAnswer joined = v6;
  DnsAddresses& all = joined.addresses = {};
  for (std::uint8_t i = 0; i < DnsAddresses::kMost; ++i) {
    for (const DnsAnswer* answer : {&v6, &v4}) {
      if (i < answer->addresses.count && all.count < DnsAddresses::kMost)
        all.list[all.count++] = answer->addresses.list[i];
    }
  }
  joined.valid = std::min(v4.valid, v6.valid);
  joined.cached = v4.cached && v6.cached;
  return joined;
}

Resolver::Tables::Tables(Arena& arena, const ResolverSettings& settings, const SipKey& key)
    : queries(arena, std::min<std::uint32_t>(settings.queries, 1u << 24)),
      cache(arena, settings.entries, key),
      message(arena.take<std::byte>(kMessageBytes)) {}

std::size_t Resolver::storage_bytes(const ResolverSettings& settings) {
  Arena arena;
  const Tables tables(arena, settings, SipKey{});
  return arena.used();
}

Resolver::Resolver(std::span<std::byte> storage, const ResolverSettings& settings, Udp& udp,
                   const Entropy& entropy)
    : Resolver(Arena(storage), settings, udp, entropy) {}

Resolver::Resolver(Arena arena, const ResolverSettings& settings, Udp& udp, const Entropy& entropy)
    : settings_(settings),
      udp_(udp),
      stack_(udp.stack()),
      tables_(arena, settings, SipKey{entropy.words[2], entropy.words[3]}),
      random_(SipKey{entropy.words[0], entropy.words[1]}, kPurpose) {}

void Resolver::set_servers(std::span<const IpAddress> servers) {
  servers = servers.first(std::min(servers.size(), kMostServers));
  if (std::ranges::equal(servers, this->servers())) return;
  std::ranges::copy(servers, servers_.begin());
  server_count_ = static_cast<std::uint8_t>(servers.size());
  tables_.cache.clear();
}

// ---- Calls ----

Result<DnsQueryId> Resolver::resolve(std::string_view name, std::uint32_t token, DnsFamily family) {
  const auto parsed = DnsName::parse(name);
  if (!parsed) return Error::kInvalidArgument;
  const std::uint32_t slot = tables_.queries.take();
  if (slot == kNone) return Error::kTableFull;
  Query& query = tables_.queries[slot];
  query.name = query.current = *parsed;
  query.token = token;
  query.family = family;
  if (const DnsCache::Entry* entry = tables_.cache.find(*parsed, family, stack_.now())) {
    udp_.counters().add(Count::dns_cache_hits);
    finish(query, entry->status, entry->addresses, entry->expires - stack_.now(), true);
  } else {
    ask(query);
  }
  return tables_.queries.id(slot);
}

Error Resolver::cancel(DnsQueryId id) {
  Query* query = tables_.queries.find(id);
  if (query == nullptr) return Error::kNoSuchId;
  hang_up(*query);
  if (query->done) done_.remove(tables_.queries, id.slot);
  tables_.queries.free(id.slot);
  return Error::kOk;
}

bool Resolver::next_answer(DnsAnswer& answer) {
  const std::uint32_t slot = done_.head();
  if (slot == kNone) return false;
  answer = tables_.queries[slot].answer;
  done_.remove(tables_.queries, slot);
  tables_.queries.free(slot);
  return true;
}

// ---- Queries sent ----

Duration Resolver::patience(const Query& query) const {
  return settings_.timeout *
         (1 << std::min(query.tries / std::max<unsigned>(server_count_, 1), 6u));
}

void Resolver::wait(Query& query, Instant until) {
  query.deadline = until;
  deadline_ = std::min(deadline_, until);
}

void Resolver::ask(Query& query) {
  hang_up(query);
  if (query.tries >= most_tries()) {
    const DnsStatus status = server_count_ == 0 ? DnsStatus::kNoServers
                             : query.failed     ? DnsStatus::kServerFailed
                                                : DnsStatus::kTimedOut;
    return finish(query, status, {}, Duration{0}, false);
  }
  const bool asked = query.over_tcp ? ask_over_tcp(query) : ask_over_udp(query);
  // A query that could not be sent is retried after the timeout, too: the link or the route may
  // come back.
  if (!asked) hang_up(query);
  wait(query, stack_.now() + patience(query));
}

bool Resolver::ask_over_udp(Query& query) {
  const auto socket = udp_.bind({.local = {}, .token = token_of(slot_of(query))});
  if (!socket) return false;
  query.socket = *socket;
  query.id = random_.next16();
  if (udp_.connect(*socket, {server_of(query), kDnsPort}) != Error::kOk) return false;
  std::array<std::byte, kQueryBytes> bytes;
  const std::size_t length =
      emit_dns_query(query.id, query.current, dns_type_of(query.family), bytes);
  if (udp_.send(*socket, std::span(bytes).first(length)) != Error::kOk) return false;
  udp_.counters().add(query.tries == 0 ? Count::dns_queries_out : Count::dns_queries_again);
  return true;
}

bool Resolver::ask_over_tcp(Query& query) {
  ConnectRequest request;
  request.remote = {server_of(query), kDnsPort};
  request.timeout = patience(query);
  request.token = token_of(slot_of(query));
  const auto connection = stack_.connect(request);
  if (!connection) return false;
  query.connection = *connection;
  query.asked_over_tcp = false;
  query.id = random_.next16();
  udp_.counters().add(Count::dns_queries_tcp);
  return true;
}

void Resolver::next_try(Query& query) {
  ++query.tries;
  query.over_tcp = false;
  ask(query);
}

// Closes the query's socket and connection and forgets their ids: later events find no query.
void Resolver::hang_up(Query& query) {
  if (query.socket != UdpId{}) (void)udp_.close(query.socket);
  if (query.connection != ConnectionId{}) (void)stack_.close(query.connection);
  query.socket = {};
  query.connection = {};
}

void Resolver::step() {
  const Instant now = stack_.now();
  if (now < deadline_) return;
  deadline_ = kNever;
  for (std::uint32_t slot = 0; slot < tables_.queries.end(); ++slot) {
    if (!tables_.queries.live(slot)) continue;
    Query& query = tables_.queries[slot];
    if (query.deadline <= now) next_try(query);
    deadline_ = std::min(deadline_, query.deadline);
  }
}

// ---- Answers received ----

Resolver::Query* Resolver::query_of(Token token) {
  const std::uint32_t slot = token.value();
  return tables_.queries.live(slot) ? &tables_.queries[slot] : nullptr;
}

void Resolver::on_event(const UdpEvent& event) {
  Query* query = query_of(event.token);
  if (query == nullptr || query->socket != event.socket) return;
  while (const auto datagram = udp_.receive(event.socket, tables_.message)) {
    const auto message =
        tables_.message.first(std::min<std::size_t>(datagram->length, kMessageBytes));
    // take() may have ended the query or replaced its socket.
    if (take(*query, message)) return;
  }
  if (event.has(UdpEvent::kRefused)) next_try(*query);
}

void Resolver::on_event(const Event& event) {
  Query* query = query_of(event.token);
  if (query == nullptr || query->connection != event.connection) return;
  if (event.has(Event::kClosed)) {
    query->connection = {};
    return next_try(*query);
  }
  if (event.has(Event::kConnected)) send_over_tcp(*query);
  receive_over_tcp(*query);
  // A server that closes before the answer is complete has failed.
  if (event.has(Event::kPeerClosed) && query->connection == event.connection) next_try(*query);
}

void Resolver::send_over_tcp(Query& query) {
  std::array<std::byte, kLengthBytes + kQueryBytes> bytes;
  const std::size_t length = emit_dns_query(query.id, query.current, dns_type_of(query.family),
                                            std::span(bytes).subspan(kLengthBytes));
  put16(bytes, 0, static_cast<std::uint16_t>(length));
  // The send queue of a new connection is empty: where the pool has no room, the query is cut and
  // times out.
  (void)stack_.send(query.connection, std::span(bytes).first(kLengthBytes + length));
  query.asked_over_tcp = true;
}

void Resolver::receive_over_tcp(Query& query) {
  const auto unread = stack_.unread(query.connection);
  if (!query.asked_over_tcp || !unread || unread->bytes < kLengthBytes) return;
  std::array<std::span<const std::byte>, 2> pieces;
  const auto count = stack_.peek(query.connection, pieces);
  if (!count || *count == 0) return;
  const std::byte high = pieces[0][0];
  const std::byte low = pieces[0].size() > 1 ? pieces[0][1] : pieces[1][0];
  const std::size_t length =
      std::to_integer<std::size_t>(high) << 8 | std::to_integer<std::size_t>(low);
  if (length > kMessageBytes) {
    udp_.counters().add(Count::drop_dns_malformed);
    return next_try(query);
  }
  if (unread->bytes < kLengthBytes + length) return;
  (void)stack_.consume(query.connection, kLengthBytes);
  const auto message = tables_.message.first(length);
  (void)stack_.receive(query.connection, message);
  if (!take(query, message)) next_try(query);
}

/// Interprets a message; false when it is not the answer to this query, and is ignored.
bool Resolver::take(Query& query, std::span<const std::byte> message) {
  Counters& counters = udp_.counters();
  const DnsReading reading =
      read_dns_answer(message, query.id, query.current, query.family, query.aliases);
  if (reading.verdict == DnsVerdict::kForeign) {
    counters.add(Count::drop_dns_foreign);
    return false;
  }
  if (reading.verdict == DnsVerdict::kMalformed) {
    counters.add(Count::drop_dns_malformed);
    next_try(query);
    return true;
  }
  counters.add(Count::dns_answers_in);
  switch (reading.verdict) {
    case DnsVerdict::kAddresses:
      found(query, reading, DnsStatus::kFound);
      break;
    case DnsVerdict::kNoSuchName:
      found(query, reading, DnsStatus::kNoSuchName);
      break;
    case DnsVerdict::kNoAddress:
      found(query, reading, DnsStatus::kNoAddress);
      break;
    case DnsVerdict::kAskAgain:
      query.current = reading.name;
      query.aliases = reading.aliases;
      query.seconds = std::min(query.seconds, reading.seconds);
      query.tries = 0;
      query.over_tcp = false;
      ask(query);
      break;
    case DnsVerdict::kTruncated:
      // A truncated answer over TCP is malformed.
      if (query.over_tcp) {
        next_try(query);
      } else {
        query.over_tcp = true;
        ask(query);
      }
      break;
    case DnsVerdict::kEndless:
      hang_up(query);
      finish(query, DnsStatus::kBadAnswer, {}, Duration{0}, false);
      break;
    default:
      query.failed = true;
      next_try(query);
      break;
  }
  return true;
}

void Resolver::found(Query& query, const DnsReading& reading, DnsStatus status) {
  hang_up(query);
  const Duration most = status == DnsStatus::kFound ? settings_.longest : settings_.longest_nothing;
  const Duration valid =
      std::min<Duration>(std::chrono::seconds(std::min(query.seconds, reading.seconds)), most);
  if (valid > Duration{0}) {
    tables_.cache.put(query.name, query.family, status, reading.addresses, stack_.now() + valid);
  }
  finish(query, status, reading.addresses, valid, false);
}

void Resolver::finish(Query& query, DnsStatus status, const DnsAddresses& addresses, Duration valid,
                      bool cached) {
  const std::uint32_t slot = slot_of(query);
  query.deadline = kNever;
  query.done = true;
  query.answer = DnsAnswer{
      tables_.queries.id(slot), query.token, status, addresses, valid, cached, query.family};
  done_.push(tables_.queries, slot);
}

}  // namespace conker
