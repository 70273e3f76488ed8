// A strike between two stacks in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "stack/strike/strike.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker::test {

inline constexpr ClientId kUs{3};

inline Capacities roomy() {
  return {.connections = 4096,
          .half_open = 1024,
          .time_wait = 65536,
          .listeners = 4,
          .neighbours = 16,
          .addresses = 32,
          .interfaces = 1,
          .chunks = 64,
          .chunk_bytes = 2048,
          .transitions = 64};
}

/// The left end strikes; the right end has a listener that closes when its peer does.
class StrikeTest : public ::testing::Test {
 protected:
  void build(const Impairments& impairments = {}, const Capacities& capacities = roomy(),
             const Settings& settings = {}) {
    wire_ = std::make_unique<Wire>(capacities, settings, impairments);
    wire_->audit_every = 97;
    strike_.emplace(left().stack(), slots_, kUs);
    left().on_event = [this](const Event& event) {
      ASSERT_EQ(event.token.client(), kUs);
      strike_->on_event(event);
      check();
    };
    left().on_turn = [this] {
      strike_->step();
      check();
    };
    left().deadline = [this] { return strike_->next_deadline(); };
    right().on_event = [this](const Event& event) {
      Stack& stack = right().stack();
      if (event.has(Event::kAcceptable)) {
        for (auto id = stack.accept(event.listener); id; id = stack.accept(event.listener))
          ++accepted_;
      } else if (event.has(Event::kPeerClosed) || event.has(Event::kReadable)) {
        std::array<std::byte, 1024> read;
        for (auto n = stack.receive(event.connection, read); n && *n != 0;)
          n = stack.receive(event.connection, read);
        if (event.has(Event::kPeerClosed)) (void)stack.close(event.connection);
      }
    };
  }

  End& left() { return wire_->left(); }
  End& right() { return wire_->right(); }

  void check() {
    const StrikeReport report = strike_->report();
    ASSERT_TRUE(report.balanced())
        << "begun " << report.begun << " completed " << report.completed() << " failed "
        << report.failed() << " live " << report.live;
    ASSERT_LE(report.live, strike_->request().concurrency);
    most_live_ = std::max(most_live_, report.live);
  }

  void listen(std::uint16_t port) {
    ListenRequest request;
    request.local.port = Port{port};
    ASSERT_TRUE(right().stack().listen(request));
  }

  static StrikeRequest at(std::uint16_t port, std::uint64_t cycles, std::uint32_t concurrency) {
    StrikeRequest request;
    request.target = {IpAddress::v4(10, 0, 0, 2), Port{port}};
    request.cycles = cycles;
    request.concurrency = concurrency;
    return request;
  }

  /// Strikes until it is done, and until the other side's connections have ended.
  StrikeReport strike(const StrikeRequest& request, Duration limit = 10min) {
    EXPECT_EQ(strike_->start(request), Error::kOk);
    EXPECT_TRUE(wire_->run([this] { return !strike_->running(); }, limit));
    const StrikeReport report = strike_->report();
    EXPECT_EQ(report.live, 0u);
    EXPECT_EQ(strike_->next_deadline(), kNever);
    EXPECT_EQ(left().stack().audit().live, 0u) << "the strike leaves nothing behind";
    return report;
  }

  std::unique_ptr<Wire> wire_;
  std::vector<Strike::Slot> slots_ = std::vector<Strike::Slot>(2048);
  std::optional<Strike> strike_;
  std::uint64_t accepted_ = 0, most_live_ = 0;
};

}  // namespace conker::test
