// Handshakes that a strike has left unfinished: the peer has answered the SYN and hears no more. A
// host answers a SYN-ACK for which it has no connection by a RST, which would free the peer's
// record; for these it does not.
//
// Bounded: kMost of them, each for kKept, longer than common TCPs send a SYN-ACK again. The oldest
// makes room, and its peer is sent that RST for its next SYN-ACK: so no strike holds more of a
// peer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/silence.hpp"

namespace conker {

class Unfinished final : public Silence {
 public:
  static constexpr std::size_t kMost = 1024;
  static constexpr Duration kKept = 2min;
  /// A SYN-ACK that was not sent again within this is not sent again at all: RFC 6298, 2.1, has it
  /// wait for 1 s, as RFC 2988 had for 3 s.
  static constexpr Duration kLongEnough = 10s;

  struct Counts {
    std::uint64_t left = 0;      // handshakes
    std::uint64_t repeated = 0;  // SYN-ACKs that were not the first of theirs
  };
  /// One that was watched for kLongEnough.
  struct Watched {
    std::uint32_t count = 0;  // of them, that are still remembered
    FourTuple tuple;          // of the first
    Seq irs;
    Instant at{};
  };

  /// The peer has answered the SYN with number `iss` by one with `irs`, and is left alone from now
  /// on.
  void add(const FourTuple& tuple, Seq iss, Seq irs, Instant now);
  /// A SYN-ACK of one of them. Of the same four-tuple there may be later connections, whose SYNs
  /// have other numbers.
  bool keeps(const FourTuple& tuple, const TcpSegment& segment, Instant now) override;

  const Counts& counts() const { return counts_; }
  Watched watched(Instant now) const;

 private:
  struct Left {
    FourTuple tuple;
    Seq iss, irs;
    Instant at{};
  };

  std::span<const Left> remembered() const {
    return std::span(left_).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(counts_.left, kMost)));
  }

  std::array<Left, kMost> left_{};  // a ring
  Counts counts_;
};

}  // namespace conker
