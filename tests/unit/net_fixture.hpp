// A network layer on virtual time with two interfaces, and the frames that its tests exchange with
// it.
//   interface 0   10.77.0.2/24   02:00:00:00:00:02
//   interface 1   192.168.5.2/28 02:00:00:00:05:02
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <vector>

#include "stack/base/checksum.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/net/network.hpp"
#include "stack/wire/arp.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp4.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"
#include "tests/support/frames.hpp"

namespace conker::test {

class NetworkTest : public ::testing::Test {
 protected:
  static constexpr MacAddress kOurMac{{2, 0, 0, 0, 0, 2}}, kPeerMac{{2, 0, 0, 0, 0, 1}},
      kOtherMac{{2, 0, 0, 0, 0, 9}};
  static constexpr IpAddress kOurs = IpAddress::v4(10, 77, 0, 2),
                             kPeer = IpAddress::v4(10, 77, 0, 1);
  static constexpr std::uint32_t kNeighbours = 4;

  NetworkTest() : NetworkTest(small()) {}
  explicit NetworkTest(const Capacities& capacities, const Settings& settings = {})
      : capacities_(capacities), settings_(settings) {
    network_.emplace(arena_, capacities_, settings_, entropy_, counters_, chunks_);
    ipv4_.emplace(network_->parts(), entropy_);
    EXPECT_FALSE(arena_.overrun());
    network_->begin(now_);
    EXPECT_TRUE(network_->add_interface(link_, kOurMac, 1500));
    EXPECT_TRUE(network_->add_interface(second_link_, {{2, 0, 0, 0, 5, 2}}, 576));
    EXPECT_EQ(network_->add_address({0}, {kOurs, 24}), Error::kOk);
    EXPECT_EQ(network_->add_address({1}, {IpAddress::v4(192, 168, 5, 2), 28}), Error::kOk);
    settle();
  }
  /// Waits until the addresses are announced, and drops the frames sent meanwhile.
  void settle() {
    run_for(5s);
    forget_sent();
    second_link_.flush(now_);
    second_link_.sent.clear();
    counters_ = Counters();
  }

  static Capacities small() {
    Capacities capacities;
    capacities.neighbours = kNeighbours;
    capacities.addresses = 8;
    capacities.interfaces = 3;
    capacities.chunks = 80;
    capacities.chunk_bytes = 256;
    capacities.routes = 4;
    return capacities;
  }

  // ---- Received frames ----

  Disposition input(std::span<const std::byte> frame, std::uint8_t interface = 0,
                    ChecksumState checksum = ChecksumState::kUnknown) {
    link_.flush(now_);  // the bytes of the previous frame end here
    input_.assign(frame.begin(), frame.end());
    return network_->input({interface}, FrameIn{input_, checksum}, packet_, error_);
  }

  static std::vector<std::byte> ethernet(std::uint16_t type, std::span<const std::byte> payload,
                                         const MacAddress& to = kOurMac,
                                         const MacAddress& from = kPeerMac) {
    std::vector<std::byte> frame(kEthernetHeader);
    emit_ethernet({to, from, type, {}}, frame);
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
  }
  static std::vector<std::byte> ip(Ipv4Packet packet, std::span<const std::byte> payload) {
    std::vector<std::byte> bytes(kIpv4HeaderMin);
    emit_ipv4(packet, payload.size(), bytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  }
  /// A packet with options in its header, a multiple of 4 bytes.
  static std::vector<std::byte> ip_with_options(Ipv4Packet packet, std::string_view options,
                                                std::span<const std::byte> payload) {
    auto bytes = ip(packet, {});
    const auto more = hex(options);
    bytes.insert(bytes.end(), more.begin(), more.end());
    const std::size_t header = bytes.size();
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    bytes[0] = static_cast<std::byte>(0x40 + header / 4);
    put16(bytes, 2, static_cast<std::uint16_t>(bytes.size()));
    put16(bytes, 10, 0);
    Checksum sum;
    sum.add(std::span(bytes).first(header));
    put16(bytes, 10, sum.finish());
    return bytes;
  }
  static Ipv4Packet from_peer(std::uint8_t protocol = kProtocolTcp) {
    Ipv4Packet packet;
    packet.source = kPeer;
    packet.destination = kOurs;
    packet.protocol = protocol;
    return packet;
  }
  static std::vector<std::byte> icmp(const Icmp4Message& message) {
    std::vector<std::byte> bytes(kIcmp4Header);
    emit_icmp4(message, bytes);
    bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
    return bytes;
  }

  /// Delivers an ARP packet from the peer.
  Disposition arp(ArpPacket packet, const MacAddress& to = kOurMac, std::uint8_t interface = 0) {
    std::vector<std::byte> bytes(46);  // padded, as on a wire
    emit_arp(packet, bytes);
    return input(ethernet(kEtherTypeArp, bytes, to, packet.sender_mac), interface);
  }
  Disposition arp_reply(const IpAddress& sender = kPeer, const MacAddress& mac = kPeerMac) {
    return arp({ArpPacket::Operation::kReply, mac, sender, kOurMac, kOurs});
  }
  Disposition arp_request(const IpAddress& sender = kPeer, const MacAddress& mac = kPeerMac,
                          const IpAddress& target = kOurs) {
    return arp({ArpPacket::Operation::kRequest, mac, sender, {}, target}, MacAddress::broadcast());
  }

  // ---- Sent frames ----

  Sent send(const IpAddress& to, std::string_view payload = "data") {
    PacketOut packet;
    packet.source = kOurs;
    packet.destination = to;
    packet.protocol = kProtocolTcp;
    packet.transport_length = kTcpHeaderMin;
    std::ranges::fill(packet.transport(), std::byte{0x11});
    const auto text = std::as_bytes(std::span(payload));
    std::array<std::span<const std::byte>, 3> pieces{
        {{}, text.first(text.size() / 2), text.subspan(text.size() / 2)}};
    packet.pieces = pieces;
    const Sent sent = network_->send(packet);
    network_->flush();
    std::ranges::fill(packet.headers, std::byte{0xee});
    return sent;
  }

  void advance(Duration duration) {
    now_ += duration;
    network_->begin(now_);
  }
  /// Lets time pass, and calls timers() at every deadline.
  void run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (network_->next_deadline() <= end) {
      advance(std::max(network_->next_deadline(), now_) - now_);
      network_->timers();
    }
    advance(end - now_);
  }

  /// Takes the next frame sent; nothing if it is not ARP.
  std::optional<ArpPacket> sent_arp(TestLink& link) {
    link.flush(now_);
    frame_ = link.take();
    const auto parsed = parse_ethernet(frame_);
    if (!parsed || parsed->type != kEtherTypeArp) return std::nullopt;
    to_ = parsed->destination;
    return parse_arp(parsed->payload);
  }
  std::optional<ArpPacket> sent_arp() { return sent_arp(link_); }
  /// Takes the next frame sent; nothing if it is not a valid IPv4 packet.
  std::optional<Ipv4Packet> sent_ip(TestLink& link) {
    link.flush(now_);
    frame_ = link.take();
    const auto parsed = parse_ethernet(frame_);
    if (!parsed || parsed->type != kEtherTypeIpv4) return std::nullopt;
    to_ = parsed->destination;
    EXPECT_TRUE(parse_ipv4(parsed->payload));
    EXPECT_TRUE(verify_ipv4_checksum(parsed->payload));
    return parse_ipv4(parsed->payload);
  }
  std::optional<Ipv4Packet> sent_ip() { return sent_ip(link_); }
  /// The payload of the next packet sent, behind a header of 20 bytes.
  std::string sent_text() {
    const auto packet = sent_ip();
    if (!packet || packet->payload.size() < kTcpHeaderMin) return "(none)";
    const auto text = packet->payload.subspan(kTcpHeaderMin);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  bool nothing_sent() {
    link_.flush(now_);
    return link_.sent.empty();
  }
  /// Resolves a neighbour, and leaves no frame in the link.
  void know(const IpAddress& address = kPeer, const MacAddress& mac = kPeerMac) {
    arp_request(address, mac);
    forget_sent();
  }
  void forget_sent() {
    link_.flush(now_);
    link_.sent.clear();
  }

  /// Drops ARP from the frames sent.
  void forget_arp() {
    link_.flush(now_);
    std::erase_if(link_.sent, [](const auto& frame) { return get16(frame, 12) == kEtherTypeArp; });
  }

  std::uint64_t count(Count what) const { return counters_[what]; }

  Capacities capacities_;
  Settings settings_;
  Entropy entropy_{{1, 2, 3, 4, 5, 6, 7, 8}};
  Counters counters_;
  std::vector<std::uint64_t> storage_ = std::vector<std::uint64_t>(32768);
  Arena arena_{std::as_writable_bytes(std::span(storage_))};
  ChunkPool chunks_{arena_, capacities_.chunks, capacities_.chunk_bytes};
  Instant now_{100s};
  TestLink link_, second_link_;
  std::optional<Network> network_;
  std::optional<Ipv4> ipv4_;

  std::vector<std::byte> input_, frame_;
  MacAddress to_;
  PacketIn packet_;
  IcmpErrorIn error_;
};

}  // namespace conker::test
