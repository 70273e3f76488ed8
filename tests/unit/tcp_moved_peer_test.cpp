// The peer's address moves to another link address in the middle of a connection: the fail-over of
// a router or a service (RFC 826, "Packet Reception"; RFC 5798, 8.2.1; RFC 1122, 2.3.2.1: advice of
// a higher layer).
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

constexpr MacAddress kBackup{{2, 0, 0, 0, 0, 9}};

Settings shipped_timeouts() {
  Settings settings = plain_settings();
  settings.rto_min = Settings().rto_min;
  return settings;
}

/// An ARP announcement of the peer's address from `mac`.
Bytes announcement(const MacAddress& mac) {
  Bytes frame(6, std::byte{0xff});
  const auto append = [&frame](std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) frame.push_back(std::byte{byte});
  };
  constexpr std::array<std::uint8_t, 10> kHead{8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
  constexpr std::array<std::uint8_t, 4> kAddress{10, 0, 0, 1};
  append(mac.bytes);
  append(kHead);
  append(mac.bytes);
  append(kAddress);
  append(MacAddress().bytes);
  append(kAddress);
  frame.resize(60);
  return frame;
}

/// The time until the peer receives a segment, 10 s at most.
Duration until_seen(Script& s) {
  const Instant began = s.now();
  while (s.now() - began < 10s && s.take_all().empty()) s.advance(50ms);
  return s.now() - began;
}

TEST(TcpMovedPeerTest, AnAnnouncedMoveIsFollowedWithinASecond) {
  Script s(small_capacities(), shipped_timeouts());
  const auto id = s.established();
  s.advance(5s);
  s.peer_mac = kBackup;
  s.inject_frames({announcement(kBackup)});
  EXPECT_EQ(s.send(id, "hello"), 5u);
  EXPECT_LE(until_seen(s), 1s);
  s.inject(Ack());
  EXPECT_EQ(s.send(id, "again"), 5u);
  s.expect(Data("again"));
}

TEST(TcpMovedPeerTest, AnUnannouncedMoveIsNoticedByRetransmissions) {
  Script s(small_capacities(), shipped_timeouts());
  const auto id = s.established();
  s.advance(5s);
  s.peer_mac = kBackup;
  EXPECT_EQ(s.send(id, "hello"), 5u);
  EXPECT_LE(until_seen(s), 2s);
  EXPECT_GE(s.count(Count::neighbours_doubted), 1u);
}

TEST(TcpMovedPeerTest, AMoveRightAfterAReplyIsFollowedWithinTwoSeconds) {
  Script s(small_capacities(), shipped_timeouts());
  const auto id = s.established();
  s.advance(Settings().neighbour_reachable + 1s);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  s.expect(Data("hello"));  // with an ARP request, which is answered
  s.inject(Ack());
  s.peer_mac = kBackup;
  EXPECT_EQ(s.send(id, "again"), 5u);
  EXPECT_LE(until_seen(s), 2s);
  EXPECT_GE(s.count(Count::neighbours_doubted), 1u);
}

TEST(TcpMovedPeerTest, AMoveAnnouncedInAdvanceIsFollowed) {
  Script s(small_capacities(), shipped_timeouts());
  const auto id = s.established();
  s.advance(5s);
  s.inject_frames({announcement(kBackup)});  // whereupon the old host answers once more
  s.advance(100ms);
  s.peer_mac = kBackup;
  EXPECT_EQ(s.send(id, "hello"), 5u);
  EXPECT_LE(until_seen(s), 2s);
  EXPECT_GE(s.count(Count::neighbours_doubted), 2u);
}

TEST(TcpMovedPeerTest, AnUnannouncedMoveIsNoticedByKeepalives) {
  Script s(small_capacities(), shipped_timeouts());
  const auto id = s.established();
  EXPECT_EQ(s.stack().set_keepalive(id, {.idle = 10s, .interval = 2s, .count = 3}), Error::kOk);
  s.advance(5s);
  s.peer_mac = kBackup;
  EXPECT_LE(until_seen(s), 9050ms) << "the third probe";
  s.inject(Ack());
  s.advance(5s);
  s.expect_state(id, State::kEstablished);
}

TEST(TcpMovedPeerTest, AForgedAnnouncementChangesNothing) {
  Script s(small_capacities(), shipped_timeouts());
  const auto id = s.established();
  for (int i = 0; i < 50; ++i) {
    s.advance(100ms);
    s.inject_frames({announcement(kBackup)});
    EXPECT_EQ(s.send(id, "x"), 1u);
    s.expect(Data("x"));
    s.inject(Ack());
  }
  EXPECT_LE(s.count(Count::neighbours_doubted), 6u);
}

}  // namespace
}  // namespace conker::test
