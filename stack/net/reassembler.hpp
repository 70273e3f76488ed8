// The interface between the network layer and reassembly. An embedder that hands in no reassembler
// drops fragments and does not link the code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"

namespace conker {

/// A fragment for one of the host's addresses, whose header was checked.
struct Fragment {
  IpAddress source, destination;
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;
  std::uint8_t traffic_class = 0;
  bool more = false;
  std::uint32_t offset = 0;            // of the payload in that of the whole packet, in bytes
  std::uint32_t largest = 0;           // payload that a packet of its protocol can have, in bytes
  std::span<const std::byte> header;   // the headers of the packet that it is a part of
  std::span<const std::byte> payload;  // the part itself
};

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
  /// Takes a fragment. True when it completes its packet; `whole` is valid until the next call.
  virtual bool input(const Fragment& fragment, Instant now, Whole& whole) = 0;
  /// A packet whose reassembly timeout has passed.
  struct Expired {
    IpAddress source;
    /// The beginning of its first fragment, for an ICMP error; empty if that never arrived.
    std::span<const std::byte> quote;
  };
  /// Drops the next packet whose reassembly timeout has passed; false when there is none.
  virtual bool expire(Instant now, Expired& expired) = 0;
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
