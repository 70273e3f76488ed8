// The file of a strike's findings: which frames are in it, and with what comments.
#include "daemon/control/evidence.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scratch.hpp"
#include "tests/support/segment.hpp"

namespace conker::daemon {
namespace {

using verdict::Rule;

class EvidenceTest : public ::testing::Test {
 protected:
  static constexpr IpAddress kUs = IpAddress::v4(10, 0, 0, 1), kPeer = IpAddress::v4(10, 0, 0, 2);

  /// A frame of the file. Frames of this test are told apart by their sequence numbers.
  struct Packet {
    std::uint32_t seq;
    std::string comments;
    bool operator==(const Packet&) const = default;
  };

  void begin(std::uint64_t max_bytes = Evidence::kMaxBytes) {
    const int fd = ::open(path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    evidence = std::make_unique<Evidence>(Descriptor(fd), 1'000'000, max_bytes);
    ASSERT_TRUE(evidence->begin("{}", "lan", "tap conker0", Instant(now)));
  }
  std::string path() const { return scratch_ / "evidence.pcapng"; }

  void frame(Direction direction, std::uint8_t flags, std::uint32_t seq, std::uint16_t port) {
    test::WireSegment wire;
    const bool out = direction == Direction::kOut;
    wire.source = out ? kUs : kPeer;
    wire.destination = out ? kPeer : kUs;
    wire.source_port = out ? port : 80;
    wire.destination_port = out ? 80 : port;
    wire.seq = seq;
    wire.flags = flags;
    const test::Bytes bytes = test::encode(wire, MacAddress{}, MacAddress{});
    const std::array<std::span<const std::byte>, 1> parts{bytes};
    evidence->on_frame({parts, direction}, Instant(now += 1ms));
  }
  void sends(std::uint32_t seq, std::uint16_t port = 1000, std::uint8_t flags = test::kAck) {
    frame(Direction::kOut, flags, seq, port);
  }
  void gets(std::uint32_t seq, std::uint16_t port = 1000) {
    frame(Direction::kIn, test::kAck, seq, port);
  }
  /// The newest frame, of this port, breaks a rule.
  void find(Rule rule, std::uint16_t port = 1000, const char* because = nullptr) {
    verdict::Finding finding{};
    finding.rule = rule;
    finding.tuple = {kPeer, kUs, Port{80}, Port{port}};
    finding.expected = 123;
    finding.seen = 456;
    evidence->on_finding({finding, 5000, Instant(now)}, because);
  }
  std::vector<std::uint32_t> numbers() const {
    std::vector<std::uint32_t> numbers;
    for (const Packet& packet : packets()) numbers.push_back(packet.seq);
    return numbers;
  }
  /// The packets of the file, whose blocks must be complete.
  std::vector<Packet> packets() const {
    std::ifstream in(path(), std::ios::binary);
    const std::string file(std::istreambuf_iterator<char>(in), {});
    std::vector<Packet> packets;
    for (std::size_t at = 0; at < file.size();) {
      const std::uint32_t length = little(file, at + 4);
      EXPECT_LE(at + length, file.size()) << "cut short";
      if (at + length > file.size()) break;
      EXPECT_EQ(little(file, at + length - 4), length);
      if (little(file, at) == 6) packets.push_back(packet(file.substr(at, length)));
      at += length;
    }
    return packets;
  }

  Duration now{0};
  std::unique_ptr<Evidence> evidence;

 private:
  static std::uint32_t little(const std::string& file, std::size_t at, std::size_t bytes = 4) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes; i-- > 0;)
      value = value << 8 | static_cast<std::uint8_t>(file[at + i]);
    return value;
  }
  static Packet packet(const std::string& block) {
    const std::uint32_t kept = little(block, 20);
    const auto frame = std::as_bytes(std::span(block).subspan(28, kept));
    Packet packet{test::decode(frame).value().seq, ""};
    for (std::size_t at = 28 + (kept + 3) / 4 * 4; little(block, at, 2) != 0;) {
      const std::uint32_t length = little(block, at + 2, 2);
      if (little(block, at, 2) == 1) packet.comments += block.substr(at + 4, length) + "\n";
      at += 4 + (length + 3) / 4 * 4;
    }
    return packet;
  }

  test::Scratch scratch_;
};

TEST_F(EvidenceTest, TheFrameThatBreaksARuleHasAComment) {
  begin();
  sends(1, 1000, test::kSyn);
  gets(2);
  find(Rule::kResetSequence);
  evidence->end(Instant(now));
  const std::vector<Packet> expected{
      {1, ""},
      {2,
       "conker: fault reset-sequence (RFC 9293, 3.10.7.1): a reset whose sequence number is not "
       "the one its receiver waits for; cycle 5,000; expected 123, seen 456 (sequence number)\n"}};
  EXPECT_EQ(packets(), expected);
  EXPECT_EQ(evidence->result().findings, 1u);
  EXPECT_EQ(evidence->result().frames, 2u);
  EXPECT_FALSE(evidence->result().error);
}

TEST_F(EvidenceTest, SeveralRulesBrokenByOneFrameAreAllInItsComments) {
  begin();
  gets(1);
  find(Rule::kPaddingLeak);
  find(Rule::kFinMoved, 1000, "faults were set on the link");
  evidence->end(Instant(now));
  ASSERT_EQ(packets().size(), 1u);
  const std::string comments = packets()[0].comments;
  EXPECT_NE(comments.find("padding-leak"), std::string::npos);
  EXPECT_NE(comments.find("; inconclusive: faults were set on the link\n"), std::string::npos);
  EXPECT_EQ(evidence->result().findings, 2u);
}

TEST_F(EvidenceTest, TheConnectionIsWholeAndOthersAreContext) {
  begin();
  sends(1, 1000, test::kSyn);
  for (std::uint16_t i = 0; i < 100; ++i) gets(1000 + i, 2000 + i);
  gets(2);
  find(Rule::kFinMoved);
  evidence->end(Instant(now));
  std::vector<std::uint32_t> expected{1};
  for (std::uint32_t i = 80; i < 100; ++i) expected.push_back(1000 + i);
  expected.push_back(2);
  EXPECT_EQ(numbers(), expected);
}

TEST_F(EvidenceTest, ConnectionsOfTheContextAreWhole) {
  begin();
  sends(1, 3000, test::kSyn);
  sends(2, 3000);
  for (std::uint16_t i = 0; i < Evidence::kBefore; ++i) gets(1000 + i, 2000 + i);
  sends(3, 3000);
  gets(4);
  find(Rule::kFinMoved);
  gets(5, 3000);
  find(Rule::kFinMoved, 3000);
  evidence->end(Instant(now));
  std::vector<std::uint32_t> expected{1, 2};
  for (std::uint32_t i = 1; i < Evidence::kBefore; ++i) expected.push_back(1000 + i);
  expected.insert(expected.end(), {3, 4, 5});
  EXPECT_EQ(numbers(), expected);
}

TEST_F(EvidenceTest, WhatFollowsInTheConnection) {
  begin();
  gets(1);
  find(Rule::kFinMoved);
  for (std::uint32_t i = 0; i < 20; ++i) {
    gets(1000 + i, 2000);
    gets(10 + i);
  }
  evidence->end(Instant(now));
  EXPECT_EQ(numbers(), (std::vector<std::uint32_t>{1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
}

TEST_F(EvidenceTest, WhatFollowsTooLateIsLeftOut) {
  begin();
  gets(1);
  find(Rule::kFinMoved);
  gets(2);
  now += Evidence::kAfterTime;
  gets(3);
  evidence->end(Instant(now));
  EXPECT_EQ(numbers(), (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(EvidenceTest, NoFrameTwice) {
  begin();
  sends(1, 1000, test::kSyn);
  gets(2);
  find(Rule::kFinMoved);
  gets(3);
  find(Rule::kSequenceGap);
  gets(4, 2000);
  find(Rule::kFinMoved, 2000);
  evidence->end(Instant(now));
  EXPECT_EQ(numbers(), (std::vector<std::uint32_t>{1, 2, 3, 4}));
  EXPECT_NE(packets()[2].comments, "") << "a frame that also follows a finding";
}

TEST_F(EvidenceTest, TheFirstFindingsOfEachRule) {
  begin();
  for (std::uint16_t i = 0; i < 20; ++i) {
    gets(i, i);
    find(Rule::kFinMoved, i, "faults were set on the link");
  }
  for (std::uint16_t i = 20; i < 40; ++i) {
    gets(i, i);
    find(Rule::kFinMoved, i);
  }
  evidence->end(Instant(now));
  EXPECT_EQ(evidence->result().findings, 2 * Evidence::kEach)
      << "those that are inconclusive take no place from the others";
}

TEST_F(EvidenceTest, WhatIsFoundIsInTheFileAtTheNextTick) {
  begin();
  gets(1);
  find(Rule::kFinMoved);
  evidence->tick();
  EXPECT_EQ(numbers(), std::vector<std::uint32_t>{1});
  gets(2);
  evidence->tick();
  EXPECT_EQ(numbers(), (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(EvidenceTest, StopsAtItsMost) {
  begin(8192);
  for (std::uint16_t i = 0; i < 100; ++i) {
    gets(i, i);
    find(static_cast<Rule>(i % verdict::kRules), i);
  }
  evidence->end(Instant(now));
  ASSERT_TRUE(evidence->result().error);
  EXPECT_EQ(evidence->result().error->substr(0, 11), "stopped at ");
  EXPECT_LE(evidence->result().bytes, 8192u);
  EXPECT_EQ(packets().size(), evidence->result().frames);
  std::uint64_t with_comments = 0;
  for (const Packet& packet : packets()) with_comments += packet.comments.empty() ? 0 : 1;
  EXPECT_EQ(with_comments, evidence->result().findings);
}

TEST_F(EvidenceTest, AFullDiskLeavesWholeBlocks) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  begin();
  for (std::uint16_t i = 0; i < 10; ++i) {
    gets(i, i);
    find(static_cast<Rule>(i), i);
  }
  evidence->end(Instant(now));
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(evidence->result().error, std::strerror(EFBIG));
  EXPECT_EQ(packets().size(), evidence->result().frames);
  EXPECT_GT(packets().size(), 0u);
  EXPECT_LT(evidence->result().findings, 10u);
}

}  // namespace
}  // namespace conker::daemon
