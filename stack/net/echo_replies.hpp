// Received echo replies that wait to be fetched, of both versions of ICMP.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/net/packet.hpp"

namespace conker {

class EchoReplies {
 public:
  /// Room for `most` replies; beyond that number the oldest is dropped.
  EchoReplies(Arena& arena, std::uint32_t most, Counters& counters)
      : replies_(arena.take<EchoReply>(most)), counters_(counters) {}

  void add(const PacketIn& packet, std::uint16_t identifier, std::uint16_t sequence,
           std::span<const std::byte> payload, Instant now);
  /// Takes the oldest; false when there is none.
  bool next(EchoReply& reply);

 private:
  std::uint32_t most() const { return static_cast<std::uint32_t>(replies_.size()); }

  std::span<EchoReply> replies_;  // a ring buffer
  Counters& counters_;
  std::uint32_t first_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace conker
