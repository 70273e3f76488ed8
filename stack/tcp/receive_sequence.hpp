// The receive sequence variables of a connection (RFC 9293, 3.3.1), and what is remembered of the
// segments that moved them.
#pragma once

#include <cstdint>

#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// Segments whose ACK does not wait, when the peer's congestion window is small: its initial window
/// (RFC 6928) and half of the next.
inline constexpr std::uint8_t kQuickAcks = 16;

/// nxt <= adv, once the peer's SYN is there.
struct ReceiveSequence {
  Seq irs;
  Seq nxt;                      // RCV.NXT
  Seq adv;                      // the right edge of the window as the peer knows it
  Seq last_ack;                 // the last ACK that we sent
  Seq fin;                      // of the peer's FIN, while fin_seen
  std::uint16_t mss = 0;        // the most data that one segment of the peer had
  std::uint8_t quick_acks = 0;  // segments from now on whose ACK does not wait
  bool fin_seen = false;        // perhaps beyond a hole

  /// RCV.WND, bytes.
  std::uint32_t wnd() const { return static_cast<std::uint32_t>(adv - nxt); }
  /// Whether the peer's FIN is all that has not been taken yet.
  bool at_fin() const { return fin_seen && nxt == fin; }
};

/// How much a connection may receive ahead of its application, which grows with what it reads.
struct ReceiveBuffer {
  std::uint32_t limit = 0;        // the window and what waits for the application, bytes together
  std::uint32_t round_bytes = 0;  // read by the application since
  Mark round_began;               // which was a round trip ago
};

}  // namespace conker
