// Text and FIN that arrive, and the window that opens as the application reads.
#pragma once

#include <cstdint>
#include <span>

#include "stack/tcp/deadlines.hpp"
#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/pool.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Receiver {
 public:
  static void process_text(TcpTables& t, std::uint32_t slot, const TcpSegment& segment);
  static void queue_text_of_syn(TcpTables& t, std::uint32_t slot, const TcpSegment& syn);
  static void take_text_of_syn(TcpTables& t, std::uint32_t slot);
  static void note_heard(TcpTables& t, Connection& c);
  static void note_duplicate(Connection& c, Seq left, Seq right);
  static void note_consumed(TcpTables& t, std::uint32_t slot, std::uint32_t n);

 private:
  static void keep_beyond_hole(TcpTables& t, std::uint32_t slot, Seq sequence,
                               std::span<const std::byte> bytes);
  static std::uint32_t take_in(TcpTables& t, Connection& c, std::span<const std::byte> bytes);
  static void settle_hole(TcpTables& t, std::uint32_t slot);
  static void process_fin(TcpTables& t, std::uint32_t slot);
  static bool ack_may_wait(const TcpTables& t, Connection& c, const TcpSegment& segment);
  static void note_round_trip(const TcpTables& t, Connection& c, const TcpSegment& segment);
  static void tune_window(TcpTables& t, Connection& c, std::uint32_t read);
};

}  // namespace conker
