// The state matrix: every state, every combination of flags, every place in the window, every place
// of the ACK field. The cells are generated; the expected result of each is found in the rows of
// tcp_matrix_table.cpp, and a cell that no row covers fails. One test is one state, one kind of
// segment and one place; it goes through the ACK fields.
//
// These known faults of other stacks are covered here: "RST / SYN at the left edge, inside, at the
// right edge and outside of the window in every state", "ACK of the unsent".
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/tcp_matrix_stage.hpp"

namespace conker::test::matrix {
namespace {

template <typename E>
std::vector<E> every() {
  std::vector<E> values;
  for (unsigned i = 0; i < static_cast<unsigned>(E::kCount); ++i)
    values.push_back(static_cast<E>(i));
  return values;
}

/// The ACK fields of cells of their own: one, for a segment without the bit.
std::vector<Ack> acks_of(Kind kind) {
  return has_ack(kind) ? every<Ack>() : std::vector{Ack::kUna};
}

const Row* row_of(Start start, Kind kind, Place place, Ack ack) {
  const auto found = std::ranges::find_if(rows(), [&](const Row& row) {
    return row.starts.has(start) && row.kinds.has(kind) && row.places.has(place) &&
           (row.acks.has(ack) || !has_ack(kind));
  });
  return found == rows().end() ? nullptr : &*found;
}

/// Counters of segments, and of the ends of connections and records.
constexpr std::array kFates{Count::segments_delivered,        Count::drop_segment_malformed,
                            Count::drop_segment_checksum,     Count::drop_segment_no_connection,
                            Count::drop_segment_unacceptable, Count::drop_segment_flags,
                            Count::drop_segment_ack,          Count::drop_segment_reset,
                            Count::drop_segment_syn_backlog,  Count::drop_segment_accept_queue,
                            Count::drop_segment_no_slot};
constexpr std::array kEnds{
    Count::ended_closed,       Count::ended_reset,         Count::ended_aborted,
    Count::ended_refused,      Count::ended_timed_out,     Count::ended_other,
    Count::half_open_reset,    Count::half_open_timed_out, Count::half_open_dropped,
    Count::half_open_replaced, Count::time_wait_expired,   Count::time_wait_evicted,
    Count::time_wait_reused,   Count::time_wait_reset,     Count::refused_transitions};

class Tally {
 public:
  explicit Tally(const Script& script) : script_(script) {
    for (std::size_t i = 0; i < kCountSize; ++i) before_[i] = script.count(static_cast<Count>(i));
  }
  std::uint64_t since(Count count) const {
    return script_.count(count) - before_[static_cast<std::size_t>(count)];
  }

 private:
  const Script& script_;
  std::array<std::uint64_t, kCountSize> before_{};
};

const char* name_of(Count count) {
  return kCountTexts[static_cast<std::size_t>(count)].name;
}

std::string shown(const WireSegment& s) {
  return "flags " + std::to_string(s.flags) + " seq " + std::to_string(s.seq) + " ack " +
         std::to_string(s.ack);
}

/// The expected answer; any ISS is right when a listener chooses a new one.
struct Wanted {
  std::uint8_t flags = 0;
  std::optional<std::uint32_t> seq;
  std::uint32_t ack = 0;
};

Wanted wanted(const Row& row, Start start, const Stage& stage, const WireSegment& in) {
  const std::uint32_t behind =
      in.seq + ((in.flags & kSyn) ? 1u : 0u) + ((in.flags & kFin) ? 1u : 0u);
  const bool anew = start == Start::kListen || row.ended;
  switch (row.answer) {
    case Answer::kNothing:
      break;
    case Answer::kAck:
    case Answer::kChallenge:
      return {kAck, stage.snd_nxt, stage.rcv_nxt};
    case Answer::kTaken:
      return {kAck, stage.snd_nxt, behind};
    case Answer::kSynAckAnew:
      return {kSyn | kAck, std::nullopt, in.seq + 1};
    case Answer::kSynAck:
      return {kSyn | kAck, anew ? std::nullopt : std::optional(stage.iss), in.seq + 1};
    case Answer::kResetSyn:
    case Answer::kReset:
      return {kRst, in.ack, 0};
    case Answer::kResetAck:
      return {kRst | kAck, 0, behind};
  }
  return {};
}

using Cell = std::tuple<Start, Kind, Place, Family>;

class TcpMatrixTest : public ::testing::TestWithParam<Cell> {
 protected:
  void check(Ack ack);
  void check_answer(const Row& row, Stage& stage, const WireSegment& in,
                    std::vector<WireSegment> sent);
  static void check_audit(const Row& row, Stage& stage, const Tally& tally, std::size_t sent);

  const Start start_ = std::get<0>(GetParam());
  const Kind kind_ = std::get<1>(GetParam());
  const Place place_ = std::get<2>(GetParam());
  const Family family_ = std::get<3>(GetParam());
};

void TcpMatrixTest::check_answer(const Row& row, Stage& stage, const WireSegment& in,
                                 std::vector<WireSegment> sent) {
  if (start_ == Start::kDestroy) {
    // The connection's final RST comes last, whatever arrives meanwhile.
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.back().flags, kRst | kAck);
    EXPECT_EQ(sent.back().seq, stage.snd_nxt);
    EXPECT_EQ(sent.back().ack, stage.rcv_nxt);
    sent.pop_back();
  }
  for (const WireSegment& s : sent) {
    EXPECT_EQ(s.source_port, in.destination_port);
    EXPECT_EQ(s.destination_port, in.source_port);
  }
  if (row.answer == Answer::kNothing) {
    for (const WireSegment& s : sent) ADD_FAILURE() << "answered: " << shown(s);
    return;
  }
  if (row.answer == Answer::kResetSyn) {
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent.back().flags, kSyn);
    EXPECT_EQ(sent.back().seq, stage.iss);
    sent.pop_back();
  }
  ASSERT_EQ(sent.size(), 1u) << "answers";
  const Wanted want = wanted(row, start_, stage, in);
  EXPECT_EQ(sent[0].flags & ~kPsh, want.flags) << shown(sent[0]);
  EXPECT_EQ(sent[0].ack, want.ack) << shown(sent[0]) << ", RCV.NXT was " << stage.rcv_nxt;
  EXPECT_EQ(sent[0].data, "");
  EXPECT_EQ(sent[0].seq, want.seq.value_or(sent[0].seq))
      << shown(sent[0]) << ", SND.NXT was " << stage.snd_nxt;
}

void TcpMatrixTest::check_audit(const Row& row, Stage& stage, const Tally& tally,
                                std::size_t sent) {
  for (const Count fate : kFates)
    EXPECT_EQ(tally.since(fate), fate == row.fate ? 1u : 0u) << name_of(fate);
  for (const Count end : kEnds) {
    if (row.ended == end) {
      EXPECT_EQ(tally.since(end), 1u) << name_of(end);
    } else {
      EXPECT_EQ(tally.since(end), 0u) << name_of(end);
    }
  }
  const std::uint64_t challenges = tally.since(Count::challenge_acks_out);
  if (row.answer == Answer::kChallenge) {
    EXPECT_EQ(challenges, 1u);
  } else if (row.answer != Answer::kAck) {
    EXPECT_EQ(challenges, 0u);
  }
  EXPECT_EQ(tally.since(Count::segments_in), 1u);
  EXPECT_EQ(tally.since(Count::segments_out), sent);
  EXPECT_STREQ(stage.script().audit().fault, nullptr);
}

void TcpMatrixTest::check(Ack ack) {
  const Row* row = row_of(start_, kind_, place_, ack);
  ASSERT_NE(row, nullptr) << "the table says nothing about this cell";
  SCOPED_TRACE(row->section);
  Stage stage(start_, matrix::Offered::kNothing, family_);
  const Tally tally(stage.script());
  const WireSegment in = stage.segment(kind_, place_, ack);
  const auto sent = stage.arrives(in);

  check_answer(*row, stage, in, sent);
  EXPECT_STREQ(to_string(stage.state()), to_string(row->next.value_or(state_of(start_))));
  check_audit(*row, stage, tally, sent.size());
  // The end of a connection is reported to its application, once, and no other event is.
  if (row->ended == Count::ended_closed)
    stage.script().expect_ended(*stage.id(), CloseReason::kClosed);
  if (row->ended == Count::ended_reset)
    stage.script().expect_ended(*stage.id(), CloseReason::kReset);
  if (row->ended == Count::ended_refused)
    stage.script().expect_ended(*stage.id(), CloseReason::kRefused);
}

TEST_P(TcpMatrixTest, SegmentArrivesPerRfc9293) {
  for (const Ack ack : acks_of(kind_)) {
    SCOPED_TRACE(std::string("SEG.ACK ") + (has_ack(kind_) ? matrix::name_of(ack) : "none"));
    check(ack);
  }
}

std::string name_of_cell(const ::testing::TestParamInfo<Cell>& info) {
  const auto [start, kind, place, family] = info.param;
  return std::string(matrix::name_of(start)) + "_" + matrix::name_of(kind) + "_" +
         matrix::name_of(place) + (family == Family::kIpv4 ? "" : "_Ipv6");
}
INSTANTIATE_TEST_SUITE_P(Cells, TcpMatrixTest,
                         ::testing::Combine(::testing::ValuesIn(every<Start>()),
                                            ::testing::ValuesIn(every<Kind>()),
                                            ::testing::ValuesIn(every<Place>()),
                                            ::testing::Values(Family::kIpv4, Family::kIpv6)),
                         name_of_cell);

// A row that is never the first to cover a cell would be dead text.
TEST(TcpMatrixTableTest, EveryRowDescribesACell) {
  std::set<const Row*> used;
  for (const Start start : every<Start>()) {
    for (const Kind kind : every<Kind>()) {
      for (const Place place : every<Place>()) {
        for (const Ack ack : acks_of(kind)) used.insert(row_of(start, kind, place, ack));
      }
    }
  }
  EXPECT_FALSE(used.contains(nullptr)) << "a cell that no row covers";
  for (const Row& row : rows()) EXPECT_TRUE(used.contains(&row)) << row.section;
}

}  // namespace
}  // namespace conker::test::matrix
