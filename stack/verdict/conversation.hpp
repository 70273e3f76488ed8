// The state of one conversation on the wire: one host's side of one four-tuple, reconstructed from
// segments only. It detects a TCP that sends what it must not send (rules.hpp).
//
// The observer calls on_sent() for each segment that the host has sent, in the order of sending,
// and on_received() for each that arrived at it. A segment that may have arrived counts as
// received: shown more than has arrived, the judge overlooks faults; shown less, it reports faults
// that are none. Sender and receiver need not be observed at the same place.
//
// Memory: less than 350 bytes, and on the heap up to 8 SYNs and 32 RSTs of 12 bytes and 256 ranges
// of 8 bytes for data received out of order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/seq.hpp"
#include "stack/verdict/received_ranges.hpp"
#include "stack/verdict/recent_texts.hpp"
#include "stack/verdict/rules.hpp"
#include "stack/verdict/segment.hpp"

namespace conker::verdict {

/// The byte at `offset` of the stream whose sender's ISS is `iss`.
using Contents = std::byte (*)(std::uint32_t iss, std::uint32_t offset);

/// Reasons to exempt a host from some rules.
struct Excuses {
  /// Its link or neighbour queue may have dropped segments before they reached the wire.
  bool unseen_segments = false;
  /// It has sent SYN cookies (RFC 4987, 3.6), of which it keeps no state: the same one may make
  /// several connections with the same numbers.
  bool syn_cookies = false;
  /// Its segments are shown where they arrive, and some may have been lost or overtaken before: a
  /// gap within the window is none of its own, nor an older acknowledgment or timestamp in a
  /// segment that may be older itself.
  bool in_transit = false;
};

class Conversation {
 public:
  /// Judges a segment that the host sends; `contents`: null for those that are not checked. Resets
  /// are not judged. Returns the first rule that the segment breaks; nothing when it breaks none.
  std::optional<Broken> on_sent(const Segment& segment, const Excuses& excuses, Contents contents);
  /// Records a segment that arrived at the host with right checksums.
  void on_received(const Segment& segment);
  /// Begins anew, as with a four-tuple that was not seen before.
  void clear();

  // ---- Queries ----

  /// Whether the host was lately sent a RST with exactly this sequence number, or one that
  /// acknowledges its SYN `iss`.
  bool reset_at(Seq sequence) const;
  bool refused(Seq iss) const;
  /// The host's last ACK in the connection with ISS `iss`, and the end of its sequence space.
  std::optional<Seq> last_ack(Seq iss) const;
  std::optional<Seq> end() const;
  /// Allocated, beside the object itself.
  std::size_t bytes() const {
    return syns_.capacity() * sizeof(Syn) + resets_.capacity() * sizeof(Reset) + received_.bytes();
  }
  /// TSval of the last segment that the host sent; 0: it had none.
  std::uint32_t last_timestamp() const;

 private:
  struct Syn {
    Seq seq, end;
    std::uint16_t window = 0;
    std::uint16_t mss = 536;
    std::uint8_t scale = Segment::kNoScale;
    bool sack = false, timestamps = false;

    /// It may be taken with its data, or a part of that, or without.
    bool acknowledged_by(Seq ack) const { return ack > seq && ack <= end; }
  };
  struct Reset {
    Seq seq, ack;
    bool has_ack;
  };
  using Judgement = std::optional<Broken>;

  void receive_reset(const Segment& segment);
  void receive_syn(const Segment& segment);
  void begin_another(const Segment& segment);
  Judgement sent_syn(const Segment& segment);
  Judgement sent(const Segment& segment, const Excuses& excuses, Contents contents);
  bool overtaken(const Segment& segment) const;
  Judgement check_ack(const Segment& segment);
  Judgement check_sequence(const Segment& segment);
  Judgement check_data(const Segment& segment, Contents contents);
  Judgement check_sack(const Segment& segment) const;
  Judgement check_timestamp(const Segment& segment);
  Judgement check_window(const Segment& segment);
  bool peer_has_ended_at(Seq ack) const;
  /// The acknowledgment number for the last SYN received; 0 without one.
  std::uint32_t last_syn_answered() const;
  std::uint8_t shift_received(const Segment& segment) const;
  std::uint8_t shift_of_own() const { return scaled() ? own_.syn.scale : 0; }
  std::uint8_t shift_of_peer() const { return scaled() ? own_.peer->scale : 0; }
  bool scaled() const {
    return own_.peer && own_.syn.scale != Segment::kNoScale &&
           own_.peer->scale != Segment::kNoScale;
  }

  /// What ends with the connection.
  struct Own {
    // What the host sent.
    bool opened = false;  // a SYN
    bool passive = false;
    bool spoke = false;  // sent more than its SYN
    bool took_syn_data = false;
    bool not_judged = false;  // too few segments were observed
    Syn syn;
    Seq end;                        // end of its sequence space
    std::optional<Seq> end_before;  // of the previous connection with the same four-tuple
    std::optional<Seq> fin;
    Seq last_ack;
    RecentTexts texts;
    Seq announced;  // the furthest right edge of its window that it announced
    std::uint32_t last_timestamp = 0, syn_timestamp = 0;

    // What it received.
    std::optional<Syn> peer;         // whose SYN it acknowledges
    std::optional<Seq> edge;         // the furthest right edge that the peer announced
    std::array<Seq, 8> peer_ends{};  // ends of the last FINs; some may be forged
    std::uint32_t fin_count = 0;
  };

  Own own_;
  // What it received, and what may be for its next connection.
  ReceivedRanges received_;
  std::vector<Syn> syns_;
  std::vector<Reset> resets_;  // the last ones, a ring
  std::uint32_t reset_count_ = 0;
};

}  // namespace conker::verdict
