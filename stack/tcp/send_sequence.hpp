// The send sequence variables of a connection (RFC 9293, 3.3.1) and how they move.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/seq.hpp"

namespace conker {

/// una <= cursor <= nxt.
struct SendSequence {
  Seq una, nxt;  // SND.UNA; SND.NXT, the highest ever sent
  Seq cursor;    // what is sent next: behind nxt while sending again
  Seq wl1, wl2;  // SND.WL1, SND.WL2: of the segment that the window is from
  Seq iss;
  std::uint32_t wnd = 0, max_wnd = 0;  // SND.WND, and the widest that it was, bytes
  Seq small_end, small_end_before;     // where the last two segments below the MSS ended

  /// Nothing is sent yet; what comes first has the number `first`.
  void start(Seq first) { una = nxt = cursor = first; }

  /// Bytes that are sent and not acknowledged, FIN and SYN among them (RFC 5681's FlightSize).
  std::uint32_t in_flight() const { return static_cast<std::uint32_t>(nxt - una); }
  bool all_acknowledged() const { return una == nxt; }
  /// From una to what is sent next.
  std::uint32_t cursor_offset() const { return static_cast<std::uint32_t>(cursor - una); }
  bool in_order() const { return una <= nxt && una <= cursor && cursor <= nxt; }

  /// All that is out is sent again.
  void rewind() { cursor = una; }
  /// The peer has everything before `ack`, which is not below una.
  void acknowledge(Seq ack) {
    una = ack;
    cursor = max(cursor, ack);
  }

  /// Whether a segment's window is newer than ours (RFC 9293, 3.10.7.4, fifth). A segment that
  /// fills a hole begins before one that has told of a window already; its ACK says whether it is
  /// newer.
  bool window_is_news(Seq sequence, Seq ack) const {
    return wl1 < sequence || wl2 < ack || (wl1 == sequence && wl2 == ack);
  }
  void take_window(Seq sequence, Seq ack, std::uint32_t window) {
    wnd = window;
    max_wnd = std::max(max_wnd, window);
    wl1 = max(wl1, sequence);
    wl2 = ack;
  }

  /// A segment below the MSS has been sent up to `end` for the first time.
  void note_small(Seq end) {
    small_end_before = small_end;
    small_end = end;
  }
  /// Nagle's rule, loosened: whether two small segments are out (RFC 9293, 3.7.4).
  bool two_small_out() const { return small_end_before > una; }
};

/// Our FIN.
struct SentFin {
  bool queued : 1 = false;  // it comes after the last byte of the send queue
  bool sent : 1 = false;
  bool acked : 1 = false;

  bool in_flight() const { return sent && !acked; }
  constexpr bool operator==(const SentFin&) const = default;
};

}  // namespace conker
