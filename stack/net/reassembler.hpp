// The interface between the network layer and IPv4 reassembly. An embedder that hands in no
// reassembler drops fragments and does not link the code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ipv4.hpp"

namespace conker {

class Reassembler {
 public:
  /// A reassembled packet: the header of its first fragment, and the payload.
  struct Whole {
    std::span<const std::byte> packet;
    std::span<const std::byte> payload;
    std::uint8_t traffic_class = 0;
  };

  /// Called once, before any other call. Fragments wait in chunks of the stack's pool.
  virtual void attach(ChunkPool& chunks, Counters& counters, const Settings& settings) = 0;
  /// Takes a fragment for one of the host's addresses whose header was checked, and the bytes that
  /// it was parsed from. True when it completes its packet; `whole` is valid until the next call.
  virtual bool input(const Ipv4Packet& fragment, std::span<const std::byte> bytes, Instant now,
                     Whole& whole) = 0;
  /// Drops the next packet whose reassembly timeout has passed; false when there is none. `quote`
  /// is the beginning of its first fragment, for an ICMP error, or empty if that never arrived.
  virtual bool expire(Instant now, std::span<const std::byte>& quote) = 0;
  virtual Instant next_deadline() const = 0;
  /// Drops the oldest packet, to free chunks for uses whose data must not be discarded. False when
  /// fragments hold no more than the floor of their budget.
  virtual bool shed() = 0;
  /// Counted by walking.
  virtual std::uint64_t chunks_held() const = 0;
  virtual std::uint64_t fragments_held() const = 0;

 protected:
  ~Reassembler() = default;
};

}  // namespace conker
