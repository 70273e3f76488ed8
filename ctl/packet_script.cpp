#include "ctl/packet_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "stack/base/address_text.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::ctl {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kMostBefore = 150, kMostAfter = 50;  // frames, of the one that breaks a rule
constexpr std::size_t kEthernet = 14, kIpMin = 20;
constexpr std::string_view kPrefix = "conker: ";

std::uint32_t big(Bytes from, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = value << 8 | std::to_integer<std::uint32_t>(from[at + i]);
  return value;
}

/// A frame with TCP over IPv4, as far as the script needs it.
struct Segment {
  const CapturedFrame* frame;
  Bytes tcp;                       // with its data
  std::optional<TcpSegment> read;  // nothing: malformed
  Endpoint ours;
  IpAddress peer;
  Port peer_port;

  bool of_same_peer(const Segment& other) const { return ours == other.ours && peer == other.peer; }
  bool opens(Direction by) const {
    constexpr std::uint8_t kMatter =
        TcpFlags::kSyn | TcpFlags::kAck | TcpFlags::kFin | TcpFlags::kRst;
    return read && frame->direction == by && (read->flags & kMatter) == TcpFlags::kSyn;
  }
};

IpAddress address_at(Bytes ip, std::size_t at) {
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint8_t>(ip[at + i]); };
  return IpAddress::v4(byte(0), byte(1), byte(2), byte(3));
}

std::optional<Segment> segment_in(const CapturedFrame& frame) {
  constexpr std::uint32_t kIpv4 = 0x0800;
  constexpr std::size_t kPorts = 4;
  const Bytes bytes(frame.bytes);
  if (bytes.size() < kEthernet + kIpMin || big(bytes, 12, 2) != kIpv4) return std::nullopt;
  const Bytes ip = bytes.subspan(kEthernet);
  const std::size_t header = (big(ip, 0, 1) & 15) * 4;
  if (big(ip, 9, 1) != kProtocolTcp || header < kIpMin || ip.size() < header + kPorts)
    return std::nullopt;
  const std::size_t total = std::clamp<std::size_t>(big(ip, 2, 2), header + kPorts, ip.size());
  const Bytes tcp = ip.subspan(header, total - header);
  const Endpoint from{address_at(ip, 12), Port{static_cast<std::uint16_t>(big(tcp, 0, 2))}};
  const Endpoint to{address_at(ip, 16), Port{static_cast<std::uint16_t>(big(tcp, 2, 2))}};
  const bool in = frame.direction == Direction::kIn;
  const Endpoint& ours = in ? to : from;
  const Endpoint& peers = in ? from : to;
  return Segment{&frame, tcp, parse_tcp(tcp), ours, peers.address, peers.port};
}

/// How much a comment matters: faults most, and what is inconclusive least.
int weight_of(const std::string& comment) {
  if (comment.find("inconclusive: ") != std::string::npos) return 1;
  const std::string_view text =
      std::string_view(comment).substr(comment.starts_with(kPrefix) ? kPrefix.size() : 0);
  return text.starts_with("fault ") ? 4 : text.starts_with("weakness ") ? 3 : 2;
}

int weight_of(const Segment& segment) {
  int most = 0;
  for (const std::string& comment : segment.frame->comments)
    most = std::max(most, weight_of(comment));
  return most;
}

/// The frames of one connection, and which of them breaks a rule.
struct Connection {
  std::vector<Segment> segments;
  std::size_t broken = 0;
};

/// Who opens it: the peer where a SYN of it with the same port shows that.
Direction opener_of(const std::vector<Segment>& all, const Segment& worst) {
  for (const Segment& segment : all) {
    const bool same = segment.of_same_peer(worst) && segment.peer_port == worst.peer_port;
    if (same && segment.opens(Direction::kOut)) return Direction::kOut;
    if (same && segment.opens(Direction::kIn)) return Direction::kIn;
  }
  return Direction::kOut;
}

Connection connection_of(const std::vector<Segment>& all, std::size_t worst) {
  Connection found;
  const Direction by = opener_of(all, all[worst]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Segment& segment = all[i];
    if (!segment.of_same_peer(all[worst])) continue;
    if (by == Direction::kIn && segment.peer_port != all[worst].peer_port) continue;
    std::vector<Segment>& kept = found.segments;
    // The same two addresses and our port again, or the SYN once more.
    const bool other = segment.opens(by) && !kept.empty() && kept.front().read &&
                       kept.front().read->sequence != segment.read->sequence;
    if (other && i > worst) break;
    if (other) kept.clear();
    if (i == worst) found.broken = kept.size();
    kept.push_back(segment);
  }
  return found;
}

std::string flags_of(const TcpSegment& segment) {
  std::string flags;
  const auto flag = [&](std::uint8_t bit, char name) {
    if (segment.has(bit)) flags += name;
  };
  flag(TcpFlags::kSyn, 'S');
  flag(TcpFlags::kFin, 'F');
  flag(TcpFlags::kRst, 'R');
  flag(TcpFlags::kPsh, 'P');
  flag(TcpFlags::kUrg, 'U');
  flag(TcpFlags::kEce, 'E');
  flag(TcpFlags::kCwr, 'W');
  flag(TcpFlags::kAck, '.');
  return flags.empty() ? "none" : flags;
}

std::string options_of(const TcpSegment& segment) {
  std::string text;
  const auto option = [&](const std::string& one) { text += (text.empty() ? "" : ",") + one; };
  if (segment.mss) option(fmt::format("mss {}", *segment.mss));
  if (segment.window_scale) option(fmt::format("wscale {}", *segment.window_scale));
  if (segment.sack_permitted) option("sackOK");
  if (segment.timestamps)
    option(fmt::format("TS val {} ecr {}", segment.timestamps->value, segment.timestamps->echo));
  for (const SackBlock& block : segment.sack_blocks())
    option(fmt::format("sack {}:{}", block.left.value(), block.right.value()));
  return text.empty() ? "" : " <" + text + ">";
}

/// Lines of one connection, with numbers from its ISNs on.
class Writer {
 public:
  explicit Writer(const Connection& connection)
      : segments_(connection.segments), broken_(connection.broken) {
    for (const Segment& segment : segments_) {
      if (!segment.read) continue;
      auto& isn = isns_[segment.frame->direction == Direction::kOut];
      const bool syn = segment.read->has(TcpFlags::kSyn);
      if (!isn && syn) isn = segment.read->sequence;
    }
  }

  std::string head() const {
    const Segment& first = segments_.front();
    return fmt::format(
        "# One connection, of {} with {}, and the frame of the peer that breaks a rule.\n"
        "# > is what to send, < what the peer sent. Times are seconds from the first frame. SEQ\n"
        "# and ACK count from the ISNs; absolute ones stand at the end. Flags: S SYN, F FIN,\n"
        "# R RST, P PSH, . ACK. FIRST:END(BYTES of data).\n",
        to_string(first.ours), to_string(Endpoint{first.peer, first.peer_port}));
  }

  std::string lines() const {
    std::string text;
    const std::size_t from = broken_ > kMostBefore ? broken_ - kMostBefore + 1 : 0;
    const std::size_t until = std::min(segments_.size(), broken_ + kMostAfter);
    for (std::size_t i = 0; i < until; ++i) {
      if (i == 1 && from > 1) {
        text += fmt::format("# {} frames are left out here\n", from - 1);
        i = from;
      }
      text += line(segments_[i]);
    }
    if (until < segments_.size())
      text += fmt::format("# {} more frames of it are in the capture\n", segments_.size() - until);
    return text;
  }

 private:
  /// A number from an ISN on; as it is where that is not known.
  static std::uint32_t from(const std::optional<Seq>& isn, Seq number) {
    return isn ? number.value() - isn->value() : number.value();
  }

  std::string line(const Segment& segment) const {
    std::string text;
    for (const std::string& comment : segment.frame->comments) {
      text += fmt::format("# The next frame: {}\n",
                          comment.starts_with(kPrefix) ? comment.substr(kPrefix.size()) : comment);
    }
    const bool out = segment.frame->direction == Direction::kOut;
    text += fmt::format(
        "{:.6f} {} ",
        static_cast<double>(segment.frame->at_us - segments_.front().frame->at_us) / 1e6,
        out ? '>' : '<');
    if (!segment.read) return text + malformed(segment.tcp);
    const TcpSegment& tcp = *segment.read;
    const std::uint32_t first = from(isns_[out], tcp.sequence);
    text += fmt::format("{:<3} {}:{}({})", flags_of(tcp), first, first + tcp.length(),
                        tcp.payload.size());
    if (tcp.has(TcpFlags::kAck))
      text += fmt::format(" ack {}", from(isns_[!out], tcp.acknowledgment));
    text += fmt::format(" win {}{}", tcp.window, options_of(tcp));
    if (segment.peer_port != segments_[0].peer_port)
      text += fmt::format(" [port {}]", segment.peer_port.value);
    text += fmt::format("  # SEQ {}", tcp.sequence.value());
    if (tcp.has(TcpFlags::kAck)) text += fmt::format(" ACK {}", tcp.acknowledgment.value());
    return text + "\n";
  }

  static std::string malformed(Bytes tcp) {
    std::string text = "malformed, from the TCP header on:";
    for (const std::byte byte : tcp.first(std::min(tcp.size(), kTcpHeaderMax)))
      text += fmt::format(" {:02x}", std::to_integer<unsigned>(byte));
    return text + "\n";
  }

  const std::vector<Segment>& segments_;
  std::size_t broken_;
  std::array<std::optional<Seq>, 2> isns_;  // the peer's and ours
};

}  // namespace

std::string packet_script(std::span<const CapturedFrame> frames) {
  std::vector<Segment> segments;
  for (const CapturedFrame& frame : frames)
    if (const auto segment = segment_in(frame)) segments.push_back(*segment);
  std::size_t worst = 0;
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (weight_of(segments[i]) > weight_of(segments[worst])) worst = i;
  if (segments.empty() || weight_of(segments[worst]) == 0) return "";
  const Connection connection = connection_of(segments, worst);
  const Writer writer(connection);
  return writer.head() + writer.lines();
}

}  // namespace conker::ctl
