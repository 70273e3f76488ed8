// The strike's way `syn-data`: what a SYN carries, and how its answers look to the connection.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "stack/strike/probes.hpp"
#include "stack/strike/syn_data.hpp"
#include "stack/verdict/segment.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/tcp.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

constexpr std::uint8_t kAck = TcpFlags::kAck, kSyn = TcpFlags::kSyn, kRst = TcpFlags::kRst;
const FourTuple kOurs{IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 1), Port{5000}, Port{7}};
const FourTuple kTheirs{kOurs.remote, kOurs.local, kOurs.remote_port, kOurs.local_port};
constexpr Seq kIss(0xffff'fffe);  // the numbers of the data wrap around

class SynDataTest : public ::testing::Test {
 protected:
  struct Seen {
    verdict::Segment segment;  // without its data
    std::string data;
  };

  static std::vector<std::byte> frame(const FourTuple& tuple, TcpSegment segment) {
    const bool v4 = tuple.local.is_v4();
    const std::size_t at = kEthernetHeader + (v4 ? kIpv4HeaderMin : kIpv6Header);
    std::vector<std::byte> frame(at + 60);
    EthernetFrame ethernet;
    ethernet.type = v4 ? kEtherTypeIpv4 : kEtherTypeIpv6;
    emit_ethernet(ethernet, frame);
    segment.source = tuple.local_port;
    segment.destination = tuple.remote_port;
    Checksum sum;
    const auto tcp = std::span(frame).subspan(at);
    const std::size_t length = emit_tcp(segment, tcp, sum);
    finish_tcp_checksum(tcp.first(length), sum, tuple.local, tuple.remote, {});
    const auto ip = std::span(frame).subspan(kEthernetHeader);
    if (v4) {
      const Ipv4Packet packet{.source = tuple.local,
                              .destination = tuple.remote,
                              .protocol = 6,
                              .options = {},
                              .payload = {}};
      emit_ipv4(packet, length, ip);
    } else {
      const Ipv6Packet packet{
          .source = tuple.local, .destination = tuple.remote, .next_header = 6, .payload = {}};
      emit_ipv6(packet, length, ip);
    }
    frame.resize(at + length);
    return frame;
  }
  /// A frame that must be right.
  static Seen parsed(std::span<const std::byte> frame) {
    Seen seen;
    EXPECT_EQ(verdict::parse(frame, seen.segment), verdict::Parsed::kTcp);
    for (const std::byte byte : seen.segment.data) seen.data += static_cast<char>(byte);
    seen.segment.data = {};
    return seen;
  }
  Seen sent(std::uint8_t flags, Seq seq, const FourTuple& tuple = kOurs) {
    const auto whole = frame(tuple, {.sequence = seq, .flags = flags, .mss = 1460});
    const std::array<std::span<const std::byte>, 1> parts{whole};
    std::vector<std::byte> edited;
    for (const auto part : editor_.edit({.parts = parts}).parts)
      edited.insert(edited.end(), part.begin(), part.end());
    return parsed(edited);
  }
  /// How far the acknowledgment number of a segment from the peer seems to be beyond the ISS.
  std::int32_t received(std::uint8_t flags, std::uint32_t ack, const FourTuple& tuple = kTheirs) {
    const auto whole = frame(tuple, {.acknowledgment = kIss + ack, .flags = flags});
    return parsed(editor_.edit_received({whole}).bytes).segment.ack - kIss;
  }
  void open(std::string_view text, const FourTuple& tuple = kOurs) {
    text_ = test::bytes_of(text);
    editor_.open(tuple, kIss, text_);
  }

  SynData editor_;
  std::vector<std::byte> text_;
};

TEST_F(SynDataTest, TheSynCarriesIt) {
  for (const std::string text : {"a", "abc", "abcd", ""}) {
    open(text);
    for (int times = 0; times < 2; ++times) {
      const Seen seen = sent(kSyn, kIss);
      EXPECT_EQ(seen.data, text);
      EXPECT_EQ(seen.segment.mss, 1460);
    }
  }
}

TEST_F(SynDataTest, TheSynCarriesItOverIpv6) {
  for (const char* zone : {"", "%1"}) {
    const FourTuple ours{*IpAddress::parse(std::string("fe80::2") + zone),
                         *IpAddress::parse(std::string("fe80::1") + zone), Port{5000}, Port{7}};
    const FourTuple theirs{ours.remote, ours.local, ours.remote_port, ours.local_port};
    open("abc", ours);
    const Seen seen = sent(kSyn, kIss, ours);
    EXPECT_EQ(seen.data, "abc");
    EXPECT_EQ(seen.segment.mss, 1460);
    EXPECT_EQ(received(kSyn | kAck, 4, theirs), 1);
    EXPECT_EQ(received(kSyn | kAck, 5, theirs), 5) << "more than it";
  }
}

TEST_F(SynDataTest, NoOtherSynDoes) {
  open("abc");
  FourTuple other = kOurs;
  other.remote_port = Port{8};
  EXPECT_EQ(sent(kSyn, kIss, other).data, "");
  EXPECT_EQ(sent(kSyn, kIss + 1000).data, "") << "of the next connection with this four-tuple";
  EXPECT_EQ(sent(kSyn, kIss).data, "");
}

TEST_F(SynDataTest, WhatAcknowledgesItAcknowledgesTheSynUntilItIsSentAgain) {
  open("abc");
  EXPECT_EQ(received(kSyn | kAck, 4), 1);
  EXPECT_EQ(received(kSyn | kAck, 2), 1) << "a part of it";
  EXPECT_EQ(received(kRst | kAck, 4), 1) << "a refusal";
  EXPECT_EQ(received(kAck, 4), 1) << "an early answer";
  EXPECT_EQ(received(kSyn | kAck, 1), 1);
  EXPECT_EQ(received(kSyn | kAck, 0), 0);
  EXPECT_EQ(received(kSyn | kAck, 5), 5) << "more than it";
  EXPECT_EQ(sent(kRst, kIss + 5).data, "") << "our answer to that";
  EXPECT_EQ(received(kSyn | kAck, 4), 1);
  EXPECT_EQ(received(kSyn | kAck, 4, kOurs), 4) << "another connection";
  sent(kAck, kIss + 1);
  EXPECT_EQ(received(kAck, 4), 4);
}

TEST_F(SynDataTest, ASumOfThePseudoHeaderStays) {
  open("abc");
  const auto whole = frame(kTheirs, {.acknowledgment = kIss + 4, .flags = kSyn | kAck});
  const FrameIn edited = editor_.edit_received({whole, ChecksumState::kPartial});
  EXPECT_EQ(edited.checksum, ChecksumState::kPartial);
  constexpr std::size_t kChecksum = kEthernetHeader + kIpv4HeaderMin + 16;
  EXPECT_EQ(edited.bytes[kChecksum], whole[kChecksum]);
  EXPECT_EQ(edited.bytes[kChecksum + 1], whole[kChecksum + 1]);
}

TEST_F(SynDataTest, WhoComesLaterTakesThePlace) {
  open("abc");
  FourTuple other = kOurs;
  other.local_port = Port{static_cast<std::uint16_t>(kOurs.local_port.value + SynData::kMost)};
  editor_.open(other, kIss, text_);
  EXPECT_EQ(sent(kSyn, kIss, other).data, "abc");
  EXPECT_EQ(sent(kSyn, kIss).data, "");
}

}  // namespace
}  // namespace conker
