#include "tests/unit/datagram_scene.hpp"

#include <algorithm>

#include "stack/wire/arp.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"

namespace conker::test {
namespace {

constexpr std::size_t kIpAt = 14, kUdpAt = 34, kDataAt = 42;

void append16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::byte>(value >> 8));
  out.push_back(static_cast<std::byte>(value));
}
std::size_t get16(std::span<const std::byte> in, std::size_t at) {
  return std::to_integer<std::size_t>(in[at]) << 8 | std::to_integer<std::size_t>(in[at + 1]);
}

/// The checksum over pseudo-header and datagram (RFC 768): 0 when the datagram holds its right one.
std::uint16_t udp_checksum(std::span<const std::byte> frame) {
  const auto udp = frame.subspan(kUdpAt);
  std::size_t sum = 17 + udp.size();
  for (std::size_t at = kIpAt + 12; at < kUdpAt; at += 2) sum += get16(frame, at);
  for (std::size_t i = 0; i < udp.size(); ++i)
    sum += std::to_integer<std::size_t>(udp[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

bool is_udp_fragment(std::span<const std::byte> frame) {
  const auto ip = parse_ipv4(frame.subspan(kIpAt));
  return ip && ip->protocol == 17 && ip->is_fragment();
}

}  // namespace

Bytes encode(const WireDatagram& datagram, const MacAddress& from, const MacAddress& to) {
  Bytes out(kUdpAt);
  emit_ethernet({to, from, kEtherTypeIpv4, {}}, out);
  Ipv4Packet ip;
  ip.source = datagram.source;
  ip.destination = datagram.destination;
  ip.protocol = 17;
  emit_ipv4(ip, 8 + datagram.data.size(), std::span(out).subspan(kIpAt));
  append16(out, datagram.source_port);
  append16(out, datagram.destination_port);
  append16(out, 8 + datagram.data.size());
  append16(out, 0);
  for (const char c : datagram.data) out.push_back(static_cast<std::byte>(c));
  const std::uint16_t checksum = udp_checksum(out);
  out[kUdpAt + 6] = static_cast<std::byte>(checksum >> 8);
  out[kUdpAt + 7] = static_cast<std::byte>(checksum);
  return out;
}

std::optional<WireDatagram> decode_datagram(std::span<const std::byte> frame) {
  const auto ethernet = parse_ethernet(frame);
  if (!ethernet || ethernet->type != kEtherTypeIpv4) return {};
  const auto ip = parse_ipv4(ethernet->payload);
  if (!ip || ip->protocol != 17 || ip->is_fragment()) return {};
  EXPECT_TRUE(verify_ipv4_checksum(ethernet->payload));
  EXPECT_EQ(get16(frame, kUdpAt + 4), frame.size() - kUdpAt) << "UDP length";
  EXPECT_NE(get16(frame, kUdpAt + 6), 0u) << "a datagram without a checksum";
  EXPECT_EQ(udp_checksum(frame), 0) << "UDP checksum";
  const auto data = frame.subspan(kDataAt);
  return WireDatagram{ip->source,
                      ip->destination,
                      static_cast<std::uint16_t>(get16(frame, kUdpAt)),
                      static_cast<std::uint16_t>(get16(frame, kUdpAt + 2)),
                      {reinterpret_cast<const char*>(data.data()), data.size()}};
}

DatagramScene::DatagramScene(bool with_address, const Capacities& capacities,
                             const Settings& settings)
    : storage_(Stack::storage_bytes(capacities)), udp_storage_(Udp::storage_bytes(capacities)) {
  Entropy entropy;
  for (std::size_t i = 0; i < entropy.words.size(); ++i)
    entropy.words[i] = 0x9e3779b97f4a7c15u * (i + 1);
  stack_ = std::make_unique<Stack>(storage_.bytes(), capacities, settings, entropy);
  ipv4_.emplace(stack_->parts(), entropy);
  stack_->begin(now_);
  EXPECT_TRUE(stack_->add_interface(link_, kStackMac, 1500));
  if (with_address) {
    EXPECT_EQ(stack_->add_address({0}, {kStackAddress, 24}), Error::kOk);
  }
  udp_ = std::make_unique<Udp>(udp_storage_.bytes(), *stack_, entropy);
}

// ---- Turns and time ----

void DatagramScene::turn(const std::vector<Bytes>& frames) {
  std::vector<FrameIn> batch;
  batch.reserve(frames.size());
  for (const Bytes& frame : frames) batch.push_back({frame, ChecksumState::kUnknown});
  stack_->begin(now_);
  stack_->input({0}, batch);
  stack_->timers();
  for (Event event; stack_->next_event(event);) {
    if (on_event) on_event(event);
  }
  for (UdpEvent event; udp_->next_event(event);) {
    events_.push_back(event);
    if (on_udp_event) on_udp_event(event);
  }
  if (step) step();
  stack_->output();
  stack_->reap();
  collect();
  if (const Audit audit = stack_->audit(); !audit.balanced())
    ADD_FAILURE() << "audit: " << audit.fault;
  if (!arp_answers_.empty()) turn(std::exchange(arp_answers_, {}));
}

void DatagramScene::advance(Duration duration) {
  const Instant end = now_ + duration;
  for (int still = 0; now_ < end;) {
    Instant next = std::min(stack_->next_deadline(), end);
    if (deadline) next = std::min(next, deadline());
    next = std::max(next, now_);
    still = next == now_ ? still + 1 : 0;
    if (still > 1000) {
      ADD_FAILURE() << "time stands still at " << now_.time_since_epoch().count() << " us";
      return;
    }
    now_ = next;
    turn();
  }
}

bool DatagramScene::advance_until_sent(Duration limit) {
  const Instant end = now_ + limit;
  while (line_.empty() && now_ < end) {
    Instant next = std::min(stack_->next_deadline(), end);
    if (deadline) next = std::min(next, deadline());
    now_ = std::max(next, now_ + 1us);
    turn();
  }
  return !line_.empty();
}

// ---- The wire ----

void DatagramScene::collect_arp(const Bytes& frame) {
  const auto packet = parse_arp(std::span<const std::byte>(frame).subspan(kEthernetHeader));
  if (!packet || packet->operation != ArpPacket::Operation::kRequest) return;
  if (packet->sender == packet->target) return announcements.push_back(packet->target);
  if (packet->sender.is_unspecified()) {
    probes.push_back(packet->target);
    if (!answer_every_probe && !defended.contains(packet->target)) return;
  } else if (!answer_arp_requests) {
    return;
  }
  if (auto answer = answer_arp(frame, kPeerMac)) arp_answers_.push_back(std::move(*answer));
}

void DatagramScene::collect() {
  for (Bytes& frame : link_.sent) {
    const auto ethernet = parse_ethernet(frame);
    if (ethernet && ethernet->type == kEtherTypeArp) {
      collect_arp(frame);
    } else if (auto datagram = decode_datagram(frame)) {
      line_.emplace_back(std::move(*datagram), std::move(frame));
    } else if (is_udp_fragment(frame)) {
      if (on_fragment) on_fragment(frame);
    } else if (on_other) {
      on_other(frame);
    }
  }
  link_.sent.clear();
}

void DatagramScene::arrives(const WireDatagram& datagram, bool to_all) {
  turn({encode(datagram, kPeerMac, to_all ? MacAddress::broadcast() : kStackMac)});
}

void DatagramScene::unreachable(std::uint8_t code, std::uint8_t type) {
  turn({encode_unreachable(last_, code, kPeerAddress, 0, type)});
}

std::optional<WireDatagram> DatagramScene::sent() {
  if (line_.empty()) return {};
  auto [datagram, frame] = std::move(line_.front());
  line_.pop_front();
  last_ = std::move(frame);
  return datagram;
}

// ---- The application ----

UdpId DatagramScene::bind(const UdpBind& request) {
  stack_->begin(now_);
  const auto id = udp_->bind(request);
  EXPECT_TRUE(id) << to_string(id.error());
  return id ? *id : UdpId{};
}

std::string DatagramScene::receive(UdpId id) {
  std::string text(65536, '\0');
  const auto datagram = udp_->receive(id, std::as_writable_bytes(std::span(text)));
  if (!datagram) return "(none)";
  text.resize(datagram->length);
  return text;
}

int DatagramScene::events(UdpId id) {
  int mask = 0;
  std::erase_if(events_, [&](const UdpEvent& event) {
    if (event.socket != id) return false;
    mask |= event.mask;
    return true;
  });
  return mask;
}

}  // namespace conker::test
