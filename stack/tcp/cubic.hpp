// CUBIC (RFC 9438): the window grows as a cubic function of the time since the last loss. Before
// the first loss, HyStart++ (RFC 9406) ends slow start.
#pragma once

#include "stack/tcp/congestion.hpp"

namespace conker {

/// The algorithm as an object for Stack::use(); an image that does not name it does not link it.
class Cubic final : public CongestionControl {
 public:
  void on_ack(Congestion& c, std::uint32_t acked, std::uint16_t mss, Duration srtt,
              Instant now) const override;
  void on_round_trip(Congestion& c, Seq una, Seq nxt, Duration rtt) const override;
  void after_idle(Congestion& c) const override;
  std::uint32_t reduce(Congestion& c, std::uint32_t flight, std::uint16_t mss,
                       Instant now) const override;
};

}  // namespace conker
