// RACK (RFC 8985, 6): a segment is lost when one that was sent after it has arrived, and the time
// for which the network may hold segments back has passed.
#pragma once

#include <cstdint>

#include "stack/tcp/connection.hpp"
#include "stack/tcp/scoreboard.hpp"

namespace conker {

/// A view of one connection's scoreboard, at one moment. Step: of RACK's, RFC 8985, 6.2.
class Rack {
 public:
  /// `now` as SentSegment::clock() has it.
  Rack(const Connection& c, Scoreboard& scoreboard, std::uint32_t now)
      : c_(c), scoreboard_(scoreboard), f_(scoreboard.flight()), now_(now) {}

  /// The peer has a segment which it had not before, `rtt` microseconds after it was sent (steps 2
  /// and 3).
  void arrived(const SentSegment& s, Seq end, std::uint32_t rtt);
  /// The peer had a segment twice, says its ACK (step 4).
  void arrived_twice(Seq ack);
  void recovery_ended();
  /// RACK_detect_loss (step 5). Whether segments were marked as lost; sets the time until others
  /// will be.
  bool find_losses();

 private:
  bool any_passed();
  void pass_older();
  std::uint32_t reordering_window() const;

  const Connection& c_;
  Scoreboard& scoreboard_;
  Flight& f_;
  std::uint32_t now_;
};

}  // namespace conker
