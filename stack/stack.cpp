#include "stack/stack.hpp"

#include <algorithm>
#include <numeric>

#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {

// Makes the tables in the order in which they lie in the storage. storage_bytes() runs the same
// code without storage.
Stack::Stack(Arena arena, const Capacities& capacities, const Settings& settings,
             const Entropy& entropy)
    : capacities_(capacities),
      settings_(settings),
      chunks_(arena, capacities.chunks, capacities.chunk_bytes),
      wheel_(arena, Tcp::timer_count(capacities)),
      network_(arena, capacities_, settings_, entropy, counters_, chunks_),
      tcp_(arena, capacities_, settings_, entropy, counters_, chunks_, wheel_, network_),
      used_(arena.used()) {}

std::size_t Stack::storage_bytes(const Capacities& capacities) {
  return Stack(Arena(), capacities, Settings(), Entropy()).used_;
}

void Stack::begin(Instant now) {
  if (now_ == Instant()) wheel_.start(Tick::floor(now));
  now_ = std::max(now, now_);
  network_.begin(now_);
  tcp_.begin(now_);
}

void Stack::input(InterfaceId interface, std::span<const FrameIn> frames) {
  // Prefetches, a few frames ahead, what a SYN will read in the tables: with many connections in
  // them a miss of the cache takes as long as a segment.
  constexpr std::size_t kAhead = 4;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i + kAhead < frames.size()) {
      if (const auto tuple = Network::peek_syn(frames[i + kAhead])) tcp_.prefetch(*tuple);
    }
    const FrameIn& frame = frames[i];
    PacketIn packet;
    Unreachable message;
    switch (network_.input(interface, frame, packet, message)) {
      case Network::Disposition::kNothing:
        break;
      case Network::Disposition::kTcp:
        tcp_.segment_arrives(packet);
        break;
      case Network::Disposition::kUdp:
        udp_->datagram_arrives(packet);
        break;
      case Network::Disposition::kUnreachable:
        if (message.protocol == kProtocolTcp) tcp_.unreachable(message);
        if (message.protocol == kProtocolUdp && udp_ != nullptr) udp_->unreachable(message);
        break;
    }
  }
  network_.flush();  // answers may refer to the bytes of the frames
}

void Stack::timers() {
  network_.timers();
  tcp_.timers();
  network_.flush();
}

void Stack::output() {
  tcp_.output();
  network_.flush();
}

Instant Stack::next_deadline() const {
  return std::min(network_.next_deadline(), tcp_.next_deadline());
}

Audit Stack::audit() const {
  const TcpAudit tcp = tcp_.audit();
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
