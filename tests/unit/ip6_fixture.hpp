// A network layer with IPv6 on virtual time, and the frames that its tests exchange with it.
//   interface 0   fd00:77::2/64   02:00:00:00:00:02, and a link-local address
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "stack/ip6/ipv6.hpp"
#include "stack/net/network.hpp"
#include "stack/net/reassembly.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/ipv6_chain.hpp"
#include "stack/wire/ndp.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"
#include "tests/support/frames.hpp"

namespace conker::test {

class Ip6Test : public ::testing::Test {
 protected:
  static constexpr MacAddress kOurMac{{2, 0, 0, 0, 0, 2}}, kPeerMac{{2, 0, 0, 0, 0, 1}},
      kOtherMac{{2, 0, 0, 0, 0, 9}};
  static constexpr IpAddress kOurs{{0xfd000077, 0, 0, 2}}, kPeer{{0xfd000077, 0, 0, 1}},
      kFar{{0x20010db8, 0, 0, 1}};

  Ip6Test() {
    network_.emplace(arena_, capacities_, settings_, entropy_, counters_, chunks_);
    ipv6_.emplace(network_->parts(), entropy_);
    network_->use_reassembler(reassembly_);
    EXPECT_FALSE(arena_.overrun());
    network_->begin(now_);
    EXPECT_TRUE(network_->add_interface(link_, kOurMac, 1500));
    EXPECT_EQ(network_->add_address({0}, {kOurs, 64}), Error::kOk);
    run_for(5s);
    forget_sent();
    counters_ = Counters();
  }

  // ---- Received ----

  Disposition input(std::span<const std::byte> frame) {
    link_.flush(now_);
    input_.assign(frame.begin(), frame.end());
    return network_->input({0}, FrameIn{input_, ChecksumState::kUnknown}, packet_, error_);
  }
  static std::vector<std::byte> ethernet(std::span<const std::byte> payload,
                                         const MacAddress& to = kOurMac) {
    std::vector<std::byte> frame(kEthernetHeader);
    emit_ethernet({to, kPeerMac, kEtherTypeIpv6, {}}, frame);
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
  }
  static Ipv6Packet from_peer(std::uint8_t next_header, std::uint8_t hop_limit = 64) {
    Ipv6Packet ip;
    ip.source = kPeer;
    ip.destination = kOurs;
    ip.next_header = next_header;
    ip.hop_limit = hop_limit;
    return ip;
  }
  static std::vector<std::byte> packet(const Ipv6Packet& ip, std::span<const std::byte> payload) {
    std::vector<std::byte> bytes(kIpv6Header);
    emit_ipv6(ip, payload.size(), bytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  }
  Disposition input(const Ipv6Packet& ip, std::span<const std::byte> payload,
                    const MacAddress& to = kOurMac) {
    return input(ethernet(packet(ip, payload), to));
  }
  Disposition input_icmp(Ipv6Packet ip, const Icmp6Message& message,
                         const MacAddress& to = kOurMac) {
    std::vector<std::byte> bytes(kIcmp6Header);
    emit_icmp6(message, ip.source, ip.destination, bytes);
    bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
    ip.next_header = kProtocolIcmp6;
    return input(ip, bytes, to);
  }
  /// A solicitation for an address, from the peer or, where `probe`, of its address detection.
  void solicit(const IpAddress& target, bool probe = false, std::uint8_t hop_limit = kNdpHopLimit) {
    Ipv6Packet ip = from_peer(kProtocolIcmp6, hop_limit);
    if (probe) ip.source = IpAddress();
    ip.destination = solicited_node(target);
    NeighbourSolicitation message;
    message.target = target;
    if (!probe) message.source_link = kPeerMac;
    std::array<std::byte, kNdpMostBytes> bytes;
    const std::size_t length =
        emit_neighbour_solicitation(message, ip.source, ip.destination, bytes);
    input(ip, std::span(bytes).first(length), MacAddress::of_group(ip.destination));
  }
  void advertise(const IpAddress& target, bool solicited, bool override_entry,
                 std::optional<MacAddress> mac = kPeerMac) {
    Ipv6Packet ip = from_peer(kProtocolIcmp6, kNdpHopLimit);
    if (!solicited) ip.destination = kAllNodes;
    NeighbourAdvertisement message;
    message.target = target;
    message.solicited = solicited;
    message.override_entry = override_entry;
    message.target_link = mac;
    std::array<std::byte, kNdpMostBytes> bytes;
    const std::size_t length =
        emit_neighbour_advertisement(message, ip.source, ip.destination, bytes);
    input(ip, std::span(bytes).first(length),
          solicited ? kOurMac : MacAddress::of_group(kAllNodes));
  }
  /// Makes the peer a neighbour that has just confirmed itself.
  void know() {
    send(kPeer);
    advertise(kPeer, true, true);
    forget_sent();
  }

  // ---- Sent ----

  Sent send(const IpAddress& to) {
    PacketOut out;
    out.source = kOurs;
    out.destination = to;
    out.protocol = kProtocolTcp;
    out.transport_length = kTcpHeaderMin;
    std::ranges::fill(out.transport(), std::byte{0x11});
    const Sent sent = network_->send(out);
    network_->flush();
    return sent;
  }
  /// Takes the next frame sent; nothing if it is no IPv6 packet.
  std::optional<Ipv6Packet> sent() {
    link_.flush(now_);
    if (link_.sent.empty()) return std::nullopt;
    frame_ = link_.take();
    const auto parsed = parse_ethernet(frame_);
    if (!parsed || parsed->type != kEtherTypeIpv6) return std::nullopt;
    to_ = parsed->destination;
    return parse_ipv6(parsed->payload);
  }
  /// Takes the next ICMP message sent, whose checksum must be right.
  std::optional<Icmp6Message> sent_icmp() {
    sent_ = sent();
    if (!sent_ || sent_->next_header != kProtocolIcmp6) return std::nullopt;
    EXPECT_TRUE(verify_icmp6_checksum(sent_->payload, sent_->source, sent_->destination));
    return parse_icmp6(sent_->payload);
  }
  std::optional<NeighbourSolicitation> sent_solicitation() {
    const auto message = sent_icmp();
    return message ? parse_neighbour_solicitation(*message, *sent_) : std::nullopt;
  }
  std::optional<NeighbourAdvertisement> sent_advertisement() {
    const auto message = sent_icmp();
    return message ? parse_neighbour_advertisement(*message, *sent_) : std::nullopt;
  }
  bool nothing_sent() {
    link_.flush(now_);
    return link_.sent.empty();
  }
  void forget_sent() {
    link_.flush(now_);
    link_.sent.clear();
  }

  void run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (network_->next_deadline() <= end) {
      now_ = std::max(network_->next_deadline(), now_);
      network_->begin(now_);
      network_->timers();
    }
    now_ = end;
    network_->begin(now_);
  }
  std::uint64_t count(Count what) const { return counters_[what]; }

  Capacities capacities_ = [] {
    Capacities c;
    c.neighbours = 4;
    c.addresses = 8;
    c.interfaces = 2;
    c.chunks = 80;
    c.chunk_bytes = 256;
    c.routes = 4;
    return c;
  }();
  Settings settings_;
  Entropy entropy_{{1, 2, 3, 4, 5, 6, 7, 8}};
  Counters counters_;
  std::vector<std::uint64_t> storage_ = std::vector<std::uint64_t>(32768);
  Arena arena_{std::as_writable_bytes(std::span(storage_))};
  ChunkPool chunks_{arena_, capacities_.chunks, capacities_.chunk_bytes};
  std::array<Reassembly::Datagram, 4> fragmented_{};
  std::vector<std::byte> whole_ = std::vector<std::byte>(Reassembly::kWholeMax);
  Reassembly reassembly_{fragmented_, whole_, 64};
  Instant now_{100s};
  TestLink link_;
  std::optional<Network> network_;
  std::optional<Ipv6> ipv6_;

  std::vector<std::byte> input_, frame_;
  std::optional<Ipv6Packet> sent_;
  MacAddress to_;
  PacketIn packet_;
  IcmpErrorIn error_;
};

}  // namespace conker::test
