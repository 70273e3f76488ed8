// A segment that is refused changes nothing (RFC 9293, 3.10.7; RFC 5961): every state, with all
// options negotiated; every combination of flags, place in the window and ACK field of the state
// matrix; with text and without; with a timestamp far ahead, an old one and none; and every other
// option. The whole control block is compared byte by byte, and so are the records and the chunks
// of the pool. An answer may change the time of the last answer, and nothing else.
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "stack/tcp/tcp.hpp"
#include "tests/unit/tcp_matrix_stage.hpp"

namespace conker::test::matrix {
namespace {

using Image = std::vector<std::byte>;

template <typename T>
void append(Image& image, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto bytes = std::as_bytes(std::span(&value, 1));
  image.insert(image.end(), bytes.begin(), bytes.end());
}

/// Clears the state that an answer changes, and the links of lists that are empty again.
void forget_answers(Connection& c) {
  c.challenged_at = {};
  c.lists.dirty_next = c.lists.ready_next = c.lists.active_next = c.lists.reap_next = kNone;
}
void forget_answers(HalfOpen& record) {
  record.answered = false;
  record.answered_at = 0;
}
void forget_answers(TimeWait& record) {
  record.answered = false;
  record.sent_at = 0;
}

class RefusedStage {
 public:
  explicit RefusedStage(Start start) : stage_(start, Offered::kEverything) {
    // A segment to a closed port, whose RST has ARP resolved. Then time passes, so that the time of
    // the last segment heard differs from the present.
    WireSegment nobody = stage_.segment(Kind::kAck, Place::kLeft, Ack::kUna);
    nobody.destination_port = 9;
    (void)stage_.arrives(nobody);
    stage_.script().advance(50ms);
  }

  Image image() {
    Image image;
    const TcpTables& tables = stage_.script().stack().tcp().tables();
    for (std::uint32_t slot = 0; slot < tables.connections.end(); ++slot) {
      if (!tables.connections.live(slot)) continue;
      const Connection* c = tables.connections.expanded(slot);
      if (c == nullptr) {
        ADD_FAILURE() << "it has gone to rest";
        continue;
      }
      Connection copy;
      std::memcpy(&copy, c, sizeof copy);  // with its padding
      forget_answers(copy);
      if (copy.state == State::kSynSent) {
        // A segment that is answered by a reset causes the SYN to be sent again at once.
        copy.retransmits.total = 0;
        copy.timing.running = copy.retransmits.syn_hurried = false;
      }
      append(image, copy);
    }
    tables.half_open.for_each([&](std::uint32_t, const HalfOpen& record) {
      HalfOpen copy;
      std::memcpy(&copy, &record, sizeof copy);
      forget_answers(copy);
      append(image, copy);
    });
    tables.time_wait.for_each([&](const TimeWait& record) {
      TimeWait copy;
      std::memcpy(&copy, &record, sizeof copy);
      forget_answers(copy);
      append(image, copy);
    });
    ChunkPool& chunks = const_cast<ChunkPool&>(stage_.script().stack().chunks());
    append(image, chunks.free());
    for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
      append(image, chunks[chunk]);
      const auto bytes = chunks.storage(chunk);
      image.insert(image.end(), bytes.begin(), bytes.end());
    }
    return image;
  }
  /// Whether the segment was refused.
  bool refuses(const WireSegment& segment) {
    const auto taken = stage_.script().count(Count::segments_delivered);
    (void)stage_.arrives(segment);
    return stage_.script().count(Count::segments_delivered) == taken;
  }
  Stage& stage() { return stage_; }

 private:
  Stage stage_;
};

enum class Clock : std::uint8_t { kAhead, kOld, kNone, kCount };

template <typename E>
std::vector<E> all_of() {
  std::vector<E> values;
  for (unsigned i = 0; i < static_cast<unsigned>(E::kCount); ++i)
    values.push_back(static_cast<E>(i));
  return values;
}

WireSegment laden(WireSegment segment, Stage& stage, Clock clock, bool text) {
  constexpr std::uint32_t kAhead = 1'000'000'000;
  segment.window = 1;
  segment.flags |= kUrg;
  if ((segment.flags & kSyn) == 0) segment.flags |= kEce | kCwr;
  if (text) segment.data = "forged";
  segment.options.ecn = 3;
  segment.options.user_timeout = 1;
  const std::uint32_t now = stage.script().flow().timestamp.value_or(5'000'000);
  if (clock == Clock::kAhead) segment.options.timestamps = std::pair(now + kAhead, 0u);
  if (clock == Clock::kOld) segment.options.timestamps = std::pair(now - 1, 0u);
  if ((segment.flags & kSyn) == 0) segment.options.sack = {{stage.snd_una, stage.snd_nxt}};
  return segment;
}

/// Whether the segment repeats acknowledged data and fits the connection: then the answer echoes
/// its timestamp (TcpTimestampsTest.OldDataIsEchoedOnlyWithAPlausibleAck).
bool echoed(Kind kind, Place place, Ack ack, Clock clock, bool text) {
  const bool old = place == Place::kLeft || place == Place::kJustLeft;
  const bool known = has_ack(kind) && ack != Ack::kAncient && ack != Ack::kBeyond;
  return old && known && clock == Clock::kAhead && (text || kind == Kind::kFinAck);
}

class TcpRefusedTest : public ::testing::TestWithParam<Start> {};

TEST_P(TcpRefusedTest, ChangesNothing) {
  std::optional<RefusedStage> here;
  Image before;
  int refused = 0;
  for (const Kind kind : all_of<Kind>()) {
    for (const Place place : all_of<Place>()) {
      for (const Ack ack : has_ack(kind) ? all_of<Ack>() : std::vector{Ack::kUna}) {
        for (const Clock clock : all_of<Clock>()) {
          for (const bool text : {false, true}) {
            if (echoed(kind, place, ack, clock, text)) continue;
            if (!here) {
              here.emplace(GetParam());
              before = here->image();
            }
            Stage& stage = here->stage();
            if (!here->refuses(laden(stage.segment(kind, place, ack), stage, clock, text))) {
              here.reset();  // what became of the connection is tested by the matrix
              continue;
            }
            ++refused;
            const Image after = here->image();
            if (after == before) continue;
            std::string where;
            for (std::size_t i = 0; i < std::min(after.size(), before.size()) && where.size() < 60;
                 ++i) {
              if (after[i] != before[i]) where += " " + std::to_string(i);
            }
            ADD_FAILURE() << name_of(kind) << " " << name_of(place) << ", SEG.ACK " << name_of(ack)
                          << (clock == Clock::kAhead ? ", timestamp ahead"
                              : clock == Clock::kOld ? ", old timestamp"
                                                     : ", no timestamp")
                          << (text ? ", text" : "") << ": bytes" << where << " have changed";
            here.reset();
          }
        }
      }
    }
  }
  EXPECT_GT(refused, 100);
}

INSTANTIATE_TEST_SUITE_P(Starts, TcpRefusedTest,
                         ::testing::Values(Start::kClosed, Start::kListen, Start::kSynSent,
                                           Start::kHalfOpen, Start::kSynReceived,
                                           Start::kEstablished, Start::kFinWait1, Start::kFinWait2,
                                           Start::kCloseWait, Start::kClosing, Start::kLastAck,
                                           Start::kTimeWait, Start::kTimeWaitListened),
                         [](const auto& start) { return std::string(name_of(start.param)); });

}  // namespace
}  // namespace conker::test::matrix
