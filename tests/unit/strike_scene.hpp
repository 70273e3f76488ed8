// A strike of one cycle, whose peer a script speaks for.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "stack/strike/strike.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {

class StrikeScene : public ::testing::Test {
 protected:
  using Close = StrikeRequest::Close;
  static constexpr ClientId kStriker{3};

  StrikeScene() {
    s_.on_event = [this](const Event& event) { strike_->on_event(event); };
  }

  static StrikeRequest one_cycle(Close way) {
    StrikeRequest request;
    request.target = {kPeerAddress, Port{80}};
    request.cycles = 1;
    request.mix = Mix::only(way);
    return request;
  }
  /// Begins the strike, up to its SYN.
  void begin(const StrikeRequest& request) {
    ASSERT_EQ(strike_->start(request), Error::kOk);
    s_.stack();
    strike_->step();
    ConnectionInfo info;
    s_.stack().tcp().for_each_connection([&](const ConnectionInfo& i) { info = i; });
    s_.peer(80, info.tuple.local_port.value);
    s_.turn();
    s_.expect(Syn());
  }
  /// A turn in which nothing arrives.
  void turn() {
    s_.stack();
    strike_->step();
    s_.turn();
  }
  StrikeReport end() {
    s_.stack();
    strike_->step();
    EXPECT_FALSE(strike_->running());
    EXPECT_TRUE(strike_->report().balanced());
    return strike_->report();
  }

  Script s_;
  std::vector<Strike::Slot> slots_ = std::vector<Strike::Slot>(1);
  std::optional<Strike> strike_;
};

}  // namespace conker::test
