// The judge, tried on conker itself: a strike between two stacks in memory. Nothing may be found on
// a link that loses nothing, and no fault on one that does, which nobody tells the judge.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stack/strike/probes.hpp"
#include "stack/strike/strike.hpp"
#include "stack/verdict/judge.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker {
namespace {

using verdict::Judge;
using verdict::Severity;

constexpr std::array<std::byte, 9> kPayload{};

class VerdictConkerTest : public ::testing::Test, private Judge::Sink {
 protected:
  using Close = StrikeRequest::Close;

  /// Strikes the right end, whose listener closes when its peer does.
  void strike(std::uint64_t cycles, Close close, const test::Impairments& impairments) {
    const Capacities capacities{.connections = 4096,
                                .half_open = 1024,
                                .time_wait = 65536,
                                .listeners = 4,
                                .neighbours = 16,
                                .addresses = 4,
                                .interfaces = 1,
                                .chunks = 64,
                                .chunk_bytes = 2048,
                                .transitions = 64};
    test::Wire wire(capacities, Settings(), impairments);
    wire.audit_every = 1000;
    std::vector<Strike::Slot> slots(16);
    Probes probes(wire.left().stack());
    Strike strike(wire.left().stack(), slots, ClientId{1}, nullptr, &probes);
    const Endpoint target{IpAddress::v4(10, 0, 0, 2), Port{7}};
    Judge judge(target, 4096, *this);
    wire.left().observer = &judge;
    wire.left().on_event = [&](const Event& event) { strike.on_event(event); };
    wire.left().on_turn = [&] { strike.step(); };
    wire.left().deadline = [&] { return strike.next_deadline(); };
    Stack& peer = wire.right().stack();
    wire.right().on_event = [&peer](const Event& event) {
      if (event.has(Event::kAcceptable)) {
        while (peer.accept(event.listener)) {
        }
        return;
      }
      if (const auto unread = peer.unread(event.connection); unread)
        (void)peer.consume(event.connection, unread->bytes);
      if (event.has(Event::kPeerClosed)) (void)peer.close(event.connection);
    };
    ListenRequest listen;
    listen.local.port = target.port;
    ASSERT_TRUE(peer.listen(listen));
    StrikeRequest request;
    request.target = target;
    request.cycles = cycles;
    request.concurrency = 16;
    request.mix = Mix::only(close);
    request.payload = kPayload;
    ASSERT_EQ(strike.start(request), Error::kOk);
    ASSERT_TRUE(wire.run([&] { return !strike.running(); }, 1h));
    wire.run([] { return false; }, 5s);
    EXPECT_GE(judge.judged(), cycles);
    EXPECT_TRUE(impairments.loss != 0 || strike.report().completed() == cycles);
  }

  std::string found(Severity least) const {
    std::string text;
    for (const auto& [rule, count] : found_) {
      if (verdict::info_of(rule).severity() < least) continue;
      text += std::string(verdict::info_of(rule).name) + " " + std::to_string(count) + "\n";
    }
    return text;
  }

 private:
  void on_finding(const Judge::Found& found) override { ++found_[found.finding.rule]; }

  std::map<verdict::Rule, std::uint64_t> found_;
};

TEST_F(VerdictConkerTest, NothingIsFoundOnAGoodLink) {
  strike(20'000, Close::kFin, {});
  strike(20'000, Close::kReset, {});
  strike(20'000, Close::kReopen, {});
  strike(1'000, Close::kSynSilence, {});  // as many half-open ones as its listener takes
  EXPECT_EQ(found(Severity::kNote), "");
}

constexpr std::array kProvocations{WayToClose::kResetOutside, WayToClose::kResetInside,
                                   WayToClose::kSynInside,    WayToClose::kAckBeyond,
                                   WayToClose::kFinEarly,     WayToClose::kFinOverlap};

TEST_F(VerdictConkerTest, ItBearsProvocations) {
  for (const Close way : kProvocations) strike(5'000, way, {});
  EXPECT_EQ(found(Severity::kNote), "");
}

TEST_F(VerdictConkerTest, ALossAmongProvocationsIsNoFault) {
  for (const Close way : kProvocations) {
    strike(2'000, way, {.loss = 20});
    strike(2'000, way, {.duplicate = 20});
  }
  EXPECT_EQ(found(Severity::kFault), "");
}

TEST_F(VerdictConkerTest, ALossIsNoFault) {
  strike(5'000, Close::kFin, {.loss = 20});
  strike(5'000, Close::kReset, {.loss = 20});
  EXPECT_EQ(found(Severity::kFault), "");
}

TEST_F(VerdictConkerTest, ADuplicateIsNoFault) {
  strike(5'000, Close::kFin, {.duplicate = 20});
  strike(5'000, Close::kReset, {.duplicate = 20});
  EXPECT_EQ(found(Severity::kFault), "");
}

TEST_F(VerdictConkerTest, ASegmentThatOvertakesIsNoFault) {
  strike(5'000, Close::kFin, {.reorder = 20});
  strike(5'000, Close::kReset, {.reorder = 20});
  EXPECT_EQ(found(Severity::kFault), "");
}

TEST_F(VerdictConkerTest, NothingOfThatTogetherIsAFault) {
  strike(10'000, Close::kFin, {.loss = 30, .duplicate = 30, .reorder = 30, .seed = 7});
  strike(10'000, Close::kReset, {.loss = 30, .duplicate = 30, .reorder = 30, .seed = 7});
  strike(10'000, Close::kReopen, {.loss = 30, .duplicate = 30, .reorder = 30, .seed = 7});
  strike(10'000, Close::kSynSilence, {.loss = 30, .duplicate = 30, .reorder = 30, .seed = 7});
  EXPECT_EQ(found(Severity::kFault), "");
}

}  // namespace
}  // namespace conker
