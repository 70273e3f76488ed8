// Brings a stack to the state in which a cell of the matrix begins, and gives its absolute sequence
// numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/script.hpp"
#include "tests/unit/tcp_matrix_table.hpp"

namespace conker::test::matrix {

/// Options that both SYNs offer: none but those of the table, or all.
enum class Offered : std::uint8_t { kNothing, kEverything };

class Stage {
 public:
  explicit Stage(Start start, Offered offered = Offered::kNothing, Family family = Family::kIpv4);

  /// The segment of a cell.
  WireSegment segment(Kind kind, Place place, Ack ack);
  /// Injects one segment, in one turn; returns all segments sent in it.
  std::vector<WireSegment> arrives(const WireSegment& segment);

  /// The state of the four-tuple.
  State state();

  Script& script() { return script_; }
  /// The connection, where there is one.
  const std::optional<ConnectionId>& id() const { return id_; }

  std::uint32_t iss = 0, snd_una = 0, snd_nxt = 0, rcv_nxt = 0, rcv_wnd = 0;

 private:
  void listen();
  void reach(Start start);
  void open();
  Segment offering(const Segment& syn);
  Segment asking_for_ecn(const Segment& syn) const;

  Offered offered_;
  Script script_;
  std::optional<ConnectionId> id_;
};

/// The state in which a cell begins.
State state_of(Start start);
bool has_ack(Kind kind);

const char* name_of(Start start);
const char* name_of(Kind kind);
const char* name_of(Place place);
const char* name_of(Ack ack);

}  // namespace conker::test::matrix
