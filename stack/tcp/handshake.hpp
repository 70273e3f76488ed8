// Segments without a connection: for a half-open record, a TIME-WAIT record, a listener (LISTEN),
// or nothing (CLOSED).
#pragma once

#include <cstdint>
#include <optional>

#include "stack/tcp/challenge.hpp"
#include "stack/tcp/emit.hpp"
#include "stack/tcp/established.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/ports.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Handshake {
 public:
  /// What became of a segment, and the slot of the connection that it completed, where its
  /// processing goes on; kNone without one.
  struct Disposition {
    Disposition(Count what) : count(what) {}
    Disposition(Count what, std::uint32_t slot) : count(what), promoted(slot) {}
    Count count;
    std::uint32_t promoted = kNone;
  };
  static Disposition meets_no_connection(TcpTables& t, const FourTuple& tuple, std::uint32_t hash,
                                         TcpSegment& segment);
  static void drop_half_open(TcpTables& t, std::uint32_t index, Count why);
  /// Sends the SYN-ACK again, or gives the handshake up after settings.syn_ack_retransmits.
  static void half_open_timer(TcpTables& t, std::uint32_t index);

 private:
  static Count arrives_closed(TcpTables& t, const FourTuple& tuple, const TcpSegment& segment);
  static Disposition arrives_listen(TcpTables& t, std::uint32_t listener, const FourTuple& tuple,
                                    std::uint32_t hash, TcpSegment& segment,
                                    std::optional<Seq> beyond);
  static Disposition arrives_half_open(TcpTables& t, std::uint32_t index, const FourTuple& tuple,
                                       TcpSegment& segment);
  static Disposition arrives_time_wait(TcpTables& t, std::uint32_t index, const FourTuple& tuple,
                                       std::uint32_t hash, TcpSegment& segment);
  static bool reopens(const TcpTables& t, const TimeWait& record, const TcpSegment& syn);
  static Disposition promote(TcpTables& t, const HalfOpen& record, std::uint32_t index,
                             TcpSegment& segment);
  static Count answer_with_cookie(TcpTables& t, const Listener& listener, const FourTuple& tuple,
                                  const TcpSegment& syn);
  static Disposition arrives_with_cookie(TcpTables& t, std::uint32_t listener,
                                         const FourTuple& tuple, std::uint32_t hash,
                                         TcpSegment& segment);
  static void send_syn_ack(TcpTables& t, const HalfOpen& record, std::uint32_t timestamp);
  static void send_syn_ack(TcpTables& t, const HalfOpen& record) {
    send_syn_ack(t, record, t.timestamps_now(record.ts_offset, 0).value);
  }
  static std::uint32_t predecessor(const TcpTables& t, const HalfOpen& record,
                                   const TcpSegment& segment);
  static void end_reopened(TcpTables& t, const HalfOpen& record);
  static Count refuse_at_listener(TcpTables& t, Listener& listener, const FourTuple& tuple,
                                  const TcpSegment& segment);
};

}  // namespace conker
