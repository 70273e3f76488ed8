// What the wire says about every conversation: each host's side of each four-tuple, kept by
// watching segments only. It finds a TCP that sends what it must not send (rules.hpp).
//
// Whoever watches calls on_sent() for each segment that a host has sent, in the order of sending,
// and on_received() for each that has come to a host whose segments are judged. What may have come
// counts as having come: shown more than has arrived, the judge overlooks faults; shown less, it
// sees faults that are none. Sender and receiver need not be watched at the same place.
//
// Memory: a record of some 700 bytes for each side of each four-tuple, in a std::unordered_map, and
// up to 256 ranges of 8 bytes in it for what has come out of order; kept until forget(). There is
// no bound on their number yet.
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

/// What byte stands at `offset` of the stream whose sender began with `iss`.
using Contents = std::byte (*)(std::uint32_t iss, std::uint32_t offset);

/// Why less is asked of a host.
struct Excuses {
  /// Segments of it may have been dropped before they came to the wire, while its neighbour was
  /// looked for.
  bool unseen_segments = false;
  /// It has answered SYNs with cookies (RFC 4987, 3.6), of which it remembers nothing: the same one
  /// may make several connections of the same numbers.
  bool syn_cookies = false;
};

class Conversations {
 public:
  /// `contents`: how the bytes of every stream are checked; null: they are not.
  explicit Conversations(Contents contents = nullptr) : contents_(contents) {}

  /// A host sends this segment. Resets are not judged. The answer is the first rule that the
  /// segment breaks; nothing when it breaks none.
  std::optional<Finding> on_sent(const Segment& segment, const Excuses& excuses = {});
  /// A segment has come to a host with its checksums right.
  void on_received(const Segment& segment);
  /// The host has crashed: it remembers nothing of what it sent.
  void forget(const IpAddress& host);

  // ---- Questions. `local` of a four-tuple is the host that is asked about ----

  /// Whether the host has lately been sent a RST with exactly this sequence number, or one that
  /// acknowledges its SYN `iss`.
  bool reset_at(const FourTuple& tuple, Seq sequence) const;
  bool refused(const FourTuple& tuple, Seq iss) const;
  /// What the host has acknowledged last in the connection that it began with `iss`, and where what
  /// it has sent ends.
  std::optional<Seq> last_ack(const FourTuple& tuple, Seq iss) const;
  std::optional<Seq> end(const FourTuple& tuple) const;
  /// The timestamp of the last segment that the host sent; 0: it had none.
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
  /// A rule and its figures, before it is known of whom.
  struct Broken {
    Rule rule;
    std::uint32_t expected, seen;
  };
  using Judgement = std::optional<Broken>;

  /// One host's side of one conversation.
  struct Side {
    // What it has sent.
    bool opened = false;  // a SYN
    bool passive = false;
    Syn syn;
    Seq end;                        // behind everything
    std::optional<Seq> end_before;  // on the same four-tuple, in the connection before
    std::optional<Seq> fin;
    bool spoke = false;       // beyond its SYN
    bool not_judged = false;  // not enough was seen
    Seq last_ack;
    Seq announced;  // the furthest right edge of its window
    std::uint32_t last_timestamp = 0, syn_timestamp = 0;

    // What it has received.
    std::optional<Syn> peer;  // whose SYN it acknowledges
    ReceivedRanges received;
    std::optional<Seq> edge;         // the furthest right edge that it was told
    std::array<Seq, 8> peer_ends{};  // behind the last FINs; some may be forged
    std::uint32_t fin_count = 0;
    std::vector<Syn> syns;
    std::array<Reset, 32> resets{};
    std::uint32_t reset_count = 0;

    Side successor();
    bool peer_has_ended_at(Seq ack) const;
    /// The acknowledgment number that answers the last SYN received; 0 without one.
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
  static Judgement check_ack(Side& side, const Segment& segment);
  static Judgement check_sequence(Side& side, const Segment& segment);
  Judgement check_data(const Side& side, const Segment& segment) const;
  static Judgement check_sack(const Side& side, const Segment& segment);
  static Judgement check_timestamp(Side& side, const Segment& segment);
  static Judgement check_window(Side& side, const Segment& segment);

  Contents contents_;
  std::uint64_t segments_ = 0;  // shown
  std::unordered_map<FourTuple, Side, Hash> sides_;
};

}  // namespace conker::verdict
