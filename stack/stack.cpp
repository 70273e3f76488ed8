#include "stack/stack.hpp"

#include <algorithm>
#include <new>
#include <numeric>

#include "stack/tcp/tcp.hpp"
#include "stack/wire/peek.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {
namespace {

template <typename... Uses>
Tcp* make_tcp(Arena& arena, Uses&&... uses) {
  const std::span<Tcp> place = arena.take<Tcp>(1);
  if (!place.empty()) return new (place.data()) Tcp(arena, uses...);
  Tcp(arena, uses...);  // counts what its tables would take
  return nullptr;
}

}  // namespace

// Makes the tables in the order in which they lie in the storage. storage_bytes() runs the same
// code without storage.
Stack::Stack(Arena arena, const Capacities& capacities, const Settings& settings,
             const Entropy& entropy)
    : capacities_(capacities),
      settings_(settings),
      chunks_(arena, capacities.chunks, capacities.chunk_bytes),
      wheel_(arena, Tcp::timer_count(capacities)),
      network_(arena, capacities_, settings_, entropy, counters_, chunks_),
      tcp_(make_tcp(arena, capacities_, settings_, entropy, counters_, chunks_, wheel_, network_)),
      used_(arena.used()) {}

Stack::Stack(std::span<std::byte> storage, const Capacities& capacities, const Settings& settings,
             const Entropy& entropy, const Parts& parts)
    : Stack(Arena(storage), capacities, settings, entropy) {
  if (tcp_ == nullptr) return;
  if (parts.cubic != nullptr) tcp_->use(CongestionAlgorithm::kCubic, *parts.cubic);
  if (parts.recovery != nullptr) tcp_->use(*parts.recovery);
  if (parts.cookies != nullptr) tcp_->use(*parts.cookies);
  if (parts.reassembler != nullptr) network_.use_reassembler(*parts.reassembler);
}

std::size_t Stack::storage_bytes(const Capacities& capacities) {
  return Stack(Arena(), capacities, Settings(), Entropy()).used_;
}

void Stack::begin(Instant now) {
  if (now_ == Instant()) wheel_.start(Tick::floor(now));
  now_ = std::max(now, now_);
  network_.begin(now_);
  tcp_->begin(now_);
}

void Stack::input(InterfaceId interface, std::span<const FrameIn> frames) {
  // Prefetches, a few frames ahead, what a SYN will read in the tables: with many connections in
  // them a miss of the cache takes as long as a segment.
  constexpr std::size_t kAhead = 4;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i + kAhead < frames.size()) {
      if (const auto tuple = peek_syn(frames[i + kAhead].bytes)) tcp_->prefetch(*tuple);
    }
    const FrameIn& frame = frames[i];
    PacketIn packet;
    IcmpErrorIn error;
    switch (network_.input(interface, frame, packet, error)) {
      case Disposition::kNothing:
        break;
      case Disposition::kTcp:
        tcp_->segment_arrives(packet);
        break;
      case Disposition::kUdp:
        udp_->datagram_arrives(packet);
        break;
      case Disposition::kIcmpError:
        if (error.protocol == kProtocolTcp) tcp_->error_arrives(error);
        if (error.protocol == kProtocolUdp && udp_ != nullptr) udp_->error_arrives(error);
        break;
    }
  }
  network_.flush();  // answers may refer to the bytes of the frames
}

void Stack::timers() {
  network_.timers();
  tcp_->timers();
  network_.flush();
}

void Stack::output() {
  tcp_->output();
  network_.flush();
}

Instant Stack::next_deadline() const {
  return std::min(network_.next_deadline(), tcp_->next_deadline());
}

bool Stack::next_event(Event& event) {
  return tcp_->next_event(event);
}
void Stack::reap() {
  tcp_->reap();
}
bool Stack::wants_output() const {
  return tcp_->wants_output();
}
bool Stack::wants_turn() const {
  return tcp_->wants_output() || tcp_->has_events();
}

// ---- TCP ----

Result<ConnectionId> Stack::connect(const ConnectRequest& request) {
  return tcp_->calls().connect(request);
}
Result<ListenerId> Stack::listen(const ListenRequest& request) {
  return tcp_->calls().listen(request);
}
Error Stack::unlisten(ListenerId id) {
  return tcp_->calls().unlisten(id);
}
Result<ConnectionId> Stack::accept(ListenerId id) {
  return tcp_->calls().accept(id);
}
Result<std::uint32_t> Stack::send(ConnectionId id, std::span<const std::byte> bytes) {
  return tcp_->calls().send(id, bytes);
}
Result<Unread> Stack::unread(ConnectionId id) const {
  return tcp_->unread(id);
}
Result<std::uint32_t> Stack::peek(ConnectionId id,
                                  std::span<std::span<const std::byte>> out) const {
  return tcp_->peek(id, out);
}
Error Stack::consume(ConnectionId id, std::uint32_t n) {
  return tcp_->calls().consume(id, n);
}
Result<std::uint32_t> Stack::receive(ConnectionId id, std::span<std::byte> out) {
  return tcp_->calls().receive(id, out);
}
Error Stack::shutdown(ConnectionId id) {
  return tcp_->calls().shutdown(id);
}
Error Stack::close(ConnectionId id) {
  return tcp_->calls().close(id);
}
Error Stack::close(ConnectionId id, Duration bound) {
  return tcp_->calls().close(id, bound);
}
Error Stack::abort(ConnectionId id) {
  return tcp_->calls().abort(id);
}
Error Stack::set_keepalive(ConnectionId id, const Keepalive& keepalive) {
  return tcp_->calls().set_keepalive(id, keepalive);
}
Error Stack::set_user_timeout(ConnectionId id, Duration timeout) {
  return tcp_->calls().set_user_timeout(id, timeout);
}
Error Stack::set_token(ConnectionId id, Token token) {
  return tcp_->calls().set_token(id, token);
}
Error Stack::set_no_delay(ConnectionId id, bool no_delay) {
  return tcp_->calls().set_no_delay(id, no_delay);
}

// ---- Questions ----

bool Stack::fin_acknowledged(ConnectionId id) const {
  return tcp_->fin_acknowledged(id);
}
std::uint32_t Stack::retransmits(ConnectionId id) const {
  return tcp_->retransmits(id);
}
bool Stack::info(ConnectionId id, ConnectionInfo& out) const {
  return tcp_->info(id, out);
}

Audit Stack::audit() const {
  const TcpAudit tcp = tcp_->audit();
  const auto n = [this](Count count) { return counters_[count]; };
  Audit audit;
  audit.opened = n(Count::opened_active) + n(Count::opened_passive);
  audit.closed = n(Count::ended_closed);
  audit.reset = n(Count::ended_reset);
  audit.aborted = n(Count::ended_aborted);
  audit.timed_out = n(Count::ended_timed_out);
  audit.refused = n(Count::ended_refused);
  audit.other = n(Count::ended_other);
  audit.live = tcp.live;
  audit.half_open = tcp.half_open;
  audit.time_wait = tcp.time_wait;
  audit.listeners = tcp.listeners;
  audit.in_state = tcp.in_state;
  ChunkCounts held = tcp.chunks_held;
  held[static_cast<std::size_t>(Use::kNeighbours)] = network_.neighbour_chunks();
  held[static_cast<std::size_t>(Use::kFragments)] = network_.fragment_chunks();
  audit.fault = tcp.fault;
  if (udp_ != nullptr) {
    const DatagramProtocol::Audit udp = udp_->audit();
    held[static_cast<std::size_t>(Use::kDatagrams)] = udp.chunks_held;
    if (audit.fault == nullptr) audit.fault = udp.fault;
  }
  const auto check = [&audit](bool good, const char* fault) {
    if (!good && audit.fault == nullptr) audit.fault = fault;
  };
  check(audit.opened == audit.closed + audit.reset + audit.aborted + audit.timed_out +
                            audit.refused + audit.other + audit.live,
        "connections opened do not equal those that ended and those that live");
  audit.chunks_held = std::accumulate(held.begin(), held.end(), std::uint64_t{0});
  const char* budget = chunks_.audit(held);
  check(budget == nullptr, budget);
  check(network_.fragments_balance(),
        "fragments received do not equal those used, dropped and held");
  std::uint64_t segments = n(Count::segments_delivered);
  for (auto i = static_cast<std::size_t>(Count::drop_segment_malformed);
       i <= static_cast<std::size_t>(Count::drop_segment_no_slot); ++i) {
    segments += n(static_cast<Count>(i));
  }
  check(n(Count::segments_in) == segments,
        "segments received do not equal those delivered and those dropped");
  return audit;
}

}  // namespace conker
