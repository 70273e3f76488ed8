#include "stack/ip6/neighbour_discovery.hpp"

#include <algorithm>
#include <array>

#include "stack/ip6/duplicate_detection.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker {

// ---- Received ----

void NeighbourDiscovery::input(InterfaceId interface, const Icmp6Message& message,
                               const Ipv6Packet& packet, DuplicateDetection& detection,
                               Instant now) {
  if (message.type == Icmp6Message::kNeighbourSolicitation) {
    if (const auto parsed = parse_neighbour_solicitation(message, packet))
      return solicited(interface, *parsed, packet, detection, now);
  } else if (const auto parsed = parse_neighbour_advertisement(message, packet)) {
    return advertised(interface, *parsed, detection, now);
  }
  counters_.add(Count::drop_nd_malformed);
}

// Per RFC 4861, 7.2.3 and 7.2.4, and RFC 4862, 5.4.3. A neighbour that asks for an address of this
// host will be sent to soon, and has just given its link-layer address.
void NeighbourDiscovery::solicited(InterfaceId interface, const NeighbourSolicitation& message,
                                   const Ipv6Packet& packet, DuplicateDetection& detection,
                                   Instant now) {
  counters_.add(Count::nd_solicitations_in);
  const std::uint16_t zone = zone_of(interface);
  const IpAddress target = message.target.with_zone(zone);
  const bool probe = packet.source.is_unspecified();
  if (!interfaces_.is_own_at(interface, target)) return counters_.add(Count::drop_nd_unasked);
  if (!interfaces_.is_local(target)) {
    // A host that only asks for a tentative address is not answered, and is no duplicate.
    if (probe) detection.probed(target, message.nonce);
    return;
  }
  if (probe) {
    return advertise(interface, target, kAllNodes.with_zone(zone), MacAddress::of_group(kAllNodes),
                     false, now);
  }
  const IpAddress source = packet.source.with_zone(zone);
  if (!names_a_host(source) || interfaces_.is_own(source))
    return counters_.add(Count::drop_nd_sender);
  if (message.source_link) {
    if (message.source_link->is_group() || *message.source_link == MacAddress() ||
        interfaces_.is_own_mac(*message.source_link)) {
      return counters_.add(Count::drop_nd_sender);
    }
    if (interfaces_.is_neighbour(interface, source)) {
      neighbours_.heard({.interface = interface,
                         .address = source,
                         .mac = *message.source_link,
                         .asks_for_us = true,
                         .confirms = false,
                         .rule = Neighbours::Binding::Rule::kOverride},
                        now);
    }
    return advertise(interface, target, source, *message.source_link, true, now);
  }
  // Without the option, which only a unicast solicitation may lack, the answer goes where the
  // neighbour cache says.
  if (const auto known = neighbours_.find({interface, source, target}, now))
    advertise(interface, target, source, known->mac, true, now);
}

// Per RFC 4861, 7.2.5, and RFC 4862, 5.4.4.
void NeighbourDiscovery::advertised(InterfaceId interface, const NeighbourAdvertisement& message,
                                    DuplicateDetection& detection, Instant now) {
  counters_.add(Count::nd_advertisements_in);
  const IpAddress target = message.target.with_zone(zone_of(interface));
  const bool usable = !message.target_link ||
                      (!message.target_link->is_group() && *message.target_link != MacAddress() &&
                       !interfaces_.is_own_mac(*message.target_link));
  if (!usable) return counters_.add(Count::drop_nd_sender);
  if (interfaces_.is_own_at(interface, target)) {
    return detection.advertised(target, message.target_link.value_or(MacAddress()), now);
  }
  const bool merged =
      neighbours_.heard({.interface = interface,
                         .address = target,
                         .mac = message.target_link.value_or(MacAddress()),
                         .asks_for_us = false,
                         .confirms = message.solicited,
                         .rule = message.override_entry ? Neighbours::Binding::Rule::kOverride
                                                        : Neighbours::Binding::Rule::kKeep},
                        now);
  if (!merged) counters_.add(Count::drop_nd_unasked);
}

// ---- Sent ----

bool NeighbourDiscovery::send(InterfaceId interface, const IpAddress& source,
                              const IpAddress& destination, const MacAddress& to,
                              std::span<const std::byte> message, Instant now) {
  std::array<std::byte, kEthernetHeader + kIpv6Header + kNdpMostBytes> bytes;
  emit_ethernet({to, interfaces_.mac(interface), kEtherTypeIpv6, {}}, bytes);
  Ipv6Packet ip;
  ip.source = source;
  ip.destination = destination;
  ip.next_header = kProtocolIcmp6;
  ip.hop_limit = kNdpHopLimit;
  emit_ipv6(ip, message.size(), std::span(bytes).subspan(kEthernetHeader));
  constexpr std::size_t kHeaders = kEthernetHeader + kIpv6Header;
  std::ranges::copy(message, bytes.begin() + kHeaders);
  const std::span<const std::byte> whole = std::span(bytes).first(kHeaders + message.size());
  const bool sent = interfaces_.send(interface, FrameOut{std::span(&whole, 1)}, now);
  if (sent) counters_.add(Count::nd_out);
  // The link may keep the bytes until its flush.
  interfaces_.flush(interface, now);
  return sent;
}

void NeighbourDiscovery::advertise(InterfaceId interface, const IpAddress& target,
                                   const IpAddress& to, const MacAddress& mac, bool solicited,
                                   Instant now) {
  NeighbourAdvertisement message;
  message.target = target.without_zone();
  message.solicited = solicited;
  message.override_entry = true;
  message.target_link = interfaces_.mac(interface);
  std::array<std::byte, kNdpMostBytes> bytes;
  const std::size_t length =
      emit_neighbour_advertisement(message, target.without_zone(), to.without_zone(), bytes);
  send(interface, target, to, mac, std::span(bytes).first(length), now);
}

bool NeighbourDiscovery::announce(InterfaceId interface, const IpAddress& address, Instant now) {
  NeighbourAdvertisement message;
  message.target = address.without_zone();
  message.override_entry = true;
  message.target_link = interfaces_.mac(interface);
  std::array<std::byte, kNdpMostBytes> bytes;
  const std::size_t length =
      emit_neighbour_advertisement(message, address.without_zone(), kAllNodes, bytes);
  return send(interface, address, kAllNodes, MacAddress::of_group(kAllNodes),
              std::span(bytes).first(length), now);
}

bool NeighbourDiscovery::probe(InterfaceId interface, const IpAddress& target,
                               const NdpNonce& nonce, Instant now) {
  NeighbourSolicitation message;
  message.target = target.without_zone();
  message.nonce = nonce;
  const IpAddress group = solicited_node(target);
  std::array<std::byte, kNdpMostBytes> bytes;
  const std::size_t length = emit_neighbour_solicitation(message, IpAddress(), group, bytes);
  return send(interface, IpAddress(), group, MacAddress::of_group(group),
              std::span(bytes).first(length), now);
}

// Per RFC 4861, 7.2.2: to the solicited-node group, or to the neighbour alone to verify it.
void NeighbourDiscovery::request(InterfaceId interface, const IpAddress& target,
                                 const MacAddress* to, Instant now) {
  const IpAddress source = interfaces_.source_towards(interface, target);
  if (source.is_unspecified()) return;
  NeighbourSolicitation message;
  message.target = target.without_zone();
  message.source_link = interfaces_.mac(interface);
  const IpAddress destination = to != nullptr ? message.target : solicited_node(target);
  std::array<std::byte, kNdpMostBytes> bytes;
  const std::size_t length =
      emit_neighbour_solicitation(message, source.without_zone(), destination, bytes);
  send(interface, source, destination, to != nullptr ? *to : MacAddress::of_group(destination),
       std::span(bytes).first(length), now);
}

}  // namespace conker
