#include "daemon/control/dead_probe.hpp"

#include <algorithm>
#include <span>

#include "stack/verdict/segment.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::daemon {
namespace {

using verdict::Segment;

/// Where these stand in a frame of TCP over IPv4 without VLAN tags.
constexpr std::size_t kIp = kEthernetHeader, kProtocol = kIp + 9;

/// Whether the frame may be a segment with SYN, FIN or RST, without parsing it whole.
bool opens_or_ends(std::span<const std::byte> frame) {
  if (frame.size() < kIp + kIpv4HeaderMin || frame[kProtocol] != std::byte{6}) return false;
  const std::size_t flags =
      kIp + std::size_t{4} * (std::to_integer<std::size_t>(frame[kIp]) & 15) + 13;
  return flags < frame.size() && (std::to_integer<std::uint8_t>(frame[flags]) &
                                  (Segment::kSyn | Segment::kFin | Segment::kRst)) != 0;
}

}  // namespace

void DeadProbe::on_frame(const ObservedFrame& frame, Instant now) {
  const bool ours = frame.direction == Direction::kOut;
  if (frame.parts.empty() || ours == probing_) return;
  const auto bytes = frame.parts[0];
  if (ours && !opens_or_ends(bytes)) return;
  Segment segment;
  if (verdict::parse(bytes, segment, verdict::TcpChecksum::kTrust) != verdict::Parsed::kTcp) return;
  if (ours && segment.destination == target_) {
    std::copy_n(bytes.begin(), ethernet_.size(), ethernet_.begin());
    on_sent(segment.source, segment.flags, segment.seq, now);
  } else if (!ours && segment.source == target_) {
    on_answer(segment);
  }
}

DeadProbe::Dead* DeadProbe::of(const Endpoint& ours) {
  const std::uint16_t place = by_port_[ours.port.value];
  if (place == kNowhere) return nullptr;
  Dead& dead = dead_[place];
  return dead.ours == ours ? &dead : nullptr;
}

/// A SYN makes something else of the four-tuple, a RST a dead one. A FIN shows that the RST before
/// it was a provocation, behind which the connection goes on.
void DeadProbe::on_sent(const Endpoint& ours, std::uint8_t flags, Seq seq, Instant now) {
  Dead* dead = of(ours);
  if ((flags & Segment::kRst) == 0) {
    if (dead != nullptr) dead->is = Is::kReused;
    return;
  }
  if (dead == nullptr) {
    const auto place = static_cast<std::uint16_t>(recorded_++ % kMost);
    dead = &dead_[place];
    if (by_port_[dead->ours.port.value] == place) by_port_[dead->ours.port.value] = kNowhere;
    by_port_[ours.port.value] = place;
  }
  *dead = {.ours = ours, .next = seq, .at = now, .is = Is::kReset};
}

void DeadProbe::begin(bool certain, Instant now) {
  probing_ = true;
  certain_ = certain;
  due_ = now + kBefore;
}

Instant DeadProbe::step(Link& link, Instant now) {
  const std::size_t all = std::min(recorded_, kMost);
  if (over_ || all == 0) return kNever;
  if (next_ == all && (now >= due_ || result_.forgotten == result_.probed)) {
    decide(now);
    return kNever;
  }
  if (now < due_) return due_;
  for (std::size_t n = 0; n < kAtOnce && next_ != all; ++next_) {
    Dead& dead = dead_[next_];
    if (dead.is != Is::kReset) continue;
    if (!send(link, dead, now)) break;
    dead.is = Is::kProbed;
    ++result_.probed;
    ++n;
  }
  link.flush(now);
  due_ = now + (next_ == all ? kPatience : kPace);
  return due_;
}

/// Counts what is held, and tells of it where that proves something.
void DeadProbe::decide(Instant now) {
  over_ = true;
  for (const Dead& dead : dead_) {
    if (dead.is == Is::kProbed) ++result_.silent;
    if (dead.is != Is::kHeld) continue;
    ++result_.held;
    if (!certain_) continue;
    verdict::Finding finding{.rule = verdict::Rule::kHeldAfterReset, .tuple = {}, .seq = {}};
    finding.tuple = {target_.address, dead.ours.address, target_.port, dead.ours.port};
    finding.seq = dead.answered;
    finding.seen = static_cast<std::uint32_t>((now - dead.at).count());
    findings_.on_finding({finding, judge_.number(dead.ours), now});
  }
}

bool DeadProbe::send(Link& link, const Dead& dead, Instant now) const {
  std::array<std::byte, kEthernetHeader + kIpv4HeaderMin + 20> frame;
  std::copy(ethernet_.begin(), ethernet_.end(), frame.begin());
  const Ipv4Packet packet{.source = dead.ours.address,
                          .destination = target_.address,
                          .protocol = 6,
                          .options = {},
                          .payload = {}};
  emit_ipv4(packet, 20, std::span(frame).subspan(kIp));
  const auto tcp = std::span(frame).subspan(kIp + kIpv4HeaderMin);
  const TcpSegment segment{.source = dead.ours.port,
                           .destination = target_.port,
                           .sequence = dead.next - 1,
                           .flags = TcpFlags::kAck,
                           .window = 65535};
  Checksum sum;
  emit_tcp(segment, tcp, sum);
  finish_tcp_checksum(tcp, sum, packet.source, packet.destination, {});
  const std::array<std::span<const std::byte>, 1> parts{frame};
  return link.send({.parts = parts}, now);
}

/// An ACK that was on its way may come before the answer to the probe: a RST has the last word.
void DeadProbe::on_answer(const verdict::Segment& segment) {
  Dead* dead = of(segment.destination);
  if (dead == nullptr || (dead->is != Is::kProbed && dead->is != Is::kHeld)) return;
  if (segment.has(Segment::kRst)) {
    dead->is = Is::kForgotten;
    ++result_.forgotten;
  } else if (segment.has(Segment::kAck) && !segment.has(Segment::kSyn)) {
    dead->is = Is::kHeld;
    dead->answered = segment.seq;
  }
}

}  // namespace conker::daemon
