// The messages of Multicast Listener Discovery, version 2 (RFC 3810, 5), as a listener without
// source filters reads and writes them; of version 1 (RFC 2710, 3) what RFC 3810, 8.2 asks of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/ipv6.hpp"

namespace conker {

/// The hop limit of all its messages (RFC 3810, 5).
inline constexpr std::uint8_t kMldHopLimit = 1;
/// Where reports go: all MLDv2-capable routers, ff02::16 (RFC 3810, 5.2.14).
inline constexpr IpAddress kAllMld2Routers{{0xff020000, 0, 0, 0x16}};

/// RFC 3810, 5.1.
struct MldQuery {
  bool version1 = false;
  std::uint32_t response = 0;   // the longest delay of an answer, in milliseconds
  IpAddress group;              // unspecified: of all groups
  std::uint8_t robustness = 0;  // QRV; 0: not said
  std::uint32_t interval = 0;   // of the querier, in seconds; 0: not said
  std::size_t sources = 0;      // how many sources it asks for
};

/// Parses a query. Nothing when RFC 3810, 6.2 or 8.1 has it ignored: a source that is not
/// link-local, another hop limit than 1, no router alert, a length that no version has, sources
/// past the end, a group that is none. The caller has verified the checksum.
std::optional<MldQuery> parse_mld_query(const Icmp6Message& message, const Ipv6Packet& packet,
                                        bool router_alert);

/// A record of a report (RFC 3810, 5.2.5) that names no sources.
struct MldRecord {
  enum class Type : std::uint8_t {
    kIsInclude = 1,
    kIsExclude = 2,  // an answer to a query: the group is listened to, whatever the source
    kToInclude = 3,  // the group is left
    kToExclude = 4,  // the group is joined
  };
  Type type = Type::kIsExclude;
  IpAddress group;
};
constexpr std::size_t mld_report_length(std::size_t records) {
  return kIcmp6Header + records * 20;
}

/// Writes a report of version 2, to kAllMld2Routers, of mld_report_length() bytes with its
/// checksum.
void emit_mld_report(std::span<const MldRecord> records, const IpAddress& source,
                     std::span<std::byte> out);

inline constexpr std::size_t kMld1Length = 24;
/// Writes a report (to the group) or a Done (to all routers) of version 1, of kMld1Length bytes.
void emit_mld1_report(const IpAddress& group, const IpAddress& source, std::span<std::byte> out);
void emit_mld1_done(const IpAddress& group, const IpAddress& source, std::span<std::byte> out);

}  // namespace conker
