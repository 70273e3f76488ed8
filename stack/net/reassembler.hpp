// Where fragments become packets again. The network layer only knows this much of it: an embedder
// that hands in no reassembler drops fragments and does not link the code.
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
  /// A packet made whole: the header of its first fragment, and behind it the payload.
  struct Whole {
    std::span<const std::byte> packet;
    std::span<const std::byte> payload;
    std::uint8_t traffic_class = 0;
  };

  /// Called once, before anything else. Bytes wait in chunks of the stack's pool.
  virtual void attach(ChunkPool& chunks, Counters& counters, const Settings& settings) = 0;
  /// A fragment whose header is good and which is for us, and the bytes that it was parsed from.
  /// True when it makes its packet whole; `whole` is good until the next call.
  virtual bool input(const Ipv4Packet& fragment, std::span<const std::byte> bytes, Instant now,
                     Whole& whole) = 0;
  /// Gives up the next packet that was not complete in time; false when there is none. `quote` is
  /// the beginning of its first fragment, for an ICMP error, or empty if that has never come.
  virtual bool expire(Instant now, std::span<const std::byte>& quote) = 0;
  virtual Instant next_deadline() const = 0;
  /// Gives up the oldest packet for the sake of those who can throw nothing away. False when what
  /// is held is no more than the floor of its budget.
  virtual bool shed() = 0;
  /// Walked.
  virtual std::uint64_t chunks_held() const = 0;
  virtual std::uint64_t fragments_held() const = 0;

 protected:
  ~Reassembler() = default;
};

}  // namespace conker
