// What a message says about a question: nothing here has state, so that every lie can be tried on
// it.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/time.hpp"
#include "stack/dns/types.hpp"
#include "stack/wire/dns.hpp"

namespace conker {

/// What is to be done with a message.
enum class DnsVerdict : std::uint8_t {
  kAddresses,
  kNoSuchName,
  kNoAddress,
  kAskAgain,   // for another name: the chain ends in this message before an address does
  kTruncated,  // the whole is to be had over TCP (RFC 7766, 5)
  kFailed,     // the server could not or would not
  kEndless,    // more aliases in a row than kMostAliases
  kMalformed,  // the answer to the question, but broken
  kForeign,    // not the answer to this question: as if it had not come (RFC 5452, 9.1)
};

struct DnsReading {
  DnsVerdict verdict = DnsVerdict::kForeign;
  DnsAddresses addresses;
  DnsName name;               // where the chain of aliases ends
  std::uint32_t seconds = 0;  // that it may be kept, the least of all records it was made from
  std::uint8_t aliases = 0;   // followed until here
};

/// A chain of CNAMEs longer than this is a loop or an attack.
inline constexpr std::uint8_t kMostAliases = 8;

/// Reads a message as the answer to the question for the addresses of `name` that was sent with
/// this id. `aliases` have been followed before.
DnsReading read_dns_answer(std::span<const std::byte> message, std::uint16_t id,
                           const DnsName& name, std::uint8_t aliases);

}  // namespace conker
