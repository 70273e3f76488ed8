// SYNs of peers that are to be crossed by SYNs of ours (RFC 9293, 3.5, figure 8): a host refuses a
// SYN for which it has no listener by a RST; these it does not answer, and the strike opens the
// same connection from our end. The peer, in SYN-SENT, then meets a SYN.
//
// Bounded: kMost of them; those that come while as many wait are as if lost, and come again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/guests.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/silence.hpp"

namespace conker {

class Crossings final : public Silence {
 public:
  static constexpr std::size_t kMost = 128;
  /// The peer may not wait any more for what came longer ago; if it does, its SYN comes again.
  static constexpr Duration kFresh = 500ms;

  /// Of SYNs to an endpoint of ours, and of guests, which must outlive it. Others are refused.
  Crossings(const Endpoint& ours, const Guests& guests) : ours_(ours), guests_(guests) {}

  bool keeps(const FourTuple& tuple, const TcpSegment& segment, Instant now) override;
  /// The connection of the next SYN, from our side; nothing where none waits.
  std::optional<FourTuple> next(Instant now);
  /// SYNs of those that are no guests.
  std::uint64_t turned_away() const { return turned_away_; }

 private:
  struct Waiting {
    FourTuple tuple;
    Instant at{};
  };

  Endpoint ours_;
  const Guests& guests_;
  std::array<Waiting, kMost> waiting_{};  // a ring
  std::size_t first_ = 0, count_ = 0;
  std::uint64_t turned_away_ = 0;
};

}  // namespace conker
