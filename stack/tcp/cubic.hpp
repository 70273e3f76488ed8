// CUBIC (RFC 9438): the window grows as a cubic function of the time since the last loss.
#pragma once

#include "stack/tcp/congestion.hpp"

namespace conker {

/// Handed to the stack with Stack::use(); an image that does not name it does not have it.
class Cubic final : public CongestionControl {
 public:
  void on_ack(Congestion& c, std::uint32_t acked, std::uint16_t mss, Duration srtt,
              Instant now) const override;
  std::uint32_t reduce(Congestion& c, std::uint32_t flight, std::uint16_t mss, Instant now) const override;
};

}  // namespace conker
