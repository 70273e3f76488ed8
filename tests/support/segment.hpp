// TCP segments as packet scripts write them, with an encoder and a decoder of their own: the tests
// must not rely on stack/wire, which they test.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::test {

inline constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32,
                              kEce = 64, kCwr = 128;

/// The options of a segment besides its MSS, in scripts and on the wire.
struct Options {
  std::optional<std::uint8_t> window_scale;
  std::optional<bool> sack_permitted;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> timestamps;  // TSval, TSecr
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sack;
  std::optional<std::uint16_t> user_timeout;
  std::optional<std::uint8_t> ecn;  // the ECN field of the IP header (RFC 3168, 5)
  std::uint16_t urgent = 0;         // the urgent pointer, which is no option; only injected
  std::string raw;  // appended as it stands, a multiple of four bytes; only injected
};

/// A segment in a script. Sequence numbers count from the initial ones: `seq` from its sender's,
/// `ack` from its receiver's. A field that is not given is filled in when the segment is injected,
/// and not compared when it is expected; the flags (except PSH) and the data are always compared.
struct Segment {
  std::uint8_t flags = 0;
  std::string data;
  std::optional<std::uint32_t> sequence, acknowledgment, announced;
  std::optional<std::uint16_t> segment_size;
  Options options;  // SACK blocks count from the initial numbers of the sender of the data
  bool compare_sack = false;  // SACK blocks were given, perhaps none

  explicit Segment(int bits, std::string text = {})
      : flags(static_cast<std::uint8_t>(bits)), data(std::move(text)) {}

  Segment seq(std::uint32_t value) const { return with(&Segment::sequence, value); }
  Segment ack(std::uint32_t value) const { return with(&Segment::acknowledgment, value); }
  Segment win(std::uint32_t value) const { return with(&Segment::announced, value); }
  Segment mss(std::uint16_t value) const { return with(&Segment::segment_size, value); }
  Segment wscale(std::uint8_t shift) const { return option(&Options::window_scale, shift); }
  Segment sackok(bool permitted = true) const {
    return option(&Options::sack_permitted, permitted);
  }
  Segment ts(std::uint32_t value, std::uint32_t echo) const {
    return option(&Options::timestamps, std::pair(value, echo));
  }
  /// SACK blocks in the order of the wire; when expected, exactly these.
  Segment sack(std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks) const {
    Segment copy = option(&Options::sack, std::move(blocks));
    copy.compare_sack = true;
    return copy;
  }
  Segment uto(std::uint16_t value) const { return option(&Options::user_timeout, value); }
  Segment ecn(std::uint8_t bits) const { return option(&Options::ecn, bits); }
  Segment urg(std::uint16_t pointer) const { return option(&Options::urgent, pointer).also(kUrg); }
  Segment carrying(std::string text) const { return with(&Segment::data, std::move(text)); }
  Segment also(std::uint8_t more) const {
    return with(&Segment::flags, static_cast<std::uint8_t>(flags | more));
  }

  /// SEG.LEN: the sequence space that it occupies.
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(data.size()) + ((flags & kSyn) ? 1u : 0u) +
           ((flags & kFin) ? 1u : 0u);
  }

 private:
  template <typename Field, typename Value>
  Segment with(Field Segment::*field, Value value) const {
    Segment copy = *this;
    copy.*field = std::move(value);
    return copy;
  }
  template <typename Field, typename Value>
  Segment option(Field Options::*field, Value value) const {
    Segment copy = *this;
    copy.options.*field = std::move(value);
    return copy;
  }
};
std::ostream& operator<<(std::ostream& out, const Segment& segment);

inline Segment Syn() {
  return Segment(kSyn);
}
inline Segment SynAck() {
  return Segment(kSyn | kAck);
}
inline Segment Ack() {
  return Segment(kAck);
}
/// FIN with ACK: no TCP sends a FIN without ACK.
inline Segment Fin() {
  return Segment(kFin | kAck);
}
inline Segment Rst() {
  return Segment(kRst);
}
inline Segment RstAck() {
  return Segment(kRst | kAck);
}
inline Segment Data(std::string text) {
  return Segment(kAck | kPsh, std::move(text));
}

/// A segment with all fields that the wire shows.
struct WireSegment {
  IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t seq = 0, ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  bool dont_fragment = false;  // as it was sent
  std::optional<std::uint16_t> mss;
  std::string data;
  Options options;
};

using Bytes = std::vector<std::byte>;

/// Encodes a segment as a packet of its addresses' family in an Ethernet frame, with its checksums.
Bytes encode(const WireSegment& segment, const MacAddress& from, const MacAddress& to);
/// Decodes a frame; nothing if it is not TCP over IPv4 or, without extension headers, IPv6. Throws
/// std::runtime_error for a segment that no TCP may send (a wrong checksum or length).
std::optional<WireSegment> decode(std::span<const std::byte> frame);

/// An ICMP error from `router` about a frame that was sent; destination unreachable by default.
Bytes encode_unreachable(std::span<const std::byte> frame, std::uint8_t code,
                         const IpAddress& router, std::uint16_t mtu = 0, std::uint8_t type = 3);

/// The ARP reply to a request, from `mac` as the host that was asked for; nothing if the frame is
/// no request.
std::optional<Bytes> answer_arp(std::span<const std::byte> frame, const MacAddress& mac);
/// The neighbour advertisement in answer to a neighbour solicitation that asks for another host
/// than its sender, likewise (RFC 4861, 7.2.4).
std::optional<Bytes> answer_solicitation(std::span<const std::byte> frame, const MacAddress& mac);

}  // namespace conker::test
