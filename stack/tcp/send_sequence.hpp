// The send sequence variables of a connection (RFC 9293, 3.3.1).
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/seq.hpp"

namespace conker {

/// una <= cursor <= nxt.
struct SendSequence {
  Seq una, nxt;  // SND.UNA; SND.NXT, the highest number ever sent
  Seq cursor;    // the next number to send: before nxt while retransmitting
  Seq wl1, wl2;  // SND.WL1, SND.WL2: of the last window update
  Seq iss;
  std::uint32_t wnd = 0, max_wnd = 0;  // SND.WND and MAX.SND.WND, in bytes
  Seq small_end, small_end_before;     // ends of the last two segments below the MSS

  /// Starts with nothing sent; the first number is `first`.
  void start(Seq first) { una = nxt = cursor = first; }

  /// FlightSize (RFC 5681): bytes sent and not acknowledged, FIN and SYN included.
  std::uint32_t in_flight() const { return static_cast<std::uint32_t>(nxt - una); }
  bool all_acknowledged() const { return una == nxt; }
  /// Bytes from SND.UNA to the next number to send.
  std::uint32_t cursor_offset() const { return static_cast<std::uint32_t>(cursor - una); }
  bool in_order() const { return una <= nxt && una <= cursor && cursor <= nxt; }

  /// Retransmits everything in flight.
  void rewind() { cursor = una; }
  /// Processes an ACK; `ack` is not below una.
  void acknowledge(Seq ack) {
    una = ack;
    cursor = max(cursor, ack);
  }

  /// Whether a segment's window is newer (RFC 9293, 3.10.7.4, fifth). A segment that fills a hole
  /// begins before one whose window was used already; its ACK tells whether it is newer.
  bool updates_window(Seq sequence, Seq ack) const {
    return wl1 < sequence || wl2 < ack || (wl1 == sequence && wl2 == ack);
  }
  void take_window(Seq sequence, Seq ack, std::uint32_t window) {
    wnd = window;
    max_wnd = std::max(max_wnd, window);
    wl1 = max(wl1, sequence);
    wl2 = ack;
  }

  /// Notes a new segment below the MSS that ends at `end`.
  void note_small(Seq end) {
    small_end_before = small_end;
    small_end = end;
  }
  /// Nagle's algorithm, loosened by one segment: whether two small segments are in flight (RFC
  /// 9293, 3.7.4).
  bool two_small_out() const { return small_end_before > una; }
};

/// The state of the FIN that is sent.
struct SentFin {
  bool queued : 1 = false;  // it follows the last byte of the send queue
  bool sent : 1 = false;
  bool acked : 1 = false;

  bool in_flight() const { return sent && !acked; }
  constexpr bool operator==(const SentFin&) const = default;
};

}  // namespace conker
