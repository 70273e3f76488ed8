// The strike against a peer that a script speaks for.
#include <vector>

#include "stack/strike/strike.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr ClientId kUs{3};

class StrikeScriptTest : public ::testing::Test {
 protected:
  StrikeScriptTest() {
    s_.on_event = [this](const Event& event) { strike_.on_event(event); };
    StrikeRequest request;
    request.target = {kPeerAddress, Port{80}};
    request.cycles = 1;
    EXPECT_EQ(strike_.start(request), Error::kOk);
    s_.stack();
    strike_.step();
    ConnectionInfo info;
    s_.stack().tcp().for_each_connection([&](const ConnectionInfo& i) { info = i; });
    s_.peer(80, info.tuple.local_port.value);
    s_.turn();
    s_.expect(Syn());
  }

  StrikeReport end() {
    s_.stack();
    strike_.step();
    EXPECT_FALSE(strike_.running());
    EXPECT_TRUE(strike_.report().balanced());
    return strike_.report();
  }

  Script s_;
  std::vector<Strike::Slot> slots_ = std::vector<Strike::Slot>(1);
  Strike strike_{s_.stack(), slots_, kUs};
};

TEST_F(StrikeScriptTest, DataWithTheHandshakeIsReadBeforeTheClose) {
  s_.inject({SynAck(), Data("220 hello")});
  s_.expect(Fin().seq(1).ack(10));
  s_.inject(Fin());
  s_.expect(Ack().ack(11));
  EXPECT_EQ(end().completed, 1u);
}

TEST_F(StrikeScriptTest, ConnectedAndResetInOneTurn) {
  s_.inject({SynAck(), Rst()});
  s_.skip();
  const StrikeReport report = end();
  EXPECT_EQ(report.reset, 1u);
  EXPECT_EQ(report.connect.count(), 1u);
  EXPECT_EQ(report.close.count(), 0u);
}

TEST_F(StrikeScriptTest, Unreachable) {
  s_.inject_unreachable(3);
  const StrikeReport report = end();
  EXPECT_EQ(report.other, 1u);
  EXPECT_EQ(report.ended_other, 1u);
}

TEST_F(StrikeScriptTest, ACloseWithoutAnAnswerTimesOut) {
  s_.inject(SynAck());
  s_.expect(Fin());
  EXPECT_EQ(strike_.next_deadline(), s_.now() + 5s);
  s_.advance(5s);
  s_.skip();
  s_.stack();
  strike_.step();
  EXPECT_LE(strike_.next_deadline(), s_.now()) << "the last event waits to be fetched";
  EXPECT_TRUE(strike_.report().balanced());
  EXPECT_EQ(strike_.report().live, 1u);
  s_.turn();
  s_.skip();
  const StrikeReport report = end();
  EXPECT_EQ(report.timed_out, 1u);
  EXPECT_EQ(report.ended_reset, 1u);
}

}  // namespace
}  // namespace conker::test
