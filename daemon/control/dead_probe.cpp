#include "daemon/control/dead_probe.hpp"

#include <algorithm>
#include <span>

#include "stack/verdict/segment.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"

namespace conker::daemon {
namespace {

using verdict::Segment;

/// Where these stand in a frame of TCP without VLAN tags.
constexpr std::size_t kIp = kEthernetHeader, kProtocol = kIp + 9, kNextHeader = kIp + 6;
constexpr std::size_t kFlagsInTcp = 13;

/// Whether the frame, one of ours, may be a segment with SYN, FIN or RST, without parsing it whole.
bool opens_or_ends(std::span<const std::byte> frame) {
  if (frame.size() < kIp + kIpv4HeaderMin) return false;
  const auto first = std::to_integer<std::size_t>(frame[kIp]);
  const bool ipv6 = first >> 4 == 6;  // whose header TCP follows directly in what we send
  if (frame[ipv6 ? kNextHeader : kProtocol] != std::byte{6}) return false;
  const std::size_t flags =
      kIp + (ipv6 ? kIpv6Header : std::size_t{4} * (first & 15)) + kFlagsInTcp;
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
    std::copy_n(bytes.begin(), kEthernetHeader, header_.emplace().begin());
    on_sent(segment, now);
  } else if (!ours && segment.source == target_) {
    probe_.on_answer(segment);
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
void DeadProbe::on_sent(const Segment& segment, Instant now) {
  if (segment.has(Segment::kRst)) return on_reset(segment.source, segment.seq, now);
  if (Dead* dead = of(segment.source)) dead->used = false;
  if (segment.has(Segment::kFin) && judge_.peer_has_closed(segment.source))
    time_wait_.on_fin(segment, now);
}

void DeadProbe::on_reset(const Endpoint& ours, Seq seq, Instant now) {
  Dead* dead = of(ours);
  if (dead == nullptr) {
    const auto place = static_cast<std::uint16_t>(recorded_++ % kMost);
    dead = &dead_[place];
    if (by_port_[dead->ours.port.value] == place) by_port_[dead->ours.port.value] = kNowhere;
    by_port_[ours.port.value] = place;
  }
  *dead = {.ours = ours, .next = seq, .at = now, .used = true};
}

void DeadProbe::begin(bool certain, Instant now) {
  probing_ = true;
  certain_ = certain;
  if (!header_) return;
  for (const Dead& dead : dead_) {
    if (!dead.used) continue;
    probe_.ask({.ours = dead.ours, .seq = dead.next - 1});
    reset_at_.push_back(dead.at);
  }
  time_wait_.ask(judge_, probe_, now);
  probe_.begin(*header_, now);
}

Instant DeadProbe::step(Link& link, Instant now) {
  const Instant due = probe_.step(link, now);
  if (due == kNever && !concluded_) conclude(now);
  return due;
}

/// Counts what is held and what is in TIME-WAIT, and tells of it where that proves something.
void DeadProbe::conclude(Instant now) {
  using Is = TupleProbe::Is;
  concluded_ = true;
  result_.probed = reset_at_.size();
  for (std::size_t i = 0; i < reset_at_.size(); ++i) {
    const TupleProbe::Question& dead = probe_.questions()[i];
    if (dead.is == Is::kUnanswered) ++result_.silent;
    if (dead.is == Is::kForgotten) ++result_.forgotten;
    if (dead.is != Is::kHeld) continue;
    ++result_.held;
    if (!certain_) continue;
    verdict::Finding finding{.rule = verdict::Rule::kHeldAfterReset, .tuple = {}, .seq = {}};
    finding.tuple = {target_.address, dead.ours.address, target_.port, dead.ours.port};
    finding.seq = dead.answered;
    finding.seen = static_cast<std::uint32_t>((now - reset_at_[i]).count());
    findings_.on_finding({finding, judge_.number(dead.ours), now});
  }
  time_wait_.conclude(probe_);
  if (const auto found = time_wait_.broken(target_, judge_, now); found && certain_)
    findings_.on_finding(*found);
}

}  // namespace conker::daemon
