// Interpretation of a DNS message as the answer to a question. It keeps no state, so that tests can
// try every forged message on it.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/time.hpp"
#include "stack/dns/types.hpp"
#include "stack/wire/dns.hpp"

namespace conker {

/// What the resolver does with a message.
enum class DnsVerdict : std::uint8_t {
  kAddresses,
  kNoSuchName,
  kNoAddress,
  kAskAgain,   // for another name: the CNAME chain ends in this message without an address
  kTruncated,  // ask again over TCP (RFC 7766, 5)
  kFailed,     // the server's response code is a failure
  kEndless,    // more CNAMEs in a row than kMostAliases
  kMalformed,  // the answer to the question, but malformed
  kForeign,    // not the answer to this question: ignored (RFC 5452, 9.1)
};

struct DnsReading {
  DnsVerdict verdict = DnsVerdict::kForeign;
  DnsAddresses addresses;
  DnsName name;               // end of the CNAME chain
  std::uint32_t seconds = 0;  // that it may be cached: the smallest TTL of the records used
  std::uint8_t aliases = 0;   // CNAMEs followed so far
};

/// The longest chain of CNAMEs that is followed; a longer one is a loop or an attack.
inline constexpr std::uint8_t kMostAliases = 8;

constexpr std::uint16_t dns_type_of(DnsFamily family) {
  return family == DnsFamily::kIpv4 ? DnsType::kA : DnsType::kAaaa;
}

/// Interprets a message as the answer to the question for the addresses of `name` that was sent
/// with this id. `aliases` is the number of CNAMEs that were followed before. Addresses of IPv6
/// that no host has, or that mean another host on each link, are left out.
DnsReading read_dns_answer(std::span<const std::byte> message, std::uint16_t id,
                           const DnsName& name, DnsFamily family, std::uint8_t aliases);

}  // namespace conker
