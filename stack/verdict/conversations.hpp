// The state of every conversation on the wire: each host's side of each four-tuple, reconstructed
// from segments only. It detects a TCP that sends what it must not send (rules.hpp).
//
// The observer calls on_sent() for each segment that a host has sent, in the order of sending, and
// on_received() for each that arrived at a host whose segments are judged. A segment that may have
// arrived counts as received: shown more than has arrived, the judge overlooks faults; shown less,
// it reports faults that are none. Sender and receiver need not be observed at the same place.
//
// Memory: a record of some 700 bytes for each side of each four-tuple, in a std::unordered_map, and
// up to 256 ranges of 8 bytes in it for data received out of order; kept until forget(). The
// observer bounds their number: it shows a segment only of conversations that it wants judged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/verdict/received_ranges.hpp"
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

class Conversations {
 public:
  /// `contents` gives the expected bytes of every stream; null: they are not checked.
  explicit Conversations(Contents contents = nullptr) : contents_(contents) {}

  /// Judges a segment that a host sends. Resets are not judged. Returns the first rule that the
  /// segment breaks; nothing when it breaks none.
  std::optional<Finding> on_sent(const Segment& segment, const Excuses& excuses = {});
  /// Records a segment that arrived at a host with right checksums.
  void on_received(const Segment& segment);
  /// Drops all state of a host, as after its crash.
  void forget(const IpAddress& host);
  /// Drops the state of one side of one conversation.
  void forget(const FourTuple& tuple) { sides_.erase(tuple); }

  // ---- Queries. `local` of a four-tuple is the host in question ----

  /// Whether the host was lately sent a RST with exactly this sequence number, or one that
  /// acknowledges its SYN `iss`.
  bool reset_at(const FourTuple& tuple, Seq sequence) const;
  bool refused(const FourTuple& tuple, Seq iss) const;
  /// The host's last ACK in the connection with ISS `iss`, and the end of its sequence space.
  std::optional<Seq> last_ack(const FourTuple& tuple, Seq iss) const;
  std::optional<Seq> end(const FourTuple& tuple) const;
  /// TSval of the last segment that the host sent; 0: it had none.
  std::uint32_t last_timestamp(const FourTuple& tuple) const;

 private:
  struct Syn {
    Seq seq;
    std::uint16_t mss = 536;
    std::uint8_t scale = Segment::kNoScale;
    bool sack = false, timestamps = false;
  };
  struct Reset {
    Seq seq, ack;
    bool has_ack;
  };
  using Judgement = std::optional<Broken>;

  /// One host's side of one conversation.
  struct Side {
    // What it sent.
    bool opened = false;  // a SYN
    bool passive = false;
    Syn syn;
    Seq end;                        // end of its sequence space
    std::optional<Seq> end_before;  // of the previous connection with the same four-tuple
    std::optional<Seq> fin;
    bool spoke = false;       // sent more than its SYN
    bool not_judged = false;  // too few segments were observed
    Seq last_ack;
    Seq announced;  // the furthest right edge of its window that it announced
    std::uint32_t last_timestamp = 0, syn_timestamp = 0;

    // What it received.
    std::optional<Syn> peer;  // whose SYN it acknowledges
    ReceivedRanges received;
    std::optional<Seq> edge;         // the furthest right edge that the peer announced
    std::array<Seq, 8> peer_ends{};  // ends of the last FINs; some may be forged
    std::uint32_t fin_count = 0;
    std::vector<Syn> syns;
    std::array<Reset, 32> resets{};
    std::uint32_t reset_count = 0;

    Side successor();
    bool peer_has_ended_at(Seq ack) const;
    /// The acknowledgment number for the last SYN received; 0 without one.
    std::uint32_t last_syn_answered() const;
    std::uint8_t shift_of_own() const { return scaled() ? syn.scale : 0; }
    std::uint8_t shift_of_peer() const { return scaled() ? peer->scale : 0; }
    std::uint8_t shift_received(const Segment& segment) const;
    bool scaled() const {
      return peer && syn.scale != Segment::kNoScale && peer->scale != Segment::kNoScale;
    }
  };
  struct Hash {
    std::size_t operator()(const FourTuple& tuple) const;
  };

  const Side* find(const FourTuple& tuple) const;
  static void receive_syn(Side& side, const Segment& segment);
  static Judgement sent_syn(Side& side, const Segment& segment);
  Judgement sent(Side& side, const Segment& segment, const Excuses& excuses) const;
  static bool overtaken(const Side& side, const Segment& segment);
  static Judgement check_ack(Side& side, const Segment& segment);
  static Judgement check_sequence(Side& side, const Segment& segment);
  Judgement check_data(const Side& side, const Segment& segment) const;
  static Judgement check_sack(const Side& side, const Segment& segment);
  static Judgement check_timestamp(Side& side, const Segment& segment);
  static Judgement check_window(Side& side, const Segment& segment);

  Contents contents_;
  std::uint64_t segments_ = 0;  // number of segments so far
  std::unordered_map<FourTuple, Side, Hash> sides_;
};

}  // namespace conker::verdict
