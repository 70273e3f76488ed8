// Bulk data between two stacks over links with all impairments: the data received is the data sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "stack/tcp/sack_recovery.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker::test {
namespace {

constexpr SackRecovery kRecovery;

Capacities for_transfer() {
  return {.connections = 16,
          .half_open = 16,
          .time_wait = 16,
          .listeners = 2,
          .neighbours = 8,
          .addresses = 2,
          .interfaces = 1,
          .chunks = 512,
          .chunk_bytes = 2048,
          .transitions = 64};
}

std::string random_text(std::size_t length, std::uint32_t seed) {
  Random random(seed);
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

/// One side of a transfer: sends a text and half-closes, reads until the peer's FIN, then closes.
struct Party {
  Stack* stack = nullptr;
  ConnectionId id;
  std::string_view to_send;
  std::string received;
  bool open = false, shut = false, peer_closed = false, closed = false;
  CloseReason reason = CloseReason::kNotClosed;
  std::uint32_t reads_at_most = 0xffffffff;  // bytes each turn

  void on_event(const Event& event) {
    if (event.connection != id) return;
    if (event.has(Event::kConnected)) open = true;
    if (event.has(Event::kPeerClosed)) peer_closed = true;
    if (event.has(Event::kClosed)) reason = event.reason;
  }
  void step() {
    if (!open || closed) return;
    if (!to_send.empty()) {
      const auto taken = stack->send(id, std::as_bytes(std::span(to_send)));
      if (taken) to_send.remove_prefix(*taken);
    } else if (!shut) {
      shut = true;
      (void)stack->shutdown(id);
    }
    std::array<char, 4096> buffer;
    std::uint32_t left = reads_at_most;
    while (left > 0) {
      const auto got = stack->receive(id, std::as_writable_bytes(std::span(buffer).first(
                                              std::min<std::size_t>(left, buffer.size()))));
      if (!got || *got == 0) break;
      received.append(buffer.data(), *got);
      left -= *got;
    }
    ConnectionInfo info;
    if (shut && peer_closed && stack->info(id, info) && info.receive_queue == 0) {
      closed = true;
      (void)stack->close(id);
    }
  }
};

class TcpTransferTest : public ::testing::TestWithParam<Family> {
 protected:
  /// Both sides send at once; true when both received everything.
  void transfer(std::size_t bytes, Impairments impairments,
                std::uint32_t reads_at_most = 0xffffffff) {
    impairments.family = GetParam();
    Wire wire(for_transfer(), {}, impairments, {.recovery = cuts_ != 0 ? &kRecovery : nullptr});
    wire.audit_every = 50;
    const std::string to_right = random_text(bytes, impairments.seed + 1),
                      to_left = random_text(bytes, impairments.seed + 2);
    for (End* end : {&wire.left(), &wire.right()}) {
      end->cuts = cuts_;
    }
    Party left, right;
    left.stack = &wire.left().stack();
    left.to_send = to_right;
    right.stack = &wire.right().stack();
    right.to_send = to_left;
    right.reads_at_most = reads_at_most;

    ListenRequest listen;
    listen.local.port = Port{7};
    ASSERT_TRUE(right.stack->listen(listen));
    ConnectRequest connect;
    connect.remote = {Wire::address_of(2, GetParam()), Port{7}};
    const auto id = left.stack->connect(connect);
    ASSERT_TRUE(id);
    left.id = *id;
    wire.left().on_event = [&](const Event& event) { left.on_event(event); };
    wire.left().on_turn = [&] { left.step(); };
    wire.right().on_event = [&](const Event& event) {
      if (event.has(Event::kAcceptable)) {
        right.id = *right.stack->accept(event.listener);
        right.open = true;
      }
      right.on_event(event);
    };
    wire.right().on_turn = [&] { right.step(); };
    if (reads_at_most != 0xffffffff)
      wire.right().deadline = [&] { return right.closed ? kNever : wire.now() + 1ms; };

    EXPECT_TRUE(wire.run(
        [&] {
          return left.reason != CloseReason::kNotClosed && right.reason != CloseReason::kNotClosed;
        },
        4h));
    EXPECT_TRUE(left.received == to_left) << left.received.size() << " of " << bytes;
    EXPECT_TRUE(right.received == to_right) << right.received.size() << " of " << bytes;
    EXPECT_EQ(left.reason, CloseReason::kClosed);
    EXPECT_EQ(right.reason, CloseReason::kClosed);
    took_ = wire.now() - Instant(1s);
    wire.run([] { return false; }, 2min);
    for (Stack* stack : {left.stack, right.stack}) {
      const Audit audit = stack->audit();
      EXPECT_EQ(audit.live, 0u);
      EXPECT_EQ(audit.time_wait, 0u);
      EXPECT_EQ(audit.chunks_held, 0u);
      EXPECT_EQ(audit.closed, 1u);
    }
  }

  std::uint32_t cuts_ = 0;  // Link::segmentation(); with SACK on both sides
  Duration took_{};
};

TEST_P(TcpTransferTest, WithoutImpairments) {
  transfer(1'000'000, {.delay = 500us});
  EXPECT_LT(took_, 100ms) << "nothing waits for a timer when nothing is lost";
}

TEST_P(TcpTransferTest, NoBytes) {
  transfer(0, {});
}

TEST_P(TcpTransferTest, OneByte) {
  transfer(1, {});
}

TEST_P(TcpTransferTest, ASlowReaderClosesTheWindow) {
  transfer(300'000, {.delay = 1ms}, 500);
}

TEST_P(TcpTransferTest, Loss) {
  transfer(400'000, {.delay = 1ms, .loss = 10});
}

TEST_P(TcpTransferTest, DuplicatesAndReordering) {
  transfer(400'000, {.delay = 1ms, .duplicate = 50, .reorder = 50});
}

TEST_P(TcpTransferTest, AllImpairments) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    transfer(60'000, {.delay = 2ms, .loss = 50, .duplicate = 50, .reorder = 100, .seed = seed});
  }
}

TEST_P(TcpTransferTest, ASlowReaderWithImpairments) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    transfer(100'000, {.delay = 1ms, .loss = 30, .duplicate = 20, .reorder = 50, .seed = seed},
             700);
  }
}

TEST_P(TcpTransferTest, SevereImpairments) {
  transfer(5'000, {.delay = 5ms, .loss = 300, .seed = 3});
}

TEST_P(TcpTransferTest, LinksWithSegmentationOffload) {
  cuts_ = 65535;
  transfer(3'000'000, {.delay = 500us});
  EXPECT_LT(took_, 100ms);
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    transfer(400'000, {.delay = 2ms, .loss = 20, .duplicate = 20, .reorder = 50, .seed = seed});
  }
  transfer(100'000, {.delay = 1ms, .loss = 30, .seed = 9}, 700);
}

INSTANTIATE_TEST_SUITE_P(Families, TcpTransferTest, ::testing::Values(Family::kIpv4, Family::kIpv6),
                         [](const ::testing::TestParamInfo<Family>& family) {
                           return family.param == Family::kIpv4 ? "Ipv4" : "Ipv6";
                         });

}  // namespace
}  // namespace conker::test
