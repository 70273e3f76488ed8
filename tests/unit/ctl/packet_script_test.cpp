// The packet script of a finding, from a pcapng file as the daemon writes it.
#include "ctl/packet_script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "stack/link/pcapng.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::ctl {
namespace {

constexpr std::string_view kBroken =
    "conker: fault reset-sequence (RFC 9293, 3.10.7.1): wrong; cycle 5; expected 1, seen 9";

class CtlPacketScript : public testing::Test, public CaptureSink {
 protected:
  bool write(std::span<const std::byte> bytes) override {
    file_.insert(file_.end(), bytes.begin(), bytes.end());
    return true;
  }

  /// A frame between our port `ours` and the peer's port 80, a millisecond after the one before.
  void frame(Direction direction, TcpSegment segment, std::string_view comment = {},
             std::uint16_t ours = 5'000) {
    const bool out = direction == Direction::kOut;
    segment.source = Port{out ? ours : std::uint16_t{80}};
    segment.destination = Port{out ? std::uint16_t{80} : ours};
    const std::size_t at = v6_ ? 54 : 34;
    std::vector<std::byte> bytes(at + kTcpHeaderMax);
    const std::size_t header = emit_tcp(segment, std::span(bytes).subspan(at));
    bytes.resize(at + header);
    bytes.insert(bytes.end(), segment.payload.begin(), segment.payload.end());
    const auto put = [&](std::size_t place, std::initializer_list<unsigned> values) {
      for (const unsigned value : values) bytes[place++] = static_cast<std::byte>(value);
    };
    if (v6_) {
      const auto payload = static_cast<unsigned>(bytes.size() - 54);
      put(12, {0x86, 0xdd, 0x60, 0, 0, 0, payload >> 8, payload & 0xff, 6, 64});
      put(22, {0x20, 1, 0x0d, 0xb8});
      put(37, {out ? 2u : 9u, 0x20, 1, 0x0d, 0xb8});
      put(53, {out ? 9u : 2u});
      return raw(direction, bytes, comment);
    }
    const auto length = static_cast<unsigned>(bytes.size() - 14);
    put(12, {8, 0, 0x45, 0, length >> 8, length & 0xff});
    put(23, {6});
    put(26, {10, 0, 0, out ? 2u : 9u, 10, 0, 0, out ? 9u : 2u});
    raw(direction, bytes, comment);
  }
  void raw(Direction direction, std::span<const std::byte> bytes, std::string_view comment) {
    const std::vector<std::string_view> comments(comment.empty() ? 0 : 1, comment);
    const std::vector<std::span<const std::byte>> parts{bytes};
    pcapng_.packet({at_ += 1'000, direction, comments}, parts);
  }
  void handshake(std::uint32_t isn = 1'000, std::uint16_t ours = 5'000) {
    TcpSegment syn{.sequence = Seq(isn), .flags = TcpFlags::kSyn, .window = 500};
    syn.mss = 1'460;
    syn.window_scale = 7;
    frame(Direction::kOut, syn, {}, ours);
    frame(Direction::kIn,
          {.sequence = Seq(70'000),
           .acknowledgment = Seq(isn + 1),
           .flags = TcpFlags::kSyn | TcpFlags::kAck,
           .window = 600},
          {}, ours);
  }
  void reset(std::string_view comment, std::uint16_t ours = 5'000) {
    frame(Direction::kIn, {.sequence = Seq(70'009), .flags = TcpFlags::kRst}, comment, ours);
  }
  std::string script() const { return packet_script(finding_frames(frames_in(file_))); }
  /// Without the four lines of the legend.
  std::string lines() const {
    std::string text = script();
    for (int i = 0; i < 4; ++i) text = text.substr(text.find('\n') + 1);
    return text;
  }

  bool v6_ = false;
  std::vector<std::byte> file_;
  Pcapng pcapng_{*this};
  std::int64_t at_ = 1'700'000'000'000'000;
};

TEST_F(CtlPacketScript, HasTheConnectionFromItsSynToTheFrameThatBreaksARule) {
  pcapng_.section({"", "", "conker", "{}"});
  pcapng_.interface("lan", "tap");
  handshake();
  const std::vector<std::byte> data(10);
  TcpSegment sent{.sequence = Seq(1'001),
                  .acknowledgment = Seq(70'001),
                  .flags = TcpFlags::kPsh | TcpFlags::kAck,
                  .window = 500};
  sent.timestamps = {7, 8};
  sent.payload = data;
  frame(Direction::kOut, sent);
  reset(kBroken);
  EXPECT_EQ(lines(),
            "0.000000 > S   0:1(0) win 500 <mss 1460,wscale 7>  # SEQ 1000\n"
            "0.001000 < S.  0:1(0) ack 1 win 600  # SEQ 70000 ACK 1001\n"
            "0.002000 > P.  1:11(10) ack 1 win 500 <TS val 7 ecr 8>  # SEQ 1001 ACK 70001\n"
            "# The next frame: fault reset-sequence (RFC 9293, 3.10.7.1): wrong; cycle 5; expected "
            "1, seen 9\n"
            "0.003000 < R   9:9(0) win 0  # SEQ 70009\n");
  EXPECT_NE(script().find("of 10.0.0.2:5000 with 10.0.0.9:80"), std::string::npos);
}

TEST_F(CtlPacketScript, IsTheSameOverIpv6) {
  v6_ = true;
  handshake();
  reset(kBroken);
  EXPECT_EQ(std::ranges::count(lines(), '\n'), 4) << lines();
  EXPECT_NE(script().find("of [2001:db8::2]:5000 with [2001:db8::9]:80"), std::string::npos)
      << script();
}

TEST_F(CtlPacketScript, LeavesOutOtherConnectionsAndThoseOfTheSamePortsBeforeAndAfter) {
  handshake(500);
  handshake(1'000);
  handshake(9'000, 5'001);
  reset(kBroken);
  handshake(3'000);
  const std::string text = lines();
  EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
  EXPECT_TRUE(text.starts_with("0.000000 > S   0:1(0) win 500 <mss 1460,wscale 7>  # SEQ 1000\n"));
  EXPECT_NE(text.find("0.004000 < R   9:9(0)"), std::string::npos) << text;
}

TEST_F(CtlPacketScript, ASynThatIsSentAgainBeginsNoOther) {
  handshake();
  handshake();
  reset(kBroken);
  EXPECT_EQ(std::ranges::count(lines(), '\n'), 6);
}

TEST_F(CtlPacketScript, IsOfTheWorstFinding) {
  std::uint16_t port = 5'000;
  for (const char* comment : {"conker: note n (R): t", "conker: fault f (R): t; inconclusive: x",
                              "conker: weakness w (R): t", "conker: weakness later (R): t"}) {
    handshake(1'000, port);
    reset(comment, port++);
  }
  EXPECT_NE(lines().find("# The next frame: weakness w (R): t\n"), std::string::npos) << lines();
  EXPECT_EQ(lines().find("later"), std::string::npos);
}

TEST_F(CtlPacketScript, IsShortWhateverTheConnectionHas) {
  handshake();
  for (int i = 0; i < 1'000; ++i) reset("");
  reset(kBroken);
  for (int i = 0; i < 1'000; ++i) reset("");
  const std::string text = lines();
  EXPECT_LE(std::ranges::count(text, '\n'), 205);
  EXPECT_TRUE(text.starts_with("0.000000 > S ")) << text.substr(0, 200);
  EXPECT_NE(text.find("frames are left out here\n"), std::string::npos);
  EXPECT_NE(text.find("reset-sequence"), std::string::npos);
  EXPECT_NE(text.find("more frames of it are in the capture\n"), std::string::npos);
}

TEST_F(CtlPacketScript, ShowsWhatIsMalformed) {
  handshake();
  frame(Direction::kIn, {.flags = TcpFlags::kAck}, kBroken);
  file_[file_.size() - 4 - 4 - 8 - 4 - (kBroken.size() + 3) / 4 * 4 - 2 - 20 + 12] = std::byte{0};
  EXPECT_NE(lines().find("< malformed, from the TCP header on: 00 50 13 88"), std::string::npos)
      << lines();
}

TEST_F(CtlPacketScript, IsEmptyWithoutAFinding) {
  EXPECT_EQ(script(), "");
  handshake();
  EXPECT_EQ(script(), "");
}

TEST_F(CtlPacketScript, EndsWithTheLastWholeBlock) {
  handshake();
  reset(kBroken);
  const std::vector<std::byte> whole = file_;
  const std::string expected = script();
  handshake(1'000, 5'001);
  for (std::size_t size = whole.size(); size < file_.size(); size += 7) {
    const auto cut = std::span(file_).first(size);
    EXPECT_EQ(packet_script(finding_frames(frames_in(cut))), expected);
  }
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_LE(frames_in(std::span(whole).first(size)).size(), 2u);
  for (std::size_t i = 0; i < whole.size(); ++i) {  // whatever is in the file
    std::vector<std::byte> wrong = whole;
    wrong[i] ^= std::byte{0xff};
    (void)packet_script(finding_frames(frames_in(wrong)));
  }
}

}  // namespace
}  // namespace conker::ctl
