#include <gtest/gtest.h>

#include <set>

#include "stack/link/fault.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/tcp.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::bytes_of;
using test::hex;
using test::TestLink;
using test::to_hex;

constexpr std::uint32_t kAlways = 1'000'000;
constexpr IpAddress kA = IpAddress::v4(10, 77, 0, 1), kB = IpAddress::v4(10, 77, 0, 2);

// A frame that ends with a number, by which a test recognizes it.
std::vector<std::byte> numbered(std::uint8_t number) {
  auto frame = hex("020000000002 020000000001 0806 00 00");
  frame.push_back(static_cast<std::byte>(number));
  return frame;
}

std::vector<std::byte> tcp_frame(std::string_view text, bool partial = false) {
  const auto payload = bytes_of(text);
  TcpSegment tcp;
  tcp.source = Port{1};
  tcp.destination = Port{2};
  std::vector<std::byte> frame(kEthernetHeader + kIpv4HeaderMin + kTcpHeaderMin);
  emit_ethernet({{{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 1}}, kEtherTypeIpv4, {}}, frame);
  Ipv4Packet ip;
  ip.source = kA;
  ip.destination = kB;
  ip.protocol = kProtocolTcp;
  emit_ipv4(ip, kTcpHeaderMin + payload.size(), std::span(frame).subspan(kEthernetHeader));
  const auto header = std::span(frame).subspan(kEthernetHeader + kIpv4HeaderMin);
  Checksum header_sum;
  emit_tcp(tcp, header, header_sum);
  if (partial) {
    // A partial checksum as Linux leaves it for the hardware: the sum of the pseudo-header, not
    // inverted.
    std::uint32_t sum =
        0x0a4d + 1 + 0x0a4d + 2 + 6 + static_cast<std::uint32_t>(kTcpHeaderMin + payload.size());
    header[16] = static_cast<std::byte>(sum >> 8);
    header[17] = static_cast<std::byte>(sum & 0xff);
  } else {
    const std::array<std::span<const std::byte>, 1> pieces{payload};
    finish_tcp_checksum(header, header_sum, kA, kB, pieces);
  }
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

// The same over IPv6.
std::vector<std::byte> tcp_frame_v6(std::string_view text, bool partial = false) {
  const auto v4 = tcp_frame(text, partial);
  std::vector<std::byte> frame(kEthernetHeader + kIpv6Header);
  emit_ethernet({{{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 1}}, kEtherTypeIpv6, {}}, frame);
  frame.insert(frame.end(), v4.begin() + kEthernetHeader + kIpv4HeaderMin, v4.end());
  const auto segment = std::span(frame).subspan(kEthernetHeader + kIpv6Header);
  // ::10.77.0.1 and ::10.77.0.2, which have the sum of the IPv4 addresses.
  Ipv6Packet ip;
  ip.source = IpAddress({0, 0, 0, kA.v4_bits()});
  ip.destination = IpAddress({0, 0, 0, kB.v4_bits()});
  ip.next_header = kProtocolTcp;
  emit_ipv6(ip, segment.size(), std::span(frame).subspan(kEthernetHeader));
  return frame;
}

bool intact_v6(std::span<const std::byte> frame) {
  const auto ip = parse_ipv6(frame.subspan(kEthernetHeader));
  return ip && ip->next_header == kProtocolTcp &&
         verify_tcp_checksum(ip->payload, ip->source, ip->destination);
}

bool intact(std::span<const std::byte> frame) {
  const auto bytes = frame.subspan(kEthernetHeader);
  const auto ip = parse_ipv4(bytes);
  return ip && verify_ipv4_checksum(bytes) &&
         verify_tcp_checksum(ip->payload, ip->source, ip->destination);
}

class FaultTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 8, kFrameBytes = 200;

  struct Got {
    std::vector<std::byte> bytes;
    ChecksumState checksum;
  };

  FaultLink make(TestLink& link) {
    return {link, std::as_writable_bytes(std::span(storage_)), kFrameBytes};
  }
  void set(FaultSettings settings) { fault_.set(settings); }

  void arrive(std::uint8_t number) { link_.arriving.push_back({numbered(number)}); }
  std::vector<Got> receive(std::size_t most = 16) {
    std::vector<FrameIn> batch(most);
    const std::size_t n = fault_.receive(batch, now_);
    std::vector<Got> got;
    for (const FrameIn& frame : std::span(batch).first(n)) {
      got.push_back({{frame.bytes.begin(), frame.bytes.end()}, frame.checksum});
    }
    return got;
  }
  std::vector<int> receive_numbers(std::size_t most = 16) {
    std::vector<int> numbers;
    for (const Got& got : receive(most)) numbers.push_back(std::to_integer<int>(got.bytes.back()));
    return numbers;
  }

  bool send(const std::vector<std::byte>& bytes) {
    const std::size_t front = std::min<std::size_t>(bytes.size(), 54);
    std::vector<std::byte> headers(bytes.begin(),
                                   bytes.begin() + static_cast<std::ptrdiff_t>(front));
    const std::array<std::span<const std::byte>, 2> parts{headers, std::span(bytes).subspan(front)};
    return fault_.send(FrameOut{std::span(parts).first(front < bytes.size() ? 2 : 1)}, now_);
  }
  std::vector<int> sent_numbers() {
    fault_.flush(now_);
    std::vector<int> numbers;
    while (!link_.sent.empty()) numbers.push_back(std::to_integer<int>(link_.take().back()));
    return numbers;
  }

  std::vector<std::uint64_t> storage_ =
      std::vector<std::uint64_t>(FaultLink::storage_bytes(kSlots, kFrameBytes) / 8);
  TestLink link_;
  FaultLink fault_ = make(link_);
  Instant now_{10s};
};

using Numbers = std::vector<int>;

TEST_F(FaultTest, FaultsDisableSegmentationOffload) {
  link_.cuts = 65535;
  EXPECT_EQ(fault_.segmentation(), 65535u);
  set({.loss = 1});
  EXPECT_EQ(fault_.segmentation(), 0u);
  EXPECT_FALSE(link_.coalescing);
  fault_.coalesce(true);
  EXPECT_FALSE(link_.coalescing) << "not before the faults end";
  set({});
  EXPECT_EQ(fault_.segmentation(), 65535u);
  EXPECT_TRUE(link_.coalescing);
  fault_.coalesce(false);
  set({.loss = 1});
  set({});
  EXPECT_FALSE(link_.coalescing) << "whoever is above does not want it";
}

TEST_F(FaultTest, PassesEverythingWhenNothingIsSet) {
  for (std::uint8_t i = 1; i <= 3; ++i) arrive(i);
  EXPECT_EQ(receive_numbers(), (Numbers{1, 2, 3}));
  EXPECT_TRUE(send(numbered(4)));
  EXPECT_EQ(sent_numbers(), (Numbers{4}));
  EXPECT_EQ(fault_.next_deadline(), kNever);
}

TEST_F(FaultTest, LosesBothWays) {
  set({.loss = kAlways});
  for (std::uint8_t i = 1; i <= 40; ++i) arrive(i);
  EXPECT_EQ(receive_numbers(), Numbers());
  EXPECT_TRUE(link_.arriving.empty()) << "a batch that was lost is not the end of what has arrived";
  EXPECT_TRUE(send(numbered(1)));
  EXPECT_EQ(sent_numbers(), Numbers());
  EXPECT_EQ(fault_.counters().lost, 41u);
}

TEST_F(FaultTest, LosesAboutAsManyAsAsked) {
  set({.loss = 10'000, .seed = 7});
  for (int i = 0; i < 20'000; ++i) (void)send(numbered(0));
  EXPECT_NEAR(static_cast<double>(fault_.counters().lost), 200, 60);
}

TEST_F(FaultTest, DoesTheSameForTheSameSeed) {
  const auto run = [&](std::uint64_t seed) {
    set({.loss = 300'000, .duplicate = 200'000, .reorder = 100'000, .seed = seed});
    std::vector<int> numbers;
    for (std::uint8_t i = 0; i < 100; ++i) {
      (void)send(numbered(i));
      const auto some = sent_numbers();
      numbers.insert(numbers.end(), some.begin(), some.end());
    }
    now_ += 1s;
    (void)sent_numbers();
    return numbers;
  };
  const auto first = run(1);
  EXPECT_EQ(run(1), first);
  EXPECT_NE(run(2), first);
}

TEST_F(FaultTest, DuplicatesBothWays) {
  set({.duplicate = kAlways});
  arrive(1);
  EXPECT_EQ(receive_numbers(), (Numbers{1}));
  EXPECT_LE(fault_.next_deadline(), now_) << "there is another to fetch";
  EXPECT_EQ(receive_numbers(), (Numbers{1}));
  EXPECT_EQ(receive_numbers(), Numbers());
  EXPECT_TRUE(send(numbered(2)));
  EXPECT_EQ(sent_numbers(), (Numbers{2, 2}));
  EXPECT_EQ(fault_.next_deadline(), kNever);
  EXPECT_EQ(fault_.counters().duplicated, 2u);
}

TEST_F(FaultTest, DelaysBothWaysInOrder) {
  set({.delay = 50ms});
  arrive(1);
  EXPECT_EQ(receive_numbers(), Numbers());
  EXPECT_TRUE(send(numbered(7)));
  now_ += 1ms;
  arrive(2);
  EXPECT_EQ(receive_numbers(), Numbers());
  EXPECT_TRUE(send(numbered(8)));
  EXPECT_EQ(sent_numbers(), Numbers());
  EXPECT_EQ(fault_.next_deadline(), now_ + 49ms);
  now_ += 49ms;
  EXPECT_EQ(receive_numbers(), (Numbers{1}));
  EXPECT_EQ(sent_numbers(), (Numbers{7}));
  now_ += 1ms;
  EXPECT_EQ(receive_numbers(), (Numbers{2}));
  EXPECT_EQ(sent_numbers(), (Numbers{8}));
  EXPECT_EQ(fault_.counters().delayed, 4u);
  EXPECT_EQ(fault_.next_deadline(), kNever);
}

TEST_F(FaultTest, HeldFramesLeaveAfterTheSettingsChange) {
  set({.delay = 50ms});
  arrive(1);
  EXPECT_EQ(receive_numbers(), Numbers());
  EXPECT_TRUE(send(numbered(7)));
  set({});
  arrive(2);
  EXPECT_EQ(receive_numbers(), (Numbers{2}));
  now_ += 50ms;
  EXPECT_EQ(receive_numbers(), (Numbers{1}));
  EXPECT_EQ(sent_numbers(), (Numbers{7}));
}

TEST_F(FaultTest, AShorterDelayOvertakesALongerOne) {
  set({.delay = 50ms});
  for (std::uint8_t i = 1; i <= 2; ++i) (void)send(numbered(i));
  set({.delay = 10ms});
  (void)send(numbered(3));
  (void)send(numbered(4));
  now_ += 10ms;
  EXPECT_EQ(sent_numbers(), (Numbers{3, 4}));
  now_ += 40ms;
  EXPECT_EQ(sent_numbers(), (Numbers{1, 2}));
}

TEST_F(FaultTest, ReorderedFramesComeAfterTheNext) {
  set({.reorder = kAlways});
  for (std::uint8_t i = 1; i <= 4; ++i) arrive(i);
  EXPECT_EQ(receive_numbers(), (Numbers{2, 1, 4, 3}));
  for (std::uint8_t i = 1; i <= 4; ++i) (void)send(numbered(i));
  EXPECT_EQ(sent_numbers(), (Numbers{2, 1, 4, 3}));
  EXPECT_EQ(fault_.counters().reordered, 4u);
}

TEST_F(FaultTest, AReorderedFrameWithoutASuccessorComesAfterTenMilliseconds) {
  set({.reorder = kAlways});
  arrive(1);
  EXPECT_EQ(receive_numbers(), Numbers());
  (void)send(numbered(2));
  EXPECT_EQ(sent_numbers(), Numbers());
  EXPECT_EQ(fault_.next_deadline(), now_ + 10ms);
  now_ += 10ms;
  EXPECT_EQ(receive_numbers(), (Numbers{1}));
  EXPECT_EQ(sent_numbers(), (Numbers{2}));
}

TEST_F(FaultTest, ReordersAcrossBatches) {
  set({.reorder = kAlways});
  arrive(1);
  EXPECT_EQ(receive_numbers(1), Numbers());
  arrive(2);
  EXPECT_EQ(receive_numbers(1), (Numbers{2}));
  EXPECT_EQ(receive_numbers(1), (Numbers{1}));
}

TEST_F(FaultTest, ReordersBehindTheDelay) {
  set({.reorder = kAlways, .delay = 30ms});
  for (std::uint8_t i = 1; i <= 3; ++i) (void)send(numbered(i));
  now_ += 30ms;
  EXPECT_EQ(sent_numbers(), (Numbers{2, 1}));
  now_ += 10ms;
  EXPECT_EQ(sent_numbers(), (Numbers{3}));
}

TEST_F(FaultTest, CorruptsExactlyOneBitAndLeavesTheEthernetHeaderAlone) {
  set({.corrupt = kAlways, .seed = 3});
  const auto frame = tcp_frame(
      "something that is longer than all of the headers can be together, so that it takes two "
      "parts");
  std::set<std::size_t> places;
  for (int round = 0; round < 300; ++round) {
    ASSERT_TRUE(send(frame));
    fault_.flush(now_);
    const auto sent = link_.take();
    ASSERT_EQ(sent.size(), frame.size());
    int bits = 0;
    for (std::size_t i = 0; i < frame.size(); ++i) {
      const auto differing = std::to_integer<unsigned>(sent[i] ^ frame[i]);
      bits += std::popcount(differing);
      if (differing != 0) places.insert(i);
    }
    ASSERT_EQ(bits, 1);
    ASSERT_FALSE(intact(sent)) << "a checksum notices";
  }
  EXPECT_GE(*places.begin(), kEthernetHeader);
  EXPECT_GT(places.size(), 50u);
  EXPECT_LE(link_.longest_front, 114u);
}

TEST_F(FaultTest, CorruptsIpv6WhereAChecksumNotices) {
  set({.corrupt = kAlways, .seed = 3});
  const auto frame = tcp_frame_v6("text");
  ASSERT_TRUE(intact_v6(frame));
  std::set<std::size_t> places;
  for (int round = 0; round < 2000; ++round) {
    ASSERT_TRUE(send(frame));
    fault_.flush(now_);
    const auto sent = link_.take();
    ASSERT_EQ(sent.size(), frame.size());
    for (std::size_t i = 0; i < frame.size(); ++i)
      if (sent[i] != frame[i]) places.insert(i);
    ASSERT_FALSE(intact_v6(sent)) << "a checksum notices";
  }
  EXPECT_EQ(*places.begin(), kEthernetHeader + 8) << "from the addresses on";
  EXPECT_EQ(places.size(), frame.size() - kEthernetHeader - 8);
}

TEST_F(FaultTest, CompletesPartialChecksumsOfIpv6) {
  set({.corrupt = kAlways});
  const auto right = tcp_frame_v6("a local sender's");
  for (int round = 0; round < 100; ++round) {
    link_.arriving.push_back({tcp_frame_v6("a local sender's", true), ChecksumState::kPartial});
    const auto got = receive();
    ASSERT_EQ(got.size(), 1u);
    int bits = 0;
    for (std::size_t i = 0; i < right.size(); ++i)
      bits += std::popcount(std::to_integer<unsigned>(right[i] ^ got[0].bytes[i]));
    ASSERT_EQ(bits, 1) << "the checksum is one bit away from the right one";
  }
}

TEST_F(FaultTest, DoesNotCorruptFramesWithoutAChecksum) {
  set({.corrupt = kAlways});
  arrive(1);
  EXPECT_EQ(receive_numbers(), (Numbers{1}));
  EXPECT_EQ(fault_.counters().corrupted, 0u);
}

TEST_F(FaultTest, CompletesPartialChecksumsBeforeItCorrupts) {
  set({.corrupt = kAlways});
  for (int round = 0; round < 100; ++round) {
    link_.arriving.push_back({tcp_frame("a local sender's", true), ChecksumState::kPartial});
    const auto got = receive();
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].checksum, ChecksumState::kUnknown);
    ASSERT_FALSE(intact(got[0].bytes));
    // The checksum is one bit away from the right one.
    const auto right = tcp_frame("a local sender's");
    int bits = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      bits += std::popcount(std::to_integer<unsigned>(right[i] ^ got[0].bytes[i]));
    }
    ASSERT_EQ(bits, 1);
  }
}

TEST_F(FaultTest, ACorruptedFrameIsNotVouchedFor) {
  link_.arriving.push_back({tcp_frame("x"), ChecksumState::kVouched});
  set({.corrupt = kAlways});
  EXPECT_EQ(receive()[0].checksum, ChecksumState::kUnknown);
}

TEST_F(FaultTest, HeldFramesKeepTheirChecksumState) {
  set({.delay = 5ms});
  link_.arriving.push_back({tcp_frame("x", true), ChecksumState::kPartial});
  EXPECT_TRUE(receive().empty());
  now_ += 5ms;
  EXPECT_EQ(receive()[0].checksum, ChecksumState::kPartial);
}

TEST_F(FaultTest, CountsFramesThatItHasNoRoomToHold) {
  set({.delay = 5ms});
  for (std::uint32_t i = 0; i < kSlots + 2; ++i)
    EXPECT_TRUE(send(numbered(static_cast<std::uint8_t>(i))));
  EXPECT_EQ(fault_.counters().no_room, 2u);
  now_ += 5ms;
  EXPECT_EQ(sent_numbers().size(), kSlots);
  EXPECT_TRUE(send(std::vector<std::byte>(kFrameBytes + 1)));
  EXPECT_EQ(fault_.counters().no_room, 3u) << "a frame too long to hold";
  EXPECT_TRUE(send(numbered(1)));
  now_ += 5ms;
  EXPECT_EQ(sent_numbers(), (Numbers{1})) << "slots come back";
}

TEST_F(FaultTest, ReportsABusyLink) {
  set({.loss = 1});
  link_.busy = true;
  EXPECT_FALSE(send(numbered(1)));
  link_.busy = false;
  EXPECT_TRUE(send(numbered(1)));
  EXPECT_EQ(sent_numbers(), (Numbers{1}));
}

TEST_F(FaultTest, KeepsDueFramesWhileTheLinkIsBusyAndDoesNotSpin) {
  set({.delay = 5ms});
  (void)send(numbered(1));
  (void)send(numbered(2));
  now_ += 5ms;
  link_.busy = true;
  EXPECT_EQ(sent_numbers(), Numbers());
  EXPECT_GT(fault_.next_deadline(), now_);
  link_.busy = false;
  now_ = fault_.next_deadline();
  EXPECT_EQ(sent_numbers(), (Numbers{1, 2}));
}

struct FaultLog final : FrameObserver {
  void on_frame(const ObservedFrame& frame, Instant now) override {
    const int number = std::to_integer<int>(frame.parts.back().back());
    seen.push_back({frame.direction, frame.fate, number, now});
  }
  struct Entry {
    Direction direction;
    FrameFate fate;
    int number;
    Instant at;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> seen;
};

TEST_F(FaultTest, ObserversAreShownEachFault) {
  FaultLog log;
  fault_.observers().add(log);
  EXPECT_TRUE(send(numbered(1)));
  EXPECT_TRUE(log.seen.empty()) << "a frame without a fault";
  set({.loss = kAlways});
  EXPECT_TRUE(send(numbered(2)));
  arrive(3);
  EXPECT_EQ(receive_numbers(), Numbers());
  set({.duplicate = kAlways, .delay = 5ms});
  EXPECT_TRUE(send(numbered(4)));
  using enum Direction;
  const std::vector<FaultLog::Entry> wanted{{kOut, FrameFate::kLost, 2, now_},
                                            {kIn, FrameFate::kLost, 3, now_},
                                            {kOut, FrameFate::kDelayed, 4, now_},
                                            {kOut, FrameFate::kDuplicated, 4, now_}};
  EXPECT_EQ(log.seen, wanted);
}

TEST_F(FaultTest, ObserversAreShownACorruptedFrameBeforeTheCorruption) {
  struct Copy final : FrameObserver {
    void on_frame(const ObservedFrame& frame, Instant) override {
      fate = frame.fate;
      for (const auto part : frame.parts) bytes.insert(bytes.end(), part.begin(), part.end());
    }
    FrameFate fate = FrameFate::kPassed;
    std::vector<std::byte> bytes;
  } copy;
  fault_.observers().add(copy);
  set({.corrupt = kAlways});
  const auto frame = tcp_frame("text");
  EXPECT_TRUE(send(frame));
  EXPECT_EQ(copy.fate, FrameFate::kCorrupted);
  EXPECT_EQ(to_hex(copy.bytes), to_hex(frame));
}

TEST_F(FaultTest, ReceivedFramesStayUntilTheNextReceive) {
  set({.delay = 1ms});
  for (std::uint8_t i = 1; i <= 4; ++i) arrive(i);
  EXPECT_EQ(receive_numbers(), Numbers());
  now_ += 1ms;
  std::array<FrameIn, 2> batch;
  ASSERT_EQ(fault_.receive(batch, now_), 2u);
  for (std::uint8_t i = 0; i < kSlots; ++i) (void)send(numbered(9));  // uses up all slots
  EXPECT_EQ(std::to_integer<int>(batch[0].bytes.back()), 1);
  EXPECT_EQ(std::to_integer<int>(batch[1].bytes.back()), 2);
}

}  // namespace
}  // namespace conker
