#include "ctl/finding_frames.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6_chain.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::ctl {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kMostBefore = 150, kMostAfter = 50;  // frames, of the one that breaks a rule
constexpr std::string_view kPrefix = "conker: ";

/// A frame with TCP.
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

/// The addresses and the segment of a frame with TCP over IPv4.
struct Found {
  IpAddress from, to;
  Bytes tcp;  // at least the ports
};
constexpr std::size_t kPorts = 4;

std::optional<Found> found_in_v4(Bytes ip) {
  if (ip.size() < kIpv4HeaderMin) return std::nullopt;
  const std::size_t header = (get8(ip, 0) & 15) * 4;
  if (get8(ip, 9) != kProtocolTcp || header < kIpv4HeaderMin || ip.size() < header + kPorts)
    return std::nullopt;
  const std::size_t total = std::clamp<std::size_t>(get16(ip, 2), header + kPorts, ip.size());
  return Found{get_ipv4(ip, 12), get_ipv4(ip, 16), ip.subspan(header, total - header)};
}

/// Of IPv6, as quoted: a frame that breaks a rule may be shorter than it says.
std::optional<Found> found_in_v6(Bytes bytes) {
  const auto ip = parse_ipv6_quoted(bytes);
  if (!ip) return std::nullopt;
  const Ipv6Chain chain = walk_ipv6(*ip);
  const bool part = chain.fragment && !chain.fragment->is_atomic();
  if (part || chain.problem || chain.next_header != kProtocolTcp || chain.payload.size() < kPorts)
    return std::nullopt;
  return Found{ip->source, ip->destination, chain.payload};
}

std::optional<Segment> segment_in(const CapturedFrame& frame) {
  const Bytes bytes(frame.bytes);
  if (bytes.size() < kEthernetHeader) return std::nullopt;
  const std::uint16_t type = get16(bytes, kEthernetHeader - 2);
  if (type != kEtherTypeIpv4 && type != kEtherTypeIpv6) return std::nullopt;
  const Bytes ip = bytes.subspan(kEthernetHeader);
  const auto found = type == kEtherTypeIpv4 ? found_in_v4(ip) : found_in_v6(ip);
  if (!found) return std::nullopt;
  const Endpoint from{found->from, Port{get16(found->tcp, 0)}};
  const Endpoint to{found->to, Port{get16(found->tcp, 2)}};
  const bool in = frame.direction == Direction::kIn;
  const Endpoint& ours = in ? to : from;
  const Endpoint& peers = in ? from : to;
  return Segment{&frame, found->tcp, parse_tcp(found->tcp), ours, peers.address, peers.port};
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
  return text;
}

// ---- What the comments of a capture say ----

/// "conker: fault reset-sequence (RFC 9293, 3.10.7.1): ...; inconclusive: ..."
struct Comment {
  std::string severity, rule;
  bool inconclusive;
};

std::string without_prefix(std::string_view comment) {
  return std::string(comment.substr(comment.starts_with(kPrefix) ? kPrefix.size() : 0));
}

Comment comment_in(const std::string& text) {
  const std::string bare = without_prefix(text);
  const std::size_t space = bare.find(' ');
  if (space == std::string::npos) return {"", bare, false};
  const std::size_t end = std::min(bare.find(' ', space + 1), bare.size());
  return {bare.substr(0, space), bare.substr(space + 1, end - space - 1),
          bare.find("inconclusive: ") != std::string::npos};
}

/// A rule that was broken, and by which segment of the capture.
struct Broken {
  Comment comment;
  std::size_t segment;
};

std::vector<Broken> broken_rules(const std::vector<Segment>& all) {
  std::vector<Broken> found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::string& text : all[i].frame->comments) {
      Comment comment = comment_in(text);
      const auto of = std::ranges::find(found, comment.rule,
                                        [](const Broken& broken) { return broken.comment.rule; });
      if (of == found.end()) {
        found.push_back({std::move(comment), i});
      } else if (of->comment.inconclusive && !comment.inconclusive) {
        *of = {std::move(comment), i};
      }
    }
  }
  std::ranges::stable_sort(found, {}, &Broken::segment);
  return found;
}

// ---- Frames to show ----

class Shower {
 public:
  explicit Shower(const Connection& connection) : segments_(connection.segments) {
    for (const Segment& segment : segments_) {
      if (!segment.read) continue;
      auto& isn = isns_[segment.frame->direction == Direction::kOut];
      if (!isn && segment.read->has(TcpFlags::kSyn)) isn = segment.read->sequence;
    }
  }

  ShownFrame shown(const Segment& segment) const {
    ShownFrame made;
    made.at_us = segment.frame->at_us - segments_.front().frame->at_us;
    made.direction = segment.frame->direction;
    made.peer_port = segment.peer_port;
    for (const std::string& comment : segment.frame->comments)
      made.comments.push_back(without_prefix(comment));
    if (!segment.read) {
      made.malformed = hex(segment.tcp.first(std::min(segment.tcp.size(), kTcpHeaderMax)));
      return made;
    }
    const bool out = made.direction == Direction::kOut;
    const TcpSegment& tcp = *segment.read;
    made.flags = tcp.flags;
    made.sequence = tcp.sequence.value();
    made.acknowledgment = tcp.acknowledgment.value();
    made.first = from(isns_[out], tcp.sequence);
    made.acked = from(isns_[!out], tcp.acknowledgment);
    made.length = tcp.length();
    made.payload = tcp.payload.size();
    made.window = tcp.window;
    made.options = options_of(tcp);
    return made;
  }

 private:
  /// A number from an ISN on; as it is where that is not known.
  static std::uint32_t from(const std::optional<Seq>& isn, Seq number) {
    return isn ? number.value() - isn->value() : number.value();
  }
  static std::string hex(Bytes bytes) {
    std::string text;
    for (const std::byte byte : bytes)
      text += fmt::format("{}{:02x}", text.empty() ? "" : " ", std::to_integer<unsigned>(byte));
    return text;
  }

  const std::vector<Segment>& segments_;
  std::array<std::optional<Seq>, 2> isns_;  // the peer's and ours
};

FindingFrames shown_frames(const Connection& connection, const Comment& comment) {
  const std::vector<Segment>& all = connection.segments;
  const Segment& head = all.front();
  FindingFrames made{.rule = comment.rule,
                     .severity = comment.severity,
                     .inconclusive = comment.inconclusive,
                     .ours = head.ours,
                     .peer = {head.peer, head.peer_port}};
  const std::size_t broken = connection.broken;
  const std::size_t from = broken > kMostBefore ? broken - kMostBefore + 1 : 1;
  const std::size_t until = std::min(all.size(), broken + kMostAfter);
  const Shower shower(connection);
  made.frames.push_back(shower.shown(head));
  for (std::size_t i = from; i < until; ++i) made.frames.push_back(shower.shown(all[i]));
  made.left_out = from - 1;
  made.after = all.size() - until;
  made.broken = broken - (broken == 0 ? 0 : made.left_out);
  return made;
}

}  // namespace

std::vector<FindingFrames> finding_frames(std::span<const CapturedFrame> capture) {
  std::vector<Segment> segments;
  for (const CapturedFrame& frame : capture)
    if (const auto segment = segment_in(frame)) segments.push_back(*segment);
  std::vector<FindingFrames> made;
  for (const Broken& broken : broken_rules(segments))
    made.push_back(shown_frames(connection_of(segments, broken.segment), broken.comment));
  return made;
}

}  // namespace conker::ctl
