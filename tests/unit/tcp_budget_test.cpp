// Connections and the budget of chunks: a connection that reads and writes makes progress, whatever
// other connections hold.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/script.hpp"
#include "tests/unit/two_ends.hpp"

namespace conker::test {
namespace {

Capacities with_chunks(std::uint32_t chunks, std::uint32_t connections = 16) {
  Capacities capacities = small_capacities();
  capacities.chunks = chunks;
  capacities.connections = connections;
  return capacities;
}

/// A connection from a port of its own, and its flow.
struct Talker {
  ConnectionId id;
  std::size_t flow;
};

Talker open(Script& s, std::uint16_t port, std::uint32_t window) {
  const auto id = s.established(port, 1460, window);
  return {id, s.speaking_for()};
}

// ---- Chunks held for a stalled peer ----

TEST(TcpBudgetTest, AnApplicationThatNeverReadsHoldsItsWindow) {
  Script s(with_chunks(128));
  const Talker alone = open(s, 80, 65535);
  EXPECT_GT(s.send(alone.id, std::string(100'000, 'x')), 128u * 2048 / 8)
      << "written ahead while most is free";
  s.skip();
  for (std::uint16_t port = 81; port < 90; ++port) {
    const Talker silent = open(s, port, 1000);
    (void)s.send(silent.id, std::string(100'000, 'x'));
    s.skip();
    EXPECT_LE(s.info(silent.id).send_queue, 1000u + 2048u);
  }
}

// RFC 6429, 3: under pressure a connection whose peer keeps its window closed may be aborted.
TEST(TcpBudgetTest, AStalledPeerIsAbortedForStarvedConnections) {
  Settings settings = plain_settings();
  settings.stall_limit = 10s;
  Script s(with_chunks(8), settings);
  std::vector<Talker> silent;
  for (std::uint16_t port = 80; port < 86; ++port) {
    silent.push_back(open(s, port, 0));
    EXPECT_GT(s.send(silent.back().id, "x"), 0u);
  }
  const Talker newcomer = open(s, 90, 65535);
  s.advance(11s);
  EXPECT_EQ(s.count(Count::stalled_given_up), 0u) << "nobody needs what they hold";
  s.forget();
  for (const Talker& party : silent) EXPECT_EQ(s.info(party.id).send_queue, 1u);

  EXPECT_EQ(s.send(newcomer.id, "hello"), 0u);
  s.advance(2s);
  s.expect_events(newcomer.id, Event::kWritable);
  EXPECT_EQ(s.count(Count::stalled_given_up), 1u) << "no more than is needed";
  s.forget();
  EXPECT_EQ(s.send(newcomer.id, "hello"), 5u);
  s.speak_for(newcomer.flow);
  s.expect(Data("hello"));
  s.inject(Ack());
}

TEST(TcpBudgetTest, APeerThatStalledBrieflyIsNotAborted) {
  Script s(with_chunks(8));
  std::vector<Talker> silent;
  for (std::uint16_t port = 80; port < 86; ++port) {
    silent.push_back(open(s, port, 0));
    EXPECT_GT(s.send(silent.back().id, "x"), 0u);
  }
  const Talker newcomer = open(s, 90, 65535);
  EXPECT_EQ(s.send(newcomer.id, "hello"), 0u);
  s.advance(9s);
  EXPECT_EQ(s.count(Count::stalled_given_up), 0u);
  s.speak_for(silent[3].flow);  // it reads: its chunks are free at once
  s.forget();
  s.inject(Ack().ack(1).win(1000));
  s.skip();
  s.inject(Ack().ack(2).win(1000));
  s.expect_events(newcomer.id, Event::kWritable);
  s.forget();
}

// ---- Data that is discarded ----

// RFC 2018, 8: a receiver may discard what it has not acknowledged.
TEST(TcpBudgetTest, OutOfOrderDataIsDiscardedForInOrderData) {
  Script s(with_chunks(16));
  std::vector<Talker> parties;
  for (std::uint16_t port = 80; port < 86; ++port) {
    parties.push_back(open(s, port, 65535));
    s.inject(Data("c").seq(3));
    s.skip();
  }
  std::vector<Talker> readers;
  for (std::uint16_t port = 90; port < 100; ++port) {
    readers.push_back(open(s, port, 65535));
    s.inject(Data("in order"));
    s.expect(Ack());
    EXPECT_EQ(s.info(readers.back().id).receive_queue, 8u) << "port " << port;
  }
  EXPECT_GT(s.count(Count::out_of_order_discarded), 0u);
  EXPECT_EQ(s.count(Count::receive_no_buffer), 0u);
  // The first connection with a hole must receive the data beyond it again; the last one need not.
  const auto fill = [&](const Talker& party) {
    s.speak_for(party.flow);
    s.inject(Data("ab").seq(1));
    s.skip();
    return s.receive(party.id);
  };
  for (const Talker& reader : readers) EXPECT_EQ(s.receive(reader.id), "in order");
  s.forget();
  EXPECT_EQ(fill(parties.front()), "ab");
  EXPECT_EQ(fill(parties.back()), "abc");
}

// ---- No deadlock of connections that wait for each other's chunks ----

/// The right side echoes as its send queue has room; the left side sends and reads.
class EchoThroughFewChunks : public ::testing::Test {
 protected:
  struct Talk {
    std::uint32_t sent = 0, back = 0;
  };
  static constexpr std::uint32_t kEach = 150'000;

  EchoThroughFewChunks() : wire_(capacities(), {}) {}
  static Capacities capacities() {
    Capacities capacities = with_chunks(16);
    capacities.transitions = 0;
    return capacities;
  }
  Stack& client() { return wire_.left().stack(); }
  Stack& server() { return wire_.right().stack(); }

  /// Reads no more than it can send, as an application without buffers does.
  void echo(ConnectionId id) {
    std::array<std::span<const std::byte>, 1> piece;
    for (;;) {
      const auto there = server().peek(id, piece);
      if (!there || *there == 0) return;
      const auto taken = server().send(id, piece[0]);
      if (!taken || *taken == 0) return;  // a Writable event follows
      (void)server().consume(id, *taken);
    }
  }
  void speak(ConnectionId id, Talk& talk) {
    static const std::string text(kEach, 'x');
    const auto bytes = std::as_bytes(std::span(text)).subspan(talk.sent);
    if (const auto taken = client().send(id, bytes); !bytes.empty() && taken) talk.sent += *taken;
    std::array<std::byte, 4096> buffer;
    for (;;) {
      const auto got = client().receive(id, buffer);
      if (!got || *got == 0) return;
      talk.back += *got;
    }
  }

  void run(std::uint16_t count) {
    ListenRequest listen;
    listen.local.port = Port{7};
    ASSERT_TRUE(server().listen(listen));
    std::vector<std::pair<ConnectionId, Talk>> talks;
    for (std::uint16_t n = 0; n < count; ++n) {
      ConnectRequest connect;
      connect.remote = {IpAddress::v4(10, 0, 0, 2), Port{7}};
      const auto id = client().connect(connect);
      ASSERT_TRUE(id);
      talks.push_back({*id, {}});
    }
    std::vector<ConnectionId> served;
    wire_.right().on_event = [&](const Event& event) {
      if (!event.has(Event::kAcceptable)) return;
      while (const auto id = server().accept(event.listener)) served.push_back(*id);
    };
    wire_.right().on_turn = [&] {
      for (const ConnectionId id : served) echo(id);
    };
    wire_.left().on_turn = [&] {
      for (auto& [id, talk] : talks) speak(id, talk);
    };
    const auto all = [&] {
      return std::ranges::all_of(talks, [](const auto& talk) { return talk.second.back == kEach; });
    };
    wire_.audit_every = 100;
    EXPECT_TRUE(wire_.run(all, 600s))
        << talks[0].second.sent << " sent, " << talks[0].second.back << " back";
  }

  Wire wire_;
};

TEST_F(EchoThroughFewChunks, OfOneClient) {
  run(1);
}
TEST_F(EchoThroughFewChunks, OfFourClients) {
  run(4);
}
TEST_F(EchoThroughFewChunks, OfTwelveClients) {
  run(12);
}

}  // namespace
}  // namespace conker::test
