// Path MTU discovery. What ICMP says of a path is kept for its destination, and what a black hole
// shows for the connection that has met it.
#pragma once

#include <cstdint>

#include "stack/tcp/held.hpp"
#include "stack/tcp/lifetime.hpp"
#include "stack/tcp/limits.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class PathMtu {
 public:
  static void path_mtu_is(TcpTables& t, std::uint32_t slot, std::uint16_t mtu);
  static void suspect_black_hole(TcpTables& t, std::uint32_t slot);
  static void reconsider_path_mtu(TcpTables& t, Connection& c);

 private:
  static void shrink_segments(TcpTables& t, std::uint32_t slot, std::uint16_t mss, Count why);
};

}  // namespace conker
