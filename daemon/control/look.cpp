#include "daemon/control/look.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "stack/wire/arp.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/ndp.hpp"

namespace conker::daemon {
namespace {

/// Of an echo request of a look; those of the verb ping count from 1.
constexpr std::uint16_t kIdentifier = 0;

/// A step of address resolution: by ARP, or by neighbour discovery (RFC 4861, 7.2).
struct Resolution {
  bool asks = false;  // otherwise it answers
  IpAddress address;  // who is asked for, or answers
};

std::optional<Resolution> arp_in(std::span<const std::byte> payload) {
  const auto arp = parse_arp(payload);
  if (!arp) return std::nullopt;
  const bool asks = arp->operation == ArpPacket::Operation::kRequest;
  return Resolution{asks, asks ? arp->target : arp->sender};
}

std::optional<Resolution> neighbour_discovery_in(std::span<const std::byte> payload) {
  const auto packet = parse_ipv6(payload);
  if (!packet || packet->next_header != kProtocolIcmp6) return std::nullopt;
  const auto message = parse_icmp6(packet->payload);
  if (!message) return std::nullopt;
  if (message->type == Icmp6Message::kNeighbourSolicitation) {
    const auto asked = parse_neighbour_solicitation(*message, *packet);
    return asked ? std::optional(Resolution{true, asked->target}) : std::nullopt;
  }
  if (message->type != Icmp6Message::kNeighbourAdvertisement) return std::nullopt;
  const auto told = parse_neighbour_advertisement(*message, *packet);
  return told ? std::optional(Resolution{false, told->target}) : std::nullopt;
}

std::optional<Resolution> resolution_in(std::span<const std::byte> frame) {
  const auto ethernet = parse_ethernet(frame);
  if (!ethernet) return std::nullopt;
  if (ethernet->type == kEtherTypeArp) return arp_in(ethernet->payload);
  return ethernet->type == kEtherTypeIpv6 ? neighbour_discovery_in(ethernet->payload)
                                          : std::nullopt;
}

}  // namespace

Look::Look(Engine& engine) : engine_(engine) {
  engine_.add(*this);
}

Look::~Look() {
  if (link_ != nullptr) link_->observers().remove(*this);
}

void Look::begin(const Endpoint& target, Done done) {
  Stack& stack = engine_.stack();
  running_ = true;
  target_ = target;
  done_ = std::move(done);
  seen_ = {};
  asked_ = false;
  opening_ = Opening::kWaits;
  sent_ = since_ = stack.now();
  if (const auto hop = stack.network().hop_to(target.address)) {
    hop_ = hop->next;
    link_ = engine_.links()[hop->interface.index].observed.get();
    link_->observers().add(*this);
  }
  constexpr std::array<std::byte, 8> kPayload{};
  (void)stack.ping(target.address, kIdentifier, ++sequence_, kPayload);
  ConnectRequest request;
  request.remote = target;
  request.timeout = kPatience;
  request.token = token();
  const auto id = stack.connect(request);
  if (!id) return decide(Opening::kSilent, sent_);
  id_ = *id;
}

void Look::cancel() {
  if (!running_) return;
  running_ = false;
  if (!is_decided()) (void)engine_.stack().abort(id_);
  if (link_ != nullptr) std::exchange(link_, nullptr)->observers().remove(*this);
}

std::int64_t Look::since_sent(Instant now) const {
  return std::max<std::int64_t>((now - sent_).count(), 0);
}

void Look::decide(Opening opening, Instant now) {
  opening_ = opening;
  since_ = now;
}

void Look::on_event(const Event& event) {
  if (!running_ || is_decided() || event.connection != id_) return;
  Stack& stack = engine_.stack();
  const Instant now = stack.now();
  if (event.has(Event::kConnected)) {
    seen_.connect_us = since_sent(now);
    decide(Opening::kClosing, now);
    (void)stack.shutdown(id_);
  }
  if (event.has(Event::kReadable)) {
    if (const auto unread = stack.unread(id_)) (void)stack.consume(id_, unread->bytes);
  }
  if (event.has(Event::kPeerClosed) && opening_ == Opening::kClosing &&
      !event.has(Event::kClosed)) {
    (void)stack.close(id_);
    return decide(Opening::kTaken, now);
  }
  if (!event.has(Event::kClosed)) return;
  if (opening_ == Opening::kClosing) {
    decide(event.reason == CloseReason::kReset ? Opening::kReset : Opening::kTaken, now);
  } else {
    decide(event.reason == CloseReason::kRefused ? Opening::kRefused : Opening::kSilent, now);
  }
}

void Look::on_echo_reply(const EchoReply& reply) {
  if (running_ && reply.identifier == kIdentifier && reply.sequence == sequence_ &&
      reply.from == target_.address && !seen_.ping_us)
    seen_.ping_us = since_sent(reply.received);
}

void Look::on_frame(const ObservedFrame& frame, Instant now) {
  if (frame.parts.empty()) return;
  const auto step = resolution_in(frame.parts[0]);
  if (!step || step->address != hop_.without_zone()) return;
  const bool ours = frame.direction == Direction::kOut;
  if (ours && step->asks) asked_ = true;
  if (!ours && !step->asks && !seen_.arp_us) seen_.arp_us = since_sent(now);
}

Instant Look::due() const {
  if (!running_ || opening_ == Opening::kWaits) return kNever;
  if (opening_ == Opening::kClosing) return since_ + kCloseGrace;
  return seen_.ping_us ? since_ : since_ + kPingGrace;
}

Instant Look::step() {
  const Instant now = engine_.stack().now();
  if (now < due()) return due();
  if (opening_ == Opening::kClosing) {
    (void)engine_.stack().abort(id_);
    decide(Opening::kTaken, now);
  }
  if (now < due()) return due();
  seen_.peer = peer();
  cancel();
  std::exchange(done_, nullptr)(seen_);
  return due();
}

protocol::PeerIs Look::peer() const {
  using protocol::PeerIs;
  switch (opening_) {
    case Opening::kRefused:
      return PeerIs::kRefuses;
    case Opening::kReset:
      return PeerIs::kAcceptsAndResets;
    case Opening::kTaken:
      return *seen_.connect_us > kSlow.count() ? PeerIs::kSlow : PeerIs::kAlive;
    default:
      break;
  }
  // Beyond a router the resolution is about the router.
  const bool missing =
      (asked_ && !seen_.arp_us) || engine_.stack().network().neighbour_missing(target_.address);
  return !seen_.ping_us && hop_ == target_.address && missing ? PeerIs::kGone : PeerIs::kSilent;
}

}  // namespace conker::daemon
