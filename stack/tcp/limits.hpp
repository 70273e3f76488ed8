// How much a connection may queue and send now.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/tcp/tables.hpp"

namespace conker {

class Limits {
 public:
  static std::uint32_t send_limit(const TcpTables& t, const Connection& c);
  static std::uint32_t receive_limit(const TcpTables& t, const Connection& c);
  static std::uint32_t out_of_order_limit(const TcpTables& t, const Connection& c);
  static bool window_opens(const Connection& c, std::uint32_t limit, std::uint32_t segments);
  static std::uint32_t first_window(const TcpTables& t) {
    return std::min<std::uint32_t>(t.settings.receive_buffer, 65535);
  }
  static std::uint16_t our_mss(const TcpTables& t, const FourTuple& tuple);
  static std::uint16_t send_mss(const TcpTables& t, const FourTuple& tuple,
                                const NegotiatedOptions& negotiated);
  /// Data that lies in the pieces of one frame, wherever in a chunk it begins.
  static std::uint32_t data_in_pieces(const TcpTables& t) {
    return static_cast<std::uint32_t>(t.pieces.size() - 2) * t.chunks.chunk_bytes();
  }
};

}  // namespace conker
