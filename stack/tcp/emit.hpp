// Sends one segment.
#pragma once

#include <cstdint>

#include "stack/tcp/held.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Emit {
 public:
  static Sent send_segment(TcpTables& t, Connection& c, Seq sequence, std::uint32_t length,
                           std::uint8_t flags);
  static Sent send_pure_ack(TcpTables& t, Connection& c);
  static Seq bare_sequence(const Connection& c);
  static Sent send_bare(TcpTables& t, const FourTuple& tuple, const TcpSegment& segment);
  static void send_reset(TcpTables& t, const FourTuple& tuple, const TcpSegment& to);
  static std::uint16_t advertise(TcpTables& t, Connection& c);
  static std::uint16_t advertised_user_timeout(const TcpTables& t, const Connection* c);

 private:
  static Sent send_packet(TcpTables& t, const FourTuple& tuple, const TcpSegment& segment,
                          PacketOut& packet);
  static void mark_for_ecn(const Connection& c, bool new_data, TcpSegment& segment,
                           PacketOut& packet);
  static void report(const TcpTables& t, const Connection& c, std::uint32_t length,
                     TcpSegment& segment);
  static void on_ack_sent(Connection& c, const TcpSegment& segment);
};

}  // namespace conker
