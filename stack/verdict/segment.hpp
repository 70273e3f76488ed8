// A TCP segment as an observer of the wire sees it. The parser is independent of stack/wire: a
// judge of TCPs, conker's included, must not rely on their parsers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"

namespace conker::verdict {

/// Who opens the connections of a strike.
enum class Opener : std::uint8_t { kWe, kPeer };

struct Segment {
  static constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;
  static constexpr std::size_t kMaxBlocks = 4;
  static constexpr std::uint8_t kNoScale = 0xff;

  struct Block {
    Seq left, right;
  };

  Endpoint source, destination;
  Seq seq, ack;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::uint16_t mss = 0;          // 0: no such option
  std::uint8_t scale = kNoScale;  // 0 to 14: more counts as 14 (RFC 7323, 2.3)
  bool sack_permitted = false;
  bool timestamps = false;
  std::uint32_t timestamp = 0;  // TSval
  std::uint32_t echo = 0;       // TSecr
  std::uint16_t ip_id = 0;      // the IPv4 header's identification; 0 over IPv6
  bool padding_leak = false;    // bytes behind the packet that are not zero
  std::uint8_t block_count = 0;
  std::array<Block, kMaxBlocks> blocks{};  // of SACK
  std::span<const std::byte> data;         // within the frame that was parsed

  bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
  /// Whether it is a SYN without other flags that matter (FIN, RST, ACK).
  bool opens() const { return (flags & (kFin | kSyn | kRst | kAck)) == kSyn; }
  /// SEG.LEN: the sequence space that it occupies.
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(data.size()) + (has(kSyn) ? 1u : 0u) + (has(kFin) ? 1u : 0u);
  }
  /// The number behind its last one.
  Seq end() const { return seq + length(); }

  /// The four-tuple from the sender's side, and from the receiver's.
  FourTuple of_sender() const {
    return {source.address, destination.address, source.port, destination.port};
  }
  FourTuple of_receiver() const {
    return {destination.address, source.address, destination.port, source.port};
  }
};

enum class Parsed : std::uint8_t {
  kTcp,
  kOther,  // not TCP (ARP, ICMP), or a fragment
  // Malformed.
  kBadLength,
  kBadIpChecksum,
  kBadTcpChecksum,
  kBadOptions,  // the options' lengths do not fit into the header
};
constexpr bool malformed(Parsed parsed) {
  return parsed > Parsed::kOther;
}

enum class TcpChecksum : std::uint8_t {
  kVerify,
  kTrust,  // the sender left it to hardware that is not there, or the link has verified it
};

/// Parses an Ethernet frame without VLAN tags. `out` is complete only after kTcp, and refers to the
/// bytes of the frame; of a malformed segment it has source and destination where the headers reach
/// that far, unspecified addresses where not. Addresses are as on the wire: without a zone.
Parsed parse(std::span<const std::byte> frame, Segment& out,
             TcpChecksum checksum = TcpChecksum::kVerify);

}  // namespace conker::verdict
