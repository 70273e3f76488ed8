// SEGMENT ARRIVES (RFC 9293, 3.10.7), and ICMP errors about segments sent.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/tcp/challenge.hpp"
#include "stack/tcp/emit.hpp"
#include "stack/tcp/established.hpp"
#include "stack/tcp/handshake.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/liveness.hpp"
#include "stack/tcp/path_mtu.hpp"
#include "stack/tcp/receive.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Arrival {
 public:
  /// Processes a received segment, which must be for one of the host's addresses: by its four-tuple
  /// it reaches a connection here, or Handshake. Counts it once.
  static void segment_arrives(TcpTables& t, const PacketIn& packet);
  /// Processes an ICMP error that quotes a segment.
  static void error_arrives(TcpTables& t, const IcmpErrorIn& message);

 private:
  static Count dispatch(TcpTables& t, const PacketIn& packet);
  static Count arrives_syn_sent(TcpTables& t, std::uint32_t slot, const TcpSegment& segment);
  static Count arrives(TcpTables& t, std::uint32_t slot, TcpSegment& segment);
  static std::optional<Count> refuse_timestamps(TcpTables& t, std::uint32_t slot,
                                                const TcpSegment& segment, bool unacceptable);
  static bool old_duplicate(const TcpTables& t, const Connection& c, const TcpSegment& segment);
  static void note_timestamp(TcpTables& t, Connection& c, const TcpSegment& segment);
  static bool acceptable(const Connection& c, const TcpSegment& segment);
  static Count refuse_unacceptable(TcpTables& t, std::uint32_t slot, const TcpSegment& segment);
  static Count arrives_reset(TcpTables& t, std::uint32_t slot, const TcpSegment& segment);
  static void hurry_syn(TcpTables& t, std::uint32_t slot);
};

}  // namespace conker
