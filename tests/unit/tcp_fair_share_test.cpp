// Fair shares of connections' send queues when the pool of chunks is not enough for all.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr std::uint32_t kChunks = 64, kChunkBytes = 2048;

class TcpFairShareTest : public ::testing::Test {
 protected:
  static Capacities capacities() {
    Capacities capacities = small_capacities();
    capacities.chunks = kChunks;
    capacities.chunk_bytes = kChunkBytes;
    return capacities;
  }
  static Settings settings(std::uint32_t send_buffer) {
    Settings settings = plain_settings();
    settings.send_buffer = send_buffer;
    return settings;
  }

  struct Sender {
    ConnectionId id;
    std::size_t flow;
  };
  /// Connections to different ports.
  static std::vector<Sender> open(Script& s, std::uint16_t count) {
    std::vector<Sender> senders;
    for (std::uint16_t i = 0; i < count; ++i) {
      const auto id = s.established(static_cast<std::uint16_t>(80 + i));
      senders.push_back({id, s.speaking_for()});
    }
    return senders;
  }
  /// Sends as much as is taken.
  static std::uint32_t fill(Script& s, const Sender& sender) {
    s.speak_for(sender.flow);
    const std::string text(1 << 20, 'x');
    const std::uint32_t taken = s.send(sender.id, text);
    s.skip();
    return taken;
  }
};

TEST_F(TcpFairShareTest, ASingleConnectionHasItsWholeBuffer) {
  Script s(capacities(), settings(32768));
  EXPECT_EQ(fill(s, open(s, 1)[0]), 32768u);
}

TEST_F(TcpFairShareTest, ALaterConnectionGetsAnEqualShareInTheEnd) {
  Script s(capacities(), settings(1 << 20));
  const auto senders = open(s, 6);
  for (const Sender& sender : senders) {
    EXPECT_GT(fill(s, sender), kChunkBytes);
    EXPECT_GT(s.stack().chunks().free(), kChunks / 8) << "the rest is for what arrives";
  }
  std::vector<std::uint32_t> queued(senders.size());
  for (int round = 0; round < 40; ++round) {
    for (std::size_t i = 0; i < senders.size(); ++i) {
      s.speak_for(senders[i].flow);
      s.inject(Ack());
      (void)fill(s, senders[i]);
      queued[i] = s.info(senders[i].id).send_queue;
    }
  }
  const auto [least, most] = std::ranges::minmax(queued);
  EXPECT_GT(least, most / 2);
  EXPECT_GT(least, kChunks * kChunkBytes / 20);
}

TEST_F(TcpFairShareTest, AConnectionWithoutChunksGetsWritableWithTheFirstFreeChunk) {
  Capacities few = capacities();
  few.chunks = 16;
  few.connections = 16;
  Script s(few, settings(1 << 20));
  const auto senders = open(s, 14);
  for (int n = 0; n < 4; ++n) {  // the first of them write again and again, as far as they may
    for (const Sender& sender : senders) (void)fill(s, sender);
  }
  std::vector<Sender> without;
  for (const Sender& sender : senders) {
    s.expect_events(sender.id, 0);
    if (s.info(sender.id).send_queue == 0) without.push_back(sender);
  }
  ASSERT_FALSE(without.empty());
  while (!without.empty()) {
    const auto holder = std::ranges::find_if(
        senders, [&](const Sender& sender) { return s.info(sender.id).send_queue > 0; });
    ASSERT_NE(holder, senders.end()) << "nobody holds anything, and somebody got nothing";
    s.speak_for(holder->flow);
    while (s.info(holder->id).send_queue > 0) {
      s.inject(Ack());
      s.skip();
    }
    for (const Sender& sender : without) s.expect_events(sender.id, Event::kWritable);
    const std::size_t waiting = without.size();
    std::erase_if(without, [&](const Sender& sender) { return fill(s, sender) > 0; });
    ASSERT_LT(without.size(), waiting) << "there was a chunk, and nobody took it";
  }
}

TEST_F(TcpFairShareTest, FreedChunksGoToOtherConnections) {
  Script s(capacities(), settings(1 << 20));
  const auto senders = open(s, 6);
  for (const Sender& sender : senders) (void)fill(s, sender);
  for (std::size_t i = 1; i < senders.size(); ++i) EXPECT_EQ(s.abort(senders[i].id), Error::kOk);
  s.forget();
  (void)fill(s, senders[0]);
  EXPECT_GT(s.info(senders[0].id).send_queue, kChunks * kChunkBytes / 4);
}

}  // namespace
}  // namespace conker::test
