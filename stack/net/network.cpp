#include "stack/net/network.hpp"

#include <algorithm>

namespace conker {

Network::Network(Arena& arena, const Capacities& capacities, const Settings& settings,
                 const Entropy& entropy, Counters& counters, ChunkPool& chunks)
    : settings_(settings),
      counters_(counters),
      chunks_(chunks),
      interfaces_(arena, capacities, counters),
      neighbours_(arena, capacities, settings, entropy, counters, chunks, interfaces_),
      echo_replies_(arena, capacities.echo_replies, counters),
      destinations_(arena, capacities.destinations) {}

void Network::add(Family family, const NetworkProtocol::Header& header, NetworkProtocol& protocol,
                  AddressResolution& resolution) {
  families_[static_cast<std::size_t>(family)] = FamilyParts{header, &protocol};
  neighbours_.use(family, header.ether_type, resolution);
}

// ---- Received packets ----

Disposition Network::input(InterfaceId interface, const FrameIn& frame, PacketIn& packet,
                           IcmpErrorIn& error) {
  counters_.add(Count::frames_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto ethernet = parse_ethernet(frame.bytes);
  if (!ethernet) return drop(Count::drop_frame_runt);
  const auto of_type = [&](const FamilyParts& f) {
    return f.protocol != nullptr && (ethernet->type == f.header.ether_type ||
                                     ethernet->type == f.header.resolution_ether_type);
  };
  const auto found = std::ranges::find_if(families_, of_type);
  const bool known = found != families_.end();
  if (ethernet->destination != interfaces_.mac(interface) &&
      ethernet->destination != MacAddress::broadcast() &&
      !(known && ethernet->destination.is_group() &&
        found->protocol->receives_group(interface, ethernet->destination))) {
    return drop(Count::drop_frame_other_host);
  }
  if (known) return found->protocol->input({interface, frame, *ethernet}, packet, error);
  return drop(is_vlan_tag(ethernet->type) ? Count::drop_frame_vlan : Count::drop_frame_ethertype);
}

void Network::timers() {
  neighbours_.timers(now_);
  for (const FamilyParts& family : families_) {
    if (family.protocol != nullptr) family.protocol->timers(now_);
  }
  if (reassembler_ == nullptr) return;
  for (Reassembler::Expired expired; reassembler_->expire(now_, expired);) {
    // Per RFC 792 and RFC 8200, 4.5, no error is sent when the first fragment is missing, since
    // only that can be quoted.
    if (!expired.quote.empty())
      family(expired.source).protocol->reassembly_timed_out(expired.quote);
  }
}

Instant Network::next_deadline() const {
  Instant first = neighbours_.next_deadline();
  for (const FamilyParts& family : families_) {
    if (family.protocol != nullptr) first = std::min(first, family.protocol->next_deadline());
  }
  return reassembler_ == nullptr ? first : std::min(first, reassembler_->next_deadline());
}

// ---- Sent packets ----

Sent Network::send(PacketOut& packet) {
  PacketOut::Few few;
  const auto parts = packet.parts(few);
  parts[0] = packet.transport();
  const std::size_t length = FrameOut{parts}.size();
  const FamilyParts& to = family(packet.destination);
  const Destination* destination = cached_destination(packet.destination);
  const bool known =
      destination != nullptr && destination->routed && now_ < destination->known_until;
  if (known && (to.header.bytes + length <= destination->mtu || packet.segment != 0)) {
    return send_cached(*destination, to, packet, parts, length);
  }
  return send_routed(to, packet, parts, length);
}

Sent Network::send_cached(const Destination& destination, const FamilyParts& to, PacketOut& packet,
                          PacketOut::Pieces parts, std::size_t length) {
  neighbours_.touch(destination.neighbour);
  const auto headers =
      std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  const std::size_t ip_at = PacketOut::kHeadroom - to.header.bytes;
  to.protocol->emit_header(packet, length, headers.subspan(ip_at));
  const std::size_t ethernet_at = ip_at - kEthernetHeader;
  std::ranges::copy(destination.ethernet,
                    headers.begin() + static_cast<std::ptrdiff_t>(ethernet_at));
  parts[0] = headers.subspan(ethernet_at);
  if (!interfaces_.send(destination.interface, FrameOut{parts, packet.segment}, now_))
    return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

Sent Network::send_routed(const FamilyParts& to, PacketOut& packet, PacketOut::Pieces parts,
                          std::size_t length) {
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Sent::kDropped;
  };
  const auto hop = interfaces_.route(packet.destination);
  if (!hop || to.protocol == nullptr) return drop(Count::drop_ip_no_route);
  const std::size_t mtu = interfaces_.mtu(hop->interface);
  if (to.header.bytes + length > mtu && packet.segment == 0) {
    const bool here = packet.may_fragment && packet.pieces.empty();
    if (!here || to.header.bytes + length > kLargestPacket) return drop(Count::drop_ip_too_big);
    return to.protocol->send_fragments(*hop, packet, mtu);
  }
  const auto headers =
      std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  to.protocol->emit_header(packet, length, headers.subspan(PacketOut::kHeadroom - to.header.bytes));
  return hand_over(*hop, packet.source, packet.destination, headers, parts, packet.segment);
}

void Network::remember(const Hop& hop, const Neighbours::Known& known, const IpAddress& source,
                       const IpAddress& destination) {
  if (is_local(destination)) return;
  Destination& entry = destinations_.claim(destination, interfaces_.epoch());
  entry.routed = true;
  if (is_local(source)) entry.local = source;
  entry.interface = hop.interface;
  entry.mtu = interfaces_.mtu(hop.interface);
  entry.neighbour = known.index;
  entry.known_until = known.until;
  emit_ethernet(
      {known.mac, interfaces_.mac(hop.interface), family(destination).header.ether_type, {}},
      entry.ethernet);
}

std::uint32_t Network::segmentation(const IpAddress& remote) {
  const auto hop = interfaces_.route(remote);
  // A packet that is queued for a neighbour must fit the link's MTU.
  return hop && neighbours_.find(*hop, now_) ? interfaces_.segmentation(hop->interface) : 0;
}

Sent Network::hand_over(const Hop& hop, const IpAddress& source, const IpAddress& destination,
                        std::span<std::byte> headers, PacketOut::Pieces parts,
                        std::uint16_t segment) {
  const NetworkProtocol::Header& header = family(destination).header;
  const std::size_t ip_at = PacketOut::kHeadroom - header.bytes;
  const auto known = neighbours_.find(hop, now_);
  if (!known) {
    // No host but this one could answer a request for its own link-layer address.
    if (interfaces_.is_local(hop.next)) {
      counters_.add(Count::drop_ip_no_route);
      return Sent::kDropped;
    }
    parts[0] = headers.subspan(ip_at);
    if (!neighbours_.enqueue(hop, parts, now_)) return Sent::kDropped;
    counters_.add(Count::packets_out);
    return Sent::kSent;
  }
  parts[0] = headers.subspan(ip_at - kEthernetHeader);
  emit_ethernet({known->mac, interfaces_.mac(hop.interface), header.ether_type, {}},
                headers.subspan(ip_at - kEthernetHeader));
  remember(hop, *known, source, destination);
  if (!interfaces_.send(hop.interface, FrameOut{parts, segment}, now_)) return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

void Network::port_unreachable(const PacketIn& packet) {
  family(packet.source).protocol->port_unreachable(packet);
}

void Network::flush() {
  interfaces_.flush(now_);
}

Error Network::ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
                    std::span<const std::byte> payload) {
  NetworkProtocol* const protocol = family(to).protocol;
  const auto hop = interfaces_.route(to);
  if (protocol == nullptr || !hop || is_local(to)) return Error::kNoRoute;
  PacketOut packet;
  packet.source = hop->source;
  packet.destination = to;
  if (!protocol->make_ping(identifier, sequence, payload, packet)) return Error::kInvalidArgument;
  // An echo request that the link cannot take now is dropped.
  if (send(packet) == Sent::kSent) counters_.add(Count::icmp_echo_requests_out);
  // The payload belongs to the caller and is valid only during this call.
  interfaces_.flush(hop->interface, now_);
  return Error::kOk;
}

// ---- Queries ----

Result<InterfaceId> Network::add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu) {
  return interfaces_.add(link, mac, mtu);
}

Error Network::add_address(InterfaceId interface, const Prefix& address,
                           const AddressOptions& options) {
  NetworkProtocol* const protocol = family(address.address).protocol;
  return protocol == nullptr ? Error::kInvalidArgument
                             : protocol->add_address(interface, address, options, now_);
}

void Network::link_up(InterfaceId interface) {
  neighbours_.doubt(interface);
  for (const FamilyParts& family : families_) {
    if (family.protocol != nullptr) family.protocol->link_up(interface, now_);
  }
}

void Network::use_reassembler(Reassembler& reassembler) {
  reassembler.attach(chunks_, counters_, settings_);
  reassembler_ = &reassembler;
}

Result<IpAddress> Network::source_for(const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  if (!hop || is_local(remote)) return Error::kNoRoute;
  return hop->source;
}

std::uint16_t Network::mtu_towards(const IpAddress& remote) const {
  const Destination* destination = cached_destination(remote);
  if (destination != nullptr && destination->routed) return destination->mtu;
  const auto hop = interfaces_.route(remote);
  return hop ? interfaces_.mtu(hop->interface) : family(remote).header.least_mtu;
}

std::uint16_t Network::path_mtu(const IpAddress& remote) const {
  const std::uint16_t mtu = mtu_towards(remote);
  const std::uint16_t path = paths_narrowed_ == 0 ? 0 : destinations_.path_mtu(remote, now_);
  return path == 0 ? mtu : std::min(mtu, path);
}

void Network::narrow_path(const IpAddress& remote, std::uint16_t mtu) {
  const std::uint16_t known = destinations_.path_mtu(remote, now_);
  Destination& destination = destinations_.claim(remote, interfaces_.epoch());
  destination.path_mtu = known == 0 ? mtu : std::min(known, mtu);
  destination.path_mtu_until = now_ + kPathMtuAge;
  ++paths_narrowed_;
}

bool Network::leads_to(std::uint32_t index, const IpAddress& remote) const {
  // An address of the other family is no source, nor one that reaches less far than `remote`.
  const IpAddress source = address(index);
  if (source.is_v4() != remote.is_v4() || source.is_link_local() != remote.is_link_local())
    return false;
  const auto hop = interfaces_.route(remote);
  return hop && interfaces_.is_local_to(hop->interface, source);
}

void Network::doubt_neighbour(const IpAddress& remote) {
  if (const auto hop = interfaces_.route(remote)) neighbours_.doubt(*hop, now_);
}

bool Network::neighbour_missing(const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  return hop && neighbours_.missing(*hop);
}

bool Network::fragments_balance() const {
  const auto n = [this](Count count) { return counters_[count]; };
  const std::uint64_t held = reassembler_ == nullptr ? 0 : reassembler_->fragments_held();
  std::uint64_t ended = n(Count::fragments_reassembled);
  for (const Count why :
       {Count::drop_fragment_malformed, Count::drop_fragment_overlap, Count::drop_fragment_repeated,
        Count::drop_fragment_timeout, Count::drop_fragment_room}) {
    ended += n(why);
  }
  return n(Count::fragments_in) == ended + held;
}

}  // namespace conker
