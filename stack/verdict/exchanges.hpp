// What a peer owes in answer to our segments, and when: each connection that we open to it, or that
// peers open to us, from the first SYN on. It detects answers that do not come, come late, come
// twice, come from another port, and resets that have no right to be.
//
// One end is the same in all connections: the peer's where we open them, ours where peers do. The
// other one differs, and tells connections apart: it is the `end` that functions ask for.
//
// The observer calls on_sent() for each segment that we send to the peer and on_received() for each
// that comes from it, both at the place where we send and receive, in order. Where peers open, it
// calls on_opened() before on_received() for a segment with SYN alone.
//
// Memory: less than 350 bytes for each connection, `capacity` of them; the oldest makes room for
// the next.
// What comes of a connection that is not known is not judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/verdict/closed_window.hpp"
#include "stack/verdict/endpoint_index.hpp"
#include "stack/verdict/habit.hpp"
#include "stack/verdict/late_data.hpp"
#include "stack/verdict/provocation.hpp"
#include "stack/verdict/retransmissions.hpp"
#include "stack/verdict/rules.hpp"
#include "stack/verdict/segment.hpp"
#include "stack/verdict/syn_outcomes.hpp"

namespace conker::verdict {

/// What times are compared with.
struct Patience {
  /// An answer to a SYN or FIN after this is late.
  Duration late = 250ms;
  /// An answer no later than this after a segment was sent again is an answer to that one.
  Duration prompt = 20ms;
  /// Of the clock of our own timestamps (RFC 7323, 5.4).
  Duration tick = 1ms;
  /// Data may be acknowledged later than that: RFC 9293, 3.8.6.3, wants the ACK within 0.5 s. Data
  /// that is sent again before is acknowledged at once, and proves nothing.
  Duration delayed_ack = 500ms;
  /// No retransmission timeout of data or a FIN is shorter. RFC 6298, 2.4, asks for 1 s; Linux and
  /// BSD take 200 ms.
  Duration least_rto = 100ms;
  /// No retransmission timeout of a SYN-ACK is shorter. RFC 6298, 2.1, asks for 1 s.
  Duration least_syn_rto = 500ms;
  /// Data for which there is room again is sent within this: at once, or at the next probe.
  Duration stuck = 2s;
  /// A peer that has not answered one of so many provocations by a challenge ACK answers none.
  /// Those that limit them (RFC 5961, 7) answer the first ones.
  std::uint32_t unchallenged = 16;
  /// A peer that has not kept one of so many texts ahead of a gap keeps none.
  std::uint32_t dropped = 16;
  /// A peer that has not acknowledged one of so many bursts segment by segment, or every second
  /// one, does so never.
  std::uint32_t stretched = 64;
  /// A peer that has not answered one of so many SYNs that crossed its own answers none.
  std::uint32_t crossed = 16;
  /// What becomes of so many SYNs of a kind says what the peer makes of them (syn_outcomes.hpp).
  std::uint32_t syns = 16;
  /// So many connections that take data after the peer's FIN are no chance.
  std::uint32_t late_data = 16;
};

class Exchanges {
 public:
  /// What follows from one segment: the rule that it breaks, and the connection's ISN where it is
  /// the first SYN-ACK.
  struct Judgement {
    std::optional<Broken> broken;
    std::optional<Seq> isn;
  };
  /// What follows from one that we send: the place of a connection that begins, where another
  /// four-tuple may have been before; and the rule that the peer's silence breaks.
  struct Sent {
    std::optional<std::uint32_t> fresh;
    std::optional<Broken> broken;
  };

  /// A connection that a peer opens.
  struct Opened {
    std::uint32_t place;
    bool fresh;  // another four-tuple may have been there before
    Seq isn;
  };

  /// `fixed`: the end that is the same in all connections.
  Exchanges(const Endpoint& fixed, std::size_t capacity, const Patience& patience = {},
            Opener opener = Opener::kWe);

  /// The end by which connections are told apart, of a segment that we send or receive.
  const Endpoint& end_of_sent(const Segment& segment) const {
    return opener_ == Opener::kWe ? segment.source : segment.destination;
  }
  const Endpoint& end_of_received(const Segment& segment) const {
    return opener_ == Opener::kWe ? segment.destination : segment.source;
  }
  /// Where the connection's record is, below `capacity`; nothing where its SYN was not seen, or too
  /// long ago: the peer's segments are not judged then.
  std::optional<std::uint32_t> place(const Endpoint& end) const;
  Sent on_sent(const Segment& segment, Instant now);
  Judgement on_received(const Segment& segment, Instant now);
  /// A SYN of a peer; nothing where it is not the first of its connection.
  std::optional<Opened> on_opened(const Segment& segment, Instant now);
  /// Which of the connections that were opened it is, from 1; 0 where it is not known.
  std::uint64_t number(const Endpoint& end) const;
  /// Whether the segment is of the connection that the last SYN opens, and not of one before it
  /// with the same four-tuple, of which the peer may still send an ACK in answer to that SYN (RFC
  /// 5961, 4).
  bool is_of_last(const Segment& segment) const;
  /// Whether a SYN-ACK may be of a connection before with the same four-tuple, of which nothing is
  /// known any more: we have left handshakes unfinished lately, whose SYN-ACKs come again.
  bool may_be_of_one_before(const Segment& syn_ack, Instant now) const;
  /// Connections that the peer has closed before it had our FIN: it may keep them in TIME-WAIT.
  std::uint64_t closed_first() const { return closed_first_; }
  /// Whether the peer's FIN has come.
  bool peer_has_closed(const Endpoint& end) const {
    const Record* const found = find(end);
    return found != nullptr && found->finished;
  }
  /// Whether both ends have closed the connection and each knows it, `next` is our SND.NXT, and no
  /// connection before had its four-tuple.
  bool ended_in_order(const Endpoint& end, Seq next) const {
    const Record* const found = find(end);
    return found != nullptr && !found->reused && found->nxt == next && ended_in_order(*found);
  }
  /// Whether a broken rule is to be told: not where one as severe was told of this connection, of
  /// which it may be a consequence. It counts as told from now on.
  bool tells(const Endpoint& end, Severity severity);
  /// Allocated.
  std::size_t bytes() const { return records_.capacity() * sizeof(Record) + index_.bytes(); }

 private:
  struct Record {
    Endpoint where;  // the end that tells it apart
    // Ours.
    Seq iss, una, nxt;
    Instant syn_at{}, sent_at{};        // the first SYN; the first segment that is not acknowledged
    Instant again_at{};                 // the last one that was sent again
    std::uint32_t again_timestamp = 0;  // its TSval; 0: it had none
    Instant acked_at{};                 // when our ACK last moved
    Instant reset_at = kNever;          // by us
    Instant spoke_at{};                 // when our last segment left
    std::uint16_t mss = 536;            // that we announced (RFC 9293, 3.7.1)
    Seq early;                          // where text begins that we sent ahead of a gap
    bool waits_for_early = false;       // the gap is not acknowledged
    Seq acked;                          // by us
    Seq after_ack;                      // whoever acknowledges it has seen that ACK
    Seq edge;                           // the right edge of the window that we announced
    std::uint8_t scale = 0;             // of our windows
    bool reused = false;                // the four-tuple had another connection before
    SynOutcomes::Kind kind = SynOutcomes::Kind::kFresh;  // its SYN
    std::uint32_t opened_before = 0;                     // SynOutcomes::opened()
    bool gap = false;                                    // we have left one in what we sent
    bool joined = false;  // the link takes more than a segment at once
    Instant filled_at = kNever;
    bool sent_data = false, fin = false, again = false, again_fin = false, syn_again = false;
    // Theirs.
    bool opened = false, finished = false;
    bool crossing = false;        // its SYN was met by one of ours, which it has not acknowledged
    bool challenged = false;      // the SYN was answered by an ACK of the connection before
    bool kept = false;            // and so was the SYN that came after our RST
    bool closed = false;          // its window
    std::uint8_t peer_scale = 0;  // of its windows
    std::uint16_t peer_mss = 536;
    Duration rtt{0};  // of the handshake
    Seq isn, end;
    Seq peer_edge;                  // the right edge of its window
    Instant opened_at{}, end_at{};  // when the SYN-ACK came, and what ends at `end`
    std::uint32_t last_length = 0;  // of the segment that ends at `end`
    bool last_alone = false;        // it left when all before it was acknowledged
    Instant reset_by_peer_at = kNever;
    Provocation provocation;
    ClosedWindow window;  // ours
    Retransmissions retransmissions;
    LateData late_data;
    // Nothing less severe is told of it any more.
    std::optional<Severity> told;
    std::uint64_t number = 0;
  };
  using Judged = std::optional<Broken>;

  Record* find(const Endpoint& end);
  const Record* find(const Endpoint& end) const;
  Record& open(const Segment& syn, std::optional<std::uint32_t>& fresh);
  static bool ended_in_order(const Record& r) {
    return r.fin && r.finished && r.una == r.nxt && r.acked == r.end && r.reset_at == kNever &&
           r.reset_by_peer_at == kNever;
  }
  Judged stuck(const Record& r, Instant now) const;
  Judged syn_sent_again(Record& r, const Segment& syn, Instant now);
  Judged answer_syn(Record& r, const Segment& segment, Instant now);
  void on_text_sent(Record& r, const Segment& segment, Instant now);
  static Provocation::Standing standing(const Record& r);
  static bool provokes(Record& r, const Segment& segment, Instant now);
  Judged provoked(Record& r, const Segment& segment, Instant now);
  Judged judge(Record& r, const Segment& segment, Instant now);
  Judged challenged(Record& r);
  Judged crossed(Record& r, const Segment& segment, Instant now);
  Judged not_crossed();
  Judged syn_ack(Record& r, const Segment& segment, Instant now);
  Judged reset(Record& r, const Segment& segment, Instant now);
  static void sent_again(Record& r, const Segment& segment, Instant now);
  bool answers_again(const Record& r, const Segment& segment, Instant now) const;
  Judged acknowledgment(Record& r, const Segment& segment, Instant now);
  Judged repeated(Record& r, const Segment& segment, Instant now) const;
  Judged sent_again_by_peer(Record& r, const Segment& segment, Instant now) const;
  Judged keepalive(const Record& r, Instant now) const;
  Judged habits(Record& r, Seq ack);
  Judged waited(const Record& r, const Segment& segment, Instant now, Rule unanswered) const;
  /// The peer has closed.
  void finish(Record& r) {
    if (!r.finished && (!r.fin || r.una != r.nxt)) ++closed_first_;
    r.finished = true;
  }
  static Broken timed(Rule rule, Duration expected, Duration seen);
  static bool acknowledges_us(const Record& r, const Segment& segment);
  bool is_of_last(const Record& r, const Segment& segment) const;

  Endpoint fixed_;
  Opener opener_;
  Patience patience_;
  std::size_t capacity_;
  EndpointIndex index_;
  std::vector<Record> records_;  // a ring, in the order of opening
  std::size_t next_ = 0;         // the oldest, once the ring is full
  // What was found last: several questions are asked about each segment.
  mutable Endpoint found_end_;
  mutable std::optional<std::uint32_t> found_;
  std::uint64_t opened_ = 0, closed_first_ = 0;
  Instant left_at_ = kNever;  // the last unfinished handshake that made room for another
  Habit reset_challenges_, syn_challenges_;  // provocations that call for a challenge ACK
  Habit syn_aborts_, early_, stretches_, crossings_;
  SynOutcomes outcomes_;
  LateDataTally late_data_;
};

}  // namespace conker::verdict
